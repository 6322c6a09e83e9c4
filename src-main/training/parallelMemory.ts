import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TrainState } from '../tensor/train-session.ts';

/**
 * What the processes of a data-parallel run share: one file that all of them read and write at fixed offsets. Node
 * has no memory that two processes map, so each exchange is a copy into and out of the page cache (in memory where
 * the file lies on tmpfs), which is what shared memory costs too.
 */

/** Sizes of the shared file, in float32 elements. */
export interface MemoryPlan {
  /** Parts that a batch is cut into, one per worker at the start. */
  readonly shards: number;
  /** Elements of a gradient. */
  readonly total: number;
  /** Vectors of a whole state: weights, slots of the optimiser, moving average. */
  readonly vectors: number;
}

const FLOAT_BYTES = 4;
const MEMORY_FOLDER = '/dev/shm';
/** The disk or the memory must hold twice what the file takes, so that nobody else runs out. */
const ROOM = 2;

/** Bytes of the shared file: two sets of gradients (a fast worker may be one step ahead), and a state per shard. */
export const memoryBytes = ({ shards, total, vectors }: MemoryPlan): number =>
  (2 * shards * total + (shards + 1) * vectors * total) * FLOAT_BYTES;

async function hasRoom(folder: string, bytes: number): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize >= ROOM * bytes;
  } catch {
    return false;
  }
}

/** A new folder for the files of a run: in memory where the system has such a place with room, else on disk. */
export async function sharedFolder(bytes: number): Promise<string> {
  const parent = (await hasRoom(MEMORY_FOLDER, bytes)) ? MEMORY_FOLDER : os.tmpdir();
  return mkdtemp(path.join(parent, 'frontier-parallel-'));
}

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

const bytesOf = (view: Float32Array | Int32Array): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** Reads a whole array from a file. */
export function readArray<T extends Float32Array | Int32Array>(file: string, into: T, offsetBytes = 0): T {
  const descriptor = openSync(file, 'r');
  try {
    readFully(descriptor, bytesOf(into), offsetBytes);
  } finally {
    closeSync(descriptor);
  }
  return into;
}

/** Writes a file that holds an array and nothing else. */
export function writeArray(file: string, values: Float32Array | Int32Array): void {
  const descriptor = openSync(file, 'w', 0o600);
  try {
    writeFully(descriptor, bytesOf(values), 0);
  } finally {
    closeSync(descriptor);
  }
}

function readFully(descriptor: number, into: Uint8Array, position: number): void {
  let done = 0;
  while (done < into.length) {
    const got = readSync(descriptor, into, done, into.length - done, position + done);
    if (got === 0) throw new Error('the shared file of the parallel run is shorter than planned');
    done += got;
  }
}

function writeFully(descriptor: number, from: Uint8Array, position: number): void {
  let done = 0;
  while (done < from.length) done += writeSync(descriptor, from, done, from.length - done, position + done);
}

/** The shared file, open in one process. */
export class SharedVectors {
  readonly #plan: MemoryPlan;
  readonly #descriptor: number;
  readonly #scratch: Float32Array;

  /** @param create true in the process that makes the file */
  constructor(file: string, plan: MemoryPlan, create: boolean) {
    this.#plan = plan;
    this.#descriptor = openSync(file, create ? 'w+' : 'r+', 0o600);
    if (create) ftruncateSync(this.#descriptor, memoryBytes(plan));
    this.#scratch = new Float32Array(plan.total);
  }

  #gradientAt(step: number, shard: number): number {
    const { shards, total } = this.#plan;
    return ((step % 2) * shards + shard) * total * FLOAT_BYTES;
  }

  #stateAt(slot: number): number {
    const { shards, total, vectors } = this.#plan;
    return (2 * shards + slot * vectors) * total * FLOAT_BYTES;
  }

  /** Slot of the state that the whole run has in common; the others belong to the shards. */
  get common(): number {
    return this.#plan.shards;
  }

  writeGradient(step: number, shard: number, gradient: Float32Array): void {
    writeFully(this.#descriptor, bytesOf(gradient), this.#gradientAt(step, shard));
  }

  /** Mean of the gradients of all shards, summed in their order in double precision: equal in every process. */
  meanGradient(step: number): Float32Array {
    const { shards, total } = this.#plan;
    return this.#mean(shards, total, (shard) => this.#gradientAt(step, shard));
  }

  writeState(slot: number, { parameters, slots, average }: TrainState): void {
    const vectors = [parameters, ...slots, ...(average ? [average] : [])];
    vectors.forEach((vector, i) => {
      writeFully(this.#descriptor, bytesOf(vector), this.#stateAt(slot) + i * this.#plan.total * FLOAT_BYTES);
    });
  }

  /** @param like a state with the same vectors, of which the small values are kept */
  readState(
    slot: number,
    like: Pick<TrainState, 'lossScale'> & { slots: number; average: boolean },
  ): TrainState {
    const read = (i: number): Float32Array => {
      const vector = new Float32Array(this.#plan.total);
      readFully(this.#descriptor, bytesOf(vector), this.#stateAt(slot) + i * this.#plan.total * FLOAT_BYTES);
      return vector;
    };
    return stateOf(read, like);
  }

  /** Mean of the states of all shards. */
  meanState(like: Pick<TrainState, 'lossScale'> & { slots: number; average: boolean }): TrainState {
    const { shards, total } = this.#plan;
    const mean = (i: number): Float32Array =>
      this.#mean(shards, total, (shard) => this.#stateAt(shard) + i * total * FLOAT_BYTES);
    return stateOf(mean, like);
  }

  #mean(count: number, length: number, offset: (i: number) => number): Float32Array {
    const sum = new Float64Array(length);
    const part = this.#scratch;
    for (let i = 0; i < count; i++) {
      readFully(this.#descriptor, bytesOf(part), offset(i));
      if (i === 0) sum.set(part);
      else for (let j = 0; j < length; j++) sum[j]! += part[j]!;
    }
    const mean = new Float32Array(length);
    for (let j = 0; j < length; j++) mean[j] = sum[j]! / count;
    return mean;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

function stateOf(
  vector: (i: number) => Float32Array,
  { slots, average, lossScale }: Pick<TrainState, 'lossScale'> & { slots: number; average: boolean },
): TrainState {
  return {
    parameters: vector(0),
    slots: Array.from({ length: slots }, (_, i) => vector(i + 1)),
    ...(average ? { average: vector(slots + 1) } : {}),
    ...(lossScale ? { lossScale } : {}),
  };
}
