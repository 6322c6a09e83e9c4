/**
 * New York time by rule instead of through `Intl`: the FX week and the NYSE session are defined by it, and
 * it is asked once per bar. Rules: Uniform Time Act as amended in 1986 (from 1987) and Energy Policy Act of
 * 2005 (from 2007). Earlier years follow the 1987 rule; nothing here needs them.
 */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const STANDARD_MS = -5 * HOUR_MS;
const DAYLIGHT_MS = -4 * HOUR_MS;

/** Midnight UTC of the n-th (1-based) given weekday of a month; weekday 0 is Sunday, month 0 is January. */
export function nthWeekdayMs(year: number, month: number, weekday: number, n: number): number {
  const first = Date.UTC(year, month, 1);
  const shift = (weekday - new Date(first).getUTCDay() + 7) % 7;
  return first + (shift + 7 * (n - 1)) * DAY_MS;
}

/** Midnight UTC of the last given weekday of a month. */
export function lastWeekdayMs(year: number, month: number, weekday: number): number {
  const last = Date.UTC(year, month + 1, 0);
  return last - ((new Date(last).getUTCDay() - weekday + 7) % 7) * DAY_MS;
}

interface YearRule {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly daylightFromMs: number;
  readonly daylightUntilMs: number;
}

function ruleOf(year: number): YearRule {
  const since2007 = year >= 2007;
  const start = since2007 ? nthWeekdayMs(year, 2, 0, 2) : nthWeekdayMs(year, 3, 0, 1);
  const end = since2007 ? nthWeekdayMs(year, 10, 0, 1) : lastWeekdayMs(year, 9, 0);
  return {
    fromMs: Date.UTC(year, 0, 1),
    untilMs: Date.UTC(year + 1, 0, 1),
    daylightFromMs: start + 7 * HOUR_MS, // 02:00 standard time
    daylightUntilMs: end + 6 * HOUR_MS, // 02:00 daylight time
  };
}

let cached = ruleOf(2020);

/** Offset of New York from UTC at an instant, in milliseconds (-5 h or -4 h). */
export function newYorkOffsetMs(utcMs: number): number {
  if (utcMs < cached.fromMs || utcMs >= cached.untilMs) cached = ruleOf(new Date(utcMs).getUTCFullYear());
  return utcMs >= cached.daylightFromMs && utcMs < cached.daylightUntilMs ? DAYLIGHT_MS : STANDARD_MS;
}

/**
 * The instant of a New York wall-clock time, given as if it were UTC.
 * In the repeated hour of autumn the earlier instant; in the skipped hour of spring the instant that the
 * clock would have shown it without the change. No session opens or closes in either.
 */
export function newYorkToUtcMs(localMs: number): number {
  const daylight = localMs - DAYLIGHT_MS;
  return newYorkOffsetMs(daylight) === DAYLIGHT_MS ? daylight : localMs - STANDARD_MS;
}
