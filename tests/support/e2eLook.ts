/** What can be measured of how a page looks: names, overlaps, cut texts, sideways scrolling. */
import type { Page } from 'playwright-core';

const CONTROLS =
  /^\s*- (button|link|tab|textbox|searchbox|combobox|checkbox|switch|slider|radio|spinbutton|dialog|grid)\b(?! ")/;

/** Controls that a screen reader would have no name for, as lines of the accessibility tree. */
export async function unnamedControls(page: Page): Promise<string[]> {
  const tree = await page.locator('body').ariaSnapshot();
  // A name with a colon is quoted as a whole: `- 'button "Clock zone: …"'`.
  return tree.split('\n').filter((line) => CONTROLS.test(line.replace(/- '/, '- ')));
}

/** Boxes that scroll sideways and should not, with how far they reach over. */
export function sidewaysScroll(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    ['html', 'body', '.ft-app', '.ft-top', '.ft-bands', '.ft-main', '.ft-view', '.ft-status'].flatMap(
      (name) => {
        const element = document.querySelector(name);
        const over = element ? element.scrollWidth - element.clientWidth : 0;
        return over > 1 ? [`${name} by ${over} px`] : [];
      },
    ),
  );
}

/** Parts of the top bar, the rail and the status bar that lie on each other or leave their bar. */
export function overlaps(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    for (const name of ['.ft-top', '.ft-rail', '.ft-status']) {
      const bar = document.querySelector(name);
      if (!bar) continue;
      const outer = bar.getBoundingClientRect();
      const parts = [...bar.children]
        .map((child) => ({ text: (child.textContent ?? '').trim(), box: child.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && box.height > 0);
      for (const [i, a] of parts.entries()) {
        if (a.box.right > outer.right + 1 || a.box.bottom > outer.bottom + 1)
          found.push(`${name}: "${a.text}" leaves the bar`);
        for (const b of parts.slice(i + 1)) {
          const x = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
          const y = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
          if (x > 1 && y > 1) found.push(`${name}: "${a.text}" and "${b.text}"`);
        }
      }
    }
    return found;
  });
}

/** Labels of buttons, and figures and times in tables, that do not fit into their box. */
export function cutTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const cut: string[] = [];
    const figure = /^([−+]?[\d,]+(\.\d+)?( ?%)?|\d{4}-\d\d-\d\d( \d\d:\d\d)?)$/;
    for (const element of document.querySelectorAll<HTMLElement>('button, .mantine-Button-label, td, dd')) {
      const text = (element.textContent ?? '').trim();
      const over = element.scrollWidth - element.clientWidth;
      const matters = element.tagName === 'TD' || element.tagName === 'DD' ? figure.test(text) : text !== '';
      if (element.clientWidth > 0 && over > 1 && matters) cut.push(`"${text}" by ${over} px`);
    }
    return [...new Set(cut)];
  });
}

/** Everything above at once; empty is good. */
export async function looksWrong(page: Page): Promise<string[]> {
  const [unnamed, sideways, overlapping, cut] = await Promise.all([
    unnamedControls(page),
    sidewaysScroll(page),
    overlaps(page),
    cutTexts(page),
  ]);
  return [
    ...unnamed.map((line) => `no name: ${line.trim()}`),
    ...sideways.map((box) => `scrolls sideways: ${box}`),
    ...overlapping.map((pair) => `overlap: ${pair}`),
    ...cut.map((text) => `cut: ${text}`),
  ];
}
