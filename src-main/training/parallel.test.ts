import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { normal, SeededRng } from '../../src-shared/runtime.ts';
import { cpuEngine } from '../tensor/engines/cpu.ts';
import { BUILD_DEFAULTS } from '../tensor/model.ts';
import { OPTIMIZER_DEFAULTS } from '../tensor/optimizer.ts';
import { freshState, TrainSession, type TrainState } from '../tensor/train-session.ts';
import { type GraphSettings, type LostWorker, ParallelSession, specOf, workerDevices } from './parallel.ts';

const ROWS = 600;
const FEATURES = 5;
const WINDOW = 3;
const BATCH = 24;
const ENTRY = join(import.meta.dirname, 'parallelEntry.ts');

function tensors() {
  const rng = new SeededRng(11);
  const features = Float32Array.from({ length: ROWS * FEATURES }, () => normal(rng));
  const targets = Float32Array.from({ length: ROWS }, (_, row) => Math.tanh(features[row * FEATURES]!));
  return { features, targets };
}

function endsOf(steps: number, batch: number, seed = 5): Int32Array {
  const rng = new SeededRng(seed);
  return Int32Array.from(
    { length: steps * batch },
    () => WINDOW - 1 + Math.floor(rng.next() * (ROWS - WINDOW)),
  );
}

const source = {
  family: 'mlp',
  settings: { hidden: [16, 8] },
  given: { window: WINDOW, features: FEATURES, outputs: 1 },
  options: BUILD_DEFAULTS,
};
const graph = (batch: number, change: Partial<GraphSettings> = {}): GraphSettings => ({
  targetColumns: 1,
  rows: ROWS,
  batch,
  loss: { kind: 'mse' },
  optimizer: { ...OPTIMIZER_DEFAULTS, weightDecay: 0.01, clipNorm: 1 },
  seed: 3,
  ...change,
});
const rate = (step: number): number => 0.01 / (1 + step / 10);

const open: ParallelSession[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.release()));
});

async function parallel(
  workers: number,
  averageEvery: number,
  onLost?: (lost: LostWorker) => void,
  change: Partial<GraphSettings> = {},
) {
  const session = await ParallelSession.open(
    {
      source,
      graph: graph(BATCH / workers, change),
      engine: 'cpu',
      devices: workerDevices('cpu', workers, ['cpu']),
      threadsEach: 1,
      averageEvery,
      entry: ENTRY,
      ...(onLost ? { onLost } : {}),
    },
    tensors(),
  );
  open.push(session);
  const spec = specOf(source, graph(BATCH / workers, change));
  await session.load(freshState(spec.layout, 3, spec), 0);
  return session;
}

async function single(batch: number, change: Partial<GraphSettings> = {}) {
  const spec = specOf(source, graph(batch, change));
  const session = await TrainSession.open(cpuEngine(1), spec, tensors());
  session.load(freshState(spec.layout, 3, spec), 0);
  return session;
}

function largestDifference(a: TrainState, b: TrainState): number {
  const vectors = (state: TrainState) => [state.parameters, ...state.slots];
  return Math.max(
    ...vectors(a).map((vector, i) =>
      vector.reduce((most, value, j) => Math.max(most, Math.abs(value - vectors(b)[i]![j]!)), 0),
    ),
  );
}

