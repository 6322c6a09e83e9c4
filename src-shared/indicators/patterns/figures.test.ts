import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BarSeries } from '../types.ts';
import { detectPatterns } from './index.ts';
import { NAMING_CONTEXT_BARS, nameWindow } from './windowName.ts';

/** Bars along straight lines between turning points, one unit per bar, with wicks of 0.1. */
function along(...turns: number[]): BarSeries {
  const closes: number[] = [];
  for (let t = 1; t < turns.length; t++) {
    const [from, to] = [turns[t - 1]!, turns[t]!];
    const steps = Math.abs(to - from);
    for (let k = 0; k < steps; k++) closes.push(from + (k * (to - from)) / steps);
  }
  closes.push(turns.at(-1)!);
  return barsOf(closes.map((close, i) => ({ open: closes[i - 1] ?? close, close, wick: 0.1, volume: 10 })));
}

interface Plain {
  readonly open: number;
  readonly close: number;
  readonly wick: number;
  readonly volume: number;
}

const barsOf = (candles: readonly Plain[]): BarSeries => ({
  timeMs: candles.map((_, i) => i * 60_000),
  open: candles.map((c) => c.open),
  high: candles.map((c) => Math.max(c.open, c.close) + c.wick),
  low: candles.map((c) => Math.min(c.open, c.close) - c.wick),
  close: candles.map((c) => c.close),
  volume: candles.map((c) => c.volume),
});

const heads = (bars: BarSeries) => detectPatterns(bars, { candles: false }).filter((p) => /ead/.test(p.name));

describe('head and shoulders', () => {
  it('PAT-5: known at the close below the neckline', () => {
    // Rows: shoulder 30 at 110, low 40 at 100, head 60 at 120, low 80 at 100, shoulder 90 at 110, close 100 at row 100.
    const bars = along(80, 110, 100, 120, 100, 110, 85);
    expect(heads(bars)).toEqual([
      {
        id: 'headShoulders',
        name: 'Head and shoulders',
        direction: 'down',
        from: 30,
        at: 101,
        points: [
          { row: 30, price: 110.1 },
          { row: 40, price: 99.9 },
          { row: 60, price: 120.1 },
          { row: 80, price: 99.9 },
          { row: 90, price: 110.1 },
        ],
      },
    ]);
  });

  it('PAT-5: the inverse figure upside down', () => {
    const [found] = heads(along(120, 90, 100, 80, 100, 90, 115));
    expect(found).toMatchObject({ id: 'inverseHeadShoulders', direction: 'up', from: 30, at: 101 });
    expect(found!.points!.map((p) => p.price)).toEqual([89.9, 100.1, 79.9, 100.1, 89.9]);
  });

  it('PAT-5: the neckline may lean', () => {
    // Lows at 100 (row 40) and 104 (row 76): the line rises by 4 in 36 bars. The right shoulder, 111, is row 83;
    // row 90 stands at 104, the line at 105.56 less 0.1: broken one bar earlier, where 105 < 105.34.
    const [found] = heads(along(80, 110, 100, 120, 104, 111, 85));
    expect(found).toMatchObject({ id: 'headShoulders', at: 89 });
  });

  it.each([
    ['without a break of the neckline', [80, 110, 100, 120, 100, 110, 101, 109]],
    ['with a head no higher than the shoulders', [80, 110, 100, 111, 100, 110, 85]],
    ['with uneven shoulders', [80, 110, 100, 120, 100, 115, 85]],
    ['where a bar rises above the head first', [80, 110, 100, 120, 100, 110, 102, 125, 85]],
    [
      'where the break comes too late',
      [80, 110, 100, 120, 100, 110, 102, 109, 102, 109, 102, 109, 102, 109, 85],
    ],
  ])('PAT-5: none %s', (_, turns) => {
    expect(heads(along(...turns)).filter((p) => p.direction === 'down')).toEqual([]);
  });
});

/** 40 bars between 99 and 101 that trade 10 each, then these. */
function quiet(...last: Plain[]): BarSeries {
  const before = Array.from({ length: 40 }, (_, i): Plain => {
    const up = i % 2 === 0;
    return { open: up ? 99.5 : 100.5, close: up ? 100.5 : 99.5, wick: 0.5, volume: 10 };
  });
  return barsOf([...before, ...last]);
}
const breakouts = (bars: BarSeries) =>
  detectPatterns(bars, { candles: false, swings: false, breakouts: true });

