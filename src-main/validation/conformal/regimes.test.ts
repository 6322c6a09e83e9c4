import { describe, expect, it } from 'vitest';
import { clopperPearson } from '../../../src-shared/metrics/binomial.ts';
import { coverageByRegime, coverageOverTime, tercileCuts } from './regimes.ts';

const HOUR_MS = 3_600_000;

/** Rows of width 2 around 0; `missed` lie outside. */
function rowsOf(n: number, missed: (row: number) => boolean) {
  return {
    timeMs: Float64Array.from({ length: n }, (_, i) => i * HOUR_MS),
    targets: Float64Array.from({ length: n }, (_, i) => (missed(i) ? 1.5 : 1)),
    lower: new Float64Array(n).fill(-1),
    upper: new Float64Array(n).fill(1),
  };
}

describe('coverage by regime', () => {
  it('CONF-11: cuts lie at a third and two thirds of the training values', () => {
    expect(tercileCuts([9, 1, 8, 2, 7, 3, 6, 4, 5])).toEqual([3, 6]);
    expect(tercileCuts([1, Number.NaN, 3, 2])).toEqual([1, 2]);
    expect(tercileCuts([])).toEqual([Number.NaN, Number.NaN]);
  });

  it('CONF-11: counts each row in its volatility, its trend and both, by hand', () => {
    const volatility = [0, 0, 1, 1, 2, 2];
    const trend = [-1, 1, -1, 1, -1, 1];
    const cuts = { volatility: [0, 1], trend: [-0.5, 0.5] } as const;
    const rows = rowsOf(6, (row) => row === 4);
    const parts = coverageByRegime(rows, volatility, trend, cuts, { overlapBars: 1 });
    expect(parts.map((p) => p.name)).toEqual([
      ...['calm', 'normal', 'wild', 'falling', 'sideways', 'rising'],
      ...['calm', 'normal', 'wild'].flatMap((v) =>
        ['falling', 'sideways', 'rising'].map((t) => `${v}, ${t}`),
      ),
    ]);
    const part = (name: string) => parts.find((p) => p.name === name)!;
    expect(part('calm')).toMatchObject({ n: 2, achieved: 1, width: 2 });
    expect(part('wild')).toMatchObject({ n: 2, achieved: 0.5 });
    expect(part('falling')).toMatchObject({ n: 3, achieved: 2 / 3, ...clopperPearson(2, 3, 0.95) });
    expect(part('wild, falling')).toMatchObject({ n: 1, achieved: 0 });
    expect(part('sideways')).toEqual({
      name: 'sideways',
      n: 0,
      achieved: null,
      low: null,
      high: null,
      width: null,
    });
  });

  it('CONF-11: a row whose regime is not known is in none', () => {
    const cuts = { volatility: [0, 1], trend: [-0.5, 0.5] } as const;
    const rows = rowsOf(2, () => false);
    const parts = coverageByRegime(rows, [Number.NaN, 0], [0, Number.NaN], cuts, { overlapBars: 1 });
    expect(parts.slice(0, 6).map((p) => p.n)).toEqual([1, 0, 0, 0, 1, 0]);
    expect(parts.slice(6).every((p) => p.n === 0)).toBe(true);
  });
});

describe('coverage over time', () => {
  it('CONF-12: finds the stretch in which intervals failed', () => {
    const rows = rowsOf(1000, (row) => row >= 500 && row < 550);
    const parts = coverageOverTime(rows, { overlapBars: 12 });
    expect(parts).toHaveLength(20);
    expect(parts.map((p) => p.achieved)).toEqual(Array.from({ length: 20 }, (_, b) => (b === 10 ? 0 : 1)));
    expect(parts[10]).toMatchObject({ n: 50, name: '1970-01-21', fromMs: 500 * HOUR_MS });
    // The band is that of 50 / 12 independent rows.
    expect(parts[0]!.low).toBe(clopperPearson(50 / 12, 50 / 12, 0.95).low);
  });

  it('CONF-12: takes fewer and longer stretches where horizons are long, and every row once', () => {
    const rows = rowsOf(1003, () => false);
    const parts = coverageOverTime(rows, { overlapBars: 100 });
    expect(parts).toHaveLength(5);
    expect(parts.reduce((sum, p) => sum + p.n, 0)).toBe(1003);
    expect(
      coverageOverTime(
        rowsOf(3, () => false),
        { overlapBars: 100 },
      ),
    ).toHaveLength(1);
    expect(
      coverageOverTime(
        rowsOf(0, () => false),
        { overlapBars: 1 },
      ),
    ).toEqual([]);
  });
});
