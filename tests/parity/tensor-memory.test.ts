import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const FIXTURE = path.join(import.meta.dirname, 'tensor-memory-fixture.ts');
const TRAINING = path.join(import.meta.dirname, 'train-memory-fixture.ts');

interface Measured {
  readonly megabytes: number;
  readonly loss: number;
  readonly gradient: number[];
}

async function measure(name: string): Promise<Measured> {
  const { stdout } = await promisify(execFile)(process.execPath, [FIXTURE, name]);
  return JSON.parse(stdout) as Measured;
}

interface Trained {
  readonly megabytes: number;
  readonly losses: number[];
  readonly weights: number[];
}

async function measureTraining(...args: string[]): Promise<Trained> {
  const { stdout } = await promisify(execFile)(process.execPath, [TRAINING, ...args]);
  return JSON.parse(stdout) as Trained;
}

/** The largest resident set of a process is read from /proc, which Linux has. */
describe.skipIf(!existsSync('/proc/self/status'))('memory of a step, in processes of their own', () => {
  it.each([
    // A matrix of 1024 by 1024 for 16 heads is 64 MB, and the whole form holds several.
    ['attention', 'attention tiled', 0.4],
    ['attention causal', 'attention causal tiled', 0.4],
    ['convolution', 'convolution checkpointed', 0.5],
  ])('%s takes much more than %s, and gives the same', async (whole, lean, share) => {
    const [a, b] = [await measure(whole), await measure(lean)];
    expect(b.loss / a.loss).toBeCloseTo(1, 5);
    const largest = Math.max(...a.gradient.map(Math.abs));
    expect(largest).toBeGreaterThan(0);
    a.gradient.forEach((value, i) => {
      expect(Math.abs(value - b.gradient[i]!) / largest).toBeLessThan(1e-4);
    });
    expect(b.megabytes, `${b.megabytes} of ${a.megabytes} MB`).toBeLessThan(share * a.megabytes);
  });

  // Whole training steps, with gradients of all parameters: an engine that puts those off holds what was computed
  // again of all blocks at once.
  it.each([
    ['tcn', 0.75],
    ['tcnAutoencoder', 0.75],
    ['transformer', 0.6],
    ['diffusion', 0.85],
  ])('checkpointing trains %s the same in less', async (family, share) => {
    const kept = await measureTraining(family, 'kept');
    const lean = await measureTraining(family, 'checkpointed');
    kept.losses.forEach((loss, i) => {
      expect(lean.losses[i]! / loss).toBeCloseTo(1, 5);
    });
    const largest = Math.max(...kept.weights.map(Math.abs));
    kept.weights.forEach((weight, i) => {
      expect(Math.abs(lean.weights[i]! - weight) / largest).toBeLessThan(1e-4);
    });
    expect(lean.megabytes, `${lean.megabytes} of ${kept.megabytes} MB`).toBeLessThan(share * kept.megabytes);
  });
});
