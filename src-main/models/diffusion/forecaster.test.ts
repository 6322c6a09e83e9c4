import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { normal, SeededRng } from '../../../src-shared/runtime.ts';
import { type Engine, openEngine } from '../../tensor/engine.ts';
import { Graph } from '../../tensor/graph.ts';
import { BUILD_DEFAULTS, collectParameters, inferenceModel, type ModelSize } from '../../tensor/model.ts';
import { emitModel } from '../../tensor/onnx/emit.ts';
import { OPTIMIZER_DEFAULTS } from '../../tensor/optimizer.ts';
import { initialParameters, layOut, type ParameterLayout } from '../../tensor/parameters.ts';
import { freshState, TrainSession } from '../../tensor/train-session.ts';
import { type DiffusionConfig, diffusion, diffusionParts, FAN_LEVELS } from '../families/diffusion.ts';
import { openDenoiser } from './denoiser.ts';
import { startingNoise } from './noise.ts';
import { quantileWeights, sortPaths } from './quantiles.ts';
import { ddpmSample, noiseOf, SOLVERS, type Solver, solve } from './sampler.ts';

let engine: Engine;
beforeAll(async () => {
  engine = (await openEngine('cpu', 2)).engine;
});

const configOf = (settings: Partial<DiffusionConfig>): DiffusionConfig =>
  diffusion.schema.parse(settings) as DiffusionConfig;
const sizeOf = (window: number, features: number, horizon: number): ModelSize => ({
  window,
  features,
  outputs: 3,
  targets: horizon,
});

interface Lesson {
  readonly config: DiffusionConfig;
  readonly size: ModelSize;
  /** [rows, features] and [rows, horizon] */
  readonly features: Float32Array;
  readonly targets: Float32Array;
  readonly batch: number;
  readonly steps: number;
}

interface Learnt {
  readonly layout: ParameterLayout;
  readonly values: Float32Array;
  readonly losses: readonly number[];
}

const CHUNK = 50;

/** Trains on random rows with a falling learning rate. */
async function learn({ config, size, features, targets, batch, steps }: Lesson): Promise<Learnt> {
  const model = diffusion.define(config, size, BUILD_DEFAULTS);
  const layout = layOut(collectParameters(model, size));
  const rows = features.length / size.features;
  const optimizer = { ...OPTIMIZER_DEFAULTS, clipNorm: 1 };
  const spec = { model, size, layout, targetColumns: size.targets!, rows, batch, optimizer, seed: 5 };
  const session = await TrainSession.open(engine, { ...spec, loss: { kind: 'mse' } }, { features, targets });
  session.load(freshState(layout, 5), 0);
  const rng = new SeededRng(9);
  const losses: number[] = [];
  for (let step = 0; step < steps; step += CHUNK) {
    const first = size.window - 1;
    const ends = Int32Array.from({ length: CHUNK * batch }, () =>
      Math.floor(first + rng.next() * (rows - first)),
    );
    const rate = (at: number): number => (0.003 * (1 + Math.cos((Math.PI * at) / steps))) / 2;
    const result = await session.run(ends, CHUNK, rate);
    losses.push(result.losses.reduce((sum, v) => sum + v, 0) / CHUNK);
  }
  const values = session.save().parameters;
  await session.release();
  return { layout, values, losses };
}

const LENGTH = 32;
/** Whole waves in a series. */
const WAVES = 3;

/** Sine waves of amplitude 1 and random phase, [count, LENGTH]. */
function sines(count: number, rng: SeededRng): Float32Array {
  const out = new Float32Array(count * LENGTH);
  for (let i = 0; i < count; i++) {
    const phase = 2 * Math.PI * rng.next();
    for (let k = 0; k < LENGTH; k++)
      out[i * LENGTH + k] = Math.sin((2 * Math.PI * WAVES * k) / LENGTH + phase);
  }
  return out;
}

/** Largest relative error of a step's deviation; a sine's is sqrt(1/2) at every step. */
function deviationError(x: Float32Array): number {
  const count = x.length / LENGTH;
  const errors = Array.from({ length: LENGTH }, (_, k) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += x[i * LENGTH + k]! ** 2;
    return Math.abs(Math.sqrt(sum / count) / Math.SQRT1_2 - 1);
  });
  return Math.max(...errors);
}

