import { FrontierError } from '../../../src-shared/errors.ts';
import { apply, shapeError, type Value } from '../graph.ts';
import { withGradient } from '../regions.ts';
import { type Attributes, defineGrad, defineOp, type GradContext, intsAttribute } from '../registry.ts';
import { add, mul, relu } from './elementwise.ts';
import { reduceSum } from './reduce.ts';
import { gather, padAxis, reshape, transpose } from './shape.ts';

/**
 * Series in the order of ONNX Runtime's own convolution kernels for the CPU (its `nchwc` operators): channels in
 * blocks of as many as one vector register holds, time before batch. The kernels read neighbouring steps in place,
 * where `Conv` first copies each tap, and put bias, residual and ReLU into the same pass.
 *
 * ONNX Runtime uses these kernels by itself for constant weights only. Here the weights change every step, so the
 * graph names them outright. Time before batch makes a shift along time a shift by whole blocks, which the gradient
 * of the weights needs.
 */
export interface BlockedSeries {
  /** [1, channels, time, batch] to ONNX Runtime; in memory [channels / block, time, batch, block]. */
  readonly value: Value;
  /** A multiple of `block`; channels that were added are zero. */
  readonly channels: number;
  readonly block: number;
}

const DOMAIN = 'com.microsoft.nchwc';

const roundUp = (count: number, block: number): number => Math.ceil(count / block) * block;

/** The value with its extents as they lie in memory: [channels / block, time, batch, block]. */
export const inMemory = ({ value, channels, block }: BlockedSeries): Value =>
  reshape(value, [channels / block, value.shape[2]!, -1, block]);

/** A series from its extents in memory. */
export const blockedFrom = (value: Value, block: number): BlockedSeries => {
  const channels = value.shape[0]! * block;
  return { value: reshape(value, [1, channels, value.shape[1]!, -1]), channels, block };
};

/** Brings [batch, time, channels] into blocks; channels are filled up with zeros to a multiple of the block. */
export function toBlocked(x: Value, block: number): BlockedSeries {
  const [, time, given] = x.shape as [number, number, number];
  const channels = roundUp(given, block);
  const whole = padAxis(transpose(x, [1, 0, 2]), 2, 0, channels - given);
  const rows = reshape(whole, [1, time, -1, channels]);
  return { value: apply('NchwcFromRows', [rows]), channels, block };
}

/** Brings blocks back to [batch, time, channels]. */
export function fromBlocked({ value, channels }: BlockedSeries): Value {
  const rows = apply('NchwcToRows', [value], { channels });
  return transpose(reshape(rows, [value.shape[2]!, -1, channels]), [1, 0, 2]);
}

export interface BlockedConvOptions {
  readonly dilation?: number;
  /** Zeros before and after the series. */
  readonly padBefore?: number;
  readonly padAfter?: number;
  /** Applies max(0, .) last. */
  readonly relu?: boolean;
  /** Added before the ReLU; of the result's shape. */
  readonly residual?: BlockedSeries;
}

/**
 * 1-D convolution over time, computing what `conv1d` computes.
 * @param w [taps, in, out], tap 0 the oldest step; `in` may be short of the series' channels by those that were added
 * @param bias [out]
 * @throws FrontierError INTERNAL where `out` is not a multiple of the block
 */
export function blockedConv1d(
  series: BlockedSeries,
  w: Value,
  bias: Value,
  options: BlockedConvOptions = {},
): BlockedSeries {
  const { value, channels, block } = series;
  const { dilation = 1, padBefore = 0, padAfter = 0, relu = false, residual } = options;
  const [taps, given, out] = w.shape as [number, number, number];
  if (out % block !== 0 || given > channels) {
    throw shapeError('blockedConv1d', [value, w], `wants outputs in blocks of ${block}`);
  }
  const filled = padAxis(w, 1, 0, channels - given);
  const parts = reshape(filled, [taps, channels / block, block, out / block, block]);
  const filter = reshape(transpose(parts, [3, 1, 0, 2, 4]), [out, channels, taps, 1]);
  const inputs = [value, filter, bias, ...(residual ? [residual.value] : [])];
  const y = apply(relu ? 'NchwcConvRelu' : 'NchwcConv', inputs, {
    ...geometryOf(taps, dilation, padBefore, padAfter),
    block,
  });
  return { value: y, channels: out, block };
}

const geometryOf = (taps: number, dilation: number, before: number, after: number): Attributes => ({
  dilations: [dilation, 1],
  kernel_shape: [taps, 1],
  pads: [before, 0, after, 0],
  strides: [1, 1],
});

