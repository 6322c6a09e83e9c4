import { FrontierError } from '../../src-shared/errors.ts';
import type { GraphNode } from './graph.ts';
import { broadcastShape } from './ops/index.ts';
import { type Attributes, intAttribute, intsAttribute } from './registry.ts';

/** A TensorFlow.js tensor, as far as this adapter touches one. */
export interface TfTensor {
  readonly shape: number[];
  readonly dtype: string;
  data(): Promise<ArrayLike<number>>;
  dataSync(): ArrayLike<number>;
  dispose(): void;
}

/**
 * The part of the TensorFlow.js module that the adapter calls. The module is injected: Frontier does not depend on
 * it, a user may have `@tensorflow/tfjs-node-gpu`, and the tests bring the pure-JavaScript backend.
 */
export interface TfModule<T extends TfTensor> {
  /** Runs a function and frees the tensors it made, but for those it returns. */
  tidy<R>(run: () => R): R;
  stack(values: T[], axis: number): T;
  tensor(data: ArrayLike<number>, shape: number[], dtype: 'float32' | 'int32' | 'bool'): T;
  add(a: T, b: T): T;
  sub(a: T, b: T): T;
  mul(a: T, b: T): T;
  div(a: T, b: T): T;
  maximum(a: T, b: T): T;
  minimum(a: T, b: T): T;
  greater(a: T, b: T): T;
  less(a: T, b: T): T;
  equal(a: T, b: T): T;
  where(condition: T, a: T, b: T): T;
  neg(a: T): T;
  exp(a: T): T;
  log(a: T): T;
  sqrt(a: T): T;
  abs(a: T): T;
  sign(a: T): T;
  erf(a: T): T;
  sin(a: T): T;
  cos(a: T): T;
  relu(a: T): T;
  leakyRelu(a: T, alpha: number): T;
  tanh(a: T): T;
  sigmoid(a: T): T;
  cast(a: T, dtype: 'float32' | 'int32' | 'bool'): T;
  clone(a: T): T;
  matMul(a: T, b: T, transposeA?: boolean, transposeB?: boolean): T;
  reshape(a: T, shape: number[]): T;
  transpose(a: T, perm: number[]): T;
  concat(values: T[], axis: number): T;
  split(a: T, sizes: number[], axis: number): T[];
  pad(a: T, paddings: [number, number][]): T;
  broadcastTo(a: T, shape: number[]): T;
  gather(a: T, indices: T, axis: number): T;
  sum(a: T, axes: number[], keepDims: boolean): T;
  mean(a: T, axes: number[], keepDims: boolean): T;
  max(a: T, axes: number[], keepDims: boolean): T;
  softmax(a: T, axis: number): T;
  logSoftmax(a: T, axis: number): T;
  cumsum(a: T, axis: number, exclusive: boolean, reverse: boolean): T;
  scatterND(indices: T, updates: T, shape: number[]): T;
  avgPool(x: T, size: [number, number], strides: [number, number], pad: 'valid'): T;
  maxPool(x: T, size: [number, number], strides: [number, number], pad: 'valid'): T;
  conv2d(x: T, filter: T, strides: [number, number], pad: 'valid'): T;
}

type Lowering = <T extends TfTensor>(
  tf: TfModule<T>,
  inputs: T[],
  attributes: Attributes,
  node: GraphNode,
) => T | T[];

const keeps = (attributes: Attributes): boolean => intAttribute(attributes, 'keepdims') === 1;
const list = (attributes: Attributes, name: string): number[] => [...intsAttribute(attributes, name)];

/** TensorFlow.js computes in single precision and 32-bit integers only. */
export const TF_DTYPE = {
  float32: 'float32',
  float64: 'float32',
  float16: 'float32',
  int32: 'int32',
  int64: 'int32',
  bool: 'bool',
} as const;

