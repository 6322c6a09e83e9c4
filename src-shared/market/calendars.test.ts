import { describe, expect, it } from 'vitest';
import { calendarOf, fxCalendar } from './calendars.ts';
import { instrumentFor } from './instruments.ts';

const fx = calendarOf({ calendar: 'fx' });
const nyse = calendarOf({ calendar: 'nyse' });
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('FX week', () => {
  it('CAL-1: opens Sunday 17:00 and closes Friday 17:00 in New York, winter and summer', () => {
    const winter = Date.UTC(2020, 0, 10, 22); // Friday 17:00 EST
    expect(fx.isOpen(winter - 1)).toBe(true);
    expect(fx.isOpen(winter)).toBe(false);
    expect(fx.nextOpen(winter)).toBe(Date.UTC(2020, 0, 12, 22));
    const summer = Date.UTC(2020, 6, 10, 21); // Friday 17:00 EDT
    expect(fx.isOpen(summer - 1)).toBe(true);
    expect(fx.isOpen(summer)).toBe(false);
    expect(fx.nextOpen(summer)).toBe(Date.UTC(2020, 6, 12, 21));
  });

  it('CAL-2: has the week of the spring change closing an hour earlier in UTC', () => {
    // Clocks change on Sunday 2020-03-08: that weekend lasts 47 hours from close (22:00) to open (21:00).
    expect(fx.nextOpen(Date.UTC(2020, 2, 6, 22))).toBe(Date.UTC(2020, 2, 8, 21));
    expect(fx.expectedBars(Date.UTC(2020, 2, 1), Date.UTC(2020, 2, 8), 'H1')).toBe(120);
    expect(fx.expectedBars(Date.UTC(2020, 2, 8), Date.UTC(2020, 2, 15), 'H1')).toBe(120);
  });

  it('CAL-3: closes from 17:00 to 17:00 New York for Christmas and New Year', () => {
    expect(fx.isOpen(Date.UTC(2019, 11, 24, 21, 59))).toBe(true);
    expect(fx.isOpen(Date.UTC(2019, 11, 25, 12))).toBe(false);
    expect(fx.nextOpen(Date.UTC(2019, 11, 25, 12))).toBe(Date.UTC(2019, 11, 25, 22));
    expect(fx.isOpen(Date.UTC(2020, 0, 1, 12))).toBe(false);
    expect(fx.isOpen(Date.UTC(2020, 0, 1, 22))).toBe(true);
    expect(fxCalendar({ holidays: false }).isOpen(Date.UTC(2019, 11, 25, 12))).toBe(true);
  });

  it('counts open time over a weekend', () => {
    const friday = Date.UTC(2020, 0, 10, 20);
    expect(fx.openMsBetween(friday, friday + 3 * DAY_MS)).toBe(2 * HOUR_MS + 22 * HOUR_MS);
    expect(fx.openMsBetween(Date.UTC(2020, 0, 11), Date.UTC(2020, 0, 12))).toBe(0);
  });
});

