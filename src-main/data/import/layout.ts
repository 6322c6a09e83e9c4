import { importError, importErrorAt, shown } from './errors.ts';
import { detectTimeFormat, type TimeFormat } from './times.ts';

/** Which cell of a row is what. Indices count from 0. */
export interface TableLayout {
  /** Shown to the user. */
  readonly format: string;
  readonly hasHeader: boolean;
  readonly separator: ',' | ';' | '\t';
  /** Names by position: of the header, or given by us where there is none. */
  readonly columns: readonly string[];
  readonly time: number;
  /** Cell with the time of day where date and time are apart. */
  readonly clock: number | undefined;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number | undefined;
  /** Columns that are not read. */
  readonly ignored: readonly string[];
  readonly timeFormat: TimeFormat;
  /** Prices are written with a decimal comma. */
  readonly decimalComma: boolean;
}

const MOST_COLUMNS = 200;
const EXPECTED =
  'Expected columns are a time (timestamp, or date and time), open, high, low, close and, optionally, volume.';

/** Accepted header names, without case, spaces and punctuation; earlier ones win. */
const NAMES = {
  time: [
    'timestamp',
    'datetime',
    'dateandtime',
    'gmttime',
    'timeutc',
    'utctime',
    'utc',
    'opentime',
    'localtime',
  ].concat(['time', 'date', 'unix', 'unixtime', 'epoch', 'bartime', 't']),
  open: ['open', 'o', 'openprice', 'bidopen', 'askopen', 'openbid', 'openask'],
  high: ['high', 'h', 'highprice', 'bidhigh', 'askhigh', 'highbid', 'highask'],
  low: ['low', 'l', 'lowprice', 'bidlow', 'asklow', 'lowbid', 'lowask'],
  close: ['close', 'c', 'closeprice', 'bidclose', 'askclose', 'closebid', 'closeask'],
  volume: ['volume', 'tickvol', 'tickvolume', 'tickqty', 'vol', 'v', 'realvolume'],
} as const;

const CLOCK = /^\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/;

/** The cells of a line; quotes around a cell are taken off. */
export function splitRow(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator);
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (const c of line) {
    if (c === '"') quoted = !quoted;
    else if (c === separator && !quoted) {
      cells.push(cell);
      cell = '';
    } else cell += c;
  }
  cells.push(cell);
  return cells;
}

