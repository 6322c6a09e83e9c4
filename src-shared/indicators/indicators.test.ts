import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrontierError } from '../errors.ts';
import {
  type BarSeries,
  checkedValues,
  computeIndicator,
  defaultValues,
  INDICATORS,
  type IndicatorContext,
  indicatorById,
  indicatorTitle,
  openIndicator,
  type ParamValues,
  paramReader,
} from './index.ts';

const H1 = 3_600_000;
const DAY = 24 * H1;
/** A Monday. */
const START = Date.UTC(2024, 0, 8);
const CONTEXT: IndicatorContext = { calendar: 'always', timeframe: 'H1' };

type Row = readonly [high: number, low: number, close: number, volume?: number];

function fromRows(rows: readonly Row[], stepMs = H1, startMs = START): BarSeries {
  return {
    timeMs: rows.map((_, i) => startMs + i * stepMs),
    open: rows.map(([, , close]) => close),
    high: rows.map(([high]) => high),
    low: rows.map(([, low]) => low),
    close: rows.map(([, , close]) => close),
    volume: rows.map((row) => row[3] ?? 1),
  };
}
const fromCloses = (closes: readonly number[]) => fromRows(closes.map((c) => [c, c, c]));

function values(
  id: string,
  params: ParamValues,
  bars: BarSeries,
  context = CONTEXT,
): Record<string, number[]> {
  const computed = computeIndicator(indicatorById(id), params, bars, context);
  return Object.fromEntries(computed.map((o) => [o.key, [...o.values]]));
}
const rounded = (x: readonly number[] | undefined, digits: number) =>
  (x ?? []).filter((v) => !Number.isNaN(v)).map((v) => Number(v.toFixed(digits)));

/** Closes of StockCharts' ChartSchool worksheet on moving averages. */
const SCHOOL_CLOSES = [
  22.2734, 22.194, 22.0847, 22.1741, 22.184, 22.1344, 22.2337, 22.4323, 22.2436, 22.2933, 22.1542, 22.3926,
  22.3816, 22.6109, 23.3558, 24.0519, 23.753, 23.8324, 23.9516, 23.6338, 23.8225, 23.8722, 23.6537, 23.187,
  23.0976, 23.326, 22.6805, 23.0976, 22.4025, 22.1725,
];
/** Closes of its worksheet on the RSI. */
const RSI_CLOSES = [
  44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931, 46.0328,
  45.614, 46.282, 46.282, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521, 45.7137, 46.4515,
  45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314,
];

