import { gradients } from './autodiff.ts';
import { Graph, type Value } from './graph.ts';
import {
  buildOnWindows,
  type ModelSize,
  type ParameterSource,
  type TrainableModel,
  windowScope,
} from './model.ts';
import { emitModel } from './onnx/emit.ts';
import {
  concat,
  gather,
  huberLoss,
  meanAbsoluteError,
  meanSquaredError,
  quantileLoss,
  reduceMean,
  reshape,
  split,
} from './ops/index.ts';
import {
  adamUpdate,
  clipByNorm,
  gradientNorm,
  type OptimizerSettings,
  type StepScalars,
} from './optimizer.ts';
import type { ParameterGroup, ParameterLayout } from './parameters.ts';

/** Losses a regressor may be trained on. */
export type LossSpec =
  | { readonly kind: 'mse' }
  | { readonly kind: 'mae' }
  | { readonly kind: 'huber'; readonly delta: number }
  | { readonly kind: 'quantile'; readonly quantiles: readonly number[] };

export interface TrainGraphSpec {
  readonly model: TrainableModel;
  readonly size: ModelSize;
  readonly layout: ParameterLayout;
  /** Columns of the targets: as many as the model has outputs, or 1 where a loss spreads one over them. */
  readonly targetColumns: number;
  /** Rows of the resident feature matrix and of the targets. */
  readonly rows: number;
  readonly batch: number;
  readonly loss: LossSpec;
  readonly optimizer: OptimizerSettings;
  /** Seeds the step inputs. */
  readonly seed: number;
}

/**
 * Emits the loss of predictions [batch, outputs] against targets of the same shape; for quantiles the targets may
 * have one column.
 * @param axes to average over, default all
 */
export function lossOf(spec: LossSpec, prediction: Value, target: Value, axes?: readonly number[]): Value {
  switch (spec.kind) {
    case 'mse':
      return meanSquaredError(prediction, target, axes);
    case 'mae':
      return meanAbsoluteError(prediction, target, axes);
    case 'huber':
      return huberLoss(prediction, target, spec.delta, axes);
    case 'quantile':
      return quantileLoss(prediction, target, spec.quantiles, axes);
  }
}

interface CarriedGroup {
  readonly group: ParameterGroup;
  readonly parameter: Value;
  readonly first: Value;
  readonly second: Value;
}

/** Cuts a carried tensor into its parameters. */
function membersOf(group: ParameterGroup, carried: Value): readonly (readonly [string, Value])[] {
  const single = group.members.length === 1;
  const parts = single
    ? [carried]
    : split(
        carried,
        group.members.map((member) => member.size),
        0,
      );
  return group.members.map((member, i) => {
    const part = parts[i]!;
    return [member.name, part.shape.join() === member.shape.join() ? part : reshape(part, member.shape)];
  });
}

/** Joins the gradients of a group's members to the shape the group is carried in. */
function joinGradients(group: ParameterGroup, grads: ReadonlyMap<string, Value>): Value {
  const parts = group.members.map((member) => grads.get(member.name)!);
  if (parts.length === 1)
    return parts[0]!.shape.length === group.shape.length ? parts[0]! : reshape(parts[0]!, group.shape);
  return concat(
    parts.map((part) => (part.shape.length === 1 ? part : reshape(part, [-1]))),
    0,
  );
}

function parameterSource(values: ReadonlyMap<string, Value>): ParameterSource {
  return (name) => {
    const value = values.get(name);
    if (!value) throw new Error(`parameter ${name} is not in the layout`);
    return value;
  };
}

/** Name under which a step input is fed. */
export const stepInputPort = (name: string): string => `draw_${name}`;

/** What a batch is made from, as values of one graph. */
interface BatchSource {
  readonly features: Value;
  readonly targets: Value;
  /** int32 [batch] */
  readonly ends: Value;
  readonly draws: ReadonlyMap<string, Value>;
}

