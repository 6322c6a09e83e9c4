/**
 * The user's own calendars and which symbols trade on them. Set once per process from the data folder, and again
 * when the user saves a change, so that a symbol means the same in imports, resampling, backtests and live.
 */
import { FrontierError } from '../errors.ts';
import type { MarketCalendar } from './calendars.ts';

/** How instants fall into trading days. A trading date is written as its midnight UTC. */
export interface DayRule {
  /** The trading date that an instant belongs to. */
  dateOf(utcMs: number): number;
  /** The instant at which a trading date begins. */
  startOf(dateMs: number): number;
  /** Wall-clock time from the day's start to the instant that intraday buckets are counted from. */
  readonly anchorMs: number;
  /** CAL-7: bars of a day and longer are stamped with the date and not with the instant. */
  readonly stampsDates: boolean;
}

/** A calendar with the rule of its trading days. */
export interface UserCalendar extends MarketCalendar {
  readonly days: DayRule;
}

interface Registered {
  readonly calendars: ReadonlyMap<string, UserCalendar>;
  readonly assigned: ReadonlyMap<string, string>;
}

let registered: Registered = { calendars: new Map(), assigned: new Map() };

/** Replaces what was registered before. @param assigned calendar by symbol, built-in names allowed */
export function registerCalendars(
  calendars: readonly UserCalendar[],
  assigned: ReadonlyMap<string, string>,
): void {
  registered = { calendars: new Map(calendars.map((c) => [c.name, c])), assigned: new Map(assigned) };
}

/** The calendar that the user assigned to a symbol; undefined where the kind of symbol decides. */
export function assignedCalendar(symbol: string): string | undefined {
  return registered.assigned.get(symbol);
}

/** A calendar of the user. @throws FrontierError NOT_FOUND */
export function userCalendar(name: string): UserCalendar {
  const calendar = registered.calendars.get(name);
  if (calendar) return calendar;
  throw new FrontierError(
    'NOT_FOUND',
    `There is no trading calendar "${name}".`,
    'Define it in the settings, or assign another calendar to the symbol.',
  );
}

/** How the days of a user's calendar run. @throws FrontierError NOT_FOUND */
export function userDayRule(name: string): DayRule {
  return userCalendar(name).days;
}
