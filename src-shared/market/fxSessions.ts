/** The business hours of the four large FX centres, for charts. They say who is at work, not who may trade. */
import { calendarOf, type Session } from './calendars.ts';
import { parseZone, type TimeZone } from './zones.ts';

export const FX_CENTRES = ['Sydney', 'Tokyo', 'London', 'New York'] as const;
export type FxCentre = (typeof FX_CENTRES)[number];

/** One stretch of business hours, [openMs, closeMs), epoch milliseconds UTC. */
export interface FxSession {
  readonly centre: FxCentre;
  readonly openMs: number;
  readonly closeMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** CAL-15: local hours, Monday to Friday; the clocks of each place change by its own rule. */
const HOURS: Readonly<Record<FxCentre, { zone: string; from: number; to: number }>> = {
  Sydney: { zone: 'Australia/Sydney', from: 8, to: 17 },
  Tokyo: { zone: 'Asia/Tokyo', from: 9, to: 18 },
  London: { zone: 'Europe/London', from: 8, to: 17 },
  'New York': { zone: 'America/New_York', from: 8, to: 17 },
};

const zones = new Map<string, TimeZone>();

function zoneOf(name: string): TimeZone {
  const known = zones.get(name) ?? parseZone(name);
  zones.set(name, known);
  return known;
}

/**
 * The business hours that overlap [fromMs, toMs), clipped to the hours in which FX trades (CAL-1, CAL-3), in the
 * order of their opening.
 */
export function fxSessions(fromMs: number, toMs: number): FxSession[] {
  const trading = calendarOf({ calendar: 'fx' }).sessions(fromMs - 2 * DAY_MS, toMs + 2 * DAY_MS);
  const found = FX_CENTRES.flatMap((centre) => hoursOf(centre, fromMs, toMs, trading));
  return found.sort((a, b) => a.openMs - b.openMs);
}

function hoursOf(centre: FxCentre, fromMs: number, toMs: number, trading: readonly Session[]): FxSession[] {
  const { zone: name, from, to } = HOURS[centre];
  const zone = zoneOf(name);
  const found: FxSession[] = [];
  const first = Math.floor(fromMs / DAY_MS) * DAY_MS - DAY_MS;
  for (let day = first; day < toMs + DAY_MS; day += DAY_MS) {
    const weekday = new Date(day).getUTCDay();
    if (weekday === 0 || weekday === 6) continue;
    // No clock changes in business hours, so the wall-clock times exist once.
    const openMs = zone.utcCandidates(day + from * HOUR_MS)[0]!;
    const closeMs = zone.utcCandidates(day + to * HOUR_MS)[0]!;
    for (const week of trading) {
      const clipped = {
        centre,
        openMs: Math.max(openMs, week.openMs),
        closeMs: Math.min(closeMs, week.closeMs),
      };
      if (clipped.openMs < clipped.closeMs && clipped.openMs < toMs && clipped.closeMs > fromMs)
        found.push(clipped);
    }
  }
  return found;
}
