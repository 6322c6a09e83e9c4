/**
 * The Training tab beyond the quick start: every setting by clicking, presets, runs side by side, models checked,
 * exported, brought back as an ONNX file, and those without a signal kept away from where one is needed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { shot } from '../support/e2e.ts';
import { looksWrong } from '../support/e2eLook.ts';
import {
  cells,
  csvRows,
  fact,
  fillNumber,
  keepColours,
  num,
  nums,
  openTab,
  rowCount,
  saved,
  until,
  waitForTraining,
} from '../support/e2eSteps.ts';
import { useWorld } from '../support/e2eWorld.ts';

const SECTIONS = ['market', 'forecast', 'model', 'learning', 'hardware', 'augmentation'] as const;
const SIZES = [
  { width: 1180, height: 760 },
  { width: 1920, height: 1080 },
];
/** The features that the models here see, in the order of the registry. */
const FEATURES = ['return_1', 'rsi_14', 'hour_sin'];

const dialog = (page: Page) => page.getByRole('dialog', { name: /^Training run on/ });

async function openSection(page: Page, name: (typeof SECTIONS)[number]): Promise<Locator> {
  if (!(await dialog(page).isVisible())) await page.getByTestId('train-configure').click();
  await page.locator(`#train-section-${name}`).click();
  const section = page.locator(`[data-testid=config-section][data-section=${name}]`);
  await section.waitFor();
  return section;
}

async function close(page: Page): Promise<void> {
  await dialog(page).getByRole('button', { name: 'Close', exact: true }).click();
  await dialog(page).waitFor({ state: 'hidden' });
}

async function view(page: Page, name: 'Train' | 'History' | 'Models'): Promise<void> {
  const bar = page.getByRole('radiogroup', { name: 'Part of the Training tab' });
  await bar.getByText(new RegExp(`^${name}`)).click();
}

/** Starts what the form holds and waits for its model. */
async function train(page: Page): Promise<void> {
  const shown = () => page.locator('[data-run]').evaluateAll((all) => all[0]?.getAttribute('data-run') ?? '');
  const before = await shown();
  await page.getByTestId('train-start').click();
  await until(shown, (id) => id !== '' && id !== before, 'the new run');
  await waitForTraining(page);
}

