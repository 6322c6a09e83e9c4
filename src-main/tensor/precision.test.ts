import { afterEach, describe, expect, it } from 'vitest';
import type { Engine } from './engine.ts';
import { cpuEngine } from './engines/cpu.ts';
import { Graph } from './graph.ts';
import { advanceScale, GOOD_STEPS, LARGEST_LOSS_SCALE } from './loss-scale.ts';
import type { TrainableModel } from './model.ts';
import { emitModel } from './onnx/emit.ts';
import { add, indicator, matmul, mul, reduceMean, relu, softmax, sub } from './ops/index.ts';
import { toMixedPrecision } from './precision.ts';
import { type Change, distance, endsOf, network, sessionOf, specOf, tensors } from './train.fixture.ts';
import { finiteMean, freshState, TrainSession } from './train-session.ts';

const open: TrainSession[] = [];
const start = async (change: Change, data?: ReturnType<typeof tensors>): Promise<TrainSession> => {
  const session = await sessionOf({ precision: 'mixed', ...change }, data);
  open.push(session);
  return session;
};
afterEach(async () => {
  for (const session of open.splice(0)) await session.release();
});

const RATE = (): number => 0.01;

describe('the rule per operator', () => {
  it('multiplies matrices in half precision, goes on in it, and reduces in single', async () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'float32', [2, 3]);
    const w = graph.input('w', 'float32', [3, 3]);
    const product = matmul(x, w);
    const hidden = relu(add(product, graph.constant('float32', [3], [0.5, 1, 2])));
    const masked = mul(hidden, indicator(hidden, graph.scalar(1)));
    const again = matmul(masked, w);
    const chances = softmax(again);
    const far = add(again, graph.scalar(1e-9));
    toMixedPrecision(graph);
    const typeOf = (op: string, i = 0): string => {
      const node = graph.nodes.filter((each) => each.op === op)[i]!;
      return `${node.inputs.map(({ dtype }) => dtype)} -> ${node.outputs.map(({ dtype }) => dtype)}`;
    };
    expect(typeOf('MatMul', 0)).toBe('float16,float16 -> float16');
    expect(typeOf('Add', 0)).toBe('float16,float16 -> float16');
    expect(typeOf('Relu')).toBe('float16 -> float16');
    expect(typeOf('Greater')).toBe('float16,float16 -> bool');
    expect(typeOf('Mul')).toBe('float16,float16 -> float16');
    expect(typeOf('MatMul', 1)).toBe('float16,float16 -> float16');
    expect(typeOf('Softmax')).toBe('float32 -> float32');
    // A number that halves cannot hold keeps its sum in single precision.
    expect(typeOf('Add', 1)).toBe('float32,float32 -> float32');
    for (const value of [product, hidden, masked, again, chances, far]) expect(value.dtype).toBe('float32');
    // x and w are cast once each, however often they are used.
    const casts = graph.nodes.filter(({ op, inputs }) => op === 'Cast' && [x, w].includes(inputs[0]!));
    expect(casts).toHaveLength(2);
    graph.output('y', again);
    const session = await cpuEngine(1).createSession(emitModel(graph));
    const { y } = await session.run({
      x: { dtype: 'float32', shape: [2, 3], data: Float32Array.of(1, 0, 0, 0, 1, 1) },
      w: { dtype: 'float32', shape: [3, 3], data: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) },
    });
    // By hand: x w + b = [1.5, 1, 2] and [0.5, 2, 3], of which 1 and 0.5 are masked out.
    expect(Array.from(y!.data, Number)).toEqual([1.5, 0, 2, 0, 2, 3]);
    await session.release();
  });
});

