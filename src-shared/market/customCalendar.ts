/** Trading calendars that the user defines (CAL-9 to CAL-14 in `docs/spec/calendars.md`). */
import { BUILT_IN_CALENDARS, type CustomCalendar, WEEKDAYS } from '../contract/markets.ts';
import { FrontierError } from '../errors.ts';
import { BucketGrid } from './bucketGrid.ts';
import { type DayRule, registerCalendars, type UserCalendar } from './calendarRegistry.ts';
import { type Session, SessionCalendar } from './calendars.ts';
import type { Timeframe } from './timeframes.ts';
import { parseZone, type TimeZone } from './zones.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;

/** One session of the week: wall-clock times from midnight of its first day. */
interface Weekly {
  readonly weekday: number;
  readonly openMs: number;
  /** Above `openMs`; beyond a day for sessions that end on a later one. */
  readonly closeMs: number;
}

function refused(what: string, hint: string): FrontierError {
  return new FrontierError('BAD_INPUT', what, hint);
}

function clockMs(text: string): number {
  return (Number(text.slice(0, 2)) * 60 + Number(text.slice(3))) * MINUTE_MS;
}

/** Midnight UTC of `YYYY-MM-DD`. @throws FrontierError BAD_INPUT for a day that does not exist */
function dateMs(text: string): number {
  const ms = Date.parse(`${text}T00:00:00Z`);
  if (Number.isFinite(ms) && new Date(ms).toISOString().startsWith(text)) return ms;
  throw refused(`${text} is not a day of any calendar.`, 'Write days as YYYY-MM-DD.');
}

function weeklyOf(definition: CustomCalendar): Weekly[] {
  const sessions = definition.sessions.map(({ from, open, to, close }) => {
    const weekday = WEEKDAYS.indexOf(from);
    const days = (WEEKDAYS.indexOf(to) - weekday + 7) % 7;
    const session = { weekday, openMs: clockMs(open), closeMs: days * DAY_MS + clockMs(close) };
    if (session.closeMs <= session.openMs || session.openMs >= DAY_MS) {
      throw refused(
        `The session from ${from} ${open} to ${to} ${close} has no length.`,
        'Let it close after it opens; a session that runs past midnight closes on a later day.',
      );
    }
    return session;
  });
  const inWeek = (s: Weekly): number => s.weekday * DAY_MS + s.openMs;
  sessions.sort((a, b) => inWeek(a) - inWeek(b));
  sessions.forEach((session, i) => {
    const next = sessions[(i + 1) % sessions.length]!;
    const nextMs = inWeek(next) + (i === sessions.length - 1 ? WEEK_MS : 0);
    if (inWeek(session) - session.openMs + session.closeMs > nextMs) {
      const at = `${WEEKDAYS[next.weekday]} ${new Date(next.openMs).toISOString().slice(11, 16)}`;
      throw refused(
        `Two sessions overlap: one is still open when another opens on ${at}.`,
        'Let the earlier one close before, or make one session of both.',
      );
    }
  });
  return sessions;
}

/**
 * The instant of a wall-clock time (given as if it were UTC). CAL-12: of a time that occurs twice the first; a time
 * that is skipped stands for the moment at which the clock jumps.
 */
function instantOf(zone: TimeZone, localMs: number): number {
  const [first] = zone.utcCandidates(localMs);
  if (first !== undefined) return first;
  let before = localMs - DAY_MS - zone.offsetMsAt(localMs - DAY_MS);
  let after = before + 2 * DAY_MS;
  const offset = zone.offsetMsAt(before);
  while (after - before > 1000) {
    const middle = Math.floor((before + after) / 2000) * 1000;
    if (zone.offsetMsAt(middle) === offset) before = middle;
    else after = middle;
  }
  return after;
}

/**
 * CAL-13: where no session runs over midnight the trading day is the local day, counted from the earliest opening;
 * where sessions do, and open at one time of the day, the trading day begins at it, and from noon on it is named
 * after the next date.
 */
function dayRuleOf(weekly: readonly Weekly[], zone: TimeZone): DayRule {
  const over = weekly.filter((s) => s.closeMs > DAY_MS);
  const opens = new Set(over.map((s) => s.openMs));
  const rollMs = opens.size === 1 ? over[0]!.openMs : 0;
  const shiftMs = rollMs >= 12 * HOUR_MS ? DAY_MS - rollMs : -rollMs;
  const endsAtMidnight = weekly.some((s) => s.closeMs % DAY_MS === 0);
  const byDate = over.length === 0 && !(endsAtMidnight && weekly.some((s) => s.openMs === 0));
  return {
    dateOf: (utcMs) => Math.floor((utcMs + zone.offsetMsAt(utcMs) + shiftMs) / DAY_MS) * DAY_MS,
    startOf: (day) => instantOf(zone, day - shiftMs),
    anchorMs: byDate ? Math.min(...weekly.map((s) => s.openMs)) : 0,
    stampsDates: byDate,
  };
}

