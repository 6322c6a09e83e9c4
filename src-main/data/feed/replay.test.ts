import { describe, expect, it } from 'vitest';
import { allocateBars, type Bar, type BarColumns, barAt, barCount } from '../../../src-shared/market/bars.ts';
import { calendarOf } from '../../../src-shared/market/calendars.ts';
import { ManualClock } from '../../../src-shared/runtime.ts';
import { generateDemoMarket } from '../demoMarket.ts';
import { ReplayFeed as BarsOfSession } from '../feed.ts';
import { BarsAsFeed, closedBars, LongerBars } from './adapters.ts';
import { BarReplay, type ReplayFeedOptions, TickReplay } from './replay.ts';
import type { FeedEvent, MarketFeed } from './types.ts';

const fx = calendarOf({ calendar: 'fx' });
const utc = (text: string): number => Date.parse(`${text}Z`);
const never = new AbortController().signal;

async function all(feed: MarketFeed, signal = never): Promise<FeedEvent[]> {
  const seen: FeedEvent[] = [];
  for await (const event of feed.events(signal)) seen.push(event);
  return seen;
}

function options(more: Partial<ReplayFeedOptions> = {}): { waited: number[]; rest: ReplayFeedOptions } {
  const waited: number[] = [];
  const rest: ReplayFeedOptions = {
    symbol: 'EURUSD',
    timeframe: 'M1',
    priceSide: 'bid',
    calendar: fx,
    speed: 1,
    sleep: async (ms) => void waited.push(ms),
    ...more,
  };
  return { waited, rest };
}

const kinds = (events: readonly FeedEvent[]): string[] =>
  events.map((e) =>
    e.type === 'bar' ? (e.complete ? 'bar' : 'forming') : e.type === 'status' ? e.status.state : 'tick',
  );

function ticksAt(times: readonly string[]) {
  return {
    timeMs: Float64Array.from(times, utc),
    bid: Float64Array.from(times, (_, i) => 1.1 + i / 1000),
    ask: Float64Array.from(times, (_, i) => (i === 1 ? Number.NaN : 1.2 + i / 1000)),
  };
}

describe('replay of ticks', () => {
  it('FEED-9: gives ticks, forming and closed bars, a bar closing when its time is over', async () => {
    const { rest, waited } = options({ speed: 10 });
    const ticks = ticksAt(['2024-07-03T10:00:00', '2024-07-03T10:00:30', '2024-07-03T10:02:10']);
    const feed = new TickReplay({ ...rest, ticks });
    const events = await all(feed);
    expect(kinds(events)).toEqual([
      'live',
      'tick',
      'forming',
      'tick',
      'forming',
      'bar',
      'tick',
      'forming',
      'ended',
    ]);
    const bar = events.find((e) => e.type === 'bar' && e.complete);
    expect(bar).toMatchObject({
      bar: { timeMs: utc('2024-07-03T10:00'), open: 1.1, close: 1.101, volume: 2 },
      whole: true,
    });
    expect(events[3]).toEqual({
      type: 'tick',
      timeMs: utc('2024-07-03T10:00:30'),
      bid: 1.101,
      ask: undefined,
    });
    // 30 s, then 30 s to the end of the bar, then 70 s to the next tick, ten times as fast.
    expect(waited).toEqual([3000, 3000, 7000]);
    expect(feed.status()).toMatchObject({
      state: 'ended',
      heardMs: utc('2024-07-03T10:02:10'),
      counts: { ticks: 3 },
    });
  });

  it('FEED-9: hours in which the market is closed take no time', async () => {
    const { rest, waited } = options({ speed: 60 });
    // Friday an hour before the close, Sunday half an hour after the opening.
    const ticks = ticksAt(['2024-07-05T20:00:00', '2024-07-07T21:30:00']);
    await all(new TickReplay({ ...rest, ticks }));
    expect(waited.reduce((a, b) => a + b, 0)).toBeCloseTo((90 * 60_000) / 60, 6);
  });

  it('refuses columns that do not fit, a speed that is none, and a second run', async () => {
    const { rest } = options();
    const ticks = ticksAt(['2024-07-03T10:00:00']);
    expect(() => new TickReplay({ ...rest, ticks: { ...ticks, bid: new Float64Array(2) } })).toThrow(
      /2 bids/,
    );
    expect(() => new TickReplay({ ...rest, speed: 0, ticks })).toThrow(/0 times/);
    const feed = new TickReplay({ ...rest, ticks });
    expect(() => feed.setSpeed(-1)).toThrow(/-1 times/);
    await all(feed);
    await expect(all(feed)).rejects.toThrow(/already running/);
    expect(await all(new TickReplay({ ...rest, ticks: ticksAt([]) }))).toHaveLength(2);
  });
});

