import { apply, shapeError, type Value } from '../graph.ts';
import { type Attributes, defineGrad, defineOp, intsAttribute } from '../registry.ts';
import { gemm, matmul } from './matrix.ts';
import { reduceSum } from './reduce.ts';
import { concat, gather, padAxis, reshape, slice, spaceOut, transpose } from './shape.ts';

export * from './conv-blocked.ts';
export * from './conv-last.ts';

/** Geometry of a 1-D convolution over time. */
export interface Conv1dOptions {
  readonly dilation?: number;
  readonly stride?: number;
  /** Zeros before and after the series. */
  readonly padBefore?: number;
  readonly padAfter?: number;
}

/**
 * 1-D convolution, channels first: x [batch, in, time], w [out, in, taps], bias [out] -> [batch, out, time'].
 */
export function conv1d(x: Value, w: Value, bias: Value | undefined, options: Conv1dOptions = {}): Value {
  return apply('Conv', bias ? [x, w, bias] : [x, w], {
    dilations: [options.dilation ?? 1],
    kernel_shape: [w.shape[2] ?? 0],
    pads: [options.padBefore ?? 0, options.padAfter ?? 0],
    strides: [options.stride ?? 1],
  });
}

/** A convolution that sees only the present and the past: as many zeros in front as the taps reach back. */
export function causalConv1d(x: Value, w: Value, bias: Value | undefined, dilation: number): Value {
  return conv1d(x, w, bias, { dilation, padBefore: ((w.shape[2] ?? 1) - 1) * dilation });
}

/** Channels of all taps per step of the series from which on one tall product is faster: measured on a U-Net. */
const TALL_FROM = 4;

interface Geometry {
  readonly dilation: number;
  readonly stride: number;
  readonly before: number;
  readonly after: number;
  readonly taps: number;
}

function geometry(attributes: Attributes): Geometry {
  const [before, after] = intsAttribute(attributes, 'pads') as [number, number];
  return {
    dilation: intsAttribute(attributes, 'dilations')[0]!,
    stride: intsAttribute(attributes, 'strides')[0]!,
    taps: intsAttribute(attributes, 'kernel_shape')[0]!,
    before,
    after,
  };
}

/** Input steps left over to the right of the last position of the kernel. */
function surplus(time: number, g: Geometry): number {
  return time + g.before + g.after - (g.taps - 1) * g.dilation - 1;
}

defineOp('Conv', {
  attributes: { dilations: 'ints', kernel_shape: 'ints', pads: 'ints', strides: 'ints' },
  infer(inputs, attributes) {
    const [x, w] = inputs as [Value, Value];
    const g = geometry(attributes);
    if (x.shape.length !== 3 || w.shape.length !== 3 || x.shape[1] !== w.shape[1] || w.shape[2] !== g.taps) {
      throw shapeError('Conv', inputs, 'wants x [batch, in, time] and w [out, in, taps]');
    }
    const left = surplus(x.shape[2]!, g);
    if (left < 0) throw shapeError('Conv', inputs, 'the series is shorter than the kernel');
    return [{ dtype: x.dtype, shape: [x.shape[0]!, w.shape[0]!, Math.floor(left / g.stride) + 1] }];
  },
});

defineGrad('Conv', (d, [x, w, bias], { attributes, needs }) => {
  const g = geometry(attributes);
  return [
    needs[0] ? inputGradient(d, x!, w!, g) : undefined,
    needs[1] ? weightGradient(d, x!, g) : undefined,
    // Over time first: one reduction over both axes takes twice as long on the CPU engine.
    bias && needs[2] ? reduceSum(reduceSum(d, [2]), [0]) : undefined,
  ];
});

/** Correlates the output gradient with the weights, channels swapped and time reversed. */
function inputGradient(d: Value, x: Value, w: Value, g: Geometry): Value {
  const reach = (g.taps - 1) * g.dilation;
  if (g.before > reach || g.after > reach) {
    throw shapeError('Conv', [x, w], 'gradient with more padding than the kernel reaches');
  }
  const reversed = w.graph.constant(
    'int32',
    [g.taps],
    Array.from({ length: g.taps }, (_, i) => g.taps - 1 - i),
  );
  const swapped = gather(transpose(w, [1, 0, 2]), reversed, 2);
  // With a stride the gradient is spaced out with zeros; the zeros after the last step are not part of it.
  const spaced = spaceOut(d, 2, g.stride);
  const tail = g.stride - 1;
  const trimmed = tail > 0 ? slice(spaced, 2, 0, spaced.shape[2]! - tail) : spaced;
  return conv1d(trimmed, swapped, undefined, {
    dilation: g.dilation,
    padBefore: reach - g.before,
    padAfter: reach - g.after + (surplus(x.shape[2]!, g) % g.stride),
  });
}

/**
 * Per tap a product of the output gradient with a slice of the padded input [batch, time, in], in which slices along
 * time are contiguous per batch item; a convolution whose kernel is the whole series takes three times as long on the
 * CPU engine. Long series of few channels take one product per batch item and a sum over the batch. Where the products
 * [batch, out, in] to be summed would be larger than the series, as in the coarse levels of a U-Net, one tall product
 * over (batch, time) takes less time than writing them.
 */
function weightGradient(d: Value, x: Value, g: Geometry): Value {
  const [, out, steps] = d.shape as [number, number, number];
  const channels = x.shape[1]!;
  const series = transpose(x, [0, 2, 1]);
  const padded = padAxis(series, 1, g.before, g.after);
  const reach = (steps - 1) * g.stride + 1;
  const tall = g.taps * channels > TALL_FROM * steps;
  const rows = tall ? reshape(transpose(d, [0, 2, 1]), [-1, out]) : d;
  const perTap = Array.from({ length: g.taps }, (_, tap) => {
    const start = tap * g.dilation;
    // A tap that sees exactly the unpadded series (the newest of a causal convolution) needs no copy.
    const whole = start === g.before && reach === series.shape[1] && g.stride === 1;
    const seen = whole ? series : slice(padded, 1, start, start + reach, g.stride);
    if (!tall) return reduceSum(matmul(d, seen), [0], true);
    const product = gemm(rows, reshape(seen, [-1, channels]), undefined, { transA: true });
    return reshape(product, [1, out, channels]);
  });
  return transpose(concat(perTap, 0), [1, 2, 0]);
}