describe('training', () => {
  const world = useWorld({ chained: true });
  beforeAll(() => keepColours(world.page));
  let onnx = '';

  it('lays out every section at every width, names every control, and moves by arrows', async () => {
    const { page } = world;
    await page.getByRole('button', { name: 'Load the demo market' }).first().click();
    await page.getByTestId('import-result').getByText('is stored').waitFor();
    await openTab(page, 'training');
    await openSection(page, 'market');
    for (const size of SIZES) {
      await page.setViewportSize(size);
      for (const name of SECTIONS) {
        await openSection(page, name);
        expect(await looksWrong(page), `${name} at ${size.width}`).toEqual([]);
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.locator('#train-section-market').click();
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('#train-section-forecast').getAttribute('aria-selected')).toBe('true');
    await openSection(page, 'hardware');
    await page.locator('[data-device=cpu]').waitFor();
    await page.waitForTimeout(200);
    await shot(page, 'training-hardware');
  });

  it('says what is wrong, where, and starts nothing meanwhile', async () => {
    const { page } = world;
    const section = await openSection(page, 'learning');
    await fillNumber(page, 'Batch size', 1);
    await section.getByText(/expected number to be >=4/).waitFor();
    expect(await page.locator('#train-section-learning').textContent()).toContain('1 to correct');
    expect(await page.getByTestId('config-start').isDisabled()).toBe(true);
    await fillNumber(page, 'Batch size', 64);
    await fillNumber(page, 'Accumulation', 4);
    expect(nums(await page.getByTestId('effective-batch').textContent())).toEqual([256, 64, 4, 1]);
    await openSection(page, 'forecast');
    await page.getByRole('combobox', { name: 'Interval' }).click();
    await page.getByRole('option', { name: /^Quantile/ }).click();
    await page.getByText('Quantile intervals need the quantile loss').waitFor();
    await page.getByRole('combobox', { name: 'Interval' }).click();
    await page.getByRole('option', { name: /^One width/ }).click();
    await until(() => page.getByTestId('config-start').isEnabled(), Boolean, 'the form to be right again');
  });

  it('estimates memory and time of what the form holds, and measures when asked', async () => {
    const { page } = world;
    const panel = page.getByTestId('estimate-panel');
    const line = async (name: string) =>
      num(await panel.locator('.ft-estimate-line', { hasText: name }).locator('span').last().textContent());
    await panel.getByText('Effective batch').waitFor({ timeout: 30_000 });
    await until(
      () => line('Effective batch'),
      (n) => n === 256,
      'the estimate of this batch',
      30_000,
    );
    const steps = await line('Steps per epoch');
    expect(await line('Steps in all')).toBe(30 * steps);
    await openSection(page, 'learning');
    await fillNumber(page, 'Accumulation', 1);
    await until(
      () => line('Effective batch'),
      (n) => n === 64,
      'the estimate to follow',
      30_000,
    );
    expect(await line('Steps per epoch')).toBeGreaterThan(2 * steps);
    await panel.getByRole('button', { name: 'Measure' }).click();
    await until(
      () => panel.locator('.ft-estimate-line', { hasText: 'Per step' }).textContent(),
      (text) => /\d ms/.test(text ?? ''),
      'the measurement',
      60_000,
    );
    await page.getByRole('switch', { name: 'Auto' }).check();
    const auto = num(await page.getByText(/^Auto takes [\d,]+ for/).textContent());
    await until(
      () => page.locator('#train-all-batch').inputValue(),
      (text) => num(text) === auto,
      'the automatic batch',
    );
    expect(await page.locator('#train-all-batch').isDisabled()).toBe(true);
    await page.getByRole('switch', { name: 'Auto' }).uncheck();
    await fillNumber(page, 'Batch size', 64);
    await shot(page, 'training-config');
  });

  it('keeps a configuration under a name and brings it back', async () => {
    const { page } = world;
    const section = await openSection(page, 'market');
    await section.getByRole('button', { name: 'All' }).waitFor();
    for (const group of await section.locator('legend').getByRole('checkbox').all()) {
      // The last feature cannot be taken away: three are left below.
      if ((await group.getAttribute('data-indeterminate')) !== null) await group.check();
    }
    const wanted = new Set(FEATURES);
    for (const box of await section.locator('.ft-feature-list').getByRole('checkbox').all()) {
      const name = (await box.evaluate((e) => (e as HTMLInputElement).labels?.[0]?.textContent)) ?? '';
      await box.setChecked(wanted.has(name));
    }
    expect(nums(await page.getByTestId('feature-count').textContent())[0]).toBe(FEATURES.length);
    await page.getByRole('button', { name: 'Save as' }).click();
    await page.getByRole('textbox', { name: 'Name of the preset' }).fill('Three features');
    await page.keyboard.press('Enter');
    await page.getByRole('combobox', { name: 'Preset' }).waitFor();
    await dialog(page).getByRole('button', { name: 'Defaults' }).click();
    expect(await page.getByTestId('feature-count').textContent()).toContain('the default set');
    await page.reload();
    await openTab(page, 'training');
    await openSection(page, 'market');
    await page.getByRole('combobox', { name: 'Preset' }).click();
    await page.getByRole('option', { name: 'Three features' }).click();
    expect(nums(await page.getByTestId('feature-count').textContent())[0]).toBe(FEATURES.length);
    await close(page);
    expect(await page.getByTestId('changed-settings').textContent()).toContain('batch size 64');
  });

  it('brings the defaults of a family, and computes a solved one at once', async () => {
    const { page } = world;
    const window = page.getByRole('textbox', { name: 'Window', exact: true });
    const family = page.getByRole('combobox', { name: 'Model family' });
    await family.click();
    await page.getByRole('option', { name: /^Temporal convolution/ }).click();
    expect(await window.inputValue()).toBe('32 bars');
    await family.click();
    await page.getByRole('option', { name: /^Ridge/ }).click();
    expect(await window.inputValue()).toBe('1 bar');
    expect(await page.getByRole('textbox', { name: 'Epochs', exact: true }).count()).toBe(0);
    await train(page);
    await page.getByText('Models that are computed at once, or made of others, have no curve.').waitFor();
    await page.getByTestId('model-card').waitFor();
  });

  it('saves a checkpoint while it runs, draws what was measured, and filters the log', async () => {
    const { page } = world;
    await page.getByRole('combobox', { name: 'Model family' }).click();
    await page.getByRole('option', { name: /^Dense network/ }).click();
    await openSection(page, 'learning');
    await page.locator('#train-all-epochs').fill('400');
    await fillNumber(page, 'Patience', 0);
    await page.getByTestId('config-start').click();
    await dialog(page).waitFor({ state: 'hidden' });
    await page.getByText('Log', { exact: true }).click();
    const save = page.getByTestId('train-save');
    await until(() => save.isEnabled(), Boolean, 'the run', 30_000);
    await save.click();
    await waitForTraining(page);
    const log = page.getByTestId('train-log');
    await until(
      () => rowCount(log),
      (n) => n > 2,
      'the log',
    );
    const all = await rowCount(log);
    await page.getByRole('textbox', { name: 'Filter the log by text' }).fill('checkpoint');
    await until(
      () => rowCount(log),
      (n) => n > 0 && n < all,
      'the filtered log',
    );
    await page.getByText('Measurements', { exact: true }).click();
    const charts = page.getByTestId('run-multiples');
    for (const title of ['Learning rate', 'Gradient norm', 'Steps per second'])
      await charts.getByRole('img', { name: new RegExp(`^${title} by step`) }).waitFor();
    const legend = page.locator('.ft-loss-legend');
    const atEnd = await legend.textContent();
    const box = (await page.getByTestId('loss-chart').boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await until(
      () => legend.textContent(),
      (text) => text !== atEnd,
      'the values under the pointer',
    );
  });

  it('lays runs side by side with what differs, exports and removes one', async () => {
    const { page } = world;
    await page.getByRole('textbox', { name: 'Epochs', exact: true }).fill('12');
    await openSection(page, 'learning');
    await fillNumber(page, 'Learning rate', 0.003);
    await close(page);
    await train(page);
    await view(page, 'History');
    const rows = page.getByTestId('run-row');
    expect(await rows.count()).toBe(3);
    for (const row of await rows.filter({ hasText: 'MLP' }).all()) await row.getByRole('checkbox').check();
    await until(
      () => page.getByTestId('compare-plot').getAttribute('data-lines'),
      (n) => n === '2',
      'two curves',
    );
    const differing = page.getByRole('table', { name: 'Settings that differ' });
    const said = (await cells(differing.locator('tbody tr'))).map((row) => row.join(' '));
    const names = await differing.getByRole('rowheader').allTextContents();
    expect(Object.fromEntries(names.map((name, i) => [name, said[i]]))).toEqual({
      Epochs: '12 400',
      'Learning rate': '0.003 0.0003',
    });
    await page.waitForTimeout(600);
    await shot(page, 'training-compare');
    expect(await looksWrong(page)).toEqual([]);
    await rows.filter({ hasText: 'MLP' }).first().click();
    await page.getByRole('button', { name: 'Export the run' }).click();
    const curve = csvRows(await saved(page, page.getByRole('menuitem', { name: /^CSV/ })));
    expect(curve.length).toBeGreaterThan(3);
    expect(Number(Object.values(curve.at(-1) ?? {})[1])).toBeGreaterThan(0);
    await page.getByTestId('run-remove').click();
    await page.getByTestId('run-remove-confirm').click();
    await until(
      () => rows.count(),
      (n) => n === 2,
      'the run to be gone',
    );
  });

  it('checks, pins and exports a model, and tells where it comes from', async () => {
    const { page } = world;
    await view(page, 'Models');
    const models = page.getByTestId('model-row');
    expect(await models.count()).toBe(3);
    await page.getByRole('textbox', { name: 'Search models' }).fill('ridge');
    await until(
      () => models.count(),
      (n) => n === 1,
      'the search',
    );
    await models.first().click();
    const detail = page.getByTestId('model-detail');
    await until(
      () => detail.textContent(),
      (t) => t?.includes('By regime') ?? false,
      'coverage by regime',
    );
    await page.getByTestId('model-verify').click();
    await page.getByTestId('model-checks').waitFor({ timeout: 30_000 });
    expect(await page.getByTestId('model-checks').getByRole('listitem').count()).toBeGreaterThan(2);
    const pin = page.getByTestId('model-pin');
    await pin.click();
    await until(
      () => pin.getAttribute('aria-pressed'),
      (p) => p === 'true',
      'the pin',
    );
    const download = page.waitForEvent('download');
    await page.getByTestId('model-export').click();
    onnx = join(world.scratch, 'elsewhere.onnx');
    writeFileSync(onnx, readFileSync(await (await download).path()));
    const forecasts = csvRows(await saved(page, page.getByTestId('model-predict')));
    expect(forecasts.length).toBeGreaterThan(1000);
    for (const { prediction, lower, upper } of [forecasts[0]!, forecasts.at(-1)!]) {
      expect(Number(lower)).toBeLessThan(Number(prediction));
      expect(Number(upper)).toBeGreaterThan(Number(prediction));
    }
    await detail.getByRole('tab', { name: 'Lineage' }).click();
    expect(await fact(detail, `Features \\(${FEATURES.length}\\)`)).toBe(FEATURES.join(', '));
    await detail.getByRole('tab', { name: 'Report' }).click();
    await detail.locator('.ft-report-part').first().waitFor();
    await page.waitForTimeout(500);
    await shot(page, 'training-model');
    expect(await looksWrong(page)).toEqual([]);
  });

  it('brings an ONNX file back as a model that gives signals', async () => {
    const { page } = world;
    await page.getByRole('textbox', { name: 'Search models' }).fill('');
    await page.getByRole('button', { name: 'Import ONNX' }).click();
    const sheet = page.getByRole('dialog', { name: /^Import an ONNX model/ });
    const start = page.getByTestId('model-import-start');
    expect(await start.isDisabled()).toBe(true);
    await sheet.locator('input[type=file]').setInputFiles(onnx);
    const features = sheet.getByRole('combobox', { name: /^Features/ });
    for (const name of FEATURES) {
      await features.fill(name);
      await page.getByRole('option', { name, exact: true }).click();
    }
    await page.keyboard.press('Tab');
    // The scaler is part of the exported file.
    await sheet.getByRole('switch', { name: 'The file expects scaled features' }).uncheck();
    expect(await looksWrong(page)).toEqual([]);
    await start.click();
    await sheet.waitFor({ state: 'hidden', timeout: 60_000 });
    const rows = page.getByTestId('model-row');
    await until(
      () => rows.count(),
      (n) => n === 4,
      'the model',
    );
    const figures = async (row: Locator) => (await cells(row)).map((c) => c.slice(3, 6))[0];
    const brought = rows.filter({ hasText: 'Imported' });
    expect(await figures(brought)).toEqual(await figures(rows.filter({ hasText: 'Ridge' })));
    await page.getByTestId('model-detail').getByRole('button', { name: 'Backtest it' }).click();
    await page.getByTestId('backtest-run').click();
    await page.getByTestId('backtest-metrics').waitFor();
  });

  it('offers no model without a signal where one is needed', async () => {
    const { page } = world;
    await openTab(page, 'training');
    await view(page, 'Train');
    await page.getByRole('combobox', { name: 'Model family' }).click();
    await page.getByRole('option', { name: /^Unusual windows/ }).click();
    await fillNumber(page, 'Epochs', 2);
    await train(page);
    const card = page.getByTestId('model-card');
    await card.getByText('No signal by itself').waitFor();
    expect(await card.getByRole('button', { name: 'Backtest it' }).count()).toBe(0);
    await openTab(page, 'backtest');
    await page.getByRole('combobox', { name: 'Model', exact: true }).click();
    const offered = await page.getByRole('option').allTextContents();
    expect(offered.some((text) => text.includes('Ridge'))).toBe(true);
    expect(offered.filter((text) => text.includes('Anomaly'))).toEqual([]);
    await page.keyboard.press('Escape');
  });
});
