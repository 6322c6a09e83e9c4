import { FrontierError } from '../../src-shared/errors.ts';
import type { Clock } from '../../src-shared/runtime.ts';
import { type DefinedModel, defineModel } from '../models/registry.ts';
import { type Engine, type EngineChoice, openEngine } from '../tensor/engine.ts';
import { collectParameters, inferenceModel, type ModelSize } from '../tensor/model.ts';
import { ADAM_DEFAULTS } from '../tensor/optimizer.ts';
import { initialParameters, layOut, type ParameterLayout } from '../tensor/parameters.ts';
import type { LossSpec } from '../tensor/train-graph.ts';
import { TrainSession } from '../tensor/train-session.ts';
import { type Checkpoint, readCheckpoint } from './checkpoint.ts';
import { checkConfig, checkData, runFingerprint } from './checks.ts';
import { HUBER_DELTA, Run } from './run.ts';
import type { TrainConfig, TrainIo, TrainingData, TrainResult } from './types.ts';

export type * from './types.ts';

const lossSpec = (config: TrainConfig): LossSpec =>
  config.loss === 'mse' ? { kind: 'mse' } : { kind: 'huber', delta: HUBER_DELTA };

/** Opens the engine; a run that was begun on one engine goes on there, also where `auto` would now choose another. */
async function engineFor(
  config: TrainConfig,
  before: Checkpoint | undefined,
  clock: Clock,
): Promise<[Engine, string | undefined]> {
  const choice: EngineChoice = config.engine === 'auto' && before ? before.engine : config.engine;
  const opened = await openEngine(choice, config.threads, clock);
  if (before && before.engine !== opened.engine.name) {
    throw new FrontierError(
      'CONFLICT',
      `the checkpoint was made on ${before.engine}, this run would use ${opened.engine.name}`,
      `Continue with engine=${before.engine}, or start a new run.`,
    );
  }
  return [opened.engine, opened.degradedReason];
}

function checkFingerprint(before: Checkpoint | undefined, fingerprint: string): void {
  if (!before || before.fingerprint === fingerprint) return;
  throw new FrontierError(
    'CONFLICT',
    'the checkpoint belongs to a run with other settings or other data',
    'Start a new run, or go back to the settings and data of the interrupted one.',
  );
}

interface Prepared {
  readonly model: DefinedModel;
  readonly size: ModelSize;
  readonly layout: ParameterLayout;
  readonly fingerprint: string;
}

function prepare(data: TrainingData, config: TrainConfig): Prepared {
  checkConfig(config);
  const size = { window: config.window, features: data.featureCount, outputs: 1 };
  const model = defineModel(config.family, config.model, size);
  checkData(data, config);
  const layout = layOut(collectParameters(model.forward, size));
  return { model, size, layout, fingerprint: runFingerprint(data, config, model.config, layout) };
}

async function openSession(
  data: TrainingData,
  config: TrainConfig,
  { model, size, layout }: Prepared,
  engine: Engine,
): Promise<TrainSession> {
  const adam = { ...ADAM_DEFAULTS, weightDecay: config.weightDecay ?? 0, clipNorm: config.clipNorm ?? 0 };
  const { rows } = data;
  const graph = {
    model: model.forward,
    size,
    layout,
    rows,
    batch: config.batch,
    loss: lossSpec(config),
    adam,
  };
  return TrainSession.open(engine, graph, { features: data.features, targets: data.targets });
}

/**
 * Trains a model, or goes on with the run whose checkpoint lies in `io.checkpointDir`: then it ends with the same
 * weights as if it had never been interrupted (bit for bit on the CPU engine with the same threads).
 *
 * @throws FrontierError BAD_INPUT where settings or data cannot be trained on; CONFLICT where the checkpoint is of
 *   another run; CORRUPT where it is damaged; ENGINE_FAILED where the engine fails or the loss is not finite;
 *   CANCELLED where it was stopped before its first step
 */
export async function train(data: TrainingData, config: TrainConfig, io: TrainIo): Promise<TrainResult> {
  const prepared = prepare(data, config);
  const before = await readCheckpoint(io.checkpointDir);
  checkFingerprint(before, prepared.fingerprint);
  const [engine, degradedReason] = await engineFor(config, before, io.clock);
  io.onEngine?.(engine.name, degradedReason);
  const session = await openSession(data, config, prepared, engine);
  try {
    session.load(before?.state ?? freshState(prepared.layout, config.seed), before?.progress.step ?? 0);
    const run = new Run(data, config, io, { session, engine, fingerprint: prepared.fingerprint, before });
    await run.loop();
    if (run.progress.step === 0) {
      throw new FrontierError('CANCELLED', 'training was stopped before its first step', 'Start it again.');
    }
    return await resultOf(run, prepared, engine, degradedReason);
  } finally {
    await session.release();
  }
}

function freshState(layout: ParameterLayout, seed: number) {
  return {
    parameters: initialParameters(layout, seed),
    firstMoments: new Float32Array(layout.total),
    secondMoments: new Float32Array(layout.total),
  };
}

async function resultOf(
  run: Run,
  { model, size, layout }: Prepared,
  engine: Engine,
  degradedReason: string | undefined,
): Promise<TrainResult> {
  const { weights, step, validation } = await run.chosen();
  const { progress } = run;
  const metadata = { family: model.family, config: JSON.stringify(model.config), step: String(step) };
  return {
    onnx: inferenceModel(model.forward, size, layout, weights, metadata),
    steps: progress.step,
    seconds: progress.elapsedMs / 1000,
    finalLoss: progress.finalLoss,
    ...(validation === undefined ? {} : { bestValidationLoss: validation }),
    bestStep: step,
    engine: engine.name,
    ...(degradedReason === undefined ? {} : { engineDegradedReason: degradedReason }),
    curve: [...progress.curve],
    stopped: !run.finished,
    stoppedEarly: progress.stoppedEarly,
    parameters: layout.total,
  };
}
