import { randomUUID } from 'node:crypto';
import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import type { BarColumns } from '../../src-shared/market/bars.ts';
import { BarDuckdb } from './barsDuckdb.ts';
import { isMissing, syncPath } from './barsFiles.ts';
import type { MarkedBars } from './barsMerge.ts';

export type ExportFormat = 'csv' | 'parquet';

const HEADER = 'timestamp,open,high,low,close,volume\n';
const ROWS_PER_WRITE = 20_000;

/**
 * A finite number in decimal digits that read back as the very same double. JavaScript writes the shortest such
 * digits, but with an exponent below 1e-6 and from 1e21 on, which not every reader of CSV takes.
 */
export function plainDecimal(value: number): string {
  const text = String(value);
  const parts = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!parts) return text;
  const [, sign, whole = '', fraction = '', exponent] = parts;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, '0')}`;
}

/** The open in ISO 8601, UTC; milliseconds only where there are some. */
function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}

async function writeCsv(file: FileHandle, bars: BarColumns, signal: AbortSignal | undefined): Promise<void> {
  await file.write(HEADER);
  const { timeMs, open: opens, high, low, close, volume } = bars;
  for (let from = 0; from < timeMs.length; from += ROWS_PER_WRITE) {
    signal?.throwIfAborted();
    const to = Math.min(timeMs.length, from + ROWS_PER_WRITE);
    let text = '';
    for (let i = from; i < to; i++) {
      text += `${isoTime(timeMs[i]!)},${plainDecimal(opens[i]!)},${plainDecimal(high[i]!)},${plainDecimal(low[i]!)},${plainDecimal(close[i]!)},${plainDecimal(volume[i]!)}\n`;
    }
    await file.write(text);
  }
}

async function write(
  path: string,
  format: ExportFormat,
  marked: MarkedBars,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (format === 'parquet') {
    const duckdb = new BarDuckdb();
    try {
      await duckdb.write(path, marked);
    } finally {
      await duckdb.close();
    }
    return;
  }
  const file = await open(path, 'wx');
  try {
    await writeCsv(file, marked.bars, signal);
  } finally {
    await file.close();
  }
}

function exists(path: string, cause?: unknown): FrontierError {
  return new FrontierError(
    'CONFLICT',
    `${path} exists already.`,
    'Choose another name, or say that it may be replaced (--overwrite).',
    cause,
  );
}

/** Refuses what could not be written before the work is done. @throws FrontierError CONFLICT, BAD_INPUT */
async function checkTarget(path: string, overwrite: boolean): Promise<void> {
  try {
    const found = await lstat(path);
    if (!found.isFile()) {
      throw new FrontierError('BAD_INPUT', `${path} is no file.`, 'Name a file to write.');
    }
    if (!overwrite) throw exists(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Gives the finished file its name; without `overwrite` a file that appeared meanwhile is left alone. */
async function giveName(temporary: string, path: string, overwrite: boolean): Promise<void> {
  if (overwrite) return rename(temporary, path);
  try {
    // Unlike a rename, a second name never replaces a file.
    await link(temporary, path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw exists(path, error);
    await checkTarget(path, false);
    return rename(temporary, path);
  }
  await rm(temporary);
}

/** What cannot be written is the user's to know: the folder is missing, full, or not theirs. */
function cannotWrite(path: string, cause: unknown): unknown {
  const isSystem = cause instanceof Error && 'code' in cause && typeof cause.code === 'string';
  if (!isSystem || cause instanceof FrontierError) return cause;
  return new FrontierError(
    'UNAVAILABLE',
    `${path} cannot be written: ${cause.message}`,
    'Choose a folder that exists, may be written to and has room.',
    cause,
  );
}

/**
 * Writes bars to a file, whole or not at all: under another name first.
 * @param marked `csv` has the six columns; `parquet` also the marks
 * @returns bytes of the file
 * @throws FrontierError CONFLICT when the file exists and may not be replaced, BAD_INPUT when the path is no file,
 *   UNAVAILABLE when it cannot be written
 */
export async function exportBars(
  path: string,
  format: ExportFormat,
  marked: MarkedBars,
  options: { readonly overwrite: boolean; readonly signal?: AbortSignal | undefined },
): Promise<number> {
  await checkTarget(path, options.overwrite);
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    await write(temporary, format, marked, options.signal);
    await syncPath(temporary);
    const { size } = await lstat(temporary);
    await giveName(temporary, path, options.overwrite);
    return size;
  } catch (error) {
    // Where not even this can be done, the first error says why.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw cannotWrite(path, error);
  }
}
