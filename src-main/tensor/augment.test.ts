import { afterEach, describe, expect, it } from 'vitest';
import { SeededRng } from '../../src-shared/runtime.ts';
import {
  type AugmentSettings,
  augmentInputs,
  augmentScope,
  augmentTarget,
  noiseRows,
  noiseTable,
} from './augment.ts';
import { cpuEngine } from './engines/cpu.ts';
import { Graph } from './graph.ts';
import { everyStep, type ModelSize, windowScope } from './model.ts';
import { emitModel } from './onnx/emit.ts';
import { type Change, distance, endsOf, sessionOf } from './train.fixture.ts';
import type { TrainSession } from './train-session.ts';

const NONE: AugmentSettings = { noise: 0, timeWarp: 0, spread: 0 };
const SIZE: ModelSize = { window: 5, features: 2, outputs: 1 };
const ROWS = 12;

interface Draws {
  readonly warp?: number[];
  readonly offset?: number[];
  readonly spread?: number[];
}

/** Windows ending at `ends` of a matrix whose row r is [r, r²], as they are after augmentation. */
async function windows(ends: number[], draws: Draws, noise?: Float32Array, steps = everyStep(SIZE.window)) {
  const graph = new Graph('g');
  const features = graph.input('features', 'float32', [ROWS, 2]);
  const at = graph.input('ends', 'int32', [ends.length]);
  const values = new Map(
    (['warp', 'offset', 'spread'] as const)
      .filter((name) => draws[name])
      .map((name) => [
        `augment_${name}`,
        graph.constant(name === 'offset' ? 'int32' : 'float32', [ends.length], draws[name]!),
      ]),
  );
  const scope = windowScope(SIZE, features, at, () => {
    throw new Error('no parameters here');
  });
  const table = noise ? graph.constant('float32', [noise.length / 2, 2], noise) : undefined;
  const source = { features, ends: at, draws: values, ...(table ? { noise: table } : {}) };
  graph.output('x', augmentScope(scope, source).rowsAt(steps));
  const target = graph.constant(
    'float32',
    [ends.length, 2],
    ends.flatMap((end) => [end, -end]),
  );
  graph.output('target', augmentTarget(target, values));
  const session = await cpuEngine(1).createSession(emitModel(graph));
  const matrix = Float32Array.from({ length: ROWS * 2 }, (_, i) => Math.floor(i / 2) ** (1 + (i % 2)));
  const { x, target: changed } = await session.run({
    features: { dtype: 'float32', shape: [ROWS, 2], data: matrix },
    ends: { dtype: 'int32', shape: [ends.length], data: Int32Array.from(ends) },
  });
  await session.release();
  return { x: Array.from(x!.data, Number), target: Array.from(changed!.data, Number) };
}

describe('augmented windows', () => {
  it('are stretched about their newest row, between two rows linearly', async () => {
    // Offsets -4 … 0 times 0.75: rows 7, 7.75, 8.5, 9.25, 10; squares are blended, not squared: 8.5 -> (64 + 81) / 2.
    const { x } = await windows([10], { warp: [-0.25] });
    expect(x).toEqual([7, 49, 7.75, 60.25, 8.5, 72.5, 9.25, 85.75, 10, 100]);
  });

  it('are squeezed and repeat their oldest row, so that nothing before the window is read', async () => {
    // Offsets times 1.5: -6, -4.5, -3, -1.5, 0, of which -4 is the oldest there is.
    const { x } = await windows([4, 11], { warp: [0.5, 0.5] });
    expect(x.slice(0, 10)).toEqual([0, 0, 0, 0, 1, 1, 2.5, 6.5, 4, 16]);
    expect(x.slice(10)).toEqual([7, 49, 7, 49, 8, 64, 9.5, 90.5, 11, 121]);
  });

  it('are as they are without a warp', async () => {
    const { x } = await windows([6], { warp: [0] });
    expect(x).toEqual([2, 4, 3, 9, 4, 16, 5, 25, 6, 36]);
  });

  it('take their noise from the table, a run of rows each', async () => {
    const table = Float32Array.from({ length: 2 * 20 }, (_, i) => i / 128);
    const { x } = await windows([6, 6], { offset: [3, 15] }, table, [0, 4]);
    const noise = (row: number): number[] => [(2 * row) / 128, (2 * row + 1) / 128];
    const [a, b, c, d] = [noise(3), noise(7), noise(15), noise(19)] as [
      number[],
      number[],
      number[],
      number[],
    ];
    expect(x).toEqual(
      [2 + a[0]!, 4 + a[1]!, 6 + b[0]!, 36 + b[1]!, 2 + c[0]!, 4 + c[1]!, 6 + d[0]!, 36 + d[1]!].map(
        Math.fround,
      ),
    );
  });

  it('have targets moved by the spread, all columns alike', async () => {
    const { target } = await windows([5, 6], { spread: [0.5, -0.25] });
    expect(target).toEqual([5.5, -4.5, 5.75, -6.25]);
  });
});

