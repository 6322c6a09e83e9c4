import { stat } from 'node:fs/promises';
import { FrontierError } from '../../src-shared/errors.ts';
import type { BarColumns, PriceSide } from '../../src-shared/market/bars.ts';
import { type Instrument, instrumentFor } from '../../src-shared/market/instruments.ts';
import { detectTimeframe, type Timeframe, timeframeMs } from '../../src-shared/market/timeframes.ts';
import { importError } from './import/errors.ts';
import { detectLayout, type TableLayout } from './import/layout.ts';
import { RowReader } from './import/rows.ts';
import { readLines } from './import/textLines.ts';

/** What the user says about a file; everything else is read from it. */
export interface ImportOptions {
  symbol: string;
  /** Detected from the distances between bars when absent. */
  timeframe?: Timeframe;
  /** IANA name or fixed offset for times that state none; UTC when absent, which the result says. */
  zone?: string;
  /** Bid when absent, which the result says. */
  priceSide?: PriceSide;
  /** Ends the import; nothing is kept. */
  signal?: AbortSignal;
}

/** A whole, checked history. */
export interface ImportResult {
  instrument: Instrument;
  timeframe: Timeframe;
  priceSide: PriceSide;
  bars: BarColumns;
  /** What the file was read as, e.g. `generic CSV, ISO time`. */
  format: string;
  /** Zone the times were read in. */
  zone: string;
  /** What was assumed or left out, in sentences for the user. */
  notes: string[];
}

/** How far an import is; bytes are those of the file as stored, compressed if it is. */
export interface ImportProgress {
  bytes: number;
  totalBytes: number;
  rows: number;
}

/** Feeds lines to the layout detection and then to the row reader. */
class TableReader {
  readonly #zone: string | undefined;
  #layout: TableLayout | undefined;
  #reader: RowReader | undefined;
  #head: { text: string; line: number } | undefined;
  #line = 0;
  unterminated = false;

  constructor(zone: string | undefined) {
    this.#zone = zone;
  }

  get rows(): number {
    return this.#reader?.count ?? 0;
  }

  take(lines: readonly string[], lastIsCut: boolean): void {
    for (let i = 0; i < lines.length; i++) {
      this.#line++;
      const text = lines[i]!;
      if (text.trim() === '') continue;
      const cut = lastIsCut && i === lines.length - 1;
      if (cut) this.unterminated = true;
      this.#takeLine(text, cut);
    }
  }

