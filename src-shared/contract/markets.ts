import { z } from 'zod';
import { base, symbolSchema, timeMsSchema } from './common.ts';

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'A time of day as HH:MM.');
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'A date as YYYY-MM-DD.');
export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** A trading calendar of the user. Times are wall-clock times of the zone; a session may end on a later day. */
export const customCalendarSchema = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'Small letters, digits and dashes, at most 32.'),
  /** IANA zone. */
  zone: z.string().max(64),
  sessions: z
    .array(
      z.object({
        from: z.enum(WEEKDAYS),
        open: clock,
        /** Day on which it closes: the same, or one of the next six. */
        to: z.enum(WEEKDAYS),
        close: clock,
      }),
    )
    .min(1)
    .max(50),
  /** Local dates on which no session opens. */
  holidays: z.array(day).max(5000),
  /** Local dates whose sessions close early. */
  earlyCloses: z.array(z.object({ day, close: clock })).max(1000),
});
export type CustomCalendar = z.infer<typeof customCalendarSchema>;

export const BUILT_IN_CALENDARS = ['fx', 'always', 'nse', 'nyse'] as const;

export const marketsContract = {
  calendars: {
    /** Built-in names and the user's own calendars, with the symbols assigned to each by the user. */
    list: base.output(
      z.object({
        builtIn: z.array(z.enum(BUILT_IN_CALENDARS)),
        custom: z.array(customCalendarSchema),
        assigned: z.array(z.object({ symbol: z.string(), calendar: z.string() })),
      }),
    ),
    save: base.input(customCalendarSchema).output(z.void()),
    /** Refused while a symbol uses it. */
    remove: base.input(z.object({ name: z.string().max(32) })).output(z.void()),
    /** Null gives a symbol the calendar of its kind again. */
    assign: base
      .input(z.object({ symbol: symbolSchema, calendar: z.string().max(32).nullable() }))
      .output(z.void()),
  },
  /** Whether a symbol's market is open, and when that changes. */
  state: base.input(z.object({ symbol: symbolSchema, timeMs: timeMsSchema.optional() })).output(
    z.object({
      calendar: z.string(),
      open: z.boolean(),
      /** The next opening at or after the instant; the instant itself while open. */
      nextOpenMs: timeMsSchema,
      /** When the session that is open, or the next one, closes; null where it never does. */
      closesMs: timeMsSchema.nullable(),
    }),
  ),
  sessions: base
    .input(z.object({ symbol: symbolSchema, fromMs: timeMsSchema, toMs: timeMsSchema }))
    .output(z.array(z.object({ openMs: timeMsSchema, closeMs: timeMsSchema, dayMs: timeMsSchema }))),
};
