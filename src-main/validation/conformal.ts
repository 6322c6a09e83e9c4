/**
 * Split conformal prediction (Vovk, Gammerman, Shafer 2005; Lei, G'Sell, Rinaldo, Tibshirani, Wasserman
 * 2018) with normalised absolute residuals: score = |target - prediction| / scale, interval =
 * prediction +- q * scale. Rules CONF-1 to CONF-6 in docs/spec/validation.md.
 */
import { FrontierError } from '../../src-shared/errors.ts';
import { clopperPearson } from '../../src-shared/metrics/binomial.ts';

type Column = ArrayLike<number>;

/** Rows of a held-out part; equal lengths. */
export interface Predictions {
  readonly targets: Column;
  readonly predictions: Column;
  /** Expected size of the error of each row, above 0 and known before the target. */
  readonly scales: Column;
}

/** What calibration found; stored with the model. */
export interface Calibration {
  /** Miscoverage: 0.1 for intervals that hold nine times out of ten. */
  readonly alpha: number;
  /** Number of scores. */
  readonly n: number;
  /** Which of the ascending scores the quantile is, counted from 1. */
  readonly rank: number;
  /** Half-width of the interval in units of the scale. */
  readonly quantile: number;
  /** rank / (n + 1), the exact coverage of exchangeable data without ties; at least 1 - alpha. */
  readonly expectedCoverage: number;
}

export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

export interface Coverage {
  readonly n: number;
  readonly covered: number;
  /** covered / n. */
  readonly achieved: number;
  /** Mean of upper - lower, in the units of the target. */
  readonly meanWidth: number;
  /** Level of the band, e.g. 0.95. */
  readonly confidence: number;
  /** Clopper-Pearson band of the true coverage. */
  readonly low: number;
  readonly high: number;
}

/** A double's rounding must not lift an exact rank by one: (9 + 1) * 0.3 is 3.0000000000000004. */
const ROUNDING = 1e-9;

/**
 * Normalised absolute residuals, in row order.
 * @throws FrontierError BAD_INPUT for unequal lengths, figures not finite, or a scale not above 0
 */
export function normalisedScores(rows: Predictions): Float64Array {
  const { targets, predictions, scales } = rows;
  const n = checkRows(rows);
  const scores = new Float64Array(n);
  for (let i = 0; i < n; i++) scores[i] = Math.abs(targets[i]! - predictions[i]!) / scales[i]!;
  return scores;
}

function checkRows({ targets, predictions, scales }: Predictions): number {
  const n = targets.length;
  if (predictions.length !== n || scales.length !== n) {
    throw badRows(`${n} targets, ${predictions.length} predictions and ${scales.length} scales`);
  }
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(targets[i]) || !Number.isFinite(predictions[i])) {
      throw badRows(`target ${targets[i]} and prediction ${predictions[i]} in row ${i}`);
    }
    if (!(scales[i]! > 0) || !Number.isFinite(scales[i])) throw badRows(`the scale ${scales[i]} in row ${i}`);
  }
  return n;
}

function badRows(problem: string): FrontierError {
  return new FrontierError(
    'BAD_INPUT',
    `Conformal calibration was given ${problem}.`,
    'Leave out rows without a known target; every scale must be above 0.',
  );
}

/**
 * ceil((n + 1)(1 - alpha)), counted from 1: the finite-sample rank of the quantile.
 * @throws FrontierError BAD_INPUT for alpha outside (0, 1); REFUSED when the rank exceeds n, where the
 * only interval that keeps the promise is infinite
 */
export function conformalRank(n: number, alpha: number): number {
  if (!(alpha > 0 && alpha < 1)) {
    throw new FrontierError(
      'BAD_INPUT',
      `A miscoverage of ${alpha} is not between 0 and 1.`,
      'Use e.g. 0.1.',
    );
  }
  const rank = Math.max(1, Math.ceil((n + 1) * (1 - alpha) - ROUNDING));
  if (rank <= n) return rank;
  throw new FrontierError(
    'REFUSED',
    `${n} calibration scores cannot promise a coverage of ${1 - alpha}: the interval would be infinite.`,
    `Hold back at least ${Math.ceil(1 / alpha - ROUNDING) - 1} rows for calibration, or accept less coverage.`,
  );
}

/**
 * The conformal quantile of calibration scores.
 * @param scores not negative, finite, any order
 * @throws FrontierError as `conformalRank`; BAD_INPUT for a score that is negative or not finite
 */
export function calibrate(scores: Column, alpha: number): Calibration {
  const n = scores.length;
  const rank = conformalRank(n, alpha);
  const sorted = Float64Array.from(scores).sort();
  // NaN sorts to the end and a negative score to the front, so the ends stand for all.
  if (!(sorted[0]! >= 0) || !Number.isFinite(sorted[n - 1]!)) {
    throw new FrontierError(
      'BAD_INPUT',
      'A calibration score is negative or not finite.',
      'Check the model.',
    );
  }
  return { alpha, n, rank, quantile: sorted[rank - 1]!, expectedCoverage: rank / (n + 1) };
}

/**
 * The interval of one prediction, in the units of the target.
 * @param scale as in calibration
 * @param quantile of a `Calibration`
 */
export function interval(prediction: number, scale: number, quantile: number): Interval {
  const half = quantile * scale;
  return { lower: prediction - half, upper: prediction + half };
}

export interface CoverageOptions {
  /** Default 0.95. */
  readonly confidence?: number | undefined;
  /**
   * Rows whose targets overlap, the forecast horizon in bars. Overlapping targets miss together, so
   * that n rows are worth about n / overlap independent ones and the band widens. Default 1.
   */
  readonly overlapBars?: number | undefined;
}

/**
 * The coverage achieved on rows that neither the model nor the calibration saw; ends count as inside.
 * @throws FrontierError BAD_INPUT as `normalisedScores`, and for no rows
 */
export function coverage(rows: Predictions, quantile: number, options: CoverageOptions = {}): Coverage {
  const n = checkRows(rows);
  const lower = new Float64Array(n);
  const upper = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const found = interval(rows.predictions[i]!, rows.scales[i]!, quantile);
    lower[i] = found.lower;
    upper[i] = found.upper;
  }
  return coverageOfIntervals({ targets: rows.targets, lower, upper }, options);
}

/** As `coverage`, of intervals of any kind. @throws FrontierError BAD_INPUT for no rows, or figures that are NaN */
export function coverageOfIntervals(
  rows: { readonly targets: Column; readonly lower: Column; readonly upper: Column },
  options: CoverageOptions = {},
): Coverage {
  const confidence = options.confidence ?? 0.95;
  const overlap = Math.max(1, options.overlapBars ?? 1);
  const n = rows.targets.length;
  if (n === 0) throw badRows('no rows');
  let covered = 0;
  let width = 0;
  for (let i = 0; i < n; i++) {
    const [target, lower, upper] = [rows.targets[i]!, rows.lower[i]!, rows.upper[i]!];
    if (Number.isNaN(target + lower + upper))
      throw badRows(`target ${target} in [${lower}, ${upper}] in row ${i}`);
    if (target >= lower && target <= upper) covered++;
    width += upper - lower;
  }
  const band = clopperPearson(covered / overlap, n / overlap, confidence);
  return { n, covered, achieved: covered / n, meanWidth: width / n, confidence, ...band };
}
