import { beforeAll, describe, expect, it } from 'vitest';
import { reportPartSchema } from '../../../src-shared/contract/training.ts';
import { normal, SeededRng } from '../../../src-shared/runtime.ts';
import { channelBlockOf } from '../../tensor/channel-block.ts';
import { cpuEngine } from '../../tensor/engines/cpu.ts';
import { BUILD_DEFAULTS, type ConvLayout, collectParameters, inferenceModel } from '../../tensor/model.ts';
import { OPTIMIZER_DEFAULTS } from '../../tensor/optimizer.ts';
import { layOut } from '../../tensor/parameters.ts';
import { freshState, TrainSession } from '../../tensor/train-session.ts';
import { defineModel } from '../registry.ts';
import { latentReport, participationRatio, ReconstructionSums } from './tcnAutoencoder.report.ts';

const engine = cpuEngine(1);
let layouts: ConvLayout[];
beforeAll(async () => {
  const block = await channelBlockOf(engine);
  layouts = ['channelsFirst', 'channelsLast', ...(block ? [`blocked${block}` as const] : [])];
});

const [WINDOW, FEATURES, ROWS, BATCH] = [16, 3, 600, 16];

/** Three views of two sine waves of changing phase: windows that two or three numbers tell well. */
const waves = (() => {
  const data = new Float32Array(ROWS * FEATURES);
  for (let row = 0; row < ROWS; row++) {
    const [a, b] = [Math.sin(row / 5), Math.sin(row / 2.3 + 1)];
    data.set([a, b, 0.5 * a - 0.5 * b], row * FEATURES);
  }
  return data;
})();
const ends = Int32Array.from({ length: ROWS - WINDOW }, (_, i) => WINDOW + i);

function modelOf(family: string, settings: object, layout: ConvLayout) {
  const size = { window: WINDOW, features: FEATURES, outputs: 1 };
  return defineModel(family, settings, size, { ...BUILD_DEFAULTS, layout });
}

/** Trains some steps and gives losses, weights and the model. */
async function trained(family: string, settings: object, layout: ConvLayout, steps: number) {
  const model = modelOf(family, settings, layout);
  const placed = layOut(collectParameters(model, model.size));
  const spec = {
    model,
    size: model.size,
    layout: placed,
    targetColumns: 1,
    rows: ROWS,
    batch: BATCH,
    loss: { kind: 'mse' } as const,
    optimizer: OPTIMIZER_DEFAULTS,
    seed: 1,
  };
  const targets = Float32Array.from({ length: ROWS }, (_, row) => waves[row * FEATURES]!);
  const session = await TrainSession.open(engine, spec, { features: waves, targets });
  await session.load(freshState(placed, 2, spec), 0);
  const rng = new SeededRng(3);
  const picked = Int32Array.from(
    { length: steps * BATCH },
    () => ends[Math.floor(rng.next() * ends.length)]!,
  );
  const { losses } = await session.run(picked, steps, () => 3e-3);
  const { parameters } = await session.save();
  await session.release();
  return { losses: Array.from(losses), parameters, layout: placed, model };
}

describe('layouts of convolutions', () => {
  it.each([
    ['tcn', { channels: 16, levels: 2, steps: 'all' }],
    ['tcn', { channels: 16, levels: 2, steps: 'all', convsPerLevel: 2, pooling: 'mean' }],
    ['tcn', { channels: 16, levels: 2, steps: 'all', convsPerLevel: 2, activation: 'silu', residual: false }],
    ['tcnAutoencoder', { channels: 16, levels: 2, latent: 5, pooling: 4 }],
    [
      'tcnAutoencoder',
      { channels: 32, levels: 1, latent: 5, pooling: 1, convsPerLevel: 1, activation: 'gelu' },
    ],
  ])('train %s %o to the same losses and weights', async (family, settings) => {
    const [first, ...others] = await Promise.all(
      layouts.map((layout) => trained(family, settings, layout, 10)),
    );
    expect(others.length).toBeGreaterThan(0);
    for (const other of others) {
      other.losses.forEach((loss, i) => {
        expect(loss / first!.losses[i]!).toBeCloseTo(1, 3);
      });
      const worst = other.parameters.reduce(
        (most, p, i) => Math.max(most, Math.abs(p - first!.parameters[i]!)),
        0,
      );
      // Adam moves a weight by up to 3e-3 a step, whichever way the last bits of a small gradient point.
      expect(worst).toBeLessThan(5e-3);
    }
  });

  it('the steps of a window that are needed give what all steps give, with two convolutions per level too', async () => {
    const settings = { channels: 6, levels: 2, kernelSize: 2, convsPerLevel: 2 };
    const x = {
      dtype: 'float32' as const,
      shape: [4, WINDOW, FEATURES],
      data: waves.slice(0, 4 * WINDOW * FEATURES),
    };
    const results: number[][] = [];
    for (const steps of ['all', 'needed']) {
      const model = modelOf('tcn', { ...settings, steps }, 'channelsFirst');
      const placed = layOut(collectParameters(model, model.size));
      const weights = freshState(placed, 4).parameters;
      const session = await engine.createSession(inferenceModel(model.forward, model.size, placed, weights));
      results.push(Array.from((await session.run({ x })).y!.data, Number));
      await session.release();
    }
    results[0]!.forEach((value, i) => {
      expect(results[1]![i]).toBeCloseTo(value, 5);
    });
    expect(new Set(results[0]).size).toBe(4);
  });

  it('blocked refuses channels that do not fill blocks', () => {
    for (const family of ['tcn', 'tcnAutoencoder']) {
      const settings = family === 'tcn' ? { channels: 12, steps: 'all' } : { channels: 12 };
      expect(() => modelOf(family, settings, 'blocked8')).toThrow(/12 channels do not fill blocks of 8/);
    }
  });
});

