import type { Impact, NewsEvent } from '../../../src-shared/contract/news.ts';
import type { ClockZone } from '../../state/preferences.ts';

const DAY_MS = 86_400_000;

/** How much of the calendar is shown at once. */
export const SPANS = ['day', 'week', 'month'] as const;
export type AgendaSpan = (typeof SPANS)[number];

export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A date of the shown zone as parts; days are counted in the zone, so that one with a clock change has 23 or 25 hours. */
function partsOf(ms: number, zone: ClockZone): [year: number, month: number, day: number, weekday: number] {
  const d = new Date(ms);
  return zone === 'utc'
    ? [d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate(), d.getUTCDay()]
    : [d.getFullYear(), d.getMonth(), d.getDate(), d.getDay()];
}

function midnight(year: number, month: number, day: number, zone: ClockZone): number {
  return zone === 'utc' ? Date.UTC(year, month, day) : new Date(year, month, day).getTime();
}

/** The day, the week from Sunday (when the FX week opens) or the month that an instant lies in, in the shown zone. */
export function rangeAt(span: AgendaSpan, anchorMs: number, zone: ClockZone): Range {
  const [year, month, day, weekday] = partsOf(anchorMs, zone);
  if (span === 'month')
    return { fromMs: midnight(year, month, 1, zone), toMs: midnight(year, month + 1, 1, zone) };
  const first = span === 'week' ? day - weekday : day;
  const days = span === 'week' ? 7 : 1;
  return { fromMs: midnight(year, month, first, zone), toMs: midnight(year, month, first + days, zone) };
}

/** An instant in the next or the previous day, week or month. */
export function movedAnchor(span: AgendaSpan, anchorMs: number, by: 1 | -1, zone: ClockZone): number {
  const { fromMs, toMs } = rangeAt(span, anchorMs, zone);
  return by > 0 ? toMs + DAY_MS / 2 : fromMs - DAY_MS / 2;
}

/** First instant of the day of the shown zone. */
export function dayStart(ms: number, zone: ClockZone): number {
  const [year, month, day] = partsOf(ms, zone);
  return midnight(year, month, day, zone);
}

export type AgendaRow =
  | { readonly kind: 'day'; readonly key: string; readonly dayMs: number; readonly count: number }
  | { readonly kind: 'now'; readonly key: string }
  | { readonly kind: 'event'; readonly key: string; readonly event: NewsEvent };

/**
 * Events in order of time under the days of the shown zone, with the present marked on the day that it lies in, or
 * between the days around it.
 */
export function agendaRows(
  events: readonly NewsEvent[],
  range: Range,
  nowMs: number,
  zone: ClockZone,
): AgendaRow[] {
  const ordered = events.toSorted((a, b) => a.timeMs - b.timeMs || (a.title < b.title ? -1 : 1));
  const counts = new Map<number, number>();
  for (const e of ordered) {
    const day = dayStart(e.timeMs, zone);
    counts.set(day, (counts.get(day) ?? 0) + 1);
  }
  const rows: AgendaRow[] = [];
  let nowDue = nowMs >= range.fromMs && nowMs < range.toMs && ordered.length > 0;
  let dayMs: number | undefined;
  for (const event of ordered) {
    const day = dayStart(event.timeMs, zone);
    if (nowDue && nowMs < day) {
      rows.push({ kind: 'now', key: 'now' });
      nowDue = false;
    }
    if (day !== dayMs) {
      rows.push({ kind: 'day', key: `day-${day}`, dayMs: day, count: counts.get(day)! });
      dayMs = day;
    }
    // An event without a time of day is neither before nor after the present of its day.
    if (nowDue && !event.allDay && nowMs <= event.timeMs) {
      rows.push({ kind: 'now', key: 'now' });
      nowDue = false;
    }
    rows.push({ kind: 'event', key: event.id, event });
  }
  if (nowDue) rows.push({ kind: 'now', key: 'now' });
  return rows;
}

/** What the user filters by; an empty list of currencies or impacts leaves nothing out. */
export interface EventFilter {
  readonly currencies: readonly string[];
  readonly impacts: readonly Impact[];
  readonly text: string;
}

export function matches(event: NewsEvent, filter: EventFilter): boolean {
  if (filter.currencies.length > 0 && !filter.currencies.includes(event.currency)) return false;
  if (filter.impacts.length > 0 && !filter.impacts.includes(event.impact)) return false;
  const text = filter.text.trim().toLowerCase();
  return text === '' || event.title.toLowerCase().includes(text);
}

/** The number that a released figure begins with, in the unit written behind it; undefined where it is none. */
export function figureOf(text: string | null): { value: number; unit: string } | undefined {
  const match = /^\s*([-+−]?\d[\d,]*(?:\.\d+)?)\s*([%A-Za-z]*)\s*$/.exec(text ?? '');
  if (!match) return undefined;
  const value = Number(match[1]!.replaceAll(',', '').replace('−', '-'));
  return Number.isFinite(value) ? { value, unit: match[2]! } : undefined;
}

/**
 * Whether a release came out above or below its forecast. It does not say which of both is good for the currency:
 * that depends on the figure.
 */
export function surprise(event: NewsEvent): 'above' | 'below' | undefined {
  const actual = figureOf(event.actual);
  const forecast = figureOf(event.forecast);
  if (!actual || !forecast || actual.unit !== forecast.unit || actual.value === forecast.value)
    return undefined;
  return actual.value > forecast.value ? 'above' : 'below';
}

export const IMPACT_LABEL: Readonly<Record<Impact, string>> = {
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  holiday: 'Holiday',
};

/** The next event of at least high impact on one of the currencies after an instant. */
export function nextHighImpact(
  events: readonly NewsEvent[],
  currencies: readonly string[],
  nowMs: number,
): NewsEvent | undefined {
  return events
    .filter((e) => e.impact === 'high' && !e.allDay && e.timeMs > nowMs)
    .filter((e) => e.currency === 'ALL' || currencies.includes(e.currency))
    .reduce<NewsEvent | undefined>((a, b) => (a && a.timeMs <= b.timeMs ? a : b), undefined);
}
