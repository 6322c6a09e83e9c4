import { apply, shapeError, type Value } from '../graph.ts';
import { type Attributes, defineGrad, defineOp } from '../registry.ts';
import { broadcastShape, mul, scalarLike, sumTo } from './elementwise.ts';
import { reshape, transpose } from './shape.ts';

/** Matrix product of the last two axes; leading axes broadcast. */
export const matmul = (a: Value, b: Value): Value => apply('MatMul', [a, b]);

export interface GemmOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
}

/** a b (+ c) of matrices, either transposed on request; c broadcasts to the result. */
export function gemm(a: Value, b: Value, c?: Value, options: GemmOptions = {}): Value {
  const attributes = { transA: options.transA ? 1 : 0, transB: options.transB ? 1 : 0 };
  return apply('Gemm', c ? [a, b, c] : [a, b], attributes);
}

/** Transposes the matrices of the last two axes. */
export const swapLast = (a: Value): Value => {
  const perm = a.shape.map((_, i) => i);
  const last = perm.length - 1;
  [perm[last], perm[last - 1]] = [perm[last - 1]!, perm[last]!];
  return transpose(a, perm);
};

defineOp('MatMul', {
  attributes: {},
  infer(inputs) {
    const [a, b] = inputs as [Value, Value];
    if (a.shape.length < 2 || b.shape.length < 2) throw shapeError('MatMul', inputs, 'needs matrices');
    const lead = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    if (!lead || a.shape.at(-1) !== b.shape.at(-2)) throw shapeError('MatMul', inputs, 'extents differ');
    return [{ dtype: a.dtype, shape: [...lead, a.shape.at(-2)!, b.shape.at(-1)!] }];
  },
});
defineGrad('MatMul', (d, [a, b], { needs }) => {
  const da = needs[0] ? sumTo(matmul(d, swapLast(b!)), a!.shape) : undefined;
  if (!needs[1]) return [da, undefined];
  // A weight matrix shared by all leading axes: one tall product instead of a product and a sum over the batch.
  const shared = b!.shape.length === 2 && a!.shape.length > 2;
  const db = shared
    ? gemm(reshape(a!, [-1, a!.shape.at(-1)!]), reshape(d, [-1, d.shape.at(-1)!]), undefined, {
        transA: true,
      })
    : sumTo(matmul(swapLast(a!), d), b!.shape);
  return [da, db];
});

const transposed = (attributes: Attributes, name: string): boolean => attributes[name] === 1;

defineOp('Gemm', {
  attributes: { transA: 'int', transB: 'int' },
  infer(inputs, attributes) {
    const [a, b, c] = inputs as [Value, Value, Value | undefined];
    if (a.shape.length !== 2 || b.shape.length !== 2) throw shapeError('Gemm', inputs, 'needs matrices');
    const [m, k] = transposed(attributes, 'transA') ? [a.shape[1], a.shape[0]] : a.shape;
    const [k2, n] = transposed(attributes, 'transB') ? [b.shape[1], b.shape[0]] : b.shape;
    const shape = [m!, n!];
    const biasFits = !c || broadcastShape(c.shape, shape)?.join() === shape.join();
    if (k !== k2 || !biasFits) throw shapeError('Gemm', inputs, 'extents differ');
    return [{ dtype: a.dtype, shape }];
  },
});
defineGrad('Gemm', (d, [a, b, c], { attributes, needs }) => {
  const transA = transposed(attributes, 'transA');
  const transB = transposed(attributes, 'transB');
  const da = (): Value =>
    transA
      ? gemm(b!, d, undefined, { transA: transB, transB: true })
      : gemm(d, b!, undefined, { transB: !transB });
  const db = (): Value =>
    transB
      ? gemm(d, a!, undefined, { transA: true, transB: transA })
      : gemm(a!, d, undefined, { transA: !transA });
  return [
    needs[0] ? da() : undefined,
    needs[1] ? db() : undefined,
    c && needs[2] ? sumTo(d, c.shape) : undefined,
  ];
});

/** Multiplies by a plain number. */
export const scale = (a: Value, factor: number): Value => mul(a, scalarLike(a, factor));
