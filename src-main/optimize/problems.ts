/**
 * Standard test problems with known fronts: ZDT1-3 (Zitzler, Deb, Thiele 2000) and DTLZ2 (Deb, Thiele,
 * Laumanns, Zitzler 2002). They measure a sampler apart from any strategy.
 */
import type { SearchSpace } from './space.ts';

export interface BenchmarkProblem {
  readonly name: string;
  readonly dimensions: number;
  readonly objectiveCount: number;
  /** Customary for comparing hypervolumes. */
  readonly reference: readonly number[];
  /** Hypervolume of the true front against the reference. */
  readonly trueHypervolume: number;
  /** Objectives, minimised, of a point of [0, 1]^d. */
  evaluate(x: Float64Array): number[];
}

/** 1 + 9 times the mean of all genes but the first: 1 on the true front. */
function zdtG(x: Float64Array): number {
  let sum = 0;
  for (let k = 1; k < x.length; k++) sum += x[k]!;
  return 1 + (9 * sum) / (x.length - 1);
}

function zdt(
  name: string,
  trueHypervolume: number,
  shape: (f1: number, g: number) => number,
): BenchmarkProblem {
  const evaluate = (x: Float64Array): number[] => {
    const g = zdtG(x);
    return [x[0]!, g * shape(x[0]!, g)];
  };
  return { name, dimensions: 30, objectiveCount: 2, reference: [1.1, 1.1], trueHypervolume, evaluate };
}

/** Convex front f2 = 1 - sqrt(f1). Its volume: 1.1^2 - 1/3 with the strip beyond f1 = 1. */
export const ZDT1 = zdt('zdt1', 0.1 * 1.1 + 0.1 + 2 / 3, (f1, g) => 1 - Math.sqrt(f1 / g));
/** Concave front f2 = 1 - f1^2. */
export const ZDT2 = zdt('zdt2', 0.1 * 1.1 + 0.1 + 1 / 3, (f1, g) => 1 - (f1 / g) ** 2);
/** Front in five pieces. The volume is numerical (20 million strips), good to the last digit. */
export const ZDT3 = zdt(
  'zdt3',
  1.331763,
  (f1, g) => 1 - Math.sqrt(f1 / g) - (f1 / g) * Math.sin(10 * Math.PI * f1),
);

/** Front: the unit sphere's positive part; three objectives, k = 10. Its volume: 1.1^3 - pi / 6. */
export const DTLZ2: BenchmarkProblem = {
  name: 'dtlz2',
  dimensions: 12,
  objectiveCount: 3,
  reference: [1.1, 1.1, 1.1],
  trueHypervolume: 1.1 ** 3 - Math.PI / 6,
  evaluate(x) {
    let g = 0;
    for (let k = 2; k < x.length; k++) g += (x[k]! - 0.5) ** 2;
    const a = (x[0]! * Math.PI) / 2;
    const b = (x[1]! * Math.PI) / 2;
    const r = 1 + g;
    return [r * Math.cos(a) * Math.cos(b), r * Math.cos(a) * Math.sin(b), r * Math.sin(a)];
  },
};

/** A space of `dimensions` real genes x0, x1, ... in [0, 1]. */
export function unitSpace(dimensions: number): SearchSpace {
  return {
    genes: Array.from({ length: dimensions }, (_, k) => ({
      kind: 'real' as const,
      name: `x${k}`,
      low: 0,
      high: 1,
    })),
  };
}

/** By name. */
export const BENCHMARK_PROBLEMS: ReadonlyMap<string, BenchmarkProblem> = new Map(
  [ZDT1, ZDT2, ZDT3, DTLZ2].map((problem) => [problem.name, problem]),
);
