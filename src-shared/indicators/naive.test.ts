/** Every windowed or recursive formula once more, from its definition with whole arrays, against the streams. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BarSeries, computeIndicator, INDICATORS, indicatorById, type ParamValues } from './index.ts';

type Col = readonly number[];
interface Cols extends BarSeries {
  readonly timeMs: Col;
  readonly open: Col;
  readonly high: Col;
  readonly low: Col;
  readonly close: Col;
  readonly volume: Col;
}
type Read = (key: string) => number;

const H1 = 3_600_000;
const MONDAY_MS = Date.UTC(2024, 0, 8);
const CONTEXT = { calendar: 'always', timeframe: 'H1' } as const;

const last = (x: Col, i: number, n: number) => (i + 1 < n ? undefined : x.slice(i + 1 - n, i + 1));
const total = (x: Col) => x.reduce((a, b) => a + b, 0);
const mean = (x: Col) => total(x) / x.length;
const windowed = (x: Col, n: number, f: (w: Col) => number) =>
  x.map((_, i) => {
    const w = last(x, i, n);
    return w?.every(Number.isFinite) ? f(w) : Number.NaN;
  });
const smaOf = (x: Col, n: number) => windowed(x, n, mean);
const wmaOf = (x: Col, n: number) =>
  windowed(x, n, (w) => total(w.map((v, k) => v * (k + 1))) / total(w.map((_, k) => k + 1)));
const maxOf = (x: Col, n: number) => windowed(x, n, (w) => Math.max(...w));
const minOf = (x: Col, n: number) => windowed(x, n, (w) => Math.min(...w));
const sumOf = (x: Col, n: number) => windowed(x, n, total);
const deviationOf = (x: Col, n: number) =>
  windowed(x, n, (w) => Math.sqrt(mean(w.map((v) => (v - mean(w)) ** 2))));

/** The closed form of a recursive average: seed and every later number with its weight. */
function recursive(x: Col, n: number, weight: number): number[] {
  const from = x.findIndex(Number.isFinite);
  return x.map((_, i) => {
    const seed = from + n - 1;
    if (from < 0 || i < seed) return Number.NaN;
    let value = mean(x.slice(from, from + n)) * (1 - weight) ** (i - seed);
    for (let k = seed + 1; k <= i; k++) value += weight * (1 - weight) ** (i - k) * x[k]!;
    return value;
  });
}
const emaOf = (x: Col, n: number) => recursive(x, n, 2 / (n + 1));
const wilderOf = (x: Col, n: number) => recursive(x, n, 1 / n);
const zip = (f: (...v: number[]) => number, ...cols: Col[]) =>
  cols[0]!.map((_, i) => f(...cols.map((c) => c[i]!)));
const ago = (x: Col, n: number) => x.map((_, i) => (i < n ? Number.NaN : x[i - n]!));
const typicalOf = (b: Cols) => zip((h, l, c) => (h + l + c) / 3, b.high, b.low, b.close);
const trueRangeOf = (b: Cols) =>
  b.high.map((h, i) => {
    const low = b.low[i]!;
    const before = b.close[i - 1];
    return before === undefined ? h - low : Math.max(h - low, Math.abs(h - before), Math.abs(low - before));
  });
const placeOf = (h: Col, l: Col, c: Col, n: number) =>
  zip(
    (x, top, bottom) => (top - bottom <= 1e-11 * top ? 50 : (100 * (x - bottom)) / (top - bottom)),
    c,
    maxOf(h, n),
    minOf(l, n),
  );
const rsiOf = (c: Col, n: number) => {
  const change = zip((x, y) => x - y, c, ago(c, 1));
  const side = (sign: number) =>
    wilderOf(
      change.map((d) => (Number.isNaN(d) ? d : Math.max(0, sign * d))),
      n,
    );
  return zip((g, l) => (g + l === 0 ? 50 : 100 - 100 / (1 + g / l)), side(1), side(-1));
};
const adxOf = (b: Cols, n: number, smooth: number) => {
  const up = zip((x, y) => x - y, b.high, ago(b.high, 1));
  const down = zip((x, y) => x - y, ago(b.low, 1), b.low);
  const dm = (a: Col, other: Col) => zip((x, y) => (Number.isNaN(x) ? x : x > y && x > 0 ? x : 0), a, other);
  const reach = wilderOf(
    trueRangeOf(b).map((x, i) => (i === 0 ? Number.NaN : x)),
    n,
  );
  const di = (d: Col) => zip((x, r) => (r === 0 ? 0 : (100 * x) / r), wilderOf(d, n), reach);
  const plus = di(dm(up, down));
  const minus = di(dm(down, up));
  const dx = zip((p, m) => (p + m === 0 ? 0 : (100 * Math.abs(p - m)) / (p + m)), plus, minus);
  return [wilderOf(dx, smooth), plus, minus];
};
const band = (middle: Col, reach: Col) => [
  zip((m, r) => m + r, middle, reach),
  [...middle],
  zip((m, r) => m - r, middle, reach),
];
const midOf = (b: Cols, n: number) => zip((h, l) => (h + l) / 2, maxOf(b.high, n), minOf(b.low, n));
const aroonOf = (x: Col, n: number, best: (w: Col) => number) =>
  windowed(x, n + 1, (w) => (100 * w.lastIndexOf(best(w))) / n);