/** One row per operator. */
const LOWERINGS: Readonly<Record<string, Lowering>> = {
  Identity: (tf, [a]) => tf.clone(a!),
  StopGradient: (tf, [a]) => tf.clone(a!),
  Add: (tf, [a, b]) => tf.add(a!, b!),
  Sub: (tf, [a, b]) => tf.sub(a!, b!),
  Mul: (tf, [a, b]) => tf.mul(a!, b!),
  Div: (tf, [a, b]) => tf.div(a!, b!),
  Max: (tf, inputs) => tf.maximum(...spreadBoth(tf, inputs)),
  Min: (tf, inputs) => tf.minimum(...spreadBoth(tf, inputs)),
  Greater: (tf, [a, b]) => tf.greater(a!, b!),
  Less: (tf, [a, b]) => tf.less(a!, b!),
  Equal: (tf, [a, b]) => tf.equal(a!, b!),
  Where: (tf, [condition, a, b]) => tf.where(condition!, a!, b!),
  Neg: (tf, [a]) => tf.neg(a!),
  Exp: (tf, [a]) => tf.exp(a!),
  Log: (tf, [a]) => tf.log(a!),
  Sqrt: (tf, [a]) => tf.sqrt(a!),
  Abs: (tf, [a]) => tf.abs(a!),
  Sign: (tf, [a]) => tf.sign(a!),
  Erf: (tf, [a]) => tf.erf(a!),
  Sin: (tf, [a]) => tf.sin(a!),
  Cos: (tf, [a]) => tf.cos(a!),
  Relu: (tf, [a]) => tf.relu(a!),
  LeakyRelu: (tf, [a], { alpha }) => tf.leakyRelu(a!, alpha as number),
  Tanh: (tf, [a]) => tf.tanh(a!),
  Sigmoid: (tf, [a]) => tf.sigmoid(a!),
  Cast: (tf, [a], _, node) => tf.cast(a!, TF_DTYPE[node.outputs[0]!.dtype]),
  MatMul: (tf, [a, b]) => {
    // Neither does matMul's with leading axes that broadcast.
    const lead = broadcastShape(a!.shape.slice(0, -2), b!.shape.slice(0, -2))!;
    const widen = (x: typeof a): typeof a => tf.broadcastTo(x!, [...lead, ...x!.shape.slice(-2)]);
    return tf.matMul(widen(a)!, widen(b)!);
  },
  Gemm: (tf, [a, b, c], attributes) => {
    const product = tf.matMul(a!, b!, attributes.transA === 1, attributes.transB === 1);
    return c ? tf.add(product, c) : product;
  },
  Reshape: (tf, [a], attributes) => tf.reshape(a!, list(attributes, 'shape')),
  Transpose: (tf, [a], attributes) => tf.transpose(a!, list(attributes, 'perm')),
  Concat: (tf, inputs, attributes) => tf.concat(inputs, intAttribute(attributes, 'axis')),
  Split: (tf, [a], attributes) => tf.split(a!, list(attributes, 'split'), intAttribute(attributes, 'axis')),
  Slice: (tf, [a], attributes) => {
    const [axis, start] = [list(attributes, 'axes')[0]!, list(attributes, 'starts')[0]!];
    const [end, step] = [list(attributes, 'ends')[0]!, list(attributes, 'steps')[0]!];
    const picks = Array.from({ length: Math.ceil((end - start) / step) }, (_, i) => start + i * step);
    return tf.gather(a!, tf.tensor(picks, [picks.length], 'int32'), axis);
  },
  Pad: (tf, [a], attributes) => {
    const pads = list(attributes, 'pads');
    const rank = pads.length / 2;
    return tf.pad(
      a!,
      a!.shape.map((_, i): [number, number] => [pads[i]!, pads[rank + i]!]),
    );
  },
  Expand: (tf, [a], attributes) => tf.broadcastTo(a!, list(attributes, 'shape')),
  Gather: (tf, [a, indices], attributes) => tf.gather(a!, indices!, intAttribute(attributes, 'axis')),
  ReduceSum: (tf, [a], attributes) => tf.sum(a!, list(attributes, 'axes'), keeps(attributes)),
  ReduceMean: (tf, [a], attributes) => tf.mean(a!, list(attributes, 'axes'), keeps(attributes)),
  ReduceMax: (tf, [a], attributes) => tf.max(a!, list(attributes, 'axes'), keeps(attributes)),
  CumSum: (tf, [a], attributes) => {
    const flag = (name: string): boolean => intAttribute(attributes, name) === 1;
    // TensorFlow.js's gradient of a running sum is wrong along any but the last axis.
    const axis = list(attributes, 'axis')[0]!;
    return alongLast(tf, a!, axis, (x) =>
      tf.cumsum(x, x.shape.length - 1, flag('exclusive'), flag('reverse')),
    );
  },
  ScatterND: (tf, [a, indices, rows]) => tf.add(a!, tf.scatterND(indices!, rows!, a!.shape)),
  Softmax: (tf, [a], attributes) =>
    alongLast(tf, a!, intAttribute(attributes, 'axis'), (x) => tf.softmax(x, -1)),
  LogSoftmax: (tf, [a], attributes) =>
    alongLast(tf, a!, intAttribute(attributes, 'axis'), (x) => tf.logSoftmax(x, -1)),
  LayerNormalization: (tf, [x, scale, bias], { epsilon }) => {
    const mean = tf.mean(x!, [-1], true);
    const centred = tf.sub(x!, mean);
    const variance = tf.mean(tf.mul(centred, centred), [-1], true);
    const margin = tf.tensor([epsilon as number], [1], 'float32');
    const deviation = tf.sqrt(tf.add(variance, margin));
    const y = tf.add(tf.mul(tf.div(centred, deviation), scale!), bias!);
    return [y, mean, tf.div(tf.tensor([1], [1], 'float32'), deviation)];
  },
  AveragePool: (tf, [x], attributes) => pool(tf, x!, attributes, 'avgPool'),
  MaxPool: (tf, [x], attributes) => pool(tf, x!, attributes, 'maxPool'),
  Conv: (tf, [x, w, bias], attributes) => convolve(tf, x!, w!, bias, attributes),
  ConvTranspose: (tf, [x, w, bias], attributes, node) => convolveBack(tf, x!, w!, bias, attributes, node),
};

