import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normal, SeededRng } from '../../../src-shared/runtime.ts';
import { ddpmSample, noiseOf, SOLVERS, type Solver, solve } from './sampler.ts';
import {
  alphaBarBefore,
  LEAST_STEPS,
  NOISE_SCHEDULES,
  noiseSchedule,
  posteriorVariance,
  sampledSteps,
  timeTable,
} from './schedule.ts';

const schedules = fc
  .record({ name: fc.constantFrom(...NOISE_SCHEDULES), steps: fc.integer({ min: LEAST_STEPS, max: 1500 }) })
  .map(({ name, steps }) => noiseSchedule(name, steps));

describe('noise schedules', () => {
  // numpy 1.24: betas = linspace(1e-4, 0.02, 1000), alphaBars = cumprod(1 - betas).
  it('the linear one is that of Ho, Jain and Abbeel (2020)', () => {
    const { betas, alphaBars } = noiseSchedule('linear', 1000);
    expect([betas[0], betas[999]]).toEqual([1e-4, 0.02]);
    expect(alphaBars[249]).toBeCloseTo(0.5240853738, 9);
    expect(alphaBars[499]).toBeCloseTo(0.0785872429, 9);
    expect(alphaBars[999]! * 1e5).toBeCloseTo(4.0358297654, 9);
  });

  // numpy 1.24, the formula of Nichol and Dhariwal (2021), equation 17, with s = 0.008 and betas up to 0.999.
  it('the cosine one is that of Nichol and Dhariwal (2021)', () => {
    const { betas, alphaBars } = noiseSchedule('cosine', 1000);
    expect(betas[0]! * 1e5).toBeCloseTo(4.1284224822, 9);
    expect(betas[500]).toBeCloseTo(0.0031556914, 9);
    expect(betas[999]).toBe(0.999);
    expect(alphaBars[499]).toBeCloseTo(0.4938435904, 9);
    expect(alphaBars[998]! * 1e6).toBeCloseTo(2.4287669, 6);
  });

  it('the posterior variance is that of equation 7', () => {
    const schedule = noiseSchedule('linear', 1000);
    expect(posteriorVariance(schedule, 0)).toBe(0);
    expect(posteriorVariance(schedule, 1) * 1e5).toBeCloseTo(5.4531877, 6);
    expect(posteriorVariance(schedule, 500) * 1e2).toBeCloseTo(1.0051336, 6);
  });

  it('noise only grows, from next to none to nearly all', () => {
    fc.assert(
      fc.property(schedules, ({ betas, alphaBars, steps }) => {
        expect(betas.every((beta) => beta > 0 && beta < 1)).toBe(true);
        for (let t = 1; t < steps; t++) expect(alphaBars[t]).toBeLessThan(alphaBars[t - 1]!);
        expect(alphaBars[0]).toBeGreaterThan(0.98);
        expect(alphaBars[steps - 1]).toBeLessThan(1e-3);
      }),
      { numRuns: 60 },
    );
  });

  it('adding noise step by step keeps unit variance and ends where the closed form does', () => {
    fc.assert(
      fc.property(schedules, ({ betas, alphaBars, steps }) => {
        let [signal, variance] = [1, 0];
        for (let t = 0; t < steps; t++) {
          signal *= Math.sqrt(1 - betas[t]!);
          variance = (1 - betas[t]!) * variance + betas[t]!;
          expect(variance).toBeCloseTo(1 - alphaBars[t]!, 10);
          expect(signal ** 2).toBeCloseTo(alphaBars[t]!, 10);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('going back by the posterior restores the variance before', () => {
    fc.assert(
      fc.property(schedules, fc.nat(), (schedule, pick) => {
        const t = 1 + (pick % (schedule.steps - 1));
        const beta = schedule.betas[t]!;
        const before = alphaBarBefore(schedule, t);
        const alphaBar = schedule.alphaBars[t]!;
        // x_(t-1) = a x_0 + b x_t + posterior noise, with x_t = sqrt(alphaBar) x_0 + sqrt(1 - alphaBar) noise.
        const a = (Math.sqrt(before) * beta) / (1 - alphaBar);
        const b = (Math.sqrt(1 - beta) * (1 - before)) / (1 - alphaBar);
        expect(a + b * Math.sqrt(alphaBar)).toBeCloseTo(Math.sqrt(before), 9);
        expect(b ** 2 * (1 - alphaBar) + posteriorVariance(schedule, t)).toBeCloseTo(1 - before, 9);
      }),
    );
  });

  it('shortened samplers visit distinct steps from the last down', () => {
    fc.assert(
      fc.property(schedules, fc.integer({ min: 2, max: LEAST_STEPS }), (schedule, count) => {
        const steps = sampledSteps(schedule, count);
        expect([steps[0], steps.length]).toEqual([schedule.steps - 1, count]);
        expect(steps.at(-1)).toBeGreaterThanOrEqual(0);
        for (let i = 1; i < count; i++) expect(steps[i]).toBeLessThan(steps[i - 1]!);
      }),
    );
    // Even in the angle: 90, 60 and 30 degrees; cos^2 is then 0, 1/4 and 3/4.
    const schedule = noiseSchedule('cosine', 1000);
    const levels = sampledSteps(schedule, 3).map((t) => schedule.alphaBars[t]!);
    [0, 0.25, 0.75].forEach((level, i) => {
      expect(levels[i]).toBeCloseTo(level, 2);
    });
    expect(() => sampledSteps(noiseSchedule('linear', 100), 101)).toThrow(/101 sampling steps/);
  });

  it('refuses too few steps', () => {
    expect(() => noiseSchedule('linear', LEAST_STEPS - 1)).toThrow(/20 steps/);
    expect(() => noiseSchedule('cosine', 100.5)).toThrow(/100.5 steps/);
  });

  it('steps are told apart by their embedding', () => {
    const table = timeTable(100, 8);
    const row = (t: number): number[] => [...table.subarray(t * 8, t * 8 + 8)];
    expect(row(0)).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
    // Step 3 of 100 stands at 30 of 1000; frequencies 1, 0.1, 0.01, 0.001.
    [Math.cos(30), Math.cos(3), Math.cos(0.3), Math.cos(0.03), Math.sin(30), Math.sin(3)].forEach((v, i) => {
      expect(row(3)[i]).toBeCloseTo(v, 6);
    });
    expect(new Set(Array.from({ length: 100 }, (_, t) => row(t).join())).size).toBe(100);
  });
});

/**
 * For data of the normal distribution with mean `mean` and deviation `deviation` the best noise prediction is known:
 * E[noise | x_t] = sqrt(1 - alphaBar) (x_t - sqrt(alphaBar) mean) / (alphaBar deviation^2 + 1 - alphaBar).
 */
const normalData = (schedule: ReturnType<typeof noiseSchedule>, mean: number, deviation: number) => {
  return (x: Float32Array, t: number): Promise<Float32Array> => {
    const alphaBar = schedule.alphaBars[t]!;
    const factor = Math.sqrt(1 - alphaBar) / (alphaBar * deviation ** 2 + 1 - alphaBar);
    return Promise.resolve(x.map((v) => factor * (v - Math.sqrt(alphaBar) * mean)));
  };
};

function moments(x: Float32Array): [number, number] {
  const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
  return [mean, Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length)];
}

describe('samplers on data whose noise is known exactly', () => {
  const schedule = noiseSchedule('cosine', 200);
  const options = { schedule, clip: 8 };
  const start = noiseOf(20_000, new SeededRng(4));

  it('ancestral sampling gives mean and deviation of the data', async () => {
    const x = await ddpmSample(normalData(schedule, 1.5, 0.4), start, new SeededRng(5), options);
    const [mean, deviation] = moments(x);
    // Standard errors: 0.003 and 0.002; the discrete steps cost a little more.
    expect(mean).toBeCloseTo(1.5, 1.5);
    expect(Math.abs(deviation / 0.4 - 1)).toBeLessThan(0.03);
  });

  const drawn = (solver: Solver, count: number, mean: number, deviation: number): Promise<Float32Array> =>
    solve(normalData(schedule, mean, deviation), start, { count, solver }, options);

  it.each(SOLVERS)(
    '%s comes as close with few steps, and is a monotone function of the noise',
    async (solver) => {
      const x = await drawn(solver, 24, 1.5, 0.4);
      const [mean, deviation] = moments(x);
      expect(Math.abs(mean - 1.5)).toBeLessThan(0.02);
      expect(Math.abs(deviation / 0.4 - 1)).toBeLessThan(solver === 'ddim' ? 0.1 : 0.03);
      const order = [...start.keys()].sort((a, b) => start[a]! - start[b]!);
      for (let i = 97; i < order.length; i += 97)
        expect(x[order[i]!]).toBeGreaterThanOrEqual(x[order[i - 97]!]!);
      expect(await drawn(solver, 24, 1.5, 0.4)).toEqual(x);
    },
  );

  it('in 8 steps DDIM leaves cos(90 / 8 degrees) of the spread per step, the multistep solver all of it', async () => {
    const own = moments(start)[1];
    const ddim = moments(await drawn('ddim', 8, 0, 1))[1] / own;
    expect(ddim).toBeCloseTo(Math.cos(Math.PI / 16) ** 8, 2);
    expect(moments(await drawn('multistep', 8, 0, 1))[1] / own).toBeCloseTo(1, 2);
  });

  it('predicted values stay within the clip', async () => {
    const wild = (x: Float32Array) => Promise.resolve(x.map(() => 50 * normal(new SeededRng(1))));
    const limited = { schedule, clip: 2 };
    for (const x of [
      await solve(wild, start.slice(0, 50), { count: 20, solver: 'multistep' }, limited),
      await ddpmSample(wild, start.slice(0, 50), new SeededRng(1), limited),
    ])
      expect(Math.max(...x.map(Math.abs))).toBeLessThanOrEqual(2);
  });
});
