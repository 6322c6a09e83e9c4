import { availableParallelism } from 'node:os';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { ModelDto, TrainInput } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import type { JobContext } from '../../jobs/port.ts';
import { ArtifactStore } from '../../store/artifacts.ts';
import { BarStore } from '../../store/bars.ts';
import { OPTIMIZER_DEFAULTS } from '../../tensor/optimizer.ts';
import { type ChunkReport, type TrainConfig, type TrainResult, train } from '../../training/trainer.ts';
import { homePaths } from '../context.ts';
import { systemClock } from '../ids.ts';
import { predictHistory, saveSignals } from '../signals.ts';
import { endsIn, type Prepared, prepare } from './prepare.ts';
import { judge, manifestOf, modelDto } from './trainedModel.ts';

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

/** Targets beyond this many units are limited for training, so that a few wild bars do not own the loss. */
const TARGET_CLIP = 6;
const CHUNK_STEPS = 50;
/** Corner of the Huber loss, in standard deviations of the scaled target. */
const HUBER_DELTA = 1;

/** What the user does not choose. */
const FIXED_SETTINGS = { targetClip: TARGET_CLIP, huberDelta: HUBER_DELTA } as const;

/** Levels that a quantile model learns: the middle, then both ends of the interval aimed at. */
export function quantileLevels(confidence: number): readonly number[] {
  return [0.5, (1 - confidence) / 2, (1 + confidence) / 2];
}

function lossOf(input: TrainInput): TrainConfig['loss'] {
  switch (input.loss) {
    case 'huber':
      return { kind: 'huber', delta: HUBER_DELTA };
    case 'quantile':
      return { kind: 'quantile', quantiles: quantileLevels(input.confidence) };
    default:
      return { kind: input.loss };
  }
}

/** The trainer's settings of a run. */
export function configOf(input: TrainInput): TrainConfig {
  const { optimizer: kind, momentum, weightDecay, clipNorm, averageDecay } = input;
  return {
    family: input.family,
    model: input.model,
    window: input.windowBars,
    batch: input.batch,
    epochs: input.epochs,
    learningRate: input.learningRate,
    optimizer: { ...OPTIMIZER_DEFAULTS, kind, momentum, weightDecay, clipNorm, averageDecay },
    schedule: { kind: input.schedule, warmupSteps: input.warmupSteps },
    loss: lossOf(input),
    seed: input.seed,
    chunkSteps: CHUNK_STEPS,
    patience: input.patience,
    engine: input.engine,
    ...(input.device === undefined ? {} : { device: input.device }),
    threads: input.threads > 0 ? input.threads : Math.max(1, availableParallelism()),
    precision: input.precision,
    graphOptimization: input.graphOptimization,
    accumulation: input.accumulation,
    checkpointing: input.checkpointing,
    attention: input.attention,
    layout: input.layout,
    devices: input.devices,
    averageEvery: input.averageEvery,
    keepCheckpoints: input.keepCheckpoints,
    augment: { noise: input.augmentNoise, timeWarp: input.augmentTimeWarp, spread: input.augmentSpread },
  };
}

function learn(prepared: Prepared, payload: TrainPayload, context: JobContext): Promise<TrainResult> {
  const { targets, ends, split, matrix } = prepared;
  const limited = targets.map((t) => Math.max(-TARGET_CLIP, Math.min(TARGET_CLIP, t)));
  const data = {
    features: prepared.scaled,
    rows: matrix.rows,
    featureCount: matrix.names.length,
    featureNames: matrix.names,
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
    onEngine: (engine, note) =>
      context.report({ fraction: 0, data: { type: 'engine', engine, note } satisfies TrainProgressData }),
    onChunk: (chunk) =>
      context.report({
        fraction: chunk.step / chunk.totalSteps,
        etaMs: chunk.etaMs,
        data: { type: 'chunk', chunk } satisfies TrainProgressData,
      }),
  });
}

async function loadBars({ home, dataset }: TrainPayload): Promise<{ bars: BarColumns; marks: Uint8Array }> {
  const store = new BarStore(homePaths.bars(home));
  const { symbol, timeframe, priceSide } = dataset;
  try {
    const stored = await store.find(symbol, timeframe, priceSide);
    if (stored?.dataHash !== dataset.dataHash)
      throw new FrontierError(
        'CONFLICT',
        'The history changed while the run was waiting.',
        'Start the run again.',
      );
    return await store.loadMarked(symbol, timeframe, {}, priceSide);
  } finally {
    await store.close();
  }
}

/** Features, training, calibration, judgement and the stored artifact: the whole of a training run. */
export async function trainJob(payload: TrainPayload, context: JobContext): Promise<TrainJobResult> {
  const { bars, marks } = await loadBars(payload);
  const prepared = prepare(bars, payload.input, marks);
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
  const { input, dataset, modelId } = payload;
  const manifest = manifestOf({
    modelId,
    input,
    dataset,
    bars,
    prepared,
    result,
    judged,
    fixedSettings: FIXED_SETTINGS,
  });
  const stored = new ArtifactStore(payload.home).save({ model: result.onnx, manifest });
  const model = modelDto(stored);
  saveSignals({ ...payload, ...model }, stored.sha256, payload.dataset.dataHash, signals, bars);
  return {
    model,
    finalLoss: result.finalLoss,
    seconds: result.seconds,
    steps: result.steps,
    stopped: result.stopped,
    engineNote: result.engineDegradedReason,
  };
}