/** Mean share of each series' power by frequency, [LENGTH / 2]. */
function spectrum(x: Float32Array): number[] {
  const count = x.length / LENGTH;
  const shares = new Array<number>(LENGTH / 2).fill(0);
  for (let i = 0; i < count; i++) {
    const series = x.subarray(i * LENGTH, (i + 1) * LENGTH);
    const power = shares.map((_, bin) => {
      let [re, im] = [0, 0];
      series.forEach((v, k) => {
        re += v * Math.cos((2 * Math.PI * bin * k) / LENGTH);
        im += v * Math.sin((2 * Math.PI * bin * k) / LENGTH);
      });
      return re ** 2 + im ** 2;
    });
    const total = power.reduce((sum, p) => sum + p, 0);
    power.forEach((p, bin) => {
      shares[bin]! += p / total / count;
    });
  }
  return shares;
}

/** 2 E|X - Y| - E|X - X'| - E|Y - Y'| without bias, Székely and Rizzo (2013): 0 for equal distributions. */
function energyDistance(x: Float32Array, y: Float32Array): number {
  const n = x.length / LENGTH;
  const apart = (a: Float32Array, i: number, b: Float32Array, j: number): number => {
    let sum = 0;
    for (let k = 0; k < LENGTH; k++) sum += (a[i * LENGTH + k]! - b[j * LENGTH + k]!) ** 2;
    return Math.sqrt(sum);
  };
  let [across, within] = [0, 0];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      across += apart(x, i, y, j);
      if (i !== j) within += apart(x, i, x, j) + apart(y, i, y, j);
    }
  }
  return (2 * across) / n ** 2 - within / (n * (n - 1));
}

describe('sine waves of random phase', () => {
  const config = configOf({ levels: 3, steps: 100, pathScale: Math.SQRT1_2, clip: 3 });
  const size = sizeOf(1, 1, LENGTH);
  const COUNT = 128;
  const { denoiser } = diffusionParts(config, LENGTH);
  const options = { schedule: denoiser.schedule, clip: config.clip };
  const start = noiseOf(COUNT * LENGTH, new SeededRng(21));
  const scaled = (x: Float32Array): Float32Array => x.map((v) => v * config.pathScale);
  const truth = sines(COUNT, new SeededRng(33));
  let learnt: Learnt;

  beforeAll(async () => {
    const rows = 2048;
    const targets = sines(rows, new SeededRng(3));
    learnt = await learn({ config, size, features: new Float32Array(rows), targets, batch: 64, steps: 400 });
  }, 180_000);

  const open = (values: Float32Array) =>
    openDenoiser(engine, denoiser, size, { layout: learnt.layout, values }, new Float32Array(1));

  it('the noise is found: the loss falls to a small part of the variance it starts at', () => {
    expect(learnt.losses[0]).toBeGreaterThan(0.1);
    expect(learnt.losses.at(-1)).toBeLessThan(0.06);
  });

  it('ancestral samples are sine waves of that frequency, amplitude and spread of phases', async () => {
    const { denoise, close } = await open(learnt.values);
    const x = scaled(await ddpmSample(denoise, start, new SeededRng(22), options));
    await close();
    expect(deviationError(x)).toBeLessThan(0.1);
    expect(spectrum(x)[WAVES]).toBeGreaterThan(0.95);
    expect(energyDistance(x, truth)).toBeLessThan(0.1);
  });

  it.each(SOLVERS)('%s through 12 of 100 steps samples the same distribution', async (solver) => {
    const { denoise, close } = await open(learnt.values);
    const x = scaled(await solve(denoise, start, { count: 12, solver }, options));
    const all = scaled(await ddpmSample(denoise, start, new SeededRng(23), options));
    await close();
    expect(deviationError(x)).toBeLessThan(0.12);
    expect(spectrum(x)[WAVES]).toBeGreaterThan(0.85);
    expect(energyDistance(x, truth)).toBeLessThan(0.15);
    expect(energyDistance(x, all)).toBeLessThan(0.15);
  });

  it('an untrained network gives white noise of that size, and fails', async () => {
    const { denoise, close } = await open(initialParameters(learnt.layout, 5));
    const x = scaled(await ddpmSample(denoise, start, new SeededRng(22), options));
    await close();
    expect(spectrum(x)[WAVES]).toBeLessThan(0.15);
    expect(energyDistance(x, truth)).toBeGreaterThan(0.5);
  });
});

