/**
 * The one calibration of a model and the one function from a row to its interval, used by the training report, the
 * chart, backtests and live sessions (rules CONF-1 to CONF-14 in docs/spec/validation.md).
 */
import type { z } from 'zod';
import type { CONFORMAL_METHODS, conformalSchema } from '../../../src-shared/contract/training.ts';
import type { CalibrationBody } from '../../store/manifest.ts';
import type { IntervalColumns } from './columns.ts';

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