/** Both operands at the result's shape: TensorFlow.js's own gradients of these operators do not broadcast. */
function spreadBoth<T extends TfTensor>(tf: TfModule<T>, [a, b]: T[]): [T, T] {
  const shape = [...broadcastShape(a!.shape, b!.shape)!];
  return [tf.broadcastTo(a!, shape), tf.broadcastTo(b!, shape)];
}

/** Moves an axis to the end, where TensorFlow.js wants it, and back. */
function alongLast<T extends TfTensor>(tf: TfModule<T>, a: T, axis: number, apply: (x: T) => T): T {
  const last = a.shape.length - 1;
  const at = axis < 0 ? axis + a.shape.length : axis;
  const swap = a.shape.map((_, i) => (i === at ? last : i === last ? at : i));
  return tf.transpose(apply(tf.transpose(a, swap)), swap);
}

/** As a pooling of an image of height 1, channels last. */
function pool<T extends TfTensor>(
  tf: TfModule<T>,
  x: T,
  attributes: Attributes,
  kind: 'avgPool' | 'maxPool',
): T {
  const [batch, channels, time] = x.shape as [number, number, number];
  const image = tf.reshape(tf.transpose(x, [0, 2, 1]), [batch, 1, time, channels]);
  const size: [number, number] = [1, list(attributes, 'kernel_shape')[0]!];
  const y = tf[kind](image, size, [1, list(attributes, 'strides')[0]!], 'valid');
  return tf.transpose(tf.reshape(y, [batch, y.shape[2]!, channels]), [0, 2, 1]);
}

/**
 * As a 2-D convolution of height 1, channels last, which is what every TensorFlow.js backend implements. Dilation
 * becomes zeros between the taps, because TensorFlow.js has no gradient of a dilated convolution.
 */