/** Weights that are not at their start, so that no block is the identity. */
const shaken = (layout: ParameterLayout): Float32Array =>
  ((rng) => initialParameters(layout, 3).map((v) => v + 0.05 * normal(rng)))(new SeededRng(8));

describe('the forecast graph', () => {
  const horizon = 5;
  const size = sizeOf(6, 2, horizon);
  const config = configOf({ channels: 8, steps: 50, samplingSteps: 6, paths: 8 });
  const model = diffusion.define(config, size, BUILD_DEFAULTS);
  const layout = layOut(collectParameters(model, size));
  const values = shaken(layout);
  const windows = ((rng) => Float32Array.from({ length: 4 * 12 }, () => normal(rng)))(new SeededRng(2));

  async function forecast(count: number, from = 0, solver: Solver = config.solver) {
    const { forward } = diffusion.define({ ...config, solver }, size, BUILD_DEFAULTS);
    const session = await engine.createSession(inferenceModel(forward, size, layout, values));
    const data = windows.slice(from * 12, (from + count) * 12);
    const results = await session.run({ x: { dtype: 'float32', shape: [count, 6, 2], data } });
    await session.release();
    return { y: results.y!, fan: results.fan! };
  }

  it.each(SOLVERS)('draws what %s outside draws, and takes quantiles of the way covered', async (solver) => {
    const { y, fan } = await forecast(3, 0, solver);
    expect(y.shape).toEqual([3, 3]);
    expect(fan.shape).toEqual([3, FAN_LEVELS.length, horizon]);
    const { denoiser, fan: settings } = diffusionParts(config, horizon);
    for (let window = 0; window < 3; window++) {
      const seen = windows.slice(window * 12, (window + 1) * 12);
      const { denoise, close } = await openDenoiser(engine, denoiser, size, { layout, values }, seen);
      const options = { schedule: denoiser.schedule, clip: config.clip };
      const futures = await solve(denoise, startingNoise(settings, horizon), { count: 6, solver }, options);
      await close();
      for (let step = 0; step < horizon; step++) {
        const covered = Array.from({ length: 8 }, (_, path) =>
          futures
            .subarray(path * horizon, path * horizon + step + 1)
            .reduce((sum, v) => sum + v * config.pathScale, 0),
        ).sort((a, b) => a - b);
        const quantile = (level: number): number => {
          const place = 7 * level;
          const below = Math.floor(place);
          return covered[below]! + (place - below) * ((covered[below + 1] ?? 0) - covered[below]!);
        };
        FAN_LEVELS.forEach((level, i) => {
          const got = Number(fan.data[(window * FAN_LEVELS.length + i) * horizon + step]);
          expect(got).toBeCloseTo(quantile(level), 3);
        });
        if (step < horizon - 1) continue;
        [0.5, 0.05, 0.95].forEach((level, i) => {
          expect(Number(y.data[window * 3 + i])).toBeCloseTo(quantile(level) / Math.sqrt(horizon), 3);
        });
      }
    }
  });

  it('says the same of a window alone as among others, bit for bit', async () => {
    const together = await forecast(4);
    for (let i = 0; i < 4; i++) {
      const alone = await forecast(1, i);
      expect([...alone.y.data]).toEqual([...together.y.data.subarray(i * 3, i * 3 + 3)]);
    }
  });
});

