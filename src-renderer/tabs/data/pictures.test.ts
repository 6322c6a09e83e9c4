import { describe, expect, it } from 'vitest';
import { inPerCent, linePath, logHeight, placeAmong } from './pictures.ts';

describe('pictures of a quality report', () => {
  it('places a range among classes, inside its class in proportion', () => {
    const edges = [0, 10, 20, 40];
    expect([0, 5, 10, 30, 40, 999].map((p) => placeAmong(edges, p))).toEqual([0, 0.5, 1, 2.5, 3.5, 3.5]);
    expect(placeAmong([], 5)).toBe(0);
  });

  it('draws counts on a logarithmic scale from nothing to the highest', () => {
    expect(logHeight(0, 999)).toBe(0);
    expect(logHeight(999, 999)).toBe(1);
    // log 10 / log 1000
    expect(logHeight(9, 999)).toBeCloseTo(1 / 3, 12);
    expect(logHeight(0, 0)).toBe(0);
  });

  it('compares hours with the mean of their own season', () => {
    expect(inPerCent([1, 3, null])).toEqual([50, 150, null]);
    expect(inPerCent([null, null])).toEqual([null, null]);
    expect(inPerCent([0, 0])).toEqual([null, null]);
  });

  it('breaks a line where nothing is known', () => {
    expect(
      linePath(
        [1, 2, null, 3],
        (i) => i,
        (v) => v,
      ),
    ).toBe('M0.0 1.0L1.0 2.0M3.0 3.0');
  });
});
