import { describe, expect, it } from 'vitest';
import { allocateBars, type BarColumns, barCount } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import {
  applyScaler,
  computeFeatures,
  DEFAULT_FEATURES,
  FEATURES,
  type FeatureMatrix,
  featureWarmupBars,
  fitScaler,
  forwardTargets,
  resolveFeatures,
} from './index.ts';
import { Ring, WilderAtr } from './indicators.ts';

const EURUSD = instrumentFor('EURUSD');
const HOUR_MS = 3_600_000;

/** Bars whose closes are given; open is the previous close, the wicks are 1 wide. */
function barsOf(closes: readonly number[], startMs = Date.UTC(2024, 0, 1, 22)): BarColumns {
  const bars = allocateBars(closes.length);
  closes.forEach((close, i) => {
    const open = closes[i - 1] ?? close;
    bars.timeMs[i] = startMs + i * HOUR_MS;
    bars.open[i] = open;
    bars.close[i] = close;
    bars.high[i] = Math.max(open, close) + 1;
    bars.low[i] = Math.min(open, close) - 1;
    bars.volume[i] = i % 2;
  });
  return bars;
}

/** Alternates by one around a level for `count` bars, so that averages settle at known values. */
const flat = (count: number, level = 100) => new Array<number>(count).fill(level);

function lastOf(name: string, bars: BarColumns): number {
  return computeFeatures(bars, EURUSD, [name]).values[barCount(bars) - 1]!;
}

describe('values by hand', () => {
  it('ATR(14) after Wilder: mean of 14 true ranges, then smoothed by 1/14', () => {
    const atr = new WilderAtr(14);
    const bar = (high: number, low: number, close: number) =>
      atr.push({ timeMs: 0, open: close, high, low, close, volume: 0 });
    bar(102, 100, 101); // the first true range is high - low = 2
    for (let i = 0; i < 12; i++) bar(102, 100, 101);
    expect(atr.value).toBeNaN();
    bar(105, 104, 104.5); // max(105, 101) - min(104, 101) = 4
    expect(atr.value).toBeCloseTo((13 * 2 + 4) / 14, 12);
    bar(105, 104, 104.5);
    expect(atr.value).toBeCloseTo((30 / 14) * (13 / 14) + 1 / 14, 12);
  });

  it('returns and distances are in units of the ATR', () => {
    // Flat for 500 bars: ATR 2. Then a step of 2 with true range 4: ATR 2 + 2 / 14.
    const bars = barsOf([...flat(500), 102]);
    const atr = 2 + 2 / 14;
    expect(lastOf('return_1', bars)).toBeCloseTo(Math.log(1.02) / (atr / 102), 5);
    expect(lastOf('return_6', bars)).toBeCloseTo(Math.log(1.02) / ((atr / 102) * Math.sqrt(6)), 5);
    expect(lastOf('ema_distance_12', bars)).toBeCloseTo((2 - (2 * 2) / 13) / atr, 5);
    expect(lastOf('candle_body', bars)).toBeCloseTo(2 / atr, 5);
    expect(lastOf('upper_wick', bars)).toBeCloseTo(1 / atr, 5);
    expect(lastOf('lower_wick', bars)).toBeCloseTo(1 / atr, 5);
    expect(lastOf('bar_range', bars)).toBeCloseTo(4 / atr, 5);
  });

  it('RSI, efficiency and range position reach their ends', () => {
    const up = barsOf(Array.from({ length: 400 }, (_, i) => 100 + i));
    expect(lastOf('rsi_14', up)).toBeCloseTo(1, 6);
    expect(lastOf('efficiency_24', up)).toBeCloseTo(1, 6);
    const down = barsOf(Array.from({ length: 400 }, (_, i) => 1000 - i));
    expect(lastOf('rsi_14', down)).toBeCloseTo(-1, 6);
    expect(lastOf('efficiency_24', down)).toBeCloseTo(-1, 6);
    // 24 rising closes end at 499; the highest high is 500, the lowest low 474 (the open of the first, less 1).
    expect(lastOf('range_position_24', up)).toBeCloseTo((2 * (499 - 474)) / (500 - 474) - 1, 6);
    // Equal gains and losses in turn: the last move, a loss, weighs 1 against 13/14.
    const saw = barsOf(Array.from({ length: 601 }, (_, i) => 100 + (i % 2 === 0 ? 0 : 1)));
    expect(lastOf('rsi_14', saw)).toBeCloseTo((13 / 14 - 1) / (13 / 14 + 1), 5);
  });

  it('volatility ratio compares short with long root-mean-square returns', () => {
    const x = 1.001;
    const closes = [100];
    for (let i = 1; i <= 96; i++) closes.push(closes[i - 1]! * (i % 2 === 0 ? x : 1 / x));
    for (let i = 0; i < 12; i++) closes.push(closes.at(-1)! * (i % 2 === 0 ? x ** 2 : x ** -2));
    // 12 of the 48 squares are 4, the others 1: ln sqrt(4 / (84 / 48)).
    expect(lastOf('volatility_ratio_12_48', barsOf(closes))).toBeCloseTo(0.5 * Math.log(4 / (84 / 48)), 5);
  });

  it('volume is a standard score of its logarithm', () => {
    // 24 zeros and 24 ones in turn: mean ln(2) / 2, deviation ln(2) / 2; the last bar (even) has 0.
    expect(lastOf('volume_z_48', barsOf(flat(101)))).toBeCloseTo(-1, 5);
    const constant = barsOf(flat(100));
    constant.volume.fill(7);
    expect(lastOf('volume_z_48', constant)).toBe(0);
  });

  it('the day starts at 17:00 New York for FX, winter and summer, and at midnight UTC elsewhere', () => {
    const hourOf = (timeMs: number, symbol: string) => {
      const bars = barsOf([1], timeMs);
      const { values } = computeFeatures(bars, instrumentFor(symbol), ['hour_sin', 'hour_cos']);
      return (((Math.atan2(values[0]!, values[1]!) / (2 * Math.PI)) * 24 + 24) % 24).toFixed(3);
    };
    expect(hourOf(Date.UTC(2024, 0, 2, 22), 'EURUSD')).toBe('0.000');
    expect(hourOf(Date.UTC(2024, 6, 2, 21), 'EURUSD')).toBe('0.000');
    expect(hourOf(Date.UTC(2024, 0, 2, 4), 'EURUSD')).toBe('6.000');
    expect(hourOf(Date.UTC(2024, 0, 2, 6), 'BTCUSDT')).toBe('6.000');
  });

  it('a market that never moves gives zeros, not infinities', () => {
    const bars = barsOf(flat(500));
    bars.high.set(bars.close);
    bars.low.set(bars.close);
    const { values, warmupBars, names } = computeFeatures(bars, EURUSD, [...FEATURES.keys()]);
    for (let i = warmupBars * names.length; i < values.length; i++)
      expect(Number.isFinite(values[i]!)).toBe(true);
  });
});

