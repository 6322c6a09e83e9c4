import type { BarColumns, PriceSide } from '../../../src-shared/market/bars.ts';
import { calendarOf } from '../../../src-shared/market/calendars.ts';
import type { Instrument } from '../../../src-shared/market/instruments.ts';
import { resample } from '../../../src-shared/market/resample.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import { importError } from './errors.ts';
import { BarBuilder, isPlausibleTime, MOST_BARS } from './rawRows.ts';
import type { RowSink, TickProblem } from './rows.ts';
import { isoTime } from './times.ts';

/** @throws FrontierError IMPORT_FAILED beyond the largest history */
export function checkCount(rows: number): void {
  if (rows <= MOST_BARS) return;
  throw importError(
    `The file has more than ${MOST_BARS / 1e6} million bars, the most that one history may have.`,
    'Import a part of it, or bars of a longer timeframe.',
  );
}

/** Rows of bars, good and bad, with their lines. */
export class BarSink implements RowSink {
  readonly #builder = new BarBuilder();
  #lines = new Float64Array(1 << 14);

  get count(): number {
    return this.#builder.count;
  }

  add(timeMs: number, values: readonly number[], volume: number, line: number): undefined {
    const row = this.#builder.count;
    if (row === this.#lines.length) {
      checkCount(row + 1);
      const longer = new Float64Array(row * 2);
      longer.set(this.#lines);
      this.#lines = longer;
    }
    this.#lines[row] = line;
    this.#builder.add(timeMs, values[0]!, values[1]!, values[2]!, values[3]!, volume);
  }

  columns(): { bars: BarColumns; lines: Float64Array } {
    return { bars: this.#builder.columns(), lines: this.#lines.subarray(0, this.#builder.count) };
  }
}

const MINUTE_MS = 60_000;

/**
 * Ticks to bars of a minute, one after the other: nothing of a tick is kept. A missing bid or ask is the last one.
 * Volume counts ticks.
 */
export class TickSink implements RowSink {
  readonly side: PriceSide;
  readonly #builder = new BarBuilder();
  #bid = Number.NaN;
  #ask = Number.NaN;
  #lastMs = Number.NEGATIVE_INFINITY;
  #minute = Number.NaN;
  #open = 0;
  #high = 0;
  #low = 0;
  #close = 0;
  #ticks = 0;
  count = 0;
  /** Ticks before the side asked for had its first price. */
  unpriced = 0;
  /** Ticks whose ask was below the bid. */
  crossed = 0;

  constructor(side: PriceSide) {
    this.side = side;
  }

  add(timeMs: number, values: readonly number[]): TickProblem | undefined {
    return this.push(timeMs, values[0]!, values[1]!);
  }

  /** Takes one tick; NaN for a price that has not changed. A tick with a problem changes nothing. */
  push(timeMs: number, bid: number, ask: number): TickProblem | undefined {
    if (!(timeMs >= this.#lastMs)) return { kind: 'out_of_order', message: this.#late(timeMs) };
    if (!isPlausibleTime(timeMs)) {
      const message = `${isoTime(timeMs)} is no time of a tick: it is before 1800 or after 2199.`;
      return { kind: 'bad_time', message };
    }
    if (bid <= 0 || ask <= 0) {
      return { kind: 'zero_price_row', message: `the price ${bid <= 0 ? bid : ask} is not above zero.` };
    }
    if (Number.isNaN(bid) && Number.isNaN(ask)) {
      return { kind: 'nan_cell', message: 'the row has neither a bid nor an ask.' };
    }
    this.#lastMs = timeMs;
    if (!Number.isNaN(bid)) this.#bid = bid;
    if (!Number.isNaN(ask)) this.#ask = ask;
    this.count++;
    if (this.#ask < this.#bid) this.crossed++;
    const price =
      this.side === 'bid' ? this.#bid : this.side === 'ask' ? this.#ask : (this.#bid + this.#ask) / 2;
    if (Number.isNaN(price)) this.unpriced++;
    else this.#take(Math.floor(timeMs / MINUTE_MS) * MINUTE_MS, price);
    return undefined;
  }

  #late(timeMs: number): string {
    return `out of order: ${isoTime(timeMs)} comes after ${isoTime(this.#lastMs)}.`;
  }

  #take(minute: number, price: number): void {
    if (minute !== this.#minute) {
      this.#flush();
      this.#minute = minute;
      this.#open = price;
      this.#high = price;
      this.#low = price;
      this.#ticks = 0;
    }
    if (price > this.#high) this.#high = price;
    if (price < this.#low) this.#low = price;
    this.#close = price;
    this.#ticks++;
  }

  #flush(): void {
    if (this.#ticks === 0) return;
    checkCount(this.#builder.count + 1);
    this.#builder.add(this.#minute, this.#open, this.#high, this.#low, this.#close, this.#ticks);
    this.#ticks = 0;
  }

  /** The bars of a minute when all ticks were taken. */
  minutes(): BarColumns {
    this.#flush();
    this.#minute = Number.NaN;
    return this.#builder.columns();
  }

  /** The bars of all ticks taken, at the market's own boundaries. */
  finish(timeframe: Timeframe, instrument: Instrument): BarColumns {
    const minutes = this.minutes();
    if (timeframe === 'M1' || minutes.timeMs.length === 0) return minutes;
    return resample(minutes, { source: 'M1', target: timeframe, calendar: calendarOf(instrument) }).bars;
  }
}