describe('breakouts with volume', () => {
  it('PAT-6: a close beyond the range of twenty bars with twice their volume', () => {
    expect(breakouts(quiet({ open: 100.5, close: 101.2, wick: 0.1, volume: 20 }))).toEqual([
      { id: 'breakoutUp', name: 'Breakout up with volume', direction: 'up', from: 20, at: 40 },
    ]);
    expect(breakouts(quiet({ open: 99.5, close: 98.8, wick: 0.1, volume: 35 }))).toMatchObject([
      { id: 'breakoutDown', direction: 'down', at: 40 },
    ]);
  });

  it.each([
    ['too little volume', { open: 100.5, close: 101.2, wick: 0.1, volume: 19.9 }],
    ['a wick alone', { open: 100.5, close: 100.9, wick: 0.6, volume: 40 }],
    ['a close at the range', { open: 100.5, close: 101, wick: 0.1, volume: 40 }],
    ['a price that is no number', { open: 100.5, close: Number.NaN, wick: 0.1, volume: 40 }],
  ])('PAT-6: none with %s', (_, candle) => {
    expect(breakouts(quiet(candle))).toEqual([]);
  });

  it('PAT-6: none where nothing says what was traded', () => {
    const bars = quiet({ open: 100.5, close: 103, wick: 0.1, volume: 0 });
    expect(breakouts({ ...bars, volume: Array.from(bars.volume, () => 0) })).toEqual([]);
  });
});

describe('the name of a window', () => {
  it('PAT-7: the figure that was completed in it', () => {
    const bars = along(80, 110, 100, 120, 100, 110, 85);
    expect(nameWindow(bars, 105, 12)?.name).toBe('Head and shoulders');
    expect(nameWindow(bars, 101, 12)).toMatchObject({ from: 30, at: 101 });
    // Not yet complete, and complete before the window.
    expect(nameWindow(bars, 100, 12)?.id).not.toBe('headShoulders');
    expect(nameWindow(bars, 114, 12)?.id).not.toBe('headShoulders');
  });

  it('PAT-7: double tops and bottoms, breakouts and engulfing candles', () => {
    expect(nameWindow(along(80, 110, 100, 110, 90), 62, 12)?.name).toBe('Double top');
    expect(nameWindow(along(120, 90, 100, 90, 110), 62, 12)?.name).toBe('Double bottom');
    const broken = quiet({ open: 100.5, close: 102.2, wick: 0.1, volume: 50 });
    expect(nameWindow(broken, 40, 12)?.name).toBe('Breakout up with volume');
    const fall = Array.from(
      { length: 20 },
      (_, i): Plain => ({ open: 120 - i, close: 119 - i, wick: 0.2, volume: 10 }),
    );
    const turn: Plain[] = [
      { open: 100, close: 99.3, wick: 0.1, volume: 10 },
      { open: 99.2, close: 100.4, wick: 0.1, volume: 10 },
    ];
    expect(nameWindow(barsOf([...fall, ...turn]), 21, 12)?.name).toBe('Bullish engulfing');
    expect(nameWindow(quiet(), 39, 12)).toBeUndefined();
  });

  const candle = fc.record({
    body: fc.integer({ min: -20, max: 20 }),
    wick: fc.nat({ max: 12 }),
    volume: fc.integer({ min: 1, max: 60 }),
  });
  const walk = fc.array(candle, { minLength: 60, maxLength: 240 }).map((steps) => {
    let price = 4096;
    return barsOf(
      steps.map(({ body, wick, volume }) => {
        const open = price;
        price += body;
        return { open, close: price, wick, volume };
      }),
    );
  });
  const times = (column: ArrayLike<number>, factor: number): number[] =>
    Array.from(column, (v) => v * factor);

  it('PAT-7: does not depend on the unit of price or volume, nor on bars to come', () => {
    let named = 0;
    fc.assert(
      fc.property(walk, fc.nat(), fc.constantFrom(0.25, 4, 1024), (bars, cut, factor) => {
        const end = 30 + (cut % (bars.timeMs.length - 30));
        const name = nameWindow(bars, end, 24);
        if (name) named++;
        // Powers of two scale without rounding.
        const scaled: BarSeries = {
          timeMs: bars.timeMs,
          open: times(bars.open, factor),
          high: times(bars.high, factor),
          low: times(bars.low, factor),
          close: times(bars.close, factor),
          volume: times(bars.volume, 1 / factor),
        };
        const other = nameWindow(scaled, end, 24);
        expect([other?.id, other?.from, other?.at]).toEqual([name?.id, name?.from, name?.at]);
        const past = Object.fromEntries(
          Object.entries(bars).map(([column, values]) => [column, (values as number[]).slice(0, end + 1)]),
        ) as unknown as BarSeries;
        expect(nameWindow(past, end, 24)).toEqual(name);
        if (name) expect(name.at).toBeLessThanOrEqual(end);
      }),
      { numRuns: 150 },
    );
    expect(named).toBeGreaterThan(10);
  });

  it('PAT-7: looks back over a bounded stretch', () => {
    const long = along(...Array.from({ length: 60 }, (_, i) => (i % 2 ? 120 : 100)), 120, 80);
    const end = long.timeMs.length - 1;
    const from = end + 1 - 24 - NAMING_CONTEXT_BARS;
    const late = Object.fromEntries(
      Object.entries(long).map(([column, values]) => [column, (values as number[]).slice(from)]),
    ) as unknown as BarSeries;
    const [whole, cut] = [nameWindow(long, end, 24), nameWindow(late, end - from, 24)];
    expect([whole?.id, cut?.id]).toEqual(['doubleTop', 'doubleTop']);
    expect(whole?.at).toBe((cut?.at ?? Number.NaN) + from);
  });
});
