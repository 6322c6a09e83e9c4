import { basename } from 'node:path';
import type { ImportChoices } from '../../src-shared/contract/import.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import type { BarColumns, PriceSide } from '../../src-shared/market/bars.ts';
import { type Instrument, instrumentFor } from '../../src-shared/market/instruments.ts';
import { detectTimeframe, type Timeframe, timeframeMs } from '../../src-shared/market/timeframes.ts';
import { offsetName } from '../../src-shared/market/zones.ts';
import { ImportDuckdb } from './import/duckdb.ts';
import { importError } from './import/errors.ts';
import { type Examined, examine } from './import/examine.ts';
import { type OpenedFile, openFile, WorkFolder } from './import/parts.ts';
import { type ReadTables, readTables } from './import/read.ts';
import { applyRepairs, checkRepairs, countKinds } from './import/repairs.ts';
import { guessSide, type SuggestedZone, zoneOfFormat } from './import/suggest.ts';
import { type Table, type Tables, tablesOf } from './import/tables.ts';

/** What the user says about a file; everything else is read from it. */
export interface ImportOptions extends Pick<ImportChoices, 'columns' | 'repairs'> {
  symbol: string;
  /** Detected from the distances between bars when absent; for ticks the bars to make, M1 when absent. */
  timeframe?: Timeframe | undefined;
  /** IANA name or fixed offset for times that state none; UTC when absent, which the result says. */
  zone?: string | undefined;
  /** What the columns or the file's name say when absent, else bid, which the result says. For ticks the side made. */
  priceSide?: PriceSide | undefined;
  /** File of an archive that holds several. */
  entry?: string | undefined;
  /** Name of the file as the user knows it; that of the path when absent. */
  fileName?: string | undefined;
  /** Where packed files are unpacked, in a folder of their own that is removed; the system's place when absent. */
  workFolder?: string | undefined;
  /** Ends the import; nothing is kept. */
  signal?: AbortSignal | undefined;
}

/** A row that was left out, moved or preferred to another. */
export interface RepairedRow {
  readonly kind: string;
  readonly line: number;
  /** The row as it stands in the file, where it could not be read. */
  readonly text?: string | undefined;
}

/** A whole, checked history. */
export interface ImportResult {
  instrument: Instrument;
  timeframe: Timeframe;
  priceSide: PriceSide;
  bars: BarColumns;
  /** One of `MARK` per bar; undefined where none is marked. */
  marks: Uint8Array | undefined;
  /** What the file was read as, e.g. `generic CSV, ISO time`. */
  format: string;
  /** Zone the times were read in. */
  zone: string;
  /** What was assumed, left out or repaired, in sentences for the user. */
  notes: string[];
  /** Rows repaired by kind, and the first 10,000 of them. */
  repaired: { counts: Record<string, number>; rows: RepairedRow[] };
  /** Rows of the file: bars, or ticks. */
  rows: number;
}

/** How far an import is; bytes are those of the file as stored, compressed if it is. */
export interface ImportProgress {
  bytes: number;
  totalBytes: number;
  rows: number;
}

/** A file that has been read and looked at, and of which nothing is stored yet. */
export interface ReadFile {
  readonly opened: OpenedFile;
  readonly tables: Tables;
  readonly read: ReadTables;
  readonly examined: Examined;
  readonly counts: ReadonlyMap<string, number>;
  readonly priceSide: { readonly side: PriceSide; readonly from: 'user' | 'file' | 'nothing' };
}

/** The share of an import that unpacking is. */
const UNPACKING = 0.3;

function sideOf(tables: Tables, options: ImportOptions, fileName: string): ReadFile['priceSide'] {
  if (options.priceSide !== undefined) return { side: options.priceSide, from: 'user' };
  const [table] = tables.tables;
  const stated = table?.kind === 'text' ? table.layout.priceSide : table?.parquet.priceSide;
  const side = stated ?? guessSide(fileName) ?? guessSide(table?.part.entry ?? '');
  return side ? { side, from: 'file' } : { side: 'bid', from: 'nothing' };
}

function look(read: ReadTables, table: Table): Examined {
  if (read.isClean || read.ticks) return { defects: [...read.raw.defects], sound: [], twins: new Map() };
  return examine(read.raw, table.kind === 'text' ? table.layout : undefined, read.parts);
}

