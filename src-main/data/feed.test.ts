import { describe, expect, it } from 'vitest';
import { generateDemoMarket } from './demoMarket.ts';
import { type BarFeed, ReplayFeed, type ReplayOptions } from './feed.ts';

const { bars } = generateDemoMarket(1, { bars: 300 });

/** A replay whose time is counted, not waited for. */
function replay(options: Partial<ReplayOptions> = {}) {
  const waited: number[] = [];
  const feed = new ReplayFeed({
    symbol: 'SYNFX',
    timeframe: 'H1',
    bars,
    from: 0,
    to: 300,
    barsPerSecond: 10,
    sleep: async (ms) => void waited.push(ms),
    ...options,
  });
  return { feed, waited };
}

async function times(feed: BarFeed, signal = new AbortController().signal): Promise<number[]> {
  const seen: number[] = [];
  for await (const bar of feed.bars(signal)) seen.push(bar.timeMs);
  return seen;
}

describe('replay', () => {
  it('delivers every bar of the range once, in order, at the speed asked', async () => {
    const { feed, waited } = replay({ from: 100, to: 120 });
    expect(feed.remaining).toBe(20);
    expect(await times(feed)).toEqual([...bars.timeMs.subarray(100, 120)]);
    expect(waited).toEqual(new Array(20).fill(100));
    expect(feed.position).toBe(120);
  });

  it('adds short waits up to ones a timer can keep', async () => {
    const { feed, waited } = replay({ barsPerSecond: 1000 });
    await times(feed);
    expect(waited.length).toBe(60);
    expect(waited.reduce((a, b) => a + b)).toBeCloseTo(300, 6);
  });

  it('at unlimited speed still gives the event loop its turn', async () => {
    const { feed, waited } = replay({ barsPerSecond: Infinity });
    expect(await times(feed)).toHaveLength(300);
    expect(waited).toEqual([0, 0]);
  });

  it('ends when its signal fires, also during a wait', async () => {
    const stop = new AbortController();
    const { feed } = replay({
      sleep: (_ms, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
          if (feed.position === 3) queueMicrotask(() => stop.abort());
          else _resolve();
        }),
    });
    expect(await times(feed, stop.signal)).toHaveLength(3);
  });

  it('passes on a failure of the sleep itself', async () => {
    const { feed } = replay({ sleep: () => Promise.reject(new Error('no timer')) });
    await expect(times(feed)).rejects.toThrow('no timer');
  });

  it('holds while paused and goes on with the next bar', async () => {
    const { feed } = replay();
    const iterator = feed.bars(new AbortController().signal)[Symbol.asyncIterator]();
    await iterator.next();
    feed.pause();
    let arrived = false;
    const next = iterator.next().then((r) => {
      arrived = true;
      return r;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([arrived, feed.paused, feed.position]).toEqual([false, true, 1]);
    feed.resume();
    expect((await next).value?.timeMs).toBe(bars.timeMs[1]);
  });

  it('ends while paused when its signal fires', async () => {
    const stop = new AbortController();
    const { feed } = replay();
    feed.pause();
    const all = times(feed, stop.signal);
    stop.abort();
    expect(await all).toEqual([]);
  });

  it('a new speed cuts a long wait short', async () => {
    const waited: number[] = [];
    const { feed } = replay({
      to: 3,
      barsPerSecond: 0.001,
      sleep: (ms, signal) => {
        waited.push(ms);
        return new Promise((resolve) => {
          if (ms < 1000) resolve();
          signal.addEventListener('abort', () => resolve());
        });
      },
    });
    const all = times(feed);
    await new Promise((resolve) => setImmediate(resolve));
    expect(feed.position).toBe(0);
    feed.setSpeed(100);
    expect(await all).toHaveLength(3);
    expect(waited[0]).toBe(1_000_000);
  });

  it('refuses ranges outside the history, no speed, and a second run', async () => {
    expect(() => replay({ to: 301 })).toThrow(/cannot be replayed/);
    expect(() => replay({ from: -1 })).toThrow(/cannot be replayed/);
    expect(() => replay({ barsPerSecond: 0 })).toThrow(/no speed/);
    expect(() => replay().feed.setSpeed(Number.NaN)).toThrow(/no speed/);
    const { feed } = replay({ barsPerSecond: Infinity });
    await times(feed);
    await expect(times(feed)).rejects.toThrow(/already running/);
  });
});