function convolve<T extends TfTensor>(
  tf: TfModule<T>,
  x: T,
  w: T,
  bias: T | undefined,
  attributes: Attributes,
): T {
  const [before, after] = list(attributes, 'pads') as [number, number];
  const [batch, channels] = x.shape as [number, number];
  const padded = tf.pad(tf.transpose(x, [0, 2, 1]), [
    [0, 0],
    [before, after],
    [0, 0],
  ]);
  const image = tf.reshape(padded, [batch, 1, padded.shape[1]!, channels]);
  const filter = spacedFilter(tf, w, list(attributes, 'dilations')[0]!);
  const outputs = w.shape[0]!;
  const y = tf.conv2d(image, filter, [1, list(attributes, 'strides')[0]!], 'valid');
  const series = tf.transpose(tf.reshape(y, [batch, y.shape[2]!, outputs]), [0, 2, 1]);
  return bias ? tf.add(series, tf.reshape(bias, [1, outputs, 1])) : series;
}

/**
 * A transposed convolution as a convolution: the series spaced out with zeros between its steps, the taps reversed
 * in time and the channels swapped. Cropping is what is left off the padding of a full convolution.
 */
function convolveBack<T extends TfTensor>(
  tf: TfModule<T>,
  x: T,
  w: T,
  bias: T | undefined,
  attributes: Attributes,
  node: GraphNode,
): T {
  const [stride] = list(attributes, 'strides') as [number];
  const [dilation] = list(attributes, 'dilations') as [number];
  const [before] = list(attributes, 'pads') as [number];
  const [inputs, , taps] = w.shape as [number, number, number];
  const [batch, , time] = x.shape as [number, number, number];
  const reversed = tf.tensor(
    Array.from({ length: taps }, (_, i) => taps - 1 - i),
    [taps],
    'int32',
  );
  const swapped = tf.gather(tf.transpose(w, [1, 0, 2]), reversed, 2);
  const spaced = tf.pad(tf.reshape(x, [batch, inputs, time, 1]), [
    [0, 0],
    [0, 0],
    [0, 0],
    [0, stride - 1],
  ]);
  const flat = tf.reshape(spaced, [batch, inputs, time * stride]);
  // Wide enough on both sides for every geometry; the wanted steps are picked from the full result.
  const reach = (taps - 1) * dilation;
  const full = convolve(tf, flat, swapped, bias, {
    dilations: [dilation],
    strides: [1],
    pads: [reach, reach + stride],
  });
  const length = node.outputs[0]!.shape[2]!;
  const picks = Array.from({ length }, (_, i) => before + i);
  return tf.gather(full, tf.tensor(picks, [length], 'int32'), 2);
}

/** [out, in, taps] -> [1, (taps - 1) dilation + 1, in, out] with zeros between the taps. */
function spacedFilter<T extends TfTensor>(tf: TfModule<T>, w: T, dilation: number): T {
  const [outputs, channels, taps] = w.shape as [number, number, number];
  const rows = tf.reshape(tf.transpose(w, [2, 1, 0]), [taps, 1, channels * outputs]);
  const spaced = tf.pad(rows, [
    [0, 0],
    [0, dilation - 1],
    [0, 0],
  ]);
  const flat = tf.reshape(spaced, [taps * dilation, channels * outputs]);
  const reach = (taps - 1) * dilation + 1;
  const kept = Array.from({ length: reach }, (_, i) => i);
  const cut = tf.gather(flat, tf.tensor(kept, [reach], 'int32'), 0);
  return tf.reshape(cut, [1, reach, channels, outputs]);
}

/** Operators the adapter can lower, besides Loop. */
export const tfOperators = (): string[] => Object.keys(LOWERINGS).sort();

/**
 * Runs one node.
 * @throws FrontierError INTERNAL naming an operator that has no counterpart
 */
export function lowerNode<T extends TfTensor>(tf: TfModule<T>, node: GraphNode, inputs: T[]): T[] {
  const lowering = LOWERINGS[node.op];
  if (!lowering) {
    throw new FrontierError(
      'INTERNAL',
      `TensorFlow.js has no lowering of ${node.op}`,
      'Add a row to LOWERINGS.',
    );
  }
  const result = lowering(tf, inputs, node.attributes, node);
  return Array.isArray(result) ? result : [result];
}
