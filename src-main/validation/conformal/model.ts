/**
 * The one calibration of a model and the one function from a row to its interval, used by the training report, the
 * chart, backtests and live sessions (rules CONF-1 to CONF-14 in docs/spec/validation.md).
 */
import type { z } from 'zod';
import type { CONFORMAL_METHODS, conformalSchema } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { CalibrationBody } from '../../store/manifest.ts';
import { conformalRank, coverageOfIntervals, type Interval, interval } from '../conformal.ts';
import { thinnedScores } from './adaptive.ts';
import { ABS_PREDICTION, columnOf, type IntervalColumns, RESIDUAL_FEATURES } from './columns.ts';
import { coverageByRegime, coverageOverTime, type JudgedRows, tercileCuts } from './regimes.ts';
import { fitResidualScale, residualScale } from './residual.ts';

export type ConformalMethod = (typeof CONFORMAL_METHODS)[number];
export type ConformalDto = z.infer<typeof conformalSchema>;

/** A whole history: arrays are indexed by bar row, NaN where nothing is known. */
export interface CalibrationHistory {
  readonly timeMs: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  readonly predictions: ArrayLike<number>;
  /** What the model says of the quantiles (1 - confidence) / 2 and (1 + confidence) / 2; `cqr` needs them. */
  readonly quantiles?: QuantileColumns | undefined;
  /** From `intervalColumns`. */
  readonly columns: IntervalColumns;
}

export interface QuantileColumns {
  readonly lower: ArrayLike<number>;
  readonly upper: ArrayLike<number>;
}

export interface CalibrateModelInput {
  readonly method: ConformalMethod;
  /** Coverage aimed at, e.g. 0.9. */
  readonly confidence: number;
  readonly history: CalibrationHistory;
  /** Rows of the parts, ascending, each with a finite target and prediction. `train` only sets the cut points of regimes. */
  readonly train: ArrayLike<number>;
  readonly calibration: ArrayLike<number>;
  readonly test: ArrayLike<number>;
  /** The horizon: targets of so many neighbouring rows overlap. */
  readonly overlapBars: number;
}

export interface CalibratedModel {
  /** To be stored; the caller adds `predictionScale`. */
  readonly calibration: CalibrationBody;
  readonly conformal: ConformalDto;
}

/** What is known of one row when its interval is asked for. */
export interface IntervalRow {
  readonly prediction: number;
  /** Lower and upper quantile that the model predicted; `cqr` needs them. */
  readonly quantiles?: readonly [number, number] | undefined;
  /** Values of `intervalFeatures(calibration)`, in that order. */
  readonly features?: ArrayLike<number> | undefined;
}

