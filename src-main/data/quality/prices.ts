import type { AssetClass } from '../../../src-shared/market/instruments.ts';
import { MARK } from '../../../src-shared/market/marks.ts';
import { isoTime } from '../import/times.ts';
import type { CheckContext } from './types.ts';

/** Price changes between bars that no market of the class makes: a split, or another scale. */
const LARGEST_JUMP: Readonly<Record<AssetClass, number>> = {
  fx: 0.1,
  synthetic: 0.1,
  crypto: 0.25,
  stock: 0.25,
};
const STALE_BARS = 5;
const ZERO_RANGE_SHARE = 0.05;

/** Rows whose open differs from the close before by more than any market of the class moves. */
export function findJumps({ bars, instrument }: Pick<CheckContext, 'bars' | 'instrument'>): number[] {
  const { open, close } = bars;
  const limit = LARGEST_JUMP[instrument.assetClass];
  const least = 1 - limit;
  const most = 1 / (1 - limit);
  const rows: number[] = [];
  for (let i = 1; i < open.length; i++) {
    const ratio = open[i]! / close[i - 1]!;
    if (!(ratio > least && ratio < most)) rows.push(i);
  }
  return rows;
}

/** Jumps between the close of a bar and the open of the next that look like a split or a change of scale. */
export function checkJumps(context: CheckContext): void {
  const { bars, findings, lineOf } = context;
  for (const row of findJumps(context)) {
    const timeMs = bars.timeMs[row]!;
    const ratio = bars.open[row]! / bars.close[row - 1]!;
    findings.add(
      { kind: 'price_jump', severity: 'warning', timeMs, count: 1, ...(lineOf && { line: lineOf(row) }) },
      () =>
        `The price changes by ${(100 * (ratio - 1)).toFixed(1)} % between bars at ${isoTime(timeMs)}: a split that is not adjusted, or another scale?`,
      Math.abs(Math.log(ratio)),
    );
  }
}

/** A stretch [from, to) of bars in which the price never moves. */
export interface StaleRun {
  readonly from: number;
  readonly to: number;
}

/**
 * Finds stretches in which the price never moves, and counts bars without a range. Bars that a repair filled in are
 * still by construction and reported as filled.
 */
export function findStale(
  { bars, marks }: Pick<CheckContext, 'bars' | 'marks'>,
  ranges: Float64Array,
): { runs: StaleRun[]; zeros: number } {
  const { close } = bars;
  const rows = ranges.length;
  const runs: StaleRun[] = [];
  let zeros = 0;
  let run = 0;
  for (let i = 0; i <= rows; i++) {
    const still = i < rows && ranges[i] === 0 && !(marks && marks[i] === MARK.filled);
    if (still) zeros++;
    if (run > 0 && !(still && close[i] === close[i - 1])) {
      if (run >= STALE_BARS) runs.push({ from: i - run, to: i });
      run = 0;
    }
    if (still) run++;
  }
  return { runs, zeros };
}

/** Reports stretches in which the price never moves, and a large share of bars without a range. */
export function checkStale(context: CheckContext, ranges: Float64Array): void {
  const { bars, findings } = context;
  const { timeMs } = bars;
  const rows = ranges.length;
  const { runs, zeros } = findStale(context, ranges);
  for (const { from, to } of runs) {
    const span = { timeMs: timeMs[from]!, untilMs: timeMs[to - 1]! };
    findings.add(
      { kind: 'stale_run', severity: 'warning', ...span, count: to - from },
      () => `The price does not move for ${to - from} bars from ${isoTime(span.timeMs)}.`,
      to - from,
    );
  }
  if (zeros <= rows * ZERO_RANGE_SHARE) return;
  const whole = { timeMs: timeMs[0]!, untilMs: timeMs[rows - 1]! };
  findings.add({ kind: 'zero_range', severity: 'warning', ...whole, count: zeros }, () => {
    const percent = ((100 * zeros) / rows).toFixed(1);
    return `${percent} % of the bars have no range: an illiquid market, or filled-in bars.`;
  });
}
