import fc from 'fast-check';
import { channelBlockOf } from '../../src-main/tensor/channel-block.ts';
import type { EngineSession, HostTensor } from '../../src-main/tensor/engine.ts';
import { cpuEngine } from '../../src-main/tensor/engines/cpu.ts';
import { type DataType, Graph, type Shape, sizeOf, type Value } from '../../src-main/tensor/graph.ts';
import { emitModel } from '../../src-main/tensor/onnx/emit.ts';
import * as ops from '../../src-main/tensor/ops/index.ts';

/** One random instance of an operator: the shapes of its differentiable inputs and what to compute from them. */
export interface OpInstance {
  readonly shapes: readonly Shape[];
  readonly forward: (values: readonly Value[]) => Value;
  readonly label: string;
}

export interface OpCase {
  /** The row of the operator table that the case is for. */
  readonly op: string;
  readonly name: string;
  /** float32 where ONNX Runtime's CPU provider has no double kernel. */
  readonly dtype: 'float32' | 'float64';
  /** Draws inputs from (0.2, 2.2) only, for logarithms, roots and divisors. */
  readonly positive: boolean;
  /** Draws values that all differ by 0.1 and more, for operators that choose the largest. */
  readonly distinct: boolean;
  readonly instances: fc.Arbitrary<OpInstance>;
}

const extent = fc.integer({ min: 1, max: 4 });
const shapeOf = (min: number, max: number): fc.Arbitrary<number[]> =>
  fc.array(extent, { minLength: min, maxLength: max });

/** Two shapes that broadcast: axes of either set to 1 at random, leading axes of the second dropped. */
const broadcastPair = fc
  .tuple(shapeOf(1, 3), fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 3, maxLength: 3 }), fc.nat(2))
  .map(([shape, mask, drop]): [number[], number[]] => [
    shape.map((e, i) => (mask[i] === 0 ? 1 : e)),
    shape.map((e, i) => (mask[i] === 1 ? 1 : e)).slice(Math.min(drop, shape.length - 1)),
  ]);

interface Options {
  readonly dtype?: 'float32';
  readonly positive?: true;
  readonly distinct?: true;
  readonly name?: string;
}

function opCase(op: string, instances: fc.Arbitrary<OpInstance>, options: Options = {}): OpCase {
  const { dtype = 'float64', positive = false, distinct = false, name = op } = options;
  return { op, name, dtype, positive, distinct, instances };
}

const unary = (op: string, f: (a: Value) => Value, options: Options = {}): OpCase =>
  opCase(
    op,
    shapeOf(0, 3).map((shape) => ({ shapes: [shape], forward: ([a]) => f(a!), label: `${op} [${shape}]` })),
    options,
  );

const binary = (op: string, f: (a: Value, b: Value) => Value, options: Options = {}): OpCase =>
  opCase(
    op,
    broadcastPair.map(([a, b]) => ({
      shapes: [a, b],
      forward: ([x, y]) => f(x!, y!),
      label: `${op} [${a}] [${b}]`,
    })),
    options,
  );

/** A shape with one of its axes. */
const withAxis = fc
  .tuple(shapeOf(1, 3), fc.nat(2))
  .map(([shape, axis]) => ({ shape, axis: Math.min(axis, shape.length - 1) }));

const reduction = (
  op: string,
  f: (a: Value, axes: readonly number[], keep: boolean) => Value,
  options: Options = {},
): OpCase =>
  opCase(
    op,
    fc.tuple(withAxis, fc.boolean(), fc.boolean()).map(([{ shape, axis }, all, keep]) => {
      const axes = all ? shape.map((_, i) => i) : [axis];
      return {
        shapes: [shape],
        forward: ([a]) => f(a!, axes, keep),
        label: `${op} [${shape}] axes ${axes} ${keep}`,
      };
    }),
    options,
  );

const size = fc.integer({ min: 1, max: 4 });

