import { FrontierError } from '../../src-shared/errors.ts';
import type { FeatureMatrix } from './pipeline.ts';

/** Standardisation of features, fitted on training rows only; plain JSON. */
export interface Scaler {
  readonly names: string[];
  readonly mean: number[];
  /** Population standard deviation; 1 where a feature does not vary, so that it becomes 0. */
  readonly std: number[];
  /** Scaled values are limited to ±clip, so that one wild bar cannot dominate. */
  readonly clip: number;
}

const DEFAULT_CLIP = 5;
const NO_VARIATION = 1e-9;

/**
 * Mean and standard deviation of each feature over rows [from, to); rows with NaN are left out.
 * @throws FrontierError BAD_INPUT when fewer than two complete rows are in the range
 */
export function fitScaler(matrix: FeatureMatrix, from: number, to: number, clip = DEFAULT_CLIP): Scaler {
  const width = matrix.names.length;
  const mean = new Array<number>(width).fill(0);
  const squares = new Array<number>(width).fill(0);
  let count = 0;
  // Welford's update: sums of squares of raw values would lose digits for features far from zero.
  for (let row = Math.max(0, from); row < Math.min(to, matrix.rows); row++) {
    if (!rowComplete(matrix.values, row, width)) continue;
    count++;
    for (let f = 0; f < width; f++) {
      const x = matrix.values[row * width + f]!;
      const delta = x - mean[f]!;
      mean[f]! += delta / count;
      squares[f]! += delta * (x - mean[f]!);
    }
  }
  if (count < 2) {
    throw new FrontierError(
      'BAD_INPUT',
      `Rows ${from} to ${to} hold ${count} complete feature rows; a scaler needs at least 2.`,
      'Use a longer history, or features with a shorter warm-up.',
    );
  }
  const std = squares.map((s) => Math.sqrt(s / count)).map((s) => (s > NO_VARIATION ? s : 1));
  return { names: [...matrix.names], mean, std, clip };
}

function rowComplete(values: Float32Array, row: number, width: number): boolean {
  for (let f = 0; f < width; f++) if (Number.isNaN(values[row * width + f]!)) return false;
  return true;
}

/**
 * (value - mean) / std, limited to ±clip. NaN stays NaN.
 * @param values [rows, names.length] raw
 * @throws FrontierError BAD_INPUT when the array is not of that shape
 */
export function applyScaler(scaler: Scaler, values: Float32Array, rows: number): Float32Array {
  const width = scaler.names.length;
  if (values.length !== rows * width) {
    throw new FrontierError(
      'BAD_INPUT',
      `${values.length} feature values are not ${rows} rows of ${width} features.`,
      'Compute the features with the names that the scaler was fitted on.',
    );
  }
  const scaled = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let f = 0; f < width; f++) {
      const i = row * width + f;
      const z = (values[i]! - scaler.mean[f]!) / scaler.std[f]!;
      scaled[i] = Math.min(scaler.clip, Math.max(-scaler.clip, z)); // both pass NaN on
    }
  }
  return scaled;
}
