import path from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import { familyOf } from '../models/registry.ts';
import { channelBlockOf } from '../tensor/channel-block.ts';
import { type Engine, type EngineChoice, openEngine } from '../tensor/engine.ts';
import { type ConvLayout, inferenceModel } from '../tensor/model.ts';
import { freshState } from '../tensor/train-session.ts';
import type { Checkpoint, RunChoices } from './checkpoint.ts';
import { findCheckpoint, readCheckpoint } from './checkpointStore.ts';
import { checkConfig, checkData, learnsFromTargets } from './checks.ts';
import { runFingerprint } from './fingerprint.ts';
import { type Batching, halved, isOutOfMemory, layoutFor } from './memory.ts';
import {
  engineOptions,
  graphSpec,
  openSession,
  type PreparedModel,
  prepareModel,
  tensorsOf,
} from './open.ts';
import { Run } from './run.ts';
import { tuneLayout } from './tuning.ts';
import type { TrainConfig, TrainIo, TrainingData, TrainResult } from './types.ts';

export type * from './types.ts';
export { TRAIN_DEFAULTS } from './types.ts';

/** How models are written for use: any ONNX tool knows the operators. */
const SHIPPED = 'channelsFirst';

/** File of the layouts that were the fastest, in the cache folder. */
const LAYOUTS_FILE = 'layouts.json';

interface OpenedForRun {
  readonly engine: Engine;
  readonly degradedReason: string | undefined;
}

/** Opens the engine; a run that was begun on one engine goes on there, also where `auto` would now choose another. */
async function engineFor(
  config: TrainConfig,
  before: Checkpoint | undefined,
  io: TrainIo,
): Promise<OpenedForRun> {
  const choice: EngineChoice = config.engine === 'auto' && before ? before.engine : config.engine;
  const { engine, degradedReason } = await openEngine(
    choice,
    config.threads,
    io.clock,
    config.device,
    engineOptions(config, io),
  );
  if (before && before.engine !== engine.name) {
    throw new FrontierError(
      'CONFLICT',
      `the checkpoint was made on ${before.engine}, this run would use ${engine.name}`,
      `Continue with engine=${before.engine}, or start a new run.`,
    );
  }
  io.onEngine?.(engine.name, degradedReason, engine.device);
  const where = `${engine.device ?? engine.name}, ${engine.threads} CPU threads`;
  const message = degradedReason ? `Training on ${where}: ${degradedReason}.` : `Training on ${where}.`;
  io.onLog?.({ level: 'decision', topic: 'engine', message });
  return { engine, degradedReason };
}

function checkFingerprint(before: Checkpoint | undefined, fingerprint: string): void {
  if (!before || before.fingerprint === fingerprint) return;
  throw new FrontierError(
    'CONFLICT',
    'the checkpoint belongs to a run with other settings or other data',
    'Start a new run, or go back to the settings and data of the interrupted one.',
  );
}

/** The newest checkpoint of the run, with a line in the log about what was found. */
async function findBefore(io: TrainIo): Promise<Checkpoint | undefined> {
  const found = await findCheckpoint(io.checkpointDir);
  if (!found) return undefined;
  const { step } = found.checkpoint.progress;
  for (const damaged of found.damaged) {
    const message = `The checkpoint of step ${damaged} is damaged and was put aside; an older one is used.`;
    io.onLog?.({ level: 'warning', topic: 'checkpoint', message });
  }
  io.onLog?.({
    level: 'info',
    topic: 'checkpoint',
    message: `Going on from the checkpoint of step ${step}.`,
  });
  return found.checkpoint;
}

/** What stays the same over the attempts of a run. */
interface Attempt {
  readonly data: TrainingData;
  readonly config: TrainConfig;
  readonly io: TrainIo;
  readonly opened: OpenedForRun;
  readonly fingerprint: string;
}

