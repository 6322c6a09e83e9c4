import { shapeError, sizeOf, type Value } from '../graph.ts';
import { defineGrad, defineOp, type TensorType } from '../registry.ts';
import { add, cast, div, mul, scalarLike, sqrt, sub } from './elementwise.ts';
import { reduceMean, reduceSum } from './reduce.ts';
import { reshape } from './shape.ts';

/** Added to the variance by default, as in the published methods' implementations. */
export const NORM_EPSILON = 1e-5;

// LayerNormalization(x, scale, bias) over the last axis, with the mean and 1 / deviation of each row as further
// outputs. One kernel on ONNX Runtime; written out in eight operators it takes half as long again, backward included.
defineOp('LayerNormalization', {
  attributes: { axis: 'int', epsilon: 'float' },
  infer(inputs) {
    const [x, scale, bias] = inputs as [Value, Value, Value];
    const width = x.shape.at(-1);
    if (scale.shape.join() !== `${width}` || bias.shape.join() !== `${width}`)
      throw shapeError('LayerNormalization', inputs, 'scale and bias must have the extent of the last axis');
    // Statistics are in single precision whatever the precision of x (ONNX's stash_type).
    const row: TensorType = { dtype: 'float32', shape: [...x.shape.slice(0, -1), 1] };
    return [{ dtype: x.dtype, shape: x.shape }, row, row];
  },
});

const leadingAxes = (a: Value): number[] => a.shape.slice(0, -1).map((_, i) => i);

// With n = (x - mean) / deviation and g = d scale: dx = (g - mean(g) - n mean(g n)) / deviation.
defineGrad('LayerNormalization', (d, [x, scale, bias], { node, needs }) => {
  const [, mean, inverse] = node.outputs.map((o) => (o.dtype === d.dtype ? o : cast(o, d.dtype))) as Value[];
  const normalized = mul(sub(x!, mean!), inverse!);
  const constantOnes = x!.graph.constants.get(scale!)?.every((v) => Number(v) === 1) ?? false;
  const inner = (): Value => {
    const g = constantOnes ? d : mul(d, scale!);
    const centred = sub(g, reduceMean(g, [-1], true));
    return mul(sub(centred, mul(normalized, reduceMean(mul(g, normalized), [-1], true))), inverse!);
  };
  const axes = leadingAxes(x!);
  return [
    needs[0] ? inner() : undefined,
    scale && needs[1] ? reduceSum(mul(d, normalized), axes) : undefined,
    bias && needs[2] ? reduceSum(d, axes) : undefined,
  ];
});

/**
 * Layer normalisation (Ba et al. 2016): each row of the last axis to mean 0 and deviation 1, then scale and bias.
 * @param scale [width]; so `bias`
 */
export function layerNorm(x: Value, scale: Value, bias: Value, epsilon = NORM_EPSILON): Value {
  return x.graph.apply('LayerNormalization', [x, scale, bias], { axis: -1, epsilon })[0]!;
}

/** Each row of the last axis to mean 0 and deviation 1. */
export function standardize(x: Value, epsilon = NORM_EPSILON): Value {
  const width = x.shape.at(-1)!;
  const filled = (value: number): Value =>
    x.graph.constant(x.dtype, [width], new Array<number>(width).fill(value));
  return layerNorm(x, filled(1), filled(0), epsilon);
}

/** Scales each row of the last axis to a root mean square of 1, then by `scale` [width]; Zhang and Sennrich (2019). */
export function rmsNorm(x: Value, scale: Value, epsilon = NORM_EPSILON): Value {
  const meanSquare = reduceMean(mul(x, x), [-1], true);
  return mul(div(x, sqrt(add(meanSquare, scalarLike(x, epsilon)))), scale);
}

/**
 * Group normalisation (Wu and He 2018), channels first: each sample's channels in `groups` groups, each group to mean
 * 0 and deviation 1 over its channels and time, then scale and bias by channel. One group per channel is instance
 * normalisation. No statistics over the batch, so a sample is computed alone as in a batch.
 *
 * @param x [batch, channels, time]
 * @param scale [channels]; so `bias`
 * @throws FrontierError INTERNAL where the groups do not divide the channels
 */
export function groupNorm(
  x: Value,
  groups: number,
  scale: Value,
  bias: Value,
  epsilon = NORM_EPSILON,
): Value {
  const channels = x.shape[1] ?? 0;
  if (x.shape.length !== 3 || channels % groups !== 0)
    throw shapeError('groupNorm', [x], `wants [batch, channels, time] with channels in ${groups} groups`);
  const width = (sizeOf(x.shape.slice(1)) / groups) | 0;
  const rows = standardize(reshape(x, [-1, groups, width]), epsilon);
  const perChannel = (a: Value): Value => reshape(a, [channels, 1]);
  return add(mul(reshape(rows, [-1, channels, x.shape[2]!]), perChannel(scale)), perChannel(bias));
}
