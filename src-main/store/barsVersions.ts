import { copyFile, link, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import {
  CURRENT,
  type DatasetManifest,
  type DatasetState,
  entriesOf,
  REMOVED,
  readCurrent,
  readRemoved,
  readVersion,
  removeUnused,
  syncPath,
  temporaryFolder,
  writeState,
  writeVersion,
} from './barsFiles.ts';

/** Versions kept beside the one in use. */
const KEPT_VERSIONS = 5;

/** What a change starts from. */
export interface Before {
  /** The history as it is, or as it was when it was removed. */
  readonly state: DatasetState | undefined;
  readonly isRemoved: boolean;
  /** Folders of every kept version, the one that was in use last first. */
  readonly kept: readonly string[];
}

/** Damaged state must not keep a new import from replacing it, nor lose the versions that are whole. */
async function unlessCorrupt(read: Promise<DatasetState | undefined>): Promise<DatasetState | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof FrontierError && error.code === 'CORRUPT') return undefined;
    throw error;
  }
}

async function wholeVersions(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await entriesOf(folder)) {
    if (!entry.startsWith('data-')) continue;
    if (await unlessCorrupt(readVersion(folder, entry))) found.push(entry);
  }
  return found;
}

/** The state of a history before a change. Under the lock. */
export async function stateBefore(folder: string): Promise<Before> {
  const current = await unlessCorrupt(readCurrent(folder));
  const state = current ?? (await unlessCorrupt(readRemoved(folder)));
  const kept = state ? [state.folder, ...(state.earlier ?? [])] : await wholeVersions(folder);
  return { state, isRemoved: current === undefined, kept };
}

/** The same file under a second name; a copy where the file system knows no second names. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to);
    await syncPath(to);
  }
}

/** What a commit takes. */
export interface Commit {
  readonly before: Before;
  /** Version that is not kept: an earlier step of the same change. */
  readonly supersede?: string | undefined;
  /** Writes the Parquet files into a folder and says what they are. */
  readonly write: (temporary: string) => Promise<Omit<DatasetManifest, 'folder'>>;
}

/** Writes a version and puts it in use: whole or not at all. Under the lock. */
export async function commitVersion(folder: string, commit: Commit): Promise<DatasetState> {
  const { temporary, name } = await temporaryFolder(folder);
  const kept = commit.before.kept.filter((f) => f !== commit.supersede).slice(0, KEPT_VERSIONS);
  try {
    const manifest = await commit.write(temporary);
    const state: DatasetState = { ...manifest, folder: name, earlier: kept };
    await writeVersion(temporary, state);
    await syncPath(temporary);
    await rename(temporary, join(folder, name));
    await putInUse(folder, state);
    return state;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** Makes a state the history; versions that it does not name go. Under the lock. */
export async function putInUse(folder: string, state: DatasetState): Promise<void> {
  await writeState(folder, CURRENT, state);
  await rm(join(folder, REMOVED), { force: true });
  await removeUnused(folder, state);
}

/**
 * Puts an earlier version in use again. The one that was in use goes to the end of those kept: it is the first to
 * make room. Under the lock.
 * @throws FrontierError NOT_FOUND when it is no longer kept, CORRUPT
 */
export async function restoreVersion(folder: string, dataFolder: string): Promise<DatasetState> {
  const before = await stateBefore(folder);
  if (!before.isRemoved && before.state?.folder === dataFolder) return before.state;
  const manifest = await readVersion(folder, dataFolder);
  if (!manifest) {
    throw new FrontierError(
      'NOT_FOUND',
      'The version before this change is no longer kept.',
      `The newest ${KEPT_VERSIONS} versions of a history are; import the history again.`,
    );
  }
  const others = before.kept.filter((f) => f !== dataFolder);
  const last = before.isRemoved ? undefined : before.state?.folder;
  const earlier = last === undefined ? others : [...others.filter((f) => f !== last), last];
  const state = { ...manifest, folder: dataFolder, earlier: earlier.slice(0, KEPT_VERSIONS) };
  await putInUse(folder, state);
  return state;
}

/** Takes a history out of use and keeps its versions. Under the lock. */
export async function removeVersion(folder: string, nowMs: number): Promise<void> {
  if (!(await entriesOf(folder)).includes(CURRENT)) return;
  const { state, kept } = await stateBefore(folder);
  if (state) await writeState(folder, REMOVED, { ...state, earlier: kept.slice(1), removedMs: nowMs });
  await rm(join(folder, CURRENT));
  await syncPath(folder);
}
