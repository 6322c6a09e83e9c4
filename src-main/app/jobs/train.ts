import type { SpanDto, SpanName } from '../../../src-shared/contract/common.ts';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { ModelDto, TrainInput } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { rankCorrelation, rSquared } from '../../../src-shared/metrics/prediction.ts';
import {
  applyScaler,
  computeFeatures,
  DEFAULT_FEATURES,
  type FeatureMatrix,
  fitScaler,
  forwardTargets,
} from '../../features/index.ts';
import type { JobContext } from '../../jobs/port.ts';
import { appVersion } from '../../ops/paths.ts';
import { ArtifactStore, type StoredArtifact } from '../../store/artifacts.ts';
import { BarStore } from '../../store/bars.ts';
import type { ModelManifest } from '../../store/manifest.ts';
import { type ChunkReport, type TrainConfig, type TrainResult, train } from '../../training/trainer.ts';
import { calibrate, coverage, normalisedScores } from '../../validation/conformal.ts';
import {
  type ChronologicalSplit,
  chronologicalSplit,
  embargoFor,
  SPLIT_PARTS,
} from '../../validation/splits.ts';
import { homePaths } from '../context.ts';
import { systemClock } from '../ids.ts';
import { predictHistory, type Signals, saveSignals, windowEnds } from '../signals.ts';

export interface TrainPayload {
  readonly home: string;
  readonly runId: string;
  readonly modelId: string;
  readonly input: TrainInput;
  readonly dataset: DatasetDto;
}

/** What the run tells with each chunk. */
export type TrainProgressData =
  | { readonly type: 'chunk'; readonly chunk: ChunkReport }
  | { readonly type: 'engine'; readonly engine: string; readonly note?: string | undefined };

export interface TrainJobResult {
  readonly model: ModelDto;
  readonly finalLoss: number;
  readonly seconds: number;
  readonly steps: number;
  readonly stopped: boolean;
  readonly engineNote?: string | undefined;
}

/** Shares of the history, oldest first. The last days are kept for the paper session. */
export const SHARES: Readonly<Record<SpanName, number>> = {
  train: 0.5,
  validation: 0.1,
  calibration: 0.1,
  optimisation: 0.15,
  test: 0.1,
  replay: 0.05,
};

/** Targets beyond this many units are limited for training, so that a few wild bars do not own the loss. */
const TARGET_CLIP = 6;
const TARGET = 'ln(close[t+H]/close[t]) / (atr14[t]/close[t]*sqrt(H))';
const THREADS = 2;
const CHUNK_STEPS = 50;
/** Small networks: on a few thousand bars with a weak signal, larger ones only learn the noise sooner. */
const MODEL_SETTINGS = { mlp: { hidden: [16] }, tcn: { channels: 16, levels: 3 } } as const;

/** Ends of usable windows inside a part whose targets are known. */
function endsIn(ends: Int32Array, targets: Float32Array, range: { from: number; to: number }): Int32Array {
  return ends.filter((row) => row >= range.from && row < range.to && Number.isFinite(targets[row]));
}

interface Prepared {
  readonly matrix: FeatureMatrix;
  readonly targets: Float32Array;
  readonly split: ChronologicalSplit;
  readonly scaler: ModelManifest['scaler'];
  readonly scaled: Float32Array;
  readonly ends: Int32Array;
}

/** Features, targets and the chronological split; everything fitted sees the training part only. */
function prepare(bars: BarColumns, input: TrainInput): Prepared {
  const matrix = computeFeatures(bars, instrumentFor(input.symbol), DEFAULT_FEATURES);
  const targets = forwardTargets(bars, matrix.atr, input.horizonBars);
  const split = chronologicalSplit({
    rows: matrix.rows,
    usableFrom: Math.min(matrix.rows, matrix.warmupBars + input.windowBars - 1),
    embargoBars: embargoFor({ horizonBars: input.horizonBars, windowBars: input.windowBars }),
    shares: SHARES,
  });
  const scaler = fitScaler(matrix, split.train.from, split.train.to);
  const scaled = applyScaler(scaler, matrix.values, matrix.rows);
  return {
    matrix,
    targets,
    split,
    scaler,
    scaled,
    ends: windowEnds(scaled, matrix.names.length, matrix.rows, input.windowBars),
  };
}

function configOf(input: TrainInput): TrainConfig {
  return {
    family: input.family,
    model: MODEL_SETTINGS[input.family],
    window: input.windowBars,
    batch: input.batch,
    epochs: input.epochs,
    learningRate: input.learningRate,
    weightDecay: input.weightDecay,
    clipNorm: 1,
    schedule: 'cosine',
    seed: input.seed,
    chunkSteps: CHUNK_STEPS,
    patience: input.patience,
    engine: input.engine,
    threads: THREADS,
    loss: input.loss,
  };
}

