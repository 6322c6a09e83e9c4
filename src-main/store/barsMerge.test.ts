import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateBars, type BarColumns, barAt } from '../../src-shared/market/bars.ts';
import { MARK } from '../../src-shared/market/marks.ts';
import { someBars } from '../../tests/fixtures/someBars.ts';
import { mergeBars, type OnConflict } from './barsMerge.ts';

const HOUR_MS = 3_600_000;

/** Bars at some hours from the end of 2020 on, all columns holding one value. */
function barsAt(values: ReadonlyMap<number, number>): BarColumns {
  const hours = [...values.keys()].sort((a, b) => a - b);
  const bars = allocateBars(hours.length);
  hours.forEach((hour, i) => {
    bars.timeMs[i] = Date.UTC(2020, 11, 31) + hour * HOUR_MS;
    for (const name of ['open', 'high', 'low', 'close', 'volume'] as const) bars[name][i] = values.get(hour)!;
  });
  return bars;
}

const toMap = (bars: BarColumns) => new Map(Array.from(bars.timeMs, (t, i) => [t, bars.close[i]!]));
const history = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 3 })))
  .map((pairs) => new Map(pairs));

describe('merging histories', () => {
  it('STORE-6: holds every bar of both, in order, with the values that were asked for', () => {
    fc.assert(
      fc.property(history, history, fc.constantFrom<OnConflict>('keep', 'replace'), (old, added, policy) => {
        const [a, b] = [barsAt(old), barsAt(added)];
        const merged = mergeBars({ bars: a, marks: undefined }, { bars: b, marks: undefined }, policy);
        const expected = policy === 'keep' ? [...toMap(b), ...toMap(a)] : [...toMap(a), ...toMap(b)];
        expect(toMap(merged.bars)).toEqual(new Map(expected));
        const times = [...merged.bars.timeMs];
        expect(times).toEqual([...new Set(times)].sort((x, y) => x - y));
        expect(merged.added).toBe(times.length - old.size);
        const differing = [...added].filter(([hour, value]) => old.has(hour) && old.get(hour) !== value);
        expect(merged.replaced).toBe(policy === 'keep' ? 0 : differing.length);
        // A year that is not named has the very bars it had: its file is taken over.
        const ofYear = (bars: BarColumns, year: number) =>
          Array.from(bars.timeMs, (_, i) => barAt(bars, i)).filter(
            (bar) => new Date(bar.timeMs).getUTCFullYear() === year,
          );
        for (const year of [2020, 2021, 2022]) {
          if (!merged.years.has(year)) expect(ofYear(merged.bars, year)).toEqual(ofYear(a, year));
        }
      }),
    );
  });

  it('STORE-6: refuses bars that differ, says how many and shows the first', () => {
    const stored = barsAt(
      new Map([
        [0, 1],
        [1, 1],
        [2, 1],
      ]),
    );
    const same = {
      bars: barsAt(
        new Map([
          [1, 1],
          [3, 1],
        ]),
      ),
      marks: undefined,
    };
    expect(mergeBars({ bars: stored, marks: undefined }, same, 'refuse')).toMatchObject({
      added: 1,
      replaced: 0,
    });
    const other = {
      bars: barsAt(
        new Map([
          [0, 1],
          [1, 2],
          [2, 3],
          [3, 1],
        ]),
      ),
      marks: undefined,
    };
    expect(() => mergeBars({ bars: stored, marks: undefined }, other, 'refuse')).toThrow(
      expect.objectContaining({
        code: 'CONFLICT',
        message: expect.stringMatching(/^2 bars .*2020-12-31T01:00:00.000Z .* 1 1 1 1 1 .* 2 2 2 2 2\.$/),
      }),
    );
  });

  it('STORE-7: marks go with their bars', () => {
    const bars = someBars(1, 4);
    const stored = { bars, marks: Uint8Array.from([0, MARK.filled, MARK.clipped, 0]) };
    const fresh = { bars, marks: undefined };
    expect(mergeBars(stored, fresh, 'keep').marks).toEqual(stored.marks);
    // The provider's own bar takes the place of a repaired one, and of its mark, also where the prices are equal.
    const replaced = mergeBars(stored, fresh, 'replace');
    expect(replaced).toMatchObject({ marks: undefined, replaced: 2, added: 0 });
  });
});
