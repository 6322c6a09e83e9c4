/** Tables of text: RFC 4180 with quotes, also over line ends, and any of the usual separators. */
import { newsError, newsErrorAt } from './errors.ts';

export interface TableRow {
  readonly line: number;
  readonly cells: readonly string[];
}

const MOST_ROWS = 100_000;
const MOST_COLUMNS = 100;
const LONGEST_CELL = 4000;

/** The separator that the first line has most of, outside of quotes; undefined where it has none. */
function separatorOf(text: string): string | undefined {
  const head = (text.split(/\r?\n/, 1)[0] ?? '').replace(/"[^"]*"/g, '');
  const counts = ['\t', ';', ',', '|'].map((s) => [s, head.split(s).length - 1] as const);
  const [separator, count] = counts.reduce((a, b) => (b[1] > a[1] ? b : a));
  return count > 0 ? separator : undefined;
}

/** Reads a table character by character; the rows are few. */
class TableReader {
  readonly rows: TableRow[] = [];
  #cells: string[] = [];
  #cell = '';
  #quoted = false;
  #line = 1;
  #startLine = 1;

  take(c: string, separator: string, next: string | undefined): boolean {
    if (this.#quoted) return this.#takeQuoted(c, next);
    if (c === '"' && this.#cell.trim() === '') {
      this.#cell = '';
      this.#quoted = true;
    } else if (c === separator) this.#endCell();
    else if (c === '\n') this.#endRow();
    else if (c !== '\r') this.#add(c);
    return false;
  }

  /** @returns whether the next character belongs to this one */
  #takeQuoted(c: string, next: string | undefined): boolean {
    if (c === '"' && next === '"') {
      this.#add('"');
      return true;
    }
    if (c === '"') this.#quoted = false;
    else {
      if (c === '\n') this.#line++;
      this.#add(c);
    }
    return false;
  }

  end(): readonly TableRow[] {
    if (this.#quoted)
      throw newsErrorAt(
        this.#startLine,
        'A quote is opened and never closed.',
        'Check that the file is complete.',
      );
    if (this.#cell !== '' || this.#cells.length > 0) this.#endRow();
    return this.rows;
  }

  #add(c: string): void {
    if (this.#cell.length >= LONGEST_CELL)
      throw newsErrorAt(
        this.#startLine,
        `A cell is longer than ${LONGEST_CELL} characters.`,
        'That is no table of news events.',
      );
    this.#cell += c;
  }

  #endCell(): void {
    this.#cells.push(this.#cell.trim());
    this.#cell = '';
    if (this.#cells.length > MOST_COLUMNS)
      throw newsErrorAt(
        this.#startLine,
        `There are more than ${MOST_COLUMNS} columns.`,
        'That is no table of news events.',
      );
  }

  #endRow(): void {
    this.#endCell();
    const empty = this.#cells.every((cell) => cell === '');
    if (!empty) this.rows.push({ line: this.#startLine, cells: this.#cells });
    if (this.rows.length > MOST_ROWS + 1)
      throw newsError(
        `There are more than ${MOST_ROWS.toLocaleString('en')} rows.`,
        'Import the calendar in parts, for example year by year.',
      );
    this.#cells = [];
    this.#line++;
    this.#startLine = this.#line;
  }
}

/** @throws FrontierError IMPORT_FAILED for text that is no table, or a table beyond the limits */
export function readTable(text: string): readonly TableRow[] {
  const separator = separatorOf(text);
  if (separator === undefined)
    throw newsError(
      'This is no table: its first line has no separator.',
      'Give a CSV with a header, or an ICS file.',
    );
  const reader = new TableReader();
  for (let i = 0; i < text.length; i++) if (reader.take(text[i]!, separator, text[i + 1])) i++;
  return reader.end();
}
