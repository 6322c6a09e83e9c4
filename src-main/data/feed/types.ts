/** What every source of live or replayed market data looks like (docs/spec/feed.md). */
import type { Bar, PriceSide } from '../../../src-shared/market/bars.ts';
import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';

/** A quote. A side that is missing has not changed. */
export interface Tick {
  /** The source's time, epoch milliseconds UTC. */
  readonly timeMs: number;
  readonly bid?: number | undefined;
  readonly ask?: number | undefined;
}

/** A bar as a builder has it. */
export interface BuiltBar {
  readonly bar: Bar;
  /** Its time is over: it changes no more. */
  readonly complete: boolean;
  /** The feed saw all of its time: false for the bar in which it began or was interrupted (FEED-5). */
  readonly whole: boolean;
}

/**
 * `waiting`: nothing came yet. `stale`: the market is open and nothing comes. `closed`: it closed on a feed that was
 * stale, and nothing is expected (FEED-8).
 */
export type FeedState = 'waiting' | 'live' | 'stale' | 'closed' | 'ended';

/** What was done with ticks that are not simply the next one (FEED-2 to FEED-4). */
export interface TickCounts {
  /** All that came. */
  readonly ticks: number;
  /** Older than the newest, put in their place in the open bar. */
  readonly reordered: number;
  /** Of a bar that is closed: not used. */
  readonly late: number;
  /** How far the latest of them lay behind the start of the open bar, milliseconds. */
  readonly latestByMs: number;
  /** The same again: not used. */
  readonly duplicates: number;
  /** Without a usable time or price: not used. */
  readonly invalid: number;
  /** So far ahead of the clock that they cannot be right: not used. */
  readonly ahead: number;
}

export interface FeedStatus {
  readonly state: FeedState;
  /** When this became so, by the feed's clock. */
  readonly sinceMs: number;
  /** When the newest tick or bar came in, by the feed's clock; undefined before the first. */
  readonly heardMs: number | undefined;
  readonly counts: TickCounts;
}

export type FeedEvent =
  | ({ readonly type: 'tick' } & Tick)
  | ({ readonly type: 'bar' } & BuiltBar)
  | { readonly type: 'status'; readonly status: FeedStatus };

/** One instrument's market data: ticks where the source has them, bars as they form and close, and how it is. */
export interface MarketFeed {
  readonly symbol: string;
  readonly timeframe: AnyTimeframe;
  readonly priceSide: PriceSide;
  status(): FeedStatus;
  /**
   * Events in order, until the source ends or the signal fires. A consumer that is slower than the source misses
   * ticks and states of the forming bar, never a closed bar or a status (FEED-7).
   * @throws what the source fails with
   */
  events(signal: AbortSignal): AsyncIterable<FeedEvent>;
}

export const NO_TICKS: TickCounts = {
  ticks: 0,
  reordered: 0,
  late: 0,
  latestByMs: 0,
  duplicates: 0,
  invalid: 0,
  ahead: 0,
};
