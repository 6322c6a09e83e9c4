import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bar } from '../../../src-shared/market/bars.ts';
import { mergeSpans, missingSpans } from './incremental.ts';
import { PageCheck, type Span } from './pages.ts';
import type { BarRequest } from './port.ts';
import { columnsOf, readDecimal, readInstant, readUtcStamp } from './reading.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A Monday. */
const FROM_MS = Date.UTC(2024, 2, 4);

const spansFrom = (pairs: readonly (readonly [number, number])[]): Span[] =>
  pairs.map(([fromMs, toMs]) => ({ fromMs, toMs }));

describe('what is missing', () => {
  it('is what no stored span covers', () => {
    const asked = { fromMs: 0, toMs: 100 };
    expect(missingSpans([], asked)).toEqual([asked]);
    expect(missingSpans(spansFrom([[0, 100]]), asked)).toEqual([]);
    const stored = spansFrom([
      [60, 70],
      [-10, 5],
      [20, 30],
      [30, 40],
      [25, 28],
      [95, 200],
      [50, 50],
    ]);
    const missing = spansFrom([
      [5, 20],
      [40, 60],
      [70, 95],
    ]);
    expect(missingSpans(stored, asked)).toEqual(missing);
  });

  it('together with what is stored covers every instant exactly once', () => {
    const span = fc
      .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 20 }))
      .map(([fromMs, length]) => ({ fromMs, toMs: fromMs + length }));
    const covers = (spans: readonly Span[], t: number) =>
      spans.filter((s) => s.fromMs <= t && t < s.toMs).length;
    fc.assert(
      fc.property(fc.array(span, { maxLength: 8 }), span, (stored, asked) => {
        const missing = missingSpans(stored, asked);
        for (let t = 0; t < 82; t++) {
          const inside = t >= asked.fromMs && t < asked.toMs;
          expect(covers(missing, t)).toBe(inside && covers(stored, t) === 0 ? 1 : 0);
          expect(covers(mergeSpans(stored), t)).toBe(covers(stored, t) > 0 ? 1 : 0);
        }
      }),
    );
  });
});