function separatorOf(line: string): TableLayout['separator'] {
  if (line.includes('\t')) return '\t';
  return line.includes(';') ? ';' : ',';
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function refuseOtherContent(line: string): void {
  if (/^\s*<(!doctype|html|\?xml|head|body)/i.test(line)) {
    throw importError(
      'The file is a web page (HTML or XML), not a table.',
      'The download probably failed; get the file again and check that it opens as text.',
    );
  }
  if (/^\s*[{[]/.test(line)) {
    throw importError('The file is JSON, not a table.', 'Export the history as CSV.');
  }
}

function isNumber(cell: string): boolean {
  return /^[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?$/.test(cell.trim());
}

/**
 * Works out the layout from the first line and the first row of data.
 * @param headLine number of the first line, for messages
 * @param second the line after it; undefined when the file has one line
 * @throws FrontierError IMPORT_FAILED when the columns or the way times are written are not understood
 */
export function detectLayout(head: string, headLine: number, second: string | undefined): TableLayout {
  refuseOtherContent(head);
  const separator = separatorOf(head);
  const cells = splitRow(head, separator).map((c) => c.trim());
  if (cells.length > MOST_COLUMNS) {
    throw importErrorAt({ line: headLine }, `${cells.length} columns are no table of bars.`, EXPECTED);
  }
  const bare = bareLayout(cells, separator);
  if (bare) return bare;
  if (cells.slice(1).some(isNumber) && cells.filter(isNumber).length >= 4) {
    throw importErrorAt(
      { line: headLine },
      `the columns are not understood: there is no header, and ${cells.map(shown).join(', ')} is no known order.`,
      `${EXPECTED} Add a header line with these names.`,
    );
  }
  return headerLayout(cells, headLine, separator, second);
}

/** A table without a header: known by its number of cells and a time in front. */
function bareLayout(cells: readonly string[], separator: TableLayout['separator']): TableLayout | undefined {
  const apart = CLOCK.test(cells[1] ?? '');
  const timeFormat = detectTimeFormat(apart ? `${cells[0]} ${cells[1]}` : (cells[0] ?? ''));
  const first = apart ? 2 : 1;
  const numbers = cells.slice(first);
  if (!timeFormat || !numbers.every(isNumber) || numbers.length < 4 || numbers.length > 5) return undefined;
  const names = apart ? ['date', 'time'] : ['time'];
  const columns = [...names, 'open', 'high', 'low', 'close', 'volume'].slice(0, cells.length);
  const kind = apart
    ? 'MetaTrader'
    : timeFormat.name === 'YYYYMMDD HHMMSS'
      ? 'histdata / NinjaTrader'
      : 'CSV';
  return {
    format: `${kind} without header, ${timeFormat.name}`,
    hasHeader: false,
    separator,
    columns,
    time: 0,
    clock: apart ? 1 : undefined,
    open: first,
    high: first + 1,
    low: first + 2,
    close: first + 3,
    volume: numbers.length === 5 ? first + 4 : undefined,
    ignored: [],
    timeFormat,
    decimalComma: separator !== ',' && numbers.some((n) => n.includes(',')),
  };
}

function findColumn(plain: readonly string[], accepted: readonly string[]): number | undefined {
  for (const name of accepted) {
    const index = plain.indexOf(name);
    if (index >= 0) return index;
  }
  return undefined;
}

/** A pandas index is written with an empty name; it counts as the time if it reads as one. */
function timeColumn(plain: readonly string[], row: readonly string[] | undefined): number | undefined {
  const named = findColumn(plain, NAMES.time);
  if (named !== undefined) return named;
  return plain[0] === '' && row && detectTimeFormat(row[0]?.trim() ?? '') ? 0 : undefined;
}

function headerLayout(
  cells: readonly string[],
  line: number,
  separator: TableLayout['separator'],
  second: string | undefined,
): TableLayout {
  const plain = cells.map(plainName);
  const row = second === undefined ? undefined : splitRow(second, separator).map((c) => c.trim());
  let time = timeColumn(plain, row);
  const found = {
    open: findColumn(plain, NAMES.open),
    high: findColumn(plain, NAMES.high),
    low: findColumn(plain, NAMES.low),
    close: findColumn(plain, NAMES.close),
  };
  const missing = Object.entries({ time, ...found }).flatMap(([name, at]) =>
    at === undefined ? [name] : [],
  );
  if (missing.length > 0 || time === undefined) throw unknownColumns(cells, line, missing);
  const date = plain.indexOf('date');
  const clockAt = plain.indexOf('time');
  const apart = date >= 0 && clockAt >= 0 && CLOCK.test(row?.[clockAt] ?? '');
  if (apart) time = date;
  const timeFormat = timeFormatOf(row, time, apart ? clockAt : undefined, line + 1, cells);
  const volume = findColumn(plain, NAMES.volume);
  const used = new Set([time, apart ? clockAt : time, volume, ...Object.values(found)]);
  const kind = cells.some((c) => /^<.+>$/.test(c)) ? 'MetaTrader 5 export' : 'generic CSV';
  return {
    format: `${kind}, ${timeFormat.name}`,
    hasHeader: true,
    separator,
    columns: cells.map((c, i) => c || `column ${i + 1}`),
    time,
    clock: apart ? clockAt : undefined,
    open: found.open!,
    high: found.high!,
    low: found.low!,
    close: found.close!,
    volume,
    ignored: cells.filter((_, i) => !used.has(i)),
    timeFormat,
    decimalComma: separator !== ',' && /^\d+,\d+$/.test(row?.[found.open!] ?? ''),
  };
}

function unknownColumns(cells: readonly string[], line: number, missing: readonly string[]): Error {
  return importErrorAt(
    { line },
    `the columns are not understood. Found ${cells.map(shown).join(', ')}; no column for ${missing.join(', ')}.`,
    EXPECTED,
  );
}

function timeFormatOf(
  row: readonly string[] | undefined,
  time: number,
  clock: number | undefined,
  line: number,
  columns: readonly string[],
): TimeFormat {
  if (!row) throw importError('The file has a header and 0 rows.', 'Give a file with at least two bars.');
  const text = clock === undefined ? (row[time] ?? '') : `${row[time]} ${row[clock]}`;
  const format = detectTimeFormat(text);
  if (format) return format;
  throw importErrorAt(
    { line, column: time + 1, columnName: columns[time] ?? 'time' },
    `${shown(text)} is not a time that can be read without guessing.`,
    'Write times as 2024-01-31T23:00:00Z, 2024.01.31 23:00, 20240131 230000, or epoch seconds or milliseconds.',
  );
}
