import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calendarOf, type MarketCalendar } from './calendars.ts';
import {
  type SessionIndexOptions,
  sessionIndex,
  sessionRuns,
  windowCount,
  windowStarts,
} from './sessionIndex.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const fx = calendarOf({ calendar: 'fx' });
const nyse = calendarOf({ calendar: 'nyse' });

function every(fromIso: string, toIso: string, stepMs: number): number[] {
  const [from, to] = [Date.parse(fromIso), Date.parse(toIso)];
  return Array.from({ length: Math.ceil((to - from) / stepMs) }, (_, i) => from + i * stepMs);
}

/** The definition, window by window and row by row: O(rows x bars). */
function naive(times: readonly number[], options: SessionIndexOptions): number[] {
  const { windowBars, maxGapMs, calendar, excluded } = options;
  const found: number[] = [];
  for (let start = 0; start + windowBars <= times.length; start++) {
    let isValid = true;
    for (let row = start; row < start + windowBars; row++) {
      const timeMs = times[row]!;
      if (excluded?.[row] || (calendar && !calendar.isOpen(timeMs))) isValid = false;
      if (row === start) continue;
      const beforeMs = times[row - 1]!;
      if (timeMs - beforeMs > maxGapMs) isValid = false;
      // Open throughout: as much trading as time between the two.
      if (calendar && calendar.openMsBetween(beforeMs, timeMs) !== timeMs - beforeMs) isValid = false;
    }
    if (isValid) found.push(start);
  }
  return found;
}