describe('published and hand-computed values', () => {
  it('IND-1: SMA 10 and EMA 10 of the ChartSchool worksheet', () => {
    const bars = fromCloses(SCHOOL_CLOSES);
    expect(rounded(values('sma', { length: 10 }, bars).value, 2).slice(0, 6)).toEqual([
      22.22, 22.21, 22.23, 22.26, 22.31, 22.42,
    ]);
    const ema = values('ema', { length: 10 }, bars).value!.slice(9);
    const published = [
      22.22, 22.21, 22.24, 22.27, 22.33, 22.52, 22.8, 22.97, 23.13, 23.28, 23.34, 23.43, 23.51, 23.53, 23.47,
      23.4, 23.39, 23.26, 23.23, 23.08, 22.92,
    ];
    expect(ema).toHaveLength(published.length);
    // Both worksheets compute with prices of more decimals than they print.
    for (const [i, value] of published.entries()) expect(Math.abs(ema[i]! - value)).toBeLessThan(0.0075);
  });

  it('IND-1: RSI 14 of the ChartSchool worksheet', () => {
    const got = rounded(values('rsi', { length: 14 }, fromCloses(RSI_CLOSES)).value, 2);
    const published = [
      70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38, 54.71, 50.42, 39.99, 41.46, 41.87,
      45.46, 37.3, 33.08, 37.77,
    ];
    expect(got).toHaveLength(published.length);
    for (const [i, value] of published.entries()) expect(Math.abs(got[i]! - value)).toBeLessThan(0.02);
  });

  it('IND-1: WMA 3 of 1 2 6 is (1 + 4 + 18) / 6', () => {
    expect(rounded(values('wma', { length: 3 }, fromCloses([1, 2, 6])).value, 6)).toEqual([3.833333]);
  });

  it('IND-1: Bollinger 2, 2 of 1 and 3 is 2 +- 2', () => {
    const got = values('bollinger', { length: 2, deviations: 2 }, fromCloses([1, 3]));
    expect([got.upper![1], got.middle![1], got.lower![1]]).toEqual([4, 2, 0]);
  });

  it('IND-1: ATR 2 takes the gap to the close before', () => {
    // True ranges 2, then 15 - 9 = 6 over the gap, then 2: averages -, (2 + 6) / 2, 4 + (2 - 4) / 2.
    const bars = fromRows([
      [10, 8, 9],
      [15, 13, 14],
      [15, 13, 14],
    ]);
    expect(values('atr', { length: 2 }, bars).value).toEqual([Number.NaN, 4, 3]);
  });

  it('IND-1: ADX 2 of a rise without setback is 100', () => {
    const bars = fromRows([
      [2, 1, 2],
      [3, 2, 3],
      [4, 3, 4],
      [5, 4, 5],
      [6, 5, 6],
    ]);
    const got = values('adx', { length: 2, smooth: 2 }, bars);
    // Each bar reaches 1 beyond the one before and its true range is 1.
    expect(got.plus!.slice(2)).toEqual([100, 100, 100]);
    expect(got.minus!.slice(2)).toEqual([0, 0, 0]);
    expect(got.adx).toEqual([Number.NaN, Number.NaN, Number.NaN, 100, 100]);
  });

  it('IND-1: CCI 3 of 1 2 6: (6 - 3) / (0.015 x 2)', () => {
    expect(values('cci', { length: 3 }, fromCloses([1, 2, 6])).value![2]).toBeCloseTo(100, 9);
  });

  it('IND-1: MFI 2: 11 x 10 in, 10 x 30 out', () => {
    const bars = fromRows([
      [10, 10, 10, 5],
      [11, 11, 11, 10],
      [10, 10, 10, 30],
    ]);
    expect(values('mfi', { length: 2 }, bars).value![2]).toBeCloseTo((100 * 110) / 410, 9);
  });

  it('IND-1: OBV adds and takes off whole volumes', () => {
    const bars = fromRows([
      [1, 1, 1, 7],
      [2, 2, 2, 5],
      [2, 2, 2, 9],
      [1, 1, 1, 3],
    ]);
    expect(values('obv', {}, bars).value).toEqual([0, 5, 5, 2]);
  });

  it('IND-1: CMF 2: multipliers 0.5 and -1 with volumes 10 and 30', () => {
    const bars = fromRows([
      [4, 0, 3, 10],
      [4, 0, 0, 30],
    ]);
    expect(values('cmf', { length: 2 }, bars).value![1]).toBeCloseTo((0.5 * 10 - 30) / 40, 12);
  });

  it('IND-1: Aroon counts bars since the newest of equal extremes', () => {
    const bars = fromRows([
      [9, 1, 5],
      [9, 2, 5],
      [8, 3, 5],
      [7, 2, 5],
      [6, 4, 5],
    ]);
    const got = values('aroon', { length: 4 }, bars);
    expect([got.up![4], got.down![4]]).toEqual([25, 0]);
  });

  it('IND-1: parabolic SAR by hand: rise, acceleration, touch, fall', () => {
    const bars = fromRows([
      [10, 9, 9.5],
      [11, 10, 10.8],
      [12, 11, 11.5],
      [13, 12, 12.5],
      [12.5, 9, 9.2],
      [9.5, 8, 8.5],
    ]);
    const got = values('psar', { start: 0.02, step: 0.02, most: 0.2 }, bars).value!;
    // Bar 1: the first low. Bar 2: 9 + 0.02 (11 - 9) = 9.04, held at the first low, 9; extreme 12, factor 0.04.
    // Bar 3: 9 + 0.04 (12 - 9) = 9.12; extreme 13, factor 0.06.
    // Bar 4: 9.12 + 0.06 (13 - 9.12) = 9.3528, touched by 9: the stop starts anew at 13, extreme 9, factor 0.02.
    // Bar 5: 13 + 0.02 (9 - 13) = 12.92, held above the high of bar 3, 13.
    expect(got.map((x) => (Number.isNaN(x) ? null : Number(x.toFixed(6))))).toEqual([
      null,
      9,
      9,
      9.12,
      13,
      13,
    ]);
  });

  it('IND-1: Ichimoku is drawn 25 bars ahead and the close 25 bars back', () => {
    const computed = computeIndicator(indicatorById('ichimoku'), {}, fromCloses([1]), CONTEXT);
    expect(computed.map((o) => [o.key, o.shift])).toEqual([
      ['conversion', 0],
      ['base', 0],
      ['spanA', 25],
      ['spanB', 25],
      ['lagging', -25],
    ]);
  });
});

