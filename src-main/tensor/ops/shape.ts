import { apply, type Shape, shapeError, sizeOf, type Value } from '../graph.ts';
import { type Attributes, defineGrad, defineOp, intAttribute, intsAttribute } from '../registry.ts';
import { add, sumTo } from './elementwise.ts';

/** Gives the elements a new shape; one extent may be -1, and is then what is left over. */
export function reshape(a: Value, shape: Shape): Value {
  return apply('Reshape', [a], { shape });
}

/** Reorders axes: axis i of the result is axis `perm[i]` of `a`. Undoes a transposition instead of adding a second. */
export function transpose(a: Value, perm: readonly number[]): Value {
  const before = a.node?.op === 'Transpose' ? a.node : undefined;
  if (before) {
    const inner = intsAttribute(before.attributes, 'perm');
    if (perm.every((axis, i) => inner[axis] === i)) return before.inputs[0]!;
  }
  return apply('Transpose', [a], { perm });
}

/** Joins values along an axis. */
export const concat = (values: readonly Value[], axis: number): Value => apply('Concat', values, { axis });

/** Elements [start, end) of an axis, every `step`-th. */
export function slice(a: Value, axis: number, start: number, end: number, step = 1): Value {
  return apply('Slice', [a], { starts: [start], ends: [end], axes: [axis], steps: [step] });
}

/** Zeros before and after along one axis. */
export function padAxis(a: Value, axis: number, before: number, after: number): Value {
  if (before === 0 && after === 0) return a;
  const rank = a.shape.length;
  const pads = new Array<number>(2 * rank).fill(0);
  pads[axis] = before;
  pads[rank + axis] = after;
  return apply('Pad', [a], { pads });
}

/** Repeats along axes of extent 1 until the shape is reached. */
export const expand = (a: Value, shape: Shape): Value =>
  a.shape.join() === shape.join() ? a : apply('Expand', [a], { shape });

/** Cuts into parts of the given sizes along an axis. */
export function split(a: Value, sizes: readonly number[], axis: number): readonly Value[] {
  return a.graph.apply('Split', [a], { split: sizes, axis });
}

/** Elements of an axis picked by integer indices. */
export const gather = (a: Value, indices: Value, axis = 0): Value => apply('Gather', [a, indices], { axis });

/** Spaces the elements of an axis out with `step - 1` zeros after each: extent n becomes n * step. */
export function spaceOut(a: Value, axis: number, step: number): Value {
  if (step === 1) return a;
  const shape = [...a.shape];
  const inner = padAxis(
    reshape(a, [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)]),
    axis + 1,
    0,
    step - 1,
  );
  shape[axis]! *= step;
  return reshape(inner, shape);
}

function resolveReshape(a: Value, attributes: Attributes): Shape {
  const wanted = intsAttribute(attributes, 'shape');
  const known = sizeOf(wanted.filter((extent) => extent !== -1));
  const shape = wanted.map((extent) => (extent === -1 ? sizeOf(a.shape) / known : extent));
  const fits = wanted.filter((extent) => extent === -1).length <= 1 && sizeOf(shape) === sizeOf(a.shape);
  if (!fits || !shape.every(Number.isInteger)) throw shapeError('Reshape', [a], `to [${wanted}]`);
  return shape;
}

defineOp('Reshape', {
  attributes: { shape: 'input' },
  infer: ([a], attributes) => [{ dtype: a!.dtype, shape: resolveReshape(a!, attributes) }],
});
defineGrad('Reshape', (d, [a]) => [reshape(d, a!.shape)]);

defineOp('Transpose', {
  attributes: { perm: 'ints' },
  infer(inputs, attributes) {
    const [a] = inputs as [Value];
    const perm = intsAttribute(attributes, 'perm');
    const sorted = [...perm].sort((x, y) => x - y);
    if (perm.length !== a.shape.length || sorted.some((axis, i) => axis !== i)) {
      throw shapeError('Transpose', inputs, `perm [${perm}]`);
    }
    return [{ dtype: a.dtype, shape: perm.map((axis) => a.shape[axis]!) }];
  },
});
defineGrad('Transpose', (d, _, { attributes }) => {
  const perm = intsAttribute(attributes, 'perm');
  return [
    transpose(
      d,
      perm.map((_axis, i) => perm.indexOf(i)),
    ),
  ];
});

