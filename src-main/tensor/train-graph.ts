import { type AugmentSettings, augmentInputs, noiseRows, wantsNoise } from './augment.ts';
import { Graph, type Value } from './graph.ts';
import { buildOnWindows, type ModelSize, type StepInput, type TrainableModel } from './model.ts';
import { emitModel } from './onnx/emit.ts';
import { add, cast, expand, gather, mul, scalarLike, sub } from './ops/index.ts';
import type { OptimizerSettings } from './optimizer.ts';
import type { ParameterLayout } from './parameters.ts';
import { isMixed, toMixedPrecision } from './precision.ts';
import {
  type BatchGradients,
  type BatchSource,
  batchGradients,
  batchLoss,
  innerSource,
  membersOf,
  parameterInputs,
  parameterSource,
} from './train-batch.ts';
import {
  carriedInputs,
  carriedNames,
  carriedValues,
  emitUpdate,
  scalarPorts,
  stepScalars,
} from './train-update.ts';

export { isMixed } from './precision.ts';
export { lossOf } from './train-batch.ts';
export * from './train-update.ts';

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
  /** Windows per forward and backward pass. */
  readonly batch: number;
  readonly loss: LossSpec;
  readonly optimizer: OptimizerSettings;
  /** Seeds the step inputs. */
  readonly seed: number;
  /** Batches whose gradients are averaged for one update. Default 1. */
  readonly accumulation?: number;
  /**
   * `mixed`: matrix products and convolutions in half precision; weights, optimiser, reductions and loss in single,
   * with the loss scaled dynamically. Default `float32`.
   */
  readonly precision?: 'float32' | 'mixed';
  /** Random changes of the training windows; absent: none. */
  readonly augment?: AugmentSettings;
  /**
   * Which part of a data-parallel batch this graph sees: the draws of the step inputs are those of the whole batch
   * (`count` times as many windows), of which it takes the `index`-th part. Default: the whole.
   */
  readonly shard?: { readonly index: number; readonly count: number };
}

export const accumulationOf = ({ accumulation = 1 }: Pick<TrainGraphSpec, 'accumulation'>): number =>
  accumulation;

/** What is drawn per step: for the model's objective, then for the augmentation. */
export const stepInputsOf = ({
  model,
  augment,
  size,
}: Pick<TrainGraphSpec, 'model' | 'augment' | 'size'>): readonly StepInput[] => [
  ...(model.stepInputs ?? []),
  ...augmentInputs(augment, size),
];

/** The same windows as they are, one batch at a time: what validation sees. */
export function untouched({
  augment: _,
  accumulation: __,
  shard: ___,
  ...rest
}: TrainGraphSpec): TrainGraphSpec {
  return rest;
}

/** Name under which a step input is fed. */
export const stepInputPort = (name: string): string => `draw_${name}`;

/** Extents of one step's windows: those of a batch, with the accumulated batches in front where there are several. */
export function stepShape(spec: Pick<TrainGraphSpec, 'batch' | 'accumulation'>): readonly number[] {
  const accumulation = accumulationOf(spec);
  return accumulation > 1 ? [accumulation, spec.batch] : [spec.batch];
}

interface OuterInputs extends BatchSource {
  readonly scalars: ReadonlyMap<string, Value>;
}

/** Declares the resident data and the windows of steps: `lead` is the extent of the first axis, or none. */
export function sourceInputs(graph: Graph, spec: TrainGraphSpec, lead?: string): BatchSource {
  const { rows, size, targetColumns, augment } = spec;
  const each = stepShape(spec);
  const perStep = (name: string, dtype: 'int32' | 'float32', shape: readonly number[]): Value =>
    lead === undefined
      ? graph.input(name, dtype, shape)
      : graph.input(name, dtype, [1, ...shape], [lead, ...shape]);
  return {
    features: graph.input('features', 'float32', [rows, size.features]),
    targets: graph.input('targets', 'float32', [rows, targetColumns]),
    ...(wantsNoise(augment)
      ? { noise: graph.input('noise', 'float32', [noiseRows(size), size.features]) }
      : {}),
    ends: perStep('ends', 'int32', each),
    draws: new Map(
      stepInputsOf(spec).map(({ name, dtype, shape }) => [
        name,
        perStep(stepInputPort(name), dtype, [...each, ...shape]),
      ]),
    ),
  };
}

