import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrontierError } from '../../src-shared/errors.ts';
import type { ChronologicalSplit, RowRange, SplitRequest } from './splits.ts';
import { chronologicalSplit, DEFAULT_MINIMUM_ROWS, embargoFor, SPLIT_PARTS } from './splits.ts';

const SHARES = { train: 50, validation: 10, calibration: 10, optimisation: 15, test: 10, replay: 5 };
const ONE_ROW = { train: 1, validation: 1, calibration: 1, optimisation: 1, test: 1, replay: 1 };

function present(split: ChronologicalSplit): RowRange[] {
  return SPLIT_PARTS.map((part) => split[part]).filter(({ from, to }) => to > from);
}

const share = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 50 }) },
  { weight: 1, arbitrary: fc.constant(0) },
);
const shares = fc
  .record({
    train: share,
    validation: share,
    calibration: share,
    optimisation: share,
    test: share,
    replay: share,
  })
  .filter((record) => Object.values(record).some((value) => value > 0));
const reach = fc.record({
  horizonBars: fc.integer({ min: 1, max: 48 }),
  windowBars: fc.integer({ min: 1, max: 96 }),
});
const requests = fc
  .record({
    rows: fc.integer({ min: 10, max: 20_000 }),
    usableFrom: fc.nat(300),
    unusableEnd: fc.nat(50),
    reach,
    shares,
  })
  .filter(({ rows, usableFrom, unusableEnd }) => usableFrom + unusableEnd <= rows)
  .map(({ unusableEnd, ...rest }) => ({ ...rest, usableTo: rest.rows - unusableEnd }));

/** The split, or undefined where it is refused; anything else thrown is a fault. */
function attempt(request: SplitRequest): ChronologicalSplit | undefined {
  try {
    return chronologicalSplit(request);
  } catch (error) {
    if (error instanceof FrontierError && error.code === 'REFUSED') return undefined;
    throw error;
  }
}

