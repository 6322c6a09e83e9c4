/** From a file of bars to a chart. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { shot } from '../../support/e2e.ts';
import {
  chooseFile,
  cssColour,
  fact,
  flat,
  lookedAt,
  num,
  nums,
  openTab,
  pixelsOf,
  until,
} from '../../support/e2eSteps.ts';
import type { World } from '../../support/e2eWorld.ts';
import { real, rows, type Said, stampOf, symbol } from './market.ts';

/** Imports the file and draws it. */
export function historySteps(world: World, said: Said): void {
  it('imports the history through the file chooser and shows its quality', async () => {
    const { page } = world;
    await openTab(page, 'data');
    await page.getByText('No history is stored yet').waitFor();
    const start = page.getByTestId('import-start');
    if (real === undefined) await page.getByRole('button', { name: 'Load the demo market' }).first().click();
    else {
      // A name that tells nothing, so that the symbol must be typed.
      const file = join(world.scratch, 'bars.csv.gz');
      copyFileSync(real, file);
      await chooseFile(page, file);
      await lookedAt(page);
      // The name says nothing about the symbol, so it must be said.
      expect(await start.isDisabled()).toBe(true);
      await page.getByText('Name the symbol.').waitFor();
      await page.getByTestId('import-symbol').fill('eurusd');
      await until(() => start.isEnabled(), Boolean, 'the import to be ready');
      await start.click();
    }
    const result = page.getByTestId('import-result');
    await result.getByText('is stored').waitFor();
    said.bars = num(await fact(result, 'Bars'));
    if (rows) {
      expect(said.bars).toBe(rows.length);
      expect(await fact(result, 'From')).toBe(stampOf(rows[0]));
      expect(await fact(result, 'To')).toBe(stampOf(rows.at(-1)));
    }
    const row = page.getByTestId('dataset-row');
    expect(await row.count()).toBe(1);
    expect(await row.textContent()).toContain(symbol);
    const quality = nums(await fact(result, 'Quality'));
    const figures = page.locator('.ft-quality .ft-figure-value');
    await figures.first().waitFor();
    expect(num(await figures.nth(0).textContent())).toBe(quality[0]);
    expect(num(await figures.nth(1).textContent())).toBe(said.bars);
    expect(await page.getByTestId('issue-row').count()).toBe(quality[2]);
    await shot(page, 'data');
  });

  it('draws candles and volume of the last bars, values under the pointer in the legend', async () => {
    const { page } = world;
    await page.getByRole('button', { name: 'Show the chart', exact: true }).click();
    const chart = page.getByRole('application', { name: new RegExp(`Price chart of ${symbol} H1`) });
    const drawn = await until(
      async () => Number(await chart.getAttribute('data-bars')),
      (n) => n > 200,
      'bars on the chart',
    );
    const panel = page.locator('#view-chart');
    expect(nums(await panel.locator('.ft-chart-side').textContent())).toEqual([drawn, said.bars]);
    const legend = page.getByTestId('chart-legend');
    // The pointer came to lie on the chart when the tab changed below it.
    await page.mouse.move(4, 4);
    const last = rows?.at(-1);
    const atEnd = await until(
      () => legend.innerText(),
      (text) => text.includes(last ? stampOf(last) : 'UTC'),
      'the last bar in the legend',
    );
    if (last) {
      const [, ...prices] = /O ([\d.]+) H ([\d.]+) L ([\d.]+) C ([\d.]+)/.exec(flat(atEnd)) ?? [];
      expect(prices.map(Number)).toEqual([last.open, last.high, last.low, last.close].map(Number));
      expect(num(/V ([\d,.]+)/.exec(flat(atEnd))?.[1] ?? '')).toBe(Number(last.volume));
    }
    const box = page.getByTestId('price-chart');
    for (const name of ['--ft-up', '--ft-down'])
      expect(await pixelsOf(box, await cssColour(page, name))).toBeGreaterThan(200);
    await box.hover({ position: { x: 300, y: 200 } });
    await until(
      () => legend.innerText(),
      (text) => text !== atEnd,
      'the legend under the pointer',
    );
  });
}
