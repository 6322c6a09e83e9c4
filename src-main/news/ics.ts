/** Calendars as iCalendar files (RFC 5545), read by ical.js. */
import ICAL from 'ical.js';
import { parseZone, type TimeZone } from '../../src-shared/market/zones.ts';
import { newsError, shown } from './errors.ts';
import { comesAgain } from './icsRules.ts';
import { type EventDraft, figure, oneLine } from './types.ts';
import { currencyOf, impactOf, isCurrency } from './words.ts';

type Time = InstanceType<typeof ICAL.Time>;
type Component = InstanceType<typeof ICAL.Component>;
type Impact = EventDraft['impact'];

const DAY_MS = 86_400_000;
/** NEWS-7: repetitions end here, counted from now, and at so many. */
const AHEAD_MS = 2 * 366 * DAY_MS;
const MOST_REPETITIONS = 2000;
const MOST_EVENTS = 100_000;
const HINT = 'Export the calendar again as an .ics file with VEVENT entries.';

export interface IcsOptions {
  /** Zone of times that state none; UTC when absent. */
  readonly zone: string | undefined;
  readonly nowMs: number;
}

interface Reading {
  readonly calendar: Component;
  readonly floating: TimeZone;
  readonly untilMs: number;
  readonly zones: Map<string, TimeZone | undefined>;
  floatingTimes: number;
  withoutCurrency: number;
  withoutImpact: number;
  cutShort: number;
}

function parsed(text: string): Component {
  let root: unknown;
  try {
    root = ICAL.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? oneLine(cause.message, 120) : 'unknown';
    throw newsError(`The file is no valid iCalendar: ${why}.`, HINT, cause);
  }
  if (!Array.isArray(root) || typeof root[0] !== 'string')
    throw newsError('The file holds more than one calendar, or none.', HINT);
  const calendar = new ICAL.Component(root as [string, unknown[], unknown[]]);
  if (calendar.name !== 'vcalendar')
    throw newsError(`The file holds ${shown(calendar.name)}, no calendar.`, HINT);
  return calendar;
}

/** The zone of a name, where it is one of the IANA database; calendars of Windows bring their own rules. */
function namedZone(reading: Reading, tzid: string): TimeZone | undefined {
  if (!reading.zones.has(tzid)) {
    let zone: TimeZone | undefined;
    try {
      zone = parseZone(tzid);
    } catch {
      // Not a name of the database: the file's own VTIMEZONE must say what it means.
      zone = undefined;
    }
    reading.zones.set(tzid, zone);
  }
  return reading.zones.get(tzid);
}

const wallClock = (t: Time): number => Date.UTC(t.year, t.month - 1, t.day, t.hour, t.minute, t.second);

function inZone(zone: TimeZone, localMs: number): number {
  // A time that the clock skips keeps the offset of before, as repetitions of calendars do.
  return zone.utcCandidates(localMs)[0] ?? localMs - zone.offsetMsAt(localMs - DAY_MS);
}

/** The instant of a time; all-day dates are their midnight UTC. */
function instantOf(reading: Reading, time: Time, tzid: string | undefined): number {
  const localMs = wallClock(time);
  if (time.isDate || time.zone?.tzid === 'UTC') return localMs;
  if (tzid === undefined) {
    reading.floatingTimes++;
    return inZone(reading.floating, localMs);
  }
  const zone = namedZone(reading, tzid);
  if (zone) return inZone(zone, localMs);
  const own = reading.calendar.getTimeZoneByID(tzid);
  if (!own) throw newsError(`The time zone ${shown(tzid)} is not known and not defined in the file.`, HINT);
  const zoned = time.clone();
  zoned.zone = own;
  return zoned.toUnixTime() * 1000;
}

function textOf(component: Component, name: string): string {
  const value: unknown = component.getFirstPropertyValue(name);
  return typeof value === 'string' ? value : '';
}

function categoriesOf(component: Component): string[] {
  return component
    .getAllProperties('categories')
    .flatMap((property) => property.getValues() as unknown[])
    .filter((value) => typeof value === 'string')
    .map((value) => value.trim());
}

/** NEWS-6: from a category, a mark in the summary, or the priority of RFC 5545 (1 to 4 high, 5 medium, 6 to 9 low). */
function impactIn(component: Component, summary: string): Impact | undefined {
  for (const category of categoriesOf(component)) {
    const impact = impactOf(category);
    if (impact) return impact;
  }
  for (const [, mark] of summary.matchAll(/[[(]([^\])]{1,24})[\])]/g)) {
    const impact = impactOf(mark!);
    if (impact) return impact;
  }
  for (const [sign, impact] of [
    ['🔴', 'high'],
    ['🟠', 'medium'],
    ['🟡', 'low'],
  ] as const)
    if (summary.includes(sign)) return impact;
  if (/\bbank holiday\b/i.test(summary)) return 'holiday';
  const priority = Number(component.getFirstPropertyValue('priority') ?? 0);
  if (priority >= 1 && priority <= 9) return priority < 5 ? 'high' : priority === 5 ? 'medium' : 'low';
  return undefined;
}

/** NEWS-6: from a category, a code in the summary, or the location. */
function currencyIn(component: Component, summary: string): string | undefined {
  for (const category of categoriesOf(component)) {
    const currency = impactOf(category) === undefined ? currencyOf(category) : undefined;
    if (currency) return currency;
  }
  const code = summary.match(/\b[A-Z]{3}\b/g)?.find(isCurrency);
  if (code) return code;
  const location = textOf(component, 'location');
  return location === '' ? undefined : currencyOf(location);
}