describe('pipeline', () => {
  it('has NaN exactly in each feature’s own warm-up', () => {
    const names = [...FEATURES.keys()];
    const bars = barsOf(Array.from({ length: 700 }, (_, i) => 100 + Math.sin(i) + i / 50));
    const matrix = computeFeatures(bars, EURUSD, names);
    expect(matrix.warmupBars).toBe(featureWarmupBars(names));
    names.forEach((name, f) => {
      const warmup = FEATURES.get(name)!.warmupBars;
      for (let i = 0; i < matrix.rows; i++) {
        const value = matrix.values[i * names.length + f]!;
        if (Number.isNaN(value) !== i < warmup) expect.fail(`${name} at ${i}: ${value}`);
      }
    });
    expect(matrix.atr.findIndex((x) => !Number.isNaN(x))).toBe(13);
  });

  it('every feature is documented, and the default ones exist', () => {
    for (const feature of FEATURES.values()) expect(feature.doc.length, feature.name).toBeGreaterThan(20);
    expect(resolveFeatures(DEFAULT_FEATURES)).toHaveLength(DEFAULT_FEATURES.length);
  });

  it('answers a wrong name with near ones', () => {
    expect(() => resolveFeatures(['return_2'])).toThrow(/no feature "return_2"/);
    expect(() => resolveFeatures(['rsi_41'])).toThrow(
      expect.objectContaining({ hint: 'Did you mean rsi_14?' }),
    );
    expect(() => resolveFeatures(['rsi_14', 'rsi_14'])).toThrow(/twice/);
    expect(() => resolveFeatures([])).toThrow(/No features/);
  });

  it('a ring gives its newest values whatever came before', () => {
    const ring = new Ring(4);
    [9, 9, 1, -2, 3, 4].forEach((x) => {
      ring.push(x);
    });
    expect([ring.at(0), ring.at(3)]).toEqual([1, 4]);
    expect([ring.mean(2), ring.meanSquare(2), ring.sumAbs(4), ring.max(3), ring.min(3)]).toEqual([
      3.5, 12.5, 10, 4, -2,
    ]);
  });
});

describe('scaler', () => {
  const matrix: FeatureMatrix = {
    names: ['a', 'b'],
    rows: 5,
    values: Float32Array.from([Number.NaN, 1, 1, 7, 3, 7, 5, 7, 1000, 9]),
    warmupBars: 1,
    atr: new Float64Array(5),
  };

  it('is fitted on the rows named alone, leaving NaN out', () => {
    const scaler = fitScaler(matrix, 0, 4);
    expect(scaler).toEqual({ names: ['a', 'b'], mean: [3, 7], std: [Math.sqrt(8 / 3), 1], clip: 5 });
    expect(JSON.parse(JSON.stringify(scaler))).toEqual(scaler);
  });

  it('clips, keeps NaN and leaves its input alone', () => {
    const scaled = applyScaler(fitScaler(matrix, 0, 4), matrix.values, 5);
    expect(scaled[0]).toBeNaN();
    expect([...scaled.subarray(2)].map((x) => Number(x.toFixed(4)))).toEqual([
      -1.2247, 0, 0, 0, 1.2247, 0, 5, 2,
    ]);
    expect(matrix.values[8]).toBe(1000);
  });

  it('refuses too few rows and another shape', () => {
    expect(() => fitScaler(matrix, 0, 2)).toThrow(/1 complete/);
    expect(() => applyScaler(fitScaler(matrix, 0, 4), new Float32Array(7), 5)).toThrow(/not 5 rows/);
  });
});

describe('targets', () => {
  it('are forward log returns in units of the volatility known at the bar', () => {
    const bars = barsOf([100, 101, 103, 99]);
    const atr = Float64Array.from([Number.NaN, 2, 0, 2]);
    const targets = forwardTargets(bars, atr, 2);
    expect(targets[0]).toBeNaN();
    expect(targets[1]).toBeCloseTo(Math.log(99 / 101) / ((2 / 101) * Math.SQRT2), 5);
    expect([targets[2], targets[3]]).toEqual([Number.NaN, Number.NaN]);
    expect(() => forwardTargets(bars, atr, 0)).toThrow(/not possible/);
  });
});
