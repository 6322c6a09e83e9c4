import { apply, type Shape, shapeError, sizeOf, type Value } from '../graph.ts';
import { type Attributes, defineGrad, defineOp, intAttribute, intsAttribute } from '../registry.ts';
import { cast, div, equal, mul, scalarLike } from './elementwise.ts';
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

// Elements that tie for the largest share its gradient.
defineGrad('ReduceMax', (d, [a], { attributes, output }) => {
  const axes = positiveAxes('ReduceMax', a!, attributes);
  const kept = reducedShape(a!.shape, axes, true);
  const hits = cast(equal(a!, reshape(output, kept)), d.dtype);
  return [mul(hits, div(reshape(d, kept), reduceSum(hits, axes, true)))];
});

defineOp('CumSum', {
  attributes: { axis: 'input', exclusive: 'int', reverse: 'int' },
  infer: ([a]) => [{ dtype: a!.dtype, shape: a!.shape }],
});

/** Running sum along an axis; `reverse` sums from the end. */
export const cumulativeSum = (a: Value, axis: number, reverse = false): Value =>
  apply('CumSum', [a], { axis: [axis], exclusive: 0, reverse: reverse ? 1 : 0 });

defineGrad('CumSum', (d, _, { attributes }) => {
  const reverse = intAttribute(attributes, 'reverse') === 1;
  return [cumulativeSum(d, intsAttribute(attributes, 'axis')[0]!, !reverse)];
});

defineOp('StopGradient', {
  attributes: {},
  infer: ([a]) => [{ dtype: a!.dtype, shape: a!.shape }],
});
defineGrad('StopGradient', () => [undefined]);

/** Passes a value on and lets no gradient back; emitted as Identity. */
export const stopGradient = (a: Value): Value => apply('StopGradient', [a]);
