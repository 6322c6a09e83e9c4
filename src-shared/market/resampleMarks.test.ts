import { describe, expect, it } from 'vitest';
import { allocateBars } from './bars.ts';
import { calendarOf } from './calendars.ts';
import { MARK } from './marks.ts';
import { resample } from './resample.ts';
import { carryMarks } from './resampleMarks.ts';

const MINUTE_MS = 60_000;

describe('marks of resampled bars', () => {
  it('RES-12: a bar has the strongest mark of those that it was made from', () => {
    const bars = allocateBars(180);
    for (let i = 0; i < 180; i++) {
      bars.timeMs[i] = Date.UTC(2024, 0, 3, 10) + i * MINUTE_MS;
      for (const name of ['open', 'high', 'low', 'close'] as const) bars[name][i] = 1;
    }
    const marks = new Uint8Array(180);
    marks[59] = MARK.refetched;
    marks[60] = MARK.filled;
    marks[61] = MARK.moved;
    const options = { source: 'M1', target: 'H1', calendar: calendarOf({ calendar: 'fx' }) } as const;
    const made = resample(bars, options).bars;
    expect([...carryMarks(bars.timeMs, marks, made.timeMs, options)]).toEqual([
      MARK.refetched,
      MARK.filled,
      MARK.none,
    ]);
    marks[62] = MARK.clipped;
    marks[60] = MARK.none;
    expect(carryMarks(bars.timeMs, marks, made.timeMs, options)[1]).toBe(MARK.clipped);
  });

  it('RES-12: days of FX begin at 17:00 New York time, those of an exchange carry dates', () => {
    const at = (iso: string) => Float64Array.from([Date.parse(iso)]);
    const marks = Uint8Array.from([MARK.filled]);
    const fx = { source: 'H1', target: 'D1', calendar: calendarOf({ calendar: 'fx' }) } as const;
    const days = Float64Array.from([Date.parse('2024-01-02T22:00Z'), Date.parse('2024-01-03T22:00Z')]);
    expect([...carryMarks(at('2024-01-03T21:00Z'), marks, days, fx)]).toEqual([MARK.filled, 0]);
    expect([...carryMarks(at('2024-01-03T22:00Z'), marks, days, fx)]).toEqual([0, MARK.filled]);
    const nyse = { source: 'H1', target: 'D1', calendar: calendarOf({ calendar: 'nyse' }) } as const;
    const dates = Float64Array.from([Date.parse('2024-01-03'), Date.parse('2024-01-04')]);
    expect([...carryMarks(at('2024-01-03T20:30Z'), marks, dates, nyse)]).toEqual([MARK.filled, 0]);
  });
});
