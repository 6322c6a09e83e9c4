import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CURRENT,
  entriesOf,
  isMissing,
  readCurrent,
  syncPath,
  writeState,
  writeVersion,
} from './barsFiles.ts';

/** Whether the folder of a timeframe holds a history as the first release wrote it, without a folder by side. */
export async function hasReleasedLayout(timeframeFolder: string): Promise<boolean> {
  try {
    await access(join(timeframeFolder, CURRENT));
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function renameUnlessDone(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/**
 * Moves a history of the first release under the folder of its side. Under the lock; whatever a kill leaves half
 * done, the next call ends. The files are moved before the new manifest names them, and the old manifest goes last.
 * @throws FrontierError CORRUPT when its manifest cannot be read
 */
export async function adoptReleased(timeframeFolder: string): Promise<void> {
  const released = await readCurrent(timeframeFolder);
  if (!released) return;
  const folder = join(timeframeFolder, `side=${released.priceSide}`);
  if ((await readCurrent(folder)) === undefined) {
    await mkdir(folder, { recursive: true });
    const data = join(folder, released.folder);
    await renameUnlessDone(join(timeframeFolder, released.folder), data);
    await mkdir(data, { recursive: true });
    await writeVersion(data, released);
    await writeState(folder, CURRENT, { ...released, earlier: [] });
  }
  await rm(join(timeframeFolder, CURRENT), { force: true });
  for (const entry of await entriesOf(timeframeFolder)) {
    if (entry.startsWith('data-') || entry.startsWith('.tmp-')) {
      await rm(join(timeframeFolder, entry), { recursive: true, force: true });
    }
  }
  await syncPath(timeframeFolder);
}

/** Puts a manifest that cannot be read aside, so that a new history can be stored. */
export async function setDamagedAside(timeframeFolder: string): Promise<void> {
  await rename(join(timeframeFolder, CURRENT), join(timeframeFolder, `${CURRENT}.damaged`));
}
