/**
 * The Data tab by clicking: files are confirmed before they are stored, what is wrong with them is found, repaired,
 * undone; histories are resampled, exported, removed and brought back; keys and calendars are kept.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { shot } from '../support/e2e.ts';
import { looksWrong } from '../support/e2eLook.ts';
import {
  cells,
  csvRows,
  keepColours,
  lookedAt,
  num,
  openTab,
  rowCount,
  saved,
  until,
} from '../support/e2eSteps.ts';
import { useWorld } from '../support/e2eWorld.ts';
import { noSharedData, sharedFile, withReason } from '../support/sharedData.ts';

const STEP_MS = 5 * 60_000;
const FROM_MS = Date.UTC(2024, 0, 8);
/** Two days of five-minute bars. */
const BARS = 576;

function row(i: number): string {
  const mid = 1.1 + 0.002 * Math.sin(i / 40);
  const open = mid + 0.0001 * Math.sin(i);
  const close = mid + 0.0001 * Math.sin(i + 1);
  const high = Math.max(open, close) + 0.0002;
  const low = Math.min(open, close) - 0.0002;
  const prices = [open, high, low, close].map((p) => p.toFixed(5));
  return [new Date(FROM_MS + i * STEP_MS).toISOString(), ...prices, 50 + (i % 30)].join(',');
}

const HEAD = 'time,open,high,low,close,volume';
const CLEAN = Array.from({ length: BARS }, (_, i) => row(i));

/** A row twice, a cell that is no number, an hour that is missing. Line 1 is the header. */
function dirtyRows(): string[] {
  const rows = [...CLEAN];
  rows[100] = rows[100]!.replace(/^([^,]*,[^,]*,)[^,]*/, '$1NaN');
  rows.splice(200, 12);
  rows.splice(51, 0, rows[50]!);
  return rows;
}

interface Defect {
  readonly kind: string;
  readonly file_line?: number;
}
const LABELS: Readonly<Record<string, string>> = {
  duplicate_exact: 'Exact duplicate',
  duplicate_conflict: 'Contradicting duplicate',
  missing_block: 'Missing bars in a row',
  bad_tick_spike: 'Bad tick spike',
  out_of_order: 'Out of order',
  nan_cell: 'Unreadable cell',
  zero_price_row: 'Price not above zero',
  high_below_low: 'High below low',
};

