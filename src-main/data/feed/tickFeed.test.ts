import { describe, expect, it } from 'vitest';
import { calendarOf } from '../../../src-shared/market/calendars.ts';
import { ManualClock } from '../../../src-shared/runtime.ts';
import { closedBars } from './adapters.ts';
import { EventQueue } from './eventQueue.ts';
import { TickFeed, type TickFeedOptions } from './tickFeed.ts';
import type { FeedEvent, Tick } from './types.ts';

const T = Date.parse('2024-07-03T10:00:00Z');
const fx = calendarOf({ calendar: 'fx' });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A source that delivers when told, and a clock that sleeps wait for. */
class World {
  readonly clock = new ManualClock(T);
  readonly #sleepers = new Set<{ dueMs: number; wake: () => void }>();
  readonly #queue: Tick[] = [];
  #deliver: (() => void) | undefined;
  #ended = false;
  #failure: unknown;

  feed(options: Partial<TickFeedOptions> = {}): TickFeed {
    return new TickFeed({
      symbol: 'EURUSD',
      timeframe: 'M1',
      priceSide: 'bid',
      calendar: fx,
      ticks: (signal) => this.#ticks(signal),
      clock: this.clock,
      sleep: (ms, signal) => this.#sleep(ms, signal),
      staleAfterMs: 30_000,
      graceMs: 200,
      ...options,
    });
  }

  async *#ticks(signal: AbortSignal): AsyncGenerator<Tick> {
    signal.addEventListener('abort', () => this.#deliver?.());
    while (!signal.aborted) {
      const next = this.#queue.shift();
      if (next) yield next;
      else if (this.#failure) throw this.#failure;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#deliver = resolve;
        });
    }
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { dueMs: this.clock.nowMs() + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper);
        reject(new Error('woken'));
      });
      if (signal.aborted) reject(new Error('woken'));
    });
  }

  /** Delivers a tick at a time after the start. */
  async tick(atMs: number, bid: number): Promise<void> {
    await this.until(atMs);
    this.#queue.push({ timeMs: T + atMs, bid });
    this.#deliver?.();
    await turn();
    await turn();
  }

  /** Lets time pass, sleeper by sleeper. */
  async until(atMs: number): Promise<void> {
    for (;;) {
      await turn();
      const due = [...this.#sleepers].sort((a, b) => a.dueMs - b.dueMs)[0];
      if (!due || due.dueMs > T + atMs) break;
      this.#sleepers.delete(due);
      this.clock.advanceTo(due.dueMs);
      due.wake();
      await turn();
    }
    this.clock.advanceTo(T + atMs);
  }

  async end(failure?: unknown): Promise<void> {
    this.#ended = true;
    this.#failure = failure;
    this.#deliver?.();
    await turn();
  }
}

function listen(feed: TickFeed): { seen: FeedEvent[]; stop: () => void; done: Promise<unknown> } {
  const seen: FeedEvent[] = [];
  const stop = new AbortController();
  const done = (async () => {
    for await (const event of feed.events(stop.signal)) seen.push(event);
  })().then(
    () => 'ended',
    (error: unknown) => error,
  );
  return { seen, stop: () => stop.abort(), done };
}

const shown = (events: readonly FeedEvent[]): string[] =>
  events
    .filter((e) => e.type !== 'tick' && (e.type !== 'bar' || e.complete))
    .map((e) =>
      e.type === 'bar'
        ? `bar ${(e.bar.timeMs - T) / 1000} ${e.bar.open} ${e.bar.close}${e.whole ? '' : ' part'}`
        : e.type === 'status'
          ? `${e.status.state} ${(e.status.sinceMs - T) / 1000}`
          : 'tick',
    );

