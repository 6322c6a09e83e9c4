import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clopperPearson, regularisedBeta } from '../../src-shared/metrics/binomial.ts';
import { normal, SeededRng } from '../../src-shared/runtime.ts';
import type { Predictions } from './conformal.ts';
import { calibrate, conformalRank, coverage, interval, normalisedScores } from './conformal.ts';

/** A heteroscedastic market: the error grows with the scale, as volatility does. */
function sample(seed: number, n: number): Predictions {
  const rng = new SeededRng(seed);
  const targets = new Float64Array(n);
  const predictions = new Float64Array(n);
  const scales = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    predictions[i] = normal(rng);
    scales[i] = Math.exp(normal(rng) - 5);
    // Heavier tails than normal, and a bias: neither may harm the coverage.
    targets[i] = predictions[i]! + scales[i]! * (0.3 + normal(rng) * (rng.next() < 0.1 ? 4 : 1));
  }
  return { targets, predictions, scales };
}

describe('conformal quantile', () => {
  it('CONF-2: is the score of rank ceil((n + 1)(1 - alpha))', () => {
    const scores = [5, 1, 9, 3, 7, 2, 8, 4, 6];
    expect(calibrate(scores, 0.1)).toEqual({ alpha: 0.1, n: 9, rank: 9, quantile: 9, expectedCoverage: 0.9 });
    expect(calibrate(scores, 0.2).quantile).toBe(8);
    expect(calibrate(scores, 0.25).quantile).toBe(8);
    expect(calibrate(scores, 0.5)).toMatchObject({ rank: 5, quantile: 5, expectedCoverage: 0.5 });
    // (9 + 1) * 0.3 is 3.0000000000000004 in floating point.
    expect(calibrate(scores, 0.7)).toMatchObject({ rank: 3, quantile: 3 });
  });

  it.each([
    [19, 0.05, 19],
    [20, 0.05, 20],
    [39, 0.05, 38],
    [99, 0.1, 90],
    [100, 0.1, 91],
    [999, 0.1, 900],
    [9, 0.1, 9],
    [1, 0.5, 1],
    [4, 0.99, 1],
  ])('CONF-2: n %i, alpha %d: rank %i', (n, alpha, rank) => {
    expect(conformalRank(n, alpha)).toBe(rank);
  });

  it('CONF-3: refuses too few scores and says how many it takes', () => {
    const tooFew = (n: number, alpha: number) => () => conformalRank(n, alpha);
    expect(tooFew(8, 0.1)).toThrow('the interval would be infinite');
    expect(tooFew(8, 0.1)).toThrow(
      expect.objectContaining({ code: 'REFUSED', hint: expect.stringContaining('least 9 ') }),
    );
    expect(tooFew(18, 0.05)).toThrow(expect.objectContaining({ hint: expect.stringContaining('least 19 ') }));
    expect(tooFew(0, 0.5)).toThrow(expect.objectContaining({ code: 'REFUSED' }));
  });

  it('CONF-3: the number it names is the least that suffices', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999 }), (thousandths) => {
        const alpha = thousandths / 1000;
        const needed = Math.max(1, Math.ceil(1 / alpha - 1e-9) - 1);
        expect(conformalRank(needed, alpha)).toBeLessThanOrEqual(needed);
        expect(() => conformalRank(needed - 1, alpha)).toThrow();
      }),
    );
  });

  it.each([0, 1, -0.1, Number.NaN])('refuses a miscoverage of %d', (alpha) => {
    expect(() => conformalRank(100, alpha)).toThrow('not between 0 and 1');
  });

  it.each([[[1, Number.NaN, 2]], [[1, -1, 2]], [[1, Number.POSITIVE_INFINITY, 2]]])(
    'refuses scores %j',
    (scores) => {
      expect(() => calibrate(scores, 0.5)).toThrow('negative or not finite');
    },
  );
});

describe('scores and intervals', () => {
  it('CONF-1: divide the residual by the scale, and back', () => {
    const rows = { targets: [1, 5, -2], predictions: [0, 6, -2], scales: [0.5, 4, 1] };
    expect([...normalisedScores(rows)]).toEqual([2, 0.25, 0]);
    expect(interval(6, 4, 0.25)).toEqual({ lower: 5, upper: 7 });
  });

  it.each([
    [{ targets: [1, 2] }, '2 targets, 1 predictions'],
    [{ targets: [Number.NaN] }, 'target NaN'],
    [{ predictions: [Number.POSITIVE_INFINITY] }, 'prediction Infinity'],
    [{ scales: [0] }, 'scale 0 in row 0'],
    [{ scales: [Number.NaN] }, 'scale NaN'],
  ])('refuse %j', (wrong, message) => {
    const sound = { targets: [1], predictions: [1], scales: [1] };
    expect(() => normalisedScores({ ...sound, ...wrong })).toThrow(message);
  });
});

