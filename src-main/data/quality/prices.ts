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

/** Jumps between the close of a bar and the open of the next that look like a split or a change of scale. */
export function checkJumps({ bars, instrument, findings, lineOf }: CheckContext): void {
  const { open, close, timeMs } = bars;
  const limit = LARGEST_JUMP[instrument.assetClass];
  const least = 1 - limit;
  const most = 1 / (1 - limit);
  for (let i = 1; i < timeMs.length; i++) {
    const ratio = open[i]! / close[i - 1]!;
    if (ratio > least && ratio < most) continue;
    const at = timeMs[i]!;
    findings.add(
      { kind: 'price_jump', severity: 'warning', timeMs: at, count: 1, ...(lineOf && { line: lineOf(i) }) },
      () =>
        `The price changes by ${(100 * (ratio - 1)).toFixed(1)} % between bars at ${isoTime(at)}: a split that is not adjusted, or another scale?`,
      Math.abs(Math.log(ratio)),
    );
  }
}

/**
 * Stretches in which the price never moves, and the share of bars without a range. Bars that a repair filled in
 * are still by construction and reported as filled.
 */
export function checkStale(context: CheckContext, ranges: Float64Array): void {
  const { bars, marks, findings } = context;
  const { timeMs, close } = bars;
  const rows = ranges.length;
  let zeros = 0;
  let run = 0;
  for (let i = 0; i < rows; i++) {
    const still = ranges[i] === 0 && !(marks && marks[i] === MARK.filled);
    if (still) zeros++;
    if (run > 0 && !(still && close[i] === close[i - 1])) {
      staleRun(context, i, run);
      run = 0;
    }
    if (still) run++;
  }
  staleRun(context, rows, run);
  if (zeros <= rows * ZERO_RANGE_SHARE) return;
  const whole = { timeMs: timeMs[0]!, untilMs: timeMs[rows - 1]! };
  findings.add({ kind: 'zero_range', severity: 'warning', ...whole, count: zeros }, () => {
    const percent = ((100 * zeros) / rows).toFixed(1);
    return `${percent} % of the bars have no range: an illiquid market, or filled-in bars.`;
  });
}

function staleRun({ bars, findings }: CheckContext, end: number, run: number): void {
  if (run < STALE_BARS) return;
  const timeMs = bars.timeMs[end - run]!;
  const untilMs = bars.timeMs[end - 1]!;
  findings.add(
    { kind: 'stale_run', severity: 'warning', timeMs, untilMs, count: run },
    () => `The price does not move for ${run} bars from ${isoTime(timeMs)}.`,
    run,
  );
}
