/** Headlines as tables: a time, a title, and where given a summary, source, address, symbols and sentiment. */
import type { Headline } from '../../src-shared/contract/news.ts';
import { parseZone, type TimeZone } from '../../src-shared/market/zones.ts';
import { readClock, readDate, statedOffset } from './dates.ts';
import { newsError, newsErrorAt, shown } from './errors.ts';
import { readTable, type TableRow } from './table.ts';
import { hashId, oneLine } from './types.ts';

const ROLES = {
  dateTime: [
    'datetime',
    'timestamp',
    'publishedat',
    'published',
    'created',
    'createdat',
    'dateutc',
    'timeutc',
  ],
  date: ['date', 'day'],
  time: ['time'],
  title: ['headline', 'title'],
  summary: ['summary', 'description', 'text', 'content'],
  source: ['source', 'publisher', 'provider'],
  url: ['url', 'link'],
  symbols: ['symbols', 'symbol', 'tickers', 'ticker', 'currencies', 'currency'],
  sentiment: ['sentiment', 'sentimentscore', 'score'],
} as const;
type Role = keyof typeof ROLES;
type Columns = Partial<Record<Role, number>>;

const LONGEST = { title: 500, summary: 4000, source: 100, url: 2000, symbol: 24 };

function columnsOf(header: TableRow): Columns {
  const names = header.cells.map((cell) => cell.toLowerCase().replace(/[^a-z]/g, ''));
  const columns: Columns = {};
  for (const role of Object.keys(ROLES) as Role[]) {
    const at = ROLES[role].map((word) => names.indexOf(word)).find((i) => i >= 0);
    if (at !== undefined) columns[role] = at;
  }
  return columns;
}

/** Whether a table is one of headlines: it has titles and times, and no column of impact, which events have. */
export function holdsHeadlines(text: string): boolean {
  const header = text.split(/\r?\n/, 1)[0] ?? '';
  if (/impact|importance|volatility|priority|previous|forecast/i.test(header)) return false;
  return /headline|title/i.test(header) && /time|date|publish|created/i.test(header);
}

function timeOf(row: TableRow, columns: Columns, zone: TimeZone): number {
  const cell = (role: Role): string => row.cells[columns[role] ?? -1] ?? '';
  const both = cell('dateTime') || (columns.date === undefined ? cell('time') : '');
  const text = both === '' ? `${cell('date')} ${cell('time')}`.trim() : both;
  const match = /^(\S+?)(?:T|\s+)(\d{1,2}:.*)$/.exec(text);
  const stated = statedOffset(match?.[2] ?? '');
  const day = readDate(match?.[1] ?? '', 'day-first');
  const clock = readClock(stated?.rest ?? match?.[2] ?? '');
  if (day === undefined || typeof clock !== 'number' || !/^\d{4}/.test(text))
    throw newsErrorAt(row.line, `${shown(text)} is no time.`, 'Write times as YYYY-MM-DD HH:MM.');
  if (stated) return day + clock - stated.offsetMs;
  const [first] = zone.utcCandidates(day + clock);
  if (first !== undefined) return first;
  throw newsErrorAt(
    row.line,
    `${text} does not exist in ${zone.name}: the clock skips it.`,
    'Name the zone in which the headlines were exported.',
  );
}

function sentimentOf(row: TableRow, text: string): number | null {
  if (text === '' || /^(-|n\/?a|none|null|nan)$/i.test(text)) return null;
  const value = Number(text.replace('−', '-'));
  if (value >= -1 && value <= 1) return value;
  throw newsErrorAt(
    row.line,
    `${shown(text)} is no sentiment.`,
    'Use a number from -1 to 1, or leave it out.',
  );
}

function headlineOf(row: TableRow, columns: Columns, zone: TimeZone, file: string): Headline {
  const cell = (role: Role): string => row.cells[columns[role] ?? -1] ?? '';
  const title = oneLine(cell('title'), LONGEST.title);
  if (title === '') throw newsErrorAt(row.line, 'The headline is empty.', 'Check that the row is complete.');
  const timeMs = timeOf(row, columns, zone);
  const source = oneLine(cell('source'), LONGEST.source) || file;
  const url = oneLine(cell('url'), LONGEST.url);
  return {
    id: hashId('hdl', JSON.stringify([source, title, timeMs])),
    timeMs,
    title,
    summary: oneLine(cell('summary'), LONGEST.summary),
    source,
    // Shown as text; anything but a web address is none.
    url: /^https?:\/\//i.test(url) ? url : null,
    symbols: cell('symbols')
      .split(/[\s,;|/]+/)
      .filter((s) => s !== '' && s.length <= LONGEST.symbol)
      .map((s) => s.toUpperCase()),
    sentiment: sentimentOf(row, cell('sentiment')),
  };
}

/**
 * NEWS-8: reads headlines in CSV form, whole or not at all.
 * @param file names the source of rows that state none
 * @throws FrontierError IMPORT_FAILED naming the line, or BAD_INPUT for an unknown zone
 */
export function readHeadlines(
  text: string,
  zoneName: string | undefined,
  file: string,
): { headlines: Headline[]; notes: string[] } {
  const zone = parseZone(zoneName ?? 'UTC');
  const [header, ...rows] = readTable(text);
  if (header === undefined || rows.length === 0)
    throw newsError('The table has no rows.', 'Give a table with a time and a title in each row.');
  const columns = columnsOf(header);
  const headlines = rows.map((row) => headlineOf(row, columns, zone, file));
  return {
    headlines,
    notes: [
      `Times without a zone were read in ${zone.name}${zoneName === undefined ? ', as none was named' : ''}.`,
    ],
  };
}