describe('tick feed', () => {
  it('FEED-1: closes bars by ticks and, where none comes, by the clock at the end of their time', async () => {
    const world = new World();
    const { seen, stop, done } = listen(world.feed({ staleAfterMs: 300_000 }));
    await world.tick(1000, 10);
    await world.tick(20_000, 12);
    await world.tick(61_000, 11);
    expect(shown(seen)).toEqual(['live 1', 'bar 0 10 12']);
    await world.until(120_199);
    expect(shown(seen)).toHaveLength(2);
    await world.until(120_200);
    expect(shown(seen)).toEqual(['live 1', 'bar 0 10 12', 'bar 60 11 11']);
    const ticks = seen.filter((e) => e.type === 'tick');
    expect(ticks).toHaveLength(3);
    const forming = seen.filter((e) => e.type === 'bar' && !e.complete);
    expect(forming).toHaveLength(3);
    stop();
    expect(await done).toBe('ended');
  });

  it('FEED-8: tells of silence while the market is open, and of the recovery', async () => {
    const world = new World();
    const feed = world.feed();
    const { seen, stop } = listen(feed);
    await world.tick(0, 10);
    await world.until(45_000);
    expect(feed.status().state).toBe('stale');
    await world.tick(46_000, 11);
    expect(shown(seen)).toEqual(['live 0', 'stale 30', 'live 46']);
    expect(feed.status()).toMatchObject({ state: 'live', heardMs: T + 46_000 });
    stop();
  });

  it('FEED-8: a feed that never says anything is stale too', async () => {
    const world = new World();
    const { seen, stop } = listen(world.feed());
    await world.until(31_000);
    expect(shown(seen)).toEqual(['stale 30']);
    stop();
  });

  it('FEED-5: a session takes closed bars, and a bar begun before the feed from history or not at all', async () => {
    const world = new World();
    await world.until(30_000);
    const left: number[] = [];
    const feed = closedBars({
      feed: world.feed(),
      timeframe: 'M1',
      onLeftOut: (timeMs) => left.push(timeMs - T),
    });
    const bars: number[] = [];
    const stop = new AbortController();
    void (async () => {
      for await (const bar of feed.bars(stop.signal)) bars.push(bar.timeMs - T);
    })();
    for (const at of [31_000, 61_000, 121_000, 181_000]) await world.tick(at, 10);
    expect(bars).toEqual([60_000, 120_000]);
    expect(left).toEqual([0]);
    stop.abort();
  });

  it('FEED-5: the bar of history stands in for the one that was interrupted', async () => {
    const world = new World();
    await world.until(30_000);
    const whole = { timeMs: T, open: 1, high: 2, low: 1, close: 2, volume: 9 };
    const feed = closedBars({
      feed: world.feed(),
      timeframe: 'M1',
      history: async (timeMs) => (timeMs === T ? whole : undefined),
    });
    const bars: number[] = [];
    const stop = new AbortController();
    void (async () => {
      for await (const bar of feed.bars(stop.signal)) bars.push(bar.volume);
    })();
    for (const at of [31_000, 61_000, 121_000]) await world.tick(at, 10);
    expect(bars).toEqual([9, 1]);
    stop.abort();
  });

  it('ends with its source, after what was delivered, and fails as it does', async () => {
    const good = new World();
    const ended = listen(good.feed());
    await good.tick(1000, 10);
    await good.end();
    expect(await ended.done).toBe('ended');
    expect(shown(ended.seen)).toEqual(['live 1', 'ended 1']);
    const bad = new World();
    const failed = listen(bad.feed());
    await bad.tick(1000, 10);
    await bad.end(new Error('the line is dead'));
    expect(await failed.done).toMatchObject({ message: 'the line is dead' });
    expect(shown(failed.seen)).toEqual(['live 1']);
  });

  it('FEED-7: a slow consumer loses ticks and forming bars, never a closed bar or a status', async () => {
    const queue = new EventQueue();
    const bar = { timeMs: 0, open: 1, high: 1, low: 1, close: 1, volume: 1 };
    for (let i = 0; i < 50_000; i++) {
      queue.push({ type: 'tick', timeMs: i, bid: 1 });
      queue.push({ type: 'bar', bar: { ...bar, timeMs: i }, complete: i % 1000 === 0, whole: true });
    }
    queue.end();
    const seen: FeedEvent[] = [];
    for await (const event of queue.take(new AbortController().signal)) seen.push(event);
    const closed = seen.filter((e) => e.type === 'bar' && e.complete);
    expect(closed).toHaveLength(50);
    expect(seen.length).toBeLessThan(5000);
    expect(seen.length + queue.skipped).toBe(100_000);
    expect(seen.at(-1)).toMatchObject({ type: 'bar', bar: { timeMs: 49_999 } });
  });
});
