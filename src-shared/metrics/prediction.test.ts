import { describe, expect, it } from 'vitest';
import { rankCorrelation, rSquared } from './prediction.ts';

describe('rSquared', () => {
  it('is 1 for a perfect prediction, 0 for predicting nothing, negative for worse than nothing', () => {
    expect(rSquared([1, -2, 3], [1, -2, 3])).toBe(1);
    expect(rSquared([1, -2, 3], [0, 0, 0])).toBe(0);
    // residuals 2, -4, 6: 56 over 14
    expect(rSquared([1, -2, 3], [-1, 2, -3])).toBe(-3);
    expect(rSquared([0, 0], [1, 1])).toBeNaN();
  });
});

describe('rankCorrelation', () => {
  it('equals a published example (Spearman, ten pupils: IQ against hours of television, -29/165)', () => {
    const iq = [106, 86, 100, 101, 99, 103, 97, 113, 112, 110];
    const hours = [7, 0, 27, 50, 28, 29, 20, 12, 6, 17];
    expect(rankCorrelation(iq, hours)).toBeCloseTo(-29 / 165, 12);
  });

  it('shares mean ranks between ties', () => {
    // ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 4.5, variances 4.5 and 5
    expect(rankCorrelation([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
    expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBeNaN();
  });
});
