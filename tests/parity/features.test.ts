import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateDemoMarket } from '../../src-main/data/demoMarket.ts';
import { importFile } from '../../src-main/data/importer.ts';
import {
  computeFeatures,
  DEFAULT_FEATURES,
  FEATURES,
  featureWarmupBars,
  IncrementalFeatures,
} from '../../src-main/features/index.ts';
import { type BarColumns, barAt, barCount, sliceBars } from '../../src-shared/market/bars.ts';
import type { Instrument } from '../../src-shared/market/instruments.ts';
import { noSharedData, sharedFile, withReason } from '../support/sharedData.ts';

const ALL = [...FEATURES.keys()];

/** Pushes bars one by one and compares every value with the batch, bit for bit (NaN equals NaN). */
function expectParity(bars: BarColumns, instrument: Instrument): void {
  const batch = computeFeatures(bars, instrument, ALL);
  const live = new IncrementalFeatures(instrument, ALL);
  for (let i = 0; i < barCount(bars); i++) {
    const row = live.push(barAt(bars, i));
    for (let f = 0; f < ALL.length; f++) {
      if (!Object.is(row.values[f], batch.values[i * ALL.length + f])) expect.fail(`${ALL[f]} at bar ${i}`);
    }
    if (!Object.is(row.atr, batch.atr[i])) expect.fail(`ATR at bar ${i}`);
  }
}

/** Bars after an index replaced by others. */
function changedAfter(bars: BarColumns, index: number, factor: number): BarColumns {
  const change = (column: Float64Array) => column.map((x, i) => (i > index ? x * factor : x));
  return {
    timeMs: bars.timeMs,
    open: change(bars.open),
    high: change(bars.high),
    low: change(bars.low),
    close: change(bars.close),
    volume: change(bars.volume),
  };
}

/** Largest difference, on the rows both have, between a stream started late and one from the beginning. */
function lateStartDifference(
  bars: BarColumns,
  instrument: Instrument,
  names: readonly string[],
  start: number,
): number {
  const whole = computeFeatures(bars, instrument, names);
  const late = computeFeatures(sliceBars(bars, start, barCount(bars)), instrument, names);
  let worst = 0;
  for (let i = late.warmupBars * names.length; i < late.values.length; i++) {
    worst = Math.max(worst, Math.abs(late.values[i]! - whole.values[start * names.length + i]!));
  }
  return worst;
}

describe('features on the demo market', () => {
  const { bars, instrument } = generateDemoMarket(3, { bars: 3000 });

  it('incremental equals batch bit for bit', () => {
    expectParity(bars, instrument);
  });

  it('changing bars after i never changes row i', () => {
    const original = computeFeatures(bars, instrument, ALL);
    fc.assert(
      fc.property(
        fc.integer({ min: 500, max: 2990 }),
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        (i, factor) => {
          const changed = computeFeatures(changedAfter(bars, i, factor), instrument, ALL);
          const until = (i + 1) * ALL.length;
          expect(changed.values.subarray(0, until)).toEqual(original.values.subarray(0, until));
          expect(changed.atr.subarray(0, i + 1)).toEqual(original.atr.subarray(0, i + 1));
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe.skipIf(noSharedData !== undefined)(withReason('features on real bars'), () => {
  it.each([
    ['GBPJPY_H1_2015_2020.csv.gz', 'GBPJPY'],
    ['GBPJPY_M1_2016-04-22_2016-05-27.csv.gz', 'GBPJPY'],
    ['BTCUSDT_H1_2021-04_2023-12.csv.gz', 'BTCUSDT'],
    ['RELIANCE_NSE_D1_2017_2022-02.csv.gz', 'RELIANCE.NSE'],
  ])('incremental equals batch bit for bit on %s', async (file, symbol) => {
    const { bars, instrument } = await importFile(sharedFile(file), { symbol });
    expectParity(bars, instrument);
  });

  it('a stream warmed with its warm-up alone differs by less than 1e-6 from one with all history', async () => {
    const { bars, instrument } = await importFile(sharedFile('GBPJPY_H1_2015_2020.csv.gz'), {
      symbol: 'GBPJPY',
    });
    for (let start = 1000; start < barCount(bars) - 3000; start += 4111) {
      const part = sliceBars(bars, 0, start + 1500);
      expect(lateStartDifference(part, instrument, ALL, start), String(start)).toBeLessThan(1e-6);
    }
  });

  it('computes the default features of six years of hours in a fraction of a second', async () => {
    const { bars, instrument } = await importFile(sharedFile('GBPJPY_H1_2015_2020.csv.gz'), {
      symbol: 'GBPJPY',
    });
    computeFeatures(sliceBars(bars, 0, 5000), instrument, DEFAULT_FEATURES);
    const start = performance.now();
    const matrix = computeFeatures(bars, instrument, DEFAULT_FEATURES);
    // Measured 60 ms alone on 2 cores; the limit leaves room for a machine that is busy.
    expect(performance.now() - start).toBeLessThan(1500);
    expect(matrix.rows).toBe(37_245);
    expect(matrix.warmupBars).toBe(featureWarmupBars(DEFAULT_FEATURES));
    const tail = matrix.values.subarray(matrix.warmupBars * DEFAULT_FEATURES.length);
    expect(tail.every((x) => Number.isFinite(x))).toBe(true);
  });
});
