import { type CustomCalendar, customCalendarSchema, WEEKDAYS } from '../../../src-shared/contract/markets.ts';

export type Weekday = (typeof WEEKDAYS)[number];
export type Session = CustomCalendar['sessions'][number];

/** A calendar as the form has it: lists of dates are text, one per line. */
export interface CalendarDraft {
  readonly name: string;
  readonly zone: string;
  readonly sessions: readonly Session[];
  readonly holidays: string;
  /** `2026-12-24 13:00` */
  readonly earlyCloses: string;
}

export const DAY_NAMES: Readonly<Record<Weekday, string>> = {
  sun: 'Sunday',
  mon: 'Monday',
  tue: 'Tuesday',
  wed: 'Wednesday',
  thu: 'Thursday',
  fri: 'Friday',
  sat: 'Saturday',
};

const WORKDAYS: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri'];

/** A first draft: an exchange with one session on each working day. */
export function newDraft(): CalendarDraft {
  return {
    name: '',
    zone: 'Europe/Berlin',
    sessions: WORKDAYS.map((day) => ({ from: day, open: '09:00', to: day, close: '17:30' })),
    holidays: '',
    earlyCloses: '',
  };
}

export function draftOf(calendar: CustomCalendar): CalendarDraft {
  return {
    name: calendar.name,
    zone: calendar.zone,
    sessions: calendar.sessions,
    holidays: calendar.holidays.join('\n'),
    earlyCloses: calendar.earlyCloses.map((e) => `${e.day} ${e.close}`).join('\n'),
  };
}

const linesOf = (text: string): string[] =>
  text
    .split(/[\n,;]+/)
    .map((line) => line.trim())
    .filter(Boolean);

/** True for a day that exists; a pattern alone takes the 31st of every month. */
function isDay(day: string): boolean {
  const ms = Date.parse(`${day}T00:00:00Z`);
  return /^\d{4}-\d{2}-\d{2}$/.test(day) && Number.isFinite(ms) && new Date(ms).toISOString().startsWith(day);
}

const minutesOf = (clock: string): number => {
  const [h = '0', m = '0'] = clock.split(':');
  return Number(h) * 60 + Number(m);
};

/** True for a session that closes at or before its opening on the same day. */
function hasNoLength({ from, open, to, close }: Session): boolean {
  return from === to && minutesOf(close) <= minutesOf(open);
}

/** The part of the form that a complaint belongs to. */
export type DraftField = keyof CalendarDraft;
export type DraftResult =
  | { readonly calendar: CustomCalendar }
  | { readonly errors: Readonly<Partial<Record<DraftField, string>>> };

/** The calendar that the form describes, or what is wrong with each part. */
export function readDraft(draft: CalendarDraft): DraftResult {
  const errors: Partial<Record<DraftField, string>> = {};
  const holidays = linesOf(draft.holidays);
  const badDay = holidays.find((d) => !isDay(d));
  if (badDay !== undefined) errors.holidays = `“${badDay}” is no date like 2026-12-25.`;
  const earlyCloses = linesOf(draft.earlyCloses).map((line) => {
    const [day = '', close = ''] = line.split(/\s+/);
    if (!isDay(day) || !/^([01]\d|2[0-3]):[0-5]\d$/.test(close))
      errors.earlyCloses ??= `“${line}” is no date and time like 2026-12-24 13:00.`;
    return { day, close };
  });
  const empty = draft.sessions.findIndex(hasNoLength);
  if (empty >= 0)
    errors.sessions = `Session ${empty + 1} closes before it opens: one that runs past midnight closes on a later day.`;
  const candidate = {
    name: draft.name,
    zone: draft.zone,
    sessions: [...draft.sessions],
    holidays,
    earlyCloses,
  };
  const parsed = customCalendarSchema.safeParse(candidate);
  for (const issue of parsed.error?.issues ?? []) {
    const field = issue.path[0] as DraftField;
    errors[field] ??= field === 'sessions' && draft.sessions.length === 0 ? 'Add a session.' : issue.message;
  }
  if (Object.keys(errors).length > 0 || !parsed.success) return { errors };
  return { calendar: parsed.data };
}

/** A stretch of a day on which the market trades, in minutes from midnight. */
export interface DayPart {
  readonly fromMin: number;
  readonly toMin: number;
}

/** The trading hours of each day of the week, Sunday first: sessions cut at midnight, also over the week's end. */
export function weekParts(sessions: readonly Session[]): ReadonlyArray<readonly DayPart[]> {
  const days: DayPart[][] = WEEKDAYS.map(() => []);
  for (const { from, open, to, close } of sessions) {
    const first = WEEKDAYS.indexOf(from);
    const openMin = minutesOf(open);
    const closeMin = minutesOf(close);
    const span = (WEEKDAYS.indexOf(to) - first + 7) % 7;
    for (let i = 0; i <= span; i++) {
      const fromMin = i === 0 ? openMin : 0;
      const toMin = i === span ? closeMin : 1440;
      if (toMin > fromMin) days[(first + i) % 7]!.push({ fromMin, toMin });
    }
  }
  return days;
}
