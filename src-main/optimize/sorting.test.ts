import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectiveTable } from './sorting.ts';
import { assignCrowding, sortFronts } from './sorting.ts';

function table(rows: readonly (readonly number[])[], violations?: readonly number[]): ObjectiveTable {
  return {
    values: Float64Array.from(rows.flat()),
    violations: Float64Array.from(violations ?? rows.map(() => 0)),
    count: rows.length,
    m: rows[0]?.length ?? 1,
  };
}

/** Constrained domination, written from its definition. */
function beats(t: ObjectiveTable, a: number, b: number): boolean {
  const va = t.violations[a]!;
  const vb = t.violations[b]!;
  if (va > 0 || vb > 0) return va < vb;
  const row = (i: number): number[] => [...t.values.subarray(i * t.m, (i + 1) * t.m)];
  const pairs = row(a).map((value, k) => [value, row(b)[k]!] as const);
  return pairs.every(([x, y]) => x <= y) && pairs.some(([x, y]) => x < y);
}

/** Peels off what nobody left beats, front by front. */
function naiveRanks(t: ObjectiveTable): number[] {
  const ranks = new Array<number>(t.count).fill(-1);
  let left = ranks.map((_, i) => i);
  for (let r = 0; left.length > 0; r++) {
    const front = left.filter((i) => !left.some((j) => beats(t, j, i)));
    for (const i of front) ranks[i] = r;
    left = left.filter((i) => !front.includes(i));
  }
  return ranks;
}

/** Few distinct values, so that ties and equal rows are common. */
const coarse = fc.integer({ min: 0, max: 6 });
const tables = fc.integer({ min: 1, max: 5 }).chain((m) =>
  fc
    .array(
      fc.tuple(
        fc.array(coarse, { minLength: m, maxLength: m }),
        fc.oneof(
          { weight: 3, arbitrary: fc.constant(0) },
          { weight: 1, arbitrary: fc.constantFrom(0.5, 1, 2) },
        ),
      ),
      { minLength: 1, maxLength: 60 },
    )
    .map((rows) =>
      table(
        rows.map(([row]) => row),
        rows.map(([, violation]) => violation),
      ),
    ),
);

describe('non-dominated sorting', () => {
  it('agrees with peeling by definition, on ties, equal rows and violations', () => {
    fc.assert(
      fc.property(tables, (t) => {
        expect([...sortFronts(t).rank]).toEqual(naiveRanks(t));
      }),
      { numRuns: 500 },
    );
  });

  it('lists each front as a slice', () => {
    fc.assert(
      fc.property(tables, (t) => {
        const { rank, order, starts, frontCount } = sortFronts(t);
        expect([...order].sort((a, b) => a - b)).toEqual([...rank.keys()]);
        expect(starts[frontCount]).toBe(t.count);
        for (let r = 0; r < frontCount; r++) {
          for (const i of order.subarray(starts[r], starts[r + 1])) expect(rank[i]).toBe(r);
        }
      }),
    );
  });

  it('takes objectives that were not measured where the trial is infeasible', () => {
    const t = table(
      [
        [1, 1],
        [Number.NaN, Number.NaN],
        [Number.NaN, 3],
        [0, 2],
      ],
      [0, 2, 1, 0],
    );
    expect([...sortFronts(t).rank]).toEqual([0, 2, 1, 0]);
  });

  it('sorts an empty table', () => {
    expect(sortFronts({ ...table([]), count: 0, m: 2 }).frontCount).toBe(0);
  });
});

describe('crowding distance', () => {
  it('is the sum of normalised gaps between neighbours', () => {
    // Sorted by f1: (0,4) (1,2) (3,1) (4,0). For (1,2): 3/4 + 3/4; for (3,1): 3/4 + 2/4.
    const t = table([
      [1, 2],
      [0, 4],
      [4, 0],
      [3, 1],
    ]);
    const crowding = new Float64Array(4);
    assignCrowding(t, Int32Array.of(0, 1, 2, 3), crowding);
    expect([...crowding]).toEqual([1.5, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 1.25]);
  });

  it('ignores an objective in which all are equal', () => {
    const t = table([
      [0, 5],
      [1, 5],
      [4, 5],
    ]);
    const crowding = new Float64Array(3);
    assignCrowding(t, Int32Array.of(0, 1, 2), crowding);
    expect([...crowding]).toEqual([Number.POSITIVE_INFINITY, 1, Number.POSITIVE_INFINITY]);
  });

  it('says nothing about infeasible solutions', () => {
    const t = table(
      [
        [Number.NaN, 1],
        [2, Number.NaN],
      ],
      [1, 1],
    );
    const crowding = Float64Array.of(9, 9);
    assignCrowding(t, Int32Array.of(0, 1), crowding);
    expect([...crowding]).toEqual([0, 0]);
  });
});
