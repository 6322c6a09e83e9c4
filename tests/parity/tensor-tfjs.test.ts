import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineModel } from '../../src-main/models/registry.ts';
import { gradients } from '../../src-main/tensor/autodiff.ts';
import { cpuEngine } from '../../src-main/tensor/engines/cpu.ts';
import { Graph, type Shape, sizeOf, type Value } from '../../src-main/tensor/graph.ts';
import {
  buildOnTensor,
  collectParameters,
  type ForwardModel,
  type ModelSize,
} from '../../src-main/tensor/model.ts';
import { meanSquaredError } from '../../src-main/tensor/ops/index.ts';
import { OPTIMIZER_DEFAULTS } from '../../src-main/tensor/optimizer.ts';
import { initialParameters, layOut, type ParameterLayout } from '../../src-main/tensor/parameters.ts';
import { definedOps } from '../../src-main/tensor/registry.ts';
import { type TfModule, tfOperators } from '../../src-main/tensor/tfjs.ts';
import { runOnTensorFlow } from '../../src-main/tensor/tfjs-session.ts';
import { TrainSession } from '../../src-main/tensor/train-session.ts';
import { normal, SeededRng } from '../../src-shared/runtime.ts';
import { drawInputs, feedsOf, inputName, load, lossGraph, OP_CASES } from './tensor-cases.ts';
import { tf } from './tensor-tfjs-oracle.ts';

// The pure-JavaScript backend shares no code with ONNX Runtime or with our gradient rules: an independent oracle.
const tfModule = tf as unknown as TfModule<tf.Tensor>;

/** Relative difference that float32 sums in a different order may show. */
const TOLERANCE = 2e-4;

/**
 * TensorFlow.js has no gradient of Erf nor of a comparison's result (Where's condition), float64 to cast to, or
 * StopGradient, and no integer arithmetic in 64 bits for computed indices. The finite differences hold those.
 */
const WITHOUT_ORACLE = new Set([
  'Erf',
  'gelu',
  'Where',
  'Gather with computed indices',
  'Cast',
  'StopGradient',
  'scatterAdd',
]);

function expectClose(got: ArrayLike<number | bigint>, wanted: ArrayLike<number>, label: string): void {
  expect(got.length, label).toBe(wanted.length);
  // Where a gradient is exactly 0, as that of attention over one key, both sides hold the rounding of values of size 1
  // that cancel: a few 1e-7.
  const size = Math.max(1e-2, ...Array.from(wanted, Math.abs));
  for (let i = 0; i < wanted.length; i++) {
    const error = Math.abs(Number(got[i]) - wanted[i]!) / size;
    expect(error, `${label}, element ${i}: ${got[i]} against ${wanted[i]}`).toBeLessThan(TOLERANCE);
  }
}

/** Gradients of a graph's loss by TensorFlow.js's own differentiation of the lowered forward graph. */
function tfGradients(
  graph: Graph,
  names: readonly string[],
  tensors: readonly tf.Tensor[],
): { value: Float32Array; grads: Float32Array[] } {
  const lossOf = (...args: tf.Tensor[]): tf.Scalar => {
    const inputs = Object.fromEntries(names.map((name, i) => [name, args[i]!]));
    return runOnTensorFlow(tfModule, graph, inputs).loss as tf.Scalar;
  };
  return tf.tidy(() => {
    const { value, grads } = tf.valueAndGrads(lossOf)([...tensors]);
    return { value: value.dataSync() as Float32Array, grads: grads.map((g) => g.dataSync() as Float32Array) };
  });
}

describe('operators against TensorFlow.js', () => {
  it('have a lowering for every operator a forward graph may hold', () => {
    // The CPU engine's own kernels, held to the standard operators in ops/conv-blocked.test.ts, are for it alone.
    const emittedOnly = ['Loop', 'HardSigmoid', ...definedOps().ops.filter((op) => op.startsWith('Nchwc'))];
    const missing = definedOps().ops.filter((op) => !emittedOnly.includes(op) && !tfOperators().includes(op));
    expect(missing).toEqual([]);
  });

  it.each(OP_CASES.filter(({ name }) => !WITHOUT_ORACLE.has(name) && !name.startsWith('Nchwc')))(
    '$name',
    async (opCase) => {
      const property = fc.asyncProperty(opCase.instances, fc.nat(1e6), async (instance, seed) => {
        const values = drawInputs(instance.shapes, opCase, seed);
        const { graph, inputs, loss } = lossGraph(instance, 'float32');
        graph.output('loss', loss);
        const oracle = tfGradients(
          graph,
          inputs.map((_, i) => inputName(i)),
          values.map((v, i) => tf.tensor(Float32Array.from(v), [...instance.shapes[i]!])),
        );
        gradients(loss, inputs).forEach((grad, i) => {
          graph.output(`grad${i}`, grad);
        });
        const session = await load(graph);
        const results = await session.run(feedsOf(instance.shapes, values, 'float32'));
        await session.release();
        expectClose(results.loss!.data, oracle.value, `${instance.label} value`);
        oracle.grads.forEach((grad, i) => {
          expectClose(results[`grad${i}`]!.data, grad, `${instance.label} gradient ${i}`);
        });
      });
      await fc.assert(property, { numRuns: 10 });
    },
  );
});