describe('the Data tab', () => {
  const world = useWorld({ chained: true });
  beforeAll(async () => {
    await keepColours(world.page);
    await openTab(world.page, 'data');
  });

  const write = (name: string, rows: readonly string[]): string => {
    const path = join(world.scratch, name);
    writeFileSync(path, `${[HEAD, ...rows].join('\n')}\n`);
    return path;
  };
  const bring = (...paths: string[]) => world.page.getByTestId('import-file').setInputFiles(paths);
  const section = (name: string) => world.page.locator('.ft-panel-actions label', { hasText: name }).click();
  const history = (...words: string[]): Locator =>
    words.reduce((rows, hasText) => rows.filter({ hasText }), world.page.getByTestId('dataset-row'));
  const figure = async (name: string): Promise<number> => {
    const heading = world.page.locator('.ft-quality-figures .ft-figure-name', {
      hasText: new RegExp(`^${name}`),
    });
    return num(await heading.locator('xpath=following-sibling::div[1]').textContent());
  };

  it('shows what a file holds before anything is stored, with the line of each finding', async () => {
    const { page } = world;
    await bring(write('EURUSD_M5_dirty.csv', dirtyRows()));
    await lookedAt(page);
    expect(await page.getByTestId('import-symbol').inputValue()).toBe('EURUSD');
    const sheet = page.getByTestId('import-sheet');
    expect(await sheet.locator('.ft-facts').textContent()).toMatch(/565 rows.*M5 bars/);
    const roles = await sheet
      .locator('select')
      .evaluateAll((all) => all.map((s) => (s as HTMLSelectElement).value));
    expect(roles).toEqual(['time', 'open', 'high', 'low', 'close', 'volume']);
    const found = await cells(page.getByTestId('file-issue'));
    const lines = Object.fromEntries(found.map((c) => [c[2], c[1]]));
    expect(lines).toMatchObject({ 'Exact duplicate': '53', 'Unreadable cell': '103' });
    expect(Object.keys(lines)).toContain('Missing bars in a row');
    expect(await page.getByTestId('dataset-row').count()).toBe(0);
    expect(await looksWrong(page)).toEqual([]);
    await shot(page, 'import-sheet-small');
  });

  it('stores a file with bad rows only once the user has said what happens with them', async () => {
    const { page } = world;
    const start = page.getByTestId('import-start');
    expect(await start.isDisabled()).toBe(true);
    const repairs = page.getByTestId('row-repair');
    expect(await repairs.count()).toBe(2);
    for (const [kind, choice] of [
      ['Exact duplicate', 'Keep the first row'],
      ['Unreadable cell', 'Leave the rows out'],
    ] as const) {
      await repairs.filter({ hasText: kind }).getByRole('combobox').click();
      await page.getByRole('option', { name: choice }).click();
    }
    await start.click();
    const result = page.getByTestId('import-result');
    await result.getByText('EURUSD M5 is stored').waitFor();
    // 576 bars, less 12 that are missing and the one that was left out.
    expect((await cells(history('EURUSD')))[0]).toEqual(expect.arrayContaining(['M5', 'bid', '563']));
    await page.getByTestId('quality-report').waitFor();
    expect(await figure('Bars')).toBe(563);
    expect(await figure('Missing')).toBeCloseTo((13 / 576) * 100, 2);
    for (const picture of ['kind-lanes', 'range-histogram', 'hour-profile'])
      expect(await page.getByTestId(picture).isVisible()).toBe(true);
    await shot(page, 'quality-report-small');
  });

  it('previews a repair, applies it, and takes it back by key', async () => {
    const { page } = world;
    const before = await figure('Missing');
    await section('Repairs');
    const missing = page.getByTestId('repair-kind').filter({ hasText: 'Missing bars in a row' });
    await missing.getByRole('combobox').click();
    await page.getByRole('option', { name: 'Fill with the last close' }).click();
    await page.getByTestId('repair-preview').click();
    const shown = page.getByTestId('repair-shown');
    await shown.getByText('Bars: 12 filled').waitFor();
    expect(await rowCount(shown)).toBe(12);
    expect(await history('563').count()).toBe(1);
    expect(await looksWrong(page)).toEqual([]);
    await shot(page, 'repair-preview');
    await page.getByTestId('repair-apply').click();
    await page.getByTestId('undo-bar').getByText('Repaired EURUSD M5').waitFor();
    await history('575').waitFor();
    await section('Quality');
    await until(
      () => figure('Repaired'),
      (n) => n === 12,
      'the marks of the filled bars',
    );
    // What was filled in is no evidence: the source's bars are as missing as before.
    expect(await figure('Missing')).toBe(before);
    await page.keyboard.press('Control+z');
    await page.getByTestId('undo-bar').getByText('is as it was before').waitFor();
    await history('563').waitFor();
    await until(
      () => figure('Repaired'),
      (n) => n === 0,
      'the marks to be gone',
    );
  });

  it('adds a file to a stored history, several at once, each confirmed', async () => {
    const { page } = world;
    const next = (i: number) => row(BARS + i);
    const rows = Array.from({ length: 20 }, (_, i) => next(i));
    const files = ['GBPUSD', 'AUDUSD'].map((symbol) => write(`${symbol}_M5.csv`, CLEAN));
    await bring(write('EURUSD_M5_more.csv', rows), ...files);
    const items = page.getByTestId('import-item');
    await until(
      () => page.locator('[data-testid=import-item][data-phase=review]').count(),
      (n) => n === 3,
      'three files looked at',
      30_000,
    );
    expect(await items.count()).toBe(3);
    await page.getByText('EURUSD M5 bid is stored: 563 bars').waitFor();
    expect(await page.getByTestId('import-start').textContent()).toBe('Add to the history');
    await page.getByTestId('import-all').click();
    await history('EURUSD', '583').waitFor({ timeout: 30_000 });
    for (const symbol of ['GBPUSD', 'AUDUSD']) await history(symbol, '576').waitFor({ timeout: 30_000 });
  });

  it('takes a file dropped anywhere on the tab', async () => {
    const { page } = world;
    const transfer = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(['time,open'], 'dropped.csv'));
      return data;
    });
    await page.locator('.ft-catalogue').dispatchEvent('drop', { dataTransfer: transfer });
    await page.getByTestId('import-result').getByRole('alert').waitFor();
    await page.getByRole('button', { name: 'Put dropped.csv away' }).click();
    await page.getByTestId('dataset-row').first().waitFor();
  });

  it('sorts and filters the catalogue, by keyboard too', async () => {
    const { page } = world;
    const symbols = async () => (await cells(page.getByTestId('dataset-row'))).map((c) => c[0]);
    expect(await symbols()).toEqual(['AUDUSD', 'EURUSD', 'GBPUSD']);
    await page.getByRole('button', { name: 'Sort by Symbol' }).click();
    expect(await symbols()).toEqual(['GBPUSD', 'EURUSD', 'AUDUSD']);
    await page.getByRole('textbox', { name: 'Filter histories' }).fill('usd aud');
    expect(await symbols()).toEqual(['AUDUSD']);
    await page.keyboard.press('Escape');
    const grid = page.getByRole('grid', { name: 'Stored histories' });
    await grid.focus();
    await page.keyboard.press('Home');
    await page.locator('.ft-panel-title', { hasText: 'GBPUSD M5' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.locator('.ft-panel-title', { hasText: 'EURUSD M5' }).waitFor();
    const update = history('EURUSD').getByRole('button', { name: 'Update EURUSD M5' });
    expect(await update.isDisabled()).toBe(true);
    expect(await update.locator('..').getAttribute('title')).toContain('file');
  });

  it('shows the coverage by month, for eyes and for screen readers', async () => {
    const { page } = world;
    await section('Coverage');
    const map = page.getByTestId('coverage-map');
    await map.waitFor();
    const january = map.locator('tbody tr', { hasText: '2024' }).locator('td').first();
    expect(num(await january.textContent())).toBeCloseTo((583 / 596) * 100, 1);
    expect(await january.getAttribute('data-step')).toBe('3');
    expect(await map.locator('td[data-step=none]').count()).toBe(11);
    await shot(page, 'coverage-small');
  });

  it('resamples and exports, equal to the bars that it was made of', async () => {
    const { page } = world;
    await history('EURUSD')
      .getByRole('button', { name: /^More about/ })
      .click();
    await page.getByRole('menuitem', { name: 'Resample…' }).click();
    await page.getByTestId('resample-start').click();
    await history('EURUSD', 'H1').waitFor({ timeout: 30_000 });
    await history('AUDUSD')
      .getByRole('button', { name: /^More about/ })
      .click();
    await page.getByRole('menuitem', { name: 'Export…' }).click();
    const rows = csvRows(await saved(page, page.getByTestId('export-start')));
    expect(rows).toHaveLength(BARS);
    const closes = rows.map((r) => Number(r.close));
    expect(closes).toEqual(CLEAN.map((line) => Number(line.split(',')[4])));
    await page.keyboard.press('Escape');
  });

  it('removes a history and brings it back, and lists both', async () => {
    const { page } = world;
    await history('GBPUSD').getByRole('button', { name: 'Remove GBPUSD M5' }).click();
    await page.getByText('Removed GBPUSD M5').first().waitFor();
    await until(
      () => history('GBPUSD').count(),
      (n) => n === 0,
      'the row to go',
    );
    await page.getByTestId('undo').click();
    await history('GBPUSD', '576').waitFor();
    await section('Changes');
    const changes = page.getByTestId('change-row');
    await until(
      () => changes.count(),
      (n) => n === 2,
      'an import and a removal',
    );
    expect(await changes.first().getAttribute('data-undone')).toBe('true');
    expect(await looksWrong(page)).toEqual([]);
  });

  it('says what a provider needs, keeps its key, and never shows it again', async () => {
    const { page } = world;
    await page.locator('.ft-panel-actions label', { hasText: 'Download' }).click();
    await page.getByTestId('fetch-provider').click();
    await page.getByRole('option', { name: /^Tiingo/ }).click();
    expect(await page.getByTestId('fetch-start').isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Enter keys' }).click();
    await page.getByRole('button', { name: /^Enter Tiingo/ }).click();
    const secret = 'not-a-real-token-4711';
    await page.getByLabel(/^Tiingo .*token$/).fill(secret);
    await page.getByRole('button', { name: 'Store', exact: true }).click();
    await page.getByRole('button', { name: /^Replace Tiingo/ }).waitFor();
    expect(await page.content()).not.toContain(secret);
    expect(await looksWrong(page)).toEqual([]);
    await shot(page, 'providers');
    await openTab(page, 'data');
    await page.getByTestId('fetch-symbols').click();
    await page.keyboard.type('eurusd,gbpusd,');
    await until(() => page.getByTestId('fetch-start').isEnabled(), Boolean, 'the download to be ready');
    await openTab(page, 'settings');
    await page.getByRole('button', { name: /^Remove Tiingo/ }).click();
    await page.getByRole('button', { name: 'Remove it' }).click();
    await page.getByRole('button', { name: /^Enter Tiingo/ }).waitFor();
  });

  it('keeps a trading calendar and gives it to a symbol', async () => {
    const { page } = world;
    await page.locator('.ft-settings-nav label', { hasText: 'Trading calendars' }).click();
    await page.getByRole('button', { name: 'Add a calendar' }).click();
    await page.getByTestId('calendar-save').click();
    // Without a name it is not stored.
    await page.getByText('Small letters, digits and dashes').waitFor();
    await page.getByRole('textbox', { name: 'Name' }).fill('xetra');
    await page.getByTestId('calendar-save').click();
    await page.getByRole('button', { name: /^xetra/ }).waitFor();
    await page.getByRole('combobox', { name: 'Symbol' }).last().fill('AUDUSD');
    await page.getByRole('combobox', { name: 'Calendar' }).click();
    await page.getByRole('option', { name: 'xetra' }).click();
    await page.getByRole('button', { name: 'Assign' }).click();
    await page.getByRole('button', { name: /^Give AUDUSD/ }).waitFor();
    await page.getByRole('button', { name: 'Remove the calendar xetra' }).click();
    await page.getByRole('button', { name: 'Remove xetra' }).click();
    await page.getByText('is used by AUDUSD').waitFor();
    expect(await looksWrong(page)).toEqual([]);
    await shot(page, 'calendars');
  });

  it('takes the chart to a finding', async () => {
    const { page } = world;
    await openTab(page, 'data');
    await history('EURUSD', 'M5').click();
    await section('Quality');
    await page.getByRole('button', { name: 'Show on the chart: Missing bars in a row' }).click();
    const chart = page.getByRole('application', { name: /Price chart of EURUSD M5/ });
    await chart.waitFor();
    const box = page.getByTestId('price-chart');
    await until(
      async () => {
        const size = (await box.boundingBox())!;
        // Off and on again: the legend answers to movement.
        await page.mouse.move(size.x + 5, size.y + 5);
        await page.mouse.move(size.x + size.width / 2, size.y + size.height / 2);
        return page.getByTestId('chart-legend').innerText();
      },
      // The hour from 16:40 on is missing; the middle of the box is a little beside that of the plot.
      (text) => /2024-01-08 1[5-8]:/.test(text),
      'the hour that is missing in the middle',
    );
  });

  it('fits every width, in the dark and in the light', async () => {
    const { page } = world;
    const wrong: string[] = [];
    for (const scheme of ['dark', 'light']) {
      for (const [width, height] of [
        [1180, 760],
        [1440, 900],
        [1920, 1080],
      ] as const) {
        await page.setViewportSize({ width, height });
        await openTab(page, 'data');
        for (const name of ['Quality', 'Repairs', 'Coverage', 'Changes']) {
          await section(name);
          await page.waitForTimeout(300);
          wrong.push(...(await looksWrong(page)).map((what) => `${name} at ${width}, ${scheme}: ${what}`));
          await shot(page, `data-${name.toLowerCase()}-${width}-${scheme}`);
        }
      }
      await page.keyboard.press('Control+K');
      await page
        .getByRole('textbox', { name: 'Search commands' })
        .fill(`${scheme === 'dark' ? 'light' : 'dark'} theme`);
      await page.keyboard.press('Enter');
    }
    expect(wrong).toEqual([]);
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it.skipIf(noSharedData !== undefined)(
    withReason('finds every defect of the dirty file, with its line, and shows its report'),
    async () => {
      const { page } = world;
      await openTab(page, 'data');
      await page.locator('.ft-panel-actions label', { hasText: 'Files' }).click();
      await bring(sharedFile('GBPJPY_H1_2015_2020.csv.gz'));
      await lookedAt(page);
      await page.getByTestId('import-start').click();
      await history('GBPJPY', 'H1').waitFor({ timeout: 30_000 });
      await bring(sharedFile('dirty_GBPJPY_M1.csv'));
      await lookedAt(page);
      const text = readFileSync(sharedFile('dirty_GBPJPY_M1_defects.json'), 'utf8');
      const { defects } = JSON.parse(text) as { defects: readonly Defect[] };
      const grid = page.locator('.ft-file-issues');
      await grid.scrollIntoViewIfNeeded();
      const found = (await cells(page.getByTestId('file-issue'))).map((c) => `${c[2]} ${c[1]}`);
      const planted = defects.map((d) => `${LABELS[d.kind]} ${d.file_line ?? '–'}`);
      expect(
        found
          .filter((f) => !f.startsWith('Scattered'))
          .map((f) => f.replace(',', ''))
          .sort(),
      ).toEqual(planted.sort());
      await page.locator('.ft-review').evaluate((element) => element.scrollTo(0, 0));
      await shot(page, 'import-sheet');
      await page.getByTestId('plain-repairs').click();
      await page.getByTestId('import-start').click();
      await history('GBPJPY', 'M1').waitFor({ timeout: 30_000 });
      await section('Quality');
      await page.getByTestId('range-histogram').waitFor();
      await page.mouse.move(4, 4);
      await shot(page, 'quality-report');
      await section('Coverage');
      await until(
        () => page.getByTestId('coverage-map').count(),
        (n) => n === 2,
        'both histories',
      );
      await page.waitForTimeout(300);
      await shot(page, 'coverage');
    },
  );
});
