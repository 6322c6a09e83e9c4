import { apply, type DataType, type Shape, shapeError, sizeOf, type Value } from '../graph.ts';
import { defineGrad, defineOp, type GradRule } from '../registry.ts';
import { reduceSum } from './reduce.ts';
import { reshape } from './shape.ts';

/**
 * Shape of two operands after ONNX (NumPy) broadcasting.
 * @returns undefined where the shapes do not fit
 */
export function broadcastShape(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    out.push(x === 1 ? y : x);
  }
  return out;
}

/** Sums a gradient over the axes along which its operand was broadcast, back to the operand's shape. */
export function sumTo(d: Value, shape: Shape): Value {
  if (d.shape.join() === shape.join()) return d;
  const lead = d.shape.length - shape.length;
  const axes = d.shape.flatMap((extent, i) =>
    i < lead || (shape[i - lead] === 1 && extent !== 1) ? [i] : [],
  );
  const summed = axes.length === 0 ? d : (sumOfRows(d, axes) ?? reduceSum(d, axes, false));
  return summed.shape.join() === shape.join() ? summed : reshape(summed, shape);
}

/** Rows up to which a constant of ones is stored in the graph, and columns from which the product is worth it. */
const MOST_ROWS = 65_536;
const LEAST_COLUMNS = 16;

/**
 * The sum over the leading axes as a product with a row of ones. Over 256 rows of 256 columns ReduceSum took 55 us on
 * the CPU engine and this 6 us, over 4096 rows of 64 columns 33 us and 15 us.
 */
function sumOfRows(d: Value, axes: readonly number[]): Value | undefined {
  if (axes.some((axis, i) => axis !== i) || axes.length === d.shape.length) return undefined;
  const rows = sizeOf(d.shape.slice(0, axes.length));
  const columns = sizeOf(d.shape.slice(axes.length));
  if (rows > MOST_ROWS || columns < LEAST_COLUMNS) return undefined;
  const ones = d.graph.constant(d.dtype, [1, rows], new Array<number>(rows).fill(1));
  return reshape(apply('MatMul', [ones, reshape(d, [rows, columns])]), d.shape.slice(axes.length));
}

function defineBinary(op: string, result?: DataType): void {
  defineOp(op, {
    attributes: {},
    infer(inputs) {
      const [a, b] = inputs as [Value, Value];
      const shape = broadcastShape(a.shape, b.shape);
      if (!shape) throw shapeError(op, inputs, 'shapes do not broadcast');
      if (a.dtype !== b.dtype) throw shapeError(op, inputs, 'element types differ');
      return [{ dtype: result ?? a.dtype, shape }];
    },
  });
}

function defineUnary(op: string, grad?: GradRule, attributes: Record<string, 'float'> = {}): void {
  defineOp(op, { attributes, infer: ([a]) => [{ dtype: a!.dtype, shape: a!.shape }] });
  if (grad) defineGrad(op, grad);
}

export const add = (a: Value, b: Value): Value => apply('Add', [a, b]);
export const sub = (a: Value, b: Value): Value => apply('Sub', [a, b]);
export const mul = (a: Value, b: Value): Value => apply('Mul', [a, b]);
export const div = (a: Value, b: Value): Value => apply('Div', [a, b]);
/** Elementwise larger (smaller) of two; at a tie the gradient goes to the second operand. */
export const max = (a: Value, b: Value): Value => apply('Max', [a, b]);
export const min = (a: Value, b: Value): Value => apply('Min', [a, b]);
export const greater = (a: Value, b: Value): Value => apply('Greater', [a, b]);
export const less = (a: Value, b: Value): Value => apply('Less', [a, b]);
export const equal = (a: Value, b: Value): Value => apply('Equal', [a, b]);
export const where = (condition: Value, a: Value, b: Value): Value => apply('Where', [condition, a, b]);
export const neg = (a: Value): Value => apply('Neg', [a]);
export const exp = (a: Value): Value => apply('Exp', [a]);
export const log = (a: Value): Value => apply('Log', [a]);
export const sqrt = (a: Value): Value => apply('Sqrt', [a]);
export const abs = (a: Value): Value => apply('Abs', [a]);
export const sign = (a: Value): Value => apply('Sign', [a]);
/** Sine and cosine have no fast kernel on the CPU engine (20 times an exponential): for small tensors. */
export const sin = (a: Value): Value => apply('Sin', [a]);
export const cos = (a: Value): Value => apply('Cos', [a]);
export const erf = (a: Value): Value => apply('Erf', [a]);
export const relu = (a: Value): Value => apply('Relu', [a]);
export const leakyRelu = (a: Value, alpha = 0.01): Value => apply('LeakyRelu', [a], { alpha });
export const tanh = (a: Value): Value => apply('Tanh', [a]);
export const sigmoid = (a: Value): Value => apply('Sigmoid', [a]);
export const cast = (a: Value, to: DataType): Value => apply('Cast', [a], { to });

