/** Indicators, patterns and drawings on the chart as a trader uses them: added, changed, drawn, moved, kept. */
import { beforeAll, describe, expect, it } from 'vitest';
import { shot } from '../support/e2e.ts';
import { looksWrong } from '../support/e2eLook.ts';
import { keepColours, openTab, pixelsOf, until } from '../support/e2eSteps.ts';
import { useWorld } from '../support/e2eWorld.ts';

describe('tools of the chart', () => {
  const world = useWorld({ chained: true });

  const chart = () => world.page.getByTestId('price-chart').first();
  const legends = () => world.page.getByTestId('indicator-legend');
  const legend = (title: string) => legends().filter({ hasText: title });
  const titles = () => world.page.locator('.ft-ind-name').allTextContents();
  const drawn = async () =>
    Number(await world.page.getByTestId('drawings').first().getAttribute('data-drawings'));
  const untilDrawn = (count: number) => until(drawn, (n) => n === count, 'the number of drawings');

  /** A place on the price pane, in shares of the chart. */
  const place = async (x: number, y: number): Promise<readonly [number, number]> => {
    const box = (await chart().boundingBox())!;
    return [box.x + box.width * x, box.y + box.height * y];
  };
  const click = async (x: number, y: number) => world.page.mouse.click(...(await place(x, y)));
  const drag = async (from: readonly [number, number], to: readonly [number, number]) => {
    const { mouse } = world.page;
    await mouse.move(...(await place(...from)));
    await mouse.down();
    await mouse.move(...(await place((from[0] + to[0]) / 2, (from[1] + to[1]) / 2)));
    await mouse.move(...(await place(...to)));
    await mouse.up();
  };
  const openMenu = async () => {
    await world.page.getByRole('button', { name: 'Indicators', exact: true }).click();
    await world.page.getByRole('textbox', { name: 'Search indicators' }).waitFor();
  };

  const closeMenu = async () => {
    await world.page.keyboard.press('Escape');
    await world.page.getByRole('textbox', { name: 'Search indicators' }).waitFor({ state: 'hidden' });
  };

  /** Lines of the list of drawings. */
  const listed = async () => {
    const { page } = world;
    await page.getByRole('button', { name: /^Drawings of / }).click();
    const list = page.getByRole('dialog', { name: /^Drawings of / });
    await list.waitFor();
    const lines = await list.locator('.ft-draw-pick').allTextContents();
    await page.keyboard.press('Escape');
    await list.waitFor({ state: 'hidden' });
    return lines;
  };

  beforeAll(async () => {
    const { page } = world;
    await keepColours(page);
    await page.getByRole('button', { name: 'Load the demo market' }).click();
    await until(
      () => page.getByRole('combobox', { name: 'Symbol' }).inputValue(),
      (symbol) => symbol === 'SYNFX',
      'the demo market',
      60_000,
    );
    await openTab(page, 'chart');
    await chart().waitFor();
    await page.getByTestId('indicators').first().waitFor();
  });

  it('adds indicators by search, by click and by key, several of a kind', async () => {
    const { page } = world;
    await openMenu();
    await page.keyboard.type('rsi');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Search indicators' }).fill('');
    for (const name of ['Bollinger bands', 'Exponential moving average', 'Exponential moving average']) {
      await page.getByRole('button', { name: `Add ${name}`, exact: true }).click();
    }
    await closeMenu();
    await until(titles, (t) => t.length === 4, 'four legends');
    expect((await titles()).sort()).toEqual(['BB 20 2', 'EMA 20', 'EMA 20', 'RSI 14']);
    // The newest bar's values stand in the legends.
    for (const text of await legends().allTextContents()) expect(text).toMatch(/\d\.\d\d/);
    await page.keyboard.press('Alt+KeyI');
    await page.getByRole('button', { name: 'Add Moving average convergence divergence' }).click();
    await page.keyboard.press('Alt+KeyI');
    await until(titles, (t) => t.includes('MACD 12 26 9'), 'the MACD');
    expect(await looksWrong(page)).toEqual([]);
  });

  it('changes a parameter and a colour at once, refuses a value out of range in its field', async () => {
    const { page } = world;
    await page.getByRole('button', { name: 'EMA 20', exact: true }).nth(1).click();
    const editor = page.getByTestId('indicator-editor');
    const before = await legends().nth(2).textContent();
    await editor.getByRole('textbox', { name: 'Length' }).fill('100');
    await until(titles, (t) => t.includes('EMA 100'), 'the new length');
    expect(await legends().nth(2).textContent()).not.toBe(before);
    await editor.getByRole('textbox', { name: 'Length' }).fill('9000');
    await editor.getByText('whole number from 1 to 500').waitFor();
    expect(await titles()).toContain('EMA 100');
    const red = () => pixelsOf(chart(), '#e5484d');
    expect(await red()).toBe(0);
    await editor.getByRole('button', { name: 'EMA: #e5484d' }).click();
    await until(red, (n) => n > 100, 'a red line');
    await shot(page, 'chart-indicators');
    await editor.getByRole('button', { name: 'Done' }).click();
    await editor.waitFor({ state: 'hidden' });
  });

  it('hides, shows and removes from the legend', async () => {
    const { page } = world;
    await legend('EMA 100').hover();
    await page.getByRole('button', { name: 'Hide EMA 100' }).click();
    await until(
      () => pixelsOf(chart(), '#e5484d'),
      (n) => n === 0,
      'no red line',
    );
    await legend('EMA 100').hover();
    await page.getByRole('button', { name: 'Show EMA 100' }).click();
    await until(
      () => pixelsOf(chart(), '#e5484d'),
      (n) => n > 100,
      'the red line',
    );
    await legend('MACD 12 26 9').hover();
    await page.getByRole('button', { name: 'Remove MACD 12 26 9' }).click();
    await until(titles, (t) => !t.includes('MACD 12 26 9'), 'no MACD');
  });

  it('shows the values under the crosshair', async () => {
    const { page } = world;
    const read = () => legends().first().textContent();
    await page.mouse.move(...(await place(0.3, 0.3)));
    await page.waitForTimeout(100);
    const one = await read();
    await page.mouse.move(...(await place(0.6, 0.3)));
    await until(read, (text) => text !== one, 'the values of another bar');
  });

  it('marks patterns', async () => {
    const { page } = world;
    const found = async () =>
      Number(await page.getByTestId('indicators').first().getAttribute('data-patterns'));
    expect(await found()).toBe(0);
    await openMenu();
    await page.getByRole('switch', { name: 'Mark candlestick patterns' }).click();
    await closeMenu();
    await until(found, (n) => n > 20, 'patterns');
    await page.getByTestId('pattern-legend').first().waitFor();
  });

  it('draws with each tool: two clicks, one click, a drag', async () => {
    const { page } = world;
    await page.keyboard.press('Alt+KeyT');
    await click(0.25, 0.35);
    await page.mouse.move(...(await place(0.3, 0.3)));
    await click(0.45, 0.2);
    await untilDrawn(1);
    await page.keyboard.press('Alt+KeyH');
    await click(0.5, 0.28);
    await untilDrawn(2);
    await page.keyboard.press('Alt+KeyR');
    await drag([0.5, 0.32], [0.6, 0.42]);
    await untilDrawn(3);
    await page.getByRole('button', { name: 'Fibonacci retracement' }).click();
    await click(0.7, 0.2);
    await page.mouse.move(...(await place(0.75, 0.3)));
    await click(0.82, 0.4);
    await untilDrawn(4);
    expect((await listed()).map((line) => line.split(',')[0])).toEqual([
      'Trend line',
      'Horizontal line',
      'Rectangle',
      'Fibonacci retracement',
    ]);
    await shot(page, 'chart-drawings');
    expect(await looksWrong(page)).toEqual([]);
  });

  it('cancels with Escape and leaves nothing', async () => {
    const { page } = world;
    await page.keyboard.press('Alt+KeyT');
    await click(0.3, 0.45);
    await page.mouse.move(...(await place(0.4, 0.4)));
    await page.keyboard.press('Escape');
    await click(0.42, 0.46);
    expect(await drawn()).toBe(4);
    expect(
      await page.getByRole('button', { name: 'Trend line', exact: true }).getAttribute('aria-pressed'),
    ).toBe('false');
  });

  it('chooses, moves, labels, duplicates, deletes and takes back', async () => {
    const { page } = world;
    const before = (await listed())[1]!;
    await drag([0.15, 0.28], [0.2, 0.36]);
    const bar = page.getByRole('toolbar', { name: 'Horizontal line on the chart' });
    await bar.waitFor();
    const moved = (await listed())[1]!;
    expect(moved).not.toBe(before);
    await bar.getByRole('textbox', { name: 'Label of the drawing' }).fill('Weekly high');
    await page.keyboard.press('Enter');
    await until(listed, (lines) => lines[1]!.startsWith('Weekly high, Horizontal line'), 'the label');
    await bar.getByRole('button', { name: 'Duplicate' }).click();
    await untilDrawn(5);
    await page.locator('.ft-chart').first().focus();
    await page.keyboard.press('Delete');
    await untilDrawn(4);
    // Delete, duplicate, label and move: taken back one by one.
    await page.keyboard.press('Control+KeyZ');
    await untilDrawn(5);
    await page.keyboard.press('Control+KeyZ');
    await untilDrawn(4);
    await page.keyboard.press('Control+KeyZ');
    await until(listed, (lines) => lines[1] === moved, 'no label');
    await page.keyboard.press('Control+KeyZ');
    await until(listed, (lines) => lines[1] === before, 'the place before');
  });

  it('is there again after a reload', async () => {
    const { page } = world;
    const before = await listed();
    const names = (await titles()).sort();
    await page.reload();
    await chart().waitFor();
    await untilDrawn(4);
    expect(await listed()).toEqual(before);
    await until(titles, (t) => t.length === names.length, 'the legends');
    expect((await titles()).sort()).toEqual(names);
    expect(await pixelsOf(chart(), '#e5484d')).toBeGreaterThan(100);
  });

  it('shows drawings on every chart of the symbol at once, indicators on their own', async () => {
    const { page } = world;
    const layout = async (name: RegExp) => {
      await page.getByRole('button', { name: /^Layout:/ }).click();
      await page.getByRole('menuitem', { name }).first().click();
    };
    await layout(/side by side/);
    const all = page.getByTestId('drawings');
    const counts = () => all.evaluateAll((found) => found.map((e) => e.getAttribute('data-drawings')));
    await until(counts, (c) => c.join() === '4,4', 'the drawings on both charts');
    const own = () =>
      page.getByTestId('indicators').evaluateAll((e) => e.map((x) => x.getAttribute('data-indicators')));
    expect((await own())[1]).toBe('0');
    await page.keyboard.press('Alt+KeyH');
    await page.mouse.click(...(await place(0.5, 0.4)));
    await until(counts, (c) => c.join() === '5,5', 'the new one on both charts');
    await page.keyboard.press('Control+KeyZ');
    await until(counts, (c) => c.join() === '4,4', 'both without it');
    await layout(/^One chart/);
  });

  it('fits at every width, dark and light', async () => {
    const { page } = world;
    for (const theme of ['dark', 'light']) {
      for (const width of [1180, 1440]) {
        await page.setViewportSize({ width, height: width === 1180 ? 800 : 900 });
        await page.waitForTimeout(300);
        expect(await looksWrong(page), `${theme} at ${width}`).toEqual([]);
        await shot(page, `chart-tools-${theme}-${width}`);
      }
      if (theme === 'light') break;
      await page.keyboard.press('Control+K');
      await page.getByRole('textbox', { name: 'Search commands' }).fill('light theme');
      await page.keyboard.press('Enter');
      await until(
        () => page.locator('html').getAttribute('data-mantine-color-scheme'),
        (scheme) => scheme === 'light',
        'the light theme',
      );
    }
  });
});