describe('mixed precision', () => {
  it.each<Change>([{}, { accumulation: 2 }, { optimizer: { kind: 'sgd', clipNorm: 0.5 } }])(
    'follows single precision within 0.5 %% of the loss (%o)',
    async (change) => {
      const steps = 80;
      const ends = endsOf(steps * 8 * (change.accumulation ?? 1));
      const [mixed, single] = [await start(change), await start({ ...change, precision: 'float32' })];
      // A scale that does not overflow here, so that both make the same number of updates.
      mixed.load({ ...mixed.save(), lossScale: { scale: 1024, steps: 0 } }, 0);
      const [a, b] = [await mixed.run(ends, steps, RATE), await single.run(ends, steps, RATE)];
      expect(a.skipped).toBe(0);
      a.losses.forEach((loss, i) => {
        expect(Math.abs(loss / b.losses[i]! - 1), `step ${i}`).toBeLessThan(5e-3);
        expect(Math.abs(a.gradientNorms[i]! / b.gradientNorms[i]! - 1)).toBeLessThan(2e-2);
      });
      const apart = distance(mixed.weights(), single.weights());
      expect(apart).toBeLessThan(5e-3);
      // It is not single precision in disguise.
      expect(apart).toBeGreaterThan(1e-7);
      expect(b.losses.at(-1)!).toBeLessThan(0.7 * b.losses[0]!);
    },
  );

  it('leaves a step out whose gradient overflows: half the scale, everything else bit for bit', async () => {
    const session = await start({ optimizer: { averageDecay: 0.9, clipNorm: 1 } });
    await session.run(endsOf(8 * 12), 12, RATE);
    const before = { ...session.save(), lossScale: { scale: LARGEST_LOSS_SCALE, steps: 17, skipped: 0 } };
    session.load(before, 12);
    const result = await session.run(endsOf(8), 1, RATE);
    expect(result).toMatchObject({ skipped: 1 });
    expect(result.bad).toBeUndefined();
    expect(Number.isFinite(result.losses[0]!)).toBe(true);
    expect(session.save()).toEqual({
      ...before,
      lossScale: { scale: LARGEST_LOSS_SCALE / 2, steps: 0, skipped: 1 },
    });
  });

  it('halves until it fits and then trains', async () => {
    const session = await start({});
    session.load({ ...session.save(), lossScale: { scale: LARGEST_LOSS_SCALE, steps: 0 } }, 0);
    const { losses, skipped, gradientNorms, bad } = await session.run(endsOf(8 * 60), 60, RATE);
    expect(bad).toBeUndefined();
    expect(skipped).toBeGreaterThan(2);
    expect(session.save().lossScale).toMatchObject({ scale: LARGEST_LOSS_SCALE / 2 ** skipped, skipped });
    expect(losses[59]!).toBeLessThan(losses[0]!);
    expect(gradientNorms.filter((norm) => !Number.isFinite(norm))).toHaveLength(skipped);
    expect(finiteMean(gradientNorms)).toBeGreaterThan(0);
  });

  it(`doubles the scale after ${GOOD_STEPS} good steps, in the graph as on the host`, async () => {
    const session = await start({});
    const lossScale = { scale: 256, steps: GOOD_STEPS - 2, skipped: 3 };
    session.load({ ...session.save(), lossScale }, 2005);
    await session.run(endsOf(8), 1, RATE);
    const once = advanceScale(lossScale, true);
    expect(session.save().lossScale).toEqual(once);
    expect(once).toEqual({ scale: 256, steps: GOOD_STEPS - 1, skipped: 3 });
    await session.run(endsOf(8), 1, RATE);
    expect(session.save().lossScale).toEqual({ scale: 512, steps: 0, skipped: 3 });
    expect(advanceScale(once, true)).toEqual({ scale: 512, steps: 0, skipped: 3 });
  });

  it('does not blame the scale for a gradient that overflows at scale 1', async () => {
    const steep: TrainableModel = {
      forward: network,
      objective: (scope) => {
        const error = mul(sub(network(scope), scope.target()), scope.graph.scalar(1e6));
        return reduceMean(mul(error, error), [1]);
      },
    };
    const session = await start({ model: steep });
    session.load({ ...session.save(), lossScale: { scale: 4, steps: 0 } }, 0);
    const { bad } = await session.run(endsOf(8 * 4), 4, RATE);
    expect(bad).toMatchObject({ step: 2, what: 'gradient' });
  });

  it('is the same over several workers, which share the scale', async () => {
    const [one, other, alone] = [await start({ batch: 4 }), await start({ batch: 4 }), await start({})];
    for (const each of [one, other, alone])
      each.load({ ...each.save(), lossScale: { scale: 1024, steps: 0 } }, 0);
    for (let step = 0; step < 10; step++) {
      const ends = endsOf(8, step);
      const a = await one.gradient(ends.slice(0, 4));
      const b = await other.gradient(ends.slice(4));
      const mean = a.gradient.map((g, i) => (g + b.gradient[i]!) / 2);
      const applied = await one.apply(mean, 0.01);
      await other.apply(mean, 0.01);
      const { gradientNorms } = await alone.run(ends, 1, RATE);
      expect(applied.gradientNorm / gradientNorms[0]!).toBeCloseTo(1, 2);
    }
    expect(one.save()).toEqual(other.save());
    expect(one.save().lossScale).toEqual(alone.save().lossScale);
    expect(distance(one.weights(), alone.weights())).toBeLessThan(2e-3);
    // Half of the mean overflowed: nobody moves, all halve the scale.
    const { gradient } = await one.gradient(endsOf(4));
    const weights = one.weights();
    gradient[3] = Number.POSITIVE_INFINITY;
    expect(await one.apply(gradient, 0.01)).toMatchObject({ skipped: true });
    expect(one.weights()).toEqual(weights);
    expect(one.save().lossScale).toEqual({ scale: 512, steps: 0, skipped: 1 });
    expect(one.step).toBe(11);
  });

  it('is refused where the engine cannot, or computes wrongly', async () => {
    const failing: Engine = {
      name: 'tfjs',
      threads: 1,
      createSession: () => Promise.reject(new Error('no halves')),
    };
    const spec = specOf({ precision: 'mixed' });
    await expect(TrainSession.open(failing, spec, tensors())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/tfjs cannot compute in half precision: no halves/),
      hint: expect.stringMatching(/single precision/),
    });
    const cpu = cpuEngine(1);
    const wrong: Engine = {
      ...cpu,
      createSession: async (model) => ({
        ...(await cpu.createSession(model)),
        run: async () => ({ y: { dtype: 'float32', shape: [4], data: new Float32Array(4) } }),
      }),
    };
    await expect(TrainSession.open(wrong, spec, tensors())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('starts at a scale of its own', () => {
    const spec = specOf({ precision: 'mixed' });
    expect(freshState(spec.layout, 1, spec).lossScale).toEqual({ scale: 65_536, steps: 0, skipped: 0 });
    expect(freshState(spec.layout, 1, specOf({})).lossScale).toBeUndefined();
  });
});
