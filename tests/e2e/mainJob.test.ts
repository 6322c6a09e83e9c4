/**
 * The main job, by clicking, on real history: a file of bars becomes a model, a backtest, a study, a deployment and
 * two paper sessions. Every step checks figures against each other or against the file, not only their presence.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  freshHome,
  type Host,
  launchBrowser,
  openPage,
  removeHome,
  shot,
  shotOfFailure,
  startHost,
  type Watched,
} from '../support/e2e.ts';
import {
  chooseFile,
  cssColour,
  csvRows,
  fact,
  fillNumber,
  keepColours,
  metric,
  num,
  nums,
  openTab,
  pixelsOf,
  rowCount,
  saved,
  sessionState,
  setSpeed,
  until,
  waitForStudy,
  waitForTraining,
} from '../support/e2eSteps.ts';
import { noSharedData, sharedFile } from '../support/sharedData.ts';

/** Bars of the file as the file has them; undefined where the demo market stands in for real history. */
const real = noSharedData === undefined ? sharedFile('EURUSD_H1_2017-04_2018-02.csv.gz') : undefined;
const rows = real === undefined ? undefined : csvRows(gunzipSync(readFileSync(real)).toString());
const symbol = real === undefined ? 'SYNFX' : 'EURUSD';
const title = real === undefined ? 'the main job, ON THE DEMO MARKET (no real history here)' : 'the main job';

