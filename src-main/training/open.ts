import type { DefinedModel } from '../models/registry.ts';
import type { Engine } from '../tensor/engine.ts';
import type { ParameterLayout } from '../tensor/parameters.ts';
import type { TrainGraphSpec } from '../tensor/train-graph.ts';
import { TrainSession, type TrainTensors } from '../tensor/train-session.ts';
import type { RunChoices } from './checkpoint.ts';
import { learnsFromTargets } from './checks.ts';
import type { RunSession } from './session.ts';
import type { TrainConfig, TrainingData } from './types.ts';

/** A model made ready for a run. */
export interface PreparedModel {
  readonly model: DefinedModel;
  readonly layout: ParameterLayout;
}

/** The resident data; models that learn from the windows alone are fed targets that nothing reads. */
export function tensorsOf(data: TrainingData, model: DefinedModel): TrainTensors {
  const { features, rows, targets, targetCount = 1 } = data;
  const unread = !learnsFromTargets(model.role) && targets.length !== rows * targetCount;
  return { features, targets: unread ? new Float32Array(rows * targetCount) : targets };
}

/** The training graph of a run. */
export function graphSpec(
  data: TrainingData,
  config: TrainConfig,
  { model, layout }: PreparedModel,
  { batch, accumulation }: Pick<RunChoices, 'batch' | 'accumulation'>,
): TrainGraphSpec {
  const { loss, optimizer, seed, precision, augment } = config;
  const augmented = augment.noise > 0 || augment.timeWarp > 0 || augment.spread > 0;
  return {
    model,
    size: model.size,
    targetColumns: data.targetCount ?? 1,
    layout,
    rows: data.rows,
    batch,
    accumulation,
    loss,
    optimizer,
    seed,
    precision,
    ...(augmented ? { augment } : {}),
  };
}

/**
 * Opens the session that a run drives.
 * @throws FrontierError ENGINE_FAILED where the engine refuses the graph; UNAVAILABLE where it cannot do what is asked
 */
export async function openSession(
  data: TrainingData,
  config: TrainConfig,
  prepared: PreparedModel,
  choices: RunChoices,
  engine: Engine,
): Promise<RunSession> {
  const { graphOptimization } = config;
  const spec = graphSpec(data, config, prepared, choices);
  return TrainSession.open(engine, spec, tensorsOf(data, prepared.model), { graphOptimization });
}