const convolution = fc
  .record({
    batch: size,
    inputs: size,
    outputs: size,
    taps: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    extra: fc.nat(4),
    before: fc.nat(6),
    after: fc.nat(6),
    bias: fc.boolean(),
  })
  .map((c): OpInstance => {
    const reach = (c.taps - 1) * c.dilation;
    const options = {
      dilation: c.dilation,
      stride: c.stride,
      padBefore: Math.min(c.before, reach),
      padAfter: Math.min(c.after, reach),
    };
    const shapes = [
      [c.batch, c.inputs, reach + 1 + c.extra],
      [c.outputs, c.inputs, c.taps],
    ];
    return {
      shapes: c.bias ? [...shapes, [c.outputs]] : shapes,
      forward: ([x, w, b]) => ops.conv1d(x!, w!, b, options),
      label: `Conv ${JSON.stringify(c)}`,
    };
  });

const transposedConvolution = fc
  .record({
    batch: size,
    inputs: size,
    outputs: size,
    taps: fc.integer({ min: 1, max: 4 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    time: fc.integer({ min: 1, max: 4 }),
    before: fc.nat(4),
    after: fc.nat(4),
    extra: fc.nat(2),
    bias: fc.boolean(),
  })
  .map((c): OpInstance => {
    const reach = (c.taps - 1) * c.dilation;
    const full = (c.time - 1) * c.stride + reach + 1;
    const cropBefore = Math.min(c.before, reach, full - 1);
    const options = {
      dilation: c.dilation,
      stride: c.stride,
      cropBefore,
      cropAfter: Math.min(c.after, reach, full - 1 - cropBefore),
      outputPadding: Math.min(c.extra, c.stride - 1),
    };
    const shapes = [
      [c.batch, c.inputs, c.time],
      [c.inputs, c.outputs, c.taps],
    ];
    return {
      shapes: c.bias ? [...shapes, [c.outputs]] : shapes,
      forward: ([x, w, b]) => ops.convTranspose1d(x!, w!, b, options),
      label: `ConvTranspose ${JSON.stringify(c)}`,
    };
  });

const sliceInstance = fc
  .tuple(withAxis, fc.nat(3), fc.nat(3), fc.integer({ min: 1, max: 3 }))
  .map(([{ shape, axis }, from, length, step]): OpInstance => {
    const start = Math.min(from, shape[axis]! - 1);
    const end = Math.min(start + 1 + length, shape[axis]!);
    const label = `Slice [${shape}] axis ${axis} ${start}:${end}:${step}`;
    return { shapes: [shape], forward: ([a]) => ops.slice(a!, axis, start, end, step), label };
  });

const gatherInstance = fc
  .tuple(withAxis, fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }))
  .map(([{ shape, axis }, picks]): OpInstance => {
    const indices = picks.map((pick) => Math.min(pick, shape[axis]! - 1));
    const forward = ([a]: readonly Value[]): Value =>
      ops.gather(a!, a!.graph.constant('int32', [indices.length], indices), axis);
    return { shapes: [shape], forward, label: `Gather [${shape}] axis ${axis} ${indices}` };
  });

/** Indices that the graph computes, so that the gradient cannot use their values. */
const gatherComputed = fc
  .tuple(shapeOf(1, 3), fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }))
  .map(([shape, picks]): OpInstance => {
    const indices = picks.map((pick) => Math.min(pick, shape[0]! - 1));
    const forward = ([a]: readonly Value[]): Value => {
      const constant = a!.graph.constant('int64', [indices.length], indices);
      return ops.gather(a!, ops.add(constant, a!.graph.scalar(0, 'int64')), 0);
    };
    return { shapes: [shape], forward, label: `Gather [${shape}] computed ${indices}` };
  });

const matmulInstance = fc
  .tuple(size, size, size, fc.constantFrom('plain', 'shared', 'batched', 'broadcast'), size)
  .map(([m, k, n, kind, batch]): OpInstance => {
    const a = kind === 'plain' ? [m, k] : [batch, m, k];
    const b = kind === 'batched' ? [batch, k, n] : kind === 'broadcast' ? [1, k, n] : [k, n];
    return { shapes: [a, b], forward: ([x, y]) => ops.matmul(x!, y!), label: `MatMul [${a}] [${b}]` };
  });

const gemmInstance = fc
  .tuple(size, size, size, fc.boolean(), fc.boolean(), fc.constantFrom('none', 'row', 'full'))
  .map(([m, k, n, transA, transB, bias]): OpInstance => {
    const shapes = [transA ? [k, m] : [m, k], transB ? [n, k] : [k, n]];
    if (bias !== 'none') shapes.push(bias === 'row' ? [n] : [m, n]);
    const forward = ([a, b, c]: readonly Value[]): Value => ops.gemm(a!, b!, c, { transA, transB });
    return { shapes, forward, label: `Gemm ${shapes.join(' ')} ${transA} ${transB}` };
  });

