/**
 * The size of errors by row: locally weighted conformal prediction (Lei, G'Sell, Rinaldo, Tibshirani, Wasserman 2018,
 * section 5.2) with a ridge regression of ln|residual|. CONF-7 and CONF-8 in docs/spec/validation.md.
 */
import { FrontierError } from '../../../src-shared/errors.ts';

/** scale = exp(sum of weights * (value - mean) / std), kept within [minScale, maxScale]; 1 for the average row. */
export interface ResidualScale {
  readonly columns: string[];
  readonly mean: number[];
  readonly std: number[];
  readonly weights: number[];
  readonly minScale: number;
  readonly maxScale: number;
}

export interface ResidualFit {
  readonly names: readonly string[];
  /** One array per name, equal lengths, finite. */
  readonly columns: readonly ArrayLike<number>[];
  /** Target minus prediction of each row. */
  readonly residuals: ArrayLike<number>;
  /** Ridge penalty in rows: so many rows of weight 0 are added. Default 1 % of the rows. */
  readonly penaltyRows?: number | undefined;
}

/** Below this share of the median residual an error counts as this small: ln 0 would rule the fit. */
const FLOOR = 0.01;
const LEAST_ROWS = 30;

/**
 * Fits the scale. Columns that do not vary are left out.
 * @throws FrontierError REFUSED for fewer than 30 rows or when more than half of the residuals are 0; BAD_INPUT for
 *   values that are not finite
 */
export function fitResidualScale(fit: ResidualFit): ResidualScale {
  const n = fit.residuals.length;
  if (n < LEAST_ROWS) throw tooFew(n);
  const logs = logSizes(fit.residuals);
  const kept = fit.columns
    .map((column, k) => ({ name: fit.names[k]!, ...standardised(column, fit.names[k]!, n) }))
    .filter(({ std }) => std > 0);
  const weights = ridge(
    kept.map(({ z }) => z),
    logs,
    fit.penaltyRows ?? n / 100,
  );
  let least = 0;
  let most = 0;
  for (let row = 0; row < n; row++) {
    const log = kept.reduce((sum, { z }, k) => sum + weights[k]! * z[row]!, 0);
    least = Math.min(least, log);
    most = Math.max(most, log);
  }
  return {
    columns: kept.map(({ name }) => name),
    mean: kept.map(({ mean }) => mean),
    std: kept.map(({ std }) => std),
    weights,
    // A line says nothing beyond the rows it was fitted on.
    minScale: Math.exp(least),
    maxScale: Math.exp(most),
  };
}

/** The scale of one row. @param value of a column by its place in `columns`; the result is NaN where one is */
export function residualScale(scale: ResidualScale, value: (column: number) => number): number {
  let log = 0;
  for (let k = 0; k < scale.columns.length; k++)
    log += (scale.weights[k]! * (value(k) - scale.mean[k]!)) / scale.std[k]!;
  const raw = Math.exp(log);
  return Number.isNaN(raw) ? raw : Math.min(scale.maxScale, Math.max(scale.minScale, raw));
}

function tooFew(n: number): FrontierError {
  return new FrontierError(
    'REFUSED',
    `${n} calibration rows are too few to learn the size of errors from; ${LEAST_ROWS} are needed.`,
    'Bring a longer history, or choose the split method.',
  );
}

function logSizes(residuals: ArrayLike<number>): Float64Array {
  const sizes = Float64Array.from(residuals, Math.abs);
  if (!sizes.every(Number.isFinite)) throw notFinite('a residual');
  const median = Float64Array.from(sizes).sort()[Math.floor(sizes.length / 2)]!;
  if (median > 0) return sizes.map((size) => Math.log(Math.max(size, FLOOR * median)));
  throw new FrontierError(
    'REFUSED',
    'More than half of the calibration errors are 0: there is no size of errors to learn.',
    'Check the targets, or choose the split method.',
  );
}

const notFinite = (what: string): FrontierError =>
  new FrontierError('BAD_INPUT', `${what} is not finite.`, 'Leave out rows in the warm-up of a feature.');

/** A column that is constant up to rounding has std 0. */
function standardised(column: ArrayLike<number>, name: string, n: number) {
  let mean = 0;
  for (let i = 0; i < n; i++) mean += column[i]! / n;
  if (!Number.isFinite(mean)) throw notFinite(`A value of ${name}`);
  let square = 0;
  for (let i = 0; i < n; i++) square += (column[i]! - mean) ** 2 / n;
  const deviation = Math.sqrt(square);
  const std = deviation > 1e-9 * Math.max(1, Math.abs(mean)) ? deviation : 0;
  return { mean, std, z: Float64Array.from(column, (value) => (value - mean) / (std || 1)) };
}

/** (Z'Z + penalty I) w = Z'(y - mean y) by Cholesky; Z has mean 0, so that the intercept is not shrunk. */
function ridge(columns: readonly Float64Array[], y: Float64Array, penalty: number): number[] {
  const mean = y.reduce((a, b) => a + b, 0) / y.length;
  const dot = (a: Float64Array, b: (i: number) => number): number => a.reduce((s, v, i) => s + v * b(i), 0);
  const right = columns.map((z) => dot(z, (i) => y[i]! - mean));
  const gram = columns.map((a, j) =>
    columns.map((b, k) => dot(a, (i) => b[i]!) + (j === k ? Math.max(penalty, 1e-6) : 0)),
  );
  return solve(gram, right);
}

function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const n = right.length;
  const lower: number[][] = matrix.map(() => new Array<number>(n).fill(0));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i]![j]!;
      for (let k = 0; k < j; k++) sum -= lower[i]![k]! * lower[j]![k]!;
      lower[i]![j] = i === j ? Math.sqrt(sum) : sum / lower[j]![j]!;
    }
  }
  const x = [...right];
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= lower[i]![k]! * x[k]!;
    x[i]! /= lower[i]![i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= lower[k]![i]! * x[k]!;
    x[i]! /= lower[i]![i]!;
  }
  return x;
}