const flowOf = (b: Cols, n: number) => {
  const tp = typicalOf(b);
  const change = zip((x, y) => x - y, tp, ago(tp, 1));
  const side = (sign: number) =>
    sumOf(
      change.map((d, i) => (Number.isNaN(d) ? d : sign * d > 0 ? tp[i]! * b.volume[i]! : 0)),
      n,
    );
  const volume = sumOf(
    b.volume.map((v, i) => (i === 0 ? Number.NaN : v)),
    n,
  );
  return zip(
    (g, l, v) => (v === 0 ? Number.NaN : g + l === 0 ? 50 : (100 * g) / (g + l)),
    side(1),
    side(-1),
    volume,
  );
};

const NAIVE: Readonly<Record<string, (b: Cols, n: Read) => Col[]>> = {
  sma: (b, n) => [smaOf(b.close, n('length'))],
  ema: (b, n) => [emaOf(b.close, n('length'))],
  wma: (b, n) => [wmaOf(b.close, n('length'))],
  dema: (b, n) => {
    const once = emaOf(b.close, n('length'));
    return [zip((x, y) => 2 * x - y, once, emaOf(once, n('length')))];
  },
  hma: (b, n) => {
    const length = n('length');
    const raw = zip((h, w) => 2 * h - w, wmaOf(b.close, Math.floor(length / 2)), wmaOf(b.close, length));
    return [wmaOf(raw, Math.floor(Math.sqrt(length)))];
  },
  bollinger: (b, n) =>
    band(
      smaOf(b.close, n('length')),
      deviationOf(b.close, n('length')).map((d) => d * n('deviations')),
    ),
  keltner: (b, n) =>
    band(
      emaOf(b.close, n('length')),
      wilderOf(trueRangeOf(b), n('atr')).map((d) => d * n('multiple')),
    ),
  donchian: (b, n) => {
    const [upper, lower] = [maxOf(b.high, n('length')), minOf(b.low, n('length'))];
    return [upper, zip((u, l) => (u + l) / 2, upper, lower), lower];
  },
  ichimoku: (b, n) => {
    const [fast, slow] = [midOf(b, n('conversion')), midOf(b, n('base'))];
    return [fast, slow, zip((x, y) => (x + y) / 2, fast, slow), midOf(b, n('span')), b.close];
  },
  rsi: (b, n) => [rsiOf(b.close, n('length'))],
  macd: (b, n) => {
    const macd = zip((x, y) => x - y, emaOf(b.close, n('fast')), emaOf(b.close, n('slow')));
    const signal = emaOf(macd, n('signal'));
    return [zip((x, y) => x - y, macd, signal), macd, signal];
  },
  stochastic: (b, n) => {
    const k = smaOf(placeOf(b.high, b.low, b.close, n('length')), n('smooth'));
    return [k, smaOf(k, n('d'))];
  },
  stochrsi: (b, n) => {
    const rsi = rsiOf(b.close, n('rsi'));
    const k = smaOf(placeOf(rsi, rsi, rsi, n('length')), n('k'));
    return [k, smaOf(k, n('d'))];
  },
  cci: (b, n) => [
    windowed(typicalOf(b), n('length'), (w) => {
      const deviation = mean(w.map((x) => Math.abs(x - mean(w))));
      return deviation < 1e-9 ? 0 : (w.at(-1)! - mean(w)) / (0.015 * deviation);
    }),
  ],
  williams: (b, n) => [placeOf(b.high, b.low, b.close, n('length')).map((x) => x - 100)],
  adx: (b, n) => adxOf(b, n('length'), n('smooth')),
  aroon: (b, n) => [
    aroonOf(b.high, n('length'), (w) => Math.max(...w)),
    aroonOf(b.low, n('length'), (w) => Math.min(...w)),
  ],
  momentum: (b, n) => [zip((x, y) => x - y, b.close, ago(b.close, n('length')))],
  roc: (b, n) => [zip((x, y) => (100 * (x - y)) / y, b.close, ago(b.close, n('length')))],
  trix: (b, n) => {
    const thrice = emaOf(emaOf(emaOf(b.close, n('length')), n('length')), n('length'));
    return [zip((x, y) => (100 * (x - y)) / y, thrice, ago(thrice, 1))];
  },
  atr: (b, n) => [wilderOf(trueRangeOf(b), n('length'))],
  stddev: (b, n) => [deviationOf(b.close, n('length'))],
  mfi: (b, n) => [flowOf(b, n('length'))],
  obv: (b) => {
    const signed = b.close.map((c, i) => (i === 0 ? 0 : Math.sign(c - b.close[i - 1]!) * b.volume[i]!));
    return [signed.map((_, i) => total(signed.slice(0, i + 1)))];
  },
  cmf: (b, n) => {
    const flow = zip(
      (h, l, c, v) => (h === l ? 0 : ((2 * c - h - l) / (h - l)) * v),
      b.high,
      b.low,
      b.close,
      b.volume,
    );
    return [
      zip((f, v) => (v === 0 ? Number.NaN : f / v), sumOf(flow, n('length')), sumOf(b.volume, n('length'))),
    ];
  },
  volume: (b, n) => [b.volume, smaOf(b.volume, n('length'))],
  supertrend: (b, n) => naiveSuperTrend(b, n('length'), n('multiple')),
};

