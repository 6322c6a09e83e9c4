import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heikinAshi } from './candleStyle.ts';
import { logicalOf, rowAt, timeAt } from './timeAxis.ts';

const HOUR = 3_600_000;

describe('places on the time axis', () => {
  // Three hourly bars, a weekend of 48 hours, two more.
  const times = [0, 1, 2, 50, 51].map((h) => h * HOUR);

  it('CHART-9: counts bars, not time, and lays instants between opens in proportion', () => {
    expect(logicalOf(times, 1 * HOUR, HOUR)).toBe(1);
    expect(logicalOf(times, 1.25 * HOUR, HOUR)).toBe(1.25);
    // Half of the weekend.
    expect(logicalOf(times, 26 * HOUR, HOUR)).toBe(2.5);
    expect(timeAt(times, 2.5, HOUR)).toBe(26 * HOUR);
  });

  it('CHART-9: goes on in steps of the timeframe before the first and after the last bar', () => {
    expect(logicalOf(times, -2 * HOUR, HOUR)).toBe(-2);
    expect(logicalOf(times, 54 * HOUR, HOUR)).toBe(7);
    expect(timeAt(times, -2, HOUR)).toBe(-2 * HOUR);
    expect(timeAt(times, 7, HOUR)).toBe(54 * HOUR);
  });

  it('CHART-9: an instant comes back from its place, whatever the gaps', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.double({ min: -50, max: 150, noNaN: true }), (gaps, logical) => {
        let at = 0;
        const bars = [0, ...gaps].map((gap) => (at += gap * HOUR));
        expect(logicalOf(bars, timeAt(bars, logical, HOUR), HOUR)).toBeCloseTo(logical, 6);
      }),
    );
  });

  it('finds the bar that holds an instant', () => {
    expect([-1, 0, 0.5, 2, 49, 50, 99].map((h) => rowAt(times, h * HOUR))).toEqual([-1, 0, 0, 2, 2, 3, 4]);
  });
});

describe('Heikin-Ashi', () => {
  it('is the mean of each bar, opened in the middle of the candle before', () => {
    const bars = { open: [10, 12, 14], high: [13, 15, 15], low: [9, 11, 10], close: [12, 14, 11] };
    const made = heikinAshi(bars);
    // (10+13+9+12)/4, (12+15+11+14)/4, (14+15+10+11)/4
    expect(made.close).toEqual([11, 13, 12.5]);
    // (10+12)/2, (11+11)/2, (11+13)/2
    expect(made.open).toEqual([11, 11, 12]);
    expect(made.high).toEqual([13, 15, 15]);
    expect(made.low).toEqual([9, 11, 10]);
  });
});