/** Trains from a checkpoint, or the start, to the end or a stop. */
async function attempt(
  { data, config, io, opened, fingerprint }: Attempt,
  choices: RunChoices,
  before: Checkpoint | undefined,
): Promise<TrainResult> {
  const { engine } = opened;
  const prepared = prepareModel(data, config, choices.layout);
  const { session, devices } = await openSession({ data, config, prepared, choices, engine, io });
  try {
    const state = before?.state ?? freshState(prepared.layout, config.seed, config);
    await session.load(state, before?.progress.step ?? 0);
    const stepInputs = prepared.model.stepInputs ?? [];
    const labelled = learnsFromTargets(prepared.model.role);
    const parts = {
      session,
      devices,
      engine: engine.name,
      fingerprint,
      choices,
      before,
      stepInputs,
      labelled,
    };
    const run = new Run(data, config, io, parts);
    try {
      await run.loop();
    } finally {
      await run.settle();
    }
    const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
    io.onLog?.({ level: 'info', topic: 'memory', message: `Peak memory of the process: ${peakMb} MB.` });
    if (run.progress.step === 0) {
      throw new FrontierError('CANCELLED', 'training was stopped before its first step', 'Start it again.');
    }
    return await resultOf(run, prepareModel(data, config, SHIPPED), opened, choices);
  } finally {
    await session.release();
  }
}

/**
 * Trains a model, or goes on with the run whose checkpoint lies in `io.checkpointDir`: then it ends with the same
 * weights as if it had never been interrupted (bit for bit on the CPU engine with the same threads). Where memory runs
 * out, the batch is halved and the micro-batches are doubled, and the run goes on from its last checkpoint.
 *
 * @throws FrontierError BAD_INPUT where settings or data cannot be trained on; CONFLICT where the checkpoint is of
 *   another run; CORRUPT where all checkpoints are damaged; UNAVAILABLE where the engine cannot do what is asked;
 *   ENGINE_FAILED where the engine fails or the loss is not finite; CANCELLED where it was stopped before its first
 *   step
 */
export async function train(data: TrainingData, config: TrainConfig, io: TrainIo): Promise<TrainResult> {
  const { role } = familyOf(config.family);
  checkConfig(config, role);
  const first = prepareModel(data, config, SHIPPED);
  checkData(data, config, role);
  const fingerprint = runFingerprint(data, config, first.model.config, first.layout);
  let before = await findBefore(io);
  checkFingerprint(before, fingerprint);
  const opened = await engineFor(config, before, io);
  logIdleSwitches(config, io);
  const same: Attempt = { data, config, io, opened, fingerprint };
  let batching: Batching = before?.choices ?? config;
  let choices = before?.choices;
  for (;;) {
    try {
      choices ??= await choose(same, batching);
      return await attempt(same, choices, before);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      batching = halved(batching, error);
      before = await readCheckpoint(io.checkpointDir);
      choices = choices && { ...batching, layout: layoutFor(choices.layout, batching) };
      logSmallerBatch(io, error, batching, before);
    }
  }
}

function logSmallerBatch(
  io: TrainIo,
  error: unknown,
  { batch, accumulation }: Batching,
  before: Checkpoint | undefined,
): void {
  const from = before ? `the checkpoint of step ${before.progress.step}` : 'the start';
  const how = `a batch of ${batch} and ${accumulation} micro-batches per update`;
  const reason = error instanceof Error ? error.message : String(error);
  const message = `Out of memory (${reason}): going on from ${from} with ${how}; the effective batch stays.`;
  io.onLog?.({ level: 'decision', topic: 'batch', message });
}

/** Says which switches were turned on and do nothing for this kind of model. */
function logIdleSwitches({ family: name, checkpointing, attention }: TrainConfig, io: TrainIo): void {
  const family = familyOf(name);
  if (family.fit !== 'gradient') return;
  const tell = (topic: string, message: string): void => io.onLog?.({ level: 'info', topic, message });
  if (checkpointing && !family.blocks)
    tell('memory', `${family.title} has no blocks: gradient checkpointing changes nothing.`);
  if (attention === 'tiled' && !family.attends)
    tell('attention', `${family.title} has no attention: tiling changes nothing.`);
}