/** Two operands of one shape [rows, columns]. */
function binarySame(name: string, f: (a: Value, b: Value) => Value, options: Options = {}): OpCase {
  const instances = shapeOf(2, 2).map(
    (shape): OpInstance => ({
      shapes: [shape, shape],
      forward: ([a, b]) => f(a!, b!),
      label: `${name} [${shape}]`,
    }),
  );
  return opCase('loss', instances, { ...options, name });
}

const support = { low: -2, high: 3, bins: 6 };

/** Two Gaussians, or one against the standard normal distribution. */
const gaussians = fc.tuple(shapeOf(2, 2), fc.boolean()).map(
  ([shape, two]): OpInstance => ({
    shapes: Array.from({ length: two ? 4 : 2 }, () => shape),
    forward: ([mean, logVariance, mean2, logVariance2]) =>
      ops.gaussianDivergence(
        { mean: mean!, logVariance: logVariance! },
        two ? { mean: mean2!, logVariance: logVariance2! } : undefined,
        two ? undefined : [],
      ),
    label: `gaussianDivergence [${shape}] ${two}`,
  }),
);

const losses: readonly OpCase[] = [
  binarySame('meanSquaredError', ops.meanSquaredError),
  binarySame('meanAbsoluteError', ops.meanAbsoluteError),
  binarySame('huberLoss', (a, b) => ops.huberLoss(a, b, 0.75)),
  binarySame('quantileLoss', (a, b) => ops.quantileLoss(a, b, Array(b.shape[1]!).fill(0.1))),
  binarySame('softmaxCrossEntropy', ops.softmaxCrossEntropy),
  binarySame('softmaxCrossEntropy by row', (a, b) => ops.softmaxCrossEntropy(a, b, [])),
  binarySame('binaryCrossEntropy', (a, b) => ops.binaryCrossEntropy(a, b, [1])),
  binarySame('categoricalDivergence', ops.categoricalDivergence),
  opCase('loss', gaussians, { name: 'gaussianDivergence' }),
  opCase(
    'loss',
    fc.tuple(extent, size).map(([rows, columns]) => ({
      shapes: [[rows, columns, support.bins]],
      forward: ([logits]) => ops.expectedValue(logits!, support),
      label: `expectedValue ${rows} ${columns}`,
    })),
    { name: 'expectedValue' },
  ),
  unary('loss', (a) => ops.transformValue(a, 0.01), { name: 'transformValue' }),
  unary('loss', (a) => ops.untransformValue(a, 0.01), { name: 'untransformValue' }),
];

const pooling = fc
  .record({ batch: size, channels: size, size, stride: size, extra: fc.nat(6), plain: fc.boolean() })
  // Plain ones are windows side by side, of which half fill the series.
  .map((c) => {
    const extra = c.plain && c.extra % 2 === 0 ? c.size * (c.extra / 2) : c.extra;
    return { ...c, shape: [c.batch, c.channels, c.size + extra] };
  });

const poolCase = (op: string, f: typeof ops.maxPool1d, options: Options): OpCase =>
  opCase(
    op,
    pooling.map((c) => ({
      shapes: [c.shape],
      forward: ([x]) => f(x!, c.plain ? { size: c.size } : c),
      label: `${op} ${JSON.stringify(c)}`,
    })),
    options,
  );

/** A large epsilon: finite differences in single precision need a step at which rows of near values curve. */
const layerNormInstance = fc
  .tuple(shapeOf(1, 2), fc.integer({ min: 3, max: 6 }))
  .map(([lead, width]): OpInstance => {
    const forward = ([x, scale, bias]: readonly Value[]): Value => ops.layerNorm(x!, scale!, bias!, 0.5);
    return { shapes: [[...lead, width], [width], [width]], forward, label: `layerNorm [${lead},${width}]` };
  });

const groupNormInstance = fc
  .record({ batch: size, groups: size, per: size, time: fc.integer({ min: 3, max: 5 }) })
  .map(({ batch, groups, per, time }): OpInstance => {
    const channels = groups * per;
    const forward = ([x, scale, bias]: readonly Value[]): Value =>
      ops.groupNorm(x!, groups, scale!, bias!, 0.5);
    const label = `groupNorm [${batch},${channels},${time}] in ${groups}`;
    return { shapes: [[batch, channels, time], [channels], [channels]], forward, label };
  });

