import type { SolveData } from '../family.ts';
import { eigenSymmetric } from './matrix.ts';

/** Second moments of the flattened training windows, enough to solve any of the linear models. */
export interface Moments {
  readonly samples: number;
  readonly columns: number;
  readonly mean: Float64Array;
  readonly targetMean: number;
  /** X'X of centred columns, [columns, columns]. */
  readonly gram: Float64Array;
  /** X'y of centred columns and target. */
  readonly correlation: Float64Array;
  /** y'y of the centred target. */
  readonly target: number;
}

/** First value of a window in the resident matrix; a flattened window is contiguous there. */
const startOf = (end: number, { window, features }: SolveData['size']): number =>
  (end + 1 - window) * features;

/** Accumulates in double precision over two passes, so that centring loses no digits. */
export function momentsOf(data: SolveData, ends: Int32Array): Moments {
  const { features, targets, size } = data;
  const columns = size.window * size.features;
  const samples = ends.length;
  const mean = new Float64Array(columns);
  let targetMean = 0;
  for (const end of ends) {
    const start = startOf(end, size);
    for (let c = 0; c < columns; c++) mean[c]! += features[start + c]!;
    targetMean += targets[end]!;
  }
  for (let c = 0; c < columns; c++) mean[c]! /= samples;
  targetMean /= samples;
  const gram = new Float64Array(columns * columns);
  const correlation = new Float64Array(columns);
  const row = new Float64Array(columns);
  let target = 0;
  for (const end of ends) {
    const start = startOf(end, size);
    for (let c = 0; c < columns; c++) row[c] = features[start + c]! - mean[c]!;
    const y = targets[end]! - targetMean;
    target += y * y;
    for (let i = 0; i < columns; i++) {
      const x = row[i]!;
      correlation[i]! += x * y;
      const at = i * columns;
      for (let j = i; j < columns; j++) gram[at + j]! += x * row[j]!;
    }
  }
  for (let i = 0; i < columns; i++)
    for (let j = 0; j < i; j++) gram[i * columns + j] = gram[j * columns + i]!;
  return { samples, columns, mean, targetMean, gram, correlation, target };
}

/** Principal components of the training windows. */
export interface Components {
  /** [count, columns]: unit vectors, those that explain most first. */
  readonly vectors: Float64Array;
  readonly count: number;
  /** Share of the variance that each explains. */
  readonly explained: Float64Array;
}

/**
 * The leading principal components.
 * @param wanted a count from 1, or a share of variance in (0, 1) to reach
 */
export function componentsOf(moments: Moments, wanted: number): Components {
  const { gram, columns } = moments;
  const { values, vectors } = eigenSymmetric(gram, columns);
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0);
  const explained = values.map((value) => (total > 0 ? Math.max(0, value) / total : 0));
  let count = Math.min(columns, Math.trunc(wanted));
  if (wanted < 1) {
    let share = 0;
    count = 0;
    while (count < columns && share < wanted) share += explained[count++]!;
  }
  return { vectors: vectors.slice(0, count * columns), count, explained: explained.slice(0, count) };
}

/** The moments of the windows projected on the components, whose Gram matrix is diagonal up to rounding. */
export function project(moments: Moments, { vectors, count }: Components): Moments {
  const { columns, gram, correlation } = moments;
  const projected = new Float64Array(count * columns);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += vectors[i * columns + k]! * gram[k * columns + j]!;
      projected[i * columns + j] = sum;
    }
  }
  const small = new Float64Array(count * count);
  const target = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += projected[i * columns + k]! * vectors[j * columns + k]!;
      small[i * count + j] = sum;
    }
    for (let k = 0; k < columns; k++) target[i]! += vectors[i * columns + k]! * correlation[k]!;
  }
  return { ...moments, columns: count, gram: small, correlation: target };
}

/** Weights on the components as weights on the columns. */
export function unproject(
  weights: Float64Array,
  { vectors, count }: Components,
  columns: number,
): Float64Array {
  const out = new Float64Array(columns);
  for (let i = 0; i < count; i++)
    for (let k = 0; k < columns; k++) out[k]! += weights[i]! * vectors[i * columns + k]!;
  return out;
}

/** Mean squared error of a linear model over windows. */
export function meanSquares(
  data: SolveData,
  ends: Int32Array,
  weights: Float64Array,
  intercept: number,
): number | undefined {
  if (ends.length === 0) return undefined;
  let sum = 0;
  for (const end of ends) {
    const start = startOf(end, data.size);
    let y = intercept;
    for (let c = 0; c < weights.length; c++) y += weights[c]! * data.features[start + c]!;
    sum += (y - data.targets[end]!) ** 2;
  }
  return sum / ends.length;
}
