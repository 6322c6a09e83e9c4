import { FrontierError } from '../../src-shared/errors.ts';
import { type DefinedModel, defineModel } from '../models/registry.ts';
import { parallelEntry } from '../ops/paths.ts';
import { deviceNames, type Engine, type EngineOptions } from '../tensor/engine.ts';
import { type ConvLayout, collectParameters } from '../tensor/model.ts';
import { layOut, type ParameterLayout } from '../tensor/parameters.ts';
import type { TrainGraphSpec } from '../tensor/train-graph.ts';
import { TrainSession, type TrainTensors } from '../tensor/train-session.ts';
import type { RunChoices } from './checkpoint.ts';
import { learnsFromTargets } from './checks.ts';
import {
  type GraphSettings,
  type ModelSource,
  ParallelSession,
  threadsEach,
  workerDevices,
} from './parallel.ts';
import type { RunSession } from './session.ts';
import type { TrainConfig, TrainIo, TrainingData } from './types.ts';

/** A model made ready for a run. */
export interface PreparedModel {
  readonly source: ModelSource;
  readonly model: DefinedModel;
  readonly layout: ParameterLayout;
}

/** The model of a run, with its convolutions in one order of axes. Its parameters are the same in all. */
export function prepareModel(
  data: Pick<TrainingData, 'featureCount' | 'targetCount'>,
  config: TrainConfig,
  layout: ConvLayout,
): PreparedModel {
  const { targetCount = 1, featureCount } = data;
  const { family, model: settings, window, attention, checkpointing, loss } = config;
  const outputs = loss.kind === 'quantile' ? loss.quantiles.length : targetCount;
  const source: ModelSource = {
    family,
    settings,
    given: { window, features: featureCount, outputs, targets: targetCount },
    options: { attention, checkpointing, layout },
  };
  const model = defineModel(family, settings, source.given, source.options);
  return { source, model, layout: layOut(collectParameters(model, model.size)) };
}

/** The resident data; models that learn from the windows alone are fed targets that nothing reads. */
export function tensorsOf(data: TrainingData, model: DefinedModel): TrainTensors {
  const { features, rows, targets, targetCount = 1 } = data;
  const unread = !learnsFromTargets(model.role) && targets.length !== rows * targetCount;
  return { features, targets: unread ? new Float32Array(rows * targetCount) : targets };
}

/** What a training graph is made from besides the model. */
export function graphSettings(
  { rows, targetCount = 1 }: Pick<TrainingData, 'rows' | 'targetCount'>,
  config: TrainConfig,
  { batch, accumulation }: Pick<RunChoices, 'batch' | 'accumulation'>,
): GraphSettings {
  const { loss, optimizer, seed, precision, augment } = config;
  const augmented = augment.noise > 0 || augment.timeWarp > 0 || augment.spread > 0;
  return {
    targetColumns: targetCount,
    rows,
    batch,
    accumulation,
    loss,
    optimizer,
    seed,
    precision,
    ...(augmented ? { augment } : {}),
  };
}

/** The training graph of a run in one process. */
export function graphSpec(
  data: Pick<TrainingData, 'rows' | 'targetCount'>,
  config: TrainConfig,
  { model, layout }: PreparedModel,
  batching: Pick<RunChoices, 'batch' | 'accumulation'>,
): TrainGraphSpec {
  return { ...graphSettings(data, config, batching), model, size: model.size, layout };
}

/** What a session is opened from. */
export interface OpenRequest {
  readonly data: TrainingData;
  readonly config: TrainConfig;
  readonly prepared: PreparedModel;
  readonly choices: RunChoices;
  readonly engine: Engine;
  readonly io: TrainIo;
}

export interface OpenedSession {
  readonly session: RunSession;
  /** Names of the devices at work. */
  readonly devices: readonly string[];
}

/**
 * Opens the session that a run drives: in this process, or one worker process per device.
 * @throws FrontierError ENGINE_FAILED where the engine refuses the graph; UNAVAILABLE where it cannot do what is asked;
 *   BAD_INPUT where there are fewer devices than asked for
 */
export async function openSession(request: OpenRequest): Promise<OpenedSession> {
  const { data, config, prepared, choices, engine } = request;
  const { graphOptimization } = config;
  const tensors = tensorsOf(data, prepared.model);
  if (config.devices > 1) return openParallel(request, graphSettings(data, config, choices), tensors);
  const spec = graphSpec(data, config, prepared, choices);
  const session = await TrainSession.open(engine, spec, tensors, { graphOptimization });
  return { session, devices: [engine.device ?? engine.name] };
}

/** What the engines of a run are opened with. */
export function engineOptions(
  { tf32 }: Pick<TrainConfig, 'tf32'>,
  { cacheFolder }: Pick<TrainIo, 'cacheFolder'>,
): EngineOptions {
  return { tf32, ...(cacheFolder === undefined ? {} : { cacheFolder }) };
}

async function openParallel(
  { config, prepared, engine, io }: OpenRequest,
  graph: GraphSettings,
  tensors: TrainTensors,
): Promise<OpenedSession> {
  const { devices: count, averageEvery, threads, graphOptimization } = config;
  if (config.device !== undefined && engine.name !== 'cpu')
    throw new FrontierError(
      'BAD_INPUT',
      `the run names one device, ${config.device}, and asks for ${count}`,
      'Leave the device out, or set devices to 1.',
    );
  const devices = workerDevices(engine.name, count, await deviceNames(engine.name));
  const each = threadsEach(threads, count);
  const session = await ParallelSession.open(
    {
      source: prepared.source,
      graph,
      engine: engine.name,
      devices,
      threadsEach: each,
      averageEvery,
      engineOptions: engineOptions(config, io),
      sessionOptions: { graphOptimization },
      entry: parallelEntry(),
      onLost: ({ index, reason, left }) => {
        const message = `Worker ${index + 1} of ${count} was lost (${reason}); the run goes on with ${left}, slower and with the same result.`;
        io.onLog?.({ level: 'warning', topic: 'worker', message });
      },
    },
    tensors,
  );
  const how = averageEvery === 1 ? 'gradients every step' : `weights every ${averageEvery} steps`;
  const message = `${count} workers on ${devices.join(', ')} with ${each} CPU threads each average ${how}.`;
  io.onLog?.({ level: 'decision', topic: 'worker', message });
  return { session, devices };
}
