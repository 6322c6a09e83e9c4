/** From bars to a model, what it is worth, and its first backtest. */
import { expect, it } from 'vitest';
import { shot } from '../../support/e2e.ts';
import {
  csvRows,
  fillNumber,
  flat,
  metric,
  num,
  nums,
  openTab,
  rowCount,
  saved,
  until,
  waitForTraining,
} from '../../support/e2eSteps.ts';
import type { World } from '../../support/e2eWorld.ts';

/** Trains a network, judges it and runs its strategy once. */
export function modelSteps(world: World): void {
  it('trains with live losses, pauses, resumes and finishes', async () => {
    const { page } = world;
    await openTab(page, 'training');
    // Long enough to be watched: the default network is done within a second.
    await page.getByRole('combobox', { name: 'Model family' }).click();
    await page.getByRole('option', { name: /^Temporal convolution \(TCN\)/ }).click();
    await fillNumber(page, 'Window', 24);
    await fillNumber(page, 'Epochs', 300);
    await page.getByTestId('train-configure').click();
    await page.getByRole('tab', { name: 'Learning' }).click();
    await fillNumber(page, 'Patience', 0);
    await page.keyboard.press('Escape');
    expect(await page.getByTestId('changed-settings').textContent()).toContain('patience 0');
    await page.getByTestId('train-start').click();
    const chart = page.getByTestId('loss-chart');
    const points = async () => Number(await chart.getAttribute('data-points'));
    const first = await until(points, (n) => n > 0, 'the first losses', 30_000);
    await until(points, (n) => n > first, 'more losses');
    await page.getByTestId('train-pause').click();
    const state = page.getByTestId('train-state');
    await until(
      () => state.textContent(),
      (s) => s === 'paused',
      'the pause',
    );
    const figures = page.locator('.ft-run-figures');
    const held = await figures.textContent();
    await shot(page, 'training-paused');
    await openTab(page, 'data');
    await page.getByTestId('status-bar').getByText('paused').waitFor();
    await openTab(page, 'training');
    expect(await figures.textContent()).toBe(held);
    await page.getByTestId('train-resume').click();
    await waitForTraining(page);
    expect(flat((await figures.textContent()) ?? '')).toContain('Epoch300 of 300');
    const [step, steps] = nums(
      await figures
        .getByText(/^of [\d,]+$/)
        .first()
        .locator('..')
        .textContent(),
    );
    expect(step).toBe(steps);
  });

  it('shows what the model is worth: conformal coverage on a span that nothing saw', async () => {
    const { page } = world;
    const card = page.getByTestId('model-card');
    await card.waitFor();
    const achieved = await page.getByTestId('conformal-achieved').textContent();
    expect(num(achieved)).toBeGreaterThan(60);
    const words = await card.getByRole('img', { name: /^Coverage/ }).getAttribute('aria-label');
    const [coverage, low, high, target] = nums(words);
    expect(coverage).toBe(num(achieved));
    expect(target).toBe(90);
    expect(low).toBeLessThanOrEqual(coverage ?? 0);
    expect(high).toBeGreaterThanOrEqual(coverage ?? 0);
    const testBars = await card
      .getByRole('row', { name: /^test / })
      .locator('td')
      .nth(1)
      .textContent();
    expect(flat((await card.textContent()) ?? '')).toContain(
      `${num(testBars).toLocaleString('en-US')} forecasts`,
    );
    await shot(page, 'training');
    await page.getByRole('button', { name: 'All about this model' }).click();
    const model = page.getByTestId('model-row');
    expect(await model.count()).toBe(1);
    expect(await model.textContent()).toContain(achieved ?? '');
    await page.getByTestId('model-detail').waitFor();
    await page.getByRole('button', { name: 'Show its forecast' }).click();
    const band = page.getByTestId('forecast-legend');
    await band.waitFor();
    const [, , price, lower, upper] = nums(await band.innerText());
    expect(lower).toBeLessThan(price ?? 0);
    expect(upper).toBeGreaterThan(price ?? 0);
    expect(Number(await page.getByRole('application').getAttribute('data-forecasts'))).toBeGreaterThan(200);
    await page.mouse.move(4, 4);
    await page.waitForTimeout(200);
    await shot(page, 'chart');
  });

  it('backtests out of sample; table, figures, curve and export agree', async () => {
    const { page } = world;
    await openTab(page, 'backtest');
    await page.getByTestId('backtest-run').click();
    await page.getByTestId('backtest-metrics').waitFor();
    const figure = (key: string) => metric(page, 'backtest-metrics', key);
    const trades = csvRows(await saved(page, page.getByRole('button', { name: 'Export CSV' })));
    const count = num(await figure('trades'));
    expect(count).toBeGreaterThan(3);
    expect(trades).toHaveLength(count);
    expect(await rowCount(page.getByTestId('trade-table'))).toBe(count);
    await page.getByText(`Trades (${count})`).waitFor();
    const sum = (...keys: string[]) =>
      trades.reduce((total, t) => total + keys.reduce((s, key) => s + Number(t[key]), 0), 0);
    const profit = num(await figure('netProfit'));
    expect(sum('net_profit')).toBeCloseTo(profit, 1);
    expect(sum('commission', 'spread_cost', 'slippage_cost')).toBeCloseTo(num(await figure('totalCost')), 1);
    const wins = trades.filter((t) => Number(t.net_profit) > 0).length;
    expect((100 * wins) / count).toBeCloseTo(num(await figure('winRatePct')), 1);
    const start = num(await page.getByText(/^Starts with/).textContent());
    expect((100 * profit) / start).toBeCloseTo(num(await figure('netReturnPct')), 1);
    const curve = await page.getByTestId('backtest-equity').innerText();
    expect(nums(curve)[0]).toBeCloseTo(start + profit, 1);
    await page.getByText('neither the network, the calibration nor any study saw this span').waitFor();
    await page.waitForTimeout(300);
    await shot(page, 'backtest');
  });
}
