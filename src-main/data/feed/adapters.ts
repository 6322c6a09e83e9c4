/** From one kind of feed to another: closed bars for sessions, longer bars, and bars as events. */
import type { Bar, PriceSide } from '../../../src-shared/market/bars.ts';
import { BucketGrid } from '../../../src-shared/market/bucketGrid.ts';
import type { MarketCalendar } from '../../../src-shared/market/calendars.ts';
import { Resampler } from '../../../src-shared/market/resample.ts';
import { type AnyTimeframe, type Timeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import type { Clock } from '../../../src-shared/runtime.ts';
import type { BarFeed } from '../feed.ts';
import { type FeedEvent, type FeedState, type FeedStatus, type MarketFeed, NO_TICKS } from './types.ts';

export interface ClosedBarsOptions {
  readonly feed: MarketFeed;
  readonly timeframe: Timeframe;
  /**
   * FEED-5: the bar of an interrupted stretch as the provider's history has it. Without it, or where it has none,
   * the bar is left out: no decision is made on half a bar.
   */
  readonly history?: ((barTimeMs: number, signal: AbortSignal) => Promise<Bar | undefined>) | undefined;
  /** Told of every bar that was left out. */
  readonly onLeftOut?: ((barTimeMs: number) => void) | undefined;
}

/** The closed bars of a feed, as sessions take them. */
export function closedBars(options: ClosedBarsOptions): BarFeed {
  const { feed, timeframe, history, onLeftOut } = options;
  return {
    symbol: feed.symbol,
    timeframe,
    async *bars(signal) {
      for await (const event of feed.events(signal)) {
        if (event.type !== 'bar' || !event.complete) continue;
        const bar = event.whole ? event.bar : await history?.(event.bar.timeMs, signal);
        if (bar) yield bar;
        else onLeftOut?.(event.bar.timeMs);
      }
    },
  };
}

/** A source of closed bars as a feed of events, so that whoever shows a feed can show a replay of a session. */
export class BarsAsFeed implements MarketFeed {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly priceSide: PriceSide;
  readonly #feed: BarFeed;
  readonly #clock: Clock;
  #state: FeedState = 'waiting';
  #sinceMs: number;
  #heardMs: number | undefined;

  constructor(feed: BarFeed, priceSide: PriceSide, clock: Clock) {
    this.symbol = feed.symbol;
    this.timeframe = feed.timeframe;
    this.priceSide = priceSide;
    this.#feed = feed;
    this.#clock = clock;
    this.#sinceMs = clock.nowMs();
  }

  status(): FeedStatus {
    return { state: this.#state, sinceMs: this.#sinceMs, heardMs: this.#heardMs, counts: NO_TICKS };
  }

  async *events(signal: AbortSignal): AsyncGenerator<FeedEvent, void, void> {
    for await (const bar of this.#feed.bars(signal)) {
      this.#heardMs = this.#clock.nowMs();
      if (this.#state !== 'live') yield this.#become('live');
      yield { type: 'bar', bar, complete: true, whole: true };
    }
    if (!signal.aborted) yield this.#become('ended');
  }

  #become(state: FeedState): FeedEvent {
    this.#state = state;
    this.#sinceMs = this.#clock.nowMs();
    return { type: 'status', status: this.status() };
  }
}

export interface LongerBarsOptions {
  readonly feed: MarketFeed;
  readonly target: AnyTimeframe;
  readonly calendar: MarketCalendar;
}

/**
 * FEED-10: longer bars from the closed bars of a feed, each closed with its last source bar, or by the time that
 * later ticks and bars carry; the same as resampling the stored bars (RES-9). Ticks and states pass through.
 * @throws FrontierError BAD_INPUT when the target is not a multiple of the feed's timeframe
 */
export class LongerBars implements MarketFeed {
  readonly symbol: string;
  readonly timeframe: AnyTimeframe;
  readonly priceSide: PriceSide;
  readonly #options: LongerBarsOptions;
  readonly #resampler: Resampler;
  #begun = false;
  #whole = true;

  constructor(options: LongerBarsOptions) {
    const { feed, target, calendar } = options;
    this.symbol = feed.symbol;
    this.timeframe = target;
    this.priceSide = feed.priceSide;
    this.#options = options;
    this.#resampler = new Resampler({ source: feed.timeframe, target, calendar });
  }

  status(): FeedStatus {
    return this.#options.feed.status();
  }

  async *events(signal: AbortSignal): AsyncGenerator<FeedEvent, void, void> {
    const lengthMs = timeframeMs(this.#options.feed.timeframe);
    for await (const event of this.#options.feed.events(signal)) {
      if (event.type === 'tick') {
        yield* this.#closed(this.#resampler.advanceTo(event.timeMs));
        yield event;
      } else if (event.type === 'bar') {
        if (!event.complete) continue;
        yield* this.#closed(this.#resampler.push(event.bar));
        if (!event.whole || !this.#beginsWhole(event.bar)) this.#whole = false;
        yield* this.#closed(this.#resampler.advanceTo(event.bar.timeMs + lengthMs));
        yield* this.#forming();
      } else yield event;
    }
  }

  /** Whether the market did not trade in the first bar before the feed began; true for later bars. */
  #beginsWhole(bar: Bar): boolean {
    if (this.#begun) return true;
    this.#begun = true;
    const { feed, target, calendar } = this.#options;
    const grid = new BucketGrid(target, calendar.name, feed.timeframe);
    grid.seek(bar.timeMs);
    return calendar.openMsBetween(grid.fromMs, bar.timeMs) === 0;
  }

  *#closed(bar: Bar | undefined): Generator<FeedEvent, void, void> {
    if (!bar) return;
    yield { type: 'bar', bar, complete: true, whole: this.#whole };
    this.#whole = true;
  }

  *#forming(): Generator<FeedEvent, void, void> {
    const forming = this.#resampler.forming();
    if (forming) yield { type: 'bar', bar: forming.bar, complete: false, whole: this.#whole };
  }
}
