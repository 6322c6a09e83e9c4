import type { CurvePoint } from './types.ts';

const MAX_CURVE_POINTS = 1024;
const MAX_CHUNK_POINTS = 64;

/** Means of at most 64 equal stretches of a chunk's losses. */
export function thinLosses(losses: Float32Array): number[] {
  const count = Math.min(losses.length, MAX_CHUNK_POINTS);
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * losses.length) / count);
    const to = Math.floor(((i + 1) * losses.length) / count);
    return meanOf(losses.subarray(from, to));
  });
}

/** Arithmetic mean in double precision. */
export function meanOf(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Adds a point; past 1024 points, points without a validation loss are thinned to every second one. */
export function extendCurve(curve: CurvePoint[], point: CurvePoint): CurvePoint[] {
  curve.push(point);
  if (curve.length <= MAX_CURVE_POINTS) return curve;
  const thinned = curve.filter((p, i) => p.validation !== undefined || i % 2 === 0);
  return thinned.length <= MAX_CURVE_POINTS ? thinned : thinned.filter((_, i) => i % 2 === 0);
}
