import { afterEach, describe, expect, it } from 'vitest';
import { normal, SeededRng } from '../../src-shared/runtime.ts';
import { openEngine, probe } from './engine.ts';
import { cpuEngine } from './engines/cpu.ts';
import { Graph } from './graph.ts';
import type { ForwardModel } from './model.ts';
import { emitModel } from './onnx/emit.ts';
import { add, gemm, mul, relu, reshape, transpose } from './ops/index.ts';
import { ADAM_DEFAULTS, type AdamSettings, OPTIMIZER_DEFAULTS, stepSchedule } from './optimizer.ts';
import { initialParameters, layOut, normalOf } from './parameters.ts';
import { TrainSession } from './train-session.ts';

const clock = { nowMs: () => performance.timeOrigin + performance.now() };

describe('Graph', () => {
  it('stores equal small constants once and undoes a transposition of a transposition', () => {
    const graph = new Graph('g');
    expect(graph.scalar(2)).toBe(graph.scalar(2));
    expect(graph.scalar(2)).not.toBe(graph.scalar(2, 'float64'));
    const x = graph.input('x', 'float32', [2, 3, 4]);
    expect(transpose(transpose(x, [2, 0, 1]), [1, 2, 0])).toBe(x);
    expect(transpose(transpose(x, [2, 0, 1]), [2, 0, 1])).not.toBe(x);
  });

  it('refuses unknown operators, foreign values and shapes that do not fit', () => {
    const [graph, other] = [new Graph('g'), new Graph('h')];
    const x = graph.input('x', 'float32', [2, 3]);
    expect(() => graph.apply('Frobnicate', [x])).toThrow(/Frobnicate is not defined/);
    expect(() => add(x, other.input('y', 'float32', [2, 3]))).toThrow(/another graph/);
    expect(() => reshape(x, [4, -1])).toThrow(/Reshape/);
    expect(() => graph.constant('float32', [3], [1, 2])).toThrow(/got 2 values/);
  });

  it('emits only what an output depends on', async () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'float32', [2]);
    const dead = relu(add(x, graph.constant('float32', [2], [1e10, 12345.678])));
    expect(dead.shape).toEqual([2]);
    const lean = new Graph('g');
    const lx = lean.input('x', 'float32', [2]);
    for (const [g, v] of [
      [graph, x],
      [lean, lx],
    ] as const) {
      g.output('y', mul(v, v));
    }
    const session = await cpuEngine(1).createSession(emitModel(graph));
    const { y } = await session.run({ x: { dtype: 'float32', shape: [2], data: Float32Array.of(3, -4) } });
    expect(y!.data).toEqual(Float32Array.of(9, 16));
    expect(session.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: [2] }]);
    await session.release();
    expect(emitModel(graph).length).toBe(emitModel(lean).length);
  });
});

