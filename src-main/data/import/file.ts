import { basename } from 'node:path';
import type { ImportChoices } from '../../../src-shared/contract/import.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import type { Instrument } from '../../../src-shared/market/instruments.ts';
import { detectTimeframe, type Timeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { offsetName, parseZone } from '../../../src-shared/market/zones.ts';
import { ImportDuckdb } from './duckdb.ts';
import { type Examined, examine } from './examine.ts';
import { type OpenedFile, openFile, WorkFolder } from './parts.ts';
import { type ReadTables, readTables } from './read.ts';
import { countKinds } from './repairs.ts';
import { guessSide, type SuggestedZone, zoneOfFormat, zoneOfWeeks } from './suggest.ts';
import { type Table, type Tables, tablesOf } from './tables.ts';

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
    return options.zone === undefined || options.zone === stated
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
  if (read.isTurned)
    notes.push('The file has the newest row first; its rows were read from the last to the first.');
  if (read.raw.ambiguous > 0) {
    notes.push(`${read.raw.ambiguous} times occur twice in ${read.zoneName}; their order told them apart.`);
  }
  if (read.unterminated) {
    notes.push('The last line has no line end; if the file was cut off there, its last value may be short.');
  }
  return notes;
}

/** The zone that the week of the data or its format suggests, where the file states none. */
export function suggestZone(
  { read, tables }: ReadFile,
  zone: string | undefined,
  instrument: Instrument | undefined,
): SuggestedZone | undefined {
  if (statedZone(read) !== undefined) return undefined;
  const [table] = tables.tables;
  const ofFormat = zoneOfFormat(table?.kind === 'text' ? table.layout : undefined);
  if (instrument && instrument.calendar !== 'fx') return ofFormat;
  const timeMs = read.ticks ? read.ticks.minutes().timeMs : read.raw.bars.timeMs;
  const timeframe = detectTimeframe(timeMs);
  const clock = parseZone(zone ?? 'UTC');
  const toLocal = (utcMs: number): number => utcMs + clock.offsetMsAt(utcMs);
  const ofWeeks = timeframe && zoneOfWeeks(timeMs, timeframeMs(timeframe), toLocal);
  return ofWeeks ?? ofFormat;
}
