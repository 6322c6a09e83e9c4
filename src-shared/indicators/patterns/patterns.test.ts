import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BarSeries } from '../types.ts';
import { detectPatterns } from './index.ts';

type Candle = readonly [open: number, high: number, low: number, close: number];

function barsOf(candles: readonly Candle[]): BarSeries {
  const column = (k: 0 | 1 | 2 | 3) => candles.map((c) => c[k]);
  return {
    timeMs: candles.map((_, i) => i * 60_000),
    open: column(0),
    high: column(1),
    low: column(2),
    close: column(3),
    volume: candles.map(() => 1),
  };
}

/** Fifteen bars of body 1 and range 1.4 that rise or fall by 1 each and end with a close at 100. */
function ramp(direction: 1 | -1): Candle[] {
  return Array.from({ length: 15 }, (_, i) => {
    const close = 100 - direction * (14 - i);
    const open = close - direction;
    return [open, Math.max(open, close) + 0.2, Math.min(open, close) - 0.2, close] as const;
  });
}
const UP = ramp(1);
const DOWN = ramp(-1);

/** Candlestick patterns that the last bar of these completes. */
function lastOf(before: readonly Candle[], ...candles: readonly Candle[]): string[] {
  const all = [...before, ...candles];
  return detectPatterns(barsOf(all), { swings: false })
    .filter((p) => p.at === all.length - 1)
    .map((p) => `${p.name}, ${p.direction}, ${p.at - p.from + 1}`);
}

describe('candlestick patterns, drawn by hand', () => {
  it.each([
    ['Doji, none, 1', DOWN, [[100, 101, 99, 100.05]]],
    ['Hammer, up, 1', DOWN, [[100, 100.35, 98.4, 100.3]]],
    ['Hanging man, down, 1', UP, [[100, 100.35, 98.4, 100.3]]],
    ['Shooting star, down, 1', UP, [[100, 102, 99.95, 100.3]]],
    [
      'Bullish engulfing, up, 2',
      DOWN,
      [
        [100, 100.1, 99.2, 99.3],
        [99.2, 100.5, 99, 100.4],
      ],
    ],
    [
      'Bearish engulfing, down, 2',
      UP,
      [
        [100, 100.8, 99.9, 100.7],
        [100.8, 101, 99.4, 99.6],
      ],
    ],
    [
      'Bullish harami, up, 2',
      DOWN,
      [
        [100, 100.1, 97.9, 98],
        [98.5, 99.4, 98.4, 99.3],
      ],
    ],
    [
      'Bearish harami, down, 2',
      UP,
      [
        [100, 102.1, 99.9, 102],
        [101.5, 101.6, 100.6, 100.7],
      ],
    ],
    [
      'Morning star, up, 3',
      DOWN,
      [
        [100, 100.1, 97.9, 98],
        [97.9, 98.2, 97.5, 98],
        [98, 99.9, 97.9, 99.8],
      ],
    ],
    [
      'Evening star, down, 3',
      UP,
      [
        [100, 102.1, 99.9, 102],
        [102.1, 102.5, 101.8, 102],
        [102, 102.1, 100.1, 100.2],
      ],
    ],
    [
      'Piercing line, up, 2',
      DOWN,
      [
        [100, 100.1, 97.9, 98],
        [97.9, 99.6, 97.8, 99.5],
      ],
    ],
    [
      'Dark cloud cover, down, 2',
      UP,
      [
        [100, 102.1, 99.9, 102],
        [102.1, 102.2, 100.4, 100.5],
      ],
    ],
    [
      'Three white soldiers, up, 3',
      DOWN,
      [
        [100, 101.3, 99.9, 101.2],
        [100.8, 102.3, 100.7, 102.2],
        [101.8, 103.3, 101.7, 103.2],
      ],
    ],
    [
      'Three black crows, down, 3',
      UP,
      [
        [100, 100.1, 98.7, 98.8],
        [99.2, 99.3, 97.7, 97.8],
        [98.2, 98.3, 96.7, 96.8],
      ],
    ],
    [
      'Inside bar, none, 2',
      UP,
      [
        [100, 101, 99, 100.6],
        [100.4, 100.9, 99.5, 99.9],
      ],
    ],
    ['Bullish pin bar, up, 1', UP, [[100, 100.3, 98, 99.9]]],
    ['Bearish pin bar, down, 1', UP, [[100, 102.2, 99.8, 100.2]]],
  ] as ReadonlyArray<readonly [string, readonly Candle[], readonly Candle[]]>)(
    'PAT-1: %s',
    (name, before, candles) => {
      expect(lastOf(before, ...candles)).toContain(name);
    },
  );

  it('PAT-1: a reversal needs a trend to reverse', () => {
    const flat = Array.from(
      { length: 16 },
      (_, i): Candle => (i % 2 ? [100, 101.2, 99.8, 101] : [101, 101.2, 99.8, 100]),
    );
    const names = [
      ...lastOf(flat, [100, 100.35, 98.4, 100.3]),
      ...lastOf(flat, [100, 100.1, 99.2, 99.3], [99.2, 100.5, 99, 100.4]),
      ...lastOf(flat, [100, 100.1, 97.9, 98], [97.9, 99.6, 97.8, 99.5]),
    ];
    expect(names.filter((n) => /Hammer|Hanging|engulfing|Piercing/.test(n))).toEqual([]);
    // The same bars the wrong way round are no reversal either.
    expect(lastOf(UP, [100, 100.1, 99.2, 99.3], [99.2, 100.5, 99, 100.4]).join()).not.toMatch(/engulfing/);
  });

  it('PAT-1: just beyond a limit there is none', () => {
    // Body 0.21 of range 2 is more than a tenth.
    expect(lastOf(DOWN, [100, 101, 99, 100.21]).join()).not.toMatch(/Doji/);
    // The upper shadow of 0.25 is more than a tenth of 2.15.
    expect(lastOf(DOWN, [100, 100.55, 98.4, 100.3]).join()).not.toMatch(/Hammer/);
    // The second body is larger than 0.6 of the first.
    expect(lastOf(DOWN, [100, 100.1, 97.9, 98], [98.3, 99.7, 98.2, 99.6]).join()).not.toMatch(/harami/);
  });

  it('PAT-2: nothing is found in the first bars, in flat bars, or beside a bar that is none', () => {
    expect(detectPatterns(barsOf([[100, 101, 99, 100.05]]))).toEqual([]);
    expect(detectPatterns(barsOf(Array.from({ length: 200 }, (): Candle => [5, 5, 5, 5])))).toEqual([]);
    expect(lastOf(DOWN, [100, Number.NaN, 99.2, 99.3], [99.2, 100.5, 99, 100.4]).join()).not.toMatch(
      /engulfing/,
    );
    expect(detectPatterns(barsOf([]))).toEqual([]);
  });
});