const rmsNormInstance = fc.tuple(size, size).map(
  ([rows, width]): OpInstance => ({
    shapes: [[rows, width], [width]],
    forward: ([x, scale]) => ops.rmsNorm(x!, scale!, 0.01),
    label: `rmsNorm [${rows},${width}]`,
  }),
);

const attentionInstance = fc
  .record({
    batch: size,
    heads: fc.integer({ min: 1, max: 3 }),
    width: fc.integer({ min: 1, max: 3 }),
    time: fc.integer({ min: 1, max: 5 }),
    queries: fc.integer({ min: 1, max: 5 }),
    tileSize: fc.integer({ min: 1, max: 3 }),
    causal: fc.boolean(),
    tiled: fc.boolean(),
  })
  .map((c): OpInstance => {
    const shape = [c.batch, c.time, c.heads * c.width];
    const forward = ([q, k, v]: readonly Value[]): Value => ops.attention(q!, k!, v!, c);
    const asking = [c.batch, Math.min(c.queries, c.time), c.heads * c.width];
    return { shapes: [asking, shape, shape], forward, label: `attention ${JSON.stringify(c)}` };
  });

const scatterInstance = fc
  .tuple(shapeOf(1, 3), fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }))
  .map(([shape, picks]): OpInstance => {
    const indices = picks.map((pick) => Math.min(pick, shape[0]! - 1));
    const forward = ([a, rows]: readonly Value[]): Value =>
      ops.scatterAdd(a!, a!.graph.constant('int64', [indices.length], indices), rows!);
    const label = `scatterAdd [${shape}] ${indices}`;
    return { shapes: [shape, [indices.length, ...shape.slice(1)]], forward, label };
  });

/** Channels to a block of the CPU engine's own convolution kernels on this processor. */
const block = await channelBlockOf(cpuEngine(1));
/** Any block will do where the cases are left out. */
const BLOCK = block ?? 16;

/** Why a case cannot be computed here; undefined where it can. */
export const unavailable = ({ op }: OpCase): string | undefined =>
  block === undefined && op.startsWith('Nchwc')
    ? 'the CPU provider has no convolution kernels in blocks of channels for this processor'
    : undefined;

const blockedConvolution = fc
  .record({
    features: fc.integer({ min: 1, max: 2 }),
    time: fc.integer({ min: 2, max: 3 }),
    taps: fc.integer({ min: 1, max: 2 }),
    dilation: fc.integer({ min: 1, max: 2 }),
  })
  .map((c) => ({ ...c, before: (c.taps - 1) * c.dilation }));

/** @param relu inputs must then be positive, so that no sum is near the kink */
const blockedInstance = (relu: boolean): fc.Arbitrary<OpInstance> =>
  blockedConvolution.map(({ features, time, taps, dilation, before }) => ({
    shapes: [[BLOCK, time, features], [taps, features, BLOCK], [BLOCK]],
    forward: ([x, w, b]) =>
      ops.fromBlocked(
        ops.blockedConv1d(ops.toBlocked(x!, BLOCK), w!, b!, { dilation, padBefore: before, relu }),
      ),
    label: `blocked ${features} ${time} ${taps} ${dilation}`,
  }));

