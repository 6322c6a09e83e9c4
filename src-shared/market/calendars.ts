import { userCalendar } from './calendarRegistry.ts';
import { type DayHours, nseClosedDays, nseSpecialHours, wasNyseClosed } from './exchangeDays.ts';
import type { Instrument } from './instruments.ts';
import { lastWeekdayMs, newYorkToUtcMs, nthWeekdayMs } from './newYork.ts';
import { type Timeframe, timeframeMs } from './timeframes.ts';

/** One stretch of trading, [openMs, closeMs), epoch milliseconds UTC. */
export interface Session {
  readonly openMs: number;
  readonly closeMs: number;
  /** The trading date as midnight UTC: what daily bars of stocks are stamped with. */
  readonly dayMs: number;
}

/** When a market trades. The rules are numbered in `docs/spec/calendars.md`. */
export interface MarketCalendar {
  readonly name: Instrument['calendar'];
  /** Sessions that overlap [fromMs, toMs), not clipped, in order. */
  sessions(fromMs: number, toMs: number): Session[];
  isOpen(timeMs: number): boolean;
  /** The first instant at or after `timeMs` at which the market is open. */
  nextOpen(timeMs: number): number;
  /** Milliseconds of trading inside [fromMs, toMs). */
  openMsBetween(fromMs: number, toMs: number): number;
  /** Bars that a complete history has whose open is in [fromMs, toMs). */
  expectedBars(fromMs: number, toMs: number, timeframe: Timeframe): number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
const FIRST_SUNDAY_MS = 3 * DAY_MS; // 1970-01-04

/** Midnight UTC of the day that an instant belongs to. */
function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS;
}

/** The parts shared by every calendar: all follow from the sessions. */
export abstract class SessionCalendar implements MarketCalendar {
  abstract readonly name: Instrument['calendar'];
  abstract sessions(fromMs: number, toMs: number): Session[];

  isOpen(timeMs: number): boolean {
    return this.sessions(timeMs, timeMs + 1).some((s) => s.openMs <= timeMs && timeMs < s.closeMs);
  }

  nextOpen(timeMs: number): number {
    for (let from = timeMs; ; from += 2 * WEEK_MS) {
      const next = this.sessions(from, from + 2 * WEEK_MS).find((s) => s.closeMs > timeMs);
      if (next) return Math.max(timeMs, next.openMs);
    }
  }

  openMsBetween(fromMs: number, toMs: number): number {
    let total = 0;
    for (const s of this.sessions(fromMs, toMs)) {
      total += Math.max(0, Math.min(s.closeMs, toMs) - Math.max(s.openMs, fromMs));
    }
    return total;
  }

  expectedBars(fromMs: number, toMs: number, timeframe: Timeframe): number {
    return Math.round(this.openMsBetween(fromMs, toMs) / timeframeMs(timeframe));
  }
}

/** Options of the FX calendar. */
export interface FxCalendarOptions {
  /** CAL-3: close for Christmas and New Year. Default true. */
  readonly holidays?: boolean;
}

/** The FX week: Sunday 17:00 to Friday 17:00 in New York. */
class FxCalendar extends SessionCalendar {
  readonly name = 'fx';
  readonly #holidays: boolean;

  constructor(holidays: boolean) {
    super();
    this.#holidays = holidays;
  }

  sessions(fromMs: number, toMs: number): Session[] {
    const found: Session[] = [];
    let sunday = Math.floor((fromMs - FIRST_SUNDAY_MS) / WEEK_MS) * WEEK_MS + FIRST_SUNDAY_MS;
    // Friday's close is on the same UTC week as its Sunday, so the week that contains fromMs is enough.
    for (; sunday < toMs; sunday += WEEK_MS) {
      for (const s of this.#week(sunday)) if (s.closeMs > fromMs && s.openMs < toMs) found.push(s);
    }
    return found;
  }

  #week(sundayMs: number): Session[] {
    const openMs = newYorkToUtcMs(sundayMs + 17 * HOUR_MS);
    const closeMs = newYorkToUtcMs(sundayMs + 5 * DAY_MS + 17 * HOUR_MS);
    const whole: Session = { openMs, closeMs, dayMs: sundayMs };
    if (!this.#holidays) return [whole];
    let parts = [whole];
    for (const [fromMs, toMs] of fxHolidays(openMs, closeMs)) parts = cut(parts, fromMs, toMs);
    return parts;
  }
}

/** CAL-3: the stretches [close, open) of the FX week's holidays that overlap [fromMs, toMs), in order. */
export function fxHolidays(fromMs: number, toMs: number): [closedMs: number, openMs: number][] {
  const found: [number, number][] = [];
  const last = new Date(toMs).getUTCFullYear();
  for (let year = new Date(fromMs).getUTCFullYear() - 1; year <= last; year++) {
    for (const eve of [Date.UTC(year, 11, 24), Date.UTC(year, 11, 31)]) {
      const closedMs = newYorkToUtcMs(eve + 17 * HOUR_MS);
      const openMs = newYorkToUtcMs(eve + DAY_MS + 17 * HOUR_MS);
      if (openMs > fromMs && closedMs < toMs) found.push([closedMs, openMs]);
    }
  }
  return found;
}

/** Sessions without the stretch [fromMs, toMs). */
function cut(sessions: Session[], fromMs: number, toMs: number): Session[] {
  return sessions.flatMap((s) => {
    if (toMs <= s.openMs || fromMs >= s.closeMs) return [s];
    const left = { ...s, closeMs: fromMs };
    const right = { ...s, openMs: toMs };
    return [left, right].filter((p) => p.closeMs > p.openMs);
  });
}

/** Trades without a break. */
class AlwaysOpen extends SessionCalendar {
  readonly name = 'always';