/** The loss of each window of a batch, [batch], or (`mean`) their mean. */
function batchLoss(
  spec: Pick<TrainGraphSpec, 'model' | 'size' | 'loss'> & { readonly batch: number },
  source: BatchSource,
  parameters: ParameterSource,
  mean: boolean,
): Value {
  const { model, size, batch } = spec;
  const { features, targets, ends, draws } = source;
  const target = (): Value => gather(targets, ends);
  if (!model.objective) {
    const prediction = buildOnWindows(model.forward, size, features, ends, parameters);
    return lossOf(spec.loss, prediction, target(), mean ? undefined : [1]);
  }
  const stepInput = (name: string): Value => {
    const value = draws.get(name);
    if (!value) throw new Error(`step input ${name} is not declared`);
    return value;
  };
  const scope = windowScope(size, features, ends, parameters);
  const losses = model.objective({ ...scope, batch, target, stepInput });
  if (losses.shape.length !== 1 || losses.shape[0] !== batch)
    throw new Error(`the objective returns [${losses.shape}], expected [${batch}]`);
  return mean ? reduceMean(losses) : losses;
}

interface OuterInputs {
  readonly features: Value;
  readonly targets: Value;
  readonly ends: Value;
  readonly stepSize: Value;
  readonly epsilon: Value;
  readonly keep: Value;
  readonly draws: ReadonlyMap<string, Value>;
}

function outerInputs(graph: Graph, { rows, size, batch, model, targetColumns }: TrainGraphSpec): OuterInputs {
  const perStep = (name: string): Value => graph.input(name, 'float32', [1], ['steps']);
  return {
    features: graph.input('features', 'float32', [rows, size.features]),
    targets: graph.input('targets', 'float32', [rows, targetColumns]),
    ends: graph.input('ends', 'int32', [1, batch], ['steps', batch]),
    stepSize: perStep('step_size'),
    epsilon: perStep('epsilon'),
    keep: perStep('keep'),
    draws: new Map(
      (model.stepInputs ?? []).map(({ name, dtype, shape }) => [
        name,
        graph.input(stepInputPort(name), dtype, [1, batch, ...shape], ['steps', batch, ...shape]),
      ]),
    ),
  };
}

/** One training step: gather row `iter` of the index matrix, forward, backward, update. */
function stepBody(spec: TrainGraphSpec, outer: OuterInputs): Graph {
  const body = new Graph('step');
  const iter = body.input('iter', 'int64', []);
  const condition = body.input('continue', 'bool', []);
  const carried = spec.layout.groups.map((group, i): CarriedGroup => {
    const part = (kind: string): Value => body.input(`${kind}${i}`, 'float32', group.shape);
    return { group, parameter: part('p'), first: part('m'), second: part('v') };
  });
  const pick = (table: Value): Value => gather(body.outer(table), iter);
  const members = new Map(carried.flatMap(({ group, parameter }) => membersOf(group, parameter)));
  const source: BatchSource = {
    features: body.outer(outer.features),
    targets: body.outer(outer.targets),
    ends: pick(outer.ends),
    draws: new Map([...outer.draws].map(([name, table]) => [name, pick(table)])),
  };
  const loss = batchLoss(spec, source, parameterSource(members), true);
  const names = [...members.keys()];
  const grads = gradients(loss, [...members.values()]);
  const byName = new Map(names.map((name, i) => [name, grads[i]!]));
  const joined = carried.map(({ group }) => joinGradients(group, byName));
  const { clipNorm, weightDecay } = spec.optimizer;
  const norm = gradientNorm(joined);
  const clipped = clipNorm > 0 ? clipByNorm(joined, norm, clipNorm) : joined;
  const scalars: StepScalars = {
    stepSize: pick(outer.stepSize),
    epsilon: pick(outer.epsilon),
    ...(weightDecay > 0 ? { keep: pick(outer.keep) } : {}),
  };
  body.output('continue_out', condition);
  carried.forEach(({ parameter, first, second }, i) => {
    const updated = adamUpdate(parameter, first, second, clipped[i]!, scalars, spec.optimizer);
    ['p', 'm', 'v'].forEach((kind, j) => {
      body.output(`${kind}${i}_next`, updated[j]!);
    });
  });
  body.output('loss', loss);
  body.output('norm', norm);
  return body;
}