describe('the check of pages', () => {
  const request: BarRequest = {
    symbol: 'EURUSD',
    timeframe: 'M1',
    priceSide: 'bid',
    fromMs: FROM_MS,
    toMs: FROM_MS + 7 * DAY_MS,
  };
  const bar = (minute: number, change: Partial<Bar> = {}): Bar => ({
    timeMs: FROM_MS + minute * MINUTE_MS,
    open: 1.1,
    high: 1.3,
    low: 1,
    close: 1.2,
    volume: 3,
    ...change,
  });
  const pageOf = (rows: readonly Bar[], coveredToMs = rows.at(-1)!.timeMs + 1) => ({
    bars: columnsOf(rows),
    coveredToMs,
  });

  it('drops what came before with the same values, and counts it', () => {
    const check = new PageCheck(request, 'P');
    expect(check.accept(pageOf([bar(0), bar(1), bar(1), bar(2)]))).toMatchObject({
      duplicatesDropped: 1,
      gaps: [],
    });
    const next = check.accept(pageOf([bar(1), bar(2), bar(3)]));
    expect([...next.bars.timeMs]).toEqual([bar(3).timeMs]);
    expect(next.duplicatesDropped).toBe(2);
  });

  it.each(['open', 'high', 'low', 'close', 'volume'] as const)(
    'refuses a repetition with another %s',
    (name) => {
      const check = new PageCheck(request, 'P');
      check.accept(pageOf([bar(0), bar(1)]));
      const other = bar(1, { [name]: { open: 1.11, high: 1.31, low: 0.99, close: 1.21, volume: 4 }[name] });
      expect(() => check.accept(pageOf([other, bar(2)]))).toThrow(/came twice with different values/);
    },
  );

  it.each<[string, Bar[], RegExp]>([
    ['out of order', [bar(0), bar(2), bar(1)], /out of order/],
    ['before the range', [bar(-1)], /outside the asked range/],
    ['after the range', [bar(7 * 1440)], /outside the asked range/],
    ['no whole millisecond', [bar(0, { timeMs: FROM_MS + 0.5 })], /outside the asked range/],
    ['no time', [bar(0, { timeMs: Number.NaN })], /outside the asked range/],
    ['high below low', [bar(0, { high: 0.9 })], /below its low/],
    ['close above high', [bar(0, { close: 1.4 })], /outside its range/],
    ['open below low', [bar(0, { open: 0.9 })], /outside its range/],
    ['zero price', [bar(0, { low: 0 })], /not above zero/],
    ['no number', [bar(0, { open: Number.NaN })], /not above zero/],
    ['infinite', [bar(0, { high: Number.POSITIVE_INFINITY })], /not above zero/],
    ['negative volume', [bar(0, { volume: -1 })], /negative volume/],
  ])('refuses a page with a bar that is wrong: %s', (_, rows, message) => {
    const check = new PageCheck(request, 'P');
    expect(() => check.accept(pageOf(rows, FROM_MS + 8 * DAY_MS))).toThrow(message);
  });

  it('refuses coverage that goes back, beyond the end, or not as far as its bars', () => {
    for (const coveredToMs of [FROM_MS - 1, request.toMs + 1, bar(0).timeMs]) {
      const check = new PageCheck(request, 'P');
      expect(() => check.accept(pageOf([bar(0)], coveredToMs)), String(coveredToMs)).toThrow(
        /contradicts its pages/,
      );
    }
  });

  it('reports what the calendar expects and is not there, and no weekend', () => {
    const check = new PageCheck({ ...request, fromMs: FROM_MS - 2 * MINUTE_MS }, 'P');
    const first = check.accept(pageOf([bar(0), bar(1), bar(5)]));
    expect(first.gaps.map((g) => g.missingBars)).toEqual([2, 3]);
    expect(first.gaps[1]).toEqual({ fromMs: bar(2).timeMs, toMs: bar(5).timeMs, missingBars: 3 });
    // Friday's close is at 22:00 UTC, Sunday's open at 21:00: the clocks of New York change in between.
    const fridayLast = 4 * 1440 + 22 * 60 - 1;
    const sundayFirst = 6 * 1440 + 21 * 60;
    const long = check.accept(pageOf([bar(fridayLast), bar(sundayFirst)]));
    expect(long.gaps).toHaveLength(1);
    expect(long.gaps[0]!.toMs).toBe(bar(fridayLast).timeMs);
    expect(check.accept({ bars: columnsOf([]), coveredToMs: request.toMs }).gaps).toEqual([
      { fromMs: bar(sundayFirst + 1).timeMs, toMs: request.toMs, missingBars: 179 },
    ]);
  });
});

describe('reading what providers send', () => {
  it('reads instants with up to nine decimals and any offset', () => {
    expect(readInstant('2024-03-04T00:01:00.123000000Z', 't')).toBe(FROM_MS + MINUTE_MS + 123);
    expect(readInstant('2024-03-04T02:00:00+02:00', 't')).toBe(FROM_MS);
    for (const bad of [
      '2024-03-04',
      '2024-03-04T00:00:00',
      '2024-02-30T00:00:00Z',
      '2024-13-01T00:00:00Z',
      '2024-03-04T00:00:00.0000001Z',
      1709510400,
      null,
    ]) {
      expect(() => readInstant(bad, 't'), String(bad)).toThrow(/not a time/);
    }
  });

  it('reads dates and numbers, and nothing that only looks like them', () => {
    expect(readUtcStamp('2024-03-04 00:01:00', 't')).toBe(FROM_MS + MINUTE_MS);
    expect(() => readUtcStamp('04/03/2024', 't')).toThrow(/not a date/);
    expect(() => readUtcStamp('2024-02-30', 't')).toThrow(/not a date/);
    expect(readDecimal('1.08345', 'p')).toBe(1.08345);
    expect(readDecimal(2, 'p')).toBe(2);
    for (const bad of ['', ' ', '1,08', '0x10', 'NaN', 'Infinity', Number.NaN, null, true, []]) {
      expect(() => readDecimal(bad, 'p'), String(bad)).toThrow(/not a number/);
    }
  });
});
