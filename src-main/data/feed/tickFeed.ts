/** A live feed from a stream of ticks: bars by ticks and by the clock, and a watch over silence. */
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import type { MarketCalendar } from '../../../src-shared/market/calendars.ts';
import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';
import type { Clock } from '../../../src-shared/runtime.ts';
import { BarBuilder } from './barBuilder.ts';
import { EventQueue } from './eventQueue.ts';
import type { BuiltBar, FeedEvent, FeedState, FeedStatus, MarketFeed, Tick } from './types.ts';
import { StalenessWatchdog } from './watchdog.ts';

export interface TickFeedOptions {
  readonly symbol: string;
  readonly timeframe: AnyTimeframe;
  readonly priceSide: PriceSide;
  readonly calendar: MarketCalendar;
  /** The source: ends when it does, or by the signal. */
  readonly ticks: (signal: AbortSignal) => AsyncIterable<Tick>;
  readonly clock: Clock;
  /** Waits; may reject when the signal fires. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Default 30,000. */
  readonly staleAfterMs?: number | undefined;
  /** How long the clock waits for ticks that are under way. Default 1,000. */
  readonly graceMs?: number | undefined;
}

const STALE_AFTER_MS = 30_000;
const GRACE_MS = 1000;
/** A machine that slept wakes up to an old timer: it looks at the clock at least this often. */
const LONGEST_SLEEP_MS = 30_000;

/** Ticks in, events out. One run per object: a reconnection is another one, or the source's own business. */
export class TickFeed implements MarketFeed {
  readonly symbol: string;
  readonly timeframe: AnyTimeframe;
  readonly priceSide: PriceSide;
  readonly #options: TickFeedOptions;
  readonly #builder: BarBuilder;
  readonly #watchdog: StalenessWatchdog;
  #state: FeedState = 'waiting';
  #sinceMs: number;
  #heardMs: number | undefined;
  /** Ends the wait for the clock when the time to wait for has changed. */
  #rewind = new AbortController();

  constructor(options: TickFeedOptions) {
    this.symbol = options.symbol;
    this.timeframe = options.timeframe;
    this.priceSide = options.priceSide;
    this.#options = options;
    const { calendar, timeframe, priceSide, clock } = options;
    this.#sinceMs = clock.nowMs();
    this.#builder = new BarBuilder({
      timeframe,
      calendar,
      priceSide,
      graceMs: options.graceMs ?? GRACE_MS,
      watchedFromMs: this.#sinceMs,
    });
    this.#watchdog = new StalenessWatchdog({
      calendar,
      staleAfterMs: options.staleAfterMs ?? STALE_AFTER_MS,
      startedMs: this.#sinceMs,
    });
  }

  status(): FeedStatus {
    const { counts } = this.#builder;
    return { state: this.#state, sinceMs: this.#sinceMs, heardMs: this.#heardMs, counts };
  }

  async *events(signal: AbortSignal): AsyncGenerator<FeedEvent, void, void> {
    const queue = new EventQueue();
    const done = new AbortController();
    const until = AbortSignal.any([signal, done.signal]);
    // Whoever stops listening does not wait for a source that is slow to end.
    void Promise.all([this.#read(queue, until, done), this.#watch(queue, until)]).then(
      () => queue.end(),
      (error: unknown) => queue.fail(error),
    );
    try {
      yield* queue.take(signal);
    } finally {
      done.abort();
    }
  }

  async #read(queue: EventQueue, until: AbortSignal, done: AbortController): Promise<void> {
    try {
      for await (const tick of this.#options.ticks(until)) {
        if (until.aborted) return;
        this.#take(tick, queue);
      }
      this.#become('ended', queue);
    } finally {
      done.abort();
    }
  }

  #take(tick: Tick, queue: EventQueue): void {
    const nowMs = this.#options.clock.nowMs();
    const before = this.#builder.closesAtMs;
    const closed = this.#builder.push(tick, nowMs);
    this.#heardMs = nowMs;
    this.#watchdog.heard(nowMs);
    if (this.#state !== 'live') this.#become('live', queue);
    if (closed) queue.push(barEvent(closed));
    if (this.#builder.refusedLast) return;
    queue.push({ type: 'tick', ...tick });
    const forming = this.#builder.forming();
    if (forming) queue.push(barEvent(forming));
    if (before !== this.#builder.closesAtMs) this.#interrupt();
  }

  #interrupt(): void {
    this.#rewind.abort();
    this.#rewind = new AbortController();
  }

  /** Closes bars whose time is over and looks for silence, each when it is due. */
  async #watch(queue: EventQueue, until: AbortSignal): Promise<void> {
    const { clock, sleep } = this.#options;
    while (!until.aborted) {
      const nowMs = clock.nowMs();
      const closed = this.#builder.advanceTo(nowMs);
      if (closed) queue.push(barEvent(closed));
      const found = this.#watchdog.check(nowMs);
      if (found) this.#become(found, queue);
      const dueMs = Math.min(this.#builder.closesAtMs ?? Infinity, this.#watchdog.nextCheckMs(nowMs));
      const waitMs = Math.min(LONGEST_SLEEP_MS, Math.max(1, dueMs - nowMs));
      const rewind = this.#rewind.signal;
      try {
        await sleep(waitMs, AbortSignal.any([until, rewind]));
      } catch (error) {
        if (!until.aborted && !rewind.aborted) throw error;
      }
    }
  }

  #become(state: FeedState, queue: EventQueue): void {
    this.#state = state;
    this.#sinceMs = this.#options.clock.nowMs();
    queue.push({ type: 'status', status: this.status() });
  }
}

const barEvent = (built: BuiltBar): FeedEvent => ({ type: 'bar', ...built });
