/** Which repetitions of iCalendar (RFC 5545, RRULE) are followed. */
const LONGEST_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MOST_INTERVAL = 100;

/** A part of a rule as its list; empty without it. */
function partOf(rule: string, part: string): string[] {
  return new RegExp(`(?:^|;)${part}=([^;]+)`, 'i').exec(rule)?.[1]?.split(',') ?? [];
}

/** Whether there is such a day in one of the months, every time the rule looks (29 February has rare years). */
function daysExist(months: readonly number[], days: readonly number[], interval: number): boolean {
  const longest = Math.max(...months.map((month) => LONGEST_MONTH[month - 1] ?? 0));
  const needed = Math.min(...days.map(Math.abs));
  return needed <= 28 || (interval === 1 && needed <= longest);
}

/**
 * NEWS-7: the rules that calendars of events use, in forms that surely come again: daily or weekly on weekdays,
 * monthly and yearly on a weekday of the month or a day of the month that exists.
 */
export function comesAgain(rule: string): boolean {
  const frequency = partOf(rule, 'FREQ')[0]?.toUpperCase();
  const interval = Number(partOf(rule, 'INTERVAL')[0] ?? 1);
  const [weekdays, days] = [partOf(rule, 'BYDAY'), partOf(rule, 'BYMONTHDAY').map(Number)];
  const months = partOf(rule, 'BYMONTH').map(Number);
  if (!(interval >= 1 && interval <= MOST_INTERVAL)) return false;
  if (/BY(YEARDAY|WEEKNO|SETPOS|HOUR|MINUTE|SECOND)=/i.test(rule)) return false;
  if (frequency === 'DAILY' || frequency === 'WEEKLY') {
    const plain =
      weekdays.every((day) => /^[a-z]{2}$/i.test(day)) && days.length === 0 && months.length === 0;
    return plain && (frequency === 'WEEKLY' || weekdays.length === 0 || interval === 1);
  }
  if (weekdays.length > 0 && days.length > 0) return false;
  // A fifth Friday is rare enough where every month is looked at.
  if (weekdays.some((day) => /5/.test(day)) && interval > 1) return false;
  if (frequency === 'MONTHLY')
    return months.length === 0 && (days.length === 0 || daysExist([1], days, interval));
  return frequency === 'YEARLY' && (days.length === 0 || daysExist(months, days, interval));
}
