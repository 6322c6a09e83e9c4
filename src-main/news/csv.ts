/** Economic calendars as tables: the exports of ForexFactory, MetaTrader 5 and Investing.com, and others like them. */
import { parseZone, type TimeZone } from '../../src-shared/market/zones.ts';
import { type DateOrder, isOpenOrder, readClock, readDate, statedOffset } from './dates.ts';
import { newsError, newsErrorAt, shown } from './errors.ts';
import { readTable, type TableRow } from './table.ts';
import { type EventDraft, figure, oneLine } from './types.ts';
import { currencyOf, impactOf } from './words.ts';

const ROLES = {
  dateTime: ['datetime', 'timestamp', 'dateutc', 'datetimeutc', 'timeutc', 'start', 'startdatetime'],
  date: ['date', 'day'],
  time: ['time', 'hour'],
  currency: ['currency', 'ccy', 'cur', 'currencycode'],
  country: ['country', 'zone', 'region', 'countrycode'],
  impact: ['impact', 'importance', 'volatility', 'priority'],
  title: ['event', 'title', 'name', 'eventname', 'indicator', 'description'],
  actual: ['actual'],
  forecast: ['forecast', 'consensus', 'estimate', 'expected'],
  previous: ['previous', 'prior', 'prev'],
} as const;
type Role = keyof typeof ROLES;
type Columns = Partial<Record<Role, number>>;

const HINT =
  'Give a header that names date and time, currency (or country), impact and event, as the exports of calendars do.';

function columnsOf(header: TableRow): Columns {
  const names = header.cells.map((cell) => cell.toLowerCase().replace(/[^a-z]/g, ''));
  const columns: Columns = {};
  for (const role of Object.keys(ROLES) as Role[]) {
    // The order of the words decides: `event` before `description`.
    for (const word of ROLES[role]) {
      const at = names.indexOf(word);
      if (at < 0) continue;
      columns[role] = at;
      break;
    }
  }
  const missing = [
    columns.title === undefined ? 'event' : '',
    columns.impact === undefined ? 'impact' : '',
    columns.currency === undefined && columns.country === undefined ? 'currency' : '',
    columns.dateTime === undefined && columns.date === undefined && columns.time === undefined ? 'date' : '',
  ].filter((name) => name !== '');
  if (missing.length === 0) return columns;
  const found = header.cells.slice(0, 12).map(shown).join(', ');
  throw newsError(`The header has no column for ${missing.join(' and ')}; it has ${found}.`, HINT);
}

/** Date and time of a row as text, apart. */
function splitTime(row: TableRow, columns: Columns): { date: string; clock: string } {
  const cell = (role: Role): string => row.cells[columns[role] ?? -1] ?? '';
  const both = columns.dateTime !== undefined ? cell('dateTime') : undefined;
  if (both === undefined && columns.date !== undefined && columns.time !== undefined) {
    return { date: cell('date'), clock: cell('time') };
  }
  const text = both ?? (columns.date !== undefined ? cell('date') : cell('time'));
  const match = /^(\S+?)(?:T|\s+)(\d{1,2}:.*)$/.exec(text) ?? /^(.*\d{4}),?\s+(\d{1,2}:.*)$/.exec(text);
  return match ? { date: match[1]!, clock: match[2]! } : { date: text, clock: '' };
}

/**
 * NEWS-5: `01/02/2024` can be read two ways. The order must suit every row; where both do, the one in which the
 * rows are in time order; where both are, the custom of the export.
 */
function orderOf(dates: readonly string[], columns: Columns): DateOrder {
  if (!dates.some(isOpenOrder)) return 'day-first';
  const fits = (order: DateOrder) => dates.every((date) => readDate(date, order) !== undefined);
  const candidates = (['day-first', 'month-first'] as const).filter(fits);
  if (candidates.length < 2) return candidates[0] ?? 'day-first';
  const sorted = candidates.filter((order) => {
    const times = dates.map((date) => readDate(date, order)!);
    return times.every((t, i) => i === 0 || t >= times[i - 1]!);
  });
  if (sorted.length === 1 && new Set(dates).size > 1) return sorted[0]!;
  // Investing.com writes the day first; the weekly table of ForexFactory has dashes and the month first.
  if (columns.currency !== undefined && columns.country !== undefined) return 'day-first';
  if (columns.country !== undefined && dates.every((date) => date.includes('-'))) return 'month-first';
  throw newsError(
    `Dates such as ${shown(dates.find(isOpenOrder) ?? '')} can be read with the day or the month first.`,
    'Write them as YYYY-MM-DD, or import a longer stretch in time order.',
  );
}