class UserDefined extends SessionCalendar implements UserCalendar {
  readonly name: string;
  readonly days: DayRule;
  readonly #zone: TimeZone;
  readonly #byWeekday: readonly (readonly Weekly[])[];
  readonly #holidays: ReadonlySet<number>;
  readonly #earlyCloses: ReadonlyMap<number, number>;

  constructor(definition: CustomCalendar) {
    super();
    this.name = definition.name;
    this.#zone = parseZone(definition.zone);
    const weekly = weeklyOf(definition);
    this.#byWeekday = WEEKDAYS.map((_, day) => weekly.filter((s) => s.weekday === day));
    this.#holidays = new Set(definition.holidays.map(dateMs));
    this.#earlyCloses = new Map(definition.earlyCloses.map((e) => [dateMs(e.day), clockMs(e.close)]));
    this.days = dayRuleOf(weekly, this.#zone);
  }

  sessions(fromMs: number, toMs: number): Session[] {
    const found: Session[] = [];
    // A session lasts at most a week, and no zone is more than a day from UTC.
    const first = Math.floor(fromMs / DAY_MS) * DAY_MS - 8 * DAY_MS;
    for (let day = first; day <= toMs + DAY_MS; day += DAY_MS) {
      if (this.#holidays.has(day)) continue;
      for (const session of this.#byWeekday[new Date(day).getUTCDay()]!) {
        const openMs = instantOf(this.#zone, day + session.openMs);
        const closeMs = this.#closeOf(day, session);
        if (closeMs > fromMs && openMs < toMs && closeMs > openMs)
          found.push({ openMs, closeMs, dayMs: this.days.dateOf(openMs) });
      }
    }
    return found;
  }

  /** CAL-11: the first early close at which this session is open, or after which it would open and close. */
  #closeOf(day: number, { openMs, closeMs }: Weekly): number {
    for (let at = day; at < day + closeMs && this.#earlyCloses.size > 0; at += DAY_MS) {
      const early = this.#earlyCloses.get(at);
      if (early === undefined) continue;
      const local = at - day + early;
      const open = local > openMs && local < closeMs;
      if (open || (at === day && local <= openMs && closeMs <= DAY_MS))
        return instantOf(this.#zone, at + early);
    }
    return instantOf(this.#zone, day + closeMs);
  }

  /** CAL-14: the bars of the grid on which the market trades, by the time they are stamped with. */
  override expectedBars(fromMs: number, toMs: number, timeframe: Timeframe): number {
    const grid = new BucketGrid(timeframe, this.days, 'M1');
    let bars = 0;
    let last = Number.NaN;
    // A bar's stamp may lie before the trading in it: a date, or a bucket that begins before the market opens.
    const [first, end] = [fromMs - DAY_MS, toMs + DAY_MS];
    for (const { openMs, closeMs } of this.sessions(first, end)) {
      for (let at = Math.max(openMs, first); at < Math.min(closeMs, end); at = grid.endMs) {
        grid.seek(at);
        const { stampMs } = grid;
        if (stampMs !== last && stampMs >= fromMs && stampMs < toMs) bars++;
        last = stampMs;
      }
    }
    return bars;
  }
}

/**
 * A calendar of the user.
 * @throws FrontierError BAD_INPUT for an unknown zone, a day that does not exist, a session without length or two
 *   that overlap, or the name of a built-in calendar
 */
export function customCalendar(definition: CustomCalendar): UserCalendar {
  if (BUILT_IN_CALENDARS.some((name) => name === definition.name)) {
    throw refused(`"${definition.name}" is a calendar of Frontier.`, 'Choose another name.');
  }
  return new UserDefined(definition);
}

/** What the user has said about markets. */
export interface UserMarkets {
  readonly custom: readonly CustomCalendar[];
  readonly assigned: readonly { readonly symbol: string; readonly calendar: string }[];
}

/**
 * Makes the user's calendars known to this process: `instrumentFor` and `calendarOf` follow them from then on.
 * @throws FrontierError BAD_INPUT for a calendar that is not valid, two of one name, or a symbol on an unknown one
 */
export function registerUserMarkets(markets: UserMarkets): void {
  const calendars = markets.custom.map(customCalendar);
  const names = new Set<string>(BUILT_IN_CALENDARS);
  for (const { name } of calendars) {
    if (names.has(name)) throw refused(`Two calendars are called "${name}".`, 'Rename one of them.');
    names.add(name);
  }
  for (const { symbol, calendar } of markets.assigned) {
    if (!names.has(calendar))
      throw refused(
        `${symbol} is assigned to "${calendar}", which is no calendar.`,
        'Assign one that exists.',
      );
  }
  registerCalendars(calendars, new Map(markets.assigned.map((a) => [a.symbol, a.calendar])));
}
