/** Small dense linear algebra in double precision, row-major, for models that are solved at once. */
import { FrontierError } from '../../../src-shared/errors.ts';

/**
 * Solves A x = b for a symmetric positive definite A by Cholesky's decomposition; A is overwritten.
 * @param a [n, n]
 * @param b [n]
 * @throws FrontierError BAD_INPUT where A is not positive definite
 */
export function solveSymmetric(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  for (let j = 0; j < n; j++) {
    let diagonal = a[j * n + j]!;
    for (let k = 0; k < j; k++) diagonal -= a[j * n + k]! ** 2;
    if (!(diagonal > 0)) {
      throw new FrontierError(
        'BAD_INPUT',
        'The features depend on each other linearly, so the solution is not unique.',
        'Use ridge with alpha above 0, leave out repeated features, or use principal components.',
      );
    }
    const root = Math.sqrt(diagonal);
    a[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= a[i * n + k]! * a[j * n + k]!;
      a[i * n + j] = sum / root;
    }
  }
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= a[i * n + k]! * x[k]!;
    x[i]! /= a[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= a[k * n + i]! * x[k]!;
    x[i]! /= a[i * n + i]!;
  }
  return x;
}

export interface Eigen {
  /** Descending. */
  readonly values: Float64Array;
  /** [n, n]: row i is the unit eigenvector of value i. */
  readonly vectors: Float64Array;
}

const MAX_SWEEPS = 60;

/**
 * Eigenvalues and vectors of a symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations,
 * section 8.5), accurate to machine precision; meant for up to a few hundred columns.
 * @param symmetric [n, n]; left as it is
 */
export function eigenSymmetric(symmetric: Float64Array, n: number): Eigen {
  const a = Float64Array.from(symmetric);
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  for (let sweep = 0; sweep < MAX_SWEEPS && offDiagonal(a, n) > 0; sweep++) {
    for (let p = 0; p < n - 1; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q);
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j]! - a[i * n + i]!);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    for (let k = 0; k < n; k++) vectors[to * n + k] = v[k * n + from]!;
  });
  return { values: Float64Array.from(order, (i) => a[i * n + i]!), vectors };
}

/** Sum of squares off the diagonal, 0 once it is below the rounding of the diagonal. */
function offDiagonal(a: Float64Array, n: number): number {
  let off = 0;
  let on = 0;
  for (let i = 0; i < n; i++) {
    on += a[i * n + i]! ** 2;
    for (let j = i + 1; j < n; j++) off += a[i * n + j]! ** 2;
  }
  return off > on * 1e-30 ? off : 0;
}

/** Makes a[p, q] zero by a rotation of rows and columns p and q. */
function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q]!;
  if (apq === 0) return;
  const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * apq);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) turn(a, k * n + p, k * n + q, c, s);
  for (let k = 0; k < n; k++) turn(a, p * n + k, q * n + k, c, s);
  for (let k = 0; k < n; k++) turn(v, k * n + p, k * n + q, c, s);
}

function turn(m: Float64Array, i: number, j: number, c: number, s: number): void {
  const x = m[i]!;
  const y = m[j]!;
  m[i] = c * x - s * y;
  m[j] = s * x + c * y;
}

/**
 * Least absolute shrinkage with a ridge part by cyclic coordinate descent on the Gram matrix (Friedman, Hastie and
 * Tibshirani, 2010): minimises |y - X w|^2 / (2 n) + alpha l1Ratio |w|_1 + alpha (1 - l1Ratio) |w|^2 / 2.
 * @param gram X'X [p, p] of centred columns
 * @param correlation X'y [p]
 * @param target y'y
 * @param samples n
 * @returns weights, passes over the coordinates, and the duality gap over n it ended with
 */
export function elasticNetDescent(
  gram: Float64Array,
  correlation: Float64Array,
  target: number,
  samples: number,
  settings: { alpha: number; l1Ratio: number; tolerance: number; maxIterations: number },
): { weights: Float64Array; iterations: number; gap: number } {
  const p = correlation.length;
  const l1 = settings.alpha * settings.l1Ratio * samples;
  const l2 = settings.alpha * (1 - settings.l1Ratio) * samples;
  const w = new Float64Array(p);
  /** Gram times w, kept up to date. */
  const h = new Float64Array(p);
  const limit = settings.tolerance * target;
  let gap = Number.POSITIVE_INFINITY;
  for (let iteration = 1; iteration <= settings.maxIterations; iteration++) {
    let largest = 0;
    let change = 0;
    for (let j = 0; j < p; j++) {
      const norm = gram[j * p + j]!;
      if (norm === 0) continue;
      const before = w[j]!;
      const rest = correlation[j]! - h[j]! + norm * before;
      const after = (Math.sign(rest) * Math.max(Math.abs(rest) - l1, 0)) / (norm + l2);
      if (after !== before) {
        const step = after - before;
        for (let k = 0; k < p; k++) h[k]! += step * gram[k * p + j]!;
        w[j] = after;
      }
      change = Math.max(change, Math.abs(after - before));
      largest = Math.max(largest, Math.abs(after));
    }
    if (largest > 0 && change / largest >= settings.tolerance && iteration < settings.maxIterations) continue;
    gap = dualityGap(w, h, correlation, target, l1, l2);
    if (gap < limit || largest === 0) return { weights: w, iterations: iteration, gap: gap / samples };
  }
  return { weights: w, iterations: settings.maxIterations, gap: gap / samples };
}

/** How far the objective can still be from its minimum (times n), by a feasible point of the dual problem. */
function dualityGap(
  w: Float64Array,
  h: Float64Array,
  correlation: Float64Array,
  target: number,
  l1: number,
  l2: number,
): number {
  let qw = 0;
  let wh = 0;
  let ww = 0;
  let absolute = 0;
  let largest = 0;
  for (let j = 0; j < w.length; j++) {
    qw += w[j]! * correlation[j]!;
    wh += w[j]! * h[j]!;
    ww += w[j]! ** 2;
    absolute += Math.abs(w[j]!);
    largest = Math.max(largest, Math.abs(correlation[j]! - h[j]! - l2 * w[j]!));
  }
  const residual = target + wh - 2 * qw;
  if (l1 === 0) return residual;
  const shrink = largest > l1 ? l1 / largest : 1;
  const base = largest > l1 ? 0.5 * (residual + residual * shrink ** 2) : residual;
  return base + l1 * absolute - shrink * (target - qw) + 0.5 * l2 * (1 + shrink ** 2) * ww;
}
