import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pruneFront } from './pruning.ts';
import type { ObjectiveTable } from './sorting.ts';
import { assignCrowding } from './sorting.ts';

function table(rows: readonly (readonly number[])[]): ObjectiveTable {
  return {
    values: Float64Array.from(rows.flat()),
    violations: new Float64Array(rows.length),
    count: rows.length,
    m: rows[0]!.length,
  };
}

/** Takes every distance anew after each removal. */
function pruneNaively(t: ObjectiveTable, members: Int32Array, keep: number): number[] {
  let left = [...members];
  const crowding = new Float64Array(t.count);
  while (left.length > keep) {
    assignCrowding(t, Int32Array.from(left), crowding);
    const least = Math.min(...left.map((i) => crowding[i]!));
    const worst = left.findLast((i) => crowding[i] === least)!;
    left = left.filter((i) => i !== worst);
  }
  return left;
}

describe('pruning a front', () => {
  it('agrees with taking every crowding distance anew after each removal', () => {
    const cases = fc.integer({ min: 2, max: 4 }).chain((m) =>
      fc.tuple(
        fc.array(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: m, maxLength: m }), {
          minLength: 2 * m,
          maxLength: 40,
        }),
        // As many as there can be ends, which go last.
        fc.integer({ min: 2 * m, max: 40 }),
      ),
    );
    fc.assert(
      fc.property(cases, ([rows, keep]) => {
        const t = table(rows);
        const members = Int32Array.from(rows.keys());
        expect([...pruneFront(t, members, keep)]).toEqual(pruneNaively(t, members, keep));
      }),
      { numRuns: 300 },
    );
  });

  it('keeps one of two close neighbours, where distances taken once would drop both', () => {
    const t = table([
      [0, 10],
      [4.9, 5.1],
      [5.1, 4.9],
      [8, 2],
      [10, 0],
    ]);
    expect([...pruneFront(t, Int32Array.of(0, 1, 2, 3, 4), 4)]).toHaveLength(4);
    const three = [...pruneFront(t, Int32Array.of(0, 1, 2, 3, 4), 3)];
    expect(three).toEqual([0, 1, 4]);
  });

  it('works on part of a table and may keep nothing', () => {
    const t = table([
      [9, 9],
      [0, 3],
      [1, 1],
      [3, 0],
    ]);
    expect([...pruneFront(t, Int32Array.of(1, 2, 3), 2)]).toEqual([1, 3]);
    expect([...pruneFront(t, Int32Array.of(1, 2, 3), 0)]).toEqual([]);
    expect([...pruneFront(t, Int32Array.of(1, 2, 3), 9)]).toEqual([1, 2, 3]);
  });
});
