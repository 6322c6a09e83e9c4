import { FrontierError } from '../errors.ts';
import { allocateBars, type Bar, type BarColumns, barCount } from './bars.ts';
import { BucketGrid } from './bucketGrid.ts';
import type { MarketCalendar } from './calendars.ts';
import { ALL_TIMEFRAMES, type AnyTimeframe, timeframeMs } from './timeframes.ts';

/** What to resample. The rules are numbered in `docs/spec/resampling.md`. */
export interface ResampleOptions {
  /** Timeframe of the bars that come in. */
  readonly source: AnyTimeframe;
  /** Timeframe of the bars that go out: the same or longer, and a whole number of source bars (RES-8). */
  readonly target: AnyTimeframe;
  /** Calendar of the market: it fixes where days begin (RES-1) and when a bar is whole (RES-7). */
  readonly calendar: MarketCalendar;
  /**
   * The history is known to hold everything up to this instant, epoch milliseconds UTC. Without it, up to the
   * end of the last source bar.
   */
  readonly completeUntilMs?: number | undefined;
}

/** Resampled bars and how far they can be trusted. */
export interface Resampled {
  readonly bars: BarColumns;
  /** RES-7: the market was open in the first bar before the history begins. */
  readonly firstPartial: boolean;
  /** RES-7: the market is still to trade in the last bar. */
  readonly lastPartial: boolean;
  /** RES-8: source bars that reach over the end of the bar they were counted in: the source is not aligned. */
  readonly straddlingBars: number;
}

/** The bar that is being formed. */
export interface FormingBar {
  readonly bar: Bar;
  /** RES-7: the market is still to trade in it. */
  readonly partial: boolean;
}

const DAY_MS = 86_400_000;

/**
 * The timeframes that bars of a given one can be resampled to, itself included (RES-8).
 * @returns shortest first
 */
export function resampleTargets(source: AnyTimeframe): AnyTimeframe[] {
  return ALL_TIMEFRAMES.filter((target) => divides(source, target));
}

function divides(source: AnyTimeframe, target: AnyTimeframe): boolean {
  if (source === target) return true;
  // Weeks do not add up to months; everything up to a day divides both.
  if (target === 'W1' || target === 'MN1') return timeframeMs(source) <= DAY_MS;
  return timeframeMs(source) < timeframeMs(target) && timeframeMs(target) % timeframeMs(source) === 0;
}

function assertDivides(source: AnyTimeframe, target: AnyTimeframe): void {
  if (divides(source, target)) return;
  throw new FrontierError(
    'BAD_INPUT',
    `${source} bars cannot be resampled to ${target}.`,
    `${source} can become ${resampleTargets(source).join(', ')}; for ${target} bring finer history.`,
  );
}

function outOfOrder(timeMs: number, previousMs: number): FrontierError {
  return new FrontierError(
    'BAD_INPUT',
    `Bar times must increase: ${timeMs} follows ${previousMs} (epoch milliseconds).`,
    'Check the quality of the history and repair it before resampling.',
  );
}

/**
 * When bars of one timeframe end. Up to half a day that is their length; a longer one lasts as long as its
 * unit of the calendar does (23 hours, 31 days).
 */
class SourceEnds {
  readonly #lengthMs: number;
  readonly #units: BucketGrid | undefined;

  constructor(source: AnyTimeframe, market: MarketCalendar['name']) {
    this.#lengthMs = timeframeMs(source);
    this.#units = this.#lengthMs >= DAY_MS ? new BucketGrid(source, market, source) : undefined;
  }

  endOf(timeMs: number): number {
    if (!this.#units) return timeMs + this.#lengthMs;
    this.#units.seek(timeMs);
    return this.#units.endMs;
  }
}

/** Whether the market trades at some instant of [fromMs, toMs). */
function tradesBetween(calendar: MarketCalendar, fromMs: number, toMs: number): boolean {
  return fromMs < toMs && calendar.sessions(fromMs, toMs).length > 0;
}

/** Columns that grow: the number of buckets is known only when the calendar has been walked. */
class BarWriter {
  #bars: BarColumns;
  #count = 0;

