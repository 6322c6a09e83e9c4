import { describe, expect, it } from 'vitest';
import { defineModel } from '../../src-main/models/registry.ts';
import { cpuEngine } from '../../src-main/tensor/engines/cpu.ts';
import { BUILD_DEFAULTS, type BuildOptions, collectParameters } from '../../src-main/tensor/model.ts';
import { OPTIMIZER_DEFAULTS } from '../../src-main/tensor/optimizer.ts';
import { layOut } from '../../src-main/tensor/parameters.ts';
import type { TrainGraphSpec } from '../../src-main/tensor/train-graph.ts';
import { freshState, TrainSession } from '../../src-main/tensor/train-session.ts';
import { normal, SeededRng } from '../../src-shared/runtime.ts';

// Every family in every form of the step graph: half precision, accumulation and augmentation are rules over the graph
// of whatever model, so each new family joins here by a line.

const WINDOW = 16;
const FEATURES = 4;
const ROWS = 90;
const HORIZON = 8;

interface Case {
  readonly family: string;
  readonly settings: object;
  readonly options?: Partial<BuildOptions>;
  readonly targets?: number;
}

const CASES: readonly Case[] = [
  { family: 'mlp', settings: { hidden: [12] } },
  { family: 'tcn', settings: { channels: 8, levels: 2 } },
  { family: 'tcn', settings: { channels: 8, levels: 2, steps: 'all' }, options: { layout: 'channelsLast' } },
  { family: 'transformer', settings: { channels: 8, heads: 2, layers: 1, feedForward: 8 } },
  {
    family: 'transformer',
    settings: { channels: 8, heads: 2, layers: 1, feedForward: 8 },
    options: { attention: 'tiled', checkpointing: true },
  },
  { family: 'tcnAutoencoder', settings: { channels: 8, levels: 2, latent: 4, pooling: 4 } },
  { family: 'anomaly', settings: { hidden: [12], latent: 3 } },
  {
    family: 'diffusion',
    settings: { channels: 8, levels: 1, embedding: 8, encoderChannels: 8 },
    targets: HORIZON,
  },
];

function specOf(
  { family, settings, options, targets = 1 }: Case,
  change: Partial<TrainGraphSpec>,
): TrainGraphSpec {
  const given = { window: WINDOW, features: FEATURES, outputs: targets, targets };
  const model = defineModel(family, settings, given, { ...BUILD_DEFAULTS, ...options });
  return {
    model,
    size: model.size,
    layout: layOut(collectParameters(model, model.size)),
    targetColumns: targets,
    rows: ROWS,
    batch: 8,
    loss: { kind: 'mse' },
    optimizer: { ...OPTIMIZER_DEFAULTS, clipNorm: 1 },
    seed: 3,
    ...change,
  };
}

const STEPS = 4;

async function train(each: Case, change: Partial<TrainGraphSpec>) {
  const spec = specOf(each, change);
  const rng = new SeededRng(5);
  const data = {
    features: Float32Array.from({ length: ROWS * FEATURES }, () => normal(rng)),
    targets: Float32Array.from({ length: ROWS * spec.targetColumns }, () => normal(rng)),
  };
  const session = await TrainSession.open(cpuEngine(1), spec, data);
  const fresh = freshState(spec.layout, 9, spec);
  session.load(fresh.lossScale ? { ...fresh, lossScale: { scale: 256, steps: 0 } } : fresh, 0);
  const ends = Int32Array.from({ length: STEPS * 8 }, () => WINDOW - 1 + Math.floor(rng.next() * 60));
  const result = await session.run(ends, STEPS, () => 1e-3);
  const parameters = session.save().parameters;
  await session.release();
  return { ...result, parameters };
}

describe.each(CASES)('$family $options', (each) => {
  it('follows single precision in half precision, and one batch in two of half its size', async () => {
    const whole = await train(each, {});
    const mixed = await train(each, { precision: 'mixed' });
    const parts = await train(each, { accumulation: 2, batch: 4 });
    const shaken = await train(each, { augment: { noise: 0.1, timeWarp: 0.2, spread: 0.1 } });
    expect(mixed.skipped).toBe(0);
    whole.losses.forEach((loss, i) => {
      expect(Math.abs(mixed.losses[i]! / loss - 1), `mixed, step ${i}`).toBeLessThan(1e-2);
      expect(Math.abs(parts.losses[i]! / loss - 1), `accumulated, step ${i}`).toBeLessThan(1e-3);
      expect(Math.abs(shaken.losses[i]! / loss - 1), `augmented, step ${i}`).toBeLessThan(0.5);
      expect(Math.abs(mixed.gradientNorms[i]! / whole.gradientNorms[i]! - 1)).toBeLessThan(5e-2);
      expect(Math.abs(parts.gradientNorms[i]! / whole.gradientNorms[i]! - 1)).toBeLessThan(1e-2);
    });
    expect(shaken.losses[0]).not.toBe(whole.losses[0]);
    // It is not single precision in disguise.
    expect(mixed.parameters).not.toEqual(whole.parameters);
  });
});
