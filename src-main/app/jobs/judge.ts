import type { SpanName } from '../../../src-shared/contract/common.ts';
import type { ModelDto, TrainInput } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { rankCorrelation, rSquared } from '../../../src-shared/metrics/prediction.ts';
import { roleOf } from '../../models/registry.ts';
import type { ModelManifest } from '../../store/manifest.ts';
import { calibrateModel } from '../../validation/conformal/model.ts';
import type { Answers } from '../signals.ts';
import { endsIn, type Prepared } from './prepare.ts';

export type Figure = ModelDto['figures'][number];

/** What calibration and the test part say of a model. */
export interface Judged {
  readonly calibration: ModelManifest['calibration'];
  readonly conformal: ModelDto['conformal'];
  readonly testR2: number | null;
  readonly testRankCorrelation: number | null;
  readonly figures: readonly Figure[];
}

/** Root mean square of the predictions, which scales them to signals. */
function scaleOf(predictions: Float64Array): number {
  const scale = Math.sqrt(predictions.reduce((s, p) => s + p * p, 0) / predictions.length);
  if (scale > 1e-6 && predictions.some((p) => p !== predictions[0])) return scale;
  throw new FrontierError(
    'REFUSED',
    'The model learned to predict nothing: its output does not vary.',
    'Train longer, with a higher learning rate, a smaller penalty (alpha, weightDecay), or on more history.',
  );
}

/** Calibrates on the calibration part; reports on the test part, which nothing was fitted on. */
function judgeRegressor(prepared: Prepared, answers: Answers, input: TrainInput, bars: BarColumns): Judged {
  const { targets } = prepared;
  const { predictions, quantiles } = answers;
  // A model that was not asked about a row, such as one of its training span, is not judged there.
  const rowsOf = (part: SpanName) =>
    endsIn(prepared.ends, targets, prepared.split[part]).filter((row) => Number.isFinite(predictions[row]));
  const [held, test] = [rowsOf('calibration'), rowsOf('test')];
  const { calibration, conformal } = calibrateModel({
    method: input.conformal,
    confidence: input.confidence,
    history: { timeMs: bars.timeMs, targets, predictions, quantiles, columns: answers.columns() },
    train: endsIn(prepared.ends, targets, prepared.split.train),
    calibration: held,
    test,
    overlapBars: input.horizonBars,
  });
  const pick = (column: ArrayLike<number>, rows: Int32Array) => Float64Array.from(rows, (r) => column[r]!);
  const [tested, outcomes] = [pick(predictions, test), pick(targets, test)];
  return {
    calibration: { ...calibration, predictionScale: scaleOf(pick(predictions, held)) },
    conformal,
    testR2: rSquared(outcomes, tested),
    testRankCorrelation: rankCorrelation(outcomes, tested),
    figures: [],
  };
}

/** Value below which a share of the sorted values lies (nearest rank). */
function percentile(values: Float64Array, percent: number): number {
  const sorted = Float64Array.from(values).sort();
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1]!;
}

const DEFAULT_THRESHOLD_PERCENTILE = 99;

/** The threshold comes from the validation part; how much of the unseen test part lies above it is reported. */
function judgeAnomaly(
  prepared: Prepared,
  answers: Answers,
  settings: Readonly<Record<string, unknown>>,
): Judged {
  const errors = (part: SpanName): Float64Array => {
    const { from, to } = prepared.split[part];
    const rows = prepared.ends.filter((row) => row >= from && row < to);
    return Float64Array.from(rows, (row) => answers.predictions[row]!);
  };
  const percent = Number(settings.percentile ?? DEFAULT_THRESHOLD_PERCENTILE);
  const threshold = percentile(errors('validation'), percent);
  const test = errors('test');
  const flagged = test.filter((error) => error > threshold).length;
  return {
    calibration: null,
    conformal: null,
    testR2: null,
    testRankCorrelation: null,
    figures: [
      { name: 'threshold', label: `Threshold (percentile ${percent} of validation)`, value: threshold },
      {
        name: 'flaggedPct',
        label: 'Flagged on the test span',
        value: (100 * flagged) / test.length,
        unit: '%',
      },
      {
        name: 'meanError',
        label: 'Mean error on the test span',
        value: test.reduce((a, b) => a + b, 0) / test.length,
      },
    ],
  };
}

/** An autoencoder predicts nothing; its report says how well it tells windows. */
const NOTHING_TO_CALIBRATE: Judged = {
  calibration: null,
  conformal: null,
  testR2: null,
  testRankCorrelation: null,
  figures: [],
};

/** What calibration and test say of a model of any role. */
export function judge(
  prepared: Prepared,
  answers: Answers,
  input: TrainInput,
  settings: Readonly<Record<string, unknown>>,
  bars: BarColumns,
): Judged {
  switch (roleOf(input.family)) {
    case 'anomaly':
      return judgeAnomaly(prepared, answers, settings);
    case 'autoencoder':
      return NOTHING_TO_CALIBRATE;
    default:
      return judgeRegressor(prepared, answers, input, bars);
  }
}