/** Where an interval lies, in units of the target; NaN where the model or a column says nothing. */
export interface Intervals {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/** Names of the features that `intervalOf` needs of a row, computed by `intervalColumns` or `intervalStream`. */
export function intervalFeatures(calibration: CalibrationBody): string[] {
  return (calibration.residual?.columns ?? []).filter((name) => name !== ABS_PREDICTION);
}

/**
 * The interval of one row: the one function behind report, chart, backtest and live.
 * @throws FrontierError BAD_INPUT where the row lacks what the method needs
 */
export function intervalOf(calibration: CalibrationBody, row: IntervalRow): Interval {
  const { q } = calibration;
  if (calibration.method === 'cqr') {
    if (!row.quantiles) throw lacks('the quantiles that the model predicts');
    return around(row.quantiles[0], row.quantiles[1], q);
  }
  return interval(row.prediction, scaleOf(calibration, row), q);
}

/** CONF-9: predicted quantiles may cross, and q may be so far below 0 that nothing is left between the ends. */
function around(one: number, other: number, q: number): Interval {
  const lower = Math.min(one, other) - q;
  const upper = Math.max(one, other) + q;
  if (!(lower > upper)) return { lower, upper };
  const middle = (lower + upper) / 2;
  return { lower: middle, upper: middle };
}

function scaleOf(calibration: CalibrationBody, row: IntervalRow): number {
  const { residual } = calibration;
  if (calibration.method !== 'local') return 1;
  if (!residual) throw lacks('its model of the size of errors');
  let feature = 0;
  return residualScale(residual, (column) => {
    if (residual.columns[column] === ABS_PREDICTION) return Math.abs(row.prediction);
    const value = row.features?.[feature++];
    if (value === undefined) throw lacks(`the column ${residual.columns[column]}`);
    return value;
  });
}

function lacks(what: string): FrontierError {
  return new FrontierError(
    'BAD_INPUT',
    `The interval of this model needs ${what}.`,
    'Give what intervalFeatures names, and the quantiles of a quantile model; or train the model again.',
  );
}

/**
 * The score of an outcome: how large q would have to be for the interval to reach it.
 * @param row as for `intervalOf`
 */
export function scoreOf(calibration: CalibrationBody, row: IntervalRow, outcome: number): number {
  if (calibration.method === 'cqr') {
    if (!row.quantiles) throw lacks('the quantiles that the model predicts');
    const [one, other] = row.quantiles;
    return Math.max(Math.min(one, other) - outcome, outcome - Math.max(one, other));
  }
  return Math.abs(outcome - row.prediction) / scaleOf(calibration, row);
}

/** `scoreOf` from the interval that was given instead of the row it was made of. */
export function scoreAgainst(calibration: CalibrationBody, given: Interval, outcome: number): number {
  const { lower, upper } = given;
  const { q, method } = calibration;
  if (method === 'cqr') return Math.max(lower - outcome, outcome - upper) + q;
  const half = (upper - lower) / 2;
  const distance = Math.abs(outcome - (lower + upper) / 2);
  if (distance === 0) return 0;
  return half === 0 ? Number.POSITIVE_INFINITY : (distance / half) * q;
}

/** Everything that `intervalsOf` may need of a history; arrays are indexed by bar row. */
export type IntervalHistory = Pick<CalibrationHistory, 'predictions' | 'quantiles'> & {
  /** From `intervalColumns` with the names of `intervalFeatures`; not needed where there are none. */
  readonly columns?: IntervalColumns | undefined;
};

/** Reads one history row by row without allocating for rows that say nothing. */
function rowReader(calibration: CalibrationBody, history: IntervalHistory): (row: number) => IntervalRow {
  const columns = intervalFeatures(calibration).map((name) => columnOf(history.columns, name));
  const { predictions, quantiles } = history;
  return (row) => ({
    prediction: predictions[row]!,
    features: columns.map((column) => column[row]!),
    ...(quantiles ? { quantiles: [quantiles.lower[row]!, quantiles.upper[row]!] as const } : {}),
  });
}

/** `intervalOf` for a whole history. @throws as `intervalOf` */
export function intervalsOf(calibration: CalibrationBody, history: IntervalHistory): Intervals {
  const n = history.predictions.length;
  const lower = new Float64Array(n).fill(Number.NaN);
  const upper = new Float64Array(n).fill(Number.NaN);
  const read = rowReader(calibration, history);
  for (let row = 0; row < n; row++) {
    if (Number.isNaN(history.predictions[row]!)) continue;
    const found = intervalOf(calibration, read(row));
    lower[row] = found.lower;
    upper[row] = found.upper;
  }
  return { lower, upper };
}

/**
 * Calibrates on the calibration rows and judges on the test rows, which nothing was fitted on.
 * @throws FrontierError BAD_INPUT for `cqr` without quantiles, or rows without a finite target and prediction;
 *   REFUSED where there are too few rows
 */
export function calibrateModel(input: CalibrateModelInput): CalibratedModel {
  const calibration = calibrationOf(input);
  return { calibration, conformal: judgeOf(input, calibration) };
}

function calibrationOf(input: CalibrateModelInput): CalibrationBody {
  const { method, confidence, history } = input;
  const plain = { method, confidence, q: 0 };
  const { body, rows } =
    method === 'local' ? withResidual(input, plain) : { body: plain, rows: Array.from(input.calibration) };
  const read = rowReader(body, history);
  const scores = Float64Array.from(rows, (row) => scoreOf(body, read(row), history.targets[row]!)).sort();
  const q = quantileOf(scores, 1 - confidence);
  return { ...body, q, scores: thinnedScores(scores) };
}

/** CONF-2 and CONF-3 on scores of either sign. */
function quantileOf(sorted: Float64Array, alpha: number): number {
  const rank = conformalRank(sorted.length, alpha);
  if (sorted.every(Number.isFinite)) return sorted[rank - 1]!;
  throw new FrontierError(
    'BAD_INPUT',
    'A calibration score is not finite.',
    'Calibrate on rows whose target, prediction and columns are known.',
  );
}

/**
 * CONF-8: the size of errors is learnt on the earlier half of the calibration rows, the quantile is taken on the later
 * half, and the rows whose targets would reach from one into the other belong to neither.
 */
function withResidual(
  input: CalibrateModelInput,
  plain: CalibrationBody,
): { body: CalibrationBody; rows: number[] } {
  const all = Array.from(input.calibration);
  const half = all.slice(0, Math.floor(all.length / 2));
  const edge = (half.at(-1) ?? 0) + input.overlapBars;
  const { history } = input;
  const columns = RESIDUAL_FEATURES.map((name) => columnOf(history.columns, name));
  const names = [...RESIDUAL_FEATURES, ABS_PREDICTION];
  const residual = fitResidualScale({
    names,
    columns: [
      ...columns.map((column) => half.map((row) => column[row]!)),
      half.map((row) => Math.abs(history.predictions[row]!)),
    ],
    residuals: half.map((row) => history.targets[row]! - history.predictions[row]!),
  });
  return { body: { ...plain, residual }, rows: all.filter((row) => row > edge) };
}

function judgeOf(input: CalibrateModelInput, calibration: CalibrationBody): ConformalDto {
  const { history, overlapBars } = input;
  const test = Array.from(input.test);
  const read = rowReader(calibration, history);
  const pick = (column: ArrayLike<number>): Float64Array => Float64Array.from(test, (row) => column[row]!);
  const intervals = test.map((row) => intervalOf(calibration, read(row)));
  const judged: JudgedRows = {
    timeMs: pick(history.timeMs),
    targets: pick(history.targets),
    lower: Float64Array.from(intervals, ({ lower }) => lower),
    upper: Float64Array.from(intervals, ({ upper }) => upper),
  };
  const { n, achieved, low, high, meanWidth } = coverageOfIntervals(judged, { overlapBars });
  const { volatility, trend } = history.columns;
  const cutsOf = (column: ArrayLike<number>) => tercileCuts(Array.from(input.train, (row) => column[row]!));
  const cuts = { volatility: cutsOf(volatility), trend: cutsOf(trend) };
  return {
    target: calibration.confidence,
    achieved,
    n,
    low,
    high,
    method: calibration.method ?? 'split',
    width: meanWidth,
    regimes: coverageByRegime(judged, pick(volatility), pick(trend), cuts, { overlapBars }),
    overTime: coverageOverTime(judged, { overlapBars }),
  };
}
