import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeededRng } from '../../src-shared/runtime.ts';
import { hypervolume } from './hypervolume.ts';
import type { Objective } from './pareto.ts';
import { FrontArchive, kneePoint, paretoFront, recommendPoint } from './pareto.ts';

const OBJECTIVES: readonly Objective[] = [
  { name: 'return', direction: 'maximise' },
  { name: 'drawdown', direction: 'minimise' },
];

/** Inclusion and exclusion over all subsets: exact, and nothing like the sweep. */
function naiveHypervolume(points: readonly number[][], reference: readonly number[]): number {
  let volume = 0;
  for (let mask = 1; mask < 1 << points.length; mask++) {
    const chosen = points.filter((_, i) => mask & (1 << i));
    const box = reference.reduce(
      (product, r, k) => product * Math.max(0, r - Math.max(...chosen.map((p) => p[k]!))),
      1,
    );
    volume += chosen.length % 2 === 1 ? box : -box;
  }
  return volume;
}

describe('hypervolume', () => {
  it('is the area under two overlapping rectangles', () => {
    const points = [
      [1, 3],
      [2, 1],
    ];
    // 3 x 1 for the first, 2 x 3 for the second, less the 2 x 1 they share.
    expect(hypervolume(points, [4, 4])).toBe(7);
    expect(hypervolume([], [4, 4])).toBe(0);
    expect(hypervolume([[4, 0]], [4, 4])).toBe(0);
    expect(hypervolume([[1], [3]], [4])).toBe(3);
  });

  it('agrees with inclusion and exclusion in 2 to 5 objectives, ties included', () => {
    const sets = fc.integer({ min: 2, max: 5 }).chain((d) =>
      fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: d, maxLength: d }), {
        minLength: 1,
        maxLength: 9,
      }),
    );
    fc.assert(
      fc.property(sets, (points) => {
        const reference = points[0]!.map(() => 8);
        expect(hypervolume(points, reference)).toBeCloseTo(naiveHypervolume(points, reference), 6);
      }),
      { numRuns: 400 },
    );
  });

  it('approaches the known volume of a sphere front in three and four objectives', () => {
    const rng = new SeededRng(5);
    for (const [d, inside] of [
      [3, Math.PI / 6],
      [4, Math.PI ** 2 / 32],
    ] as const) {
      const points = Array.from({ length: 1500 }, () => {
        const row = Array.from({ length: d }, () => Math.sqrt(-2 * Math.log(1 - rng.next())) * rng.next());
        const length = Math.hypot(...row);
        return row.map((value) => value / length);
      });
      const volume = hypervolume(points, new Array<number>(d).fill(1));
      expect(volume).toBeLessThan(1 - inside);
      expect(volume).toBeGreaterThan(0.85 * (1 - inside));
    }
  });

  it('refuses figures that are not finite and points of another length', () => {
    expect(() => hypervolume([[1, Number.NaN]], [4, 4])).toThrow('point 0 is not finite');
    expect(() => hypervolume([[1]], [4, 4])).toThrow('1 objectives, not 2');
    expect(() => hypervolume([], [])).toThrow('no objectives');
  });
});

describe('front', () => {
  const solution = (objectives: (number | null)[], constraintViolation = 0) => ({
    objectives,
    constraintViolation,
  });

  it('keeps what is not dominated in the directions given', () => {
    const solutions = [
      solution([10, 5]),
      solution([12, 8]),
      solution([9, 6]),
      solution([10, 5]),
      solution([50, 1], 0.1),
      solution([null, 1]),
      solution([3, 2]),
    ];
    expect(paretoFront(solutions, OBJECTIVES)).toEqual([0, 1, 3, 6]);
  });

  it('grows to the same front point by point as at once', () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })));
    fc.assert(
      fc.property(rows, (points) => {
        const archive = new FrontArchive<number>();
        for (const [i, row] of points.entries()) archive.add(i, Float64Array.from(row));
        const expected = points.flatMap(([a, b], i) =>
          points.some(([c, d]) => c <= a && d <= b && (c < a || d < b)) ? [] : [i],
        );
        expect(archive.items).toEqual(expected);
      }),
    );
  });

  it('finds the knee of a bent front', () => {
    const front = [
      [0, 100],
      [1, 20],
      [2, 8],
      [9, 5],
      [10, 0],
    ].map((row) => Float64Array.from(row));
    expect(kneePoint(front)).toBe(2);
    expect(kneePoint([Float64Array.of(3, 3)])).toBe(0);
    expect(() => kneePoint([])).toThrow('no trial was feasible');
  });
});

describe('recommendation', () => {
  const front = [
    { objectives: [2, 1], trades: 300 },
    { objectives: [18, 6], trades: 150 },
    { objectives: [20, 12], trades: 120 },
    { objectives: [30, 4], trades: 12 },
  ];

  it('takes the most balanced point that has enough trades, and says why', () => {
    const choice = recommendPoint(front, OBJECTIVES, { minTrades: 100 });
    expect(choice.index).toBe(1);
    // z = ((20-18)/18, (6-1)/11): sqrt((0.1111^2 + 0.4545^2) / 2)
    expect(choice.distance).toBeCloseTo(0.33086, 4);
    expect(choice.reason).toContain('of 3 points with at least 100 trades');
    expect(choice.reason).toContain('return, drawdown');
  });

  it('follows the weights', () => {
    expect(recommendPoint(front, OBJECTIVES, { minTrades: 100, weights: [0, 1] }).index).toBe(0);
    expect(recommendPoint(front, OBJECTIVES, { minTrades: 100, weights: [1, 0] }).index).toBe(2);
    expect(() => recommendPoint(front, OBJECTIVES, { minTrades: 1, weights: [1] })).toThrow('weights');
  });

  it('refuses when no point can be recommended', () => {
    expect(() => recommendPoint(front, OBJECTIVES, { minTrades: 500 })).toThrow('the most is 300');
    expect(() => recommendPoint([], OBJECTIVES, { minTrades: 1 })).toThrow('no trial was feasible');
  });

  it('is not moved by the units of an objective', () => {
    const inPercent = front.map(({ objectives, trades }) => ({
      objectives: [objectives[0]! / 100, objectives[1]! * 1000],
      trades,
    }));
    const a = recommendPoint(front, OBJECTIVES, { minTrades: 100 });
    const b = recommendPoint(inPercent, OBJECTIVES, { minTrades: 100 });
    expect(b.index).toBe(a.index);
    expect(b.distance).toBeCloseTo(a.distance, 12);
  });
});
