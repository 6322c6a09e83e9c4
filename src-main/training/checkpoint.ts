import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import type { EngineName } from '../tensor/engine.ts';
import type { TrainState } from '../tensor/train-session.ts';
import type { CurvePoint } from './types.ts';

/** What a run knows besides its tensors. */
export interface RunProgress {
  step: number;
  elapsedMs: number;
  finalLoss: number;
  bestStep: number;
  bestValidationLoss?: number;
  epochsSinceBest: number;
  stoppedEarly: boolean;
  curve: CurvePoint[];
}

export interface Checkpoint {
  readonly fingerprint: string;
  readonly engine: EngineName;
  readonly progress: RunProgress;
  readonly state: TrainState;
  /** Weights at `bestStep`, where validation has chosen some. */
  readonly best: Float32Array | undefined;
}

const MAGIC = 'FRTRAIN2';
const FILE = 'checkpoint.bin';
const DIGEST_BYTES = 32;

interface Header {
  readonly fingerprint: string;
  readonly engine: EngineName;
  readonly progress: RunProgress;
  readonly parameters: number;
  readonly hasBest: boolean;
  readonly slots: number;
  readonly hasAverage: boolean;
  readonly lossScale?: TrainState['lossScale'];
}

/**
 * Layout: magic, header length (uint32, little endian), header JSON, padding to 4 bytes, the vectors as
 * little-endian float32, and the SHA-256 of everything before it.
 */
export function encodeCheckpoint(checkpoint: Checkpoint): Buffer {
  const { fingerprint, engine, progress, state, best } = checkpoint;
  const header: Header = {
    fingerprint,
    engine,
    progress,
    parameters: state.parameters.length,
    hasBest: best !== undefined,
    slots: state.slots.length,
    hasAverage: state.average !== undefined,
    ...(state.lossScale ? { lossScale: state.lossScale } : {}),
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const vectors = [
    state.parameters,
    ...state.slots,
    ...(state.average ? [state.average] : []),
    ...(best ? [best] : []),
  ];
  const body = Buffer.concat([
    Buffer.from(MAGIC),
    length,
    json,
    Buffer.alloc((4 - (json.length % 4)) % 4),
    ...vectors.map((v) => Buffer.from(v.buffer, v.byteOffset, v.byteLength)),
  ]);
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
}

/** @throws FrontierError CORRUPT where the file is cut short, altered or something else */
export function decodeCheckpoint(bytes: Buffer): Checkpoint {
  const body = bytes.subarray(0, Math.max(0, bytes.length - DIGEST_BYTES));
  const digest = bytes.subarray(body.length);
  const known = body.subarray(0, MAGIC.length).toString('latin1') === MAGIC;
  if (!known || !createHash('sha256').update(body).digest().equals(digest)) {
    throw new FrontierError(
      'CORRUPT',
      `the training checkpoint ${FILE} is damaged (its checksum does not match)`,
      'Delete the checkpoint folder and start the run again.',
    );
  }
  const jsonStart = MAGIC.length + 4;
  const jsonEnd = jsonStart + body.readUInt32LE(MAGIC.length);
  const header = JSON.parse(body.subarray(jsonStart, jsonEnd).toString('utf8')) as Header;
  let offset = jsonStart + Math.ceil((jsonEnd - jsonStart) / 4) * 4;
  const vector = (): Float32Array => {
    const values = new Float32Array(header.parameters);
    Buffer.from(values.buffer).set(body.subarray(offset, offset + values.byteLength));
    offset += values.byteLength;
    return values;
  };
  const state: TrainState = {
    parameters: vector(),
    slots: Array.from({ length: header.slots }, vector),
    ...(header.hasAverage ? { average: vector() } : {}),
    ...(header.lossScale ? { lossScale: header.lossScale } : {}),
  };
  const { fingerprint, engine, progress } = header;
  return { fingerprint, engine, progress, state, best: header.hasBest ? vector() : undefined };
}

/** Writes the checkpoint so that a crash at any moment leaves the old one or the new one, never a mixture. */
export async function writeCheckpoint(directory: string, checkpoint: Checkpoint): Promise<void> {
  await mkdir(directory, { recursive: true });
  const target = path.join(directory, FILE);
  const temporary = `${target}.tmp`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(encodeCheckpoint(checkpoint));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, target);
  await syncDirectory(directory);
}

/** Makes the rename itself durable; Windows cannot open folders and needs no such step. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The checkpoint in a folder, or undefined where there is none. */
export async function readCheckpoint(directory: string): Promise<Checkpoint | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path.join(directory, FILE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return decodeCheckpoint(bytes);
}