describe('chronological split', () => {
  it('SPLIT-1, SPLIT-2: cuts in the order of time and leaves the embargo out', () => {
    const split = chronologicalSplit({ rows: 10_100, usableFrom: 100, embargoBars: 40, shares: SHARES });
    // 10,000 usable rows less 5 x 40 are 9,800.
    expect(split).toEqual({
      train: { from: 100, to: 5000 },
      validation: { from: 5040, to: 6020 },
      calibration: { from: 6060, to: 7040 },
      optimisation: { from: 7080, to: 8550 },
      test: { from: 8590, to: 9570 },
      replay: { from: 9610, to: 10_100 },
    });
  });

  it('SPLIT-1 to SPLIT-4: parts are ordered, apart by the embargo, and use every row there is', () => {
    fc.assert(
      fc.property(requests, ({ reach: r, ...rest }) => {
        const embargoBars = embargoFor(r);
        const split = attempt({ ...rest, embargoBars, minimumRows: ONE_ROW });
        fc.pre(split !== undefined);
        const parts = present(split);
        expect(parts[0]!.from).toBe(rest.usableFrom);
        expect(parts.at(-1)!.to).toBe(rest.usableTo);
        for (let i = 1; i < parts.length; i++) expect(parts[i]!.from - parts[i - 1]!.to).toBe(embargoBars);
        for (const part of SPLIT_PARTS) {
          expect(split[part].to > split[part].from).toBe(rest.shares[part] > 0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('SPLIT-3: no window of a part touches a row that an earlier target was made of', () => {
    fc.assert(
      fc.property(requests, ({ reach: r, ...rest }) => {
        const split = attempt({ ...rest, embargoBars: embargoFor(r), minimumRows: ONE_ROW });
        fc.pre(split !== undefined);
        const parts = present(split);
        for (let i = 1; i < parts.length; i++) {
          const lastTargetRow = parts[i - 1]!.to - 1 + r.horizonBars;
          const firstWindowRow = parts[i]!.from - (r.windowBars - 1);
          expect(firstWindowRow).toBeGreaterThan(lastTargetRow);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('SPLIT-4: sizes follow the shares to within one row, the first taking the rest', () => {
    fc.assert(
      fc.property(requests, ({ reach: r, ...rest }) => {
        const embargoBars = embargoFor(r);
        const split = attempt({ ...rest, embargoBars, minimumRows: ONE_ROW });
        fc.pre(split !== undefined);
        const count = present(split).length;
        const available = rest.usableTo - rest.usableFrom - (count - 1) * embargoBars;
        const total = Object.values(rest.shares).reduce((sum, value) => sum + value, 0);
        for (const part of SPLIT_PARTS) {
          const exact = (available * rest.shares[part]) / total;
          const excess = split[part].to - split[part].from - exact;
          expect(excess).toBeGreaterThan(-1);
          expect(excess).toBeLessThan(count);
        }
      }),
    );
  });

  it('SPLIT-5: refuses a part that would be too small and says what would be enough', () => {
    const request = { rows: 1500, usableFrom: 100, embargoBars: 60, shares: SHARES };
    const refusal = (rows: number): FrontierError | undefined => {
      try {
        chronologicalSplit({ ...request, rows });
        return undefined;
      } catch (error) {
        return error as FrontierError;
      }
    };
    const error = refusal(1200)!;
    expect(error.code).toBe('REFUSED');
    expect(error.message).toBe(
      'The calibration part would have 80 rows, fewer than the 100 it needs ' +
        '(rows 100 to 1200 of 1200, 5 embargoes of 60 bars).',
    );
    // 100 warm-up, 300 embargo, 1000 so that a tenth is 100, and one for rounding.
    expect(error.hint).toContain('at least 1401 rows');
    expect(refusal(1401)).toBeUndefined();
    expect(refusal(1399)).toBeDefined();
  });

  it('SPLIT-5: the rows it names are always enough', () => {
    fc.assert(
      fc.property(requests, ({ reach: r, ...rest }) => {
        const request = { ...rest, embargoBars: embargoFor(r) };
        try {
          chronologicalSplit(request);
        } catch (error) {
          const needed = Number(/at least (\d+) rows/.exec((error as FrontierError).hint ?? '')?.[1]);
          const usableTo = needed - (rest.rows - rest.usableTo);
          const split = chronologicalSplit({ ...request, rows: needed, usableTo });
          for (const part of SPLIT_PARTS) {
            if (rest.shares[part] === 0) continue;
            expect(split[part].to - split[part].from).toBeGreaterThanOrEqual(DEFAULT_MINIMUM_ROWS[part]);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('SPLIT-6: a part without share is empty and costs no embargo', () => {
    const split = chronologicalSplit({
      rows: 1000,
      usableFrom: 0,
      embargoBars: 20,
      shares: { ...SHARES, validation: 0, calibration: 0, optimisation: 0, replay: 0, test: 50 },
    });
    expect(split.train).toEqual({ from: 0, to: 490 });
    expect(split.calibration).toEqual({ from: 490, to: 490 });
    expect(split.test).toEqual({ from: 510, to: 1000 });
  });

  it.each([
    [{ rows: -1 }, 'usable rows'],
    [{ usableFrom: 3000 }, 'usable rows 3000 to 2000 of 2000'],
    [{ usableTo: 2001 }, 'usable rows 0 to 2001 of 2000'],
    [{ usableFrom: 0.5 }, 'usable rows'],
    [{ embargoBars: -1 }, 'embargo of -1'],
    [{ embargoBars: Number.NaN }, 'embargo of NaN'],
    [{ shares: { ...SHARES, test: -1 } }, 'test share of -1'],
    [{ shares: { ...SHARES, replay: Number.NaN } }, 'replay share of NaN'],
    [
      { shares: { train: 0, validation: 0, calibration: 0, optimisation: 0, test: 0, replay: 0 } },
      'no share',
    ],
    [{ minimumRows: { test: 0 } }, 'minimum of 0 rows for the test part'],
  ])('refuses %j', (wrong, message) => {
    const sound = { rows: 2000, usableFrom: 0, embargoBars: 10, shares: SHARES };
    expect(() => chronologicalSplit({ ...sound, ...wrong })).toThrow(message);
  });
});
