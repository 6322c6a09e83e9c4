/** Days of exchanges that follow no rule: announced year by year, or decided at short notice. */

const HOUR_MS = 3_600_000;

/** Trading hours of one day as local wall-clock time, milliseconds after midnight. */
export interface DayHours {
  readonly openMs: number;
  readonly closeMs: number;
}

/** Weekdays on which NYSE was closed for mourning, for the attacks of 2001 and for hurricane Sandy. */
const NYSE_CLOSURES =
  '1994-04-27 2001-09-11 2001-09-12 2001-09-13 2001-09-14 2004-06-11 2007-01-02 2012-10-29 2012-10-30 2018-12-05 2025-01-09';

/**
 * Weekdays on which NSE's cash market was closed, by its circulars of each year; elections in Mumbai and the closure of
 * 22 January 2024 among them. From 2017 to February 2022 they are the days without a bar in the histories of six stocks,
 * which lack two more: 2018-01-02 and 2021-08-10, on which NSE traded.
 */
const NSE_CLOSED: Readonly<Record<number, string>> = {
  2017: '01-26 02-24 03-13 04-04 04-14 05-01 06-26 08-15 08-25 10-02 10-20 12-25',
  2018: '01-26 02-13 03-02 03-29 03-30 05-01 08-15 08-22 09-13 09-20 10-02 10-18 11-08 11-23 12-25',
  2019: '03-04 03-21 04-17 04-19 04-29 05-01 06-05 08-12 08-15 09-02 09-10 10-02 10-08 10-21 10-28 11-12 12-25',
  2020: '02-21 03-10 04-02 04-06 04-10 04-14 05-01 05-25 10-02 11-16 11-30 12-25',
  2021: '01-26 03-11 03-29 04-02 04-14 04-21 05-13 07-21 08-19 09-10 10-15 11-05 11-19',
  2022: '01-26 03-01 03-18 04-14 04-15 05-03 08-09 08-15 08-31 10-05 10-26 11-08',
  2023: '01-26 03-07 03-30 04-04 04-07 04-14 05-01 06-29 08-15 09-19 10-02 10-24 11-14 11-27 12-25',
  2024: '01-22 01-26 03-08 03-25 03-29 04-11 04-17 05-01 05-20 06-17 07-17 08-15 10-02 11-15 11-20 12-25',
  2025: '02-26 03-14 03-31 04-10 04-14 04-18 05-01 08-15 08-27 10-02 10-22 11-05 12-25',
  2026: '01-15 01-26 03-03 03-26 03-31 04-03 04-14 05-01 05-28 06-26 09-14 10-02 10-20 11-10 11-24 12-25',
};

/** NSE's sessions of Diwali (Muhurat trading, an hour), and weekends on which it traded as on a weekday. */
const NSE_SPECIAL: Readonly<Record<string, readonly [openHours: number, closeHours: number]>> = {
  '2017-10-19': [18.5, 19.5],
  '2018-11-07': [17.5, 18.5],
  '2019-10-27': [18.25, 19.25],
  '2020-02-01': [9.25, 15.5],
  '2020-11-14': [18.25, 19.25],
  '2021-11-04': [18.25, 19.25],
  '2022-10-24': [18.25, 19.25],
  '2023-11-12': [18.25, 19.25],
  '2024-01-20': [9.25, 15.5],
  '2024-11-01': [18, 19],
  '2025-02-01': [9.25, 15.5],
  '2025-10-21': [13.75, 14.75],
  '2026-02-01': [9.25, 15.5],
};

const dayMs = (date: string): number => Date.parse(`${date}T00:00:00Z`);
const nyseClosures = new Set(NYSE_CLOSURES.split(' ').map(dayMs));
const nseSpecial = new Map(
  Object.entries(NSE_SPECIAL).map(([date, [open, close]]) => [
    dayMs(date),
    { openMs: open * HOUR_MS, closeMs: close * HOUR_MS },
  ]),
);

/** Whether NYSE was closed on a day (midnight UTC of the date) on which its rules would have it open. */
export const wasNyseClosed = (day: number): boolean => nyseClosures.has(day);

/** The weekdays (midnight UTC) on which NSE is closed in a year; undefined for years that are not known. */
export function nseClosedDays(year: number): number[] | undefined {
  return NSE_CLOSED[year]?.split(' ').map((day) => dayMs(`${year}-${day}`));
}

/** The hours of a day on which NSE keeps others than its usual ones. */
export const nseSpecialHours = (day: number): DayHours | undefined => nseSpecial.get(day);