function titleOf(summary: string): string {
  const bare = summary
    .replace(/[[(]([^\])]{1,24})[\])]/g, (mark, word: string) =>
      impactOf(word) || isCurrency(word.trim()) ? ' ' : mark,
    )
    .replace(/[🔴🟠🟡]/gu, ' ')
    .trim()
    .replace(/^([A-Z]{3})\b\s*[-:–|]?\s*/, (whole, code: string) => (isCurrency(code) ? '' : whole));
  return oneLine(bare === '' ? summary : bare, 300);
}

function figureIn(description: string, name: string): string | null {
  return figure(new RegExp(`^\\s*(?:${name})\\s*[:=]\\s*(.+)$`, 'im').exec(description)?.[1]);
}

/** An event without its time: what all its repetitions have alike. */
function contentOf(reading: Reading, component: Component): Omit<EventDraft, 'timeMs' | 'allDay'> {
  const summary = textOf(component, 'summary');
  const title = titleOf(summary);
  if (title === '') throw newsError('An event has no summary.', HINT);
  const description = textOf(component, 'description');
  const impact = impactIn(component, summary);
  const currency = currencyIn(component, summary);
  if (impact === undefined) reading.withoutImpact++;
  if (currency === undefined) reading.withoutCurrency++;
  return {
    currency: currency ?? 'ALL',
    impact: impact ?? 'low',
    title,
    actual: figureIn(description, 'actual'),
    forecast: figureIn(description, 'forecast|consensus'),
    previous: figureIn(description, 'previous'),
  };
}

function tzidOf(component: Component): string | undefined {
  const tzid: unknown = component.getFirstProperty('dtstart')?.getParameter('tzid');
  return typeof tzid === 'string' ? tzid : undefined;
}

function draftAt(reading: Reading, component: Component, start: Time): EventDraft {
  const content = contentOf(reading, component);
  const timeMs = instantOf(reading, start, tzidOf(component));
  return { ...content, timeMs, allDay: start.isDate || content.impact === 'holiday' };
}

/** @throws FrontierError IMPORT_FAILED for a rule that is not followed: looking for 30 February would never end */
function assertFollowed(component: Component): void {
  for (const property of component.getAllProperties('rrule')) {
    const rule = String(property.getFirstValue());
    if (!comesAgain(rule))
      throw newsError(
        `An event repeats by ${shown(rule)}, which is not followed.`,
        'Export the calendar with its single events, or repeat the event by weekday or day of the month.',
      );
  }
}

function occurrences(reading: Reading, component: Component, exceptions: readonly Component[]): EventDraft[] {
  assertFollowed(component);
  const event = new ICAL.Event(component, { exceptions: [...exceptions] });
  if (!event.startDate) throw newsError('An event has no start.', HINT);
  if (!event.isRecurring()) return [draftAt(reading, component, event.startDate)];
  const found: EventDraft[] = [];
  const iterator = event.iterator();
  for (let next = iterator.next(); next; next = iterator.next()) {
    if (wallClock(next) > reading.untilMs || found.length === MOST_REPETITIONS) {
      reading.cutShort++;
      break;
    }
    const { item, startDate } = event.getOccurrenceDetails(next);
    found.push(draftAt(reading, item.component, startDate));
  }
  return found;
}

function notesOf(reading: Reading, zone: string | undefined): string[] {
  const notes: string[] = [];
  const say = (count: number, text: string): void => {
    if (count > 0) notes.push(`${count} ${text}`);
  };
  const unnamed = zone === undefined ? ', as none was named' : '';
  say(reading.floatingTimes, `times without a zone were read in ${reading.floating.name}${unnamed}.`);
  say(reading.withoutCurrency, 'events name no currency and count for all.');
  say(reading.withoutImpact, 'events state no impact and count as low.');
  say(reading.cutShort, 'repeating events were followed for two years from now, or 2,000 times.');
  return notes;
}

/**
 * Reads a calendar in iCalendar form, whole or not at all: zones, all-day events, repetitions with exceptions.
 * @throws FrontierError IMPORT_FAILED for a file that is not valid, BAD_INPUT for an unknown zone
 */
export function readIcs(text: string, options: IcsOptions): { drafts: EventDraft[]; notes: string[] } {
  const reading: Reading = {
    calendar: parsed(text),
    floating: parseZone(options.zone ?? 'UTC'),
    untilMs: options.nowMs + AHEAD_MS,
    zones: new Map(),
    floatingTimes: 0,
    withoutCurrency: 0,
    withoutImpact: 0,
    cutShort: 0,
  };
  const components = reading.calendar
    .getAllSubcomponents('vevent')
    .filter((c) => textOf(c, 'status').toUpperCase() !== 'CANCELLED');
  const changed = new Map<string, Component[]>();
  for (const c of components) {
    if (!c.hasProperty('recurrence-id')) continue;
    const uid = textOf(c, 'uid');
    changed.set(uid, [...(changed.get(uid) ?? []), c]);
  }
  const drafts: EventDraft[] = [];
  for (const c of components.filter((one) => !one.hasProperty('recurrence-id'))) {
    try {
      drafts.push(...occurrences(reading, c, changed.get(textOf(c, 'uid')) ?? []));
    } catch (error) {
      throw describe(error, textOf(c, 'summary'));
    }
    if (drafts.length > MOST_EVENTS)
      throw newsError(
        `There are more than ${MOST_EVENTS.toLocaleString('en')} events.`,
        'Import it in parts.',
      );
  }
  if (drafts.length === 0) throw newsError('The calendar has no events.', HINT);
  return { drafts, notes: notesOf(reading, options.zone) };
}

/** What ical.js throws about one event, as a refusal that names it. */
function describe(error: unknown, summary: string): unknown {
  if (!(error instanceof Error) || 'code' in error) return error;
  return newsError(`The event ${shown(summary)} is not valid: ${oneLine(error.message, 120)}.`, HINT, error);
}
