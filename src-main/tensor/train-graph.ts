import { gradients } from './autodiff.ts';
import { Graph, type Value } from './graph.ts';
import { buildOnWindows, type ForwardModel, type ModelSize, type ParameterSource } from './model.ts';
import { emitModel } from './onnx/emit.ts';
import {
  concat,
  gather,
  huberLoss,
  meanAbsoluteError,
  meanSquaredError,
  quantileLoss,
  reshape,
  split,
} from './ops/index.ts';
import { type AdamSettings, adamUpdate, clipByNorm, type StepScalars } from './optimizer.ts';
import type { ParameterGroup, ParameterLayout } from './parameters.ts';

/** Losses a regressor may be trained on. */
export type LossSpec =
  | { readonly kind: 'mse' }
  | { readonly kind: 'mae' }
  | { readonly kind: 'huber'; readonly delta: number }
  | { readonly kind: 'quantile'; readonly quantiles: readonly number[] };

export interface TrainGraphSpec {
  readonly model: ForwardModel;
  readonly size: ModelSize;
  readonly layout: ParameterLayout;
  /** Rows of the resident feature matrix and of the targets. */
  readonly rows: number;
  readonly batch: number;
  readonly loss: LossSpec;
  readonly adam: AdamSettings;
}

/** Emits the loss of predictions against targets of the same shape. */
export function lossOf(spec: LossSpec, prediction: Value, target: Value): Value {
  switch (spec.kind) {
    case 'mse':
      return meanSquaredError(prediction, target);
    case 'mae':
      return meanAbsoluteError(prediction, target);
    case 'huber':
      return huberLoss(prediction, target, spec.delta);
    case 'quantile':
      return quantileLoss(prediction, target, spec.quantiles);
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

interface OuterInputs {
  readonly features: Value;
  readonly targets: Value;
  readonly ends: Value;
  readonly stepSize: Value;
  readonly epsilon: Value;
  readonly keep: Value;
}

function outerInputs(graph: Graph, { rows, size, batch }: TrainGraphSpec): OuterInputs {
  const perStep = (name: string): Value => graph.input(name, 'float32', [1], ['steps']);
  return {
    features: graph.input('features', 'float32', [rows, size.features]),
    targets: graph.input('targets', 'float32', [rows, size.outputs]),
    ends: graph.input('ends', 'int32', [1, batch], ['steps', batch]),
    stepSize: perStep('step_size'),
    epsilon: perStep('epsilon'),
    keep: perStep('keep'),
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
  const ends = pick(outer.ends);
  const members = new Map(carried.flatMap(({ group, parameter }) => membersOf(group, parameter)));
  const features = body.outer(outer.features);
  const prediction = buildOnWindows(spec.model, spec.size, features, ends, parameterSource(members));
  const loss = lossOf(spec.loss, prediction, gather(body.outer(outer.targets), ends));
  const names = [...members.keys()];
  const grads = gradients(loss, [...members.values()]);
  const byName = new Map(names.map((name, i) => [name, grads[i]!]));
  const joined = carried.map(({ group }) => joinGradients(group, byName));
  const { clipNorm, weightDecay } = spec.adam;
  const clipped = clipNorm > 0 ? clipByNorm(joined, clipNorm) : joined;
  const scalars: StepScalars = {
    stepSize: pick(outer.stepSize),
    epsilon: pick(outer.epsilon),
    ...(weightDecay > 0 ? { keep: pick(outer.keep) } : {}),
  };
  body.output('continue_out', condition);
  carried.forEach(({ parameter, first, second }, i) => {
    const updated = adamUpdate(parameter, first, second, clipped[i]!, scalars, spec.adam);
    ['p', 'm', 'v'].forEach((kind, j) => {
      body.output(`${kind}${i}_next`, updated[j]!);
    });
  });
  body.output('loss', loss);
  return body;
}

/** Names of the carried tensors, in the order of the layout's groups: parameter, first and second moment. */
export function carriedNames(layout: ParameterLayout): readonly (readonly [string, string, string])[] {
  return layout.groups.map((_, i) => [`p${i}`, `m${i}`, `v${i}`]);
}

/**
 * The graph that does a whole chunk of training steps in one run.
 *
 * Inputs: `features` [rows, features], `targets` [rows, outputs], `ends` int32 [steps, batch] (last row of each
 * window), `step_size`, `epsilon`, `keep` [steps] (`adamSchedule`), `steps` int64, and per parameter group
 * `in_p`, `in_m`, `in_v`. Outputs: `out_p`, `out_m`, `out_v` per group and `losses` [steps].
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
  graph.output('losses', results.at(-1)!, ['steps']);
  return emitModel(graph);
}

/**
 * The forward pass over windows of the resident matrix with the parameters as inputs, for validation while
 * training: `features`, `ends` int32 [count] and `in_p` per group -> `y` [count, outputs].
 */
export function evaluationModel(spec: Omit<TrainGraphSpec, 'batch' | 'loss' | 'adam'>): Uint8Array {
  const graph = new Graph('evaluate');
  const features = graph.input('features', 'float32', [spec.rows, spec.size.features]);
  const ends = graph.input('ends', 'int32', [1], ['count']);
  const members = new Map(
    spec.layout.groups.flatMap((group, i) =>
      membersOf(group, graph.input(`in_p${i}`, 'float32', group.shape)),
    ),
  );
  const y = buildOnWindows(spec.model, spec.size, features, ends, parameterSource(members));
  graph.output('y', y, ['count', spec.size.outputs]);
  return emitModel(graph);
}