describe('the session index', () => {
  it('SIX-1: every window of N bars, and as many as fit', () => {
    const times = Float64Array.from(every('2020-03-09T10:00Z', '2020-03-09T10:10Z', MINUTE_MS));
    const options = { maxGapMs: MINUTE_MS, calendar: fx };
    expect(Array.from(sessionIndex(times, { ...options, windowBars: 8 }))).toEqual([0, 1, 2]);
    expect(Array.from(sessionIndex(times, { ...options, windowBars: 10 }))).toEqual([0]);
    expect(Array.from(sessionIndex(times, { ...options, windowBars: 11 }))).toEqual([]);
    expect(Array.from(sessionIndex(times, { ...options, windowBars: 1 }))).toHaveLength(10);
    expect(Array.from(sessionIndex(new Float64Array(0), { ...options, windowBars: 1 }))).toEqual([]);
  });

  it('SIX-2: a gap of the limit is allowed, a longer one is not', () => {
    const start = Date.parse('2020-03-09T10:00Z');
    const times = Float64Array.from([0, 1, 11, 12, 23, 24], (minute) => start + minute * MINUTE_MS);
    const options = { windowBars: 2, maxGapMs: 10 * MINUTE_MS, calendar: fx };
    expect(Array.from(sessionIndex(times, options))).toEqual([0, 1, 2, 4]);
  });

  it('SIX-3: no window reaches over a close, however large the gap allowed', () => {
    const days = every('2023-07-10T13:30Z', '2023-07-12T20:00Z', 30 * MINUTE_MS).filter((t) =>
      nyse.isOpen(t),
    );
    const runs = sessionRuns(Float64Array.from(days), { maxGapMs: 1000 * HOUR_MS, calendar: nyse });
    expect(Array.from(runs.startRow)).toEqual([0, 13, 26]);
    expect(Array.from(runs.rowCount)).toEqual([13, 13, 13]);
    const gapsAlone = sessionRuns(Float64Array.from(days), { maxGapMs: 1000 * HOUR_MS });
    expect(Array.from(gapsAlone.rowCount)).toEqual([39]);
  });

  it('SIX-3: rows of closed hours are in no window', () => {
    const times = Float64Array.from(every('2020-03-13T19:00Z', '2020-03-15T23:00Z', HOUR_MS));
    const runs = sessionRuns(times, { maxGapMs: HOUR_MS, calendar: fx });
    expect(Array.from(runs.startRow)).toEqual([0, 50]); // Friday until 21:00 UTC, Sunday from then on
    expect(Array.from(runs.rowCount)).toEqual([2, 2]);
  });

  it('SIX-4: excluded rows are in no window', () => {
    const times = Float64Array.from(every('2020-03-09T10:00Z', '2020-03-09T10:06Z', MINUTE_MS));
    const excluded = Uint8Array.from([0, 0, 1, 0, 0, 0]);
    expect(Array.from(sessionIndex(times, { windowBars: 2, maxGapMs: MINUTE_MS, excluded }))).toEqual([
      0, 3, 4,
    ]);
  });

  it('SIX-5: input that cannot be meant is refused', () => {
    const start = Date.parse('2020-03-09T10:00Z');
    const times = Float64Array.from([start, start + MINUTE_MS]);
    const good = { windowBars: 1, maxGapMs: MINUTE_MS };
    for (const windowBars of [0, -1, 1.5, Number.NaN]) {
      expect(() => sessionIndex(times, { ...good, windowBars })).toThrow(/window of/);
    }
    for (const maxGapMs of [0, -1, Number.NaN]) {
      expect(() => sessionIndex(times, { ...good, maxGapMs })).toThrow(/largest gap/);
    }
    expect(() => sessionIndex(times, { ...good, excluded: new Uint8Array(3) })).toThrow(/excluded rows/);
    for (const second of [start, start - 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => sessionIndex(Float64Array.from([start, second]), good)).toThrow(/must increase: row 1/);
    }
    expect(() => sessionIndex(Float64Array.from([Number.NaN, start]), good)).toThrow(/must increase: row 0/);
  });

  it('SIX-6: one pass serves windows of every length', () => {
    const times = Float64Array.from(every('2020-03-09T10:00Z', '2020-03-09T11:00Z', MINUTE_MS));
    const runs = sessionRuns(times, { maxGapMs: MINUTE_MS });
    for (const windowBars of [1, 7, 60, 61]) {
      const starts = sessionIndex(times, { windowBars, maxGapMs: MINUTE_MS });
      expect(windowStarts(runs, windowBars)).toEqual(starts);
      expect(windowCount(runs, windowBars)).toBe(starts.length);
    }
    expect(() => windowStarts(runs, 0)).toThrow(/window of/);
  });

  const calendars = fc.constantFrom<MarketCalendar | undefined>(
    undefined,
    fx,
    nyse,
    calendarOf({ calendar: 'always' }),
    calendarOf({ calendar: 'nse' }),
  );
  // Starts near the ends of sessions and holidays, so that closes fall into the rows.
  const starts = fc.constantFrom(
    ...[
      '2020-03-06T19:00Z',
      '2020-03-08T18:00Z',
      '2019-12-24T18:00Z',
      '2019-12-31T20:00Z',
      '2023-07-10T08:00Z',
    ],
  );
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.constantFrom(2, 5, 10, 11, 60) },
    { weight: 1, arbitrary: fc.constantFrom(600, 2880) },
  );
  const steps = fc.array(step, { minLength: 5, maxLength: 120, size: 'max' });

  it('SIX-1, SIX-2, SIX-3, SIX-4: equals the definition taken literally', () => {
    let windows = 0;
    fc.assert(
      fc.property(
        calendars,
        starts,
        steps,
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom(1, 5, 10, 60, 3000),
        fc.option(fc.infiniteStream(fc.integer({ min: 0, max: 40 })), { nil: undefined }),
        (calendar, startIso, minutes, windowBars, gapMinutes, marks) => {
          let timeMs = Date.parse(startIso);
          const times = minutes.map((m) => (timeMs += m * MINUTE_MS));
          const excluded = marks && Uint8Array.from(marks.take(times.length), (m) => (m === 0 ? 1 : 0));
          const options = { calendar, windowBars, maxGapMs: gapMinutes * MINUTE_MS, excluded };
          const found = Array.from(sessionIndex(Float64Array.from(times), options));
          expect(found).toEqual(naive(times, options));
          windows += found.length;
        },
      ),
      { numRuns: 400, seed: 20_201 },
    );
    expect(windows).toBeGreaterThan(1000); // the comparison was not of empty lists
  });
});