describe('engines', () => {
  it('the CPU engine passes its probe', async () => {
    expect(await probe('cpu', 1)).toEqual({ name: 'cpu', available: true });
    const timed = await probe('cpu', 1, clock);
    expect(timed.milliseconds).toBeGreaterThan(0);
  });

  it('opening another engine says why it fell back, or is that engine', async () => {
    for (const choice of ['webgpu', 'auto'] as const) {
      const opened = await openEngine(choice, 1, clock);
      expect(opened.requested).toBe(choice);
      if (opened.engine.name === 'cpu')
        expect(opened.degradedReason).toMatch(/WebGPU (is not available|works but)/);
      else expect(opened.degradedReason).toBeUndefined();
    }
  });

  it('refuses a thread count below 1', async () => {
    await expect(openEngine('cpu', 0)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('names the engine when a model or a run fails', async () => {
    await expect(cpuEngine(1).createSession(Uint8Array.of(7))).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringMatching(/CPU engine refused the model/),
    });
    const graph = new Graph('g');
    graph.output('y', relu(graph.input('x', 'float32', [2])));
    const session = await cpuEngine(1).createSession(emitModel(graph));
    const wrong = { x: { dtype: 'float32', shape: [3], data: new Float32Array(3) } } as const;
    await expect(session.run(wrong)).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    await session.release();
  });
});

describe('layout of the parameters', () => {
  const specs = [
    { name: 'a', shape: [3, 4], init: normalOf(1) },
    { name: 'b', shape: [2], init: { kind: 'constant', value: 7 } },
    { name: 'c', shape: [5], init: normalOf(2) },
  ] as const;

  it('joins the small ones, carries the large ones alone, and starts both alike', () => {
    const mixed = layOut(specs, 5);
    expect(mixed.groups.map((group) => group.members.map(({ name }) => name))).toEqual([['b', 'c'], ['a']]);
    expect(mixed.groups[1]!.shape).toEqual([3, 4]);
    expect(mixed.total).toBe(19);
    const joined = layOut(specs, 100);
    expect(joined.groups).toHaveLength(1);
    const valuesOf = (layout: typeof mixed): number[][] => {
      const values = initialParameters(layout, 1);
      return layout.parameters.map(({ offset, size }) => [...values.subarray(offset, offset + size)]);
    };
    expect(valuesOf(mixed)).toEqual(valuesOf(joined));
    expect(valuesOf(mixed)[1]).toEqual([7, 7]);
  });
});

/** y = x w + b on windows of one row: the gradient by hand is 2/n X'(Xw + b - y). */
const INPUTS = 3;
const linear: ForwardModel = (scope) => {
  const x = reshape(scope.rowsAt([0]), [-1, INPUTS]);
  return gemm(x, scope.parameter('w', [INPUTS, 1], normalOf(1)), scope.parameter('b', [1], normalOf(1)));
};

/** The same training in double precision: Adam as published, with the whole gradient's norm clipped. */
function byHand(
  settings: AdamSettings,
  start: Float32Array,
  features: Float32Array,
  targets: Float32Array,
  batches: number[][],
  rate: (step: number) => number,
): { losses: number[]; parameters: number[] } {
  const p = Array.from(start);
  const m = p.map(() => 0);
  const v = p.map(() => 0);
  const losses = batches.map((rows, step) => {
    const gradient = p.map(() => 0);
    let loss = 0;
    for (const row of rows) {
      const x = [...features.subarray(row * INPUTS, (row + 1) * INPUTS), 1];
      const error = x.reduce((sum, xi, i) => sum + xi * p[i]!, 0) - targets[row]!;
      loss += error ** 2 / rows.length;
      x.forEach((xi, i) => {
        gradient[i]! += (2 * error * xi) / rows.length;
      });
    }
    const norm = Math.hypot(...gradient);
    const factor = settings.clipNorm > 0 ? Math.min(1, settings.clipNorm / norm) : 1;
    p.forEach((_, i) => {
      const g = gradient[i]! * factor;
      m[i] = settings.beta1 * m[i]! + (1 - settings.beta1) * g;
      v[i] = settings.beta2 * v[i]! + (1 - settings.beta2) * g * g;
      const mHat = m[i]! / (1 - settings.beta1 ** (step + 1));
      const vHat = v[i]! / (1 - settings.beta2 ** (step + 1));
      p[i]! -= rate(step) * (settings.weightDecay * p[i]! + mHat / (Math.sqrt(vHat) + settings.epsilon));
    });
    return loss;
  });
  return { losses, parameters: p };
}

describe('training in the graph', () => {
  const sessions: TrainSession[] = [];
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.release();
  });

  it.each([
    ['Adam', {}],
    ['AdamW', { weightDecay: 0.1 }],
    ['Adam with clipped gradients', { clipNorm: 0.5 }],
    ['Adam with other constants', { beta1: 0.8, beta2: 0.95, epsilon: 1e-3 }],
  ])('%s follows the published update in double precision', async (_, change) => {
    const adam = { ...ADAM_DEFAULTS, ...change };
    const size = { window: 1, features: INPUTS, outputs: 1 };
    const rng = new SeededRng(2);
    const rows = 50;
    const features = Float32Array.from({ length: rows * INPUTS }, () => normal(rng));
    const targets = Float32Array.from({ length: rows }, () => normal(rng));
    const batches = Array.from({ length: 60 }, (_s, step) =>
      [0, 1, 2, 3].map((i) => (step * 7 + i * 11) % rows),
    );
    const rate = (step: number): number => 0.05 / (1 + step / 30);
    const layout = layOut([
      { name: 'w', shape: [INPUTS, 1], init: normalOf(1) },
      { name: 'b', shape: [1], init: normalOf(1) },
    ]);
    const spec = {
      model: { forward: linear },
      size,
      targetColumns: 1,
      layout,
      rows,
      batch: 4,
      loss: { kind: 'mse' } as const,
      optimizer: { ...OPTIMIZER_DEFAULTS, ...change },
      seed: 1,
    };
    const session = await TrainSession.open(cpuEngine(1), spec, { features, targets });
    sessions.push(session);
    const start = initialParameters(layout, 6);
    session.load({ parameters: start, slots: [new Float32Array(4), new Float32Array(4)] }, 0);
    const losses: number[] = [];
    for (const part of [batches.slice(0, 25), batches.slice(25)]) {
      losses.push(...(await session.run(Int32Array.from(part.flat()), part.length, rate)).losses);
    }
    const expected = byHand(adam, start, features, targets, batches, rate);
    losses.forEach((loss, i) => {
      expect(loss / expected.losses[i]!, `loss of step ${i}`).toBeCloseTo(1, 3);
    });
    session.save().parameters.forEach((value, i) => {
      expect(value).toBeCloseTo(expected.parameters[i]!, 4);
    });
    expect(session.step).toBe(60);
  });

  it('the schedule of a chunk is the matching part of a longer one', () => {
    const whole = stepSchedule(OPTIMIZER_DEFAULTS, 0, 10, (step) => step + 1);
    const part = stepSchedule(OPTIMIZER_DEFAULTS, 6, 4, (step) => step + 1);
    expect(part.stepSize).toEqual(whole.stepSize.slice(6));
    expect(part.epsilon).toEqual(whole.epsilon.slice(6));
  });
});
