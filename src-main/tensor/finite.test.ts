import { describe, expect, it } from 'vitest';
import { describeFeature, firstBadFeature } from './finite.ts';

/** Six rows of two features: row r holds r and 10 r; targets are -r. */
const data = () => ({
  features: Float32Array.from({ length: 12 }, (_, i) => Math.floor(i / 2) * (i % 2 === 0 ? 1 : 10)),
  featureCount: 2,
  targets: Float32Array.from({ length: 6 }, (_, row) => -row),
  targetCount: 1,
});

describe('the number that stops a run', () => {
  it('is the first that is not finite, by window, time and column', () => {
    const given = data();
    given.features[2 * 3 + 1] = Number.NaN;
    given.features[2 * 1 + 0] = Number.NEGATIVE_INFINITY;
    // The window ending at row 4 is looked at before the one that ends at row 2.
    expect(firstBadFeature(given, 2, [4, 2])).toEqual({
      kind: 'feature',
      row: 3,
      column: 1,
      value: Number.NaN,
      nonFinite: true,
    });
    expect(firstBadFeature(given, 2, [2, 4])).toMatchObject({ row: 1, column: 0 });
    // Rows that no window covers do not matter.
    expect(firstBadFeature(given, 1, [5])).toMatchObject({ nonFinite: false });
  });

  it('may be a target', () => {
    const given = data();
    given.targets[4] = Number.POSITIVE_INFINITY;
    expect(firstBadFeature(given, 3, [2, 4])).toMatchObject({ kind: 'target', row: 4, column: 0 });
    expect(firstBadFeature(given, 3, [5])).toMatchObject({ nonFinite: false });
  });

  it('is the largest where all are finite', () => {
    const given = data();
    given.features[2 * 2] = -1e9;
    expect(firstBadFeature(given, 2, [3, 5])).toEqual({
      kind: 'feature',
      row: 2,
      column: 0,
      value: -1e9,
      nonFinite: false,
    });
    expect(firstBadFeature(given, 2, [])).toBeUndefined();
  });

  it('is named', () => {
    const at = { kind: 'feature', row: 7, column: 1, value: Number.NaN, nonFinite: true } as const;
    expect(describeFeature(at, ['a', 'rsi14'])).toBe('feature rsi14 of row 7 is NaN');
    expect(describeFeature({ ...at, value: 4e20, nonFinite: false })).toBe(
      'the largest number is 400000000000000000000, feature 1 of row 7',
    );
  });
});
