/**
 * Reading times of bar files. A time is read into a wall-clock time as if it were UTC, plus the offset the
 * text states, if it states one; the zone is applied afterwards, once for the whole file.
 */
export interface ParsedTime {
  /** Wall-clock time in milliseconds, as if it were UTC; for epoch numbers the instant itself. */
  localMs: number;
  /** Minutes east of UTC that the text states; undefined when it states none. */
  offsetMinutes: number | undefined;
}

/** How DuckDB reads a way to write times: with a pattern of `strptime`, or as a number of a unit. */
export type SqlTime =
  | { readonly kind: 'pattern'; readonly pattern: string; readonly bytes: number }
  | { readonly kind: 'epoch'; readonly unit: EpochUnit; readonly bytes: number };

export type EpochUnit = 's' | 'ms' | 'us' | 'ns';

/** How times are written. One file has one. */
export interface TimeFormat {
  readonly name: string;
  /** Returns false for text of another form, or a date or time that does not exist. */
  parse(text: string, out: ParsedTime): boolean;
  /**
   * How DuckDB reads times written exactly as this one is, which `parse` accepts: equally long, with the same
   * offset. Undefined where it cannot.
   */
  sql(text: string): SqlTime | undefined;
}

function digit(text: string, i: number): number {
  const d = text.charCodeAt(i) - 48;
  return d >= 0 && d <= 9 ? d : Number.NaN;
}

function two(text: string, i: number): number {
  return digit(text, i) * 10 + digit(text, i + 1);
}

function four(text: string, i: number): number {
  return two(text, i) * 100 + two(text, i + 2);
}

let lastDate = '';
let lastDateMs = Number.NaN;

/** Midnight of a date; NaN when there is no such day. Rows repeat their date, so the last one is remembered. */
function dateMs(key: string, year: number, month: number, day: number): number {
  if (key === lastDate) return lastDateMs;
  const ms = Date.UTC(year, month - 1, day);
  const back = new Date(ms);
  const exists =
    back.getUTCFullYear() === year && back.getUTCMonth() === month - 1 && back.getUTCDate() === day;
  lastDate = key;
  lastDateMs = exists ? ms : Number.NaN;
  return lastDateMs;
}

/**
 * Reads `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fff…` from a position. @returns the index after it, -1 if malformed;
 * the time of day is left in `clockMs`
 */
let clockMs = 0;
function readClock(text: string, from: number): number {
  const hours = two(text, from);
  const minutes = two(text, from + 3);
  if (text.charCodeAt(from + 2) !== 58 || !(hours < 24 && minutes < 60)) return -1;
  clockMs = (hours * 60 + minutes) * 60_000;
  let i = from + 5;
  if (text.charCodeAt(i) !== 58) return i;
  const seconds = two(text, i + 1);
  if (!(seconds < 60)) return -1;
  clockMs += seconds * 1000;
  i += 3;
  if (text.charCodeAt(i) !== 46) return i;
  let end = i + 1;
  while (digit(text, end) >= 0) end++;
  if (end === i + 1) return -1;
  clockMs += Math.round(Number(text.slice(i, end)) * 1000);
  return end;
}

/** Reads what may follow a time: nothing, `Z`, `UTC`, `+02:00`, `+0200`, `+02`. @returns NaN if malformed */
function readOffset(text: string, from: number): number | undefined {
  if (from === text.length) return undefined;
  const rest = text.slice(from).trim();
  if (rest === 'Z' || rest === 'z' || rest === 'UTC' || rest === 'GMT') return 0;
  const match = /^(?:UTC|GMT)?([+-])(\d{2})(?::?([0-5]\d))?$/.exec(rest);
  if (!match) return Number.NaN;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return match[1] === '-' ? -minutes : minutes;
}

/** Date of ten characters, then optionally `T` or a space, a time and an offset. */
function parseDashed(text: string, dateOf: (text: string) => number, out: ParsedTime): boolean {
  const day = dateOf(text);
  if (Number.isNaN(day)) return false;
  if (text.length === 10) {
    out.localMs = day;
    out.offsetMinutes = undefined;
    return true;
  }
  const separator = text.charCodeAt(10);
  if (separator !== 84 && separator !== 116 && separator !== 32 && separator !== 44) return false;
  const end = readClock(text, 11);
  if (end < 0) return false;
  const offset = readOffset(text, end);
  if (offset !== undefined && Number.isNaN(offset)) return false;
  out.localMs = day + clockMs;
  out.offsetMinutes = offset;
  return true;
}

function yearFirst(separator: string): (text: string) => number {
  return (text) => {
    if (text[4] !== separator || text[7] !== separator) return Number.NaN;
    return dateMs(text.slice(0, 10), four(text, 0), two(text, 5), two(text, 8));
  };
}

function dayFirst(text: string): number {
  if (text[2] !== '.' || text[5] !== '.') return Number.NaN;
  return dateMs(text.slice(0, 10), four(text, 6), two(text, 3), two(text, 0));
}

