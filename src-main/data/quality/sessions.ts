import type { UserCalendar } from '../../../src-shared/market/calendarRegistry.ts';
import { fxCalendar, type MarketCalendar, type Session } from '../../../src-shared/market/calendars.ts';
import { newYorkOffsetMs } from '../../../src-shared/market/newYork.ts';
import { timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { isoTime } from '../import/times.ts';
import type { CheckContext } from './types.ts';

/** Above this share of bars in closed hours the time zone is probably wrong. */
const WRONG_ZONE_SHARE = 0.005;
const DAY_MS = 86_400_000;
const INDIA_OFFSET_MS = 5.5 * 3_600_000;

/** Bars [from, to) that lie in one closed stretch. */
export interface Stretch {
  readonly from: number;
  to: number;
  readonly weekend: boolean;
}

/** Bars that lie wholly in hours in which the market is closed; those of the weekend apart from the others. */
export function checkSessions(context: CheckContext): void {
  const { bars, calendar, findings } = context;
  if (calendar.name === 'always') return;
  const { timeMs } = bars;
  const rows = timeMs.length;
  const stretches = closedStretches(context);
  const wrongZone = isMany(stretches, rows);
  const severity = wrongZone ? 'error' : 'info';
  const hint = ' The times are probably in another time zone than the one they were read in.';
  for (const weekend of [true, false]) {
    const found = stretches.filter((s) => s.weekend === weekend);
    if (found.length === 0) continue;
    const kind = weekend ? 'weekend_bar' : 'outside_session';
    const when = weekend ? 'of the weekend, when the market is closed' : 'in which the market is closed';
    const tell = (of: readonly Stretch[]) => {
      const count = of.reduce((sum, s) => sum + s.to - s.from, 0);
      const span = { timeMs: timeMs[of[0]!.from]!, untilMs: timeMs[of.at(-1)!.to - 1]! };
      const percent = ((100 * count) / rows).toFixed(2);
      findings.add(
        { kind, severity, ...span, count },
        () =>
          `${count} bars (${percent} %) from ${isoTime(span.timeMs)} are in hours ${when}.${wrongZone ? hint : ''}`,
        count,
      );
    };
    // Where nearly every week has some, one line says it; a few stray stretches are named one by one.
    if (isOneIssue(stretches, context)) tell(found);
    else for (const stretch of found) tell([stretch]);
  }
}

function isMany(stretches: readonly Stretch[], rows: number): boolean {
  return stretches.reduce((sum, s) => sum + s.to - s.from, 0) > rows * WRONG_ZONE_SHARE;
}

/** Whether all stretches of a kind are reported as one issue, or each as its own. */
export function isOneIssue(
  stretches: readonly Stretch[],
  { bars, timeframe }: Pick<CheckContext, 'bars' | 'timeframe'>,
): boolean {
  return timeframe === 'D1' || isMany(stretches, bars.timeMs.length);
}

/** Every run of bars that lie wholly in closed hours, in order of time. */
export function closedStretches(context: Pick<CheckContext, 'bars' | 'calendar' | 'timeframe'>): Stretch[] {
  const { bars, calendar, timeframe } = context;
  const { timeMs } = bars;
  const rows = timeMs.length;
  const stepMs = timeframeMs(timeframe);
  // Holidays are left out: some brokers quote through a part of them.
  const hours = calendar.name === 'fx' ? fxCalendar({ holidays: false }) : calendar;
  const sessions = hours.sessions(timeMs[0]! - stepMs, timeMs[rows - 1]! + 2 * stepMs);
  const stretches: Stretch[] = [];
  const add = (row: number, closed: number) => {
    const weekend = isWeekend(calendar.name, timeMs[row]!, timeframe === 'D1');
    const open = stretches.at(-1);
    if (open && open.to === row && open.weekend === weekend && lastClosed === closed) open.to++;
    else stretches.push({ from: row, to: row + 1, weekend });
    lastClosed = closed;
  };
  let lastClosed = -1;
  if (timeframe === 'D1' && stampsDates(calendar)) {
    const days = new Set(sessions.map((s) => s.dayMs));
    for (let i = 0; i < rows; i++) if (!days.has(timeMs[i]!)) add(i, 0);
    return stretches;
  }
  outsideHours(timeMs, sessions, stepMs, add);
  return stretches;
}

/** CAL-7: whether daily bars of a market carry the trading date. */
function stampsDates(calendar: MarketCalendar & Partial<Pick<UserCalendar, 'days'>>): boolean {
  return calendar.name === 'nyse' || calendar.name === 'nse' || calendar.days?.stampsDates === true;
}

function outsideHours(
  times: Float64Array,
  sessions: readonly Session[],
  stepMs: number,
  add: (row: number, closed: number) => void,
): void {
  let s = 0;
  let openMs = sessions[0]?.openMs ?? Number.POSITIVE_INFINITY;
  let closeMs = sessions[0]?.closeMs ?? Number.POSITIVE_INFINITY;
  for (let i = 0; i < times.length; i++) {
    const timeMs = times[i]!;
    while (closeMs <= timeMs) {
      s++;
      openMs = sessions[s]?.openMs ?? Number.POSITIVE_INFINITY;
      closeMs = sessions[s]?.closeMs ?? Number.POSITIVE_INFINITY;
    }
    if (openMs >= timeMs + stepMs) add(i, s);
  }
}

/** Whether a closed instant is one of the weekend; the FX market closes for nothing else. */
function isWeekend(calendar: string, timeMs: number, date: boolean): boolean {
  if (calendar === 'fx') return true;
  let localMs = timeMs;
  if (!date && calendar === 'nyse') localMs += newYorkOffsetMs(timeMs);
  if (!date && calendar === 'nse') localMs += INDIA_OFFSET_MS;
  const weekday = new Date(Math.floor(localMs / DAY_MS) * DAY_MS).getUTCDay();
  return weekday === 0 || weekday === 6;
}