const axisOf = (a: Value, attributes: Attributes): number => {
  const axis = intAttribute(attributes, 'axis');
  return axis < 0 ? axis + a.shape.length : axis;
};

defineOp('Concat', {
  attributes: { axis: 'int' },
  infer(inputs, attributes) {
    const [first] = inputs as [Value];
    const axis = axisOf(first, attributes);
    const rest = (v: Value): string => v.shape.filter((_, i) => i !== axis).join();
    if (inputs.some((v) => rest(v) !== rest(first))) throw shapeError('Concat', inputs, `axis ${axis}`);
    const extent = inputs.reduce((sum, v) => sum + v.shape[axis]!, 0);
    return [{ dtype: first.dtype, shape: first.shape.map((e, i) => (i === axis ? extent : e)) }];
  },
});
defineGrad('Concat', (d, inputs, { attributes }) => {
  const axis = axisOf(inputs[0]!, attributes);
  return split(
    d,
    inputs.map((v) => v.shape[axis]!),
    axis,
  );
});

defineOp('Split', {
  attributes: { split: 'input', axis: 'int' },
  infer(inputs, attributes) {
    const [a] = inputs as [Value];
    const axis = axisOf(a, attributes);
    const sizes = intsAttribute(attributes, 'split');
    if (sizes.reduce((x, y) => x + y, 0) !== a.shape[axis]) throw shapeError('Split', inputs, `[${sizes}]`);
    return sizes.map((size) => ({ dtype: a.dtype, shape: a.shape.map((e, i) => (i === axis ? size : e)) }));
  },
});
defineGrad('Split', (_, [a], { node, outputGrads, attributes }) => {
  const parts = node.outputs.map((output, i) => {
    const zeros = (): Value => expand(a!.graph.scalar(0, a!.dtype), output.shape);
    return outputGrads[i] ?? zeros();
  });
  return [concat(parts, axisOf(a!, attributes))];
});

