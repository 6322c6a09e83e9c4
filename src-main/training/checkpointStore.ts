import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';

const NAME = /^step-(\d{9,})\.checkpoint$/;
/** The one file that earlier releases kept. */
const EARLIER_FILE = 'checkpoint.bin';

const nameOf = (step: number): string => `step-${String(step).padStart(9, '0')}.checkpoint`;

/** File names of the checkpoints in a folder, newest first. */
async function namesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (entries.includes(EARLIER_FILE)) {
    throw new FrontierError(
      'CONFLICT',
      'the checkpoint of this run was made by an earlier release',
      'Start a new run with the same settings.',
    );
  }
  return entries.filter((entry) => NAME.test(entry)).sort((a, b) => (a < b ? 1 : -1));
}

/** Makes a rename itself durable; Windows cannot open folders and needs no such step. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeWhole(directory: string, name: string, pieces: readonly Buffer[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  const target = path.join(directory, name);
  const temporary = `${target}.tmp`;
  const file = await open(temporary, 'w');
  try {
    // `writev` may write less than it is given; `writeFile` of one piece after the other does not.
    for (const piece of pieces) await file.writeFile(piece);
    await file.sync();
  } catch (error) {
    // On a full disk half a checkpoint would take the room that the record of the failure needs.
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(temporary, target);
  await syncDirectory(directory);
}

/** A checkpoint that was found, and what had to be passed over to find it. */
export interface FoundCheckpoint {
  readonly checkpoint: Checkpoint;
  /** Steps of newer checkpoints that are damaged. */
  readonly damaged: readonly number[];
}

/**
 * The newest checkpoint of a folder that is whole, or undefined where there is none. Damaged ones are renamed, so
 * that they are neither read nor counted again.
 * @throws FrontierError CORRUPT where there are checkpoints and none is whole; CONFLICT where an earlier release made
 *   them
 */
export async function findCheckpoint(directory: string): Promise<FoundCheckpoint | undefined> {
  const names = await namesIn(directory);
  const damaged: string[] = [];
  for (const name of names) {
    try {
      const checkpoint = decodeCheckpoint(await readFile(path.join(directory, name)));
      for (const bad of damaged)
        await rename(path.join(directory, bad), path.join(directory, `${bad}.damaged`));
      return { checkpoint, damaged: damaged.map((bad) => Number(NAME.exec(bad)![1])) };
    } catch (error) {
      if (!(error instanceof FrontierError) || error.code !== 'CORRUPT') throw error;
      if (name === names.at(-1)) throw error;
      damaged.push(name);
    }
  }
  return undefined;
}

/** The newest whole checkpoint of a folder, or undefined where there is none. Errors as of `findCheckpoint`. */
export async function readCheckpoint(directory: string): Promise<Checkpoint | undefined> {
  return (await findCheckpoint(directory))?.checkpoint;
}

/**
 * The checkpoints of one run: each a file of its own, written whole or not at all (a crash at any moment leaves the
 * old ones as they were), the newest few kept. Each also holds the best weights so far.
 */
export class CheckpointStore {
  readonly #directory: string;
  readonly #keep: number;
  #writing: Promise<void> = Promise.resolve();
  #error: unknown;
  #pending = 0;

  /** @param keep checkpoints that stay, at least 1 */
  constructor(directory: string, keep: number) {
    this.#directory = directory;
    this.#keep = keep;
  }

  /** True while a checkpoint is on its way to the disk. */
  get busy(): boolean {
    return this.#pending > 0;
  }

  /**
   * Encodes the checkpoint now and writes it while the run goes on; what goes wrong is thrown by the next `settle`.
   * @param onWritten called when it is on the disk
   */
  begin(checkpoint: Checkpoint, onWritten: () => void): void {
    const pieces = encodeCheckpoint(checkpoint);
    this.#pending += 1;
    const before = this.#writing;
    this.#writing = before
      .then(() => writeWhole(this.#directory, nameOf(checkpoint.progress.step), pieces))
      .then(() => this.#prune())
      .then(onWritten)
      .catch((error: unknown) => {
        this.#error ??= error;
      })
      .finally(() => {
        this.#pending -= 1;
      });
  }

  /** Waits until everything is on the disk. @throws what the system refused */
  async settle(): Promise<void> {
    await this.#writing;
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error;
  }

  async #prune(): Promise<void> {
    for (const name of (await namesIn(this.#directory)).slice(this.#keep))
      await rm(path.join(this.#directory, name), { force: true });
  }
}