function learn(prepared: Prepared, payload: TrainPayload, context: JobContext): Promise<TrainResult> {
  const { targets, ends, split, matrix } = prepared;
  const limited = targets.map((t) => Math.max(-TARGET_CLIP, Math.min(TARGET_CLIP, t)));
  const data = {
    features: prepared.scaled,
    rows: matrix.rows,
    featureCount: matrix.names.length,
    targets: limited,
    trainEnds: endsIn(ends, targets, split.train),
    validationEnds: endsIn(ends, targets, split.validation),
  };
  return train(data, configOf(payload.input), {
    checkpointDir: homePaths.checkpoint(payload.home, payload.runId),
    signal: context.signal,
    paused: () => context.paused,
    waitWhilePaused: () => context.waitWhilePaused(),
    clock: systemClock,
    onChunk: (chunk) =>
      context.report({
        fraction: chunk.step / chunk.totalSteps,
        etaMs: chunk.etaMs,
        data: { type: 'chunk', chunk } satisfies TrainProgressData,
      }),
  });
}

interface Judged {
  readonly calibration: ModelManifest['calibration'];
  readonly conformal: ModelDto['conformal'];
  readonly testR2: number;
  readonly testRankCorrelation: number;
}

/** Calibrates on the calibration part; reports on the test part, which nothing was fitted on. */
function judge(prepared: Prepared, signals: Signals, input: TrainInput): Judged {
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

function spansOf(split: ChronologicalSplit, bars: BarColumns): SpanDto[] {
  return SPLIT_PARTS.map((name) => {
    const { from, to } = split[name];
    return { name, from, to, fromMs: bars.timeMs[from]!, toMs: bars.timeMs[to - 1]! };
  });
}

function manifestOf(
  payload: TrainPayload,
  prepared: Prepared,
  result: TrainResult,
  judged: Judged,
  spans: SpanDto[],
  referencePrice: number,
): Omit<ModelManifest, 'version' | 'format'> {
  const { input, dataset } = payload;
  const features = prepared.matrix.names;
  return {
    modelId: payload.modelId,
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
    spans,
    priceSide: dataset.priceSide,
    referencePrice,
    dataHash: dataset.dataHash,
    bars: dataset.bars,
    codeVersion: appVersion(),
    seed: input.seed,
    engine: result.engine,
    hyperParameters: {
      ...input,
      model: MODEL_SETTINGS[input.family],
      clipNorm: 1,
      schedule: 'cosine',
      targetClip: TARGET_CLIP,
      threads: THREADS,
    },
    parameters: result.parameters,
    metrics: {
      finalLoss: result.finalLoss,
      bestValidationLoss: result.bestValidationLoss ?? null,
      bestStep: result.bestStep,
      testR2: judged.testR2,
      testRankCorrelation: judged.testRankCorrelation,
    },
  };
}

/** Known before anything is judged: costs may follow the price level, never the future. */
function middlePrice({ from, to }: { from: number; to: number }, bars: BarColumns): number {
  return bars.close[Math.floor((from + to) / 2)]!;
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
    family: m.family === 'tcn' ? 'tcn' : 'mlp',
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
    testR2: m.metrics.testR2 ?? 0,
    testRankCorrelation: m.metrics.testRankCorrelation ?? 0,
    spans: m.spans,
  };
}

async function loadBars(payload: TrainPayload): Promise<BarColumns> {
  const store = new BarStore(homePaths.bars(payload.home));
  try {
    const stored = await store.find(payload.dataset.symbol, payload.dataset.timeframe);
    if (stored?.dataHash !== payload.dataset.dataHash)
      throw new FrontierError(
        'CONFLICT',
        'The history changed while the run was waiting.',
        'Start the run again.',
      );
    return await store.load(payload.dataset.symbol, payload.dataset.timeframe);
  } finally {
    await store.close();
  }
}

/** Features, training, calibration, judgement and the stored artifact: the whole of a training run. */
export async function trainJob(payload: TrainPayload, context: JobContext): Promise<TrainJobResult> {
  const bars = await loadBars(payload);
  const prepared = prepare(bars, payload.input);
  const result = await learn(prepared, payload, context);
  if (result.stopped)
    throw new FrontierError(
      'CANCELLED',
      'The run was stopped before its end; no model was stored.',
      'Resume goes on from its checkpoint.',
    );
  const { matrix, scaler } = prepared;
  const shape = {
    features: matrix.names,
    scaler,
    windowBars: payload.input.windowBars,
    symbol: payload.input.symbol,
  };
  const signals = await predictHistory(result.onnx, shape, bars);
  const judged = judge(prepared, signals, payload.input);
  const manifest = manifestOf(
    payload,
    prepared,
    result,
    judged,
    spansOf(prepared.split, bars),
    middlePrice(prepared.split.train, bars),
  );
  const stored = new ArtifactStore(payload.home).save({ model: result.onnx, manifest });
  const model = modelDto(stored);
  saveSignals({ ...payload, ...model }, stored.sha256, payload.dataset.dataHash, signals);
  return {
    model,
    finalLoss: result.finalLoss,
    seconds: result.seconds,
    steps: result.steps,
    stopped: result.stopped,
    engineNote: result.engineDegradedReason,
  };
}