describe(title, () => {
  let host: Host;
  let browser: Browser;
  let watched: Watched;
  let page: Page;
  let broken = false;
  const scratch = mkdtempSync(join(tmpdir(), 'frontier-files-'));
  /** Carried from step to step: what the interface said, to be compared with what it says later. */
  const said = { netReturn: '', pointHash: '', bars: 0 };

  beforeAll(async () => {
    host = await startHost(freshHome());
    browser = await launchBrowser();
    watched = await openPage(browser, host);
    page = watched.page;
    await page.goto(host.url);
    await keepColours(page);
  });
  beforeEach(({ skip }) => skip(broken, 'an earlier step failed'));
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') {
      broken = true;
      await shotOfFailure(page, task.name);
    }
    expect(watched.problems.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    expect(await host?.stop()).toBe(0);
    removeHome(host.home);
    rmSync(scratch, { recursive: true, force: true });
  });

  it('imports the history through the file chooser and shows its quality', async () => {
    await openTab(page, 'data');
    await page.getByText('No history is stored yet').waitFor();
    const start = page.getByTestId('import-start');
    if (real === undefined) await page.getByRole('button', { name: 'Load the demo market' }).first().click();
    else {
      // A name that tells nothing, so that the symbol must be typed.
      const file = join(scratch, 'bars.csv.gz');
      copyFileSync(real, file);
      await chooseFile(page, file);
      expect(await start.isDisabled()).toBe(true);
      await page.getByTestId('import-symbol').fill('eurusd');
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
    await page.getByRole('button', { name: 'Show the chart' }).click();
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

  it('trains with live losses, pauses, resumes and finishes', async () => {
    await openTab(page, 'training');
    // Long enough to be watched: the default network is done within a second.
    await page.getByRole('combobox', { name: 'Network' }).click();
    await page.getByRole('option', { name: /^TCN/ }).click();
    await fillNumber(page, 'Window', 24);
    await fillNumber(page, 'Epochs', 300);
    await page.getByRole('button', { name: 'Advanced' }).click();
    await fillNumber(page, 'Patience', 0);
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
    const model = page.getByTestId('model-row');
    expect(await model.count()).toBe(1);
    expect(await model.textContent()).toContain(achieved ?? '');
    await shot(page, 'training');
    await page.getByRole('button', { name: 'Show its forecast' }).click();
    const band = page.getByTestId('forecast-legend');
    await band.waitFor();
    const [, , price, lower, upper] = nums(await band.innerText());
    expect(lower).toBeLessThan(price ?? 0);
    expect(upper).toBeGreaterThan(price ?? 0);
    expect(Number(await page.getByRole('application').getAttribute('data-forecasts'))).toBeGreaterThan(200);
    await shot(page, 'chart');
  });

  it('backtests out of sample; table, figures, curve and export agree', async () => {
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

  it('runs a study and shows its front growing', async () => {
    await openTab(page, 'optimise');
    await page.getByText('No study yet').waitFor();
    await fillNumber(page, 'Evaluations', 1000);
    await page.getByTestId('study-start').click();
    const head = page.getByTestId('study-progress');
    await head.waitFor();
    const seen = new Set<number>();
    await until(
      async () => {
        seen.add(
          num(
            await head
              .getByText(/of [\d,]+ evaluations/)
              .locator('..')
              .textContent(),
          ),
        );
        return seen.size;
      },
      (n) => n >= 4,
      'the growing study',
      30_000,
    );
    expect([...seen]).toEqual([...seen].toSorted((a, b) => a - b));
    await waitForStudy(page);
    const [done, planned, front] = nums(flat(await head.innerText()).replace(/^\S+ H1 Done/, ''));
    expect(done).toBe(1000);
    expect(planned).toBe(1000);
    expect(await rowCount(page.getByTestId('front-table'))).toBe(front);
    const objectives = (await cells(page.getByTestId('front-row'))).map((row) => row.slice(1, 5).map(num));
    expect(objectives.length).toBeGreaterThan(3);
    // No row is better than another one in all four by more than the rounding of what is shown.
    for (const a of objectives)
      for (const b of objectives) expect(dominatesClearly(a, b), `${a} dominates ${b}`).toBe(false);
  });

  it('shows the genes, figures and equity of a clicked point, in sample and out', async () => {
    const rows = await page
      .getByTestId('front-row')
      .evaluateAll((all) => all.map((r) => r.dataset.key ?? ''));
    const point = (await loneliestFirst(page)).find((p) => rows.includes(p.id));
    if (!point) throw new Error('No point of the table is in the chart.');
    await page.mouse.click(point.x, point.y);
    const detail = page.getByTestId('point-detail');
    await until(
      () => detail.getAttribute('data-trial'),
      (id) => id === point.id,
      'the clicked point',
    );
    await page.getByTestId('point-metrics').waitFor();
    const row = page.locator(`[data-testid=front-row][data-key="${point.id}"]`);
    expect(await row.getAttribute('aria-selected')).toBe('true');
    const [, ...shown] = (await cells(row))[0] ?? [];
    const inSample = await Promise.all(
      ['netReturnPct', 'maxDrawdownPct', 'sharpe', 'winRatePct', 'trades'].map((key) =>
        metric(page, 'point-metrics', key),
      ),
    );
    // The table shows fewer digits of the win rate than the figures do.
    for (const [i, text] of inSample.entries())
      expect(Math.abs(num(text) - num(shown[i] ?? ''))).toBeLessThan(0.0501);
    const genes = ['Entry threshold', 'Stop-loss', 'Take-profit', 'Risk per trade', 'Max holding'];
    for (const [i, name] of genes.entries())
      expect(num(await fact(detail, name))).toBe(num(shown[5 + i] ?? ''));
    expect(num(await metric(page, 'point-metrics', 'netReturnPct', 1))).not.toBeNaN();
    const curves = page.getByTestId('point-equity');
    await curves.scrollIntoViewIfNeeded();
    expect(await curves.innerText()).toMatch(/In-sample[\s\S]+Out-of-sample/);
    await page.waitForTimeout(200);
    expect(await pixelsOf(curves, '#5b93f2')).toBeGreaterThan(50);
    await page.mouse.move(4, 4);
    await page.getByTestId('deploy-open').scrollIntoViewIfNeeded();
    await shot(page, 'optimise');
  });

  it('gives a point the same figures in the Backtest tab', async () => {
    const detail = page.getByTestId('point-detail');
    const hash = await detail.locator('[data-hash]').getAttribute('data-hash');
    const outOfSample = await Promise.all(
      ['netProfit', 'sharpe', 'trades'].map((key) => metric(page, 'point-metrics', key, 1)),
    );
    await detail.getByRole('button', { name: 'Backtest' }).click();
    const before = await page.getByTestId('backtest-row').count();
    await page.getByTestId('backtest-run').click();
    await until(
      () => page.getByTestId('backtest-row').count(),
      (n) => n > before,
      'the second backtest',
    );
    const view = page.locator('#view-backtest');
    await until(
      () => view.locator('[data-hash]').first().getAttribute('data-hash'),
      (h) => h === hash,
      'the result of the same parameters',
    );
    const again = await Promise.all(
      ['netProfit', 'sharpe', 'trades'].map((key) => metric(page, 'backtest-metrics', key)),
    );
    expect(again.map(num)).toEqual(outOfSample.map(num));
  });

  it('deploys a point only after the question is answered', async () => {
    await openTab(page, 'optimise');
    await page.getByRole('button', { name: 'Sort by Trades' }).click();
    await page.getByTestId('front-row').first().click();
    const open = page.getByTestId('deploy-open');
    await until(() => open.isEnabled(), Boolean, 'the figures of the point');
    await open.click();
    const dialog = page.getByRole('dialog', { name: new RegExp(`Deploy ${symbol}`) });
    const cancel = dialog.getByRole('button', { name: 'Cancel' });
    await until(
      () => cancel.evaluate((e) => e === document.activeElement),
      Boolean,
      'focus on the safe choice',
    );
    said.pointHash = await fact(dialog, 'Parameter hash');
    expect(said.pointHash).toMatch(/^[0-9a-f]{16,}$/);
    await shot(page, 'deploy-dialog');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    await openTab(page, 'live');
    await page.getByText('Nothing is deployed yet').waitFor();
    await openTab(page, 'optimise');
    await page.getByTestId('deploy-open').click();
    await page.getByTestId('deploy-confirm').click();
    await page.getByTestId('live-start').waitFor();
    expect(await page.getByTestId('deployment-row').count()).toBe(1);
    expect(await page.locator('#view-live form [data-hash]').getAttribute('data-hash')).toBe(said.pointHash);
  });

  it('runs the paper session: position, account, orders and log follow the market', async () => {
    const slider = page.getByRole('slider', { name: 'Replay speed' });
    await setSpeed(slider, 'slowest', 4);
    await page.getByText('Speed: 20 bars per second').waitFor();
    await page.getByTestId('live-start').click();
    const position = page.getByTestId('live-position');
    await until(
      () => position.innerText(),
      (t) => /lots/.test(t),
      'an open position',
      40_000,
    );
    await page.getByTestId('live-pause').click();
    await until(
      () => sessionState(page),
      (s) => s === 'paused',
      'the pause',
    );
    const orders = await rowCount(page.getByTestId('live-orders'));
    const lines = await rowCount(page.getByTestId('live-log'));
    const bar = await page
      .locator('#view-live')
      .getByText(/^Bar [\d,]+ of/)
      .textContent();
    expect(orders).toBeGreaterThan(0);
    await accountAddsUp(page);
    // The price chart asks for its bars less often than the session moves.
    await page.waitForTimeout(900);
    await shot(page, 'live');
    await page.getByTestId('live-resume').click();
    await setSpeed(slider.last(), 'fastest');
    await until(
      () => sessionState(page),
      (s) => s === 'finished',
      'the end of the replay',
      60_000,
    );
    expect(await rowCount(page.getByTestId('live-orders'))).toBeGreaterThan(orders);
    expect(await rowCount(page.getByTestId('live-log'))).toBeGreaterThan(lines);
    const [done, total] = nums(
      await page
        .locator('#view-live')
        .getByText(/^Bar [\d,]+ of/)
        .textContent(),
    );
    expect(done).toBe(total);
    expect(done).toBeGreaterThan(num(bar));
    await accountAddsUp(page);
    expect(await page.getByTestId('live-hash').getAttribute('data-equal')).toBe('true');
    expect(await page.getByTestId('live-hash').locator('[data-hash]').getAttribute('data-hash')).toBe(
      said.pointHash,
    );
  });

  it('holds the finished session to the backtester', async () => {
    const adherence = page.getByTestId('live-adherence');
    await adherence.waitFor();
    const [decided, decisions, filled, fills] = nums(await adherence.innerText());
    expect(decided).toBe(decisions);
    expect(filled).toBe(fills);
    expect(await adherence.innerText()).toContain('no differences');
    expect(num(await page.getByTestId('live-decision').getByText('in all').textContent())).toBe(decisions);
    expect(num(await page.getByText(/^Fills \(/).textContent())).toBe(fills);
    await shot(page, 'live-finished');
  });

  it('flattens and stops: the position is closed and the session ended', async () => {
    const sliders = page.getByRole('slider', { name: 'Replay speed' });
    await setSpeed(sliders.first(), 'slowest', 4);
    await page.getByTestId('live-start').click();
    await until(
      () => page.getByTestId('session-row').count(),
      (n) => n === 2,
      'the second session',
    );
    const position = page.getByTestId('live-position');
    await until(
      () => position.innerText(),
      (text) => /lots/.test(text),
      'an open position',
      40_000,
    );
    // The first one is of the next session, the last one of the session that runs.
    await setSpeed(sliders.last(), 'slowest');
    await page.getByTestId('flatten-stop').click();
    const dialog = page.getByRole('dialog', { name: 'Flatten & stop everything?' });
    // Words of the consequence: the very position on the card.
    await until(
      async () => {
        const [, direction, lots] = /(Long|Short) ([\d.]+) lots/.exec(flat(await position.innerText())) ?? [];
        const words = `${direction?.toLowerCase()} ${Number(lots)} lots of ${symbol} (PAPER)`;
        return (await dialog.textContent())?.includes(`Closes at market now: ${words}. Stops 1 session`);
      },
      (told) => told === true,
      'the consequence in words',
    );
    await shot(page, 'flatten-dialog');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    expect(await sessionState(page)).toBe('running');
    expect(await position.innerText()).toContain('lots');
    await page.getByTestId('flatten-stop').click();
    await page.getByTestId('flatten-confirm').click();
    const result = page.getByTestId('flatten-result');
    await result.getByText('1 position closed, 0 orders cancelled, 1 session stopped.').waitFor();
    await result.getByRole('button', { name: 'Close' }).click();
    await until(
      () => sessionState(page),
      (state) => state === 'stopped',
      'the stop',
    );
    await position.getByText('No position is open.').waitFor();
    await accountAddsUp(page);
    await page.getByText(/^Trades \(\d+\)$/).click();
    const [last] = await cells(page.getByTestId('trade-row'));
    expect(last?.join(' ')).toContain('Flatten');
    expect(Number(last?.[2])).toBeGreaterThan(0);
    expect(await page.getByTestId('session-row').first().textContent()).toContain('Stopped');
    await page.getByTestId('status-bar').getByText('idle').waitFor();
    await shot(page, 'live-flattened');
  });

  it('shows the settings', async () => {
    await openTab(page, 'settings');
    await page.getByText(host.home, { exact: true }).waitFor();
    await shot(page, 'settings');
  });
});

function flat(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** The time of a row of the file as the interface writes it. */
function stampOf(row: Record<string, string> | undefined): string {
  return `${row?.timestamp?.slice(0, 16).replace('T', ' ')} UTC`;
}

/** The texts of the drawn rows of a table. */
function cells(rows: Locator): Promise<string[][]> {
  return rows.evaluateAll((all) =>
    all.map((tr) => [...tr.querySelectorAll('td')].map((td) => td.textContent ?? '')),
  );
}

/** The markers of the front, those first that stand furthest from any other marker. */
async function loneliestFirst(page: Page): Promise<{ id: string; x: number; y: number }[]> {
  const plot = page.getByTestId('pareto-plot');
  await plot.locator('.scatterlayer path.point').first().waitFor();
  return plot.evaluate((element) => {
    const { data } = element as unknown as { data: { customdata?: string[] }[] };
    const centre = (point: Element) => {
      const { x, y, width, height } = point.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    };
    const traces = [...element.querySelectorAll('.scatterlayer .trace')].map((trace) =>
      [...trace.querySelectorAll('path.point')].map(centre),
    );
    // The first trace are the dominated points, the second is the front; further ones only mark some of these.
    const all = [...(traces[0] ?? []), ...(traces[1] ?? [])];
    const room = (p: { x: number; y: number }) =>
      Math.min(...all.map((q) => (q === p ? Number.POSITIVE_INFINITY : Math.hypot(p.x - q.x, p.y - q.y))));
    return (traces[1] ?? [])
      .map((p, i) => ({ ...p, id: data[1]?.customdata?.[i] ?? '', room: room(p) }))
      .sort((a, b) => b.room - a.room);
  });
}

/** Return, drawdown, Sharpe, win rate: better in each one by more than half a unit of the last digit shown. */
function dominatesClearly(a: readonly number[], b: readonly number[]): boolean {
  const gain = [1, -1, 1, 1].map((sign, i) => sign * ((a[i] ?? 0) - (b[i] ?? 0)));
  const rounding = [0.011, 0.011, 0.011, 0.11];
  return gain.every((g, i) => g > (rounding[i] ?? 0));
}

/** Balance plus what is not realised is the equity. */
async function accountAddsUp(page: Page): Promise<void> {
  const account = page.getByTestId('live-account');
  const position = await page.getByTestId('live-position').innerText();
  const unrealised = num(/[+−]?[\d,]+\.\d\d USD/.exec(position)?.[0] ?? '0');
  const equity = num(/([\d,]+\.\d\d) USD/.exec(await account.innerText())?.[1] ?? '');
  expect(num(await fact(account, 'Balance')) + unrealised).toBeCloseTo(equity, 1);
}