describe('TCN autoencoder', () => {
  const settings = { channels: 16, levels: 2, latent: 6, pooling: 4, convsPerLevel: 1 };

  it('learns to give windows back through fewer numbers than they hold', async () => {
    const { losses, parameters, layout, model } = await trained(
      'tcnAutoencoder',
      settings,
      layouts.at(-1)!,
      500,
    );
    const mean = (part: number[]): number => part.reduce((sum, v) => sum + v, 0) / part.length;
    // The variance of the waves is 0.5, 0.5 and 0.25: what giving back the mean would leave.
    expect(mean(losses.slice(0, 5))).toBeGreaterThan(0.3);
    expect(mean(losses.slice(-20))).toBeLessThan(0.02);

    // What was learnt in one layout is read in the one models are kept in, with all that the model says.
    const kept = modelOf('tcnAutoencoder', settings, 'channelsFirst');
    const session = await engine.createSession(inferenceModel(kept.forward, model.size, layout, parameters));
    const windows = 40;
    const data = new Float32Array(windows * WINDOW * FEATURES);
    for (let w = 0; w < windows; w++) {
      data.set(waves.subarray(w * 3 * FEATURES, (w * 3 + WINDOW) * FEATURES), w * WINDOW * FEATURES);
    }
    const run = (from: number, count: number) => {
      const each = WINDOW * FEATURES;
      const x = data.slice(from * each, (from + count) * each);
      return session.run({ x: { dtype: 'float32', shape: [count, WINDOW, FEATURES], data: x } });
    };
    const all = await run(0, windows);
    expect(all.y!.shape).toEqual([windows, 6]);
    expect(all.reconstruction!.shape).toEqual([windows, WINDOW, FEATURES]);
    const reconstruction = all.reconstruction!.data as Float32Array;
    const errors = Array.from({ length: windows }, (_, w) => {
      let sum = 0;
      for (let i = w * WINDOW * FEATURES; i < (w + 1) * WINDOW * FEATURES; i++) {
        sum += (data[i]! - reconstruction[i]!) ** 2;
      }
      return sum / (WINDOW * FEATURES);
    });
    errors.forEach((error, w) => {
      expect(Number(all.error!.data[w])).toBeCloseTo(error, 6);
      expect(error).toBeLessThan(0.1);
    });
    // One window says what the batch says, bit for bit.
    for (const w of [0, 7, 39]) {
      const one = await run(w, 1);
      expect(one.y!.data).toEqual((all.y!.data as Float32Array).slice(w * 6, (w + 1) * 6));
      expect(one.error!.data[0]).toBe(all.error!.data[w]);
    }
    await session.release();

    const sums = new ReconstructionSums(FEATURES);
    sums.add(data, reconstruction);
    const parts = latentReport({
      latents: all.y!.data as Float32Array,
      errors: all.error!.data as Float32Array,
      timeMs: Array.from({ length: windows }, (_, w) => w * 60_000),
      names: ['a', 'b', 'c'],
      shares: sums.shares(),
    });
    for (const part of parts) expect(() => reportPartSchema.parse(part)).not.toThrow();
    for (const share of sums.shares()) expect(share).toBeGreaterThan(0.9);
  });

  it('names what to change where the window cannot be pooled', () => {
    expect(() => modelOf('tcnAutoencoder', { pooling: 5 }, 'channelsFirst')).toThrow(
      /16 bars .* groups of 5/,
    );
  });

  it('makes as many numbers as asked for, of 240 steps by default', () => {
    const model = defineModel('tcnAutoencoder', {}, { window: 240, features: 80, outputs: 1 });
    expect(model.size.outputs).toBe(100);
    const named = Object.fromEntries(
      collectParameters(model, model.size).map(({ name, shape }) => [name, shape]),
    );
    expect(named['latent.weight']).toEqual([30 * 64, 100]);
    expect(named['seed.weight']).toEqual([100, 30 * 64]);
    expect(named['encoder.level0.skip']).toEqual([80, 64]);
    expect(named['output.weight']).toEqual([64, 80]);
  });
});

