import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normal, SeededRng } from '../../../src-shared/runtime.ts';
import {
  type AdaptiveState,
  adaptiveJudge,
  adaptiveNext,
  adaptiveQuantile,
  adaptiveStart,
  thinnedScores,
} from './adaptive.ts';

/** |error| of a market whose deviation grows threefold at `shiftAt`. */
function stream(seed: number, n: number, shiftAt: number): Float64Array {
  const rng = new SeededRng(seed);
  return Float64Array.from({ length: n }, (_, t) => Math.abs(normal(rng)) * (t < shiftAt ? 1 : 3));
}

function calibration(seed: number, n: number): Float64Array {
  return stream(seed, n, n).sort();
}

function run(state: AdaptiveState, scores: ArrayLike<number>, errors: Float64Array): AdaptiveState {
  let now = state;
  for (const error of errors) now = adaptiveJudge(now, scores, error).state;
  return now;
}

describe('adaptive conformal inference', () => {
  it('CONF-13: moves by gamma times the surprise, by hand', () => {
    const start = adaptiveStart(0.1, 0.05);
    const missed = adaptiveNext(start, true);
    expect(missed.alpha).toBeCloseTo(0.1 + 0.05 * (0.1 - 1), 14);
    const hit = adaptiveNext(missed, false);
    expect(hit).toMatchObject({ n: 2, misses: 1, target: 0.1, gamma: 0.05 });
    expect(hit.alpha).toBeCloseTo(0.1 - 0.045 + 0.005, 14);
  });

  it('CONF-14: the interval is everything below alpha 0 and nothing above 1, and neither is clamped', () => {
    const scores = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(adaptiveQuantile(scores, 0.1)).toBe(9);
    expect(adaptiveQuantile(scores, 0.5)).toBe(5);
    expect(adaptiveQuantile(scores, 0.09)).toBe(Number.POSITIVE_INFINITY);
    expect(adaptiveQuantile(scores, -0.2)).toBe(Number.POSITIVE_INFINITY);
    expect(adaptiveQuantile(scores, 1)).toBe(Number.NEGATIVE_INFINITY);
    expect(adaptiveQuantile(scores, 0.999)).toBe(1);
    // Everything is never missed and nothing always.
    expect(adaptiveJudge({ ...adaptiveStart(0.1), alpha: -0.01 }, scores, 1e9).missed).toBe(false);
    expect(adaptiveJudge({ ...adaptiveStart(0.1), alpha: 1.01 }, scores, 0).missed).toBe(true);
  });

  it('CONF-13: the long-run coverage holds whatever the outcomes (Gibbs and Candès 2021, proposition 4.1)', () => {
    const outcomes = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(
        outcomes,
        fc.constantFrom(0.05, 0.1, 0.3),
        fc.constantFrom(0.005, 0.05),
        (scores, alpha, gamma) => {
          const end = run(
            adaptiveStart(alpha, gamma),
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            Float64Array.from(scores),
          );
          const bound = (Math.max(alpha, 1 - alpha) + gamma) / (gamma * end.n);
          expect(Math.abs(end.misses / end.n - alpha)).toBeLessThanOrEqual(bound + 1e-12);
          // The state is a sum, so that it can be told from the counts alone.
          expect(end.alpha).toBeCloseTo(alpha + gamma * (end.n * alpha - end.misses), 9);
        },
      ),
    );
  });

  it('CONF-13: keeps its coverage through a shift of volatility where a fixed interval loses it', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const scores = calibration(seed, 999);
      const errors = stream(seed + 500, 6000, 2000);
      const fixed = adaptiveQuantile(scores, 0.1);
      const after = errors.subarray(2000);
      const fixedCoverage = after.filter((e) => e <= fixed).length / after.length;
      expect(fixedCoverage).toBeLessThan(0.5);
      const before = run(adaptiveStart(0.1, 0.01), scores, errors.subarray(0, 2000));
      const end = run(before, scores, after);
      const adaptiveCoverage = 1 - (end.misses - before.misses) / after.length;
      expect(Math.abs(adaptiveCoverage - 0.9)).toBeLessThan(0.03);
      expect(Math.abs(1 - before.misses / before.n - 0.9)).toBeLessThan(0.03);
    }
  });

  it('goes on from its JSON as if it had never stopped', () => {
    const scores = calibration(1, 200);
    const errors = stream(2, 1000, 500);
    const whole = run(adaptiveStart(0.1), scores, errors);
    const half = run(adaptiveStart(0.1), scores, errors.subarray(0, 377));
    const restored = JSON.parse(JSON.stringify(half)) as AdaptiveState;
    expect(run(restored, scores, errors.subarray(377))).toEqual(whole);
  });

  it.each([
    [0, 0.01],
    [1, 0.01],
    [0.1, 0],
    [Number.NaN, 0.01],
  ])('refuses a target of %d in steps of %d', (target, gamma) => {
    expect(() => adaptiveStart(target, gamma)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });
});

describe('thinned scores', () => {
  it('keep both ends and every quantile within one step', () => {
    const sorted = calibration(3, 5000);
    const thin = thinnedScores(sorted);
    expect(thin).toHaveLength(500);
    expect([thin[0], thin.at(-1)]).toEqual([sorted[0], sorted.at(-1)]);
    for (let alpha = 0.01; alpha < 1; alpha += 0.01) {
      const value = adaptiveQuantile(thin, alpha);
      const rank = sorted.findIndex((s) => s >= value) / sorted.length;
      expect(Math.abs(rank - (1 - alpha))).toBeLessThan(0.0045);
    }
    expect(thinnedScores(Float64Array.of(1, 2, 3))).toEqual([1, 2, 3]);
  });
});
