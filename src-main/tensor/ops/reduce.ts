import { apply, type Shape, shapeError, sizeOf, type Value } from '../graph.ts';
import { type Attributes, defineGrad, defineOp, intAttribute, intsAttribute } from '../registry.ts';
import { div, exp, log, max, mul, scalarLike, sub } from './elementwise.ts';
import { expand, reshape } from './shape.ts';

function positiveAxes(op: string, input: Value, attributes: Attributes): readonly number[] {
  const rank = input.shape.length;
  const axes = intsAttribute(attributes, 'axes').map((axis) => (axis < 0 ? axis + rank : axis));
  if (axes.some((axis) => axis < 0 || axis >= rank)) throw shapeError(op, [input], `axes [${axes}]`);
  return axes;
}

function reducedShape(shape: Shape, axes: readonly number[], keep: boolean): Shape {
  return shape.flatMap((extent, i) => (axes.includes(i) ? (keep ? [1] : []) : [extent]));
}

function defineReduction(op: string, axesKind: 'input' | 'ints'): void {
  // ReduceSum takes its axes as an input since operator set 13, the others only since 18.
  defineOp(op, {
    attributes: { axes: axesKind, keepdims: 'int' },
    infer(inputs, attributes) {
      const [a] = inputs as [Value];
      const axes = positiveAxes(op, a, attributes);
      return [
        { dtype: a.dtype, shape: reducedShape(a.shape, axes, intAttribute(attributes, 'keepdims') === 1) },
      ];
    },
  });
}
defineReduction('ReduceSum', 'input');
defineReduction('ReduceMean', 'ints');
defineReduction('ReduceMax', 'ints');

const allAxes = (a: Value): number[] => a.shape.map((_, i) => i);

/** Sum over axes (default all). */
export const reduceSum = (a: Value, axes: readonly number[] = allAxes(a), keep = false): Value =>
  apply('ReduceSum', [a], { axes, keepdims: keep ? 1 : 0 });

/** Mean over axes (default all). */
export const reduceMean = (a: Value, axes: readonly number[] = allAxes(a), keep = false): Value =>
  apply('ReduceMean', [a], { axes, keepdims: keep ? 1 : 0 });

/** Largest element over axes. */
export const reduceMax = (a: Value, axes: readonly number[] = allAxes(a), keep = false): Value =>
  apply('ReduceMax', [a], { axes, keepdims: keep ? 1 : 0 });

/** Spreads the gradient of a reduction back over the reduced axes. */
function spread(d: Value, a: Value, axes: readonly number[]): Value {
  const kept = reducedShape(a.shape, axes, true);
  return expand(d.shape.join() === kept.join() ? d : reshape(d, kept), a.shape);
}

defineGrad('ReduceSum', (d, [a], { attributes }) => [
  spread(d, a!, positiveAxes('ReduceSum', a!, attributes)),
]);
defineGrad('ReduceMean', (d, [a], { attributes, output }) => {
  const count = sizeOf(a!.shape) / sizeOf(output.shape);
  const scaled = mul(d, scalarLike(d, 1 / count));
  return [spread(scaled, a!, positiveAxes('ReduceMean', a!, attributes))];
});

defineOp('Softmax', {
  attributes: { axis: 'int' },
  infer: ([a]) => [{ dtype: a!.dtype, shape: a!.shape }],
});

/** exp(a) normalised to sum 1 along `axis`. */
export const softmax = (a: Value, axis = -1): Value => apply('Softmax', [a], { axis });

// d/dx softmax = s (d - sum(d s)), the product of the Jacobian diag(s) - s s' with d.
defineGrad('Softmax', (d, _, { output, attributes }) => {
  const weighted = reduceSum(mul(d, output), [intAttribute(attributes, 'axis')], true);
  return [mul(output, sub(d, weighted))];
});

/**
 * Mean squared error: mean((prediction - target)^2).
 * @param axes to average over, default all; so for the other losses
 */
export function meanSquaredError(prediction: Value, target: Value, axes?: readonly number[]): Value {
  const residual = sub(prediction, target);
  return reduceMean(mul(residual, residual), axes);
}

/** Mean absolute error. */
export function meanAbsoluteError(prediction: Value, target: Value, axes?: readonly number[]): Value {
  return reduceMean(apply('Abs', [sub(prediction, target)]), axes);
}

/**
 * Huber's (1964) loss: r^2/2 for |r| <= delta, delta (|r| - delta/2) beyond, averaged.
 * Written as c (|r| - c/2) with c = min(|r|, delta), which needs no branch.
 */
export function huberLoss(prediction: Value, target: Value, delta = 1, axes?: readonly number[]): Value {
  const size = apply('Abs', [sub(prediction, target)]);
  const clipped = apply('Min', [size, scalarLike(size, delta)]);
  return reduceMean(mul(clipped, sub(size, mul(clipped, scalarLike(size, 0.5)))), axes);
}

/**
 * Quantile (pinball) loss of Koenker and Bassett (1978): mean(max(q r, (q - 1) r)), r = target - prediction.
 * @param quantiles one level in (0, 1) per output column
 */
export function quantileLoss(
  prediction: Value,
  target: Value,
  quantiles: readonly number[],
  axes?: readonly number[],
): Value {
  const residual = sub(target, prediction);
  const upper = residual.graph.constant(residual.dtype, [quantiles.length], quantiles);
  const lower = residual.graph.constant(
    residual.dtype,
    [quantiles.length],
    quantiles.map((q) => q - 1),
  );
  return reduceMean(max(mul(residual, upper), mul(residual, lower)), axes);
}

/** Cross-entropy of logits [batch, classes] against a distribution of the same shape, averaged over the batch. */
export function softmaxCrossEntropy(logits: Value, target: Value): Value {
  // The maximum is subtracted for stability only; the loss does not depend on it, so no gradient flows into it.
  const shifted = sub(logits, stopGradient(reduceMax(logits, [-1], true)));
  const logNormaliser = log(reduceSum(exp(shifted), [-1], true));
  const perRow = reduceSum(mul(target, sub(logNormaliser, shifted)), [-1], false);
  return div(reduceSum(perRow), scalarLike(perRow, perRow.shape[0] ?? 1));
}

defineOp('StopGradient', {
  attributes: {},
  infer: ([a]) => [{ dtype: a!.dtype, shape: a!.shape }],
});
defineGrad('StopGradient', () => [undefined]);

/** Passes a value on and lets no gradient back; emitted as Identity. */
export const stopGradient = (a: Value): Value => apply('StopGradient', [a]);
