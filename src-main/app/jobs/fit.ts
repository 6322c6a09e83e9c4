import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { DeviceReading, TrainInput, TrainLogEntry } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { pathTargets } from '../../features/index.ts';
import type { JobContext } from '../../jobs/port.ts';
import type { SolvedFamily } from '../../models/family.ts';
import { checkedSettings, familyOf } from '../../models/registry.ts';
import { DeviceSampler } from '../../ops/hardware.ts';
import { emitModel } from '../../tensor/onnx/emit.ts';
import { OPTIMIZER_DEFAULTS } from '../../tensor/optimizer.ts';
import { SAVE_REQUEST } from '../../training/messages.ts';
import {
  type ChunkReport,
  type TrainConfig,
  type TrainingData,
  type TrainResult,
  train,
} from '../../training/trainer.ts';
import { systemClock } from '../ids.ts';
import { checkMemory } from './memoryCheck.ts';
import { endsIn, type Prepared } from './prepare.ts';

/** What the run tells with each chunk. */
export type TrainProgressData =
  | { readonly type: 'chunk'; readonly chunk: ChunkReport }
  | {
      readonly type: 'engine';
      readonly engine: string;
      readonly device: string | undefined;
      readonly note: string | undefined;
    }
  | { readonly type: 'log'; readonly entry: TrainLogEntry }
  | { readonly type: 'reading'; readonly reading: DeviceReading }
  | { readonly type: 'saved'; readonly step: number }
  /** Of a run that makes several models: fits done so far. */
  | { readonly type: 'stage'; readonly done: number; readonly total: number };

/** A model that was fitted, whatever the way. */
export interface Fitted
  extends Pick<
    TrainResult,
    | 'onnx'
    | 'outputs'
    | 'steps'
    | 'seconds'
    | 'finalLoss'
    | 'bestStep'
    | 'stopped'
    | 'parameters'
    | 'bestValidationLoss'
    | 'engineDegradedReason'
    | 'device'
  > {
  readonly engine: string;
  /** What the run decided for itself: batch and layout. Of models that learn by gradients. */
  readonly choices?: TrainResult['choices'];
  /** Settings of the family, defaults filled in. */
  readonly model: Readonly<Record<string, unknown>>;
  /** Figures of the fit itself. */
  readonly figures: Readonly<Record<string, number>>;
}

/** Targets beyond this many units are limited for training, so that a few wild bars do not own the loss. */
const TARGET_CLIP = 6;
/** Corner of the Huber loss, in standard deviations of the scaled target. */
const HUBER_DELTA = 1;

/** What the user does not choose. */
export const FIXED_SETTINGS = { targetClip: TARGET_CLIP, huberDelta: HUBER_DELTA } as const;

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
    chunkSteps: 0,
    patience: input.patience,
    engine: input.engine,
    ...(input.device === undefined ? {} : { device: input.device }),
    threads: input.threads > 0 ? input.threads : Math.max(1, availableParallelism()),
    precision: input.precision,
    graphOptimization: input.graphOptimization,
    tf32: input.tf32,
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

const limited = (targets: Float32Array): Float32Array =>
  targets.map((t) => Math.max(-TARGET_CLIP, Math.min(TARGET_CLIP, t)));

/** The prepared history as the trainer wants it. */
export function trainingDataOf(prepared: Prepared, input: TrainInput, bars: BarColumns): TrainingData {
  const { targets, ends, split, matrix } = prepared;
  const diffusion = familyOf(input.family).role === 'diffusion';
  const path = diffusion ? pathTargets(bars, matrix.atr, input.horizonBars) : undefined;
  return {
    features: prepared.scaled,
    rows: matrix.rows,
    featureCount: matrix.names.length,
    featureNames: matrix.names,
    targets: limited(path ?? targets),
    targetCount: path ? input.horizonBars : 1,
    trainEnds: endsIn(ends, targets, split.train),
    validationEnds: endsIn(ends, targets, split.validation),
  };
}

/** Where and how a fit runs. */
export interface FitPlace {
  readonly checkpointDir: string;
  /** See `TrainIo`. */
  readonly cacheFolder?: string;
  readonly context: JobContext;
  /** Present where the fit is one of several of a run: its curve is its own and does not show as the run's. */
  readonly stage?: { readonly done: number; readonly total: number };
}