/** Emits mean loss and gradients of one update, over one batch or several. */
export function stepGradients(
  spec: TrainGraphSpec,
  source: BatchSource,
  members: ReadonlyMap<string, Value>,
  lossScale?: Value,
): BatchGradients {
  const accumulation = accumulationOf(spec);
  if (accumulation > 1) return accumulatedGradients(spec, source, members, lossScale);
  const made = batchGradients(spec, source, members, 1, lossScale);
  if (isMixed(spec)) toMixedPrecision(source.ends.graph);
  return made;
}

/**
 * A loop over the batches of an update. Unrolled copies of the batch took as long, but more memory: 38 MB of activations
 * against 25 MB for a TCN of 64 channels in 4 batches of 32 (90 MB in one of 128), and a graph that grows with their
 * number.
 */
function accumulatedGradients(
  spec: TrainGraphSpec,
  source: BatchSource,
  members: ReadonlyMap<string, Value>,
  lossScale?: Value,
): BatchGradients {
  const { graph } = source.ends;
  const count = accumulationOf(spec);
  const inner = new Graph('micro');
  const index = inner.input('micro', 'int64', []);
  const go = inner.input('micro_continue', 'bool', []);
  const lossSum = inner.input('loss_sum', 'float32', []);
  const sums = spec.layout.groups.map(({ shape }, i) => inner.input(`sum${i}`, 'float32', shape));
  const pick = (table: Value): Value => gather(inner.outer(table), index);
  const one: BatchSource = {
    ...innerSource(inner, source),
    ends: pick(source.ends),
    draws: new Map([...source.draws].map(([name, table]) => [name, pick(table)])),
  };
  const seen = new Map([...members].map(([name, value]) => [name, inner.outer(value)]));
  const scaleInside = lossScale ? inner.outer(lossScale) : undefined;
  const { loss, groups } = batchGradients(spec, one, seen, 1 / count, scaleInside);
  if (isMixed(spec)) toMixedPrecision(inner);
  inner.output('micro_continue_out', go);
  inner.output('loss_sum_next', add(lossSum, mul(loss, scalarLike(loss, 1 / count))));
  groups.forEach((gradient, i) => {
    inner.output(`sum${i}_next`, add(sums[i]!, gradient));
  });
  const zero = graph.scalar(0);
  const results = graph.apply(
    'Loop',
    [
      graph.constant('int64', [], [count]),
      graph.constant('bool', [], [1]),
      zero,
      ...spec.layout.groups.map(({ shape }) => expand(zero, shape)),
    ],
    { body: inner },
  );
  return { loss: results[0]!, groups: results.slice(1) };
}

/** Ports that follow the updates, of which there are fewer than steps where some are left out. */
const BY_UPDATE: readonly string[] = ['correction', 'epsilon', 'share'];

