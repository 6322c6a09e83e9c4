import { rm } from 'node:fs/promises';
import { TIMEFRAMES, type Timeframe } from '../../src-shared/market/timeframes.ts';
import { datasetFolder, entriesOf, lockPath, readCurrent, readRemoved, SIDES } from './barsFiles.ts';
import { withFileLock } from './barsLock.ts';

/** Removed histories are kept for so long, */
const KEPT_MS = 30 * 86_400_000;
/** and this many of them. */
const KEPT_COUNT = 20;

interface Removed {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly folder: string;
  readonly removedMs: number;
}

async function removedAt(folder: string): Promise<number | undefined> {
  if (await readCurrent(folder)) return undefined;
  return (await readRemoved(folder))?.removedMs;
}

async function everyRemoved(root: string): Promise<Removed[]> {
  const found: Removed[] = [];
  for (const entry of await entriesOf(root)) {
    const symbol = /^symbol=(.+)$/.exec(entry)?.[1];
    if (symbol === undefined) continue;
    for (const timeframe of TIMEFRAMES) {
      for (const side of SIDES) {
        const folder = datasetFolder(root, symbol, timeframe, side);
        // A damaged note keeps its files: nothing is deleted by mistake.
        const removedMs = await removedAt(folder).catch(() => undefined);
        if (removedMs !== undefined) found.push({ symbol, timeframe, folder, removedMs });
      }
    }
  }
  return found;
}

/** Deletes the files of histories that were removed too long ago to be brought back. Not under a lock. */
export async function removeExpired(root: string, nowMs: number): Promise<void> {
  const newestFirst = (await everyRemoved(root)).sort((a, b) => b.removedMs - a.removedMs);
  for (const [i, removed] of newestFirst.entries()) {
    if (i < KEPT_COUNT && nowMs - removed.removedMs <= KEPT_MS) continue;
    await withFileLock(lockPath(root, removed.symbol, removed.timeframe), async () => {
      if ((await removedAt(removed.folder)) === removed.removedMs) {
        await rm(removed.folder, { recursive: true, force: true });
      }
    });
  }
}
