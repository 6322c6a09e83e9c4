import { FrontierError } from '../../src-shared/errors.ts';
import type { Clock } from '../../src-shared/runtime.ts';
import { type DefinedModel, defineModel } from '../models/registry.ts';
import { type Engine, type EngineChoice, openEngine } from '../tensor/engine.ts';
import { collectParameters, inferenceModel, type ModelSize } from '../tensor/model.ts';
import { layOut, type ParameterLayout } from '../tensor/parameters.ts';
import { freshState, TrainSession } from '../tensor/train-session.ts';
import { type Checkpoint, readCheckpoint } from './checkpoint.ts';
import { checkConfig, checkData, runFingerprint } from './checks.ts';
import { Run } from './run.ts';
import type { TrainConfig, TrainIo, TrainingData, TrainResult } from './types.ts';

export type * from './types.ts';
export { TRAIN_DEFAULTS } from './types.ts';

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
  const targetCount = data.targetCount ?? 1;
  const outputs = config.loss.kind === 'quantile' ? config.loss.quantiles.length : targetCount;
  const given = { window: config.window, features: data.featureCount, outputs, targets: targetCount };
  const layout = config.layout === 'auto' ? 'channelsFirst' : config.layout;
  const { attention, checkpointing } = config;
  const model = defineModel(config.family, config.model, given, { attention, checkpointing, layout });
  checkData(data, config);
  const placed = layOut(collectParameters(model, model.size));
  return {
    model,
    size: model.size,
    layout: placed,
    fingerprint: runFingerprint(data, config, model.config, placed),
  };
}

async function openSession(
  data: TrainingData,
  config: TrainConfig,
  { model, size, layout }: Prepared,
  engine: Engine,
): Promise<TrainSession> {
  const graph = {
    model,
    size,
    targetColumns: data.targetCount ?? 1,
    layout,
    rows: data.rows,
    batch: config.batch,
    loss: config.loss,
    optimizer: config.optimizer,
    seed: config.seed,
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
    outputs: size.outputs,
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