/** What is decided once, at the start of a run. */
async function choose(same: Attempt, { batch, accumulation }: Batching): Promise<RunChoices> {
  return { batch, accumulation, layout: await chooseLayout(same, { batch, accumulation }) };
}

/** @throws FrontierError BAD_INPUT for blocks that this engine does not work in, or that the batch does not fill */
async function usableLayout(layout: ConvLayout, engine: Engine, { batch }: Batching): Promise<ConvLayout> {
  const wanted = /^blocked(\d+)$/.exec(layout)?.[1];
  if (wanted === undefined) return layout;
  const block = await channelBlockOf(engine);
  const hint = 'Leave the layout to Frontier, or choose channelsFirst.';
  if (block !== Number(wanted)) {
    const has = block === undefined ? 'has no kernels for blocks' : `works in blocks of ${block}`;
    throw new FrontierError('BAD_INPUT', `the layout ${layout} does not fit: this device ${has}`, hint);
  }
  if (batch % block === 0) return layout;
  const message = `the layout ${layout} wants a batch that is a multiple of ${block}, not ${batch}`;
  throw new FrontierError('BAD_INPUT', message, hint);
}

async function chooseLayout(
  { data, config, io, opened: { engine } }: Attempt,
  batching: Batching,
): Promise<ConvLayout> {
  const family = familyOf(config.family);
  if (family.fit !== 'gradient' || !family.layouts) {
    const idle = config.layout === 'auto' ? undefined : `${family.title} has one layout`;
    if (idle) io.onLog?.({ level: 'info', topic: 'layout', message: `${idle}: the layout changes nothing.` });
    return SHIPPED;
  }
  if (config.layout !== 'auto') return usableLayout(config.layout, engine, batching);
  const { model } = prepareModel(data, config, SHIPPED);
  const { window, precision, checkpointing, attention } = config;
  const sizes = { ...batching, window, features: data.featureCount };
  const { layout, note } = await tuneLayout({
    engine,
    session: { graphOptimization: config.graphOptimization },
    build: (candidate) => graphSpec(data, config, prepareModel(data, config, candidate), batching),
    data: tensorsOf(data, model),
    trainEnds: data.trainEnds,
    clock: io.clock,
    ...(io.cacheFolder === undefined ? {} : { cacheFile: path.join(io.cacheFolder, LAYOUTS_FILE) }),
    key: JSON.stringify([model.family, model.config, sizes, precision, checkpointing, attention]),
  });
  io.onLog?.({ level: 'decision', topic: 'layout', message: note });
  return layout;
}

async function resultOf(
  run: Run,
  { model, layout }: PreparedModel,
  { engine, degradedReason }: OpenedForRun,
  choices: RunChoices,
): Promise<TrainResult> {
  const { weights, step, validation } = await run.chosen();
  const { progress } = run;
  const metadata = { family: model.family, config: JSON.stringify(model.config), step: String(step) };
  return {
    outputs: model.size.outputs,
    onnx: inferenceModel(model.forward, model.size, layout, weights, metadata),
    steps: progress.step,
    seconds: progress.elapsedMs / 1000,
    finalLoss: run.finalLoss,
    ...(validation === undefined ? {} : { bestValidationLoss: validation }),
    bestStep: step,
    engine: engine.name,
    ...(engine.device === undefined ? {} : { device: engine.device }),
    ...(degradedReason === undefined ? {} : { engineDegradedReason: degradedReason }),
    curve: [...progress.curve],
    stopped: !run.finished,
    stoppedEarly: progress.stoppedEarly,
    parameters: layout.total,
    choices,
  };
}