/** At least one case for every row of the gradient table; a test holds this complete. */
export const OP_CASES: readonly OpCase[] = [
  opCase('NchwcConv', blockedInstance(false), { dtype: 'float32' }),
  opCase('NchwcConvRelu', blockedInstance(true), { dtype: 'float32', positive: true }),
  opCase('NchwcFromRows', blockedInstance(false), { dtype: 'float32', name: 'NchwcFromRows' }),
  opCase('NchwcToRows', blockedInstance(false), { dtype: 'float32', name: 'NchwcToRows' }),
  binary('Add', ops.add),
  binary('Sub', ops.sub),
  binary('Mul', ops.mul),
  binary('Div', ops.div, { positive: true }),
  binary('Max', ops.max),
  binary('Min', ops.min),
  binary('Where', (a, b) => ops.where(ops.greater(a, ops.scalarLike(a, 0)), a, b)),
  unary('Identity', (a) => a.graph.apply('Identity', [a])[0]!),
  unary('Neg', ops.neg),
  unary('Exp', ops.exp),
  unary('Log', ops.log, { positive: true }),
  unary('Sqrt', ops.sqrt, { positive: true }),
  unary('Abs', ops.abs),
  unary('Erf', ops.erf, { dtype: 'float32' }),
  unary('Erf', ops.gelu, { dtype: 'float32', name: 'gelu' }),
  unary('Sign', (a) => ops.add(a, ops.sign(a))),
  unary('Sin', ops.sin, { dtype: 'float32' }),
  unary('Cos', ops.cos, { dtype: 'float32' }),
  unary('Mul', ops.square, { name: 'square' }),
  unary('Min', (a) => ops.clip(a, -0.55, 0.75), { name: 'clip' }),
  unary('Log', ops.softplus, { name: 'softplus' }),
  unary('Relu', ops.relu),
  unary('LeakyRelu', (a) => ops.leakyRelu(a, 0.1), { dtype: 'float32' }),
  unary('Tanh', ops.tanh),
  unary('Sigmoid', ops.sigmoid),
  unary('Sigmoid', ops.silu, { name: 'silu' }),
  unary('Cast', (a) => ops.cast(ops.cast(a, 'float64'), a.dtype)),
  opCase('MatMul', matmulInstance),
  opCase('Gemm', gemmInstance),
  opCase('Conv', convolution, { dtype: 'float32' }),
  opCase('ConvTranspose', transposedConvolution, { dtype: 'float32' }),
  opCase(
    'Reshape',
    shapeOf(1, 3).map((shape) => ({
      shapes: [shape],
      forward: ([a]) => ops.reshape(a!, [shape.at(-1)!, -1]),
      label: `Reshape [${shape}]`,
    })),
  ),
  opCase(
    'Transpose',
    fc.tuple(shapeOf(3, 3), fc.shuffledSubarray([0, 1, 2], { minLength: 3 })).map(([shape, perm]) => ({
      shapes: [shape],
      forward: ([a]) => ops.transpose(a!, perm),
      label: `Transpose [${shape}] ${perm}`,
    })),
  ),
  opCase(
    'Concat',
    fc.tuple(withAxis, extent).map(([{ shape, axis }, other]) => {
      const second = shape.map((e, i) => (i === axis ? other : e));
      const forward = ([a, b]: readonly Value[]): Value => ops.concat([a!, b!, a!], axis);
      return { shapes: [shape, second], forward, label: `Concat [${shape}] [${second}] ${axis}` };
    }),
  ),
  opCase(
    'Split',
    withAxis.map(({ shape, axis }) => {
      const whole = shape.map((e, i) => (i === axis ? e + 3 : e));
      // The middle part stays unused: its gradient is zero.
      const forward = ([a]: readonly Value[]): Value => {
        const parts = ops.split(a!, [1, 1, shape[axis]! + 1], axis);
        return ops.concat([parts[0]!, ops.exp(parts[2]!)], axis);
      };
      return { shapes: [whole], forward, label: `Split [${whole}] ${axis}` };
    }),
  ),
  opCase('Slice', sliceInstance),
  opCase(
    'Pad',
    fc.tuple(withAxis, fc.nat(2), fc.nat(2)).map(([{ shape, axis }, before, after]) => ({
      shapes: [shape],
      forward: ([a]) => ops.padAxis(a!, axis, before + 1, after),
      label: `Pad [${shape}] axis ${axis} ${before + 1} ${after}`,
    })),
  ),
  opCase(
    'Expand',
    broadcastPair.map(([a, b]) => {
      const target = ops.broadcastShape(a, b)!;
      return { shapes: [b], forward: ([x]) => ops.expand(x!, target), label: `Expand [${b}] to [${target}]` };
    }),
  ),
  opCase('Gather', gatherInstance),
  opCase('Gather', gatherComputed, { name: 'Gather with computed indices' }),
  reduction('ReduceSum', ops.reduceSum),
  reduction('ReduceMean', ops.reduceMean),
  reduction('ReduceMax', ops.reduceMax, { distinct: true }),
  opCase(
    'CumSum',
    fc.tuple(withAxis, fc.boolean()).map(([{ shape, axis }, reverse]) => ({
      shapes: [shape],
      forward: ([a]) => ops.cumulativeSum(a!, axis, reverse),
      label: `CumSum [${shape}] ${axis} ${reverse}`,
    })),
  ),
  poolCase('AveragePool', ops.averagePool1d, { dtype: 'float32' }),
  poolCase('MaxPool', ops.maxPool1d, { dtype: 'float32', distinct: true }),
  opCase(
    'Expand',
    fc.tuple(withAxis, size).map(([{ shape, axis }, times]) => ({
      shapes: [shape],
      forward: ([a]) => ops.repeat(a!, axis, times),
      label: `repeat [${shape}] ${axis} ${times}`,
    })),
    { name: 'repeat' },
  ),
  opCase('LayerNormalization', layerNormInstance, { name: 'layerNorm', dtype: 'float32' }),
  opCase('LayerNormalization', groupNormInstance, { name: 'groupNorm', dtype: 'float32' }),
  opCase('Sqrt', rmsNormInstance, { name: 'rmsNorm' }),
  opCase('MatMul', attentionInstance, { name: 'attention' }),
  opCase('ScatterND', scatterInstance, { name: 'scatterAdd' }),
  opCase(
    'Softmax',
    withAxis.map(({ shape, axis }) => ({
      shapes: [shape],
      forward: ([a]) => ops.softmax(a!, axis),
      label: `Softmax [${shape}] ${axis}`,
    })),
  ),
  opCase(
    'LogSoftmax',
    withAxis.map(({ shape, axis }) => ({
      shapes: [shape],
      forward: ([a]) => ops.logSoftmax(a!, axis),
      label: `LogSoftmax [${shape}] ${axis}`,
    })),
  ),
  opCase(
    'StopGradient',
    shapeOf(1, 2).map((shape) => ({
      shapes: [shape],
      // d/dx x c with c held at x is c, not 2x; checked apart from the finite differences.
      forward: ([a]) => ops.mul(a!, ops.stopGradient(a!)),
      label: `StopGradient [${shape}]`,
    })),
  ),
  ...losses,
];

