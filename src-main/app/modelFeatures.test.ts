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
/** Without single hours, and without a stretch that is longer than values are carried on. */
const CLOSED = Array.from({ length: 9 }, (_, i) => 360 + i);
const OTHER = bars(HOURS, 1, [330, 331, 350, ...CLOSED]);
const FEATURES = ['return_1', 'return_3', featureName('GBPUSD', 'return_1')];

describe('features of several instruments', () => {
  it('are those of each one by itself, put together by time', () => {
    const matrix = matrixOf({ symbol: 'EURUSD', features: FEATURES }, OWN, new Map([['GBPUSD', OTHER]]));
    const own = computeFeatures(OWN, instrumentFor('EURUSD'), ['return_1', 'return_3']);
    const other = computeFeatures(OTHER, instrumentFor('GBPUSD'), ['return_1']);
    expect(matrix.names).toEqual(FEATURES);
    for (let row = 0; row < HOURS; row++) {
      expect(matrix.values.slice(row * 3, row * 3 + 2)).toEqual(own.values.slice(row * 2, row * 2 + 2));
      const theirs = OTHER.timeMs.findLastIndex((t) => t <= OWN.timeMs[row]!);
      const value = matrix.values[row * 3 + 2]!;
      if (OWN.timeMs[row]! - OTHER.timeMs[theirs]! > 5 * HOUR_MS) expect(value).toBeNaN();
      else expect(Object.is(value, other.values[theirs]) || value === other.values[theirs]).toBe(true);
    }
    // An hour that the other instrument lacks knows what it knew last; a market that stays closed is forgotten.
    const said = (row: number): number => matrix.values[row * 3 + 2]!;
    expect([said(330), said(331)]).toEqual([said(329), said(329)]);
    expect(said(350)).toBe(said(349));
    expect(said(332)).not.toBe(said(331));
    const unknown = CLOSED.filter((row) => Number.isNaN(said(row)));
    expect(unknown).toEqual([365, 366, 367, 368]);
    expect(Number.isFinite(said(369))).toBe(true);
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
