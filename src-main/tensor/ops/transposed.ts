import { apply, shapeError, type Value } from '../graph.ts';
import { type Attributes, defineGrad, defineOp, gradRule, intsAttribute } from '../registry.ts';
import { conv1d } from './conv.ts';
import { reduceSum } from './reduce.ts';

/** Geometry of a transposed 1-D convolution over time. */
export interface ConvTranspose1dOptions {
  readonly dilation?: number;
  /** How many output steps one input step advances by. */
  readonly stride?: number;
  /** Steps cut off the start and the end of the full result: what the mirrored convolution would pad. */
  readonly cropBefore?: number;
  readonly cropAfter?: number;
  /** Zero steps of input to the right of the last one that the result still covers; less than the stride. */
  readonly outputPadding?: number;
}

/**
 * Transposed 1-D convolution, channels first: x [batch, in, time], w [in, out, taps], bias [out]
 * -> [batch, out, (time - 1) stride + (taps - 1) dilation + 1 + outputPadding - cropBefore - cropAfter].
 *
 * The linear map that is the transpose of `conv1d` with the same weights and geometry, used to go up in resolution:
 * stride 2 with 4 taps and 1 cropped on each side doubles the length.
 *
 * @throws FrontierError INTERNAL where the shapes do not fit
 */
export function convTranspose1d(
  x: Value,
  w: Value,
  bias: Value | undefined,
  options: ConvTranspose1dOptions = {},
): Value {
  return apply('ConvTranspose', bias ? [x, w, bias] : [x, w], {
    dilations: [options.dilation ?? 1],
    kernel_shape: [w.shape[2] ?? 0],
    output_padding: [options.outputPadding ?? 0],
    pads: [options.cropBefore ?? 0, options.cropAfter ?? 0],
    strides: [options.stride ?? 1],
  });
}

/** Extent of the result along time. */
function outputTime(time: number, attributes: Attributes): number {
  const [before, after] = intsAttribute(attributes, 'pads') as [number, number];
  const [stride] = intsAttribute(attributes, 'strides') as [number];
  const [dilation] = intsAttribute(attributes, 'dilations') as [number];
  const [taps] = intsAttribute(attributes, 'kernel_shape') as [number];
  const [extra] = intsAttribute(attributes, 'output_padding') as [number];
  return (time - 1) * stride + (taps - 1) * dilation + 1 + extra - before - after;
}

defineOp('ConvTranspose', {
  attributes: {
    dilations: 'ints',
    kernel_shape: 'ints',
    output_padding: 'ints',
    pads: 'ints',
    strides: 'ints',
  },
  infer(inputs, attributes) {
    const [x, w] = inputs as [Value, Value];
    const taps = intsAttribute(attributes, 'kernel_shape')[0];
    if (x.shape.length !== 3 || w.shape.length !== 3 || x.shape[1] !== w.shape[0] || w.shape[2] !== taps) {
      throw shapeError('ConvTranspose', inputs, 'wants x [batch, in, time] and w [in, out, taps]');
    }
    const extra = intsAttribute(attributes, 'output_padding')[0]!;
    if (extra !== 0 && extra >= intsAttribute(attributes, 'strides')[0]!) {
      throw shapeError('ConvTranspose', inputs, 'output padding must be less than the stride');
    }
    const time = outputTime(x.shape[2]!, attributes);
    if (time < 1) throw shapeError('ConvTranspose', inputs, 'more steps are cropped than there are');
    return [{ dtype: x.dtype, shape: [x.shape[0]!, w.shape[1]!, time] }];
  },
});

// The transpose of the transpose is the convolution. For the weights the roles of the two series swap: what a
// convolution from the output gradient to x would give its weights.
defineGrad('ConvTranspose', (d, [x, w, bias], context) => {
  const { attributes, needs } = context;
  const [padBefore, padAfter] = intsAttribute(attributes, 'pads') as [number, number];
  const back = (): Value =>
    conv1d(d, w!, undefined, {
      dilation: intsAttribute(attributes, 'dilations')[0]!,
      stride: intsAttribute(attributes, 'strides')[0]!,
      padBefore,
      padAfter,
    });
  const mirrored = { ...context, needs: [false, true] };
  return [
    needs[0] ? back() : undefined,
    needs[1] ? gradRule('Conv')(x!, [d, w!], mirrored)[1] : undefined,
    // Over time first: one reduction over both axes takes twice as long on the CPU engine.
    bias && needs[2] ? reduceSum(reduceSum(d, [2]), [0]) : undefined,
  ];
});
