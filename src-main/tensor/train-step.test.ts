import { afterEach, describe, expect, it } from 'vitest';
import { normal } from '../../src-shared/runtime.ts';
import type { TrainableModel } from './model.ts';
import { add, mul, reduceMean, reshape, sub } from './ops/index.ts';
import { type Change, distance, endsOf, FEATURES, network, sessionOf, tensors } from './train.fixture.ts';
import type { TrainSession } from './train-session.ts';

const open: TrainSession[] = [];
const start = async (change: Change, data?: ReturnType<typeof tensors>): Promise<TrainSession> => {
  const session = await sessionOf(change, data);
  open.push(session);
  return session;
};
afterEach(async () => {
  for (const session of open.splice(0)) await session.release();
});

const rate = (step: number): number => 0.01 / (1 + step / 10);

/** Squared error against a target that is shaken by a draw: an objective with a step input. */
const shaken: TrainableModel = {
  forward: network,
  objective: (scope) => {
    const error = sub(network(scope), add(scope.target(), scope.stepInput('shake')));
    return reduceMean(mul(error, error), [1]);
  },
  stepInputs: [
    {
      name: 'shake',
      dtype: 'float32',
      shape: [1],
      draw: (rng, out) => {
        for (let i = 0; i < out.length; i++) out[i] = normal(rng);
      },
    },
  ],
};

/** All parameters together, and the larger ones on their own. */
const LAYOUTS = [{ large: 1000 }, { large: 10 }];

describe('accumulated gradients', () => {
  it.each(LAYOUTS)('of k batches of B equal those of one of kB (%o)', async (layout) => {
    const optimizer = { clipNorm: 0.4, weightDecay: 0.1, averageDecay: 0.9 };
    const steps = 25;
    const ends = endsOf(steps * 24);
    const whole = await start({ ...layout, model: shaken, optimizer, batch: 24 });
    const parts = await start({ ...layout, model: shaken, optimizer, batch: 8, accumulation: 3 });
    const wanted = await whole.run(ends, steps, rate);
    const got = await parts.run(ends, steps, rate);
    expect(distance(got.losses, wanted.losses)).toBeLessThan(2e-6);
    expect(distance(got.gradientNorms, wanted.gradientNorms)).toBeLessThan(5e-6);
    expect(distance(parts.weights(), whole.weights())).toBeLessThan(2e-6);
    expect(distance(parts.save().parameters, whole.save().parameters)).toBeLessThan(2e-6);
  });

  it('wants the windows of every batch', async () => {
    const session = await start({ batch: 8, accumulation: 3 });
    await expect(session.run(endsOf(8), 1, rate)).rejects.toThrow(/want 24, got 8/);
  });
});

describe('a step of several workers', () => {
  it.each(LAYOUTS)(
    'that average their gradients equals one of a session with their batches (%o)',
    async (layout) => {
      const optimizer = { clipNorm: 0.4, weightDecay: 0.1, averageDecay: 0.9 };
      const workers: TrainSession[] = [];
      const count = 4;
      for (let index = 0; index < count; index++) {
        const shard = { index, count };
        workers.push(await start({ ...layout, model: shaken, optimizer, batch: 3, accumulation: 2, shard }));
      }
      const alone = await start({ ...layout, model: shaken, optimizer, batch: 24 });
      for (let step = 0; step < 12; step++) {
        const ends = endsOf(24, step);
        const grads = await Promise.all(workers.map((w, i) => w.gradient(ends.slice(6 * i, 6 * i + 6))));
        const mean = grads[0]!.gradient.map((_, j) =>
          grads.reduce((sum, g) => sum + g.gradient[j]! / count, 0),
        );
        const applied = await Promise.all(workers.map((w) => w.apply(mean, rate(step))));
        const { losses, gradientNorms } = await alone.run(ends, 1, rate);
        expect(grads.reduce((sum, g) => sum + g.loss / count, 0)).toBeCloseTo(losses[0]!, 5);
        expect(applied[0]!.gradientNorm).toBeCloseTo(gradientNorms[0]!, 5);
      }
      expect(workers[0]!.step).toBe(12);
      expect(distance(workers[0]!.save().parameters, alone.save().parameters)).toBeLessThan(2e-6);
      for (const worker of workers) expect(worker.save()).toEqual(workers[0]!.save());
    },
  );

  it('agrees bit for bit with the fused step where there is one worker', async () => {
    const alone = await start({});
    const split = await start({});
    for (let step = 0; step < 5; step++) {
      const ends = endsOf(8, step);
      const { losses } = await alone.run(ends, 1, rate);
      const { loss, gradient } = await split.gradient(ends);
      await split.apply(gradient, rate(step));
      expect(loss).toBe(losses[0]);
    }
    expect(split.save()).toEqual(alone.save());
  });
});

describe('chunks', () => {
  it.each<Change>([
    { optimizer: { averageDecay: 0.9, clipNorm: 1 }, model: shaken },
    { optimizer: { kind: 'sgd' }, accumulation: 2 },
    { precision: 'mixed', optimizer: { averageDecay: 0.9 } },
  ])('of any length give the same bits, also through save and load (%#)', async (change) => {
    const each = 8 * (change.accumulation ?? 1);
    const ends = endsOf(20 * each);
    const whole = await start(change);
    await whole.run(ends, 20, rate);
    const cut = await start(change);
    await cut.run(ends.slice(0, 7 * each), 7, rate);
    const resumed = await start(change);
    resumed.load(structuredClone(cut.save()), 7);
    await resumed.run(ends.slice(7 * each), 13, rate);
    expect(resumed.save()).toEqual(whole.save());
  });
});

describe('what is not finite', () => {
  it('is reported with its step, and the state from before the chunk can be had back', async () => {
    const data = tensors();
    data.features[40 * FEATURES + 2] = Number.NaN;
    const session = await start({}, data);
    const clean = endsOf(8 * 6).map((end) => (end >= 40 && end < 43 ? 10 : end));
    expect((await session.run(clean, 6, rate)).bad).toBeUndefined();
    const good = session.save();
    const ends = clean.slice();
    ends[8 * 3 + 5] = 41;
    const { bad, losses } = await session.run(ends, 6, rate);
    expect(bad).toMatchObject({ step: 9, index: 3, what: 'loss', value: Number.NaN });
    expect(Number.isFinite(losses[2]!)).toBe(true);
    expect(session.save().parameters.some(Number.isNaN)).toBe(true);
    session.rollback();
    expect(session.step).toBe(6);
    expect(session.save()).toEqual(good);
    expect(() => session.rollback()).toThrow(/no step/);
    expect((await session.run(clean, 6, rate)).bad).toBeUndefined();
  });

  it('may be the gradient alone', async () => {
    // 1e38 times a small prediction is finite, the sum over the windows of its slopes is not.
    const steep: TrainableModel = {
      forward: network,
      objective: (scope) => {
        const y = reshape(network(scope), [-1]);
        const big = scope.graph.scalar(1e20);
        return mul(mul(y, big), scope.graph.scalar(1e18));
      },
    };
    const session = await start({ model: steep, optimizer: { kind: 'sgd', momentum: 0 } });
    const { bad, losses } = await session.run(endsOf(8), 1, rate);
    expect(Number.isFinite(losses[0]!)).toBe(true);
    expect(bad).toMatchObject({ step: 0, what: 'gradient' });
    session.rollback();
    const { gradient } = await session.gradient(endsOf(8));
    expect((await session.apply(gradient, 0.01)).bad).toMatchObject({ step: 0, what: 'gradient' });
  });
});
