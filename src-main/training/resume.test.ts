import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG, learnable, recordingIo } from '../../tests/support/trainingRun.ts';
import { OPTIMIZER_DEFAULTS } from '../tensor/optimizer.ts';
import { readCheckpoint } from './checkpointStore.ts';
import { type TrainConfig, train } from './trainer.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'frontier-resume-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const data = learnable(800, 3, 4);
const sgd = { ...OPTIMIZER_DEFAULTS, kind: 'sgd', momentum: 0.9, clipNorm: 1 } as const;
const NONE = { noise: 0, timeWarp: 0, spread: 0 };

const VARIANTS: readonly [string, Partial<TrainConfig>][] = [
  [
    'SGD with momentum and steps',
    { optimizer: sgd, schedule: { kind: 'step', everyEpochs: 2, factor: 0.3 } },
  ],
  ['plain SGD', { optimizer: { ...sgd, momentum: 0 } }],
  ['Adam, warm-up and cosine', { schedule: { kind: 'cosine', warmupSteps: 30 } }],
  ['averaged weights', { optimizer: { ...OPTIMIZER_DEFAULTS, averageDecay: 0.95 } }],
  ['a plateau schedule', { learningRate: 0.05, schedule: { kind: 'plateau', patience: 1 }, patience: 6 }],
  ['accumulation', { batch: 8, accumulation: 4 }],
  ['augmentation', { augment: { noise: 0.1, timeWarp: 0.2, spread: 0.1 } }],
  ['noise alone', { augment: { ...NONE, noise: 0.3 } }],
  ['mixed precision', { precision: 'mixed' }],
];

describe('a run that is stopped and resumed, at any chunk length, ends as if it had not been', () => {
  it.each(VARIANTS)('with %s', async (_, change) => {
    const config = { ...CONFIG, ...change };
    const whole = await train(data, config, recordingIo(path.join(directory, 'whole')));
    const cut = path.join(directory, 'cut');
    for (const [step, chunkSteps] of [
      [30, 7],
      [95, 0],
    ] as const) {
      const controller = new AbortController();
      const stop = {
        signal: controller.signal,
        onChunk: (r: { step: number }) => r.step >= step && controller.abort(),
      };
      const part = await train(data, { ...config, chunkSteps }, recordingIo(cut, stop));
      expect(part.stopped).toBe(true);
      expect((await readCheckpoint(cut))?.progress.step).toBe(part.steps);
    }
    const rest = await train(data, { ...config, chunkSteps: 5 }, recordingIo(cut));
    expect(rest.steps).toBe(whole.steps);
    expect(rest.finalLoss).toBe(whole.finalLoss);
    expect(rest.bestValidationLoss).toBe(whole.bestValidationLoss);
    expect(rest.curve).toEqual(whole.curve);
    expect(Buffer.from(rest.onnx).equals(Buffer.from(whole.onnx))).toBe(true);
  });

  it('and the plateau schedule did cut the rate', async () => {
    const [, change] = VARIANTS.find(([name]) => name.includes('plateau'))!;
    const link = recordingIo(path.join(directory, 'plateau'));
    const result = await train(data, { ...CONFIG, ...change }, link);
    const rates = result.curve.map(({ learningRate }) => learningRate);
    expect(rates[0]).toBe(0.05);
    expect(rates.at(-1)).toBeLessThan(0.03);
    expect(link.lines.filter(({ topic }) => topic === 'learning rate').length).toBeGreaterThan(0);
  });

  it('keeps and validates the averaged weights, which differ from the last ones', async () => {
    const averaged = { ...CONFIG, optimizer: { ...OPTIMIZER_DEFAULTS, averageDecay: 0.95 } };
    const plain = await train(data, CONFIG, recordingIo(path.join(directory, 'plain')));
    const smooth = await train(data, averaged, recordingIo(path.join(directory, 'smooth')));
    // The same steps are taken; what is validated and kept is not the same.
    expect(smooth.curve.map((p) => p.train)).toEqual(plain.curve.map((p) => p.train));
    expect(smooth.bestValidationLoss).not.toBe(plain.bestValidationLoss);
    const { state } = (await readCheckpoint(path.join(directory, 'smooth')))!;
    expect(state.average).toHaveLength(state.parameters.length);
    expect(state.average).not.toEqual(state.parameters);
  });
});