/** Bars of range 1 along straight lines between turning points. */
function along(...turns: number[]): Candle[] {
  const closes: number[] = [];
  for (let t = 1; t < turns.length; t++) {
    const [from, to] = [turns[t - 1]!, turns[t]!];
    const steps = Math.abs(to - from);
    for (let k = 0; k < steps; k++) closes.push(from + (k * (to - from)) / steps);
  }
  closes.push(turns.at(-1)!);
  return closes.map((c, i) => {
    const open = closes[i - 1] ?? c;
    return [open, Math.max(open, c) + 0.1, Math.min(open, c) - 0.1, c];
  });
}
const swings = (candles: readonly Candle[], options = {}) =>
  detectPatterns(barsOf(candles), { candles: false, ...options });

describe('double tops and bottoms', () => {
  it('PAT-3: a double top is known at the close below the low between', () => {
    const found = swings(along(80, 110, 100, 110, 90));
    // Bars 0 to 30 rise to 110, 40 is the low at 100, 50 the second high, 60 closes at 100 and 61 below its low, 99.9.
    expect(found).toEqual([
      {
        id: 'doubleTop',
        name: 'Double top',
        direction: 'down',
        from: 30,
        at: 61,
        points: [
          { row: 30, price: 110.1 },
          { row: 40, price: 99.9 },
          { row: 50, price: 110.1 },
        ],
      },
    ]);
  });

  it('PAT-3: a double bottom is its mirror', () => {
    const [found] = swings(along(120, 90, 100, 90, 110));
    expect(found).toMatchObject({ id: 'doubleBottom', direction: 'up', from: 30, at: 61 });
    expect(found!.points!.map((p) => p.price)).toEqual([89.9, 100.1, 89.9]);
  });

  it('PAT-3: not with highs further apart than the tolerance, nor without the break', () => {
    expect(swings(along(80, 110, 100, 112, 90)).filter((p) => p.id === 'doubleTop')).toEqual([]);
    expect(swings(along(80, 110, 100, 112, 90), { toleranceAtr: 3 }).map((p) => p.id)).toContain('doubleTop');
    expect(swings(along(80, 110, 100, 110, 101, 109)).filter((p) => p.id === 'doubleTop')).toEqual([]);
  });

  it('PAT-3: not when a bar rises beyond the tops before the break', () => {
    expect(swings(along(80, 110, 100, 110, 102, 118, 90)).filter((p) => p.id === 'doubleTop')).toEqual([]);
  });
});

describe('no lookahead', () => {
  const candle = fc.record({
    body: fc.integer({ min: -20, max: 20 }),
    up: fc.nat({ max: 20 }),
    down: fc.nat({ max: 20 }),
    gap: fc.integer({ min: -3, max: 3 }),
    broken: fc.integer({ min: 0, max: 40 }),
  });

  it('PAT-4: bars that come later only add patterns at the end', () => {
    fc.assert(
      fc.property(fc.array(candle, { minLength: 20, maxLength: 160 }), fc.nat(), (steps, cut) => {
        let price = 1_000;
        const candles = steps.map(({ body, up, down, gap, broken }): Candle => {
          const open = price + gap;
          price = open + body;
          const high = broken === 0 ? Number.NaN : Math.max(open, price) + up;
          return [open, high, Math.min(open, price) - down, price];
        });
        const count = 1 + (cut % candles.length);
        const all = detectPatterns(barsOf(candles));
        const early = detectPatterns(barsOf(candles.slice(0, count)));
        expect(early).toEqual(all.filter((p) => p.at < count));
        for (const p of all) expect(p.from).toBeLessThanOrEqual(p.at);
      }),
      { numRuns: 150 },
    );
  });
});