function naiveSuperTrend(b: Cols, length: number, multiple: number): Col[] {
  const atr = wilderOf(trueRangeOf(b), length);
  const up: number[] = [];
  const down: number[] = [];
  let state: { upper: number; lower: number; side: 1 | -1 } | undefined;
  b.close.forEach((close, i) => {
    const middle = (b.high[i]! + b.low[i]!) / 2;
    const upper = middle + multiple * atr[i]!;
    const lower = middle - multiple * atr[i]!;
    const before = b.close[i - 1]!;
    if (!state && Number.isFinite(atr[i])) state = { upper, lower, side: close >= middle ? 1 : -1 };
    else if (state) {
      const bands = {
        upper: before <= state.upper ? Math.min(upper, state.upper) : upper,
        lower: before >= state.lower ? Math.max(lower, state.lower) : lower,
      };
      const { side } = state;
      const turned = side === 1 ? close < bands.lower : close > bands.upper;
      state = { ...bands, side: turned ? (side === 1 ? -1 : 1) : side };
    }
    up.push(state?.side === 1 ? state.lower : Number.NaN);
    down.push(state?.side === -1 ? state.upper : Number.NaN);
  });
  return [up, down];
}

/** A walk in whole ticks, so that flat stretches and equal extremes happen; volume may be 0. */
const barsOf = (least: number, most: number) =>
  fc
    .array(
      fc.record({
        step: fc.integer({ min: -12, max: 12 }),
        upper: fc.nat({ max: 8 }),
        lower: fc.nat({ max: 8 }),
        gap: fc.integer({ min: -2, max: 2 }),
        volume: fc.oneof(
          { weight: 3, arbitrary: fc.nat({ max: 900 }) },
          { weight: 1, arbitrary: fc.constant(0) },
        ),
      }),
      { minLength: least, maxLength: most },
    )
    .map((steps): Cols => {
      const cols = { timeMs: [], open: [], high: [], low: [], close: [], volume: [] } as Record<
        keyof Cols,
        number[]
      >;
      let price = 5_000;
      steps.forEach(({ step, upper, lower, gap, volume }, i) => {
        const open = price + gap;
        price = open + step;
        cols.timeMs.push(MONDAY_MS + i * H1);
        cols.open.push(open / 100);
        cols.high.push((Math.max(open, price) + upper) / 100);
        cols.low.push((Math.min(open, price) - lower) / 100);
        cols.close.push(price / 100);
        cols.volume.push(volume);
      });
      return cols;
    });

/** Short windows, so that a hundred bars get beyond every warm-up. */
const valuesOf = (id: string): fc.Arbitrary<ParamValues> =>
  fc.record(
    Object.fromEntries(
      indicatorById(id).params.flatMap((p) =>
        p.type === 'int'
          ? [[p.key, fc.integer({ min: Math.max(2, p.min), max: 9 })] as const]
          : p.type === 'number' && p.max > 1
            ? [[p.key, fc.integer({ min: 5, max: 40 }).map((x) => x / 10)] as const]
            : [],
      ),
    ),
  );

function expectSame(got: ArrayLike<number>, want: ArrayLike<number>, where: string): void {
  expect(got.length).toBe(want.length);
  for (let i = 0; i < want.length; i++) {
    const [a, b] = [got[i]!, want[i]!];
    if (Number.isNaN(a) && Number.isNaN(b)) continue;
    if (!(Math.abs(a - b) <= 1e-7 * Math.max(1, Math.abs(b)))) {
      throw new Error(`${where} at bar ${i}: ${a} instead of ${b}`);
    }
  }
}

describe('IND-1: every indicator agrees with its formula, computed from whole arrays', () => {
  it('covers all but those with hand-computed tables of their own', () => {
    const missing = INDICATORS.filter((d) => !NAIVE[d.id]).map((d) => d.id);
    expect(missing).toEqual(['vwap', 'psar', 'pivots']);
  });

  for (const [id, naive] of Object.entries(NAIVE)) {
    it(id, () => {
      fc.assert(
        fc.property(barsOf(1, 90), valuesOf(id), (bars, values) => {
          const got = computeIndicator(indicatorById(id), values, bars, CONTEXT);
          const want = naive(bars, (key) => Number(values[key]));
          got.forEach((output, k) => {
            expectSame(output.values, want[k]!, `${id} ${JSON.stringify(values)} ${output.key}`);
          });
        }),
        { numRuns: 60 },
      );
    });
  }
});