describe('what is learnt of the window', () => {
  it('the forecast follows a feature, and its interval the spread around it', async () => {
    // Steps are normal with mean 0.6 f and deviation 1: the way over 4 steps, over root 4, is N(1.2 f, 1).
    const horizon = 4;
    const rows = 4096;
    const rng = new SeededRng(12);
    const features = Float32Array.from({ length: rows }, () => normal(rng));
    const targets = Float32Array.from(
      { length: rows * horizon },
      (_, i) => 0.6 * features[Math.floor(i / horizon)]! + normal(rng),
    );
    const config = configOf({ channels: 8, steps: 100, pathScale: 1, clip: 6, paths: 64 });
    const size = sizeOf(1, 1, horizon);
    const { layout, values } = await learn({ config, size, features, targets, batch: 128, steps: 400 });
    const { forward } = diffusion.define(config, size, BUILD_DEFAULTS);
    const session = await engine.createSession(inferenceModel(forward, size, layout, values));
    const asked = Float32Array.of(-1.5, -0.75, 0, 0.75, 1.5);
    const { y } = await session.run({ x: { dtype: 'float32', shape: [5, 1, 1], data: asked } });
    await session.release();
    const at = (row: number, column: number): number => Number(y!.data[row * 3 + column]);
    asked.forEach((f, row) => {
      expect(Math.abs(at(row, 0) - 1.2 * f)).toBeLessThan(0.35);
    });
    const width = asked.reduce((sum, _, row) => sum + at(row, 2) - at(row, 1), 0) / asked.length;
    // 90 % of a normal distribution lie within 1.645 deviations on each side.
    expect(Math.abs(width / (2 * 1.645) - 1)).toBeLessThan(0.2);
  }, 120_000);
});

describe('quantiles of paths', () => {
  async function sorted(values: Float32Array, rows: number, count: number, width: number) {
    const graph = new Graph('sort');
    const x = graph.input('x', 'float32', [1, count, width], ['rows', count, width]);
    graph.output('y', sortPaths(x), ['rows', count, width]);
    const session = await engine.createSession(emitModel(graph));
    const { y } = await session.run({ x: { dtype: 'float32', shape: [rows, count, width], data: values } });
    await session.release();
    return y!.data as Float32Array;
  }

  it.each([2, 8, 32])('a network of %i paths sorts as sort() does', async (count) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(),
        fc.boolean(),
        async (rows, width, seed, coarse) => {
          const rng = new SeededRng(seed);
          const values = Float32Array.from({ length: rows * count * width }, () =>
            coarse ? Math.round(2 * normal(rng)) : normal(rng),
          );
          const got = await sorted(values, rows, count, width);
          for (let row = 0; row < rows; row++) {
            for (let k = 0; k < width; k++) {
              const column = (data: Float32Array) =>
                Array.from({ length: count }, (_, i) => data[(row * count + i) * width + k]! + 0);
              expect(column(got)).toEqual(column(values).sort((a, b) => a - b));
            }
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it('the weights interpolate between order statistics', () => {
    // Levels of 5 sorted values: 0.5 is the third, 0.9 lies 0.6 of the way from the fourth to the fifth.
    const weights = quantileWeights(5, [0.5, 0.9, 0]);
    const column = (k: number) => Array.from({ length: 5 }, (_, i) => weights[i * 3 + k]!);
    expect(column(0)).toEqual([0, 0, 1, 0, 0]);
    expect(column(1).map((w) => Math.round(w * 1e6) / 1e6)).toEqual([0, 0, 0, 0.4, 0.6]);
    expect(column(2)).toEqual([1, 0, 0, 0, 0]);
  });
});

describe('settings', () => {
  it.each([
    [{ channels: 6 }, /multiple of 4/],
    [{ lower: 0.9, upper: 0.1 }, /lower must be below upper/],
    [{ paths: 24 }, /power of 2/],
    [{ groups: 3 }, /multiple of groups/],
    [{ heads: 3 }, /multiple of heads/],
    [{ steps: 40, samplingSteps: 41 }, /must not exceed steps/],
    [{ chanels: 8 }, /chanels/],
  ])('%j is refused', (settings, message) => {
    expect(() => diffusion.schema.parse(settings)).toThrow(message);
  });

  it('a horizon that is too long is refused, one that no stride divides is not', () => {
    const config = configOf({ levels: 3 });
    expect(() => diffusion.define(config, sizeOf(1, 1, 513), BUILD_DEFAULTS)).toThrow(/513 bars is too long/);
    for (const horizon of [1, 3, 7, 12]) {
      const size = sizeOf(5, 2, horizon);
      const specs = collectParameters(diffusion.define(config, size, BUILD_DEFAULTS), size);
      expect(new Set(specs.map((s) => s.name)).size).toBe(specs.length);
    }
  });
});
