import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import type { PriceSide } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { TIMEFRAMES, type Timeframe } from '../../src-shared/market/timeframes.ts';

/** One Parquet file: a calendar year (UTC) of a dataset. */
export interface YearFile {
  readonly year: number;
  readonly bars: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** `dataset.json`: which files are the dataset. Replacing this one file is what makes a save take effect. */
export interface DatasetManifest {
  readonly version: 1;
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
}

const MANIFEST = 'dataset.json';
/** Leftovers of a killed save are removed once they are this old; younger ones may be another process at work. */
const LEFTOVER_AFTER_MS = 3_600_000;

/** @throws FrontierError BAD_INPUT for a symbol or timeframe that cannot name a folder */
export function datasetFolder(root: string, symbol: string, timeframe: Timeframe): string {
  if (!TIMEFRAMES.includes(timeframe)) {
    throw new FrontierError(
      'BAD_INPUT',
      `"${timeframe}" is no timeframe.`,
      `Use one of ${TIMEFRAMES.join(', ')}.`,
    );
  }
  return join(root, `symbol=${instrumentFor(symbol).symbol}`, `timeframe=${timeframe}`);
}

/** The Parquet files of some years of a dataset. */
export function yearPath(folder: string, manifest: Pick<DatasetManifest, 'folder'>, year: number): string {
  return join(folder, manifest.folder, `year=${year}`, 'bars.parquet');
}

function isManifest(value: unknown): value is DatasetManifest {
  if (typeof value !== 'object' || value === null) return false;
  const m = value as Record<string, unknown>;
  return (
    m.version === 1 &&
    typeof m.symbol === 'string' &&
    typeof m.folder === 'string' &&
    /^data-[0-9a-f-]+$/.test(m.folder) &&
    typeof m.dataHash === 'string' &&
    typeof m.bars === 'number' &&
    Array.isArray(m.years)
  );
}

/** @returns undefined when there is no such dataset @throws FrontierError CORRUPT when it cannot be read */
export async function readManifest(folder: string): Promise<DatasetManifest | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, MANIFEST), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw corrupt(`The list of bar files ${join(folder, MANIFEST)} is damaged.`, cause);
  }
  if (!isManifest(value)) throw corrupt(`${join(folder, MANIFEST)} is not a list of bar files.`);
  return value;
}

/** Error for stored bars that are not what was saved. */
export function corrupt(message: string, cause?: unknown): FrontierError {
  return new FrontierError('CORRUPT', message, 'Remove this dataset and import the history again.', cause);
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

/** Replaces the manifest in one step, so that a kill leaves the old dataset or the new one. */
export async function writeManifest(folder: string, manifest: DatasetManifest): Promise<void> {
  const temporary = join(folder, `.tmp-${randomUUID()}.json`);
  const handle = await open(temporary, 'wx');
  try {
    await handle.writeFile(`${JSON.stringify(manifest, null, 1)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, join(folder, MANIFEST));
  await syncPath(folder);
}

/** A new, empty folder that no reader looks into. */
export async function temporaryFolder(folder: string): Promise<{ temporary: string; name: string }> {
  const id = randomUUID();
  const temporary = join(folder, `.tmp-${id}`);
  await mkdir(temporary, { recursive: true });
  return { temporary, name: `data-${id}` };
}

/** Removes what the manifest no longer names: the dataset just replaced, and old leftovers of killed saves. */
export async function removeUnused(
  folder: string,
  keep: string,
  replaced: string | undefined,
): Promise<void> {
  // Another process may have saved in between: what the manifest names now is in use.
  const current = await readManifest(folder);
  for (const entry of await readdir(folder)) {
    if (entry === MANIFEST || entry === keep || entry === current?.folder) continue;
    const path = join(folder, entry);
    const age = await ageMs(path);
    if (entry === replaced || (age !== undefined && age > LEFTOVER_AFTER_MS)) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

async function ageMs(path: string): Promise<number | undefined> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