  #takeLine(text: string, cut: boolean): void {
    if (this.#reader) {
      this.#row(text, this.#line, cut);
    } else if (!this.#head) {
      this.#head = { text, line: this.#line };
    } else {
      this.#start(this.#head, text);
      this.#row(text, this.#line, cut);
    }
  }

  #start(head: { text: string; line: number }, second: string | undefined): RowReader {
    this.#layout = detectLayout(head.text.replace(/^\uFEFF/, ''), head.line, second);
    this.#reader = new RowReader(this.#layout, this.#zone);
    if (!this.#layout.hasHeader) this.#row(head.text.replace(/^\uFEFF/, ''), head.line, false);
    return this.#reader;
  }

  #row(text: string, line: number, cut: boolean): void {
    try {
      this.#reader!.read(text, line);
    } catch (error) {
      if (!cut || !(error instanceof FrontierError)) throw error;
      const detail = error.message.replace(' Nothing was imported.', '');
      throw importError(
        `The file is truncated: its last line has no line end and is not complete. ${detail}`,
        'Export or copy the file again.',
        error,
      );
    }
  }

  finish(): { layout: TableLayout; reader: RowReader } {
    if (!this.#head) throw importError('The file is empty.', 'Give a file with at least two bars.');
    const reader = this.#reader ?? this.#start(this.#head, undefined);
    if (reader.count < 2) {
      const rows = reader.count === 1 ? '1 row' : '0 rows';
      throw importError(
        `The file has ${rows}; a history needs at least 2.`,
        'Give a file with at least two bars.',
      );
    }
    return { layout: this.#layout!, reader };
  }
}

async function fileSize(path: string): Promise<number> {
  try {
    const info = await stat(path);
    if (info.isFile()) return info.size;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new FrontierError('NOT_FOUND', `There is no file ${path}.`, 'Check the path.', cause);
  }
  throw new FrontierError('BAD_INPUT', `${path} is not a file.`, 'Name one file with bars.');
}

/** DATA-7: the timeframe stated, or the most frequent distance between bars. */
function timeframeOf(bars: BarColumns, stated: Timeframe | undefined): Timeframe {
  const detected = detectTimeframe(bars.timeMs);
  if (stated === undefined) {
    if (detected) return detected;
    throw importError(
      'The distance between bars fits no known timeframe.',
      'Name the timeframe, one of M1, M5, M15, M30, H1, H4 and D1.',
    );
  }
  for (let i = 1; i < bars.timeMs.length; i++) {
    if (bars.timeMs[i]! - bars.timeMs[i - 1]! < timeframeMs(stated)) {
      throw importError(
        `The bars are closer together than ${stated}${detected ? `; they look like ${detected}` : ''}.`,
        'Leave the timeframe out to have it detected, or name the right one.',
      );
    }
  }
  return stated;
}

const HISTDATA_ZONE = 'This looks like a histdata.com file, whose times are EST without daylight saving.';

function notesOf(
  table: TableReader,
  layout: TableLayout,
  reader: RowReader,
  options: ImportOptions,
): string[] {
  const notes: string[] = [];
  const stated = reader.statedOffsetMinutes !== undefined;
  if (!stated && options.zone === undefined) {
    notes.push('The file states no time zone; its times were read as UTC.');
    if (layout.format.startsWith('histdata'))
      notes.push(`${HISTDATA_ZONE} If so, import it with zone -05:00.`);
    if (layout.format.startsWith('MetaTrader')) {
      notes.push(
        'MetaTrader writes the server’s time, often Europe/Athens. If so, import it with that zone.',
      );
    }
  }
  if (stated && options.zone !== undefined) {
    notes.push(`The file states its time zone (${reader.zoneName}); the zone ${options.zone} was not used.`);
  }
  if (options.priceSide === undefined) {
    notes.push('The file does not say which side of the quote its prices are; they were taken as bid.');
  }
  if (layout.volume === undefined) notes.push('The file has no volume; it was set to 0.');
  if (layout.ignored.length > 0) notes.push(`Columns not read: ${layout.ignored.join(', ')}.`);
  if (reader.ambiguousTimes > 0) {
    notes.push(
      `${reader.ambiguousTimes} times occur twice in ${reader.zoneName}; their order told them apart.`,
    );
  }
  if (table.unterminated) {
    notes.push('The last line has no line end; if the file was cut off there, its last value may be short.');
  }
  return notes;
}

/**
 * Reads a file of bars, whole or not at all. The rules are numbered in `docs/spec/data.md`.
 * Formats: CSV with a header (comma, semicolon or tab, any column order), MetaTrader and histdata exports
 * without one, all of them also gzip-compressed; the format is told from the content.
 * @param onProgress called after each stretch read
 * @throws FrontierError IMPORT_FAILED naming line and column; NOT_FOUND, BAD_INPUT for a bad path, symbol or
 *   zone; CANCELLED when `options.signal` fires
 */
export async function importFile(
  path: string,
  options: ImportOptions,
  onProgress?: (progress: ImportProgress) => void,
): Promise<ImportResult> {
  const instrument = instrumentFor(options.symbol);
  const totalBytes = await fileSize(path);
  const table = new TableReader(options.zone);
  let bytes = 0;
  const lineOptions = {
    signal: options.signal,
    onBytes: (read: number) => {
      bytes = read;
    },
  };
  try {
    for await (const batch of readLines(path, lineOptions)) {
      table.take(batch.lines, batch.unterminated);
      onProgress?.({ bytes, totalBytes, rows: table.rows });
    }
  } catch (error) {
    if (!options.signal?.aborted) throw error;
    throw new FrontierError('CANCELLED', 'The import was cancelled. Nothing was imported.', undefined, error);
  }
  const { layout, reader } = table.finish();
  const bars = reader.columns();
  return {
    instrument,
    timeframe: timeframeOf(bars, options.timeframe),
    priceSide: options.priceSide ?? 'bid',
    bars,
    format: layout.format,
    zone: reader.zoneName,
    notes: notesOf(table, layout, reader, options),
  };
}