/**
 * Values on a grid offset differently per input, so that no input is within 0.01 of a kink (zero, or another input)
 * and a finite difference never straddles one.
 */
export function drawInputs(
  shapes: readonly Shape[],
  { positive, distinct }: Pick<OpCase, 'positive' | 'distinct'>,
  seed: number,
): Float64Array[] {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  return shapes.map((shape, i) => {
    const offset = 0.03 + 0.03 * i;
    const lowest = positive ? 2 : -20;
    const count = sizeOf(shape);
    const span = distinct ? count : positive ? 20 : 40;
    const places = Array.from({ length: count }, (_, j) => (distinct ? j : Math.floor(next() * span)));
    if (distinct) places.sort(() => next() - 0.5);
    return Float64Array.from(places, (place) => 0.1 * (lowest + place) + offset);
  });
}

/** A fixed weight per output element; the checked loss is their weighted sum, so every element's gradient counts. */
export function weightedSum(y: Value): Value {
  const weights = Array.from({ length: sizeOf(y.shape) }, (_, i) => 1 + ((i * 7) % 11) / 10);
  return ops.reduceSum(ops.mul(y, y.graph.constant(y.dtype, y.shape, weights)));
}

export const inputName = (i: number): string => `in${i}`;

/** A graph with the instance's inputs declared and its loss. */
export function lossGraph(
  instance: OpInstance,
  dtype: DataType,
): { graph: Graph; inputs: Value[]; loss: Value } {
  const graph = new Graph('g');
  const inputs = instance.shapes.map((shape, i) => graph.input(inputName(i), dtype, shape));
  return { graph, inputs, loss: weightedSum(instance.forward(inputs)) };
}

/** Feeds for the graph's inputs in its element type. */
export function feedsOf(
  shapes: readonly Shape[],
  values: readonly Float64Array[],
  dtype: 'float32' | 'float64',
): Record<string, HostTensor> {
  return Object.fromEntries(
    shapes.map((shape, i): [string, HostTensor] => {
      const data = dtype === 'float32' ? Float32Array.from(values[i]!) : values[i]!;
      return [inputName(i), { dtype, shape, data }];
    }),
  );
}

/** Loads a graph on the single-threaded CPU engine. */
export function load(graph: Graph): Promise<EngineSession> {
  return cpuEngine(1).createSession(emitModel(graph));
}
