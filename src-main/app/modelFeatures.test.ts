import { describe, expect, it } from 'vitest';
import type { BarColumns } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { computeFeatures } from '../features/index.ts';
import { featureName, matrixOf, otherSymbols } from './modelFeatures.ts';

const HOUR_MS = 3_600_000;
/** Longer than the warm-up of the features. */
const HOURS = 400;

/** Hourly bars of a slow wave; `left out` hours are missing. */
function bars(hours: number, phase: number, leftOut: readonly number[] = []): BarColumns {
  const kept = Array.from({ length: hours }, (_, i) => i).filter((i) => !leftOut.includes(i));
  const price = (i: number): number => 1.2 + 0.01 * Math.sin(i / 7 + phase) + 0.0001 * i;
  return {
    timeMs: Float64Array.from(kept, (i) => 1_600_000_000_000 + i * HOUR_MS),
    open: Float64Array.from(kept, (i) => price(i - 1)),
    high: Float64Array.from(kept, (i) => Math.max(price(i), price(i - 1)) + 0.0005),
    low: Float64Array.from(kept, (i) => Math.min(price(i), price(i - 1)) - 0.0005),
    close: Float64Array.from(kept, price),
    volume: Float64Array.from(kept, (i) => 100 + (i % 5)),
  };
}

const OWN = bars(HOURS, 0);
const OTHER = bars(HOURS, 1, [330, 331, 350]);
const FEATURES = ['return_1', 'return_3', featureName('GBPUSD', 'return_1')];

describe('features of several instruments', () => {
  it('are those of each one by itself, put together at the same opening time', () => {
    const matrix = matrixOf({ symbol: 'EURUSD', features: FEATURES }, OWN, new Map([['GBPUSD', OTHER]]));
    const own = computeFeatures(OWN, instrumentFor('EURUSD'), ['return_1', 'return_3']);
    const other = computeFeatures(OTHER, instrumentFor('GBPUSD'), ['return_1']);
    expect(matrix.names).toEqual(FEATURES);
    for (let row = 0; row < HOURS; row++) {
      expect(matrix.values.slice(row * 3, row * 3 + 2)).toEqual(own.values.slice(row * 2, row * 2 + 2));
      const theirs = OTHER.timeMs.indexOf(OWN.timeMs[row]!);
      const value = matrix.values[row * 3 + 2]!;
      if (theirs < 0) expect(value).toBeNaN();
      else expect(Object.is(value, other.values[theirs]) || value === other.values[theirs]).toBe(true);
    }
    // A bar that the other instrument lacks is known to nobody; none after it is moved.
    expect([330, 331, 350].every((row) => Number.isNaN(matrix.values[row * 3 + 2]!))).toBe(true);
    expect(Number.isFinite(matrix.values[332 * 3 + 2]!)).toBe(true);
    expect(matrix.atr).toEqual(own.atr);
  });

  it('do not change what was known when later bars of the other instrument change', () => {
    const before = matrixOf({ symbol: 'EURUSD', features: FEATURES }, OWN, new Map([['GBPUSD', OTHER]]));
    const later = { ...OTHER, close: OTHER.close.map((c, i) => (i < 360 ? c : c * 1.01)) };
    const after = matrixOf({ symbol: 'EURUSD', features: FEATURES }, OWN, new Map([['GBPUSD', later]]));
    const known = OWN.timeMs.findIndex((t) => t >= OTHER.timeMs[360]!);
    expect(after.values.slice(0, known * 3)).toEqual(before.values.slice(0, known * 3));
    expect(after.values.slice(known * 3)).not.toEqual(before.values.slice(known * 3));
  });

  it('name the instruments that are needed, and refuse where one is missing', () => {
    expect(otherSymbols(FEATURES)).toEqual(['GBPUSD']);
    expect(otherSymbols(['return_1'])).toEqual([]);
    expect(() => matrixOf({ symbol: 'EURUSD', features: FEATURES }, OWN, new Map())).toThrow(
      /reads features of GBPUSD/,
    );
  });
});