/** `%H:%M`, `%H:%M:%S` or with milli- or microseconds, and what stands behind it, letter by letter. */
function clockPattern(text: string): string | undefined {
  const match = /^\d{2}:\d{2}(:\d{2})?(\.\d+)?(.*)$/.exec(text);
  if (!match) return undefined;
  const [, seconds, fraction, rest] = match;
  const digits = fraction === undefined ? 0 : fraction.length - 1;
  if (digits !== 0 && digits !== 3 && digits !== 6) return undefined;
  const part = digits === 0 ? '' : digits === 3 ? '.%g' : '.%f';
  return `%H:%M${seconds ? ':%S' : ''}${part}${rest!.replaceAll('%', '%%')}`;
}

function pattern(text: string, found: string | undefined): SqlTime | undefined {
  return found === undefined ? undefined : { kind: 'pattern', pattern: found, bytes: text.length };
}

function dashed(name: string, dateOf: (text: string) => number, date: string): TimeFormat {
  return {
    name,
    parse: (text, out) => parseDashed(text, dateOf, out),
    sql(text) {
      if (text.length === 10) return pattern(text, date);
      const clock = clockPattern(text.slice(11));
      return pattern(text, clock === undefined ? undefined : `${date}${text[10]}${clock}`);
    },
  };
}

/** Milliseconds of `HHMMSS` and perhaps `mmm` from a position; NaN when there is no such time. */
function packedClock(text: string, from: number): number {
  const [h, m, s] = [two(text, from), two(text, from + 2), two(text, from + 4)];
  const ms = text.length > from + 6 ? digit(text, from + 6) * 100 + two(text, from + 7) : 0;
  return h < 24 && m < 60 && s < 60 ? ((h * 60 + m) * 60 + s) * 1000 + ms : Number.NaN;
}

/** Lengths of the compact forms: a date; with seconds, apart or not; with a clock in colons; with milliseconds. */
const COMPACT: Readonly<Record<number, string>> = {
  8: '%Y%m%d',
  14: '%Y%m%d%H%M%S',
  15: '%Y%m%d %H%M%S',
  17: '%Y%m%d %H:%M:%S',
  18: '%Y%m%d %H%M%S%g',
};

/** `20150201 170000` (histdata, NinjaTrader), `20150201 170000123` (its ticks), `20150201170000` or `20150201`. */
const compact: TimeFormat = {
  name: 'YYYYMMDD HHMMSS',
  parse(text, out) {
    if (COMPACT[text.length] === undefined) return false;
    const day = dateMs(text.slice(0, 8), four(text, 0), two(text, 4), two(text, 6));
    if (Number.isNaN(day)) return false;
    out.offsetMinutes = undefined;
    out.localMs = day;
    if (text.length === 8) return true;
    if (text.length === 14) clockMs = packedClock(text, 8);
    else if (text[8] !== ' ') return false;
    else if (text.length !== 17) clockMs = packedClock(text, 9);
    else if (readClock(text, 9) !== 17) return false;
    out.localMs = day + clockMs;
    return !Number.isNaN(clockMs);
  },
  sql: (text) => pattern(text, COMPACT[text.length]),
};

/** Whole milliseconds of a number of a unit; what is finer is cut off. */
export function epochMs(value: number, unit: EpochUnit): number {
  if (unit === 's') return value * 1000;
  return unit === 'ms' ? value : Math.floor(value / (unit === 'us' ? 1e3 : 1e6));
}

/**
 * Digits tell the units apart: seconds of 1973 to 5138 have 9 to 11, milliseconds until 2286 12 or 13,
 * microseconds 15 or 16 and nanoseconds 18 or 19; 14 digits are a date and a time.
 */
function epoch(name: string, shortest: number, longest: number, unit: EpochUnit): TimeFormat {
  return {
    name,
    parse(text, out) {
      const whole = text.endsWith('.0') ? text.slice(0, -2) : text;
      if (whole.length < shortest || whole.length > longest || !/^\d+$/.test(whole)) return false;
      out.localMs = epochMs(Number(whole), unit);
      out.offsetMinutes = 0;
      return true;
    },
    sql: (text) => (text.endsWith('.0') ? undefined : { kind: 'epoch', unit, bytes: text.length }),
  };
}

/** All known ways to write a time; none of them can be mistaken for another. */
export const TIME_FORMATS: readonly TimeFormat[] = [
  dashed('ISO time', yearFirst('-'), '%Y-%m-%d'),
  dashed('YYYY.MM.DD HH:MM', yearFirst('.'), '%Y.%m.%d'),
  dashed('YYYY/MM/DD HH:MM', yearFirst('/'), '%Y/%m/%d'),
  dashed('DD.MM.YYYY HH:MM', dayFirst, '%d.%m.%Y'),
  compact,
  epoch('epoch seconds', 9, 11, 's'),
  epoch('epoch milliseconds', 12, 13, 'ms'),
  epoch('epoch microseconds', 15, 16, 'us'),
  epoch('epoch nanoseconds', 18, 19, 'ns'),
];

/** The format that reads a text, if any does. */
export function detectTimeFormat(text: string): TimeFormat | undefined {
  const out: ParsedTime = { localMs: 0, offsetMinutes: undefined };
  return TIME_FORMATS.find((format) => format.parse(text, out));
}

/** An instant as the messages write it. */
export function isoTime(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString().replace('.000Z', 'Z') : String(ms);
}
