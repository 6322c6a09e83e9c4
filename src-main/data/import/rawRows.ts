import type { FrontierError } from '../../../src-shared/errors.ts';
import { allocateBars, type BarColumns, sliceBars } from '../../../src-shared/market/bars.ts';

/** A row that cannot be stored as it stands. */
export interface RowDefect {
  /** Stable name, listed in `docs/spec/data.md`. */
  readonly kind: string;
  /** Index among the rows read. */
  readonly row: number;
  readonly line: number;
  /** Open of the row; NaN where its time cannot be read. */
  readonly timeMs: number;
  /** The refusal it is, where nothing is said about its kind. */
  readonly error: FrontierError;
  /** The row as it stands in the file. */
  readonly text?: string | undefined;
}

/** What was read of a table, in the order of the file, good rows and others. */
export interface RawRows {
  /** Instants; NaN where a cell cannot be read. */
  readonly bars: BarColumns;
  /** Line of each row; undefined where only good rows are known and lines do not matter. */
  readonly lines: Float64Array | undefined;
  /** Rows with cells or times that cannot be read, by row. */
  readonly defects: readonly RowDefect[];
  /** Defects beyond those listed, by kind. */
  readonly more: ReadonlyMap<string, number>;
  /** Offsets that the rows state, minutes; empty when they state none. */
  readonly offsets: readonly number[];
  readonly ambiguous: number;
  readonly impossible: number;
}

/** The largest history: 38 years of every minute. */
export const MOST_BARS = 20_000_000;
const FIRST_LENGTH = 1 << 14;
/** Before any market, and long after any bar: such times are misread. */
const EARLIEST_MS = Date.UTC(1800, 0, 1);
const LATEST_MS = Date.UTC(2200, 0, 1);

/** Whether a bar can be of this instant at all. False for NaN. */
export function isPlausibleTime(timeMs: number): boolean {
  return timeMs > EARLIEST_MS && timeMs < LATEST_MS;
}

/** Columns that grow as rows arrive. */
export class BarBuilder {
  #bars = allocateBars(FIRST_LENGTH);
  count = 0;

  add(timeMs: number, open: number, high: number, low: number, close: number, volume: number): void {
    if (this.count === this.#bars.timeMs.length) this.reserve(this.count + 1);
    const i = this.count++;
    const bars = this.#bars;
    bars.timeMs[i] = timeMs;
    bars.open[i] = open;
    bars.high[i] = high;
    bars.low[i] = low;
    bars.close[i] = close;
    bars.volume[i] = volume;
  }

  /** Makes room for so many rows in all, and returns the columns to write to. */
  reserve(rows: number): BarColumns {
    if (rows > this.#bars.timeMs.length) {
      const bigger = allocateBars(Math.max(rows, this.#bars.timeMs.length * 2));
      for (const key of Object.keys(bigger) as (keyof BarColumns)[]) {
        bigger[key].set(this.#bars[key].subarray(0, this.count));
      }
      this.#bars = bigger;
    }
    return this.#bars;
  }

  /** The rows so far, as views. */
  columns(): BarColumns {
    return sliceBars(this.#bars, 0, this.count);
  }
}

/** Whether every row is a bar in order: what an exact look would find no fault with. */
export function isClean(bars: BarColumns): boolean {
  const { timeMs, open, high, low, close, volume } = bars;
  let last = EARLIEST_MS;
  for (let i = 0; i < timeMs.length; i++) {
    const t = timeMs[i]!;
    const [o, h, l, c] = [open[i]!, high[i]!, low[i]!, close[i]!];
    // Written so that NaN fails every line.
    if (!(t > last) || !Number.isInteger(t) || !(l > 0 && h < Number.POSITIVE_INFINITY)) return false;
    if (!(o >= l && o <= h && c >= l && c <= h)) return false;
    if (!(volume[i]! >= 0 && volume[i]! < Number.POSITIVE_INFINITY)) return false;
    last = t;
  }
  return timeMs.length === 0 || isPlausibleTime(last);
}
