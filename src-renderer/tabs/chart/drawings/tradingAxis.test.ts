import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calendarOf } from '../../../../src-shared/market/calendars.ts';
import { logicalOf, timeAt } from '../timeAxis.ts';
import { barsBetween, barsFrom, TradingAxis } from './tradingAxis.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const fx = calendarOf({ calendar: 'fx' });
const nyse = calendarOf({ calendar: 'nyse' });
/** A Wednesday noon in summer; the week opened on Sunday 21:00 and closes on Friday 21:00 UTC. */
const WEDNESDAY = Date.UTC(2024, 6, 10, 12);

describe('bars between instants', () => {
  it('DRAW-10: a weekend has none', () => {
    expect(barsBetween(fx, WEDNESDAY, WEDNESDAY + 2 * HOUR, HOUR)).toBe(2);
    // 5 trading days of 24 hours each in a week.
    expect(barsBetween(fx, WEDNESDAY, WEDNESDAY + 7 * DAY, HOUR)).toBe(120);
    expect(barsBetween(fx, WEDNESDAY, WEDNESDAY + 7 * DAY, DAY)).toBe(5);
    const saturday = Date.UTC(2024, 6, 13, 3);
    expect(barsBetween(fx, saturday, saturday + DAY, MINUTE)).toBe(0);
  });

  it('DRAW-10: a session that ends within a bar has that bar too', () => {
    // New York trades 09:30 to 16:00: seven hourly bars a day, one daily bar.
    const monday = Date.UTC(2024, 6, 8);
    expect(barsBetween(nyse, monday, monday + 2 * DAY, HOUR)).toBeCloseTo(14, 9);
    expect(barsBetween(nyse, monday, monday + 5 * DAY, DAY)).toBeCloseTo(5, 9);
  });

  it('DRAW-10: counted back and forth they meet', () => {
    const cases = fc.record({
      calendar: fc.constantFrom(fx, nyse),
      bars: fc.integer({ min: -20_000, max: 20_000 }),
      frame: fc.constantFrom(MINUTE, 15 * MINUTE, HOUR),
    });
    fc.assert(
      fc.property(cases, ({ calendar, bars, frame }) => {
        const from = calendar.nextOpen(WEDNESDAY) + 90 * MINUTE;
        const to = barsFrom(calendar, from, bars, frame);
        const back =
          bars < 0 ? -barsBetween(calendar, to, from, frame) : barsBetween(calendar, from, to, frame);
        expect(back).toBeCloseTo(bars, 4);
      }),
      { numRuns: 60 },
    );
  });
});

/** A chart of these bars, eight pixels a bar. */
function axisOf(timeMs: readonly number[], frameMs: number, calendar = fx): TradingAxis {
  const axis = new TradingAxis({
    bars: { timeMs },
    timeToX: (ms) => 100 + 8 * logicalOf(timeMs, ms, frameMs),
    xToTime: (x) => timeAt(timeMs, (x - 100) / 8, frameMs),
    priceToY: (price) => price,
    yToPrice: (y) => y,
  });
  axis.rule = { calendar, frameMs };
  return axis;
}

/** Hourly bars of the FX weeks from Monday 2024-07-01 on. */
const HOURS = Array.from({ length: 24 * 21 }, (_, i) => Date.UTC(2024, 6, 1) + i * HOUR).filter((ms) =>
  fx.isOpen(ms),
);

describe('the axis', () => {
  it('DRAW-10: a point keeps its place in bars, whatever part of the history is loaded', () => {
    const whole = axisOf(HOURS, HOUR);
    for (const [from, to] of [
      [200, 330],
      [0, 150],
      [310, HOURS.length],
    ] as const) {
      const part = axisOf(HOURS.slice(from, to), HOUR);
      for (const row of [0, 40, 118, 205, 340]) {
        const x = part.timeToX(HOURS[row]!)! - part.timeToX(HOURS[from]!)!;
        expect(x).toBeCloseTo(whole.timeToX(HOURS[row]!)! - whole.timeToX(HOURS[from]!)!, 6);
      }
    }
  });

  it('DRAW-10: what is drawn into the future lies in trading hours', () => {
    // The last bar opens on Friday at 20:00; three bars on is Sunday, two hours after the open at 21:00.
    const friday = Date.UTC(2024, 6, 12, 20);
    const axis = axisOf(
      HOURS.filter((ms) => ms <= friday),
      HOUR,
    );
    const x = axis.timeToX(friday)! + 3 * 8;
    expect(axis.xToTime(x)).toBe(Date.UTC(2024, 6, 14, 23));
    expect(axis.timeToX(axis.xToTime(x)!)).toBeCloseTo(x, 9);
  });

  it('between bars, and without a calendar, it is the axis of the chart', () => {
    const axis = axisOf(HOURS, HOUR);
    expect(axis.timeToX(HOURS[5]! + HOUR / 2)).toBe(100 + 8 * 5.5);
    axis.rule = { calendar: undefined, frameMs: HOUR };
    expect(axis.timeToX(HOURS[0]! - 3 * HOUR)).toBe(100 - 24);
  });
});
