import { createHash, randomUUID, webcrypto } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import type { PriceSide } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { TIMEFRAMES, type Timeframe } from '../../src-shared/market/timeframes.ts';

/** Sides in the order in which reading looks for them where none is asked for. */
export const SIDES: readonly PriceSide[] = ['bid', 'mid', 'ask'];

/** A stretch that a provider has answered for, [from, to), epoch milliseconds UTC, with bars or without. */
export interface SourceSpan {
  readonly providerId: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** One Parquet file: a calendar year (UTC) of a dataset. */
export interface YearFile {
  readonly year: number;
  readonly bars: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Bars with a mark; absent for files of the first release, which have no such column. */
  readonly marked?: number;
  /** SHA-256 of the file; absent for files of the first release. */
  readonly sha256?: string;
}

/** A version of a history: `version.json` beside its Parquet files. */
export interface DatasetManifest {
  /** Of this file's layout; the first release wrote 1. */
  readonly version: 1 | 2;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly priceSide: PriceSide;
  /** Folder with the Parquet files, beside the manifest. */
  readonly folder: string;
  readonly dataHash: string;
  readonly bars: number;
  /** Open of the first and of the last bar, epoch milliseconds UTC. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly years: readonly YearFile[];
  readonly spans?: readonly SourceSpan[];
}

/**
 * `dataset.json`: which version is the history. Replacing this one file is what makes a change take effect.
 * `removed.json` is the same for a history that was removed and can still be brought back.
 */
export interface DatasetState extends DatasetManifest {
  /** Folders of the versions before it, the one replaced last first. */
  readonly earlier?: readonly string[];
  readonly removedMs?: number;
  /** SHA-256 of the rest of this file as JSON; absent in layout 1. */
  readonly check?: string;
}

export const CURRENT = 'dataset.json';
export const REMOVED = 'removed.json';
const VERSION = 'version.json';
const FOLDER = /^data-[0-9a-f-]+$/;

function bad(message: string, hint: string): FrontierError {
  return new FrontierError('BAD_INPUT', message, hint);
}

/** @throws FrontierError BAD_INPUT for a symbol or timeframe that cannot name a folder */
export function timeframeFolder(root: string, symbol: string, timeframe: Timeframe): string {
  if (!TIMEFRAMES.includes(timeframe)) {
    throw bad(`"${timeframe}" is no timeframe.`, `Use one of ${TIMEFRAMES.join(', ')}.`);
  }
  return join(root, `symbol=${instrumentFor(symbol).symbol}`, `timeframe=${timeframe}`);
}

/** Folder of a history. @throws FrontierError BAD_INPUT as `timeframeFolder`, and for no side */
export function datasetFolder(root: string, symbol: string, timeframe: Timeframe, side: PriceSide): string {
  if (!SIDES.includes(side)) throw bad(`"${side}" is no side.`, 'Use bid, ask or mid.');
  return join(timeframeFolder(root, symbol, timeframe), `side=${side}`);
}

/** File that whoever changes a history of the timeframe locks. */
export function lockPath(root: string, symbol: string, timeframe: Timeframe): string {
  return join(timeframeFolder(root, symbol, timeframe), '.lock');
}

/** The Parquet file of a year of a version. */
export function yearPath(folder: string, manifest: Pick<DatasetManifest, 'folder'>, year: number): string {
  return join(folder, manifest.folder, `year=${year}`, 'bars.parquet');
}

/** The version that a folder holds, as callers know it. */
export const versionOf = (dataFolder: string): string => dataFolder.slice('data-'.length);
/** @throws FrontierError BAD_INPUT for text that names no version, such as a path */
export function folderOf(version: string): string {
  const folder = `data-${version}`;
  if (!FOLDER.test(folder))
    throw bad(`"${version}" is no version of a history.`, 'List the changes to see them.');
  return folder;
}

function isState(value: unknown): value is DatasetState {
  if (typeof value !== 'object' || value === null) return false;
  const m = value as Record<string, unknown>;
  const earlier = m.earlier ?? [];
  return (
    (m.version === 1 || m.version === 2) &&
    typeof m.symbol === 'string' &&
    TIMEFRAMES.some((t) => t === m.timeframe) &&
    SIDES.some((s) => s === m.priceSide) &&
    typeof m.folder === 'string' &&
    FOLDER.test(m.folder) &&
    typeof m.dataHash === 'string' &&
    typeof m.bars === 'number' &&
    Array.isArray(m.years) &&
    Array.isArray(earlier) &&
    earlier.every((e) => typeof e === 'string' && FOLDER.test(e))
  );
}

const checkOf = (state: DatasetState): string =>
  createHash('sha256').update(JSON.stringify(state)).digest('hex');

/** @returns undefined when there is no such file @throws FrontierError CORRUPT when it cannot be read */
async function readState(path: string): Promise<DatasetState | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw corrupt(`The list of bar files ${path} is damaged.`, cause);
  }
  if (!isState(value)) throw corrupt(`${path} is not a list of bar files.`);
  const { check, ...state } = value;
  if (state.version !== 1 && check !== checkOf(state)) {
    throw corrupt(`The list of bar files ${path} is damaged.`);
  }
  return state;
}

