import { type BarColumns, lowerBound } from '../../../src-shared/market/bars.ts';
import { isoTime } from '../import/times.ts';
import type { Findings } from './findings.ts';

const COLUMNS = ['timeMs', 'open', 'high', 'low', 'close', 'volume'] as const;
const PRICES = ['open', 'high', 'low', 'close'] as const;

/** Columns reduced to rows that are bars in order. */
export interface SoundRows {
  readonly bars: BarColumns;
  /** The row that each bar was before; undefined where every row is a bar. */
  readonly rows: Int32Array | undefined;
  /** Times of the rows that are none. */
  readonly unsoundMs: readonly number[];
}

interface Problem {
  readonly kind: string;
  /** What follows the bar's time in the message. */
  readonly what: () => string;
}

/** The first row that is no bar after those before it; the number of rows when all are. */
function firstUnsound({ timeMs, open, high, low, close, volume }: BarColumns): number {
  const rows = timeMs.length;
  let last = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows; i++) {
    const t = timeMs[i]!;
    const h = high[i]!;
    const l = low[i]!;
    const o = open[i]!;
    const c = close[i]!;
    const v = volume[i]!;
    const inside = o >= l && o <= h && c >= l && c <= h;
    // Comparisons with NaN are false, and infinity less itself is NaN.
    if (!(t > last && t < Infinity && l > 0 && h < Infinity && inside && v - v === 0)) return i;
    last = t;
  }
  return rows;
}

/** What is wrong with the cells of one row; undefined when nothing is. */
function cellProblem(bars: BarColumns, i: number): Problem | undefined {
  const nan = COLUMNS.find((name) => !Number.isFinite(bars[name][i]!));
  if (nan) return { kind: 'nan_cell', what: () => `: ${nan === 'timeMs' ? 'time' : nan} is not a number.` };
  if (PRICES.some((name) => bars[name][i]! <= 0)) {
    return { kind: 'zero_price_row', what: () => ': a price is zero or negative.' };
  }
  const [high, low] = [bars.high[i]!, bars.low[i]!];
  if (high < low) {
    return { kind: 'high_below_low', what: () => `: the high ${high} is below the low ${low}.` };
  }
  const outside = (['open', 'close'] as const).find((n) => bars[n][i]! > high || bars[n][i]! < low);
  if (!outside) return undefined;
  return { kind: 'outside_range', what: () => `: the ${outside} is outside the range of the bar.` };
}

/** What is wrong with the place of a row after the first `count` that were kept. */
function orderProblem(
  bars: BarColumns,
  i: number,
  kept: Int32Array,
  times: Float64Array,
  count: number,
): Problem | undefined {
  const timeMs = bars.timeMs[i]!;
  const lastMs = count === 0 ? Number.NEGATIVE_INFINITY : times[count - 1]!;
  if (timeMs > lastMs) return undefined;
  const at = lowerBound(times.subarray(0, count), timeMs);
  if (times[at] !== timeMs || at >= count) {
    return { kind: 'out_of_order', what: () => ` comes after the one at ${isoTime(lastMs)}.` };
  }
  const twin = kept[at]!;
  const same = COLUMNS.every((name) => bars[name][twin] === bars[name][i]);
  return same
    ? { kind: 'duplicate_exact', what: () => ' is there twice.' }
    : { kind: 'duplicate_conflict', what: () => ' differs from another one at the same time.' };
}

/** Separates rows that are bars from those that are not. Nothing is repaired. */
export function soundRows(
  bars: BarColumns,
  findings: Findings,
  lineOf: ((row: number) => number) | undefined,
): SoundRows {
  const rows = bars.timeMs.length;
  const first = firstUnsound(bars);
  if (first === rows) return { bars, rows: undefined, unsoundMs: [] };
  const kept = new Int32Array(rows);
  const times = new Float64Array(rows);
  for (let i = 0; i < first; i++) kept[i] = i;
  times.set(bars.timeMs.subarray(0, first));
  const unsoundMs: number[] = [];
  let count = first;
  for (let i = first; i < rows; i++) {
    const problem = cellProblem(bars, i) ?? orderProblem(bars, i, kept, times, count);
    if (!problem) {
      times[count] = bars.timeMs[i]!;
      kept[count++] = i;
      continue;
    }
    const { kind, what } = problem;
    const stated = bars.timeMs[i]!;
    // A time that is no number has no place; the report shows the row where it was found.
    if (Number.isFinite(stated)) unsoundMs.push(stated);
    const timeMs = Number.isFinite(stated) ? stated : (times[count - 1] ?? 0);
    const message = () => `Bar at ${Number.isFinite(stated) ? isoTime(stated) : 'an unknown time'}${what()}`;
    findings.add({ kind, severity: 'error', timeMs, count: 1, ...(lineOf && { line: lineOf(i) }) }, message);
  }
  return { bars: pick(bars, kept.subarray(0, count)), rows: kept.slice(0, count), unsoundMs };
}

/** The rows at some indices, in that order. */
export function pick(bars: BarColumns, indices: Int32Array): BarColumns {
  const column = (from: Float64Array) => {
    const to = new Float64Array(indices.length);
    for (let i = 0; i < indices.length; i++) to[i] = from[indices[i]!]!;
    return to;
  };
  const { timeMs, open, high, low, close, volume } = bars;
  return {
    timeMs: column(timeMs),
    open: column(open),
    high: column(high),
    low: column(low),
    close: column(close),
    volume: column(volume),
  };
}
