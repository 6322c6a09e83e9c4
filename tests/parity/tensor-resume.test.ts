import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { OPTIMIZER_DEFAULTS } from '../../src-main/tensor/optimizer.ts';
import { readCheckpoint } from '../../src-main/training/checkpointStore.ts';
import type { TrainConfig } from '../../src-main/training/types.ts';
import { finishRun, killRun } from './tensor-child.ts';

vi.setConfig({ testTimeout: 120_000 });

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'frontier-kill-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const folder = async (name: string): Promise<string> => {
  const made = path.join(root, name);
  await mkdir(made);
  return made;
};

/** Everything that a checkpoint must hold besides weights and moments. */
const RICH: Partial<TrainConfig> = {
  optimizer: { ...OPTIMIZER_DEFAULTS, kind: 'sgd', momentum: 0.9, clipNorm: 1, averageDecay: 0.99 },
  learningRate: 0.05,
  schedule: { kind: 'plateau', warmupSteps: 50, patience: 1 },
  batch: 16,
  accumulation: 4,
  augment: { noise: 0.05, timeWarp: 0.1, spread: 0.05 },
};

it.each([
  ['AdamW', 30, {}],
  ['SGD, averaged weights, a plateau schedule, accumulation and augmentation', 16, RICH],
])(
  'a run with %s that is killed twice with SIGKILL ends with the weights of an uninterrupted one, bit for bit',
  async (_, epochs, change) => {
    // Eight processes share the cores with other tests: one thread each.
    const request = { family: 'mlp', engine: 'cpu', epochs, change: { ...change, threads: 1 } } as const;
    const whole = await finishRun({ ...request, folder: await folder('whole') });
    const cut = await folder('cut');
    for (const part of [0.3, 0.6]) {
      const step = await killRun({ ...request, folder: cut }, (r) => r.step >= part * r.totalSteps);
      expect(step).toBeLessThan(whole.outcome.steps);
      const checkpoint = await readCheckpoint(path.join(cut, 'run'));
      expect(checkpoint?.progress.step).toBeGreaterThan(0);
      await expect(stat(path.join(cut, 'result.json'))).rejects.toThrow();
    }
    const resumed = await finishRun({ ...request, folder: cut });
    // It did go on from a checkpoint: the last process did only part of the steps.
    expect(resumed.reports[0]!.step).toBeGreaterThan(0.25 * whole.outcome.steps);
    expect(resumed.outcome.steps).toBe(whole.outcome.steps);
    expect(resumed.outcome.onnx).toBe(whole.outcome.onnx);
    expect(resumed.outcome.curve).toEqual(whole.outcome.curve);
    expect(resumed.outcome.bestValidationLoss).toBe(whole.outcome.bestValidationLoss);
  },
);
