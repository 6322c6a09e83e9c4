import { describe, expect, it } from 'vitest';
import { startingNoise } from './noise.ts';
import { quantileWeights } from './quantiles.ts';

/** Quantile of the way covered in `steps` steps, over the root of their number, as the fan takes it. */
function quantileOfWay(noise: Float32Array, paths: number, length: number, steps: number, level: number) {
  const ways = Array.from({ length: paths }, (_, path) =>
    noise.subarray(path * length, path * length + steps).reduce((sum, v) => sum + v, 0),
  ).sort((a, b) => a - b);
  const weights = quantileWeights(paths, [level]);
  return ways.reduce((sum, way, i) => sum + way * weights[i]!, 0) / Math.sqrt(steps);
}

describe('starting noise', () => {
  it('is antithetic, the same for a seed and another for another', () => {
    const noise = startingNoise({ paths: 16, seed: 4 }, 3);
    for (let i = 0; i < 24; i++) expect(noise[24 + i]).toBe(-noise[i]!);
    expect(startingNoise({ paths: 16, seed: 4 }, 3)).toEqual(noise);
    expect(startingNoise({ paths: 16, seed: 5 }, 3)).not.toEqual(noise);
  });

  it.each([
    [32, 12, 1],
    [32, 12, 7],
    [64, 12, 1],
    [32, 24, 3],
  ])('%i paths of %i steps of seed %i spread as a random walk at every step', (paths, length, seed) => {
    const noise = startingNoise({ paths, seed }, length);
    // Plainly drawn, 32 paths are off by a fifth and more at some steps.
    for (let steps = 1; steps <= length; steps++) {
      expect(quantileOfWay(noise, paths, length, steps, 0.95) / 1.645).toBeGreaterThan(0.83);
      expect(quantileOfWay(noise, paths, length, steps, 0.95) / 1.645).toBeLessThan(1.17);
    }
    // What the network was taught to read is noise of deviation 1.
    const deviation = Math.sqrt(noise.reduce((sum, v) => sum + v * v, 0) / noise.length);
    expect(Math.abs(deviation - 1)).toBeLessThan(0.12);
  });

  it('two paths, and paths of one step, are drawn as well', () => {
    for (const [paths, length] of [
      [2, 1],
      [2, 5],
      [256, 1],
    ] as const)
      expect(startingNoise({ paths, seed: 1 }, length).every(Number.isFinite)).toBe(true);
  });
});
