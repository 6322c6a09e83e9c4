/** Stored history through the interface of live feeds: ticks or bars, at any speed (FEED-9). */
import { FrontierError } from '../../../src-shared/errors.ts';
import {
  type Bar,
  type BarColumns,
  barAt,
  barCount,
  type PriceSide,
} from '../../../src-shared/market/bars.ts';
import type { MarketCalendar } from '../../../src-shared/market/calendars.ts';
import { type AnyTimeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { ManualClock } from '../../../src-shared/runtime.ts';
import { BarBuilder } from './barBuilder.ts';
import { Pacer, type Sleep } from './pacer.ts';
import {
  type BuiltBar,
  type FeedEvent,
  type FeedState,
  type FeedStatus,
  type MarketFeed,
  NO_TICKS,
  type Tick,
  type TickCounts,
} from './types.ts';

/** Ticks as columns, in time order. NaN is a side that the tick does not carry. */
export interface TickColumns {
  readonly timeMs: Float64Array;
  readonly bid: Float64Array;
  readonly ask: Float64Array;
}

export interface ReplayFeedOptions {
  readonly symbol: string;
  readonly timeframe: AnyTimeframe;
  readonly priceSide: PriceSide;
  readonly calendar: MarketCalendar;
  /** Multiple of the market's pace: 1 is real time, 60 a minute a second, Infinity as fast as it is taken. */
  readonly speed: number;
  readonly sleep: Sleep;
}

/** What a replay of ticks and one of bars have in common: a clock of their own, speed, pauses, one run. */
abstract class Replay implements MarketFeed {
  readonly symbol: string;
  readonly timeframe: AnyTimeframe;
  readonly priceSide: PriceSide;
  protected readonly options: ReplayFeedOptions;
  readonly #pacer: Pacer;
  /** The time that it is in the replay. */
  protected readonly clock: ManualClock;
  #speed: number;
  #state: FeedState = 'waiting';
  #sinceMs: number;
  #heardMs: number | undefined;
  #started = false;

  constructor(options: ReplayFeedOptions, startMs: number) {
    this.symbol = options.symbol;
    this.timeframe = options.timeframe;
    this.priceSide = options.priceSide;
    this.options = options;
    this.#pacer = new Pacer(options.sleep);
    this.clock = new ManualClock(startMs);
    this.#sinceMs = startMs;
    this.#speed = checkedSpeed(options.speed);
  }

  get speed(): number {
    return this.#speed;
  }

  /** Takes effect at once. @throws FrontierError BAD_INPUT unless above 0 */
  setSpeed(speed: number): void {
    this.#speed = checkedSpeed(speed);
    this.#pacer.restart();
  }

  /** Holds back the next event until `resume`. */
  pause(): void {
    this.#pacer.pause();
  }

  resume(): void {
    this.#pacer.resume();
  }

  protected abstract counts(): TickCounts;
  protected abstract play(signal: AbortSignal): AsyncGenerator<FeedEvent, void, void>;

  status(): FeedStatus {
    return { state: this.#state, sinceMs: this.#sinceMs, heardMs: this.#heardMs, counts: this.counts() };
  }

  /** @throws FrontierError CONFLICT when called twice: a replay has one position */
  async *events(signal: AbortSignal): AsyncGenerator<FeedEvent, void, void> {
    if (this.#started)
      throw new FrontierError('CONFLICT', 'This replay is already running.', 'Make another replay.');
    this.#started = true;
    yield this.#become('live');
    for await (const event of this.play(signal)) {
      if (signal.aborted) return;
      this.#heardMs = this.clock.nowMs();
      yield event;
    }
    if (!signal.aborted) yield this.#become('ended');
  }

  #become(state: FeedState): FeedEvent {
    this.#state = state;
    this.#sinceMs = this.clock.nowMs();
    return { type: 'status', status: this.status() };
  }

  /**
   * Lets the replay's time come to an instant: hours in which the market is closed take no time (FEED-9).
   * @returns false when the replay was stopped before
   */
  protected async reach(timeMs: number, signal: AbortSignal): Promise<boolean> {
    const fromMs = this.clock.nowMs();
    const tradedMs = timeMs > fromMs ? this.options.calendar.openMsBetween(fromMs, timeMs) : 0;
    await this.#pacer.step(tradedMs / this.#speed, signal);
    if (signal.aborted) return false;
    this.clock.advanceTo(timeMs);
    return true;
  }
}

/** Stored ticks, and the bars they make. */
export class TickReplay extends Replay {
  readonly #ticks: TickColumns;
  readonly #builder: BarBuilder;

  /** @throws FrontierError BAD_INPUT for columns of different lengths or a speed that is not above 0 */
  constructor(options: ReplayFeedOptions & { readonly ticks: TickColumns }) {
    const { timeMs, bid, ask } = options.ticks;
    if (timeMs.length !== bid.length || timeMs.length !== ask.length)
      throw new FrontierError(
        'BAD_INPUT',
        `There are ${timeMs.length} times, ${bid.length} bids and ${ask.length} asks.`,
        'Give one bid and one ask per tick, NaN where it has none.',
      );
    super(options, timeMs[0] ?? 0);
    this.#ticks = options.ticks;
    const { timeframe, calendar, priceSide } = options;
    this.#builder = new BarBuilder({ timeframe, calendar, priceSide, watchedFromMs: timeMs[0] });
  }

  protected counts(): TickCounts {
    return this.#builder.counts;
  }

  protected async *play(signal: AbortSignal): AsyncGenerator<FeedEvent, void, void> {
    const { timeMs } = this.#ticks;
    for (let i = 0; i < timeMs.length; i++) {
      const tick = this.#tick(i);
      const closesAtMs = this.#builder.closesAtMs ?? Number.POSITIVE_INFINITY;
      if (closesAtMs <= tick.timeMs) {
        if (!(await this.reach(closesAtMs, signal))) return;
        const closed = this.#builder.advanceTo(closesAtMs);
        if (closed) yield barEvent(closed);
      }
      if (!(await this.reach(tick.timeMs, signal))) return;
      const closed = this.#builder.push(tick, this.clock.nowMs());
      if (closed) yield barEvent(closed);
      if (this.#builder.refusedLast) continue;
      yield { type: 'tick', ...tick };
      const forming = this.#builder.forming();
      if (forming) yield barEvent(forming);
    }
  }

  #tick(i: number): Tick {
    const side = (price: number): number | undefined => (Number.isNaN(price) ? undefined : price);
    const { timeMs, bid, ask } = this.#ticks;
    return { timeMs: timeMs[i]!, bid: side(bid[i]!), ask: side(ask[i]!) };
  }
}

/** Stored bars: each is complete at its end. */
export class BarReplay extends Replay {
  readonly #bars: BarColumns;
  #next = 0;

  /** @throws FrontierError BAD_INPUT for a speed that is not above 0 */
  constructor(options: ReplayFeedOptions & { readonly bars: BarColumns }) {
    super(options, options.bars.timeMs[0] ?? 0);
    this.#bars = options.bars;
  }

  /** Bars still to come. */
  get remaining(): number {
    return barCount(this.#bars) - this.#next;
  }

  protected counts(): TickCounts {
    return NO_TICKS;
  }

  protected async *play(signal: AbortSignal): AsyncGenerator<FeedEvent, void, void> {
    while (this.#next < barCount(this.#bars)) {
      const bar: Bar = barAt(this.#bars, this.#next);
      if (!(await this.reach(bar.timeMs + timeframeMs(this.timeframe), signal))) return;
      this.#next++;
      yield { type: 'bar', bar, complete: true, whole: true };
    }
  }
}

const barEvent = (built: BuiltBar): FeedEvent => ({ type: 'bar', ...built });

function checkedSpeed(speed: number): number {
  if (speed > 0) return speed;
  throw new FrontierError(
    'BAD_INPUT',
    `A replay cannot run at ${speed} times the pace of the market.`,
    'Use a number above 0, or pause the replay.',
  );
}
