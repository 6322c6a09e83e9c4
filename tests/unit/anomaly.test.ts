import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ANOMALY_FEATURES, anomaly } from '../../src-main/models/families/anomaly.ts';
import { Predictor } from '../../src-main/models/predictor.ts';
import { familyOf } from '../../src-main/models/registry.ts';
import { cpuEngine } from '../../src-main/tensor/engines/cpu.ts';
import { TRAIN_DEFAULTS, type TrainingData, train } from '../../src-main/training/trainer.ts';
import { normal, SeededRng } from '../../src-shared/runtime.ts';

const WINDOW = 12;
const FEATURES = 3;
const ROWS = 6000;

/** Candles of a calm market: three features that follow one slow factor, with a little noise each. */
function calm(rows: number, seed: number): Float32Array {
  const rng = new SeededRng(seed);
  const out = new Float32Array(rows * FEATURES);
  let factor = 0;
  for (let row = 0; row < rows; row++) {
    factor = 0.9 * factor + Math.sqrt(1 - 0.81) * normal(rng);
    [1, -0.7, 0.4].forEach((weight, f) => {
      out[row * FEATURES + f] = weight * factor + 0.4 * normal(rng);
    });
  }
  return out;
}

const endsOf = (from: number, to: number): Int32Array =>
  Int32Array.from({ length: to - from }, (_, i) => from + i);

const directories: string[] = [];
afterAll(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true }))));

async function learnt(model: object) {
  const features = calm(ROWS, 4);
  const data: TrainingData = {
    features,
    rows: ROWS,
    featureCount: FEATURES,
    // Of no meaning to it.
    targets: Float32Array.from({ length: ROWS }, (_, i) => i % 2),
    trainEnds: endsOf(WINDOW, 4000),
    validationEnds: endsOf(4000 + WINDOW, ROWS),
  };
  const checkpointDir = await mkdtemp(path.join(os.tmpdir(), 'frontier-anomaly-'));
  directories.push(checkpointDir);
  const result = await train(
    data,
    {
      ...TRAIN_DEFAULTS,
      family: 'anomaly',
      model,
      window: WINDOW,
      epochs: 8,
      learningRate: 0.004,
      threads: 1,
    },
    {
      checkpointDir,
      signal: new AbortController().signal,
      paused: () => false,
      waitWhilePaused: () => Promise.resolve(),
      onChunk: () => {},
      clock: { nowMs: () => performance.now() },
    },
  );
  return { result, data };
}

describe.each([
  { architecture: 'mlp', score: 'mean', latent: 6, hidden: [32] },
  { architecture: 'mlp', score: 'peak', latent: 6, hidden: [32] },
  { architecture: 'tcn', score: 'peak', latent: 6, channels: 8, levels: 2 },
])('the $architecture anomaly detector by $score error', (model) => {
  it('flags about 1 % of clean windows it never saw, and every planted spike', async () => {
    const { result, data } = await learnt(model);
    const predictor = await Predictor.load(result.onnx, cpuEngine(1));
    expect(predictor.outputs).toBe(1);
    const validation = await predictor.predictRows(data.features, data.validationEnds);
    if (model.score === 'mean') {
      const mean = validation.reduce((sum, v) => sum + v, 0) / validation.length;
      expect(mean).toBeCloseTo(result.bestValidationLoss!, 4);
    }
    // What cannot be compressed is noise of variance 0.16; giving back nothing would score about 0.71.
    expect(result.bestValidationLoss).toBeLessThan(0.3);
    const threshold = validation.toSorted()[Math.ceil(0.99 * validation.length) - 1]!;

    const unseen = calm(4000, 77);
    const ends = endsOf(WINDOW, 4000);
    const clean = await predictor.predictRows(unseen, ends);
    const share = clean.filter((error) => error > threshold).length / clean.length;
    expect(share).toBeGreaterThan(0.001);
    expect(share).toBeLessThan(0.03);

    // One bar in 200 whose features break their relation: far from zero with the wrong signs.
    const planted = unseen.slice();
    const spikes = Array.from({ length: 18 }, (_, i) => 200 + 200 * i);
    for (const row of spikes) planted.set([4.5, 4.5, -4.5], row * FEATURES);
    const errors = await predictor.predictRows(planted, ends);
    for (const row of spikes) expect(errors[row - WINDOW]).toBeGreaterThan(threshold);
    // Windows that hold no spike say what they said before.
    expect(errors[100]).toBe(clean[100]);
    await predictor.close();
  });
});

it('its features exist, and unknown settings are refused', () => {
  expect(familyOf('anomaly').runDefaults).toMatchObject({ features: ANOMALY_FEATURES });
  expect(() => anomaly.schema.parse({ percentil: 95 })).toThrow(/percentil/);
  expect(() => anomaly.schema.parse({ percentile: 100 })).toThrow(/99.999/);
});