/** Unpacks, lays out and reads a file inside a folder that is removed when `use` has ended. */
export async function withReadFile<T>(
  path: string,
  options: ImportOptions,
  onProgress: ((progress: ImportProgress) => void) | undefined,
  use: (file: ReadFile) => T | Promise<T>,
): Promise<T> {
  const work = new WorkFolder(options.workFolder);
  const { signal } = options;
  let db: ImportDuckdb | undefined;
  let totalBytes = 0;
  try {
    signal?.throwIfAborted();
    const onBytes = (bytes: number): void =>
      onProgress?.({ bytes: UNPACKING * bytes, totalBytes: Math.max(totalBytes, bytes), rows: 0 });
    const opened = await openFile(path, work, { signal, onBytes, entry: options.entry });
    totalBytes = opened.bytes;
    db = await ImportDuckdb.open(work.reserved, signal);
    const tables = await tablesOf(opened, db, options);
    const fileName = options.fileName ?? basename(path);
    const priceSide = sideOf(tables, options, fileName);
    const used = tables.mustChoose ? tables.tables.slice(0, 1) : tables.tables;
    const read = await readTables(used, db, {
      zone: options.zone,
      tickSide: priceSide.side,
      signal,
      onRows: (rows, fraction) =>
        onProgress?.({ bytes: totalBytes * (UNPACKING + (1 - UNPACKING) * fraction), totalBytes, rows }),
    });
    const examined = look(read, used[0]!);
    onProgress?.({ bytes: totalBytes, totalBytes, rows: read.rows });
    const counts = countKinds(examined.defects, read.raw.more);
    return await use({ opened, tables: { ...tables, tables: used }, read, examined, counts, priceSide });
  } catch (error) {
    if (!signal?.aborted) throw error;
    throw new FrontierError('CANCELLED', 'The import was cancelled. Nothing was imported.', undefined, error);
  } finally {
    db?.close();
    await work.remove();
  }
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

/** The zone that the rows state; undefined when they state none. */
export function statedZone({ raw }: ReadTables): string | undefined {
  return raw.offsets.length === 0 ? undefined : raw.offsets.map(offsetName).join(' and ');
}

/** The format of a file, and what stands in its columns that nobody reads. */
export function describeTable(table: Table): { format: string; ignored: string[]; hasVolume: boolean } {
  if (table.kind === 'text') {
    const { format, ignored, volume } = table.layout;
    return { format, ignored: [...ignored], hasVolume: volume !== undefined };
  }
  const { format, columns, roles, hasVolume } = table.parquet;
  return { format, hasVolume, ignored: columns.filter((_, i) => roles[i] === 'ignore') };
}

function zoneNotes(file: ReadFile, options: ImportOptions, suggested: SuggestedZone | undefined): string[] {
  const stated = statedZone(file.read);
  if (stated !== undefined) {
    return options.zone === undefined
      ? []
      : [`The file states its time zone (${stated}); the zone ${options.zone} was not used.`];
  }
  if (options.zone !== undefined) return [];
  const hint = suggested && suggested.zone !== 'UTC';
  return [
    'The file states no time zone; its times were read as UTC.',
    ...(hint ? [`${suggested.reason} If so, import it with zone ${suggested.zone}.`] : []),
  ];
}

function tickNotes({ read }: ReadFile): string[] {
  if (!read.ticks) return [];
  const { unpriced, crossed, side, count } = read.ticks;
  return [
    `${count} ticks were made bars of the ${side} price; their volume counts ticks.`,
    ...(unpriced > 0 ? [`${unpriced} ticks before the first ${side} price were left out.`] : []),
    ...(crossed > 0 ? [`${crossed} ticks have an ask below the bid.`] : []),
  ];
}

/** What was assumed about a file, in sentences for the user. */
export function notesOf(
  file: ReadFile,
  options: ImportOptions,
  suggested: SuggestedZone | undefined,
): string[] {
  const { read, tables, priceSide } = file;
  const { ignored, hasVolume } = describeTable(tables.tables[0]!);
  const notes = [...zoneNotes(file, options, suggested), ...tickNotes(file)];
  if (priceSide.from === 'nothing' && !read.ticks) {
    notes.push('The file does not say which side of the quote its prices are; they were taken as bid.');
  }
  if (priceSide.from === 'file') notes.push(`The prices were taken as ${priceSide.side}, as the names say.`);
  if (!hasVolume && !read.ticks) notes.push('The file has no volume; it was set to 0.');
  if (ignored.length > 0) notes.push(`Columns not read: ${ignored.join(', ')}.`);
  if (tables.tables.length > 1)
    notes.push(`${tables.tables.length} files of the archive were read as one history.`);
  if (tables.leftOut.length > 0)
    notes.push(`Files of the archive that are no tables: ${tables.leftOut.join(', ')}.`);
  if (read.raw.ambiguous > 0) {
    notes.push(`${read.raw.ambiguous} times occur twice in ${read.zoneName}; their order told them apart.`);
  }
  if (read.unterminated) {
    notes.push('The last line has no line end; if the file was cut off there, its last value may be short.');
  }
  return notes;
}

/** The bars of a file with its repairs done. @throws FrontierError IMPORT_FAILED for a kind without a repair */
function finishBars(file: ReadFile, options: ImportOptions, instrument: Instrument) {
  const { read, examined, counts } = file;
  const repairs = options.repairs ?? {};
  checkRepairs(examined.defects, counts, repairs, read.ticks ? 'ticks' : 'bars');
  if (read.ticks) {
    return { bars: read.ticks.finish(options.timeframe ?? 'M1', instrument), marks: undefined };
  }
  if (read.isClean) return { bars: read.raw.bars, marks: undefined };
  return applyRepairs(read.raw, examined, repairs);
}

function repairedOf({ examined, counts }: ReadFile, options: ImportOptions) {
  const rows = examined.defects.slice(0, 10_000).map(({ kind, line, text }) => ({ kind, line, text }));
  const notes = [...counts].map(
    ([kind, n]) => `${n} rows of kind ${kind} were repaired: ${options.repairs?.[kind]}.`,
  );
  return { repaired: { counts: Object.fromEntries(counts), rows }, notes };
}

function checkRows(bars: BarColumns, rows: number): void {
  const count = bars.timeMs.length;
  if (count >= 2) return;
  const found =
    count === rows ? `${count === 1 ? '1 row' : `${count} rows`}` : `${count} bars in ${rows} rows`;
  throw importError(
    `The file has ${found}; a history needs at least 2.`,
    'Give a file with at least two bars.',
  );
}

/**
 * Reads a file of bars or ticks, whole or not at all. The rules are numbered in `docs/spec/data.md`.
 * @param onProgress called after each stretch read
 * @throws FrontierError IMPORT_FAILED naming line and column; NOT_FOUND, BAD_INPUT for a bad path, symbol, zone or
 *   repair; CANCELLED when `options.signal` fires
 */
export async function importFile(
  path: string,
  options: ImportOptions,
  onProgress?: (progress: ImportProgress) => void,
): Promise<ImportResult> {
  const instrument = instrumentFor(options.symbol);
  return withReadFile(path, options, onProgress, (file) => {
    const { read, tables, opened } = file;
    if (tables.mustChoose) {
      throw importError(
        `The archive holds ${opened.entries.length} files that do not belong together.`,
        `Name the one to import: ${opened.entries
          .map((e) => e.name)
          .slice(0, 20)
          .join(', ')}.`,
      );
    }
    const { bars, marks } = finishBars(file, options, instrument);
    checkRows(bars, read.rows);
    const table = tables.tables[0]!;
    const { repaired, notes } = repairedOf(file, options);
    const suggested = zoneOfFormat(table.kind === 'text' ? table.layout : undefined);
    return {
      instrument,
      timeframe: read.ticks ? (options.timeframe ?? 'M1') : timeframeOf(bars, options.timeframe),
      priceSide: file.priceSide.side,
      bars,
      marks,
      format: describeTable(table).format,
      zone: statedZone(read) ?? read.zoneName,
      notes: [...notesOf(file, options, suggested), ...notes],
      repaired,
      rows: read.rows,
    };
  });
}
