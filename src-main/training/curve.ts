import type { ChunkResult } from '../tensor/train-session.ts';
import type { CurvePoint } from './types.ts';

const MAX_CURVE_POINTS = 1024;
const MAX_CHUNK_POINTS = 64;
const POINTS_PER_RUN = 1000;

/** Means of at most 64 equal stretches of a chunk's losses. */
export function thinLosses(losses: Float32Array): number[] {
  const count = Math.min(losses.length, MAX_CHUNK_POINTS);
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * losses.length) / count);
    const to = Math.floor(((i + 1) * losses.length) / count);
    return meanOf(losses.subarray(from, to));
  });
}

/** Arithmetic mean in double precision of the values that are finite; NaN without any. */
export function meanOf(values: Float32Array): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    sum += value;
    count += 1;
  }
  return sum / count;
}

/** Sums of steps that are not yet a point. Steps that overflowed in half precision have no loss or no norm. */
export interface OpenPoint {
  losses: number;
  loss: number;
  norms: number;
  norm: number;
}

export const emptyPoint = (): OpenPoint => ({ losses: 0, loss: 0, norms: 0, norm: 0 });

/** Adds a step. */
export function addStep(point: OpenPoint, loss: number, norm: number): void {
  if (Number.isFinite(loss)) {
    point.loss += loss;
    point.losses += 1;
  }
  if (Number.isFinite(norm)) {
    point.norm += norm;
    point.norms += 1;
  }
}

/**
 * Where the points of a run's curve lie: the same number in every epoch, about 1000 over the run, the last at the
 * epoch's end. A function of the run's length alone, so that a run that is resumed, or cut into other chunks, draws
 * the same curve.
 */
export class CurveGrid {
  readonly #stepsPerEpoch: number;
  readonly #perEpoch: number;

  constructor(stepsPerEpoch: number, epochs: number) {
    this.#stepsPerEpoch = stepsPerEpoch;
    this.#perEpoch = Math.max(1, Math.min(stepsPerEpoch, Math.floor(POINTS_PER_RUN / epochs)));
  }

  /** Whether a point ends after so many steps of the run. */
  endsAt(step: number): boolean {
    const inEpoch = ((step - 1) % this.#stepsPerEpoch) + 1;
    const points = (n: number): number => Math.floor((n * this.#perEpoch) / this.#stepsPerEpoch);
    return points(inEpoch) > points(inEpoch - 1);
  }

  /**
   * Adds the steps of a chunk and returns the points that it completes.
   * @param open sums of the steps since the last point; changed
   * @param from steps done before the chunk
   */
  add(
    open: OpenPoint,
    { losses, gradientNorms }: ChunkResult,
    from: number,
    rate: (step: number) => number,
  ): CurvePoint[] {
    const points: CurvePoint[] = [];
    for (let i = 0; i < losses.length; i++) {
      addStep(open, losses[i]!, gradientNorms[i]!);
      const step = from + i + 1;
      const { losses: count, loss, norm, norms } = open;
      if (!this.endsAt(step) || count === 0) continue;
      const gradient = norms > 0 ? { gradientNorm: norm / norms } : {};
      points.push({ step, train: loss / count, learningRate: rate(step - 1), ...gradient });
      Object.assign(open, emptyPoint());
    }
    return points;
  }
}

/** Adds a point; past 1024 points, points without a validation loss are thinned to every second one. */
export function extendCurve(curve: CurvePoint[], point: CurvePoint): CurvePoint[] {
  curve.push(point);
  if (curve.length <= MAX_CURVE_POINTS) return curve;
  const thinned = curve.filter((p, i) => p.validation !== undefined || i % 2 === 0);
  return thinned.length <= MAX_CURVE_POINTS ? thinned : thinned.filter((_, i) => i % 2 === 0);
}
