import { describe, expect, it } from 'vitest';
import { defineModel } from '../../src-main/models/registry.ts';
import type { Engine } from '../../src-main/tensor/engine.ts';
import { cpuEngine } from '../../src-main/tensor/engines/cpu.ts';
import { Graph } from '../../src-main/tensor/graph.ts';
import { collectParameters } from '../../src-main/tensor/model.ts';
import { emitModel, graphOf } from '../../src-main/tensor/onnx/emit.ts';
import { add, cast } from '../../src-main/tensor/ops/index.ts';
import { OPTIMIZER_DEFAULTS } from '../../src-main/tensor/optimizer.ts';
import { initialParameters, layOut } from '../../src-main/tensor/parameters.ts';
import { defineOp } from '../../src-main/tensor/registry.ts';
import type { TfModule } from '../../src-main/tensor/tfjs.ts';
import { tensorFlowSession, unsupportedOnTfjs } from '../../src-main/tensor/tfjs-session.ts';
import { TrainSession } from '../../src-main/tensor/train-session.ts';
import { normal, SeededRng } from '../../src-shared/runtime.ts';
import { tf } from './tensor-tfjs-oracle.ts';

const tfModule = tf as unknown as TfModule<tf.Tensor>;

/** TensorFlow.js as an engine, here on its pure-JavaScript backend. */
const tfEngine: Engine = {
  ...cpuEngine(1),
  name: 'tfjs',
  createSession: async (model) => tensorFlowSession(tfModule, graphOf(model)!),
};

describe('TensorFlow.js as an engine', () => {
  it.each([
    ['mlp', { hidden: [8] }],
    ['tcn', { channels: 4, levels: 2, steps: 'all' }],
    ['transformer', { channels: 6, layers: 1, feedForward: 8 }],
  ])(
    'trains %s by the same step graph to the same losses and leaves no tensors',
    async (family, settings) => {
      const size = { window: 5, features: 3, outputs: 1 };
      const [rows, batch, steps] = [40, 6, 12];
      const rng = new SeededRng(5);
      const features = Float32Array.from({ length: rows * size.features }, () => normal(rng));
      const targets = Float32Array.from({ length: rows }, () => normal(rng));
      const ends = Int32Array.from({ length: steps * batch }, () => 4 + Math.floor(rng.next() * (rows - 4)));
      const { forward } = defineModel(family, settings, size);
      const layout = layOut(collectParameters(forward, size));
      const spec = {
        model: { forward },
        size,
        targetColumns: 1,
        seed: 1,
        layout,
        rows,
        batch,
        loss: { kind: 'mse' } as const,
        optimizer: { ...OPTIMIZER_DEFAULTS, clipNorm: 1 },
      };
      const runs: Float32Array[] = [];
      const before = tf.memory().numTensors;
      for (const engine of [cpuEngine(1), tfEngine]) {
        const session = await TrainSession.open(engine, spec, { features, targets });
        const slots = [new Float32Array(layout.total), new Float32Array(layout.total)];
        session.load({ parameters: initialParameters(layout, 2), slots }, 0);
        const first = await session.run(ends.subarray(0, 5 * batch), 5, () => 0.02);
        const rest = await session.run(ends.subarray(5 * batch), steps - 5, () => 0.02);
        runs.push(Float32Array.from([...first.losses, ...rest.losses, ...session.save().parameters]));
        await session.release();
      }
      const [ours, theirs] = runs as [Float32Array, Float32Array];
      expect(ours[0]).not.toBeCloseTo(ours[steps - 1]!, 2);
      ours.forEach((value, i) => {
        expect(theirs[i], `value ${i}`).toBeCloseTo(value, 3);
      });
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('refuses, before anything runs, a graph with operators it does not have, and names them', () => {
    for (const op of ['Wobble', 'Frobnicate'])
      defineOp(op, { attributes: {}, infer: ([a]) => [{ dtype: a!.dtype, shape: a!.shape }] });
    const graph = new Graph('g');
    const x = graph.input('x', 'float32', [2]);
    const body = new Graph('body');
    body.input('i', 'int64', []);
    const condition = body.input('c', 'bool', []);
    const carried = body.input('v', 'float32', [2]);
    body.output('c_out', condition);
    body.output('v_out', body.apply('Wobble', [carried])[0]!);
    const frobnicated = graph.apply('Frobnicate', [x])[0]!;
    graph.apply('Frobnicate', [cast(x, 'int32')]);
    const trips = graph.constant('int64', [], [2]);
    const [looped] = graph.apply('Loop', [trips, graph.constant('bool', [], [1]), frobnicated], { body });
    graph.output('y', add(looped!, x));
    expect(unsupportedOnTfjs(graph)).toEqual(['Frobnicate', 'Wobble']);
    expect(() => tensorFlowSession(tfModule, graph)).toThrow(/cannot run Frobnicate, Wobble/);
  });

  it('finds the graph of a model by its bytes, and of no others', () => {
    const graph = new Graph('g');
    graph.output('y', graph.input('x', 'float32', [2]));
    const model = emitModel(graph);
    expect(graphOf(model)).toBe(graph);
    expect(graphOf(model.slice())).toBeUndefined();
  });
});