  constructor(capacity: number) {
    this.#bars = allocateBars(capacity);
  }

  add(timeMs: number, open: number, high: number, low: number, close: number, volume: number): void {
    if (this.#count === this.#bars.timeMs.length) this.#bars = this.#copy(2 * this.#count + 16);
    const at = this.#count++;
    this.#bars.timeMs[at] = timeMs;
    this.#bars.open[at] = open;
    this.#bars.high[at] = high;
    this.#bars.low[at] = low;
    this.#bars.close[at] = close;
    this.#bars.volume[at] = volume;
  }

  finish(): BarColumns {
    return this.#count === this.#bars.timeMs.length ? this.#bars : this.#copy(this.#count);
  }

  #copy(capacity: number): BarColumns {
    const to = allocateBars(capacity);
    for (const name of ['timeMs', 'open', 'high', 'low', 'close', 'volume'] as const) {
      to[name].set(this.#bars[name].subarray(0, this.#count));
    }
    return to;
  }
}

/**
 * Bars of a longer timeframe from bars of a shorter one, in one pass, aligned to the market's calendar.
 * Open first, high highest, low lowest, close last, volume summed in order; a bucket without bars is absent.
 * @param bars strictly increasing times, finite prices
 * @returns new columns; nothing is shared with the input
 * @throws FrontierError BAD_INPUT when the target is not a multiple of the source or times do not increase
 */
export function resample(bars: BarColumns, options: ResampleOptions): Resampled {
  const { source, target, calendar } = options;
  assertDivides(source, target);
  const grid = new BucketGrid(target, calendar.name, source);
  const ends = new SourceEnds(source, calendar.name);
  const { timeMs, open, high, low, close, volume } = bars;
  const count = barCount(bars);
  const writer = new BarWriter(estimatedBars(count, source, target));
  let straddlingBars = 0;
  let firstPartial = false;
  let sourceEndMs = Number.NEGATIVE_INFINITY;
  for (let next = 0; next < count; ) {
    const first = next;
    let previousMs = timeMs[first]!;
    grid.seek(previousMs);
    if (first === 0) firstPartial = tradesBetween(calendar, grid.fromMs, previousMs);
    const { endMs } = grid;
    let highest = high[first]!;
    let lowest = low[first]!;
    let total = volume[first]!;
    for (next++; next < count; next++) {
      const at = timeMs[next]!;
      if (at >= endMs) break;
      if (!(at > previousMs)) throw outOfOrder(at, previousMs);
      previousMs = at;
      const h = high[next]!;
      const l = low[next]!;
      if (h > highest) highest = h;
      if (l < lowest) lowest = l;
      total += volume[next]!;
    }
    sourceEndMs = ends.endOf(previousMs);
    if (sourceEndMs > endMs) straddlingBars++;
    writer.add(grid.stampMs, open[first]!, highest, lowest, close[next - 1]!, total);
  }
  const knownMs = Math.max(sourceEndMs, options.completeUntilMs ?? sourceEndMs);
  const lastPartial = count > 0 && tradesBetween(calendar, knownMs, grid.endMs);
  return { bars: writer.finish(), firstPartial, lastPartial, straddlingBars };
}

/** Buckets that `count` bars fill where none is missing, and some more for gaps; the writer grows beyond. */
function estimatedBars(count: number, source: AnyTimeframe, target: AnyTimeframe): number {
  return Math.min(count, 16 + Math.ceil((1.1 * count * timeframeMs(source)) / timeframeMs(target)));
}

/**
 * The incremental form of `resample`: the same bars, bit for bit (RES-9), one source bar at a time.
 * A bar is closed by the first source bar beyond it, or by the clock (`advanceTo`).
 */
export class Resampler {
  readonly #calendar: MarketCalendar;
  readonly #grid: BucketGrid;
  readonly #ends: SourceEnds;
  #forming: { -readonly [K in keyof Bar]: Bar[K] } | undefined;
  #previousMs = Number.NEGATIVE_INFINITY;
  #knownMs: number;
  /** Start of what may still come: bars below it are closed for good. */
  #closedUntilMs = Number.NEGATIVE_INFINITY;
  /** First instant from which the market no longer trades in the forming bar; found when first asked for. */
  #wholeAtMs: number | undefined;
  #straddlingBars = 0;
  #pendingStraddle = false;