  sessions(fromMs: number, toMs: number): Session[] {
    return toMs > fromMs ? [{ openMs: fromMs, closeMs: toMs, dayMs: dayOf(fromMs) }] : [];
  }
}

/** How a stock exchange's day runs. */
interface ExchangeRule {
  readonly name: 'nyse' | 'nse';
  /** Local wall-clock times of the day, milliseconds after midnight. */
  readonly openMs: number;
  readonly closeMs: number;
  toUtcMs(localMs: number): number;
  /** Whether a weekday (midnight UTC of the local date) is a holiday. */
  isHoliday(dayMs: number): boolean;
  /** The local close of a day that ends early; undefined on all others. */
  earlyCloseMs?(dayMs: number): number | undefined;
  /** The hours of a day, also of a weekend, that has its own. */
  specialHours?(dayMs: number): DayHours | undefined;
}

class ExchangeCalendar extends SessionCalendar {
  readonly name: 'nyse' | 'nse';
  readonly #rule: ExchangeRule;

  constructor(rule: ExchangeRule) {
    super();
    this.name = rule.name;
    this.#rule = rule;
  }

  sessions(fromMs: number, toMs: number): Session[] {
    const found: Session[] = [];
    for (let dayMs = dayOf(fromMs) - DAY_MS; dayMs < toMs + DAY_MS; dayMs += DAY_MS) {
      if (!this.#trades(dayMs)) continue;
      const hours = this.#hours(dayMs);
      const openMs = this.#rule.toUtcMs(dayMs + hours.openMs);
      const closeMs = this.#rule.toUtcMs(dayMs + hours.closeMs);
      if (closeMs > fromMs && openMs < toMs) found.push({ openMs, closeMs, dayMs });
    }
    return found;
  }

  #hours(dayMs: number): DayHours {
    const { openMs, closeMs } = this.#rule;
    const special = this.#rule.specialHours?.(dayMs);
    return special ?? { openMs, closeMs: this.#rule.earlyCloseMs?.(dayMs) ?? closeMs };
  }

  #trades(dayMs: number): boolean {
    if (this.#rule.specialHours?.(dayMs)) return true;
    const weekday = new Date(dayMs).getUTCDay();
    return weekday !== 0 && weekday !== 6 && !this.#rule.isHoliday(dayMs);
  }

  /** CAL-7: daily bars are stamped with the date, intraday bars with the instant. */
  override expectedBars(fromMs: number, toMs: number, timeframe: Timeframe): number {
    if (timeframe === 'D1') {
      let days = 0;
      const first = Math.ceil(fromMs / DAY_MS) * DAY_MS;
      for (let dayMs = first; dayMs < toMs; dayMs += DAY_MS) if (this.#trades(dayMs)) days++;
      return days;
    }
    const stepMs = timeframeMs(timeframe);
    let bars = 0;
    for (const s of this.sessions(fromMs, toMs)) {
      const first = Math.max(0, Math.ceil((fromMs - s.openMs) / stepMs));
      const last = Math.ceil((Math.min(s.closeMs, toMs) - s.openMs) / stepMs);
      bars += Math.max(0, last - first);
    }
    return bars;
  }
}

/** Easter Sunday (Gregorian), midnight UTC. Anonymous algorithm as in Meeus, "Astronomical Algorithms", ch. 8. */
function easterMs(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30;
  const e = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - d - (c % 4)) % 7;
  const f = d + e - 7 * Math.floor((a + 11 * d + 22 * e) / 451) + 114;
  return Date.UTC(year, Math.floor(f / 31) - 1, (f % 31) + 1);
}

/** A fixed-date holiday as observed: Saturday moves to Friday, Sunday to Monday. */
function observed(dayMs: number): number {
  const weekday = new Date(dayMs).getUTCDay();
  if (weekday === 6) return dayMs - DAY_MS;
  return weekday === 0 ? dayMs + DAY_MS : dayMs;
}

/** NYSE Rule 7.2 holidays of a year; New Year on a Saturday is not moved into the old year. */
function nyseHolidays(year: number): Set<number> {
  const newYear = Date.UTC(year, 0, 1);
  const days = [
    new Date(newYear).getUTCDay() === 6 ? newYear : observed(newYear),
    nthWeekdayMs(year, 0, 1, 3), // Martin Luther King
    nthWeekdayMs(year, 1, 1, 3), // Washington's Birthday
    easterMs(year) - 2 * DAY_MS, // Good Friday
    lastWeekdayMs(year, 4, 1), // Memorial Day
    observed(Date.UTC(year, 6, 4)),
    nthWeekdayMs(year, 8, 1, 1), // Labor Day
    nthWeekdayMs(year, 10, 4, 4), // Thanksgiving
    observed(Date.UTC(year, 11, 25)),
  ];
  if (year >= 2022) days.push(observed(Date.UTC(year, 5, 19)));
  return new Set(days);
}

/**
 * CAL-16: the days on which NYSE closes at 13:00. Holidays among them do not trade at all and do not matter here.
 * The rules hold from 1995 on.
 */
function nyseEarlyCloses(year: number): Set<number> {
  if (year < 1995) return new Set();
  const days = [nthWeekdayMs(year, 10, 4, 4) + DAY_MS]; // the day after Thanksgiving
  const before = Date.UTC(year, 6, 3);
  const weekday = new Date(before).getUTCDay();
  if ([1, 2, 4].includes(weekday) || (weekday === 3 && year >= 2013)) days.push(before);
  // When Independence Day was a Thursday, the Friday after it was the short day until 2012.
  if (weekday === 3 && year < 2013) days.push(before + 2 * DAY_MS);
  const eve = Date.UTC(year, 11, 24);
  if ([1, 2, 3, 4].includes(new Date(eve).getUTCDay())) days.push(eve);
  return new Set(days);
}

/** CAL-6: NSE's holidays; of years whose list is not known those that have a fixed date or follow Easter. */
function nseHolidays(year: number): Set<number> {
  const known = nseClosedDays(year);
  if (known) return new Set(known);
  const fixed = [Date.UTC(year, 0, 26), Date.UTC(year, 4, 1), Date.UTC(year, 7, 15), Date.UTC(year, 9, 2)];
  return new Set([...fixed, Date.UTC(year, 11, 25), easterMs(year) - 2 * DAY_MS]);
}

/** Asks for the days of a year once. */
function byYear(holidays: (year: number) => Set<number>): (dayMs: number) => boolean {
  const known = new Map<number, Set<number>>();
  return (dayMs) => {
    const year = new Date(dayMs).getUTCFullYear();
    let set = known.get(year);
    if (!set) {
      set = holidays(year);
      known.set(year, set);
    }
    return set.has(dayMs);
  };
}

const INDIA_OFFSET_MS = 5.5 * HOUR_MS;
const isShortAtNyse = byYear(nyseEarlyCloses);
const isNyseHoliday = byYear(nyseHolidays);

const CALENDARS: Readonly<Record<string, MarketCalendar>> = {
  fx: new FxCalendar(true),
  always: new AlwaysOpen(),
  nyse: new ExchangeCalendar({
    name: 'nyse',
    openMs: 9.5 * HOUR_MS,
    closeMs: 16 * HOUR_MS,
    toUtcMs: newYorkToUtcMs,
    isHoliday: (dayMs) => isNyseHoliday(dayMs) || wasNyseClosed(dayMs),
    earlyCloseMs: (dayMs) => (isShortAtNyse(dayMs) ? 13 * HOUR_MS : undefined),
  }),
  nse: new ExchangeCalendar({
    name: 'nse',
    openMs: 9.25 * HOUR_MS,
    closeMs: 15.5 * HOUR_MS,
    toUtcMs: (localMs) => localMs - INDIA_OFFSET_MS,
    isHoliday: byYear(nseHolidays),
    specialHours: nseSpecialHours,
  }),
};

/**
 * The calendar that an instrument trades on: a built-in one, or one of the user's (CAL-9).
 * @throws FrontierError NOT_FOUND for a calendar that is not known
 */
export function calendarOf(instrument: Pick<Instrument, 'calendar'>): MarketCalendar {
  const { calendar } = instrument;
  return (Object.hasOwn(CALENDARS, calendar) ? CALENDARS[calendar] : undefined) ?? userCalendar(calendar);
}

/** The FX calendar with options other than the default ones. */
export function fxCalendar(options: FxCalendarOptions = {}): MarketCalendar {
  return new FxCalendar(options.holidays ?? true);
}
