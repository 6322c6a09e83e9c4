import type { FrontierError } from '../../../src-shared/errors.ts';
import { offsetName } from '../../../src-shared/market/zones.ts';
import { importError, importErrorAt, type Place, refuseFormulas, shown } from './errors.ts';
import type { TableLayout } from './layout.ts';
import type { LocalClock } from './localClock.ts';
import type { RowDefect } from './rawRows.ts';
import { splitRow } from './split.ts';
import { isoTime, type ParsedTime } from './times.ts';

export const REPAIR_HINT = 'Correct or remove this row in the file, or export the history again.';
/** Rows that cannot be stored are kept with their text up to this many; a ruined file has millions. */
const MOST_DEFECTS = 10_000;
/** A file of which more than half is unreadable is not read to its end. */
const RUINED_AFTER = 100_000;

/** What stands for a cell in a table where it is missing on purpose. */
const MISSING = /^(?:|-|null|none|n\/a|na|#n\/a|[-+]?nan)$/i;

/** Where rows of good cells go; ticks are made bars on the way, so they are never held all at once. */
export interface RowSink {
  /**
   * @param values open, high, low and close, or bid and ask; NaN where a cell is unreadable (bars) or empty (ticks)
   * @returns what is wrong with the row's values or place, for ticks; bars are looked at afterwards
   */
  add(timeMs: number, values: readonly number[], volume: number, line: number): TickProblem | undefined;
  readonly count: number;
}

export interface TickProblem {
  readonly kind: string;
  readonly message: string;
}

interface Cell {
  readonly value: number;
  readonly defect?: { readonly kind: string; readonly error: FrontierError };
}

/** The place of a cell, and the part of a joined file that it is in. */
export type PlaceOf = (line: number, cell?: number) => Place;

/** Reads the rows of one table exactly, and notes every one that cannot be what it should be. */
export class RowReader {
  readonly #layout: TableLayout;
  readonly #clock: LocalClock;
  readonly #sink: RowSink;
  readonly #part: string | undefined;
  readonly #time: ParsedTime = { localMs: 0, offsetMinutes: undefined };
  readonly #values: number[];
  readonly #offsets = new Map<number | undefined, number>();
  #lastMs = Number.NEGATIVE_INFINITY;
  rows = 0;
  readonly defects: RowDefect[] = [];
  readonly more = new Map<string, number>();
  #defectCount = 0;

  /** @param part name of the file inside an archive, for messages */
  constructor(layout: TableLayout, clock: LocalClock, sink: RowSink, part?: string) {
    this.#layout = layout;
    this.#clock = clock;
    this.#sink = sink;
    this.#part = part;
    this.#values = layout.values.map(() => Number.NaN);
  }

  /** Offsets that the rows state, minutes; empty when they state none. */
  get offsets(): number[] {
    return [...this.#offsets.keys()].filter((o) => o !== undefined).sort((a, b) => a - b);
  }

  /**
   * Reads a row. @param cut whether the line has no end: what is wrong with it then is that the file was cut off
   * @throws FrontierError IMPORT_FAILED where the whole file cannot be read as one table
   */
  read(text: string, line: number, cut: boolean): void {
    const row = this.#sink.count;
    const found = this.#readRow(text, line);
    this.rows++;
    if (!found) return;
    const { kind, error, timeMs } = found;
    this.#note(
      cut
        ? { kind: 'truncated_row', row, line, timeMs, text, error: truncated(error) }
        : { kind, row, line, timeMs, text, error },
    );
  }

  #note(defect: RowDefect): void {
    this.#defectCount++;
    if (this.defects.length < MOST_DEFECTS) this.defects.push(defect);
    else this.more.set(defect.kind, (this.more.get(defect.kind) ?? 0) + 1);
    if (this.#defectCount < RUINED_AFTER || this.#defectCount < this.rows / 2) return;
    const first = this.defects[0]!.error;
    throw importError(
      `${first.message.replace(/ Nothing was imported\.$/, '')} More than half of the rows cannot be read.`,
      first.hint ?? REPAIR_HINT,
      first,
    );
  }

  #readRow(text: string, line: number): { kind: string; error: FrontierError; timeMs: number } | undefined {
    const { columns, separator } = this.#layout;
    const cells = splitRow(text, separator);
    if (cells.length !== columns.length) {
      const what = `the row has ${cells.length} columns where the table has ${columns.length}.`;
      const error = importErrorAt(this.#place(line), what, REPAIR_HINT);
      return { kind: 'column_count', error, timeMs: Number.NaN };
    }
    refuseFormulas(cells, (cell) => this.#place(line, cell));
    const time = this.#readTime(cells, line);
    let defect = time.defect;
    this.#layout.values.forEach((at, k) => {
      const cell = at < 0 ? { value: Number.NaN } : this.#number(cells, at, line);
      this.#values[k] = cell.value;
      defect ??= cell.defect;
    });
    const volume = this.#readVolume(cells, line);
    defect ??= volume.defect;
    // Bars keep a place for every row that has a time; ticks only good rows.
    if (Number.isNaN(time.value) || (defect && this.#layout.content === 'ticks')) {
      return defect && { ...defect, timeMs: time.value };
    }
    const problem = this.#sink.add(time.value, this.#values, volume.value, line);
    if (!problem) this.#lastMs = time.value;
    else defect ??= { kind: problem.kind, error: this.#problemError(problem, line) };
    return defect && { ...defect, timeMs: time.value };
  }

  #problemError(problem: TickProblem, line: number): FrontierError {
    return importErrorAt(this.#place(line), problem.message, REPAIR_HINT);
  }

  #place(line: number, cell?: number): Place {
    const part = this.#part === undefined ? {} : { part: this.#part };
    if (cell === undefined) return { line, ...part };
    return { line, column: cell + 1, columnName: this.#layout.columns[cell] ?? '', ...part };
  }

  #readTime(cells: readonly string[], line: number): Cell {
    const { time, clock, timeFormat } = this.#layout;
    const text = clock === undefined ? cells[time]!.trim() : `${cells[time]!.trim()} ${cells[clock]!.trim()}`;
    if (!timeFormat.parse(text, this.#time) || !Number.isFinite(this.#time.localMs)) {
      const what = `${shown(text)} is not a time; the rows before it are written as ${timeFormat.name}.`;
      const error = importErrorAt(this.#place(line, time), what, REPAIR_HINT);
      return { value: Number.NaN, defect: { kind: 'bad_time', error } };
    }
    this.#time.offsetMinutes ??= this.#layout.headerOffset;
    this.#checkOffset(line);
    const { offsetMinutes, localMs } = this.#time;
    if (offsetMinutes !== undefined) return { value: localMs - offsetMinutes * 60_000 };
    const value = this.#clock.toUtc(localMs, this.#lastMs);
    if (!Number.isNaN(value)) return { value };
    const error = importErrorAt(
      this.#place(line, time),
      `${isoTime(localMs).replace('Z', '')} does not exist in ${this.#clock.zone.name}: the clock was moved forward over it.`,
      'The times are probably in another zone; name that one.',
    );
    return { value, defect: { kind: 'impossible_time', error } };
  }

  /** DATA-4: one file is in one zone; a zone with daylight saving states two offsets, an hour apart. */
  #checkOffset(line: number): void {
    const offset = this.#time.offsetMinutes;
    if (this.#offsets.has(offset)) return;
    const [first] = this.#offsets;
    if (first === undefined || this.#isSameClock(offset)) {
      this.#offsets.set(offset, line);
      return;
    }
    const name = (minutes: number | undefined) =>
      minutes === undefined ? 'no time zone' : minutes === 0 ? 'UTC (Z)' : offsetName(minutes);
    throw importErrorAt(
      this.#place(line, this.#layout.time),
      `mixed time zones: this row states ${name(offset)}, line ${first[1]} and those after it state ${name(first[0])}.`,
      'Export the history with all times in one zone, best in UTC.',
    );
  }

  #isSameClock(offset: number | undefined): boolean {
    const [first] = [...this.#offsets.keys()];
    if (this.#offsets.size > 1 || offset === undefined || first === undefined) return false;
    return Math.abs(offset - first) === 60;
  }

  #number(cells: readonly string[], cell: number, line: number): Cell {
    let text = cells[cell]!.trim();
    if (this.#layout.decimalComma) text = text.replace(',', '.');
    const c = text.charCodeAt(text.length - 1);
    // Number() also reads "", "0x1F" and "Infinity"; prices are decimal digits.
    const value = c >= 46 && c <= 57 && !/[xXob]/.test(text) ? Number(text) : Number.NaN;
    if (Number.isFinite(value)) return { value };
    if (text === '' && this.#layout.content === 'ticks') return { value: Number.NaN };
    const what = text === '' ? 'the cell is empty' : `${shown(text)} is not a number`;
    const error = importErrorAt(this.#place(line, cell), `${what}.`, REPAIR_HINT);
    return { value: Number.NaN, defect: { kind: MISSING.test(text) ? 'nan_cell' : 'bad_cell', error } };
  }

  #readVolume(cells: readonly string[], line: number): Cell {
    const cell = this.#layout.volume;
    return cell === undefined ? { value: 0 } : this.#number(cells, cell, line);
  }
}

function truncated(error: FrontierError): FrontierError {
  const detail = error.message.replace(' Nothing was imported.', '');
  return importError(
    `The file is truncated: its last line has no line end and is not complete. ${detail}`,
    'Export or copy the file again.',
    error,
  );
}