describe('coverage', () => {
  it('CONF-4: exchangeable data are covered as promised, averaged over seeds', () => {
    for (const alpha of [0.05, 0.1, 0.3]) {
      const n = 199;
      const achieved: number[] = [];
      let expected = 0;
      for (let seed = 1; seed <= 150; seed++) {
        const calibration = calibrate(normalisedScores(sample(seed, n)), alpha);
        expected = calibration.expectedCoverage;
        achieved.push(coverage(sample(seed + 10_000, 400), calibration.quantile).achieved);
      }
      const mean = achieved.reduce((sum, value) => sum + value, 0) / achieved.length;
      // Coverage given the calibration is Beta(rank, n + 1 - rank), plus the binomial noise of 400 rows.
      const p = expected;
      const sd = Math.sqrt((p * (1 - p)) / (n + 2) + (p * (1 - p)) / 400) / Math.sqrt(150);
      expect(Math.abs(mean - expected)).toBeLessThan(4 * sd);
      expect(expected).toBeGreaterThanOrEqual(1 - alpha - 1e-12);
      expect(expected).toBeLessThanOrEqual(1 - alpha + 1 / (n + 1));
    }
  });

  it('CONF-5: counts rows inside, ends included, with the exact binomial band', () => {
    const rows = { targets: [1, 2, 3, -1.5], predictions: [0, 0, 0, 0], scales: [1, 1, 1, 1] };
    const result = coverage(rows, 2);
    expect(result).toMatchObject({ n: 4, covered: 3, achieved: 0.75, meanWidth: 4, confidence: 0.95 });
    expect(result.low).toBeCloseTo(0.19412, 5);
    expect(result.high).toBeCloseTo(0.993691, 5);
    expect(() => coverage({ targets: [], predictions: [], scales: [] }, 1)).toThrow('no rows');
  });

  it('CONF-6: overlapping targets widen the band and leave the figure alone', () => {
    const rows = sample(3, 600);
    const plain = coverage(rows, 1.5);
    const overlapping = coverage(rows, 1.5, { overlapBars: 12 });
    expect(overlapping.achieved).toBe(plain.achieved);
    expect(overlapping.high - overlapping.low).toBeGreaterThan(3 * (plain.high - plain.low));
  });
});

describe('Clopper-Pearson', () => {
  it('has the closed forms at the ends', () => {
    // k = 0: high = 1 - (a/2)^(1/n); k = n: low = (a/2)^(1/n).
    const none = clopperPearson(0, 20, 0.95);
    expect(none.low).toBe(0);
    expect(none.high).toBeCloseTo(1 - 0.025 ** (1 / 20), 12);
    const all = clopperPearson(20, 20, 0.95);
    expect(all.high).toBe(1);
    expect(all.low).toBeCloseTo(0.025 ** (1 / 20), 12);
  });

  it('leaves exactly half of the error in each binomial tail', () => {
    const cases = fc
      .integer({ min: 2, max: 400 })
      .chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 1, max: n - 1 })));
    fc.assert(
      fc.property(cases, ([n, k]) => {
        const { low, high } = clopperPearson(k, n, 0.9);
        expect(upperTail(n, k, low)).toBeCloseTo(0.05, 8);
        expect(1 - upperTail(n, k + 1, high)).toBeCloseTo(0.05, 8);
      }),
    );
  });

  it('holds for many trials', () => {
    const { low, high } = clopperPearson(900_000, 1_000_000, 0.95);
    // Normal approximation: 0.9 -+ 1.959964 * sqrt(0.09 / 1e6).
    expect(low).toBeCloseTo(0.9 - 0.000588, 5);
    expect(high).toBeCloseTo(0.9 + 0.000588, 5);
  });

  it('has the incomplete beta function right where it is a polynomial', () => {
    expect(regularisedBeta(0.3, 1, 1)).toBeCloseTo(0.3, 13);
    expect(regularisedBeta(0.3, 2, 1)).toBeCloseTo(0.09, 13);
    expect(regularisedBeta(0.3, 1, 3)).toBeCloseTo(1 - 0.7 ** 3, 13);
    expect(regularisedBeta(0.5, 7.5, 7.5)).toBeCloseTo(0.5, 13);
    expect([regularisedBeta(0, 2, 2), regularisedBeta(1, 2, 2)]).toEqual([0, 1]);
  });

  it.each([
    [5, 4, 0.95],
    [-1, 4, 0.95],
    [0, 0, 0.95],
    [1, 4, 1],
  ])('refuses %d of %d at %d', (k, n, confidence) => {
    expect(() => clopperPearson(k, n, confidence)).toThrow('No band');
  });
});

/** P(X >= k) for a binomial, summed term by term. */
function upperTail(n: number, k: number, p: number): number {
  let logTerm = n * Math.log1p(-p);
  let sum = k === 0 ? Math.exp(logTerm) : 0;
  for (let i = 1; i <= n; i++) {
    logTerm += Math.log((n - i + 1) / i) + Math.log(p) - Math.log1p(-p);
    if (i >= k) sum += Math.exp(logTerm);
  }
  return sum;
}