interface ModelCase {
  readonly name: string;
  readonly family: string;
  readonly settings: object;
  readonly size: ModelSize;
}

const MODELS: readonly ModelCase[] = [
  { name: 'mlp', family: 'mlp', settings: { hidden: [12, 7] }, size: { window: 3, features: 4, outputs: 2 } },
  {
    name: 'mlp, tanh',
    family: 'mlp',
    settings: { activation: 'tanh' },
    size: { window: 2, features: 5, outputs: 1 },
  },
  {
    name: 'tcn, needed steps',
    family: 'tcn',
    settings: { channels: 6, levels: 3 },
    size: { window: 20, features: 3, outputs: 1 },
  },
  {
    name: 'tcn, window shorter than its receptive field',
    family: 'tcn',
    settings: { channels: 6, levels: 3 },
    size: { window: 6, features: 3, outputs: 1 },
  },
  {
    name: 'tcn, all steps',
    family: 'tcn',
    settings: { channels: 6, levels: 3, steps: 'all' },
    size: { window: 20, features: 3, outputs: 1 },
  },
  {
    name: 'tcn, mean',
    family: 'tcn',
    settings: { channels: 4, levels: 2, pooling: 'mean', activation: 'silu' },
    size: { window: 9, features: 2, outputs: 2 },
  },
  {
    name: 'transformer, newest step',
    family: 'transformer',
    settings: { channels: 8, feedForward: 12, activation: 'silu', positions: 'learnt' },
    size: { window: 7, features: 3, outputs: 2 },
  },
  {
    name: 'transformer, mean',
    family: 'transformer',
    settings: { channels: 6, heads: 3, causal: false, activation: 'tanh', pooling: 'mean' },
    size: { window: 5, features: 2, outputs: 1 },
  },
];

const BATCH = 5;

const numbers = (shape: Shape, seed: number): Float32Array => {
  const rng = new SeededRng(seed);
  return Float32Array.from({ length: sizeOf(shape) }, () => normal(rng));
};

interface Lossy {
  readonly graph: Graph;
  readonly loss: Value;
  readonly parameters: Value[];
  readonly layout: ParameterLayout;
}

/** Mean squared error of a model with its parameters as inputs. */
function modelLoss(forward: ForwardModel, size: ModelSize): Lossy {
  const graph = new Graph('g');
  const parameters: Value[] = [];
  const x = graph.input('x', 'float32', [BATCH, size.window, size.features]);
  const target = graph.input('target', 'float32', [BATCH, size.outputs]);
  const y = buildOnTensor(forward, size, x, (name, shape) => {
    const value = graph.input(name, 'float32', shape);
    parameters.push(value);
    return value;
  });
  const loss = meanSquaredError(y, target);
  graph.output('loss', loss);
  return { graph, loss, parameters, layout: layOut(collectParameters(forward, size)) };
}

describe('whole models against TensorFlow.js', () => {
  it.each(MODELS)('$name: every parameter has the same gradient', async ({ family, settings, size }) => {
    const { forward } = defineModel(family, settings, size);
    const { graph, loss, parameters, layout } = modelLoss(forward, size);
    const weights = initialParameters(layout, 5);
    const tensors = new Map<string, { shape: Shape; data: Float32Array }>();
    tensors.set('x', {
      shape: [BATCH, size.window, size.features],
      data: numbers([BATCH, size.window, size.features], 1),
    });
    tensors.set('target', { shape: [BATCH, size.outputs], data: numbers([BATCH, size.outputs], 2) });
    for (const p of layout.parameters) {
      // Biases start at zero; another value shows more.
      const data = weights.slice(p.offset, p.offset + p.size).map((w, i) => w || 0.05 * (i - 2));
      tensors.set(p.name, { shape: p.shape, data });
    }
    const names = [...tensors.keys()];
    const oracle = tfGradients(
      graph,
      names,
      [...tensors.values()].map(({ shape, data }) => tf.tensor(data, [...shape])),
    );
    gradients(loss, parameters).forEach((grad, i) => {
      graph.output(`grad${i}`, grad);
    });
    const session = await load(graph);
    const feeds = [...tensors].map(([name, { shape, data }]) => [
      name,
      { dtype: 'float32' as const, shape, data },
    ]);
    const results = await session.run(Object.fromEntries(feeds));
    await session.release();
    expectClose(results.loss!.data, oracle.value, 'loss');
    parameters.forEach((p, i) => {
      expectClose(results[`grad${i}`]!.data, oracle.grads[names.indexOf(p.name)]!, p.name);
    });
  });

  it('needed and all steps of a TCN predict the same', async () => {
    const size = { window: 40, features: 3, outputs: 1 };
    const predictions: ArrayLike<number | bigint>[] = [];
    for (const steps of ['needed', 'all']) {
      const { forward } = defineModel('tcn', { channels: 8, levels: 4, steps }, size);
      const layout = layOut(collectParameters(forward, size));
      const weights = initialParameters(layout, 9);
      const graph = new Graph('g');
      const x = graph.input('x', 'float32', [BATCH, size.window, size.features]);
      const y = buildOnTensor(forward, size, x, (name, shape) => {
        const p = layout.parameters.find((parameter) => parameter.name === name)!;
        return graph.constant('float32', shape, weights.slice(p.offset, p.offset + p.size));
      });
      graph.output('y', y);
      const session = await load(graph);
      const shape = [BATCH, size.window, size.features];
      const results = await session.run({ x: { dtype: 'float32', shape, data: numbers(shape, 3) } });
      predictions.push(results.y!.data);
      await session.release();
    }
    expectClose(predictions[0]!, Array.from(predictions[1]!, Number), 'prediction');
  });
});

