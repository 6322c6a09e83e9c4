import { describe, expect, it } from 'vitest';
import { SeededRng } from '../../src-shared/runtime.ts';
import { hypervolume } from './hypervolume.ts';
import { Nsga2Sampler } from './nsga2.ts';
import { FrontArchive } from './pareto.ts';
import type { BenchmarkProblem } from './problems.ts';
import { BENCHMARK_PROBLEMS, DTLZ2, unitSpace, ZDT1 } from './problems.ts';
import { RandomSampler } from './random.ts';
import type { Sampler } from './sampler.ts';
import { createCodec } from './space.ts';

/** The objectives of every trial, generation by generation. */
function optimise(problem: BenchmarkProblem, sampler: Sampler, generations: number): number[][][] {
  return Array.from({ length: generations }, () => {
    const candidates = sampler.ask(100);
    const rows = candidates.map(({ point }) => problem.evaluate(point));
    sampler.tell(candidates.map(({ id }, i) => ({ id, objectives: rows[i]!, constraintViolation: 0 })));
    return rows;
  });
}

function nsga2(problem: BenchmarkProblem, seed: number): Nsga2Sampler {
  const codec = createCodec(unitSpace(problem.dimensions));
  const { objectiveCount } = problem;
  return new Nsga2Sampler({ codec, objectiveCount, rng: new SeededRng(seed), populationSize: 100 });
}

/** What the sampler itself kept: its last 100 survivors, read from its state after selection. */
function survivors(sampler: Nsga2Sampler, m: number): number[][] {
  sampler.ask(0);
  const { parents } = sampler.save() as { parents: { values: number[] } };
  const count = parents.values.length / m;
  return Array.from({ length: count }, (_, i) => parents.values.slice(i * m, (i + 1) * m));
}

describe('NSGA-II on problems with known fronts', () => {
  it.each([1, 2, 3, 4, 5])('reaches the hypervolume of ZDT1 (seed %i)', (seed) => {
    const sampler = nsga2(ZDT1, seed);
    optimise(ZDT1, sampler, 200);
    const kept = survivors(sampler, 2);
    expect(kept).toHaveLength(100);
    const volume = hypervolume(kept, ZDT1.reference);
    // What pymoo 0.6.2 reaches in the median.
    expect(volume).toBeGreaterThanOrEqual(0.868);
    expect(volume).toBeLessThan(ZDT1.trueHypervolume);
  });

  it('is well on its way after half of that, which takes selection by rank and by crowding', () => {
    const volumes = [1, 2, 3, 4, 5, 6, 7].map((seed) => {
      const sampler = nsga2(ZDT1, seed);
      optimise(ZDT1, sampler, 100);
      return hypervolume(survivors(sampler, 2), ZDT1.reference);
    });
    // Of 20 seeds the median is 0.853; with the crowded preferred it is 0.847.
    expect(volumes.sort((a, b) => a - b)[3]).toBeGreaterThanOrEqual(0.851);
  });

  it.each(['zdt2', 'zdt3'])('comes within two hundredths of the hypervolume of %s', (name) => {
    const problem = BENCHMARK_PROBLEMS.get(name)!;
    const sampler = nsga2(problem, 11);
    optimise(problem, sampler, 200);
    const volume = hypervolume(survivors(sampler, 2), problem.reference);
    expect(volume).toBeGreaterThan(problem.trueHypervolume - 0.02);
    expect(volume).toBeLessThanOrEqual(problem.trueHypervolume + 1e-6);
  });

  it('settles on the sphere of DTLZ2', () => {
    const sampler = nsga2(DTLZ2, 2);
    optimise(DTLZ2, sampler, 200);
    const kept = survivors(sampler, 3);
    const radii = kept.map((row) => Math.hypot(...row)).sort((a, b) => a - b);
    expect(radii[0]).toBeGreaterThanOrEqual(1 - 1e-12);
    expect(radii[50]).toBeLessThan(1.1);
    expect(hypervolume(kept, DTLZ2.reference)).toBeGreaterThan(0.8 * DTLZ2.trueHypervolume);
  });

  it('beats random search by far at the same budget', () => {
    const codec = createCodec(unitSpace(ZDT1.dimensions));
    const random = new RandomSampler({ codec, objectiveCount: 2, rng: new SeededRng(1) });
    const volumeOf = (sampler: Sampler): number => {
      const archive = new FrontArchive<number>();
      const rows = optimise(ZDT1, sampler, 50).flat();
      for (const [i, row] of rows.entries()) archive.add(i, Float64Array.from(row));
      return hypervolume(archive.values, ZDT1.reference);
    };
    expect(volumeOf(random)).toBe(0);
    expect(volumeOf(nsga2(ZDT1, 1))).toBeGreaterThan(0.5);
  });
});

describe('NSGA-II', () => {
  it('finds the feasible side of a constraint and prefers it', () => {
    const sampler = nsga2(ZDT1, 3);
    for (let g = 0; g < 60; g++) {
      sampler.tell(
        sampler.ask(100).map(({ id, point }) => ({
          id,
          objectives: ZDT1.evaluate(point),
          // Without the constraint the front reaches down to f1 = 0.
          constraintViolation: Math.max(0, 0.6 - point[0]!),
        })),
      );
    }
    for (const [f1] of survivors(sampler, 2)) expect(f1).toBeGreaterThanOrEqual(0.6);
  });

  it('opens with the points it is given', () => {
    const codec = createCodec(unitSpace(3));
    const given = Float64Array.of(0.25, 0.5, 0.75);
    const sampler = new Nsga2Sampler({
      codec,
      objectiveCount: 2,
      rng: new SeededRng(1),
      populationSize: 4,
      initialPoints: [given, given],
    });
    const points = sampler.ask(4).map(({ point }) => [...point]);
    expect(points[0]).toEqual([0.25, 0.5, 0.75]);
    expect(points[1]).not.toEqual(points[0]);
  });

  it('asks no point twice within parents and children', () => {
    const codec = createCodec({
      genes: [
        { kind: 'integer', name: 'a', low: 0, high: 30, step: 1 },
        { kind: 'integer', name: 'b', low: 0, high: 30, step: 1 },
      ],
    });
    const rng = new SeededRng(5);
    const sampler = new Nsga2Sampler({ codec, objectiveCount: 2, rng, populationSize: 20 });
    for (let g = 0; g < 15; g++) {
      const candidates = sampler.ask(20);
      expect(new Set(candidates.map(({ point }) => point.join())).size).toBe(20);
      sampler.tell(
        candidates.map(({ id, point: [a, b] }) => ({
          id,
          objectives: [a! + b!, 2 - a! - b! + Math.abs(a! - b!)],
          constraintViolation: 0,
        })),
      );
    }
  });

  it.each([
    [{ populationSize: 3 }, 'population of 3'],
    [{ populationSize: 10.5 }, 'population of 10.5'],
    [{ objectiveCount: 0 }, '0 objectives'],
    [{ crossoverProbability: 1.5 }, 'probability'],
    [{ mutationEta: -1 }, 'distribution index'],
    [{ initialPoints: [Float64Array.of(1)] }, '1 genes, not 3'],
  ])('refuses %j', (wrong, message) => {
    const sound = { codec: createCodec(unitSpace(3)), objectiveCount: 2, rng: new SeededRng(1) };
    expect(() => new Nsga2Sampler({ ...sound, ...wrong })).toThrow(message);
  });
});
