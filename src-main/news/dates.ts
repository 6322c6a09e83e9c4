/** Dates and times of day as calendars write them. */

/** A date as year, month, day; the order of an all-numeric one may be open. */
export type DateOrder = 'day-first' | 'month-first';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const YEAR_FIRST = /^(\d{4})([-./])(\d{1,2})\2(\d{1,2})$/;
const YEAR_LAST = /^(\d{1,2})([-./])(\d{1,2})\2(\d{4})$/;
const COMPACT = /^(\d{4})(\d{2})(\d{2})$/;
const NAMED_DAY_FIRST = /^(?:[a-z]{3,9},? )?(\d{1,2}) ([a-z]{3,9})\.?,? (\d{4})$/i;
const NAMED_MONTH_FIRST = /^(?:[a-z]{3,9},? )?([a-z]{3,9})\.? (\d{1,2}),? (\d{4})$/i;

/** Midnight UTC of a day; undefined when there is none of that number. */
function dayMs(year: number, month: number, day: number): number | undefined {
  const ms = Date.UTC(year, month - 1, day);
  const back = new Date(ms);
  const exists = back.getUTCMonth() === month - 1 && back.getUTCDate() === day && year >= 1970 && year < 2200;
  return exists ? ms : undefined;
}

function monthOf(name: string): number {
  return MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;
}

/** Whether a date can be read in two orders by its form: `01/02/2024`. Dots always put the day first. */
export function isOpenOrder(text: string): boolean {
  const match = YEAR_LAST.exec(text);
  return match !== null && match[2] !== '.';
}

/** Midnight UTC of a date; undefined for text that is none. */
export function readDate(text: string, order: DateOrder): number | undefined {
  const first = YEAR_FIRST.exec(text);
  if (first) return dayMs(Number(first[1]), Number(first[3]), Number(first[4]));
  const compact = COMPACT.exec(text);
  if (compact) return dayMs(Number(compact[1]), Number(compact[2]), Number(compact[3]));
  const last = YEAR_LAST.exec(text);
  if (last) {
    const [a, b] = [Number(last[1]), Number(last[3])];
    const dayFirst = last[2] === '.' || order === 'day-first';
    return dayMs(Number(last[4]), dayFirst ? b : a, dayFirst ? a : b);
  }
  const day = NAMED_DAY_FIRST.exec(text);
  if (day) return dayMs(Number(day[3]), monthOf(day[2]!), Number(day[1]));
  const month = NAMED_MONTH_FIRST.exec(text);
  return month ? dayMs(Number(month[3]), monthOf(month[1]!), Number(month[2])) : undefined;
}

const CLOCK = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,6})?)?\s*(am|pm)?$/i;
const ALL_DAY = /^(all[- ]?day|tentative|holiday|day \d+|n\/?a|none|-|)$/i;

/** Milliseconds after midnight; `all-day` where the source says so or nothing; undefined for other text. */
export function readClock(text: string): number | 'all-day' | undefined {
  if (ALL_DAY.test(text)) return 'all-day';
  const match = CLOCK.exec(text);
  if (!match) return undefined;
  const [minutes, seconds] = [Number(match[2]), Number(match[3] ?? 0)];
  let hours = Number(match[1]);
  const half = match[4]?.toLowerCase();
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return undefined;
    hours = (hours % 12) + (half === 'pm' ? 12 : 0);
  }
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

const OFFSET = /(Z|UTC|GMT|[+-]\d{2}:?\d{2})$/i;

/** Offset that a time states, in milliseconds, and the text before it; undefined where it states none. */
export function statedOffset(text: string): { rest: string; offsetMs: number } | undefined {
  const match = OFFSET.exec(text);
  if (!match || !/\d:\d{2}/.test(text)) return undefined;
  const rest = text.slice(0, match.index).trim();
  const sign = match[1]!.startsWith('-') ? -1 : 1;
  const digits = match[1]!.replace(/\D/g, '').padEnd(4, '0');
  return { rest, offsetMs: sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000 };
}