describe('draws', () => {
  const drawn = (settings: Partial<AugmentSettings>, count: number): number[] => {
    const [input] = augmentInputs({ ...NONE, ...settings }, SIZE);
    const out = input!.dtype === 'int32' ? new Int32Array(count) : new Float32Array(count);
    input!.draw(new SeededRng(1), out);
    return Array.from(out);
  };

  it('stay within the settings and reach towards both ends', () => {
    for (const values of [drawn({ timeWarp: 0.2 }, 4000), drawn({ spread: 0.2 }, 4000)]) {
      expect(Math.max(...values)).toBeLessThanOrEqual(0.2);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(-0.2);
      expect(Math.max(...values)).toBeGreaterThan(0.195);
      expect(Math.min(...values)).toBeLessThan(-0.195);
    }
    const offsets = drawn({ noise: 1 }, 4000);
    expect(Math.min(...offsets)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...offsets)).toBeLessThanOrEqual(noiseRows(SIZE) - SIZE.window);
  });

  it('are none where nothing is asked for, and no warp of a single row', () => {
    expect(augmentInputs(NONE, SIZE)).toEqual([]);
    expect(augmentInputs(undefined, SIZE)).toEqual([]);
    expect(augmentInputs({ ...NONE, timeWarp: 0.1 }, { ...SIZE, window: 1 })).toEqual([]);
  });

  it.each([
    [{ noise: -1 }, /augment.noise must be 0 or more/],
    [{ timeWarp: 0.6 }, /augment.timeWarp must lie between 0 and 0.5/],
    [{ spread: Number.NaN }, /augment.spread/],
  ])('refuse %o', (change, message) => {
    expect(() => augmentInputs({ ...NONE, ...change }, SIZE)).toThrow(message);
  });

  it('come from a table of the asked deviation, the same for the same seed', () => {
    const table = noiseTable({ ...NONE, noise: 0.3 }, SIZE, 4);
    expect(table).toHaveLength(noiseRows(SIZE) * 2);
    expect(noiseTable({ ...NONE, noise: 0.3 }, SIZE, 4)).toEqual(table);
    expect(noiseTable({ ...NONE, noise: 0.3 }, SIZE, 5)).not.toEqual(table);
    const mean = table.reduce((a, b) => a + b) / table.length;
    const variance = table.reduce((sum, x) => sum + (x - mean) ** 2, 0) / table.length;
    // 16,392 numbers: the standard error of the mean is 0.0023, that of the deviation 0.0017.
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(Math.abs(Math.sqrt(variance) - 0.3)).toBeLessThan(0.007);
  });
});

describe('training on augmented windows', () => {
  const open: TrainSession[] = [];
  const start = async (change: Change): Promise<TrainSession> => {
    const session = await sessionOf(change);
    open.push(session);
    return session;
  };
  afterEach(async () => {
    for (const session of open.splice(0)) await session.release();
  });
  const augment = { noise: 0.1, timeWarp: 0.2, spread: 0.1 };
  const rate = (): number => 0.01;

  it('validates on windows as they are', async () => {
    const [plain, changed] = [await start({}), await start({ augment })];
    expect(await changed.evaluate(endsOf(30))).toBe(await plain.evaluate(endsOf(30)));
    expect(await changed.predict(endsOf(30))).toEqual(await plain.predict(endsOf(30)));
    const [a, b] = [await plain.run(endsOf(8), 1, rate), await changed.run(endsOf(8), 1, rate)];
    expect(a.losses[0]).not.toBe(b.losses[0]);
    expect(b.losses[0]! / a.losses[0]!).toBeCloseTo(1, 0);
  });

  it('of nothing is training on them as they are, bit for bit', async () => {
    const [plain, none] = [await start({}), await start({ augment: NONE })];
    await plain.run(endsOf(80), 10, rate);
    await none.run(endsOf(80), 10, rate);
    expect(none.save()).toEqual(plain.save());
  });

  it('repeats its draws when it goes on from a saved state, in chunks of any length', async () => {
    const ends = endsOf(8 * 20);
    const [whole, cut] = [await start({ augment }), await start({ augment })];
    const { losses } = await whole.run(ends, 20, rate);
    expect(new Set((await cut.run(ends.slice(0, 64), 8, rate)).losses)).toEqual(new Set(losses.slice(0, 8)));
    const resumed = await start({ augment });
    resumed.load(cut.save(), 8);
    await resumed.run(ends.slice(64), 12, rate);
    expect(resumed.save()).toEqual(whole.save());
    const other = await start({ augment, seed: 4 });
    await other.run(ends, 20, rate);
    expect(other.save()).not.toEqual(whole.save());
  });

  it('is the same in accumulated batches and over workers', async () => {
    const ends = endsOf(24);
    const alone = await start({ augment, batch: 24 });
    await alone.run(ends, 1, rate);
    const parts = await start({ augment, batch: 8, accumulation: 3 });
    await parts.run(ends, 1, rate);
    expect(distance(parts.weights(), alone.weights())).toBeLessThan(1e-6);
    const gradients: Float32Array[] = [];
    for (let index = 0; index < 3; index++) {
      const worker = await start({ augment, batch: 8, shard: { index, count: 3 } });
      gradients.push((await worker.gradient(ends.slice(8 * index, 8 * index + 8))).gradient);
    }
    const mean = gradients[0]!.map((_, i) => gradients.reduce((sum, g) => sum + g[i]! / 3, 0));
    const first = await start({ augment, batch: 24 });
    expect(distance(mean, (await first.gradient(ends)).gradient)).toBeLessThan(1e-6);
  });
});
