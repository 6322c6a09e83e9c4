/** Model files that take raw features: a model with its scaler folded in, and several models as one. */
import { FrontierError } from '../../src-shared/errors.ts';
import { Graph, type Value } from '../tensor/graph.ts';
import { type ComposedPart, composeModels } from '../tensor/onnx/compose.ts';
import { emitModel } from '../tensor/onnx/emit.ts';
import { add, concat, div, gather, max, min, mul, reshape, slice, sub } from '../tensor/ops/index.ts';

/** Standardisation as in a manifest. */
export interface FoldedScaler {
  readonly names: readonly string[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly clip: number;
}

/** (x - mean) / std, limited to ±clip, in the graph. @param x [batch, window, features] */
function scaled(x: Value, { mean, std, clip, names }: FoldedScaler): Value {
  const { graph } = x;
  const row = (values: readonly number[]): Value => graph.constant('float32', [names.length], [...values]);
  const standard = div(sub(x, row(mean)), row(std));
  return max(min(standard, graph.scalar(clip)), graph.scalar(-clip));
}

/** The outputs of a model file beside `y` stay inside. */
const modelPart = (bytes: Uint8Array, index: number): ComposedPart => ({
  bytes,
  prefix: `m${index}_`,
  names: { x: `m${index}_in`, y: `m${index}_out` },
});

const glue = (graph: Graph, names: readonly string[]): ComposedPart => ({
  bytes: emitModel(graph),
  prefix: `${graph.name}_`,
  names: Object.fromEntries(names.map((name) => [name, name])),
  neutral: true,
});

/**
 * The model as one file that takes raw features: x [batch, window, features] -> y.
 * @param onnx a model file with input `x` (scaled) and output `y`
 */
export function withScaler(
  onnx: Uint8Array,
  scaler: FoldedScaler,
  window: number,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const features = scaler.names.length;
  const pre = new Graph('scale');
  const x = pre.input('x', 'float32', [1, window, features], ['batch', window, features]);
  pre.output('m0_in', scaled(x, scaler), ['batch', window, features]);
  const part = modelPart(onnx, 0);
  const parts = [glue(pre, ['x', 'm0_in']), { ...part, names: { x: 'm0_in', y: 'y' } }];
  return composeModels(parts, ['x'], ['y'], metadata);
}

/** How the members of an ensemble are combined. */
export type Combination = 'mean' | 'median' | 'weighted';

export interface Member {
  readonly onnx: Uint8Array;
  readonly scaler: FoldedScaler;
  readonly window: number;
  /** Columns of `y`; the first is the prediction. */
  readonly outputs: number;
  /** Root mean square of its predictions: members speak equally loud before they are combined. */
  readonly scale: number;
  /** Used by `weighted`; any positive numbers. */
  readonly weight: number;
}

/** Features that some member reads, each once, in the order of their first mention. */
export function unionOf(members: readonly Pick<Member, 'scaler'>[]): string[] {
  return [...new Set(members.flatMap(({ scaler }) => scaler.names))];
}

/** Rows of the middle of sorted values, by comparisons only, so that every engine has the operators. */
function median(values: readonly Value[]): Value {
  const sorted = [...values];
  // Odd-even transposition sort: exact, and small for the handful of members there are.
  for (let round = 0; round < sorted.length; round++) {
    for (let i = round % 2; i + 1 < sorted.length; i += 2) {
      const [a, b] = [sorted[i]!, sorted[i + 1]!];
      sorted[i] = min(a, b);
      sorted[i + 1] = max(a, b);
    }
  }
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  const half = sorted[middle]!.graph.scalar(0.5);
  return mul(add(sorted[middle - 1]!, sorted[middle]!), half);
}

interface Front {
  readonly part: ComposedPart;
  /** Prediction of each member, [batch, 1], as inputs of the graph that follows. */
  readonly predictions: (post: Graph) => Value[];
}

/** Gives each member its features and its window, scaled as it wants them. */
function frontOf(members: readonly Member[]): Front {
  const names = unionOf(members);
  const window = Math.max(...members.map((m) => m.window));
  const pre = new Graph('pre');
  const x = pre.input('x', 'float32', [1, window, names.length], ['batch', window, names.length]);
  members.forEach((member, i) => {
    const picks = member.scaler.names.map((name) => names.indexOf(name));
    const own = gather(x, pre.constant('int32', [picks.length], picks), 2);
    const recent = member.window === window ? own : slice(own, 1, window - member.window, window);
    pre.output(`m${i}_in`, scaled(recent, member.scaler), ['batch', member.window, picks.length]);
  });
  return {
    part: glue(pre, ['x', ...members.map((_, i) => `m${i}_in`)]),
    predictions: (post) =>
      members.map(({ outputs }, i) => {
        const y = post.input(`m${i}_out`, 'float32', [1, outputs], ['batch', outputs]);
        return outputs === 1 ? y : slice(y, 1, 0, 1);
      }),
  };
}

function joined(
  members: readonly Member[],
  front: Front,
  post: Graph,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const outputs = post.outputs.map(({ name }) => name);
  const parts = [
    front.part,
    ...members.map(({ onnx }, i) => modelPart(onnx, i)),
    glue(post, [...outputs, ...members.map((_, i) => `m${i}_out`)]),
  ];
  return composeModels(parts, ['x'], outputs, metadata);
}

/**
 * One file of several models: x raw [batch, longest window, union of features] -> y [batch, 1], in units of the
 * target. The members' predictions are brought to a common size, combined, and given that size again.
 * @throws FrontierError BAD_INPUT with fewer than two members
 */
export function ensembleModel(members: readonly Member[], how: Combination): Uint8Array {
  if (members.length < 2)
    throw new FrontierError('BAD_INPUT', 'An ensemble needs at least two models.', 'Choose more models.');
  const front = frontOf(members);
  const post = new Graph('post');
  const common = members.reduce((sum, { scale }) => sum + scale, 0) / members.length;
  const said = front.predictions(post).map((value, i) => mul(value, post.scalar(common / members[i]!.scale)));
  post.output('y', combined(said, members, how), ['batch', 1]);
  return joined(members, front, post, { family: 'ensemble', combine: how });
}

/**
 * Several models side by side: x as of `ensembleModel` -> y [batch, 1], the prediction of the first, and
 * `all` [batch, members].
 */
export function sideBySideModel(members: readonly Member[]): Uint8Array {
  const front = frontOf(members);
  const post = new Graph('post');
  const said = front.predictions(post);
  post.output('y', reshape(said[0]!, [-1, 1]), ['batch', 1]);
  post.output('all', concat(said, 1), ['batch', members.length]);
  return joined(members, front, post, { family: 'horizons' });
}

function combined(said: readonly Value[], members: readonly Member[], how: Combination): Value {
  if (how === 'median') return median(said);
  const weights = members.map(({ weight }) => (how === 'mean' ? 1 : weight));
  const total = weights.reduce((a, b) => a + b, 0);
  return said
    .map((value, i) => mul(value, value.graph.scalar(weights[i]! / total)))
    .reduce((a, b) => add(a, b));
}

/** A model file made elsewhere, as a session describes it. */
export interface ForeignModel {
  readonly onnx: Uint8Array;
  readonly input: { readonly name: string; readonly shape: readonly (number | string)[] };
  /** [batch], [batch, 1] or, with several columns, the first is the prediction. */
  readonly output: { readonly name: string; readonly shape: readonly (number | string)[] };
}

/**
 * A file made elsewhere with the ports of ours: x [batch, window, features] -> y [batch, 1].
 * @throws FrontierError BAD_INPUT where its input does not take windows of so many features
 */
export function adoptModel(foreign: ForeignModel, features: number): { onnx: Uint8Array; window: number } {
  const { input, output } = foreign;
  const [, ...extents] = input.shape;
  const flat = extents.length === 1;
  const last = extents.at(-1);
  const window = flat ? Number(last) / features : Number(extents[0]);
  const fits = extents.length <= 2 && Number.isInteger(window) && window >= 1 && (flat || last === features);
  if (!fits) {
    throw new FrontierError(
      'BAD_INPUT',
      `the model takes ${input.name} [${input.shape.join(', ')}], not windows of ${features} features`,
      'Name as many features as the model was trained on; its input must be [batch, window, features] or [batch, features].',
    );
  }
  const pre = new Graph('pre');
  const x = pre.input('x', 'float32', [1, window, features], ['batch', window, features]);
  const shaped = flat ? reshape(x, [-1, window * features]) : mul(x, pre.scalar(1));
  pre.output('m0_in', shaped, ['batch', ...extents]);
  const post = new Graph('post');
  const columns = Number(output.shape[1] ?? 1);
  const y = post.input('m0_out', 'float32', [1, columns], ['batch', columns]);
  post.output('y', reshape(columns > 1 ? slice(y, 1, 0, 1) : y, [-1, 1]), ['batch', 1]);
  const onnx = composeModels(
    [
      glue(pre, ['x', 'm0_in']),
      { bytes: foreign.onnx, prefix: 'm0_', names: { [input.name]: 'm0_in', [output.name]: 'm0_out' } },
      glue(post, ['y', 'm0_out']),
    ],
    ['x'],
    ['y'],
    { family: 'imported' },
  );
  return { onnx, window };
}