describe('Adam in the graph', () => {
  const size = { window: 4, features: 3, outputs: 1 };
  const steps = 40;
  const rows = 60;
  const features = numbers([rows, size.features], 21);
  const targets = numbers([rows, 1], 22);
  const rng = new SeededRng(23);
  const ends = Int32Array.from({ length: steps * BATCH }, () => 3 + Math.floor(rng.next() * (rows - 3)));
  const rate = 0.02;

  /** Losses of `steps` Adam steps by the graph, run in chunks of 15. */
  async function graphLosses(forward: ForwardModel, layout: ParameterLayout): Promise<number[]> {
    const spec = {
      model: { forward },
      size,
      targetColumns: 1,
      seed: 1,
      layout,
      rows,
      batch: BATCH,
      loss: { kind: 'mse' } as const,
      optimizer: OPTIMIZER_DEFAULTS,
    };
    const session = await TrainSession.open(cpuEngine(2), spec, { features, targets });
    const zeros = (): Float32Array => new Float32Array(layout.total);
    session.load({ parameters: initialParameters(layout, 4), slots: [zeros(), zeros()] }, 0);
    const losses: number[] = [];
    for (let from = 0; from < steps; from += 15) {
      const count = Math.min(15, steps - from);
      losses.push(
        ...(await session.run(ends.slice(from * BATCH, (from + count) * BATCH), count, () => rate)).losses,
      );
    }
    await session.release();
    return losses;
  }

  /** The same by TensorFlow.js's AdamOptimizer. */
  function tfLosses(forward: ForwardModel, layout: ParameterLayout): number[] {
    const { graph, parameters } = modelLoss(forward, size);
    const weights = initialParameters(layout, 4);
    const variables = Object.fromEntries(
      layout.parameters.map((p) => [
        p.name,
        tf.variable(tf.tensor(weights.slice(p.offset, p.offset + p.size), [...p.shape])),
      ]),
    );
    expect(parameters.map((p) => p.name)).toEqual(Object.keys(variables));
    const optimizer = tf.train.adam(rate, 0.9, 0.999, 1e-8);
    return Array.from({ length: steps }, (_, step) => {
      const batch = Array.from(ends.slice(step * BATCH, (step + 1) * BATCH));
      const windows = batch.flatMap((end) => [
        ...features.slice((end - 3) * size.features, (end + 1) * size.features),
      ]);
      const inputs = {
        ...variables,
        x: tf.tensor(windows, [BATCH, size.window, size.features]),
        target: tf.tensor(
          batch.map((end) => targets[end]!),
          [BATCH, 1],
        ),
      };
      const loss = optimizer.minimize(() => runOnTensorFlow(tfModule, graph, inputs).loss as tf.Scalar, true);
      return loss!.dataSync()[0]!;
    });
  }

  it.each([
    ['mlp', { hidden: [8] }],
    ['tcn', { channels: 4, levels: 2 }],
  ])('%s: 40 steps follow TensorFlow.js', async (family, settings) => {
    const { forward } = defineModel(family, settings, size);
    // Both carried forms: all parameters in one vector, and the large ones on their own.
    for (const large of [1e9, 10]) {
      const layout = layOut(collectParameters(forward, size), large);
      const ours = await graphLosses(forward, layout);
      const theirs = tfLosses(forward, layout);
      ours.forEach((loss, i) => {
        const error = Math.abs(loss - theirs[i]!) / Math.max(0.1, theirs[i]!);
        expect(error, `step ${i}: ${loss} against ${theirs[i]}`).toBeLessThan(2e-3);
      });
      expect(ours.at(-1)!).not.toBeCloseTo(ours[0]!, 2);
    }
  });
});