describe('IND-4: periods follow the calendar', () => {
  const twoDays = fromRows(
    [
      [10, 8, 9, 2],
      [12, 9, 12, 2],
      [20, 10, 15, 1],
      [16, 14, 15, 3],
    ],
    DAY / 2,
  );

  it('pivots of a day come from the day before and hold all day', () => {
    const got = values('pivots', {}, twoDays);
    // Day one: high 12, low 8, close 12. P = 32 / 3.
    const p = 32 / 3;
    const want = {
      p,
      r1: 2 * p - 8,
      s1: 2 * p - 12,
      r2: p + 4,
      s2: p - 4,
      r3: 12 + 2 * (p - 8),
      s3: 8 - 2 * (12 - p),
    };
    for (const [key, level] of Object.entries(want)) {
      expect(got[key]!.slice(0, 2)).toEqual([Number.NaN, Number.NaN]);
      expect(got[key]![2]).toBeCloseTo(level, 12);
      expect(got[key]![3]).toBe(got[key]![2]);
    }
  });

  it('VWAP starts anew with the day', () => {
    const got = values('vwap', { deviations: 1 }, twoDays);
    // Typical prices 9, 11 | 15, 15 with volumes 2, 2 | 1, 3.
    expect(got.value).toEqual([9, 10, 15, 15]);
    expect(got.upper).toEqual([9, 11, 15, 15]);
    expect(got.lower).toEqual([9, 9, 15, 15]);
  });

  it('a period that the bars break into is not known, and is no base for pivots', () => {
    const late = fromRows(
      [
        [10, 8, 9],
        [12, 9, 12],
        [20, 10, 15],
        [16, 14, 15],
      ],
      DAY / 2,
      START + H1,
    );
    expect(values('vwap', {}, late).value).toEqual([Number.NaN, Number.NaN, 15, 15]);
    expect(values('pivots', {}, late).p!.every(Number.isNaN)).toBe(true);
  });

  it('the FX day begins at 17:00 New York, in summer and in winter', () => {
    const fx: IndicatorContext = { calendar: 'fx', timeframe: 'H1' };
    for (const [sundayMs, utcHour] of [
      [Date.UTC(2024, 0, 7), 22],
      [Date.UTC(2024, 6, 7), 21],
    ] as const) {
      const bars = fromRows(
        Array.from({ length: 30 }, (_, i): Row => [i + 1, i, i + 0.5]),
        H1,
        sundayMs + utcHour * H1,
      );
      const p = values('pivots', {}, bars, fx).p!;
      expect(p.findIndex((x) => !Number.isNaN(x))).toBe(24);
    }
  });

  it('without volume VWAP, MFI and CMF are unknown and never 0', () => {
    const silent = fromRows(Array.from({ length: 60 }, (_, i): Row => [i + 2, i, i + 1, 0]));
    for (const id of ['vwap', 'mfi', 'cmf']) {
      expect(
        Object.values(values(id, {}, silent))
          .flat()
          .every(Number.isNaN),
        id,
      ).toBe(true);
    }
  });
});

/** A walk with gaps in it: bars that are none, and volumes that are none. */
const walk = (count: number, seed: number): { bars: BarSeries; sound: BarSeries; soundRows: number[] } => {
  let state = seed;
  const next = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  const rows: Row[] = [];
  let price = 100;
  for (let i = 0; i < count; i++) {
    price = Math.max(1, price + next() - 0.5);
    rows.push([price + next(), price - next(), price, Math.floor(next() * 100)]);
  }
  const bars = fromRows(rows);
  const broken = rows.map((_, i) => i % 17 === 5);
  const damaged: BarSeries = {
    ...bars,
    high: Array.from(bars.high, (x, i) => (broken[i] ? Number.NaN : x)),
    close: Array.from(bars.close, (x, i) => (broken[i] && i % 2 ? Number.POSITIVE_INFINITY : x)),
  };
  const soundRows = rows.flatMap((_, i) => (broken[i] ? [] : [i]));
  const only = (x: ArrayLike<number>) => soundRows.map((i) => x[i]!);
  const sound: BarSeries = {
    timeMs: only(bars.timeMs),
    open: only(bars.open),
    high: only(bars.high),
    low: only(bars.low),
    close: only(bars.close),
    volume: only(bars.volume),
  };
  return { bars: damaged, sound, soundRows };
};

