import { type BarColumns, lowerBound } from '../../../src-shared/market/bars.ts';
import { isoTime } from '../import/times.ts';
import type { QualityIssue } from './types.ts';

const COLUMNS = ['timeMs', 'open', 'high', 'low', 'close', 'volume'] as const;
const PRICES = ['open', 'high', 'low', 'close'] as const;

/** Columns reduced to rows that are bars in order, and what was wrong with the others. */
export interface SoundRows {
  readonly bars: BarColumns;
  readonly issues: QualityIssue[];
}

/** @param what follows the bar's time in the message */
function issue(kind: string, timeMs: number, what: string): QualityIssue {
  return { kind, severity: 'error', timeMs, count: 1, message: `Bar at ${isoTime(timeMs)}${what}` };
}

/** What is wrong with the cells of one row; undefined when nothing is. */
function cellIssue(bars: BarColumns, i: number): QualityIssue | undefined {
  const timeMs = bars.timeMs[i]!;
  const nan = COLUMNS.find((name) => !Number.isFinite(bars[name][i]!));
  if (nan) return issue('nan_cell', timeMs, `: ${nan} is not a number.`);
  if (PRICES.some((name) => bars[name][i]! <= 0)) {
    return issue('zero_price_row', timeMs, ': a price is zero or negative.');
  }
  const [high, low] = [bars.high[i]!, bars.low[i]!];
  if (high < low) return issue('high_below_low', timeMs, `: the high ${high} is below the low ${low}.`);
  const outside = (['open', 'close'] as const).find((n) => bars[n][i]! > high || bars[n][i]! < low);
  if (!outside) return undefined;
  return issue('outside_range', timeMs, `: the ${outside} is outside the range of the bar.`);
}

/** What is wrong with the place of a row after those already taken. */
function orderIssue(
  bars: BarColumns,
  i: number,
  sound: readonly number[],
  times: Float64Array,
): QualityIssue | undefined {
  const timeMs = bars.timeMs[i]!;
  const count = sound.length;
  if (count === 0 || timeMs > times[count - 1]!) return undefined;
  const at = lowerBound(times.subarray(0, count), timeMs);
  if (times[at] !== timeMs) {
    return issue('out_of_order', timeMs, ` comes after the one at ${isoTime(times[count - 1]!)}.`);
  }
  const twin = sound[at]!;
  const same = COLUMNS.every((name) => bars[name][twin] === bars[name][i]);
  return same
    ? issue('duplicate_exact', timeMs, ' is there twice.')
    : issue('duplicate_conflict', timeMs, ' differs from another one at the same time.');
}

/** Separates rows that are bars from those that are not. Nothing is repaired. */
export function soundRows(bars: BarColumns): SoundRows {
  const rows = bars.timeMs.length;
  const issues: QualityIssue[] = [];
  const sound: number[] = [];
  const times = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const problem = cellIssue(bars, i) ?? orderIssue(bars, i, sound, times);
    if (problem) issues.push(problem);
    else {
      times[sound.length] = bars.timeMs[i]!;
      sound.push(i);
    }
  }
  if (sound.length === rows) return { bars, issues };
  const pick = (column: Float64Array) => Float64Array.from(sound, (i) => column[i]!);
  const { timeMs, open, high, low, close, volume } = bars;
  return {
    bars: {
      timeMs: pick(timeMs),
      open: pick(open),
      high: pick(high),
      low: pick(low),
      close: pick(close),
      volume: pick(volume),
    },
    issues,
  };
}