describe('latent report', () => {
  it('measures the effective dimension: n for n equal independent latents, 1 for one direction', () => {
    expect(participationRatio(Float64Array.of(2, 0, 0, 2), 2)).toBe(2);
    expect(participationRatio(Float64Array.of(1, 1, 1, 1), 2)).toBe(1);
    // Eigenvalues 3 and 1: (3 + 1)^2 / (9 + 1).
    expect(participationRatio(Float64Array.of(2, 1, 1, 2), 2)).toBeCloseTo(1.6, 12);
    expect(participationRatio(new Float64Array(4), 2)).toBe(0);
  });

  it('gives R2 by feature by hand, and none for a constant', () => {
    const sums = new ReconstructionSums(2);
    sums.add(Float32Array.of(1, 7, 2, 7), Float32Array.of(1, 7, 2, 7));
    sums.add(Float32Array.of(3, 7), Float32Array.of(2, 6));
    // Residual 1, total 1 + 0 + 1.
    expect(sums.shares()).toEqual([0.5, null]);
    expect(() => sums.add(Float32Array.of(1), Float32Array.of(1))).toThrow(/rows of 2/);
  });

  it('counts latents that carry nothing and finds the directions of most variance', () => {
    const rng = new SeededRng(1);
    const windows = 5000;
    const latents = new Float32Array(windows * 3);
    for (let w = 0; w < windows; w++) {
      const far = 3 * normal(rng);
      // Along (1, 1) / sqrt 2 with deviation 3; across it with deviation 1; the third latent stands still.
      const near = normal(rng);
      latents.set([(far + near) / Math.SQRT2, (far - near) / Math.SQRT2, 4], w * 3);
    }
    const errors = Float32Array.from({ length: windows }, (_, w) => w);
    const timeMs = Float64Array.from({ length: windows }, (_, w) => 1000 * w);
    const parts = latentReport({ latents, errors, timeMs, names: ['f'], shares: [0.25] });
    const figures = parts[0]!;
    if (figures.kind !== 'figures') throw new Error('figures first');
    const value = (name: string) => figures.figures.find((figure) => figure.name === name)!.value!;
    expect(value('deadLatents')).toBe(1);
    // Eigenvalues 9, 1, 0: 100 / 82.
    expect(value('effectiveDimension')).toBeCloseTo(100 / 82, 1);
    expect(value('reconstructionR2')).toBe(0.25);
    expect(value('meanError')).toBeCloseTo((windows - 1) / 2, 6);
    const scatter = parts.find((part) => part.kind === 'scatter')!;
    expect(scatter.xTitle).toContain('90 %');
    const square = (values: number[]): number => values.reduce((sum, v) => sum + v * v, 0) / values.length;
    expect(square(scatter.x)).toBeGreaterThan(8);
    expect(square(scatter.x)).toBeLessThan(10);
    expect(square(scatter.y)).toBeGreaterThan(0.9);
    expect(square(scatter.y)).toBeLessThan(1.1);
    const line = parts.at(-1)!;
    if (line.kind !== 'lines') throw new Error('a line last');
    // 5000 windows in runs of 3: the first has errors 0, 1, 2 and ends at 2000 ms.
    expect([line.series[0]!.x[0], line.series[0]!.y[0]]).toEqual([2000, 1]);
    expect(line.series[0]!.x).toHaveLength(1667);
  });

  it('refuses no windows and sizes that do not fit', () => {
    const empty = { latents: new Float32Array(0), errors: [], timeMs: [], names: [], shares: [] };
    expect(() => latentReport(empty)).toThrow(/no windows/);
    expect(() =>
      latentReport({ ...empty, latents: new Float32Array(3), errors: [1, 2], timeMs: [1, 2] }),
    ).toThrow(/differ in number/);
  });
});