  /** @throws FrontierError BAD_INPUT when the target is not a multiple of the source */
  constructor(options: ResampleOptions) {
    assertDivides(options.source, options.target);
    this.#calendar = options.calendar;
    this.#grid = new BucketGrid(options.target, options.calendar.name, options.source);
    this.#ends = new SourceEnds(options.source, options.calendar.name);
    this.#knownMs = options.completeUntilMs ?? Number.NEGATIVE_INFINITY;
  }

  /** RES-8: source bars so far that reached over the end of the bar they were counted in. */
  get straddlingBars(): number {
    return this.#straddlingBars + (this.#pendingStraddle ? 1 : 0);
  }

  /**
   * Takes the next source bar.
   * @returns the bar that it closed, if it did
   * @throws FrontierError BAD_INPUT when its time does not increase, or lies in a bar that the clock has closed
   */
  push(bar: Bar): Bar | undefined {
    const { timeMs } = bar;
    if (!(timeMs > this.#previousMs && timeMs < Infinity)) throw outOfOrder(timeMs, this.#previousMs);
    if (timeMs < this.#closedUntilMs) throw tooLate(timeMs, this.#closedUntilMs);
    const forming = this.#forming;
    const closed = forming && timeMs < this.#grid.endMs ? undefined : this.#close();
    if (forming && !closed) merge(forming, bar);
    else this.#begin(bar);
    this.#previousMs = timeMs;
    const endMs = this.#ends.endOf(timeMs);
    this.#pendingStraddle = endMs > this.#grid.endMs;
    this.#knownMs = Math.max(this.#knownMs, endMs);
    return closed;
  }

  /**
   * Says that everything up to an instant has been seen. A bar is closed at the end of its bucket and not at
   * the market's close before it: where a broker trades on, its bars still belong in (RES-9).
   * @param nowMs epoch milliseconds UTC; an earlier one than before changes nothing
   * @returns the bar that has ended by then, if one has
   */
  advanceTo(nowMs: number): Bar | undefined {
    this.#knownMs = Math.max(this.#knownMs, nowMs);
    return this.#forming && this.#knownMs >= this.#grid.endMs ? this.#close() : undefined;
  }

  /** The bar that is being formed, as it stands; undefined before the first bar and after `advanceTo` closed it. */
  forming(): FormingBar | undefined {
    return this.#forming && { bar: { ...this.#forming }, partial: this.#knownMs < this.#wholeAt() };
  }

  #begin(bar: Bar): void {
    this.#grid.seek(bar.timeMs);
    const { open, high, low, close, volume } = bar;
    this.#forming = { timeMs: this.#grid.stampMs, open, high, low, close, volume };
    this.#wholeAtMs = undefined;
  }

  #close(): Bar | undefined {
    const closed = this.#forming;
    if (!closed) return undefined;
    this.#forming = undefined;
    this.#closedUntilMs = this.#grid.endMs;
    if (this.#pendingStraddle) this.#straddlingBars++;
    this.#pendingStraddle = false;
    return closed;
  }

  #wholeAt(): number {
    if (this.#wholeAtMs === undefined) {
      const { fromMs, endMs } = this.#grid;
      const lastCloseMs = this.#calendar.sessions(fromMs, endMs).at(-1)?.closeMs ?? fromMs;
      this.#wholeAtMs = Math.min(lastCloseMs, endMs);
    }
    return this.#wholeAtMs;
  }
}

function merge(into: { -readonly [K in keyof Bar]: Bar[K] }, bar: Bar): void {
  if (bar.high > into.high) into.high = bar.high;
  if (bar.low < into.low) into.low = bar.low;
  into.close = bar.close;
  into.volume += bar.volume;
}

function tooLate(timeMs: number, closedUntilMs: number): FrontierError {
  return new FrontierError(
    'BAD_INPUT',
    `A bar of ${timeMs} comes after the bar up to ${closedUntilMs} was closed by the clock.`,
    'Advance the clock only to instants up to which every source bar has arrived, or resample the stored history.',
  );
}