describe('replay of bars', () => {
  const { bars } = generateDemoMarket(1, { bars: 200 });

  it('FEED-9: gives each bar when it is complete, at any speed', async () => {
    const { rest, waited } = options({ timeframe: 'H1', speed: 3600 });
    const feed = new BarReplay({ ...rest, bars });
    expect(feed.remaining).toBe(200);
    const events = await all(feed);
    expect(kinds(events)).toEqual(['live', ...new Array(200).fill('bar'), 'ended']);
    expect(feed.remaining).toBe(0);
    // One second a bar of market time, closed hours apart.
    expect(waited.reduce((a, b) => a + b, 0)).toBeCloseTo(200 * 1000, 3);
    const fast = options({ timeframe: 'H1', speed: Number.POSITIVE_INFINITY });
    expect(await all(new BarReplay({ ...fast.rest, bars }))).toHaveLength(202);
    expect(fast.waited).toEqual([0]);
  });

  it('can be paused, made faster, and stopped', async () => {
    const stop = new AbortController();
    const feed = new BarReplay({
      ...options({ timeframe: 'H1', speed: Number.POSITIVE_INFINITY }).rest,
      bars,
    });
    const seen: FeedEvent[] = [];
    for await (const event of feed.events(stop.signal)) {
      seen.push(event);
      if (seen.length === 5) {
        feed.pause();
        queueMicrotask(() => feed.resume());
        feed.setSpeed(1000);
      }
      if (seen.length === 11) stop.abort();
    }
    expect(seen).toHaveLength(11);
    expect(feed.remaining).toBe(190);
  });

  it('FEED-9: is for a session what the replay of a session is', async () => {
    const collect = async (feed: { bars(signal: AbortSignal): AsyncIterable<Bar> }) => {
      const seen: Bar[] = [];
      for await (const bar of feed.bars(never)) seen.push(bar);
      return seen;
    };
    const old = new BarsOfSession({
      symbol: 'SYNFX',
      timeframe: 'H1',
      bars,
      from: 0,
      to: 200,
      barsPerSecond: Number.POSITIVE_INFINITY,
      sleep: async () => undefined,
    });
    const { rest } = options({ timeframe: 'H1', speed: Number.POSITIVE_INFINITY });
    const mine = closedBars({ feed: new BarReplay({ ...rest, bars }), timeframe: 'H1' });
    const expected = await collect(old);
    expect(await collect(mine)).toEqual(expected);
    const again = new BarsOfSession({
      symbol: 'SYNFX',
      timeframe: 'H1',
      bars,
      from: 0,
      to: 200,
      barsPerSecond: Number.POSITIVE_INFINITY,
      sleep: async () => undefined,
    });
    const shown = new BarsAsFeed(again, 'bid', new ManualClock(5));
    const events = await all(shown);
    expect(kinds(events)).toEqual(['live', ...new Array(200).fill('bar'), 'ended']);
    expect(shown.status()).toMatchObject({ state: 'ended', heardMs: 5 });
  });
});

describe('longer bars', () => {
  const minute = (n: number, price: number): Bar => ({
    timeMs: utc('2024-07-03T10:00') + n * 60_000,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: 1,
  });
  const columns = (list: readonly Bar[]): BarColumns => {
    const bars = allocateBars(list.length);
    list.forEach((bar, i) => {
      for (const name of ['timeMs', 'open', 'high', 'low', 'close', 'volume'] as const)
        bars[name][i] = bar[name];
    });
    return bars;
  };

  it('FEED-10: close with their last source bar, or with the first one beyond', async () => {
    const { rest } = options({ speed: Number.POSITIVE_INFINITY });
    const source = columns([0, 1, 2, 3, 4, 6, 8, 11].map((n) => minute(n, 10 + n)));
    const feed = new LongerBars({
      feed: new BarReplay({ ...rest, bars: source }),
      target: 'M5',
      calendar: fx,
    });
    expect(feed.timeframe).toBe('M5');
    const events = await all(feed);
    const closed = events
      .filter((e) => e.type === 'bar' && e.complete)
      .map((e) => (e.type === 'bar' ? e.bar : undefined));
    expect(closed).toMatchObject([
      { timeMs: minute(0, 0).timeMs, open: 10, close: 14, volume: 5 },
      { timeMs: minute(5, 0).timeMs, open: 16, close: 18, volume: 2 },
    ]);
    const last = events.filter((e) => e.type === 'bar').at(-1);
    expect(last).toMatchObject({ complete: false, bar: { timeMs: minute(10, 0).timeMs } });
    expect(barAt(source, 0).open).toBe(10);
    expect(barCount(source)).toBe(8);
  });

  it('FEED-5: a longer bar that began before the feed is not whole', async () => {
    const { rest } = options({ speed: Number.POSITIVE_INFINITY });
    const source = columns([2, 3, 4, 5, 6, 7, 8, 9].map((n) => minute(n, 10)));
    const events = await all(
      new LongerBars({ feed: new BarReplay({ ...rest, bars: source }), target: 'M5', calendar: fx }),
    );
    const closed = events.filter((e) => e.type === 'bar' && e.complete);
    expect(closed.map((e) => e.type === 'bar' && e.whole)).toEqual([false, true]);
    expect(
      () =>
        new LongerBars({
          feed: new BarReplay({ ...rest, timeframe: 'M2', bars: source }),
          target: 'M5',
          calendar: fx,
        }),
    ).toThrow(/cannot be resampled/);
  });
});