describe('other markets', () => {
  it('CAL-4: crypto never closes', () => {
    const always = calendarOf({ calendar: 'always' });
    expect(always.isOpen(Date.UTC(2022, 11, 25))).toBe(true);
    expect(always.nextOpen(123)).toBe(123);
    expect(always.expectedBars(0, 7 * DAY_MS, 'H1')).toBe(168);
  });

  it('CAL-5: NYSE keeps its hours and holidays', () => {
    // 2024: Good Friday was March 29, the session before it ended at 16:00 EDT.
    expect(nyse.isOpen(Date.UTC(2024, 2, 28, 19, 59))).toBe(true);
    expect(nyse.isOpen(Date.UTC(2024, 2, 28, 20))).toBe(false);
    expect(nyse.nextOpen(Date.UTC(2024, 2, 28, 20))).toBe(Date.UTC(2024, 3, 1, 13, 30));
    // 252 trading days in 2024, 250 in 2023 and 252 in 2019, as the exchange published them.
    for (const [year, days] of [
      [2019, 252],
      [2023, 250],
      [2024, 252],
    ] as const) {
      expect(nyse.expectedBars(Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1), 'D1'), String(year)).toBe(
        days,
      );
    }
    expect(nyse.expectedBars(Date.UTC(2024, 0, 2), Date.UTC(2024, 0, 3), 'H1')).toBe(7);
  });

  it('CAL-16: NYSE closes at 13:00 on the short days it published', () => {
    const short = (year: number): string[] =>
      nyse
        .sessions(Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1))
        .filter((s) => s.closeMs - s.openMs < 6.5 * HOUR_MS)
        .map((s) => new Date(s.dayMs).toISOString().slice(0, 10));
    expect(short(2002)).toEqual(['2002-07-05', '2002-11-29', '2002-12-24']);
    expect(short(2013)).toEqual(['2013-07-03', '2013-11-29', '2013-12-24']);
    expect(short(2020)).toEqual(['2020-11-27', '2020-12-24']);
    expect(short(2021)).toEqual(['2021-11-26']);
    expect(short(2022)).toEqual(['2022-11-25']);
    expect(short(2023)).toEqual(['2023-07-03', '2023-11-24']);
    expect(short(2024)).toEqual(['2024-07-03', '2024-11-29', '2024-12-24']);
    expect(short(2025)).toEqual(['2025-07-03', '2025-11-28', '2025-12-24']);
    expect(nyse.isOpen(Date.UTC(2024, 6, 3, 16, 59))).toBe(true);
    expect(nyse.isOpen(Date.UTC(2024, 6, 3, 17))).toBe(false);
    expect(nyse.expectedBars(Date.UTC(2024, 6, 3), Date.UTC(2024, 6, 4), 'M1')).toBe(210);
  });

  it('CAL-6: NSE trades 09:15 to 15:30 in India', () => {
    const nse = calendarOf(instrumentFor('RELIANCE.NSE'));
    expect(nse.name).toBe('nse');
    expect(nse.nextOpen(Date.UTC(2024, 0, 6))).toBe(Date.UTC(2024, 0, 8, 3, 45));
    expect(nse.isOpen(Date.UTC(2024, 0, 26, 5))).toBe(false);
    expect(nse.expectedBars(Date.UTC(2024, 0, 8), Date.UTC(2024, 0, 9), 'M15')).toBe(25);
  });

  it('CAL-6: NSE keeps the holidays that it announced, and trades an hour at Diwali', () => {
    const nse = calendarOf(instrumentFor('RELIANCE.NSE'));
    // Trading days as NSE counts them, special sessions included but for the two tests of its second site in 2024.
    for (const [year, days] of [
      [2018, 246],
      [2019, 245],
      [2020, 252],
      [2021, 248],
      [2022, 248],
      [2023, 246],
      [2024, 247],
      [2025, 249],
    ] as const) {
      const [from, to] = [Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)];
      expect(nse.expectedBars(from, to, 'D1'), String(year)).toBe(days);
    }
    // Holi; Muhurat trading on a Friday and on a Sunday; the budget on a Saturday.
    expect(nse.isOpen(Date.UTC(2024, 2, 25, 6))).toBe(false);
    const hours = (year: number, month: number, day: number) =>
      nse
        .sessions(Date.UTC(year, month, day), Date.UTC(year, month, day + 1))
        .map((s) => [s.openMs, s.closeMs].map((t) => new Date(t).toISOString().slice(11, 16)));
    expect(hours(2024, 10, 1)).toEqual([['12:30', '13:30']]);
    expect(hours(2023, 10, 12)).toEqual([['12:45', '13:45']]);
    expect(hours(2025, 1, 1)).toEqual([['03:45', '10:00']]);
    expect(hours(2025, 1, 2)).toEqual([]);
    // A year without a list keeps the holidays of fixed date.
    expect(nse.isOpen(Date.UTC(2031, 0, 27, 6))).toBe(true);
    expect(nse.isOpen(Date.UTC(2032, 0, 26, 6))).toBe(false);
  });

  it('CAL-5: NYSE was closed on days that no rule tells', () => {
    for (const day of ['2001-09-11', '2004-06-11', '2007-01-02', '2012-10-30', '2018-12-05', '2025-01-09'])
      expect(nyse.isOpen(Date.parse(`${day}T15:00:00Z`)), day).toBe(false);
    expect(nyse.expectedBars(Date.UTC(2012, 0, 1), Date.UTC(2013, 0, 1), 'D1')).toBe(250);
    expect(nyse.expectedBars(Date.UTC(2001, 0, 1), Date.UTC(2002, 0, 1), 'D1')).toBe(248);
    expect(nyse.expectedBars(Date.UTC(2025, 0, 1), Date.UTC(2026, 0, 1), 'D1')).toBe(250);
  });
});

describe('instruments', () => {
  it('tells metals from crypto and reads their conventions', () => {
    expect(instrumentFor('xauusd')).toMatchObject({
      assetClass: 'fx',
      pipSize: 0.1,
      lotSize: 100,
      calendar: 'fx',
    });
    expect(instrumentFor('XAGUSD')).toMatchObject({ pipSize: 0.01, lotSize: 5000 });
    expect(instrumentFor('BTCUSD')).toMatchObject({ assetClass: 'crypto', calendar: 'always' });
    expect(instrumentFor('GBP/JPY')).toMatchObject({ symbol: 'GBPJPY', pipSize: 0.01, digits: 3 });
    expect(instrumentFor('TCS.NSE')).toMatchObject({ quoteCurrency: 'INR', calendar: 'nse' });
    expect(instrumentFor('SYNFX')).toMatchObject({ synthetic: true, assetClass: 'synthetic' });
  });

  it('refuses symbols that would leave their folder', () => {
    for (const symbol of ['', '..', '../x', 'a b', 'A'.repeat(25), 'X\u0000Y']) {
      expect(() => instrumentFor(symbol), symbol).toThrow(/not a usable symbol/);
    }
  });
});
