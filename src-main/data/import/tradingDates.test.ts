import { describe, expect, it } from 'vitest';
import { allocateBars } from '../../../src-shared/market/bars.ts';
import { withTradingDates } from './tradingDates.ts';

function at(times: readonly string[]) {
  const bars = allocateBars(times.length);
  times.forEach((time, i) => {
    bars.timeMs[i] = Date.parse(time);
  });
  return bars;
}
const days = (times: readonly string[], calendar: string) =>
  Array.from(withTradingDates(at(times), 'D1', { calendar }).timeMs, (t) => new Date(t).toISOString());

describe('daily bars of an exchange', () => {
  it('DATA-20: take the date of their midnight or opening at the exchange, in winter and in summer', () => {
    const midnights = ['2023-03-10T00:00:00-05:00', '2023-03-13T00:00:00-04:00'];
    const openings = ['2023-03-10T09:30:00-05:00', '2023-03-13T09:30:00-04:00'];
    const dates = ['2023-03-10T00:00:00.000Z', '2023-03-13T00:00:00.000Z'];
    expect(days(midnights, 'nyse')).toEqual(dates);
    expect(days(openings, 'nyse')).toEqual(dates);
    expect(days(['2023-03-10T00:00:00+05:30', '2023-03-13T00:00:00+05:30'], 'nse')).toEqual(dates);
  });

  it('DATA-20: stay where they carry dates, of other markets, and where two would share a date', () => {
    const dates = ['2023-03-10T00:00:00.000Z', '2023-03-13T00:00:00.000Z'];
    expect(days(dates, 'nyse')).toEqual(dates);
    const fx = ['2023-03-09T22:00:00.000Z', '2023-03-12T21:00:00.000Z'];
    expect(days(fx, 'fx')).toEqual(fx);
    const twice = ['2023-03-10T14:30:00.000Z', '2023-03-10T20:00:00.000Z'];
    expect(days(twice, 'nyse')).toEqual(twice);
    const bars = at(['2023-03-10T05:00:00Z', '2023-03-13T04:00:00Z']);
    expect(withTradingDates(bars, 'H1', { calendar: 'nyse' })).toBe(bars);
  });
});
