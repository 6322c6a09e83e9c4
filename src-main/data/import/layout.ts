import type { ColumnRole } from '../../../src-shared/contract/import.ts';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import { EXPECTED, importError, importErrorAt, refuseFormulas, shown } from './errors.ts';
import { bareRoles, isNumber } from './layoutBare.ts';
import { headerRoles, isHeader, unknownColumns } from './layoutHeader.ts';
import { type Separator, separatorOf, splitRow } from './split.ts';
import { detectTimeFormat, type TimeFormat } from './times.ts';

/** Which cell of a row is what. Indices count from 0. */
export interface TableLayout {
  readonly content: 'bars' | 'ticks';
  /** Shown to the user. */
  readonly format: string;
  readonly hasHeader: boolean;
  readonly separator: Separator;
  /** Line of the header, or of the first row where there is none. */
  readonly headLine: number;
  /** Names by position: of the header, or given by us where there is none. */
  readonly columns: readonly string[];
  readonly roles: readonly ColumnRole[];
  readonly time: number;
  /** Cell with the time of day where date and time are apart. */
  readonly clock: number | undefined;
  /** Cells of the values: open, high, low and close of bars, bid and ask of ticks. -1 where there is none. */
  readonly values: readonly number[];
  readonly volume: number | undefined;
  /** Columns that are not read. */
  readonly ignored: readonly string[];
  readonly timeFormat: TimeFormat;
  /** The first time as it stands in the file. */
  readonly firstTime: string;
  /** Minutes east of UTC that the name of the time column states, for times that state none themselves. */
  readonly headerOffset: number | undefined;
  /** Prices are written with a decimal comma. */
  readonly decimalComma: boolean;
  /** Side that the names of the columns state. */
  readonly priceSide: PriceSide | undefined;
}

/** A line of a file that is not blank. */
export interface SampleLine {
  readonly text: string;
  readonly line: number;
}

/** What the user says about the columns. */
export interface LayoutOptions {
  readonly columns?: readonly ColumnRole[] | undefined;
  readonly priceSide?: PriceSide | undefined;
}

export const MOST_COLUMNS = 200;

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

/** What a table's columns are, before times and numbers are looked at. */
export interface Roles {
  readonly kind: string;
  readonly roles: readonly ColumnRole[];
  readonly columns: readonly string[];
  readonly priceSide?: PriceSide | undefined;
}

function checkRoles(roles: readonly ColumnRole[], cells: readonly string[], line: number): void {
  const has = (role: ColumnRole): boolean => roles.includes(role);
  const fail = (why: string): never => {
    throw importErrorAt({ line }, `the columns do not fit: ${why}.`, EXPECTED);
  };
  if (roles.length !== cells.length) fail(`${roles.length} are named and the table has ${cells.length}`);
  for (const role of new Set(roles)) {
    if (role !== 'ignore' && roles.indexOf(role) !== roles.lastIndexOf(role)) fail(`${role} is named twice`);
  }
  if (!has('time') && !has('date')) fail('no column is the time');
  if (has('clock') && !has('date')) fail('a time of day needs a date');
  if (has('time') && has('date')) fail('time and date are both named');
  const prices = (['open', 'high', 'low', 'close'] as const).filter(has);
  if (prices.length === 4) return;
  if (prices.length > 0) fail('bars need open, high, low and close');
  if (!has('bid') && !has('ask')) fail('there are neither prices of bars nor bid and ask');
}

function timeFormatOf(text: string | undefined, row: SampleLine, column: number, name: string): TimeFormat {
  const format = text === undefined ? undefined : detectTimeFormat(text);
  if (format) return format;
  throw importErrorAt(
    { line: row.line, column: column + 1, columnName: name },
    `${shown(text ?? '')} is not a time that can be read without guessing.`,
    'Write times as 2024-01-31T23:00:00Z, 2024.01.31 23:00, 20240131 230000, or epoch seconds or milliseconds.',
  );
}