/** What a history is now. @throws FrontierError CORRUPT */
export const readCurrent = (folder: string): Promise<DatasetState | undefined> =>
  readState(join(folder, CURRENT));
/** What a removed history was. @throws FrontierError CORRUPT */
export const readRemoved = (folder: string): Promise<DatasetState | undefined> =>
  readState(join(folder, REMOVED));
/** A kept version. @throws FrontierError CORRUPT */
export const readVersion = (folder: string, dataFolder: string): Promise<DatasetManifest | undefined> =>
  readState(join(folder, dataFolder, VERSION));

/** Error for stored bars that are not what was saved. */
export function corrupt(message: string, cause?: unknown): FrontierError {
  return new FrontierError(
    'CORRUPT',
    message,
    'Take back the last change of this history, or remove it and import it again.',
    cause,
  );
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** SHA-256 of a file, computed beside the engine's thread. */
export async function fileDigest(path: string): Promise<string> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', await readFile(path))).toString('hex');
}

/** Forces a file or folder to disk; folders cannot be opened on Windows, where rename is journalled. */
export async function syncPath(path: string): Promise<void> {
  if (process.platform === 'win32' && (await stat(path)).isDirectory()) return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeJson(folder: string, name: string, state: DatasetState): Promise<void> {
  const value = { ...state, check: checkOf(state) };
  const temporary = join(folder, `.tmp-${randomUUID()}.json`);
  const handle = await open(temporary, 'wx');
  try {
    await handle.writeFile(`${JSON.stringify(value, null, 1)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, join(folder, name));
}

/** Replaces the state in one step, so that a kill leaves the old history or the new one. */
export async function writeState(folder: string, name: string, state: DatasetState): Promise<void> {
  await writeJson(folder, name, state);
  await syncPath(folder);
}

/** Notes beside the Parquet files what they are, so that the version can be brought back. */
export async function writeVersion(path: string, state: DatasetState): Promise<void> {
  const { earlier: _earlier, removedMs: _removedMs, ...manifest } = state;
  await writeJson(path, VERSION, manifest);
}

/** A new, empty folder that no reader looks into. */
export async function temporaryFolder(folder: string): Promise<{ temporary: string; name: string }> {
  const id = randomUUID();
  const temporary = join(folder, `.tmp-${id}`);
  await mkdir(temporary, { recursive: true });
  return { temporary, name: `data-${id}` };
}

/** Removes what the state no longer names: versions too old to keep, and leftovers of killed saves. Under the lock. */
export async function removeUnused(folder: string, state: DatasetState): Promise<void> {
  const keep = new Set([CURRENT, REMOVED, state.folder, ...(state.earlier ?? [])]);
  for (const entry of await entriesOf(folder)) {
    if (!keep.has(entry)) await rm(join(folder, entry), { recursive: true, force: true });
  }
}

/** Names in a folder; none where there is no folder. */
export async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
