import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG, learnable, recordingIo } from '../../tests/support/trainingRun.ts';
import { OPTIMIZER_DEFAULTS } from '../tensor/optimizer.ts';
import { readCheckpoint } from './checkpointStore.ts';
import { firstStepOver } from './checks.ts';
import { type TrainConfig, type TrainingData, train } from './trainer.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'frontier-bad-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const data: TrainingData = { ...learnable(800, 3, 4), featureNames: ['ret_1', 'rsi_14', 'atr_14'] };
const AUTOENCODER: Partial<TrainConfig> = {
  family: 'tcnAutoencoder',
  model: { channels: 8, levels: 1, latent: 3, pooling: 2 },
  layout: 'channelsFirst',
  epochs: 2,
};
const NONE = { noise: 0, timeWarp: 0, spread: 0 };
const attempt = (change: Partial<TrainConfig>, given: Partial<TrainingData> = {}) =>
  train({ ...data, ...given }, { ...CONFIG, ...change }, recordingIo(directory));

describe('data that is not numbers', () => {
  it('is refused with the name of the feature, the row, and the step that would see it', async () => {
    const features = data.features.map((x, i) => (i === 3 * 100 + 1 ? Number.NaN : x));
    const step = firstStepOver(data, CONFIG, 100)!;
    expect(step).toBeGreaterThan(0);
    await expect(attempt({}, { features })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: `feature rsi_14 of row 100 is NaN; step ${step} would be the first to see it`,
    });
    const late = data.features.map((x, i) => (i === 3 * 780 ? Number.POSITIVE_INFINITY : x));
    await expect(attempt({}, { features: late })).rejects.toMatchObject({
      message: 'feature ret_1 of row 780 is Infinity; the validation would see it',
    });
  });

  it('is found by step as the run would find it', () => {
    // One window per row and step: the step is the place of the row in the first epoch's order.
    const config = { ...CONFIG, window: 1, batch: 1, epochs: 1 };
    const given = { ...data, trainEnds: Int32Array.from([10, 20, 30, 40]) };
    const steps = [10, 20, 30, 40].map((row) => firstStepOver(given, config, row));
    expect([...steps].sort()).toEqual([1, 2, 3, 4]);
    expect(firstStepOver(given, config, 11)).toBeUndefined();
  });

  it('is refused in any column of the targets', async () => {
    const targets = new Float32Array(2 * data.rows).map((_, i) => (i === 2 * 50 + 1 ? Number.NaN : i % 7));
    await expect(attempt({}, { targets, targetCount: 2 })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: 'target 1 of row 50 is NaN',
    });
  });
});

describe('settings that contradict each other or the data', () => {
  it.each<[Partial<TrainConfig>, RegExp]>([
    [{ batch: 128, accumulation: 8 }, /636 training windows do not fill one batch of 1024 \(128 x 8\)/],
    [{ batch: 256, devices: 4 }, /do not fill one batch of 1024 \(256 x 4\)/],
    [{ averageEvery: 2 }, /averageEvery 2 means nothing on one device/],
    [{ schedule: { kind: 'cosine', warmupSteps: 228 } }, /rise over 228 steps, and the run has 228/],
    [{ schedule: { kind: 'step', factor: 1.5 } }, /factor must lie between 0 and 1/],
    [{ schedule: { kind: 'plateau', patience: 0 } }, /patience must be a whole number from 1/],
    [{ window: 2, augment: { ...NONE, timeWarp: 0.2 } }, /no time to stretch/],
    [{ optimizer: { ...OPTIMIZER_DEFAULTS, averageDecay: 1 } }, /averageDecay must be from 0 to less than 1/],
    [{ ...AUTOENCODER, loss: { kind: 'quantile', quantiles: [0.5] } }, /autoencoder has no quantiles/],
    [{ ...AUTOENCODER, augment: { ...NONE, spread: 0.1 } }, /no target whose spread/],
    [{ keepCheckpoints: 0 }, /keepCheckpoints/],
    [{ device: 'cuda:0' }, /device cuda:0 does not belong to the engine cpu/],
  ])('%o is refused before training', async (change, message) => {
    await expect(attempt(change)).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/./),
    });
    expect(await readCheckpoint(directory)).toBeUndefined();
  });

  it('a plateau schedule without validation windows is refused', async () => {
    const validationEnds = new Int32Array(0);
    await expect(attempt({ schedule: { kind: 'plateau' } }, { validationEnds })).rejects.toMatchObject({
      message: expect.stringMatching(/no validation windows/),
    });
  });
});

it('a family that learns from the windows alone is trained without targets', async () => {
  const result = await attempt(AUTOENCODER, { targets: new Float32Array(0) });
  const spoilt = await train(
    { ...data, targets: data.targets.map(() => Number.NaN) },
    { ...CONFIG, ...AUTOENCODER },
    recordingIo(path.join(directory, 'spoilt')),
  );
  expect(result.bestValidationLoss).toBeGreaterThan(0);
  expect(Buffer.from(spoilt.onnx).equals(Buffer.from(result.onnx))).toBe(true);
});

describe('a loss that is not finite', () => {
  it('stops the run at its first step, names the most extreme value and keeps the last good weights', async () => {
    const wild = data.features.slice();
    wild[3 * 300 + 2] = 3e30;
    const sgd = { ...OPTIMIZER_DEFAULTS, kind: 'sgd', momentum: 0 } as const;
    const link = recordingIo(directory);
    const config = { ...CONFIG, optimizer: sgd, chunkSteps: 1 };
    const step = firstStepOver(data, config, 300)!;
    const failed = train({ ...data, features: wild }, config, link);
    await expect(failed).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringMatching(
        new RegExp(
          `became .* at step ${step}; of its batch, the largest number is \\S+e\\+30, feature atr_14 of row 300$`,
        ),
      ),
    });
    expect(link.lines.at(-1)).toMatchObject({ level: 'error', topic: 'loss' });
    const kept = await readCheckpoint(directory);
    expect(kept?.progress.step ?? 0).toBe(step - 1);
    expect(kept?.state.parameters.every(Number.isFinite) ?? true).toBe(true);
  });

  it('leaves the weights of before the chunk where it came in the middle of one', async () => {
    const sgd = { ...OPTIMIZER_DEFAULTS, kind: 'sgd', momentum: 0 } as const;
    const link = recordingIo(directory);
    const failed = attemptDivergence(link);
    await expect(failed).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    const message = link.lines.at(-1)!.message;
    const bad = Number(/at step (\d+)/.exec(message)![1]);
    const kept = (await readCheckpoint(directory))!;
    expect(kept.progress.step).toBeLessThan(bad);
    expect(kept.progress.step).toBeGreaterThan(0);
    expect(kept.progress.step).toBeGreaterThan(bad - 9);
    expect(kept.state.parameters.every(Number.isFinite)).toBe(true);

    function attemptDivergence(io: ReturnType<typeof recordingIo>) {
      return train(data, { ...CONFIG, optimizer: sgd, learningRate: 1.2, model: { hidden: [] } }, io);
    }
  });
});