/** Names of the carried tensors, in the order of the layout's groups: the parameter, then the optimiser's slots. */
export function carriedNames(layout: ParameterLayout): readonly (readonly string[])[] {
  return layout.groups.map((_, i) => [`p${i}`, `m${i}`, `v${i}`]);
}

/**
 * The graph that does a whole chunk of training steps in one run.
 *
 * Inputs: `features` [rows, features], `targets` [rows, targetColumns], `ends` int32 [steps, batch] (last row of each
 * window), `step_size`, `epsilon`, `keep` [steps] (`adamSchedule`), `draw_<name>` [steps, batch, …] per step input,
 * `steps` int64, and per parameter group `in_p`, `in_m`, `in_v`. Outputs: `out_p`, `out_m`, `out_v` per group,
 * `losses` [steps] and `norms` [steps], the gradient's norm before clipping.
 */
export function trainModel(spec: TrainGraphSpec): Uint8Array {
  const graph = new Graph('train');
  const steps = graph.input('steps', 'int64', []);
  const outer = outerInputs(graph, spec);
  const names = carriedNames(spec.layout).flat();
  const shapes = spec.layout.groups.flatMap(({ shape }) => [shape, shape, shape]);
  const carried = names.map((name, i) => graph.input(`in_${name}`, 'float32', shapes[i]!));
  const always = graph.constant('bool', [], [1]);
  const results = graph.apply('Loop', [steps, always, ...carried], { body: stepBody(spec, outer) });
  names.forEach((name, i) => {
    graph.output(`out_${name}`, results[i]!);
  });
  graph.output('losses', results.at(-2)!, ['steps']);
  graph.output('norms', results.at(-1)!, ['steps']);
  return emitModel(graph);
}

function parameterInputs(graph: Graph, layout: ParameterLayout): ParameterSource {
  const members = layout.groups.flatMap((group, i) =>
    membersOf(group, graph.input(`in_p${i}`, 'float32', group.shape)),
  );
  return parameterSource(new Map(members));
}

/**
 * The forward pass over windows of the resident matrix with the parameters as inputs, for validation while
 * training: `features`, `ends` int32 [count] and `in_p` per group -> `y` [count, outputs].
 */
export function evaluationModel(
  spec: Pick<TrainGraphSpec, 'model' | 'size' | 'layout' | 'rows'>,
): Uint8Array {
  const graph = new Graph('evaluate');
  const features = graph.input('features', 'float32', [spec.rows, spec.size.features]);
  const ends = graph.input('ends', 'int32', [1], ['count']);
  const y = buildOnWindows(
    spec.model.forward,
    spec.size,
    features,
    ends,
    parameterInputs(graph, spec.layout),
  );
  graph.output('y', y, ['count', spec.size.outputs]);
  return emitModel(graph);
}

/**
 * The loss of each window of a batch with the parameters as inputs: `features`, `targets`, `ends` int32 [batch],
 * `draw_<name>` [batch, …] per step input and `in_p` per group -> `losses` [batch].
 */
export function windowLossModel(spec: TrainGraphSpec): Uint8Array {
  const graph = new Graph('losses');
  const { rows, size, batch, model, targetColumns } = spec;
  const source: BatchSource = {
    features: graph.input('features', 'float32', [rows, size.features]),
    targets: graph.input('targets', 'float32', [rows, targetColumns]),
    ends: graph.input('ends', 'int32', [batch]),
    draws: new Map(
      (model.stepInputs ?? []).map(({ name, dtype, shape }) => [
        name,
        graph.input(stepInputPort(name), dtype, [batch, ...shape]),
      ]),
    ),
  };
  graph.output('losses', batchLoss(spec, source, parameterInputs(graph, spec.layout), false));
  return emitModel(graph);
}
