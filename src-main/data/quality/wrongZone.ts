import { lowerBound } from '../../../src-shared/market/bars.ts';
import { fxCalendar } from '../../../src-shared/market/calendars.ts';
import { lastWeekdayMs, newYorkOffsetMs } from '../../../src-shared/market/newYork.ts';
import { timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { offsetName } from '../../../src-shared/market/zones.ts';
import type { HourProfile } from './profile.ts';
import type { CheckContext } from './types.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const STANDARD_MS = -5 * HOUR_MS;
/** A market may open late and close early, and a feed may add a few minutes; this much the other way is a shift. */
const TOLERANCE_MS = 20 * MINUTE_MS;
/** Below this between a late open and an early close a shift of an hour would be seen. */
const ROOM_MS = 40 * MINUTE_MS;
/** Zones differ by quarters of an hour. */
const QUARTER_MS = 15 * MINUTE_MS;
/** Closes that a season needs before it is judged. */
const LEAST_CLOSES = 2;
/** Days of both seasons that the hour profiles need. */
const LEAST_DAYS = 60;
/** What the wrong lag must be better by, as correlation. On 8 pairs of six years the right lag is better by 0.09 and more. */
const LAG_MARGIN = 0.03;
/**
 * Profiles that do not look alike at any lag say nothing. On the same pairs it is 0.88 and more where the lag is
 * right, but the ranges of the Australian dollar follow Asia, which keeps no daylight saving: 0.77, and 0.74 at a
 * wrong lag.
 */
const LEAST_CORRELATION = 0.8;
const LAGS = [-2, -1, 0, 1, 2] as const;

/** The parts of the year in which zones of Europe and America differ by another hour. */
type Season = 'standard' | 'daylight' | 'between';
const SEASONS: readonly Season[] = ['standard', 'daylight', 'between'];
const SEASON_TEXT: Readonly<Record<Season, string>> = {
  standard: 'in winter',
  daylight: 'in summer',
  between: 'between the American and the European clock change',
};

/** Whether Europe has summer time: from the last Sunday of March to that of October, 01:00 UTC (since 1996). */
function isEuropeanSummer(utcMs: number): boolean {
  const year = new Date(utcMs).getUTCFullYear();
  return utcMs >= lastWeekdayMs(year, 2, 0) + HOUR_MS && utcMs < lastWeekdayMs(year, 9, 0) + HOUR_MS;
}

function seasonOf(utcMs: number): Season {
  const american = newYorkOffsetMs(utcMs) !== STANDARD_MS;
  if (american !== isEuropeanSummer(utcMs)) return 'between';
  return american ? 'daylight' : 'standard';
}

/** How the bars lie around the closes of a season, medians in milliseconds. */
interface Position {
  /** End of the last bar after the market's close. */
  readonly closeMs: number;
  /** First bar after the market's open. */
  readonly openMs: number;
  readonly closes: number;
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  return values[Math.floor((values.length - 1) / 2)]!;
}

/**
 * Where the trading stops and starts again around every close of the calendar. The bars stop at most a few hours
 * from it whatever zone they were read in, so the middle of the close always falls into the gap.
 */
function positions({ bars, calendar, timeframe }: CheckContext): Map<Season, Position> {
  const { timeMs } = bars;
  const rows = timeMs.length;
  const stepMs = timeframeMs(timeframe);
  const hours = calendar.name === 'fx' ? fxCalendar({ holidays: false }) : calendar;
  const sessions = hours.sessions(timeMs[0]!, timeMs[rows - 1]!);
  const found = new Map<Season, { close: number[]; open: number[] }>();
  for (let s = 1; s < sessions.length; s++) {
    const closeMs = sessions[s - 1]!.closeMs;
    const { openMs } = sessions[s]!;
    const middleMs = (closeMs + openMs) / 2;
    const row = lowerBound(timeMs, middleMs);
    if (row === 0 || row === rows) continue;
    const stopMs = timeMs[row - 1]! + stepMs;
    const startMs = timeMs[row]!;
    // Half the close at least must be quiet, and no more than it and half a session: else bars are missing or added.
    const quiet = startMs - stopMs;
    if (quiet < (openMs - closeMs) / 2 || quiet > 1.5 * (openMs - closeMs)) continue;
    const season = seasonOf(closeMs);
    // Over a change of clocks the close and the open may be wrong by different amounts.
    if (season !== seasonOf(openMs)) continue;
    const of = found.get(season) ?? { close: [], open: [] };
    of.close.push(stopMs - closeMs);
    of.open.push(startMs - openMs);
    found.set(season, of);
  }
  return new Map(
    [...found].map(([season, { close, open }]) => [
      season,
      { closeMs: median(close), openMs: median(open), closes: close.length },
    ]),
  );
}

/**
 * By how much the bars of a season are late (positive) or early. A market may close early and open late, so only a
 * last bar after the close or a first bar before the open tells a shift, and only where the other end agrees.
 * @returns undefined where nothing can be said
 */
function shiftOf(position: Position | undefined, toleranceMs: number): number | undefined {
  if (!position || position.closes < LEAST_CLOSES) return undefined;
  const { closeMs, openMs } = position;
  if (closeMs > openMs + toleranceMs) return undefined;
  const quarters = (ms: number) => Math.round(ms / QUARTER_MS) * QUARTER_MS;
  if (closeMs > toleranceMs) return quarters(closeMs);
  if (openMs < -toleranceMs) return quarters(openMs);
  // A market that stops early or starts late leaves room for a shift that cannot be seen.
  return openMs - closeMs <= ROOM_MS ? 0 : undefined;
}

/** Zones that bars are often in when they are read as UTC: offsets in hours in winter and in summer. */
const LIKELY: readonly [winter: number, summer: number, name: string][] = [
  [2, 3, 'Europe/Athens, the server time of many MetaTrader brokers'],
  [1, 2, 'Europe/Berlin'],
  [0, 1, 'Europe/London'],
  [-5, -5, '-05:00, New York without daylight saving, as histdata.com has it'],
  [-5, -4, 'America/New_York'],
  [-6, -5, 'America/Chicago'],
  [-8, -7, 'America/Los_Angeles'],
  [5.5, 5.5, 'Asia/Kolkata'],
  [9, 9, 'Asia/Tokyo'],
  [10, 11, 'Australia/Sydney'],
];

function likelyZone(winterMs: number | undefined, summerMs: number | undefined): string {
  const fits = (ms: number | undefined, hours: number) => ms === undefined || ms === hours * HOUR_MS;
  const names = LIKELY.filter(([w, s]) => fits(winterMs, w) && fits(summerMs, s)).map(([, , name]) => name);
  const known = winterMs ?? summerMs ?? 0;
  if ((winterMs ?? known) === (summerMs ?? known) && names.length !== 1) {
    names.push(`the fixed offset ${offsetName(known / MINUTE_MS)}`);
  }
  return names.length === 0 ? '' : ` If they were read as UTC, they are probably in ${names.join(', or ')}.`;
}

function shiftText(ms: number): string {
  const hours = Math.abs(ms) / HOUR_MS;
  return ms === 0 ? 'right' : `${hours} h ${ms > 0 ? 'late' : 'early'}`;
}

/** What the positions of the closes say; undefined when nothing is wrong with them or nothing can be said. */
function shiftMessage(shifts: ReadonlyMap<Season, number>, market: string): string | undefined {
  const wrong = [...shifts.values()].some((ms) => ms !== 0);
  if (!wrong) return undefined;
  const winter = shifts.get('standard');
  const summer = shifts.get('daylight');
  const texts = SEASONS.filter((s) => shifts.has(s)).map((s) => [s, shiftText(shifts.get(s)!)] as const);
  const same = new Set(texts.map(([, text]) => text)).size === 1;
  const when = same ? texts[0]![1] : texts.map(([s, text]) => `${text} ${SEASON_TEXT[s]}`).join(', ');
  const text = `Against the hours of ${market} the times are ${when}.`;
  if (winter === undefined || summer === undefined) return text + likelyZone(winter, summer);
  if (winter === summer && winter === 0) {
    return `${text} The zone changes its clock on the dates of the other continent: try one of Europe instead of America, or the other way round.`;
  }
  if (winter === 0 && summer === HOUR_MS) {
    return `${text} A zone with daylight saving was probably read at its fixed winter offset: choose the zone by name.`;
  }
  if (winter === 0 && summer === -HOUR_MS) {
    return `${text} A fixed offset was probably read as a zone with daylight saving: choose the offset.`;
  }
  if (winter === -HOUR_MS && summer === 0) {
    return `${text} A zone with daylight saving was probably read at its fixed summer offset: choose the zone by name.`;
  }
  return text + likelyZone(winter, summer);
}

/** Pearson correlation of the hours that both profiles have, the second read `lag` hours earlier. */
function correlationAt(
  standard: readonly (number | null)[],
  daylight: readonly (number | null)[],
  lag: number,
) {
  const pairs: [number, number][] = [];
  for (let hour = 0; hour < 24; hour++) {
    const a = standard[(hour + lag + 24) % 24];
    const b = daylight[hour];
    if (a !== null && a !== undefined && b !== null && b !== undefined) pairs.push([a, b]);
  }
  const n = pairs.length;
  if (n < 12) return Number.NaN;
  const [ma, mb] = [0, 1].map((k) => pairs.reduce((sum, p) => sum + p[k]!, 0) / n) as [number, number];
  let [ab, aa, bb] = [0, 0, 0];
  for (const [a, b] of pairs) {
    ab += (a - ma) * (b - mb);
    aa += (a - ma) ** 2;
    bb += (b - mb) ** 2;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : Number.NaN;
}

/** The day of a market comes by one hour earlier in UTC when New York has daylight time. */
export function profileLag(profile: HourProfile): { best: number; correlations: number[] } {
  const correlations = LAGS.map((lag) => correlationAt(profile.standard, profile.daylight, lag));
  let best = 0;
  for (let k = 1; k < LAGS.length; k++) if (correlations[k]! > correlations[best]!) best = k;
  return { best: LAGS[best]!, correlations };
}

function profileMessage(profile: HourProfile): string | undefined {
  if (profile.standardDays < LEAST_DAYS || profile.daylightDays < LEAST_DAYS) return undefined;
  const { best, correlations } = profileLag(profile);
  const right = correlations[LAGS.indexOf(1)]!;
  const found = correlations[LAGS.indexOf(best as (typeof LAGS)[number])]!;
  if (best === 1 || !(found >= LEAST_CORRELATION && found - right > LAG_MARGIN)) return undefined;
  return `The hours of activity (mean ${profile.of}) move by ${best} h between New York's standard and daylight time, where a market moves by 1 h (correlation ${found.toFixed(2)} against ${right.toFixed(2)}): daylight saving was read the wrong way.`;
}

/**
 * Signs that times were read in the wrong zone: the bars stop and start at other hours than the market does, or the
 * hours of activity do not move with New York's clock. Says nothing where there are too few closes or days.
 */
export function checkZone(context: CheckContext, profile: HourProfile): void {
  const { bars, calendar, timeframe, findings } = context;
  const stepMs = timeframeMs(timeframe);
  if (calendar.name === 'always' || stepMs > HOUR_MS) return;
  const fx = calendar.name === 'fx';
  // Bars of an exchange need not start with its session.
  const toleranceMs = fx ? TOLERANCE_MS : Math.max(TOLERANCE_MS, stepMs);
  const found = positions(context);
  const shifts = new Map<Season, number>();
  for (const season of SEASONS) {
    const shift = shiftOf(found.get(season), toleranceMs);
    if (shift !== undefined) shifts.set(season, shift);
  }
  const market = fx
    ? 'the FX week, which closes and opens at 17:00 in New York,'
    : `the calendar ${calendar.name}`;
  const rows = bars.timeMs.length;
  const whole = { timeMs: bars.timeMs[0]!, untilMs: bars.timeMs[rows - 1]!, count: rows };
  const byClose = shiftMessage(shifts, market);
  const byProfile = fx ? profileMessage(profile) : undefined;
  if (byClose) {
    const message = byProfile ? `${byClose} ${byProfile}` : byClose;
    findings.add({ kind: 'wrong_zone', severity: 'error', ...whole }, () => message);
  } else if (byProfile && !(shifts.has('standard') && shifts.has('daylight'))) {
    // Where the closes of both seasons are right, the market's own habits moved and not the clock.
    findings.add({ kind: 'wrong_zone', severity: 'warning', ...whole }, () => byProfile);
  }
}