function inferConv(inputs: readonly Value[], attributes: Attributes): ReturnType<typeof outputOf> {
  const [x, w, , residual] = inputs as [Value, Value, Value | undefined, Value | undefined];
  const result = outputOf(x, w, attributes);
  const shape = result[0]!.shape;
  const wrong = x.shape[1] !== w.shape[1] || shape[2]! < 1;
  if (wrong || (residual && residual.shape.join() !== shape.join())) {
    throw shapeError('NchwcConv', inputs, 'wants x [1, in, time, batch] and w [out, in, taps, 1]');
  }
  return result;
}

function outputOf(x: Value, w: Value, attributes: Attributes): { dtype: 'float32'; shape: number[] }[] {
  const [before, , after] = intsAttribute(attributes, 'pads') as [number, number, number];
  const reach = (w.shape[2]! - 1) * intsAttribute(attributes, 'dilations')[0]!;
  const time = x.shape[2]! + before + after - reach;
  return [{ dtype: 'float32', shape: [x.shape[0]!, w.shape[0]!, time, x.shape[3]!] }];
}

const KERNEL = { dilations: 'ints', kernel_shape: 'ints', pads: 'ints', strides: 'ints' } as const;

defineOp('NchwcConv', { domain: DOMAIN, onnxName: 'Conv', attributes: KERNEL, infer: inferConv });
defineOp('NchwcConvRelu', {
  domain: DOMAIN,
  onnxName: 'Conv',
  attributes: KERNEL,
  // The attribute may not be empty, so the kernel with ReLU is a row of its own.
  fixed: { activation: 'Relu' },
  infer: inferConv,
});
defineGrad('NchwcConv', (d, inputs, context) => convGradients(d, inputs, context));
defineGrad('NchwcConvRelu', (d, inputs, context) => {
  return convGradients(mul(d, positive(context.output)), inputs, context);
});

/**
 * 1 where a ReLU's output is positive, 0 where it is 0: min(1, 1e38 y). One pass in ONNX Runtime, where a comparison
 * and a cast take twice as long; exact from 1e-38 on, below which numbers are denormal and count as 0.
 */
const positive = (y: Value): Value => apply('HardSigmoid', [y], { alpha: 1e38, beta: 0 });

defineOp('HardSigmoid', {
  attributes: { alpha: 'float', beta: 'float' },
  infer: ([a]) => [{ dtype: a!.dtype, shape: a!.shape }],
});

interface Kernel {
  readonly block: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
  readonly taps: number;
}

function kernelOf(attributes: Attributes): Kernel {
  const [before, , after] = intsAttribute(attributes, 'pads') as [number, number, number];
  return {
    block: attributes.block as number,
    dilation: intsAttribute(attributes, 'dilations')[0]!,
    taps: intsAttribute(attributes, 'kernel_shape')[0]!,
    before,
    after,
  };
}

function convGradients(
  d: Value,
  [x, w, , residual]: readonly Value[],
  { attributes, needs }: GradContext,
): readonly (Value | undefined)[] {
  const kernel = kernelOf(attributes);
  return [
    needs[0] ? inputGradient(d, x!, w!, kernel) : undefined,
    needs[1] ? weightGradient(d, x!, kernel) : undefined,
    needs[2] ? biasGradient(d, kernel.block) : undefined,
    ...(residual ? [needs[3] ? d : undefined] : []),
  ];
}

/** Correlates the output gradient with the weights, channels swapped and time reversed. */
function inputGradient(d: Value, x: Value, w: Value, k: Kernel): Value {
  const { block, taps, dilation, before, after } = k;
  const [out, channels] = w.shape as [number, number];
  const reach = (taps - 1) * dilation;
  if (before > reach || after > reach) {
    throw shapeError('NchwcConv', [x, w], 'gradient with more padding than the kernel reaches');
  }
  // The reordering kernel turns each square of input by output channels; a Transpose takes eight times as long.
  const squares = (out / block) * (channels / block) * taps;
  const turned = apply('NchwcFromPlanes', [reshape(w, [squares, block, 1, block])]);
  const picks: number[] = [];
  for (let i = 0; i < channels / block; i++) {
    for (let o = 0; o < out / block; o++) {
      for (let tap = taps - 1; tap >= 0; tap--) picks.push((o * (channels / block) + i) * taps + tap);
    }
  }
  const order = w.graph.constant('int32', [squares], picks);
  const filter = reshape(gather(reshape(turned, [squares, block * block]), order), [channels, out, taps, 1]);
  return apply('NchwcConv', [d, filter], {
    ...geometryOf(taps, dilation, reach - before, reach - after),
    block,
  });
}

