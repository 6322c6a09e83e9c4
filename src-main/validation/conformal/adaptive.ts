/**
 * Adaptive conformal inference for a stream (Gibbs and Candès 2021): the level follows the misses, so that the long-run
 * coverage holds however the market shifts. CONF-13 and CONF-14 in docs/spec/validation.md.
 */
import { FrontierError } from '../../../src-shared/errors.ts';

/** State of a stream, as plain JSON: stored, it goes on where it was. */
export interface AdaptiveState {
  /** Miscoverage aimed at. */
  readonly target: number;
  /** Step: how fast the level follows. */
  readonly gamma: number;
  /**
   * Miscoverage of the next interval. Below 0 the interval is everything, above 1 it is nothing: both are what the
   * method prescribes, and clamping would break its promise.
   */
  readonly alpha: number;
  /** Outcomes judged, and how many of them the adaptive interval missed. */
  readonly n: number;
  readonly misses: number;
}

/** The paper's step. */
export const DEFAULT_GAMMA = 0.005;

/** @throws FrontierError BAD_INPUT for a target outside (0, 1) or a step not above 0 */
export function adaptiveStart(target: number, gamma: number = DEFAULT_GAMMA): AdaptiveState {
  if (target > 0 && target < 1 && gamma > 0 && gamma < 1)
    return { target, gamma, alpha: target, n: 0, misses: 0 };
  throw new FrontierError(
    'BAD_INPUT',
    `An adaptive interval cannot aim at a miscoverage of ${target} in steps of ${gamma}.`,
    'Use a miscoverage such as 0.1 and a step such as 0.005.',
  );
}

/** alpha' = alpha + gamma (target - err): a miss widens the next interval, a hit narrows it a little. */
export function adaptiveNext(state: AdaptiveState, missed: boolean): AdaptiveState {
  const { target, gamma, alpha, n, misses } = state;
  return {
    target,
    gamma,
    alpha: alpha + gamma * (target - (missed ? 1 : 0)),
    n: n + 1,
    misses: misses + (missed ? 1 : 0),
  };
}

/**
 * The quantile of the next interval: the score of rank ceil((n + 1)(1 - alpha)).
 * @param scores ascending, of the calibration (or the latest ones of the stream)
 * @returns Infinity where the rank exceeds n (everything), -Infinity where alpha is 1 or more (nothing)
 */
export function adaptiveQuantile(scores: ArrayLike<number>, alpha: number): number {
  const n = scores.length;
  if (alpha >= 1) return Number.NEGATIVE_INFINITY;
  const rank = Math.max(1, Math.ceil((n + 1) * (1 - alpha) - 1e-9));
  return rank > n ? Number.POSITIVE_INFINITY : scores[rank - 1]!;
}

/** Judges the score of one outcome and moves the level. */
export function adaptiveJudge(
  state: AdaptiveState,
  scores: ArrayLike<number>,
  score: number,
): { readonly state: AdaptiveState; readonly missed: boolean } {
  const missed = score > adaptiveQuantile(scores, state.alpha);
  return { state: adaptiveNext(state, missed), missed };
}

const MOST_SCORES = 500;

/**
 * At most about 500 of the ascending scores, evenly in rank with both ends: enough to find a quantile to 0.2 %. A
 * quantile of the thinned scores is within one such step of the quantile of all.
 */
export function thinnedScores(sorted: Float64Array, most: number = MOST_SCORES): number[] {
  const n = sorted.length;
  if (n <= most) return Array.from(sorted);
  return Array.from({ length: most }, (_, i) => sorted[Math.round((i * (n - 1)) / (most - 1))]!);
}