/** A scalar constant of the same element type and graph as `like`. */
export const scalarLike = (like: Value, value: number): Value => like.graph.scalar(value, like.dtype);

/** a^2; the gradient of a product of a value with itself is one product. */
export const square = (a: Value): Value => mul(a, a);

/** Limits to [low, high]; no gradient flows where the limit holds. */
export const clip = (a: Value, low: number, high: number): Value =>
  min(max(a, scalarLike(a, low)), scalarLike(a, high));

/**
 * 1 where `a` > `b`, else 0, as the operand's type. Greater and Cast are vectorised in ONNX Runtime's CPU
 * kernels; Where with a scalar branch took 2.5 times as long and Sign 4 times.
 */
export const indicator = (a: Value, b: Value): Value => cast(greater(a, b), a.dtype);

for (const op of ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min']) defineBinary(op);
for (const op of ['Greater', 'Less', 'Equal']) defineBinary(op, 'bool');

defineGrad('Add', (d, [a, b]) => [sumTo(d, a!.shape), sumTo(d, b!.shape)]);
defineGrad('Sub', (d, [a, b], { needs }) => [
  sumTo(d, a!.shape),
  needs[1] ? neg(sumTo(d, b!.shape)) : undefined,
]);
defineGrad('Mul', (d, [a, b], { needs }) => {
  if (a === b) return [mul(mul(d, scalarLike(d, 2)), a!)];
  return [
    needs[0] ? sumTo(mul(d, b!), a!.shape) : undefined,
    needs[1] ? sumTo(mul(d, a!), b!.shape) : undefined,
  ];
});
defineGrad('Div', (d, [a, b], { needs, output }) => {
  const da = div(d, b!);
  return [sumTo(da, a!.shape), needs[1] ? neg(sumTo(mul(da, output), b!.shape)) : undefined];
});
const selectGrad =
  (test: (a: Value, b: Value) => Value): GradRule =>
  (d, [a, b]) => {
    const first = mul(d, test(a!, b!));
    return [sumTo(first, a!.shape), sumTo(sub(d, first), b!.shape)];
  };
defineGrad('Max', selectGrad(indicator));
defineGrad(
  'Min',
  selectGrad((a, b) => cast(less(a, b), a.dtype)),
);

defineOp('Where', {
  attributes: {},
  infer(inputs) {
    const [condition, a, b] = inputs as [Value, Value, Value];
    const branches = broadcastShape(a.shape, b.shape);
    const shape = branches && broadcastShape(condition.shape, branches);
    if (!shape) throw shapeError('Where', inputs, 'shapes do not broadcast');
    return [{ dtype: a.dtype, shape }];
  },
});
defineGrad('Where', (d, [condition, a, b]) => {
  const first = mul(d, cast(condition!, d.dtype));
  return [undefined, sumTo(first, a!.shape), sumTo(sub(d, first), b!.shape)];
});

defineUnary('Identity', (d) => [d]);
defineUnary('Neg', (d) => [neg(d)]);
defineUnary('Exp', (d, _, { output }) => [mul(d, output)]);
defineUnary('Log', (d, [a]) => [div(d, a!)]);
defineUnary('Sqrt', (d, _, { output }) => [div(mul(d, scalarLike(d, 0.5)), output)]);
defineUnary('Abs', (d, [a]) => [mul(d, sign(a!))]);
// Zero wherever it is defined.
defineUnary('Sign', () => [undefined]);
defineUnary('Sin', (d, [a]) => [mul(d, cos(a!))]);
defineUnary('Cos', (d, [a]) => [neg(mul(d, sin(a!)))]);
defineUnary('Erf', (d, [a]) => {
  const slope = mul(exp(neg(mul(a!, a!))), scalarLike(d, 2 / Math.sqrt(Math.PI)));
  return [mul(d, slope)];
});
// The output has the sign of the input, so the input need not be kept alive for the backward pass.
defineUnary('Relu', (d, _, { output }) => [mul(d, indicator(output, scalarLike(output, 0)))]);
defineUnary(
  'LeakyRelu',
  (d, [a], { attributes }) => {
    const alpha = attributes.alpha as number;
    const positive = mul(indicator(a!, scalarLike(a!, 0)), scalarLike(d, 1 - alpha));
    return [mul(d, add(positive, scalarLike(d, alpha)))];
  },
  { alpha: 'float' },
);
defineUnary('Tanh', (d, _, { output }) => [mul(d, sub(scalarLike(d, 1), mul(output, output)))]);
defineUnary('Sigmoid', (d, _, { output }) => [mul(d, mul(output, sub(scalarLike(d, 1), output)))]);

defineOp('Cast', {
  attributes: { to: 'dtype' },
  infer: ([a], { to }) => [{ dtype: to as DataType, shape: a!.shape }],
});
const isFloat = (dtype: DataType): boolean => dtype === 'float32' || dtype === 'float64';
defineGrad('Cast', (d, [a]) => [isFloat(a!.dtype) ? cast(d, a!.dtype) : undefined]);