function finish(
  found: Roles,
  hasHeader: boolean,
  head: SampleLine,
  rows: readonly SampleLine[],
  separator: Separator,
): TableLayout {
  const first = rows[0];
  if (!first) throw importError('The file has a header and 0 rows.', 'Give a file with at least two bars.');
  const { roles, columns } = found;
  const at = (role: ColumnRole): number => roles.indexOf(role);
  const time = at('time') >= 0 ? at('time') : at('date');
  const clock = at('clock') >= 0 ? at('clock') : undefined;
  const cells = splitRow(first.text, separator).map((c) => c.trim());
  const firstTime = clock === undefined ? (cells[time] ?? '') : `${cells[time]} ${cells[clock]}`;
  const timeFormat = timeFormatOf(firstTime, first, time, columns[time] ?? 'time');
  const isBars = at('open') >= 0;
  const values = (isBars ? (['open', 'high', 'low', 'close'] as const) : (['bid', 'ask'] as const)).map(at);
  const numbers = rows.flatMap((row) => {
    const parts = splitRow(row.text, separator);
    return values.map((v) => parts[v]?.trim() ?? '');
  });
  return {
    content: isBars ? 'bars' : 'ticks',
    format: `${found.kind}, ${timeFormat.name}`,
    hasHeader,
    separator,
    headLine: head.line,
    columns,
    roles,
    time,
    clock,
    values,
    volume: at('volume') >= 0 ? at('volume') : undefined,
    ignored: columns.filter((_, i) => roles[i] === 'ignore'),
    timeFormat,
    firstTime,
    headerOffset:
      hasHeader && /\b(gmt|utc)\b/i.test((columns[time] ?? '').replaceAll('_', ' ')) ? 0 : undefined,
    decimalComma: numbers.some((n) => /^[+-]?\d+,\d+$/.test(n)),
    priceSide: found.priceSide,
  };
}

/**
 * Works out the layout from the first lines of a table.
 * @param lines the first lines that are not blank; more of them settle more doubts
 * @throws FrontierError IMPORT_FAILED when the columns or the way times are written are not understood
 */
export function detectLayout(lines: readonly SampleLine[], options: LayoutOptions = {}): TableLayout {
  const head = lines[0];
  if (!head) throw importError('The file is empty.', 'Give a file with at least two bars.');
  refuseOtherContent(head.text);
  const separator = separatorOf(lines.map((l) => l.text));
  const cells = splitRow(head.text, separator).map((c) => c.trim());
  if (cells.length > MOST_COLUMNS) {
    throw importErrorAt({ line: head.line }, `${cells.length} columns are no table of bars.`, EXPECTED);
  }
  refuseFormulas(cells, (cell) => ({ line: head.line, column: cell + 1 }));
  const table = lines.map((l) => splitRow(l.text, separator).map((c) => c.trim()));
  if (options.columns) {
    checkRoles(options.columns, cells, head.line);
    const hasHeader = isHeader(cells);
    const columns = hasHeader ? named(cells) : cells.map((_, i) => options.columns?.[i] ?? '');
    const found = { kind: 'table, columns as named', roles: options.columns, columns };
    return finish(found, hasHeader, head, hasHeader ? lines.slice(1) : lines, separator);
  }
  const bare = bareRoles(table);
  if (bare) return finish(bare, false, head, lines, separator);
  if (cells.slice(1).some(isNumber) && cells.filter(isNumber).length >= 3) {
    throw importErrorAt(
      { line: head.line },
      `the columns are not understood: there is no header, and ${cells.map(shown).join(', ')} is no known order.`,
      `${EXPECTED} Add a header line with these names.`,
    );
  }
  const found = headerRoles(cells, table[1], options.priceSide);
  if ('missing' in found) throw unknownColumns(cells, head.line, found.missing);
  return finish(found, true, head, lines.slice(1), separator);
}

function named(cells: readonly string[]): string[] {
  return cells.map((c, i) => c || `column ${i + 1}`);
}
