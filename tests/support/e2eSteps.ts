/** The steps of the main job as a trader does them: by name, by click, by key. */
import { readFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

export type Tab =
  | 'chart'
  | 'data'
  | 'training'
  | 'backtest'
  | 'optimise'
  | 'live'
  | 'calendar'
  | 'news'
  | 'settings';

/** Long enough for a job on two busy cores. */
export const JOB_MS = 90_000;

/** The first number in a text as the interface writes it: grouped, with a true minus sign. */
export function num(text: string | null): number {
  const found = /[−-]?\d[\d,]*(\.\d+)?/.exec(text ?? '');
  return found ? Number(found[0].replaceAll(',', '').replace('−', '-')) : Number.NaN;
}

/** All numbers in a text, in order. */
export function nums(text: string | null): number[] {
  return [...(text ?? '').matchAll(/[−-]?\d[\d,]*(\.\d+)?/g)].map(([found]) => num(found));
}

export async function openTab(page: Page, tab: Tab): Promise<void> {
  await page.getByTestId(`tab-${tab}`).click();
  await page.locator(`#view-${tab}`).waitFor();
}

/** Answers the question that is asked once, at first start. */
export async function keepColours(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Keep / }).click();
}

/** Text of a performance figure; column 1 is the second result of a comparison. */
export async function metric(page: Page, testId: string, key: string, column = 0): Promise<string> {
  const row = page.getByTestId(testId).locator(`[data-metric=${key}]`);
  return (await row.locator('dd, td').nth(column).textContent()) ?? '';
}

/** Rows that a table holds, also those that are not drawn. */
export async function rowCount(grid: Locator): Promise<number> {
  return Number(await grid.getByRole('grid').getAttribute('aria-rowcount')) - 1;
}

/** Text behind a name in a list of facts. */
export async function fact(scope: Locator, name: string): Promise<string> {
  const term = scope.locator('dt', { hasText: new RegExp(`^${name}$`) }).first();
  return (await term.locator('xpath=following-sibling::dd[1]').textContent()) ?? '';
}

/** Fills a numeric field as typing does. */
export async function fillNumber(page: Page, label: string, value: number): Promise<void> {
  await page.getByRole('textbox', { name: label, exact: true }).fill(String(value));
}

/** Chooses a file through the system's chooser. */
export async function chooseFile(page: Page, path: string): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: /^Choose (a|another) file$/ }).click();
  await (await chooser).setFiles(path);
}

/** Waits until a chosen file was looked at and its sheet says what it holds. */
export async function lookedAt(page: Page): Promise<void> {
  await page.locator('[data-testid=import-sheet][data-phase=review]').waitFor({ timeout: 30_000 });
}

/** Waits until what is read from the page passes. */
export async function until<T>(
  read: () => Promise<T>,
  passes: (value: T) => boolean,
  what: string,
  withinMs = 20_000,
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const value = await read();
    if (passes(value)) return value;
    if (Date.now() > end) throw new Error(`${what}: still ${JSON.stringify(value)} after ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}

/** Waits for a training run to end and be a model. */
export async function waitForTraining(page: Page): Promise<void> {
  const state = page.getByTestId('train-state');
  const last = await until(
    () => state.textContent(),
    (s) => s === 'done' || s === 'failed' || s === 'stopped',
    'the training run',
    JOB_MS,
  );
  expect(last).toBe('done');
}

/** Waits for a study to end. */
export async function waitForStudy(page: Page): Promise<void> {
  const head = page.getByTestId('study-progress');
  const last = await until(
    () => head.getAttribute('data-state'),
    (s) => s === 'done' || s === 'failed' || s === 'stopped',
    'the study',
    JOB_MS,
  );
  expect(last).toBe('done');
}

export async function sessionState(page: Page): Promise<string | null> {
  return page.getByTestId('live-state').getAttribute('data-state');
}

/** Puts a speed slider at a place from 0 (slowest) to 1 (as fast as possible). */
export async function setSpeed(slider: Locator, place: 'slowest' | 'fastest', steps = 0): Promise<void> {
  await slider.focus();
  await slider.press(place === 'slowest' ? 'Home' : 'End');
  for (let i = 0; i < steps; i++) await slider.press(place === 'slowest' ? 'ArrowRight' : 'ArrowLeft');
}

/** Presses a button that saves a file and gives its text. */
export async function saved(page: Page, button: Locator): Promise<string> {
  const download = page.waitForEvent('download');
  await button.click();
  return readFileSync(await (await download).path(), 'utf8');
}

/** Rows of a CSV without quoted cells, by the names of its header. */
export function csvRows(text: string): Record<string, string>[] {
  const [head, ...lines] = text.trim().split(/\r?\n/);
  const names = (head ?? '').split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? '']));
  });
}

/** How many pixels of the canvases in a box have about this colour (`#rrggbb`). */
export function pixelsOf(box: Locator, colour: string): Promise<number> {
  return box.evaluate((element, hex) => {
    const want = [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
    let count = 0;
    for (const canvas of element.querySelectorAll('canvas')) {
      const { width, height } = canvas;
      const data = width * height > 0 && canvas.getContext('2d')?.getImageData(0, 0, width, height).data;
      if (!data) continue;
      for (let i = 0; i < data.length; i += 4) {
        const near = want.every((v, c) => Math.abs((data[i + c] ?? 0) - v) < 14);
        if (near && (data[i + 3] ?? 0) > 200) count += 1;
      }
    }
    return count;
  }, colour);
}

/** A custom property of the style sheet, as the page has it now. */
export function cssColour(page: Page, name: string): Promise<string> {
  return page.evaluate((n) => getComputedStyle(document.documentElement).getPropertyValue(n).trim(), name);
}

/** A text on one line. */
export function flat(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** The texts of the drawn rows of a table. */
export function cells(rows: Locator): Promise<string[][]> {
  return rows.evaluateAll((all) =>
    all.map((tr) => [...tr.querySelectorAll('td')].map((td) => td.textContent ?? '')),
  );
}