async function byGradients(
  data: TrainingData,
  input: TrainInput,
  { checkpointDir, cacheFolder, context, stage }: FitPlace,
): Promise<Fitted> {
  const report = (fraction: number, progressData: TrainProgressData, etaMs?: number) =>
    context.report({
      fraction: stage ? (stage.done + fraction) / stage.total : fraction,
      ...(etaMs === undefined ? {} : { etaMs }),
      data: progressData,
    });
  if (input.conformal === 'cqr' && input.loss !== 'quantile' && familyOf(input.family).role === 'regressor') {
    throw new FrontierError(
      'BAD_INPUT',
      `Conformalised quantile regression needs a model of quantiles; the loss ${input.loss} learns none.`,
      'Choose the loss quantile, or the conformal method split or local.',
    );
  }
  let done = 0;
  let saveWanted = false;
  context.onMessage((message) => {
    saveWanted ||= message === SAVE_REQUEST;
  });
  const sampler = new DeviceSampler(systemClock);
  const log = (entry: Omit<TrainLogEntry, 'timeMs'>): void =>
    report(done, { type: 'log', entry: { ...entry, timeMs: systemClock.nowMs() } });
  // A run that goes on may have halved its batch since; it has shown that it fits.
  if (!existsSync(checkpointDir)) await checkMemory(data, configOf(input), log);
  const result = await train(data, configOf(input), {
    checkpointDir,
    ...(cacheFolder === undefined ? {} : { cacheFolder }),
    readDevices: (devices) => sampler.read(devices),
    signal: context.signal,
    paused: () => context.paused,
    waitWhilePaused: () => context.waitWhilePaused(),
    clock: systemClock,
    takeSaveRequest: () => {
      const wanted = saveWanted;
      saveWanted = false;
      return wanted;
    },
    onEngine: (engine, note, device) => report(done, { type: 'engine', engine, note, device }),
    ...(stage ? {} : { onSaved: (step: number) => report(done, { type: 'saved', step }) }),
    onReading: (reading) => report(done, { type: 'reading', reading }),
    onChunk: (chunk) => {
      done = chunk.step / chunk.totalSteps;
      if (stage) report(done, { type: 'stage', ...stage });
      else report(done, { type: 'chunk', chunk }, chunk.etaMs);
    },
    onLog: log,
  });
  return {
    ...result,
    model: checkedSettings(familyOf(input.family), input.model),
    figures: {},
  };
}

/** Whether a run asks for more than the CPU. */
const askedElsewhere = ({ engine, device }: TrainInput): boolean =>
  (engine !== 'auto' && engine !== 'cpu') || (device !== undefined && device !== 'cpu');

async function bySolving(
  family: SolvedFamily<unknown>,
  data: TrainingData,
  input: TrainInput,
  context: JobContext,
): Promise<Fitted> {
  if (input.loss === 'quantile' || input.conformal === 'cqr') {
    throw new FrontierError(
      'BAD_INPUT',
      `${family.title} learns the mean and has no quantiles.`,
      'Choose another loss and the conformal method split or local, or a network.',
    );
  }
  const started = systemClock.nowMs();
  const model = checkedSettings(family, input.model);
  const size = { window: input.windowBars, features: data.featureCount, outputs: 1 };
  const { features, rows, targets, trainEnds, validationEnds } = data;
  const solved = await family.solve(
    model,
    { features, rows, size, targets, trainEnds, validationEnds },
    context.signal,
  );
  return {
    onnx: emitModel(solved.graph, { family: input.family, config: JSON.stringify(model) }),
    outputs: 1,
    steps: solved.figures.iterations ?? 1,
    seconds: (systemClock.nowMs() - started) / 1000,
    finalLoss: solved.figures.trainLoss ?? Number.NaN,
    ...(solved.figures.validationLoss === undefined
      ? {}
      : { bestValidationLoss: solved.figures.validationLoss }),
    bestStep: solved.figures.iterations ?? 1,
    engine: 'cpu',
    ...(askedElsewhere(input)
      ? {
          engineDegradedReason: `${family.title} is solved at once on the CPU, which no engine makes faster.`,
        }
      : {}),
    stopped: false,
    parameters: solved.parameters,
    model,
    figures: solved.figures,
  };
}

/**
 * Fits a model of any family that stands alone.
 * @throws FrontierError as `train` and `SolvedFamily.solve`
 */
export async function fitModel(
  prepared: Prepared,
  input: TrainInput,
  bars: BarColumns,
  place: FitPlace,
): Promise<Fitted> {
  const family = familyOf(input.family);
  const data = trainingDataOf(prepared, input, bars);
  if (family.fit === 'solved') return bySolving(family, data, input, place.context);
  return byGradients(data, input, place);
}