/**
 * The gradient of the weights is a 1x1 convolution whose channels are all steps of the batch, (time, batch): the
 * output gradient, as it lies in memory, is its filter [out, time * batch], and the input with blocks transposed is
 * its image, channels and taps along the width. That kernel sums in registers and needs no copies packed for it; a
 * matrix product of the same size takes 1.4 times as long.
 */
function weightGradient(d: Value, x: Value, k: Kernel): Value {
  const { block, taps } = k;
  const [, out, steps, batch] = d.shape as [number, number, number, number];
  const [, channels, time] = x.shape as [number, number, number];
  if (batch % block !== 0) {
    throw new FrontierError(
      'BAD_INPUT',
      `convolutions in blocks of ${block} channels cannot be trained with batches of ${batch}`,
      `Make the batch a multiple of ${block}, or choose the layout channelsFirst.`,
    );
  }
  const pixels = reshape(x, [channels / block, time * batch, 1, block]);
  const turned = apply('NchwcFromPlanes', [pixels]);
  const image = tapImage(
    reshape(turned, [channels / block, (time * batch) / block, block * block]),
    steps,
    batch,
    k,
  );
  const filter = reshape(d, [out, steps * batch, 1, 1]);
  const products = apply(
    'NchwcConv',
    [reshape(image, [channels / block, steps * batch, taps, block]), filter],
    { ...geometryOf(1, 1, 0, 0), block },
  );
  const parts = reshape(products, [channels / block, out / block, taps * block * block]);
  return reshape(transpose(parts, [1, 0, 2]), [out, channels, taps, 1]);
}

/** What each tap sees, side by side: [in / block, time * batch / block, taps * block * block]. */
function tapImage(turned: Value, steps: number, batch: number, k: Kernel): Value {
  const perStep = batch / k.block;
  const padded = padAxis(turned, 1, k.before * perStep, k.after * perStep);
  if (k.taps === 1) return padded;
  const picks: number[] = [];
  for (let row = 0; row < steps * perStep; row++) {
    for (let tap = 0; tap < k.taps; tap++) picks.push(row + tap * k.dilation * perStep);
  }
  return gather(padded, turned.graph.constant('int32', [steps * perStep, k.taps], picks), 1);
}

function biasGradient(d: Value, block: number): Value {
  const out = d.shape[1]!;
  const parts = reshape(d, [out / block, -1, block]);
  return reshape(reduceSum(parts, [1]), [out]);
}

/** Sum of two series of the same shape. */
export const blockedAdd = (a: BlockedSeries, b: BlockedSeries): BlockedSeries => ({
  ...a,
  value: add(a.value, b.value),
});

/**
 * max(0, .), with the one-pass gradient that `positive` describes. Only for series in blocks, which are on the CPU
 * engine and in single precision: other engines have no such kernel.
 */
export function blockedRelu(series: BlockedSeries): BlockedSeries {
  const [value] = withGradient(
    [series.value],
    ([x]) => ({ outputs: [relu(x!)] }),
    ([d], { outputs: [y] }) => [mul(d!, positive(y!))],
  );
  return { ...series, value: value! };
}

/** Applies an elementwise function that maps zero to anything: added channels must not be there. */
export const blockedMap = (series: BlockedSeries, f: (value: Value) => Value): BlockedSeries => ({
  ...series,
  value: f(series.value),
});

// Rows [1, time, batch, channels] into blocks and back: ONNX Runtime's reordering kernels, channels last.
defineOp('NchwcFromRows', {
  domain: DOMAIN,
  onnxName: 'ReorderInput',
  attributes: {},
  fixed: { channels_last: 1 },
  infer: ([x]) => [{ dtype: 'float32', shape: [0, 3, 1, 2].map((axis) => x!.shape[axis]!) }],
});
defineOp('NchwcToRows', {
  domain: DOMAIN,
  onnxName: 'ReorderOutput',
  attributes: { channels: 'int' },
  fixed: { channels_last: 1 },
  infer: ([x]) => [{ dtype: 'float32', shape: [0, 2, 3, 1].map((axis) => x!.shape[axis]!) }],
});
defineGrad('NchwcFromRows', (d) => [apply('NchwcToRows', [d], { channels: d.shape[1]! })]);
defineGrad('NchwcToRows', (d) => [apply('NchwcFromRows', [d])]);

/** Planes [n, channels, height, width] into blocks; only in gradients, so it has none itself. */
defineOp('NchwcFromPlanes', {
  domain: DOMAIN,
  onnxName: 'ReorderInput',
  attributes: {},
  fixed: { channels_last: 0 },
  infer: ([x]) => [{ dtype: 'float32', shape: x!.shape }],
});
