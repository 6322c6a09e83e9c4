import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import { calendarOf } from '../../../src-shared/market/calendars.ts';
import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';
import { BarBuilder, type BarBuilderOptions } from './barBuilder.ts';
import type { BuiltBar, Tick } from './types.ts';

const fx = calendarOf({ calendar: 'fx' });
const utc = (text: string): number => Date.parse(`${text}Z`);
const T = utc('2024-07-03T10:00');
const SECOND = 1000;
const MINUTE = 60_000;

const builderOf = (options: Partial<BarBuilderOptions> = {}): BarBuilder =>
  new BarBuilder({ timeframe: 'M1', calendar: fx, priceSide: 'bid', ...options });
const tick = (atMs: number, bid?: number, ask?: number): Tick => ({ timeMs: T + atMs, bid, ask });
const ohlcv = (built: BuiltBar | undefined): unknown =>
  built && [
    built.bar.timeMs - T,
    built.bar.open,
    built.bar.high,
    built.bar.low,
    built.bar.close,
    built.bar.volume,
  ];

describe('bar builder', () => {
  it('FEED-1: the first tick beyond a bar closes it, and opens the next', () => {
    const builder = builderOf();
    expect(builder.push(tick(0, 10))).toBeUndefined();
    builder.push(tick(20 * SECOND, 12));
    builder.push(tick(40 * SECOND, 9));
    expect(ohlcv(builder.forming())).toEqual([0, 10, 12, 9, 9, 3]);
    const closed = builder.push(tick(60 * SECOND, 11));
    expect(closed?.complete).toBe(true);
    expect(ohlcv(closed)).toEqual([0, 10, 12, 9, 9, 3]);
    expect(ohlcv(builder.forming())).toEqual([MINUTE, 11, 11, 11, 11, 1]);
    expect(builder.forming()?.complete).toBe(false);
  });

  it('FEED-1: the clock closes a bar without a further tick, after the grace for ticks under way', () => {
    const builder = builderOf({ graceMs: 500 });
    builder.push(tick(0, 10));
    expect(builder.closesAtMs).toBe(T + MINUTE + 500);
    expect(builder.advanceTo(T + MINUTE + 499)).toBeUndefined();
    // Under way when the minute ended: still in.
    builder.push(tick(59 * SECOND, 8));
    expect(ohlcv(builder.advanceTo(T + MINUTE + 500))).toEqual([0, 10, 10, 8, 8, 2]);
    expect(builder.advanceTo(T + 10 * MINUTE)).toBeUndefined();
    expect(builder.forming()).toBeUndefined();
    expect(builder.closesAtMs).toBeUndefined();
  });

  it('RES-5: a bar without ticks is absent', () => {
    const builder = builderOf();
    builder.push(tick(0, 10));
    expect(ohlcv(builder.push(tick(5 * MINUTE, 11)))).toEqual([0, 10, 10, 10, 10, 1]);
    expect(ohlcv(builder.advanceTo(T + 6 * MINUTE))).toEqual([5 * MINUTE, 11, 11, 11, 11, 1]);
  });

  it('FEED-2: ticks of the open bar are taken in the order of their times', () => {
    const builder = builderOf();
    builder.push(tick(30 * SECOND, 10));
    builder.push(tick(10 * SECOND, 12));
    builder.push(tick(20 * SECOND, 7));
    expect(ohlcv(builder.forming())).toEqual([0, 12, 12, 7, 10, 3]);
    expect(builder.counts).toMatchObject({ ticks: 3, reordered: 2, late: 0 });
  });

  it('FEED-2: a tick of a closed bar is counted and changes nothing', () => {
    const builder = builderOf();
    builder.push(tick(0, 10));
    builder.push(tick(MINUTE, 11));
    expect(builder.push(tick(59 * SECOND, 99))).toBeUndefined();
    expect(ohlcv(builder.forming())).toEqual([MINUTE, 11, 11, 11, 11, 1]);
    expect(builder.counts).toMatchObject({ late: 1, latestByMs: SECOND });
    // Also after the clock closed it, and where a bar between had no tick.
    builder.advanceTo(T + 2 * MINUTE);
    builder.push(tick(MINUTE + SECOND, 99));
    builder.push(tick(9 * MINUTE, 12));
    expect(builder.push(tick(5 * MINUTE, 99))).toBeUndefined();
    expect(ohlcv(builder.forming())).toEqual([9 * MINUTE, 12, 12, 12, 12, 1]);
    expect(builder.counts).toMatchObject({ late: 3, latestByMs: 4 * MINUTE });
  });

  it('FEED-3: a tick with one side leaves the other as it was', () => {
    const feed = [tick(0, undefined, 12), tick(1, 10), tick(2, undefined, 14), tick(3, 11), tick(4, 9, 13)];
    const of = (priceSide: PriceSide) => {
      const builder = builderOf({ priceSide });
      for (const t of feed) builder.push(t);
      return ohlcv(builder.forming());
    };
    expect(of('bid')).toEqual([0, 10, 11, 9, 9, 3]);
    expect(of('ask')).toEqual([0, 12, 14, 12, 13, 3]);
    // Nothing before both are known: 11, 12, 12.5, 11.
    expect(of('mid')).toEqual([0, 11, 12.5, 11, 11, 4]);
  });

  it('FEED-1: a tick that does not carry the side still shows that time has passed', () => {
    const builder = builderOf();
    builder.push(tick(0, 10));
    expect(ohlcv(builder.push(tick(MINUTE, undefined, 12)))).toEqual([0, 10, 10, 10, 10, 1]);
    expect(builder.forming()).toBeUndefined();
  });

  it('FEED-4: the same tick again is counted once, wherever it comes again', () => {
    const builder = builderOf();
    const burst = [tick(0, 10, 11), tick(5, 12, 13), tick(9, 9, 10)];
    for (const t of [...burst, ...burst, burst[0]!]) builder.push(t);
    expect(ohlcv(builder.forming())).toEqual([0, 10, 12, 9, 9, 3]);
    expect(builder.counts).toMatchObject({ ticks: 7, duplicates: 4 });
  });

  it('FEED-4: ticks that cannot be are counted and not used', () => {
    const builder = builderOf();
    builder.push(tick(0, 10), T);
    for (const bad of [
      tick(1, 0),
      tick(1, -1),
      tick(1, Number.NaN),
      tick(1, Number.POSITIVE_INFINITY),
      tick(1, 10, 0),
      tick(1),
      { timeMs: Number.NaN, bid: 10 },
    ]) {
      builder.push(bad, T);
      expect(builder.refusedLast).toBe(true);
    }
    // A source whose clock jumps ahead must not close bars that are still going on.
    expect(builder.push(tick(60 * MINUTE, 11), T + SECOND)).toBeUndefined();
    builder.push(tick(2, 12), T + SECOND);
    expect(ohlcv(builder.forming())).toEqual([0, 10, 12, 10, 12, 2]);
    expect(builder.counts).toMatchObject({ invalid: 7, ahead: 1 });
  });

  it('FEED-5: a bar that began before the feed, or was interrupted, is not whole', () => {
    const builder = builderOf({ watchedFromMs: T + 10 * SECOND });
    builder.push(tick(20 * SECOND, 10));
    expect(builder.push(tick(MINUTE, 10))?.whole).toBe(false);
    expect(builder.push(tick(2 * MINUTE, 10))?.whole).toBe(true);
    builder.interruptedUntil(T + 4 * MINUTE + SECOND);
    expect(builder.push(tick(4 * MINUTE + 2 * SECOND, 10))?.whole).toBe(false);
    expect(builder.push(tick(5 * MINUTE, 10))?.whole).toBe(false);
    expect(builder.push(tick(6 * MINUTE, 10))?.whole).toBe(true);
    // Begun while the market was closed, nothing was missed: FX opens on Sunday at 21:00 UTC in July.
    const week = builderOf({ timeframe: 'W1', watchedFromMs: utc('2024-07-07T20:00') });
    week.push({ timeMs: utc('2024-07-07T21:00:03'), bid: 10 });
    expect(week.forming()?.whole).toBe(true);
  });

  it('FEED-6: bars are aligned to the calendar, through the change of the clock', () => {
    const at = (timeframe: AnyTimeframe, time: string): string => {
      const builder = builderOf({ timeframe });
      builder.push({ timeMs: utc(time), bid: 10 });
      const closes = new Date(builder.closesAtMs!).toISOString().slice(5, 16);
      return `${new Date(builder.forming()!.bar.timeMs).toISOString().slice(5, 16)} ${closes}`;
    };
    expect(at('D1', '2024-07-03T10:00')).toBe('07-02T21:00 07-03T21:00');
    expect(at('D1', '2024-01-03T10:00')).toBe('01-02T22:00 01-03T22:00');
    expect(at('H4', '2024-07-03T10:00')).toBe('07-03T09:00 07-03T13:00');
    expect(at('H4', '2024-01-03T10:00')).toBe('01-03T10:00 01-03T14:00');
    // The day that lost an hour: 9 to 10 March is a weekend, the day from Sunday 17:00 is whole again.
    expect(at('W1', '2024-03-06T10:00')).toBe('03-03T22:00 03-10T21:00');
  });

  it('FEED-2: equals an aggregation of its own kind, however the ticks of a bar are shuffled', () => {
    const clock = new Intl.DateTimeFormat('en-US', {
      timeZone: 'America/New_York',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
    // Buckets by New York's wall clock from 17:00 on, through Intl instead of the builder's rules.
    const bucketOf = (timeMs: number, minutes: number): string => {
      const p = Object.fromEntries(clock.formatToParts(timeMs).map((x) => [x.type, Number(x.value)]));
      const wall = Date.UTC(p.year!, p.month! - 1, p.day!, p.hour! + 7, p.minute);
      return String(Math.floor(wall / (minutes * MINUTE)));
    };
    const step = fc.record({
      gap: fc.integer({ min: 1, max: 900_000 }),
      price: fc.integer({ min: 1, max: 10_000 }),
      order: fc.nat(1000),
    });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 80 }),
        fc.constantFrom(['M5', 5] as const, ['H4', 240] as const, ['D1', 1440] as const),
        (steps, [timeframe, minutes]) => {
          let at = utc('2024-03-07T03:00');
          const ticks = steps.map(({ gap, price, order }) => {
            at += gap;
            return { timeMs: at, bid: price, order };
          });
          const groups = new Map<string, typeof ticks>();
          for (const t of ticks) {
            const key = bucketOf(t.timeMs, minutes);
            groups.set(key, [...(groups.get(key) ?? []), t]);
          }
          const expected = [...groups.values()].map((group) => {
            const prices = group.map((t) => t.bid);
            return [prices[0], Math.max(...prices), Math.min(...prices), prices.at(-1), prices.length];
          });
          const builder = builderOf({ timeframe });
          const built: (BuiltBar | undefined)[] = [];
          for (const group of groups.values()) {
            const shuffled = [...group].sort((a, b) => a.order - b.order);
            for (const { timeMs, bid } of shuffled) built.push(builder.push({ timeMs, bid }));
          }
          built.push(builder.advanceTo(at + 2 * 86_400_000));
          const bars = built.filter((b) => b !== undefined).map(({ bar }) => bar);
          expect(bars.map((b) => [b.open, b.high, b.low, b.close, b.volume])).toEqual(expected);
          bars.slice(1).forEach((bar, i) => {
            expect(bar.timeMs).toBeGreaterThan(bars[i]!.timeMs);
          });
          expect(builder.counts.late).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('FEED-2: nothing that comes changes a bar that was closed, and every tick is accounted for', () => {
    const anyTick = fc.record({
      at: fc.integer({ min: 0, max: 600_000 }),
      bid: fc.option(fc.integer({ min: -1, max: 20 }), { nil: undefined }),
      ask: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
      now: fc.integer({ min: 0, max: 700_000 }),
    });
    fc.assert(
      fc.property(
        fc.array(anyTick, { maxLength: 100 }),
        fc.constantFrom<PriceSide>('bid', 'ask', 'mid'),
        (list, priceSide) => {
          const builder = builderOf({ priceSide });
          const times: number[] = [];
          let used = 0;
          for (const { at, bid, ask, now } of list) {
            for (const closed of [builder.advanceTo(T + now), builder.push(tick(at, bid, ask))]) {
              if (!closed) continue;
              times.push(closed.bar.timeMs);
              used += closed.bar.volume;
              const { open, high, low, close } = closed.bar;
              expect(high >= Math.max(open, close) && low <= Math.min(open, close) && low > 0).toBe(true);
            }
          }
          expect(new Set(times).size).toBe(times.length);
          expect([...times].sort((a, b) => a - b)).toEqual(times);
          const { ticks, late, duplicates, invalid, ahead } = builder.counts;
          expect(ticks).toBe(list.length);
          expect(used + (builder.forming()?.bar.volume ?? 0)).toBeLessThanOrEqual(
            ticks - late - duplicates - invalid - ahead,
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
