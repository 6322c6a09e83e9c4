import type { SpanDto, SpanName } from '../../../src-shared/contract/common.ts';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import {
  FAMILIES,
  type FamilyName,
  type ModelDto,
  type TrainInput,
} from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { rankCorrelation, rSquared } from '../../../src-shared/metrics/prediction.ts';
import { appVersion } from '../../ops/paths.ts';
import type { StoredArtifact } from '../../store/artifacts.ts';
import type { ModelManifest } from '../../store/manifest.ts';
import type { TrainResult } from '../../training/trainer.ts';
import { calibrate, coverage, normalisedScores } from '../../validation/conformal.ts';
import { type ChronologicalSplit, SPLIT_PARTS } from '../../validation/splits.ts';
import { systemClock } from '../ids.ts';
import type { Signals } from '../signals.ts';
import { endsIn, type Prepared } from './prepare.ts';

const TARGET = 'ln(close[t+H]/close[t]) / (atr14[t]/close[t]*sqrt(H))';
/** What calibration and the test part say of a model. */
export interface Judged {
  readonly calibration: ModelManifest['calibration'];
  readonly conformal: NonNullable<ModelDto['conformal']>;
  readonly testR2: number;
  readonly testRankCorrelation: number;
}

/** Calibrates on the calibration part; reports on the test part, which nothing was fitted on. */
export function judge(prepared: Prepared, signals: Signals, input: TrainInput): Judged {
  const rowsOf = (part: SpanName) => {
    const rows = endsIn(prepared.ends, prepared.targets, prepared.split[part]);
    return {
      targets: Float64Array.from(rows, (r) => prepared.targets[r]!),
      predictions: Float64Array.from(rows, (r) => signals.predictions[r]!),
      // Targets are in units of volatility already, so every row has the same expected error.
      scales: new Float64Array(rows.length).fill(1),
    };
  };
  const held = rowsOf('calibration');
  const test = rowsOf('test');
  const { quantile } = calibrate(normalisedScores(held), 1 - input.confidence);
  const predictionScale = Math.sqrt(
    held.predictions.reduce((s, p) => s + p * p, 0) / held.predictions.length,
  );
  if (!(predictionScale > 1e-6))
    throw new FrontierError(
      'REFUSED',
      'The network learned to predict nothing: its output does not vary.',
      'Train longer, with a higher learning rate, less weight decay, or on more history.',
    );
  const achieved = coverage(test, quantile, { overlapBars: input.horizonBars });
  return {
    calibration: { q: quantile, confidence: input.confidence, predictionScale },
    conformal: {
      target: input.confidence,
      achieved: achieved.achieved,
      n: achieved.n,
      low: achieved.low,
      high: achieved.high,
    },
    testR2: rSquared(test.targets, test.predictions),
    testRankCorrelation: rankCorrelation(test.targets, test.predictions),
  };
}

/** What a manifest is made from. */
export interface Trained {
  readonly modelId: string;
  readonly input: TrainInput;
  readonly dataset: DatasetDto;
  readonly bars: BarColumns;
  readonly prepared: Prepared;
  readonly result: TrainResult;
  readonly judged: Judged;
  /** Settings that the user did not choose but the result depends on. */
  readonly fixedSettings: Readonly<Record<string, unknown>>;
}

function spansOf(split: ChronologicalSplit, bars: BarColumns): SpanDto[] {
  return SPLIT_PARTS.map((name) => {
    const { from, to } = split[name];
    return { name, from, to, fromMs: bars.timeMs[from]!, toMs: bars.timeMs[to - 1]! };
  });
}

/** Everything the run depended on and what came out. */
export function manifestOf(trained: Trained): Omit<ModelManifest, 'version' | 'format'> {
  const { input, dataset, bars, prepared, result, judged } = trained;
  const features = prepared.matrix.names;
  return {
    modelId: trained.modelId,
    symbol: dataset.symbol,
    timeframe: dataset.timeframe,
    synthetic: dataset.synthetic,
    createdMs: systemClock.nowMs(),
    family: input.family,
    features,
    scaler: prepared.scaler,
    windowBars: input.windowBars,
    horizonBars: input.horizonBars,
    target: TARGET,
    io: {
      input: 'x',
      inputShape: [-1, input.windowBars, features.length],
      output: 'y',
      outputShape: [-1, 1],
    },
    calibration: judged.calibration,
    conformal: judged.conformal,
    spans: spansOf(prepared.split, bars),
    priceSide: dataset.priceSide,
    referencePrice: middlePrice(prepared.split.train, bars),
    dataHash: dataset.dataHash,
    bars: dataset.bars,
    codeVersion: appVersion(),
    seed: input.seed,
    engine: result.engine,
    hyperParameters: { ...input, ...trained.fixedSettings },
    parameters: result.parameters,
    metrics: {
      finalLoss: result.finalLoss,
      bestValidationLoss: result.bestValidationLoss ?? null,
      bestStep: result.bestStep,
      testR2: judged.testR2,
      testRankCorrelation: judged.testRankCorrelation,
      samplesLeftOut: prepared.samplesLeftOut,
    },
  };
}

/** Known before anything is judged: costs may follow the price level, never the future. */
function middlePrice({ from, to }: { from: number; to: number }, bars: BarColumns): number {
  return bars.close[Math.floor((from + to) / 2)]!;
}

function familyNameOf(name: string): FamilyName {
  const known = FAMILIES.find((family) => family === name);
  if (known) return known;
  throw new FrontierError(
    'CORRUPT',
    `The model is of the family ${name}, which this release does not know.`,
    'Open it with the release that made it, or train again.',
  );
}

/** The row of a stored model. */
export function modelDto(stored: StoredArtifact): ModelDto {
  const { manifest: m } = stored;
  return {
    id: m.modelId,
    version: stored.version,
    symbol: m.symbol,
    timeframe: m.timeframe,
    synthetic: m.synthetic,
    family: familyNameOf(m.family),
    role: m.role ?? 'regressor',
    createdMs: m.createdMs,
    horizonBars: m.horizonBars,
    windowBars: m.windowBars,
    features: m.features,
    parameters: m.parameters,
    engine: m.engine,
    seed: m.seed,
    dataHash: m.dataHash,
    sha256: stored.sha256,
    conformal: m.conformal,
    testR2: m.metrics.testR2 ?? null,
    testRankCorrelation: m.metrics.testRankCorrelation ?? null,
    samplesLeftOut: m.metrics.samplesLeftOut ?? 0,
    spans: m.spans,
    figures: m.figures ?? [],
    ...(m.device === undefined ? {} : { device: m.device }),
    ...(m.runId === undefined ? {} : { runId: m.runId }),
    members: m.members ?? [],
    settings: m.hyperParameters,
  };
}
