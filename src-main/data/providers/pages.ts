/** Checks what a provider delivers before anyone stores it. */
import { FrontierError } from '../../../src-shared/errors.ts';
import { type Bar, type BarColumns, barAt, barCount, lowerBound } from '../../../src-shared/market/bars.ts';
import { calendarOf, type MarketCalendar } from '../../../src-shared/market/calendars.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { timeframeMs } from '../../../src-shared/market/timeframes.ts';
import type { BarPage, BarRequest } from './port.ts';
import { columnsOf } from './reading.ts';

/** A stretch [fromMs, toMs) of epoch milliseconds UTC. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A stretch in which the market was open and the provider has no bars. It is reported, never filled. */
export interface Gap extends Span {
  /** Bars that the market's calendar expects there. */
  readonly missingBars: number;
}

/** Bars that are new, in order and sane. */
export interface CheckedPage {
  readonly bars: BarColumns;
  readonly gaps: readonly Gap[];
  /** Bars that had come before with the same values, and were left out. */
  readonly duplicatesDropped: number;
}

const VALUES = ['open', 'high', 'low', 'close', 'volume'] as const;

/** The state of one fetch: what came last and up to where gaps are accounted for. */
export class PageCheck {
  readonly #request: BarRequest;
  readonly #providerName: string;
  readonly #calendar: MarketCalendar;
  readonly #lengthMs: number;
  /** The last two pages, to compare repetitions with. */
  #recent: BarColumns[] = [];
  #lastMs = Number.NEGATIVE_INFINITY;
  #coveredMs: number;
  #accountedMs: number;

  constructor(request: BarRequest, providerName: string) {
    this.#request = request;
    this.#providerName = providerName;
    this.#calendar = calendarOf(instrumentFor(request.symbol));
    this.#lengthMs = timeframeMs(request.timeframe);
    this.#coveredMs = request.fromMs;
    this.#accountedMs = request.fromMs;
  }

  /**
   * @throws FrontierError CORRUPT for a bar outside the range that was asked, out of order, with impossible
   *   values, or one that comes twice with different values; and for coverage that goes back
   */
  accept(page: BarPage): CheckedPage {
    const rows: Bar[] = [];
    let duplicatesDropped = 0;
    for (let i = 0; i < barCount(page.bars); i++) {
      const row = barAt(page.bars, i);
      this.#checkValues(row);
      if (row.timeMs > this.#lastMs) {
        rows.push(row);
        this.#lastMs = row.timeMs;
      } else {
        this.#checkRepetition(row, rows);
        duplicatesDropped++;
      }
    }
    this.#checkCoverage(page.coveredToMs);
    const bars = columnsOf(rows);
    if (rows.length > 0) this.#recent = [...this.#recent.slice(-1), bars];
    return { bars, gaps: this.#gaps(rows, page.coveredToMs), duplicatesDropped };
  }

  #checkValues(row: Bar): void {
    const { fromMs, toMs } = this.#request;
    if (!(Number.isInteger(row.timeMs) && row.timeMs >= fromMs && row.timeMs < toMs)) {
      throw this.#broken(row, `is outside the asked range of ${iso(fromMs)} to ${iso(toMs)}`);
    }
    const prices = [row.open, row.high, row.low, row.close];
    if (!prices.every((p) => Number.isFinite(p) && p > 0))
      throw this.#broken(row, 'has a price that is not above zero');
    if (row.high < row.low) throw this.#broken(row, `has its high ${row.high} below its low ${row.low}`);
    if (row.high < Math.max(row.open, row.close) || row.low > Math.min(row.open, row.close)) {
      throw this.#broken(row, 'opens or closes outside its range');
    }
    if (!(Number.isFinite(row.volume) && row.volume >= 0)) throw this.#broken(row, 'has a negative volume');
  }

  #checkRepetition(row: Bar, rows: readonly Bar[]): void {
    const known = rows.findLast((r) => r.timeMs === row.timeMs) ?? this.#stored(row.timeMs);
    if (known === undefined) throw this.#broken(row, 'is out of order');
    if (VALUES.some((name) => known[name] !== row[name])) {
      throw this.#broken(row, 'came twice with different values');
    }
  }

  #stored(timeMs: number): Bar | undefined {
    for (const bars of this.#recent) {
      const index = lowerBound(bars.timeMs, timeMs);
      if (bars.timeMs[index] === timeMs) return barAt(bars, index);
    }
    return undefined;
  }

  #checkCoverage(coveredToMs: number): void {
    const { symbol, timeframe, toMs } = this.#request;
    // Bars beyond what a page covers would be asked for again and come twice into the store.
    if (coveredToMs >= this.#coveredMs && coveredToMs <= toMs && coveredToMs > this.#lastMs) {
      this.#coveredMs = coveredToMs;
      return;
    }
    throw corrupt(
      `${this.#providerName} covers ${symbol} ${timeframe} up to ${coveredToMs}, which contradicts its pages.`,
    );
  }

  #gaps(rows: readonly Bar[], coveredToMs: number): Gap[] {
    const gaps: Gap[] = [];
    for (const row of rows) {
      this.#account(row.timeMs, gaps);
      this.#accountedMs = row.timeMs + this.#lengthMs;
    }
    this.#account(coveredToMs, gaps);
    return gaps;
  }

  #account(untilMs: number, gaps: Gap[]): void {
    const fromMs = this.#accountedMs;
    if (untilMs <= fromMs) return;
    const missingBars = this.#expected(fromMs, untilMs);
    if (missingBars > 0) gaps.push({ fromMs, toMs: untilMs, missingBars });
    this.#accountedMs = untilMs;
  }

  /** Whole bars that fit; the asked range may start and end in the middle of one. */
  #expected(fromMs: number, toMs: number): number {
    const name = this.#calendar.name;
    if (name === 'nyse' || name === 'nse')
      return this.#calendar.expectedBars(fromMs, toMs, this.#request.timeframe);
    return Math.floor(this.#calendar.openMsBetween(fromMs, toMs) / this.#lengthMs);
  }

  #broken(row: Bar, what: string): FrontierError {
    const { symbol, timeframe } = this.#request;
    return corrupt(
      `${this.#providerName} sent a bar of ${symbol} ${timeframe} at ${iso(row.timeMs)} that ${what}.`,
    );
  }
}

function corrupt(message: string): FrontierError {
  return new FrontierError(
    'CORRUPT',
    message,
    'Nothing of this page was stored; try again later or use another provider for this stretch.',
  );
}

function iso(timeMs: number): string {
  return Number.isFinite(timeMs) && Math.abs(timeMs) <= 8.64e15
    ? new Date(timeMs).toISOString()
    : String(timeMs);
}
