/** From a model to a front of points, and to one of them. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { shot } from '../../support/e2e.ts';
import {
  cells,
  fact,
  fillNumber,
  flat,
  metric,
  num,
  openTab,
  pixelsOf,
  rowCount,
  until,
  waitForStudy,
} from '../../support/e2eSteps.ts';
import type { World } from '../../support/e2eWorld.ts';

/** Searches the genes of the strategy and looks at what was found. */
export function studySteps(world: World): void {
  it('runs a study and shows its front growing', async () => {
    const { page } = world;
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
    const told = /([\d,]+) of ([\d,]+) evaluations ([\d,]+) on the front/.exec(flat(await head.innerText()));
    const [done, planned, front] = (told?.slice(1) ?? []).map(num);
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
    const { page } = world;
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
    const { page } = world;
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