/** One training step: gather row `iter` of the index matrix, forward, backward, update. */
function stepBody(spec: TrainGraphSpec, outer: OuterInputs): Graph {
  const body = new Graph('step');
  const iter = body.input('iter', 'int64', []);
  const go = body.input('continue', 'bool', []);
  const carried = carriedInputs(body, spec, '');
  const mixed = isMixed(spec);
  const lossScale = mixed
    ? { scale: body.input('scale', 'float32', []), good: body.input('good', 'float32', []) }
    : undefined;
  const skips = mixed ? body.input('skips', 'int64', []) : undefined;
  const pick = (table: Value, at = iter): Value => gather(body.outer(table), at);
  const members = new Map(
    carried.flatMap(({ parameter }, i) => membersOf(spec.layout.groups[i]!, parameter)),
  );
  const source: BatchSource = {
    ...innerSource(body, outer),
    ends: pick(outer.ends),
    draws: new Map([...outer.draws].map(([name, table]) => [name, pick(table)])),
  };
  const { loss, groups } = stepGradients(spec, source, members, lossScale?.scale);
  const update = skips ? sub(iter, skips) : iter;
  const scalars = stepScalars(spec, (port) =>
    pick(outer.scalars.get(port)!, BY_UPDATE.includes(port) ? update : iter),
  );
  const made = emitUpdate(spec, carried, groups, scalars, lossScale);
  body.output('continue_out', go);
  const names = carriedNames(spec);
  made.carried.forEach((group, i) => {
    carriedValues(group).forEach((value, j) => {
      body.output(`${names[i]![j]}_next`, value);
    });
  });
  if (made.scale && made.ok && skips) {
    body.output('scale_next', made.scale.scale);
    body.output('good_next', made.scale.good);
    const one = scalarLike(skips, 1);
    body.output('skips_next', add(skips, sub(one, cast(made.ok, 'int64'))));
  }
  body.output('loss', loss);
  body.output('norm', made.norm);
  return body;
}

/** Scalars that mixed precision carries, with their element types. */
export const SCALE_PORTS = [
  ['scale', 'float32'],
  ['good', 'float32'],
  ['skips', 'int64'],
] as const;

/**
 * The graph that does a whole chunk of training steps in one run.
 *
 * Inputs: `features` [rows, features], `targets` [rows, targetColumns], `ends` int32 [steps, batch] (last row of each
 * window; [steps, accumulation, batch] where gradients are accumulated), the numbers of each step (`scalarPorts`)
 * [steps], `noise` (the table of the augmentation, where noise is wanted), `draw_<name>` with the extents of `ends` and of the input per step input, `steps` int64, and per parameter
 * group `in_p`, the optimiser's slots `in_m`, `in_v` and the average `in_a` where there are such; of mixed precision
 * `in_scale`, `in_good` and `in_skips` (0). Outputs: what is carried as `out_…`, `losses` [steps] before each step's
 * update and `norms` [steps], the gradient's norm before clipping.
 */
export function trainModel(spec: TrainGraphSpec): Uint8Array {
  const graph = new Graph('train');
  const steps = graph.input('steps', 'int64', []);
  const outer: OuterInputs = {
    ...sourceInputs(graph, spec, 'steps'),
    scalars: new Map(scalarPorts(spec).map((port) => [port, graph.input(port, 'float32', [1], ['steps'])])),
  };
  const names = [...carriedNames(spec).flat(), ...(isMixed(spec) ? SCALE_PORTS.map(([name]) => name) : [])];
  const carried = [
    ...carriedInputs(graph, spec, 'in_').flatMap(carriedValues),
    ...(isMixed(spec) ? SCALE_PORTS.map(([name, dtype]) => graph.input(`in_${name}`, dtype, [])) : []),
  ];
  const always = graph.constant('bool', [], [1]);
  const results = graph.apply('Loop', [steps, always, ...carried], { body: stepBody(spec, outer) });
  names.forEach((name, i) => {
    graph.output(`out_${name}`, results[i]!);
  });
  graph.output('losses', results.at(-2)!, ['steps']);
  graph.output('norms', results.at(-1)!, ['steps']);
  return emitModel(graph);
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
  const parameters = parameterSource(parameterInputs(graph, spec.layout));
  const y = buildOnWindows(spec.model.forward, spec.size, features, ends, parameters);
  graph.output('y', y, ['count', spec.size.outputs]);
  return emitModel(graph);
}

/**
 * The loss of each window of a batch with the parameters as inputs: `features`, `targets`, `ends` int32 [batch],
 * `draw_<name>` [batch, …] per step input and `in_p` per group -> `losses` [batch].
 */
export function windowLossModel(spec: TrainGraphSpec): Uint8Array {
  const graph = new Graph('losses');
  const plain = untouched(spec);
  const source = sourceInputs(graph, plain);
  const parameters = parameterSource(parameterInputs(graph, spec.layout));
  graph.output('losses', batchLoss(plain, source, parameters, false));
  return emitModel(graph);
}