describe.each(INDICATORS.map((d) => [d.id, d] as const))('%s', (_, definition) => {
  const reader = paramReader(definition, defaultValues(definition));

  it('IND-2: is unknown during its warm-up and known after it', () => {
    const { sound } = walk(400, 7);
    const from = definition.warmup(reader);
    const computed = computeIndicator(definition, {}, sound, { calendar: 'always', timeframe: 'H1' });
    const anchored = definition.params.some((p) => p.key === 'period');
    if (anchored) return;
    const steady = computed.filter((_o, k) => !definition.outputs[k]!.partTime);
    const partTime = computed.filter((_o, k) => definition.outputs[k]!.partTime);
    const known = (i: number) =>
      steady.every((o) => Number.isFinite(o.values[i])) &&
      (partTime.length === 0 || partTime.some((o) => Number.isFinite(o.values[i])));
    if (from > 0) expect(known(from - 1)).toBe(false);
    for (let i = from; i < sound.timeMs.length; i++) expect(known(i), `bar ${i}`).toBe(true);
  });

  it('IND-3: a bar that is none gives nothing and changes nothing after it', () => {
    const { bars, sound, soundRows } = walk(300, 11);
    const damaged = computeIndicator(definition, {}, bars, CONTEXT);
    const clean = computeIndicator(definition, {}, sound, CONTEXT);
    damaged.forEach((output, k) => {
      expect(soundRows.map((i) => output.values[i])).toEqual([...clean[k]!.values]);
      expect(output.values[5]).toBeNaN();
    });
  });

  it('IND-3: survives flat bars, volumes that are none, one bar and no bar', () => {
    const flat = fromRows(Array.from({ length: 120 }, (): Row => [5, 5, 5, Number.NaN]));
    for (const bars of [flat, fromCloses([3]), fromCloses([])]) {
      for (const output of computeIndicator(definition, {}, bars, CONTEXT)) {
        for (const x of output.values) expect(Math.abs(x) === Number.POSITIVE_INFINITY).toBe(false);
      }
    }
  });

  it('IND-5: knows nothing of later bars, and one by one gives what all at once gives', () => {
    const { sound } = walk(260, 3);
    const all = computeIndicator(definition, {}, sound, CONTEXT);
    const stream = openIndicator(definition, {}, CONTEXT);
    const out = new Float64Array(definition.outputs.length);
    for (let i = 0; i < sound.timeMs.length; i++) {
      stream.next(
        {
          timeMs: sound.timeMs[i]!,
          open: sound.open[i]!,
          high: sound.high[i]!,
          low: sound.low[i]!,
          close: sound.close[i]!,
          volume: sound.volume[i]!,
        },
        out,
      );
      for (const [k, output] of all.entries()) expect(Object.is(out[k], output.values[i])).toBe(true);
    }
  });
});

describe('IND-7: parameters', () => {
  it('are refused by name, range and kind', () => {
    const ema = indicatorById('ema');
    for (const bad of [
      { length: 0 },
      { length: 501 },
      { length: 2.5 },
      { length: '9' },
      { source: 'vwap' },
      { n: 3 },
    ]) {
      expect(() => checkedValues(ema, bad), JSON.stringify(bad)).toThrow(FrontierError);
    }
    expect(() => computeIndicator(ema, { length: Number.NaN }, fromCloses([1]), CONTEXT)).toThrow(
      /whole number from 1 to 500/,
    );
    expect(() => indicatorById('emma')).toThrow(/no indicator emma/);
  });

  it('at their limits still compute', () => {
    const { sound } = walk(600, 13);
    for (const definition of INDICATORS) {
      for (const edge of ['min', 'max'] as const) {
        const given = Object.fromEntries(
          definition.params.flatMap((p) => (p.type === 'choice' ? [] : [[p.key, p[edge]]])),
        );
        expect(() => computeIndicator(definition, given, sound, CONTEXT), definition.id).not.toThrow();
      }
    }
  });

  it('name the indicator', () => {
    const title = (id: string, given: ParamValues) =>
      indicatorTitle(indicatorById(id), checkedValues(indicatorById(id), given));
    expect(title('ema', {})).toBe('EMA 20');
    expect(title('ema', { length: 9, source: 'hl2' })).toBe('EMA 9 (H + L) / 2');
    expect(title('macd', {})).toBe('MACD 12 26 9');
    expect(title('vwap', { period: 'W1' })).toBe('VWAP Week 2');
  });

  it('have defaults inside their own ranges, unique ids and outputs', () => {
    expect(new Set(INDICATORS.map((d) => d.id)).size).toBe(INDICATORS.length);
    for (const d of INDICATORS) {
      expect(() => checkedValues(d, defaultValues(d))).not.toThrow();
      expect(new Set(d.outputs.map((o) => o.key)).size).toBe(d.outputs.length);
      for (const fill of d.fills ?? []) {
        const keys = d.outputs.map((o) => o.key);
        expect(keys).toContain(fill.upper);
        expect(keys).toContain(fill.lower);
      }
    }
  });
});

describe('parabolic SAR', () => {
  it('IND-1: never stands inside the bar it belongs to, and turns only when touched', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
        const { sound } = walk(120, seed);
        const sar = values('psar', {}, sound).value!;
        for (let i = 1; i < sar.length; i++) {
          const inside = sar[i]! > sound.low[i]! && sar[i]! < sound.high[i]!;
          expect(inside).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });
});