interface Reading {
  readonly columns: Columns;
  readonly zone: TimeZone;
  readonly order: DateOrder;
  /** Times that occur twice in the zone: the first was taken. */
  ambiguous: number;
  withoutImpact: number;
}

function timeOf(row: TableRow, reading: Reading): { timeMs: number; allDay: boolean } {
  const { date, clock } = splitTime(row, reading.columns);
  const stated = statedOffset(clock);
  const day = readDate(date, reading.order);
  const time = readClock(stated?.rest ?? clock);
  if (day === undefined || time === undefined) {
    const what = day === undefined ? `${shown(date)} is not a date` : `${shown(clock)} is not a time of day`;
    throw newsErrorAt(row.line, `${what}.`, 'Write dates as YYYY-MM-DD and times as HH:MM, or 1:30pm.');
  }
  if (time === 'all-day') return { timeMs: day, allDay: true };
  if (stated) return { timeMs: day + time - stated.offsetMs, allDay: false };
  const [first, second] = reading.zone.utcCandidates(day + time);
  if (first === undefined)
    throw newsErrorAt(
      row.line,
      `${date} ${clock} does not exist in ${reading.zone.name}: the clock skips it.`,
      'Name the zone in which the calendar was exported.',
    );
  if (second !== undefined) reading.ambiguous++;
  return { timeMs: first, allDay: false };
}

function currencyIn(row: TableRow, columns: Columns): string {
  const texts = [row.cells[columns.currency ?? -1], row.cells[columns.country ?? -1]];
  for (const text of texts) {
    const found = text ? currencyOf(text) : undefined;
    if (found) return found;
  }
  const given = texts.filter((text) => text).map((text) => shown(text!));
  throw newsErrorAt(
    row.line,
    given.length === 0 ? 'There is no currency.' : `${given.join(' and ')} names no currency.`,
    'Use ISO 4217 codes such as USD, or English country names.',
  );
}

function draftOf(row: TableRow, reading: Reading): EventDraft {
  const { columns } = reading;
  const cell = (role: Role): string | undefined => row.cells[columns[role] ?? -1];
  const title = oneLine(cell('title') ?? '', 300);
  if (title === '') throw newsErrorAt(row.line, 'The event has no name.', 'Check that the row is complete.');
  const word = cell('impact') ?? '';
  const impact = word === '' ? 'low' : impactOf(word);
  if (word === '') reading.withoutImpact++;
  if (impact === undefined)
    throw newsErrorAt(row.line, `${shown(word)} is no impact.`, 'Use low, medium, high or holiday.');
  const { timeMs, allDay } = timeOf(row, reading);
  return {
    timeMs,
    allDay: allDay || impact === 'holiday',
    currency: currencyIn(row, columns),
    impact,
    title,
    actual: figure(cell('actual')),
    forecast: figure(cell('forecast')),
    previous: figure(cell('previous')),
  };
}

/**
 * Reads a calendar in CSV form, whole or not at all.
 * @param zoneName zone of times that state none; UTC when absent
 * @throws FrontierError IMPORT_FAILED naming the line, or BAD_INPUT for an unknown zone
 */
export function readCsv(
  text: string,
  zoneName: string | undefined,
): { drafts: EventDraft[]; notes: string[] } {
  const zone = parseZone(zoneName ?? 'UTC');
  const [header, ...rows] = readTable(text);
  if (header === undefined || rows.length === 0) throw newsError('The table has no rows.', HINT);
  const columns = columnsOf(header);
  const order = orderOf(
    rows.map((row) => splitTime(row, columns).date),
    columns,
  );
  const reading: Reading = { columns, zone, order, ambiguous: 0, withoutImpact: 0 };
  const drafts = rows.map((row) => {
    if (row.cells.length <= columns.title!)
      throw newsErrorAt(row.line, 'The row is cut off.', 'Check that the file is complete.');
    return draftOf(row, reading);
  });
  const notes = [
    `Times without a zone were read in ${zone.name}${zoneName === undefined ? ', as none was named' : ''}.`,
  ];
  if (rows.some((row) => isOpenOrder(splitTime(row, columns).date)))
    notes.push(`Dates were read with the ${order === 'day-first' ? 'day' : 'month'} first.`);
  if (reading.ambiguous > 0)
    notes.push(`${reading.ambiguous} times occur twice because the clock changes; the first was taken.`);
  if (reading.withoutImpact > 0)
    notes.push(`${reading.withoutImpact} events state no impact and count as low.`);
  return { drafts, notes };
}
