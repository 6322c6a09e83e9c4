import { apply, shapeError, type Value } from '../graph.ts';
import { type Attributes, defineGrad, defineOp, intsAttribute } from '../registry.ts';
import { add, cast, div, equal, max, mul, scalarLike } from './elementwise.ts';
import { matmul } from './matrix.ts';
import { concat, expand, padAxis, reshape, slice, spaceOut, split } from './shape.ts';

/** Windows of a pooling over the last axis of [batch, channels, time]; steps that fill no window are left out. */
export interface Pool1dOptions {
  /** Steps of a window. */
  readonly size: number;
  /** Steps from window to window; default `size`. */
  readonly stride?: number;
}

const pooled = (op: string, x: Value, { size, stride = size }: Pool1dOptions): Value =>
  apply(op, [x], { kernel_shape: [size], strides: [stride] });

/**
 * Windows side by side that fill the series, as rows [batch * channels * count, size]; undefined for any others. Their
 * mean is a matrix product and their maximum a chain of Max, which forward and back take a fifth and a tenth of the time
 * of ONNX Runtime's pooling kernels and what their gradients need.
 */
function sideBySide(x: Value, { size, stride = size }: Pool1dOptions): Value | undefined {
  const time = x.shape[2] ?? 0;
  const fits = x.shape.length === 3 && size >= 1 && stride === size && time > 0 && time % size === 0;
  return fits ? reshape(x, [-1, size]) : undefined;
}

const fromRows = (rows: Value, x: Value, size: number): Value =>
  reshape(rows, [-1, x.shape[1]!, x.shape[2]! / size]);

/**
 * Mean of each window: [batch, channels, time] -> [batch, channels, floor((time - size) / stride) + 1].
 * @throws FrontierError INTERNAL where the series is shorter than a window
 */
export function averagePool1d(x: Value, options: Pool1dOptions): Value {
  const rows = sideBySide(x, options);
  if (!rows) return pooled('AveragePool', x, options);
  const { size } = options;
  const weights = new Array<number>(size).fill(1 / size);
  return fromRows(matmul(rows, x.graph.constant(x.dtype, [size, 1], weights)), x, size);
}

/** Largest element of each window; which of equal ones gets the gradient is left open. As `averagePool1d`. */
export function maxPool1d(x: Value, options: Pool1dOptions): Value {
  const rows = sideBySide(x, options);
  if (!rows || options.size === 1) return pooled('MaxPool', x, options);
  const steps = split(rows, new Array<number>(options.size).fill(1), 1);
  return fromRows(steps.reduce(max), x, options.size);
}

interface Windows {
  readonly size: number;
  readonly stride: number;
  readonly count: number;
}

function windowsOf(op: string, x: Value, attributes: Attributes): Windows {
  const size = intsAttribute(attributes, 'kernel_shape')[0]!;
  const stride = intsAttribute(attributes, 'strides')[0]!;
  const time = x.shape[2] ?? 0;
  if (x.shape.length !== 3 || size < 1 || stride < 1 || time < size)
    throw shapeError(op, [x], `wants [batch, channels, time] with at least ${size} steps, stride ${stride}`);
  return { size, stride, count: Math.floor((time - size) / stride) + 1 };
}

for (const op of ['AveragePool', 'MaxPool']) {
  defineOp(op, {
    attributes: { kernel_shape: 'ints', strides: 'ints' },
    infer([x], attributes) {
      const { count } = windowsOf(op, x!, attributes);
      return [{ dtype: x!.dtype, shape: [x!.shape[0]!, x!.shape[1]!, count] }];
    },
  });
}

/** Places a value per window at step `offset` of each window, zeros elsewhere: the transpose of picking it. */
function placed(values: Value, x: Value, { stride }: Windows, offset: number): Value {
  const time = x.shape[2]!;
  const spaced = spaceOut(values, 2, stride);
  const room = time - offset;
  const fitted = spaced.shape[2]! > room ? slice(spaced, 2, 0, room) : spaced;
  return padAxis(fitted, 2, offset, room - fitted.shape[2]!);
}

/** Windows side by side: the values of each spread over its steps, zeros where the last steps fill no window. */
function tiled(values: Value, x: Value, { size, count }: Windows): Value {
  const [batch, channels, time] = x.shape as [number, number, number];
  const steps = expand(reshape(values, [batch, channels, count, 1]), [batch, channels, count, size]);
  return padAxis(reshape(steps, [batch, channels, count * size]), 2, 0, time - count * size);
}

defineGrad('AveragePool', (d, [x], { attributes }) => {
  const windows = windowsOf('AveragePool', x!, attributes);
  const { size, stride } = windows;
  const share = mul(d, scalarLike(d, 1 / size));
  if (stride === size) return [tiled(share, x!, windows)];
  const parts = Array.from({ length: size }, (_, offset) => placed(share, x!, windows, offset));
  return [parts.reduce(add)];
});

defineGrad('MaxPool', (d, [x], { attributes, output }) => {
  const windows = windowsOf('MaxPool', x!, attributes);
  const { size, stride, count } = windows;
  const seen = Array.from({ length: size }, (_, offset) =>
    slice(x!, 2, offset, offset + (count - 1) * stride + 1, stride),
  );
  const hits = seen.map((step) => cast(equal(step, output), d.dtype));
  const share = div(d, hits.reduce(add));
  return [hits.map((hit, offset) => placed(mul(share, hit), x!, windows, offset)).reduce(add)];
});

/**
 * Repeats every element of an axis `times` times in a row. As a Concat of the value with itself along a new axis, which
 * on the CPU engine takes a sixth of the time of an Expand or a Gather.
 */
export function repeat(a: Value, axis: number, times: number): Value {
  if (times === 1) return a;
  // By -1, because the batch is not known in an inference graph.
  const [first, ...others] = a.shape.map((extent, i) => (i === 0 && axis > 0 ? -1 : extent));
  const apart = [first!, ...others];
  apart.splice(axis + 1, 0, 1);
  const twins = new Array<Value>(times).fill(reshape(a, apart));
  const repeated = [first!, ...others];
  repeated[axis]! *= times;
  return reshape(concat(twins, axis + 1), repeated);
}

/** Nearest-neighbour upsampling along time: [batch, channels, time] -> [batch, channels, time * factor]. */
export const upsample1d = (x: Value, factor: number): Value => repeat(x, 2, factor);