describe('training on several workers', () => {
  it.for([2, 3])('%i workers that average every step equal one with the whole batch', async (workers) => {
    const whole = await single(BATCH);
    const split = await parallel(workers, 1);
    const before = await split.save();
    const ends = endsOf(24, BATCH);
    for (const [from, steps] of [
      [0, 16],
      [16, 8],
    ] as const) {
      const part = ends.subarray(from * BATCH, (from + steps) * BATCH);
      const one = await whole.run(part, steps, rate);
      const many = await split.run(part, steps, rate);
      many.losses.forEach((loss, i) => {
        expect(loss, `loss of step ${from + i}`).toBeCloseTo(one.losses[i]!, 5);
        expect(many.gradientNorms[i]!, `norm of step ${from + i}`).toBeCloseTo(one.gradientNorms[i]!, 4);
      });
    }
    expect(split.step).toBe(24);
    const after = await split.save();
    expect(largestDifference(after, whole.save())).toBeLessThan(2e-5);
    // Both moved: the agreement is not that of two that stood still.
    expect(largestDifference(after, before)).toBeGreaterThan(0.02);
    const judged = endsOf(1, 100, 9);
    expect(await split.evaluate(judged)).toBeCloseTo(await whole.evaluate(judged), 5);
    expect(await split.weights()).toEqual(after.parameters);
    await whole.release();
  });

  it('averages states every K steps as by hand', async () => {
    const [K, steps] = [4, 12];
    const split = await parallel(2, K);
    const ends = endsOf(steps, BATCH);
    await split.run(ends, steps, rate);
    // By hand: two sessions that see the halves of each batch, set to their mean every four steps.
    const halves = await Promise.all([single(BATCH / 2), single(BATCH / 2)]);
    for (let from = 0; from < steps; from += K) {
      const states: TrainState[] = [];
      for (const [shard, session] of halves.entries()) {
        const own = Int32Array.from({ length: (K * BATCH) / 2 }, (_, i) => {
          const [step, window] = [Math.floor(i / (BATCH / 2)), i % (BATCH / 2)];
          return ends[(from + step) * BATCH + (shard * BATCH) / 2 + window]!;
        });
        await session.run(own, K, rate);
        states.push(session.save());
      }
      const mean = (pick: (state: TrainState) => Float32Array) =>
        pick(states[0]!).map((value, i) => (value + pick(states[1]!)[i]!) / 2);
      const joined = {
        parameters: mean((state) => state.parameters),
        slots: [mean((state) => state.slots[0]!), mean((state) => state.slots[1]!)],
      };
      for (const session of halves) session.load(joined, from + K);
    }
    expect(largestDifference(await split.save(), halves[0]!.save())).toBe(0);
    await Promise.all(halves.map((session) => session.release()));
  });

  it.for([
    ['every step', 1],
    ['every 5 steps', 5],
  ] as const)('loses a worker to kill -9, averaging %s, and computes the same', async ([, averageEvery]) => {
    const ends = endsOf(60, BATCH);
    const undisturbed = await parallel(3, averageEvery);
    const expected = await undisturbed.run(ends, 60, rate);

    const lost: LostWorker[] = [];
    const session = await parallel(3, averageEvery, (worker) => lost.push(worker));
    const running = session.run(ends, 60, rate);
    process.kill(session.pids[1]!, 'SIGKILL');
    const got = await running;
    expect(lost).toEqual([{ index: 1, reason: 'killed by SIGKILL', left: 2 }]);
    expect(session.workers).toBe(2);
    expect(got).toEqual(expected);
    expect(await session.save()).toEqual(await undisturbed.save());
    expect(await session.evaluate(endsOf(1, 100, 9))).toBe(await undisturbed.evaluate(endsOf(1, 100, 9)));
  });

  it('says so when all are lost, and leaves nothing behind', async () => {
    const session = await parallel(2, 1);
    for (const pid of session.pids) process.kill(pid!, 'SIGKILL');
    await expect(session.run(endsOf(4, BATCH), 4, rate)).rejects.toMatchObject({ code: 'WORKER_LOST' });
    const { folder } = session;
    expect(existsSync(folder)).toBe(true);
    await session.release();
    expect(existsSync(folder)).toBe(false);
  });

  it('goes back to before a run', async () => {
    const session = await parallel(2, 1);
    const before = await session.save();
    await session.run(endsOf(6, BATCH), 6, rate);
    expect(largestDifference(await session.save(), before)).toBeGreaterThan(0.01);
    await session.rollback();
    expect(session.step).toBe(0);
    expect(await session.save()).toEqual(before);
  });

  it('tells the first step whose loss is not finite, and refuses more devices than there are', async () => {
    const session = await parallel(2, 1);
    const result = await session.run(endsOf(5, BATCH), 5, () => 1e30);
    expect(result.bad?.index).toBeGreaterThan(0);
    expect(result.bad?.step).toBe(result.bad?.index);
    expect(() => workerDevices('cuda', 3, ['cuda:0', 'cuda:1'])).toThrow(/3 devices are wanted, cuda has 2/);
    expect(workerDevices('cuda', 2, ['cuda:0', 'cuda:1', 'cuda:2'])).toEqual(['cuda:0', 'cuda:1']);
  });
});