interface SliceRange {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

function sliceRange(a: Value, attributes: Attributes): SliceRange {
  const axis = intsAttribute(attributes, 'axes')[0]!;
  const start = intsAttribute(attributes, 'starts')[0]!;
  const end = intsAttribute(attributes, 'ends')[0]!;
  const step = intsAttribute(attributes, 'steps')[0]!;
  const extent = a.shape[axis] ?? 0;
  if (start < 0 || step < 1 || end > extent || start >= end) {
    throw shapeError('Slice', [a], `[${start}, ${end}) step ${step} of axis ${axis}`);
  }
  return { axis, start, step, count: Math.ceil((end - start) / step) };
}

defineOp('Slice', {
  attributes: { starts: 'input', ends: 'input', axes: 'input', steps: 'input' },
  infer([a], attributes) {
    const { axis, count } = sliceRange(a!, attributes);
    return [{ dtype: a!.dtype, shape: a!.shape.map((e, i) => (i === axis ? count : e)) }];
  },
});
defineGrad('Slice', (d, [a], { attributes }) => {
  const { axis, start, step, count } = sliceRange(a!, attributes);
  const left = a!.shape[axis]! - start;
  const spaced = spaceOut(d, axis, step);
  const fitted = count * step > left ? slice(spaced, axis, 0, left) : spaced;
  return [padAxis(fitted, axis, start, left - fitted.shape[axis]!)];
});

defineOp('Pad', {
  attributes: { pads: 'input' },
  infer(inputs, attributes) {
    const [a] = inputs as [Value];
    const pads = intsAttribute(attributes, 'pads');
    const rank = a.shape.length;
    if (pads.length !== 2 * rank || pads.some((p) => p < 0))
      throw shapeError('Pad', inputs, `pads [${pads}]`);
    return [{ dtype: a.dtype, shape: a.shape.map((e, i) => e + pads[i]! + pads[rank + i]!) }];
  },
});
defineGrad('Pad', (d, [a], { attributes }) => {
  const pads = intsAttribute(attributes, 'pads');
  let inner = d;
  a!.shape.forEach((extent, axis) => {
    if (inner.shape[axis] !== extent) inner = slice(inner, axis, pads[axis]!, pads[axis]! + extent);
  });
  return [inner];
});

defineOp('Expand', {
  attributes: { shape: 'input' },
  infer: ([a], attributes) => [{ dtype: a!.dtype, shape: intsAttribute(attributes, 'shape') }],
});
defineGrad('Expand', (d, [a]) => [sumTo(d, a!.shape)]);

defineOp('Gather', {
  attributes: { axis: 'int' },
  infer(inputs, attributes) {
    const [a, indices] = inputs as [Value, Value];
    if (indices.dtype !== 'int32' && indices.dtype !== 'int64') {
      throw shapeError('Gather', inputs, 'indices must be integers');
    }
    const axis = axisOf(a, attributes);
    const shape = [...a.shape.slice(0, axis), ...indices.shape, ...a.shape.slice(axis + 1)];
    return [{ dtype: a.dtype, shape }];
  },
});
defineGrad('Gather', (d, [a, indices], { attributes }) => {
  const axis = axisOf(a!, attributes);
  const data = a!.graph.constants.get(indices!);
  if (data) return [scatterConstant(d, a!, Array.from(data, Number), indices!.shape.length, axis), undefined];
  if (axis !== 0) throw shapeError('Gather', [a!, indices!], 'gradient on this axis needs constant indices');
  const zeros = expand(a!.graph.scalar(0, a!.dtype), a!.shape);
  return [scatterAdd(zeros, indices!, d), undefined];
});

/**
 * The gradient of picking with indices known at build time, without a scatter: element p of the input collects
 * the gradients of the places that picked it, so its m-th such place is gathered for all p at once (an extra
 * zero stands for "none") and the few results are added. Scatter kernels work element by element; this copies rows.
 */
function scatterConstant(d: Value, a: Value, indices: readonly number[], rank: number, axis: number): Value {
  const extent = a.shape[axis]!;
  const places = Array.from({ length: extent }, (): number[] => []);
  for (const [place, index] of indices.entries()) places[index < 0 ? index + extent : index]!.push(place);
  const outer = d.shape.slice(0, axis);
  const flat = reshape(d, [...outer, indices.length, ...d.shape.slice(axis + rank)]);
  const rounds = Math.max(...places.map((p) => p.length));
  const padded = places.every((p) => p.length === rounds) ? flat : padAxis(flat, axis, 0, 1);
  let sum: Value | undefined;
  for (let round = 0; round < rounds; round++) {
    const picks = places.map((p) => p[round] ?? indices.length);
    const part = gather(padded, a.graph.constant('int32', [extent], picks), axis);
    sum = sum ? add(sum, part) : part;
  }
  return sum!;
}

/**
 * Adds rows to the places of `a` that integer indices name; rows for the same place add up.
 * @param indices [count], along the first axis
 * @param rows [count, ...the extents of `a` after the first]
 */
export const scatterAdd = (a: Value, indices: Value, rows: Value): Value =>
  apply('ScatterND', [a, reshape(indices, [...indices.shape, 1]), rows], { reduction: 'add' });

defineOp('ScatterND', {
  attributes: { reduction: 'string' },
  infer: ([a]) => [{ dtype: a!.dtype, shape: a!.shape }],
});
defineGrad('ScatterND', (d, [, indices], { needs }) => [
  d,
  undefined,
  needs[2] ? gather(d, reshape(indices!, indices!.shape.slice(0, -1))) : undefined,
]);
