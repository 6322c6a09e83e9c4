import { augmentScope, augmentTarget } from './augment.ts';
import { gradients } from './autodiff.ts';
import type { Graph, Value } from './graph.ts';
import { checkedPrediction, type ParameterSource, windowScope } from './model.ts';
import {
  concat,
  gather,
  huberLoss,
  meanAbsoluteError,
  meanSquaredError,
  mul,
  quantileLoss,
  reduceMean,
  reshape,
  scale,
  split,
} from './ops/index.ts';
import type { ParameterGroup, ParameterLayout } from './parameters.ts';
import type { LossSpec, TrainGraphSpec } from './train-graph.ts';

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

/** Cuts a carried tensor into its parameters. */
export function membersOf(group: ParameterGroup, carried: Value): readonly (readonly [string, Value])[] {
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

export function parameterSource(values: ReadonlyMap<string, Value>): ParameterSource {
  return (name) => {
    const value = values.get(name);
    if (!value) throw new Error(`parameter ${name} is not in the layout`);
    return value;
  };
}

/** What a batch is made from, as values of one graph. */
export interface BatchSource {
  readonly features: Value;
  readonly targets: Value;
  /** int32 [batch] */
  readonly ends: Value;
  readonly draws: ReadonlyMap<string, Value>;
  /** Noise table of the augmentation. */
  readonly noise?: Value;
}

/** The resident data of a source. */
export type ResidentSource = Pick<BatchSource, 'features' | 'targets' | 'noise'>;

/** Resident data as seen from a graph inside the one it lives in. */
export function innerSource(inner: Graph, { features, targets, noise }: ResidentSource): ResidentSource {
  return {
    features: inner.outer(features),
    targets: inner.outer(targets),
    ...(noise ? { noise: inner.outer(noise) } : {}),
  };
}

/** The loss of each window of a batch, [batch], or (`mean`) their mean. */
export function batchLoss(
  spec: Pick<TrainGraphSpec, 'model' | 'size' | 'loss' | 'augment'> & { readonly batch: number },
  source: BatchSource,
  parameters: ParameterSource,
  mean: boolean,
): Value {
  const { model, size, batch, augment } = spec;
  const { features, targets, ends, draws } = source;
  const plain = windowScope(size, features, ends, parameters);
  const scope = augment ? augmentScope(plain, source) : plain;
  const target = (): Value => {
    const stored = gather(targets, ends);
    return augment ? augmentTarget(stored, draws) : stored;
  };
  if (!model.objective) {
    const prediction = checkedPrediction(size, model.forward(scope));
    return lossOf(spec.loss, prediction, target(), mean ? undefined : [1]);
  }
  const stepInput = (name: string): Value => {
    const value = draws.get(name);
    if (!value) throw new Error(`step input ${name} is not declared`);
    return value;
  };
  const losses = model.objective({ ...scope, batch, target, stepInput });
  if (losses.shape.length !== 1 || losses.shape[0] !== batch)
    throw new Error(`the objective returns [${losses.shape}], expected [${batch}]`);
  return mean ? reduceMean(losses) : losses;
}

/** Mean loss of a batch and its gradient by parameter group, in the shape the group is carried in. */
export interface BatchGradients {
  /** Scalar. */
  readonly loss: Value;
  readonly groups: readonly Value[];
}

/**
 * Emits forward and backward pass of one batch.
 * @param parameters every parameter of the layout by name, values of the graph of `source`
 * @param share factor of the gradients (not of the loss): 1 / number of batches that are summed. It enters where the
 *   loss is differentiated, so it costs no pass over the gradients
 * @param lossScale further factor of the gradients, a scalar of the graph: that of mixed precision
 */
export function batchGradients(
  spec: TrainGraphSpec,
  source: BatchSource,
  parameters: ReadonlyMap<string, Value>,
  share: number,
  lossScale?: Value,
): BatchGradients {
  const loss = batchLoss(spec, source, parameterSource(parameters), true);
  const scaled = lossScale ? mul(loss, lossScale) : loss;
  const grads = gradients(share === 1 ? scaled : scale(scaled, share), [...parameters.values()]);
  const byName = new Map([...parameters.keys()].map((name, i) => [name, grads[i]!]));
  return { loss, groups: spec.layout.groups.map((group) => joinGradients(group, byName)) };
}

/** Declares the parameters of a layout as inputs, one per group. */
export function parameterInputs(graph: Graph, layout: ParameterLayout): ReadonlyMap<string, Value> {
  return new Map(
    layout.groups.flatMap((group, i) => membersOf(group, graph.input(`in_p${i}`, 'float32', group.shape))),
  );
}
