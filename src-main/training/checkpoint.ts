import { createHash } from 'node:crypto';
import { FrontierError } from '../../src-shared/errors.ts';
import type { EngineName } from '../tensor/engine.ts';
import type { ConvLayout } from '../tensor/model.ts';
import type { TrainState } from '../tensor/train-session.ts';
import type { OpenPoint } from './curve.ts';
import type { PlateauState } from './schedule.ts';
import type { CurvePoint } from './types.ts';

/** What a run knows besides its tensors. Everything here but the times is the same for the same seed. */
export interface RunProgress {
  step: number;
  elapsedMs: number;
  bestStep: number;
  bestValidationLoss?: number;
  epochsSinceBest: number;
  stoppedEarly: boolean;
  /** Steps that were left out because a half-precision gradient overflowed. */
  skippedSteps: number;
  plateau: PlateauState;
  curve: CurvePoint[];
  /** The curve point that is being gathered, and the epoch. */
  point: OpenPoint;
  epoch: OpenPoint;
}

/** What was decided while the run went on, and must stay decided when it is resumed. */
export interface RunChoices {
  /** Windows per step and device, and micro-batches per update: smaller and more after running out of memory. */
  readonly batch: number;
  readonly accumulation: number;
  readonly layout: ConvLayout;
}

export interface Checkpoint {
  readonly fingerprint: string;
  readonly engine: EngineName;
  readonly choices: RunChoices;
  readonly progress: RunProgress;
  readonly state: TrainState;
  /** Weights at `bestStep`, where validation has chosen some. */
  readonly best: Float32Array | undefined;
}

const MAGIC = 'FRTRAIN3';
const DIGEST_BYTES = 32;

interface Header {
  readonly fingerprint: string;
  readonly engine: EngineName;
  readonly choices: RunChoices;
  readonly progress: RunProgress;
  readonly parameters: number;
  readonly hasBest: boolean;
  readonly slots: number;
  readonly hasAverage: boolean;
  readonly lossScale?: TrainState['lossScale'];
}

const bytesOf = (values: Float32Array): Buffer =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/**
 * The pieces of the file one after the other: magic, header length (uint32, little endian), header JSON, padding to
 * 4 bytes, the vectors as little-endian float32 (parameters, slots, average, best), and the SHA-256 of everything
 * before it. The vectors are not copied.
 */
export function encodeCheckpoint(checkpoint: Checkpoint): Buffer[] {
  const { fingerprint, engine, choices, progress, state, best } = checkpoint;
  const header: Header = {
    fingerprint,
    engine,
    choices,
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
  const padding = Buffer.alloc((4 - (json.length % 4)) % 4);
  const body = [Buffer.from(MAGIC), length, json, padding, ...vectors.map(bytesOf)];
  const hash = createHash('sha256');
  for (const piece of body) hash.update(piece);
  return [...body, hash.digest()];
}

/** @throws FrontierError CORRUPT where the file is cut short, altered or something else */
export function decodeCheckpoint(bytes: Buffer): Checkpoint {
  const body = bytes.subarray(0, Math.max(0, bytes.length - DIGEST_BYTES));
  const digest = bytes.subarray(body.length);
  const known = body.subarray(0, MAGIC.length).toString('latin1') === MAGIC;
  if (!known || !createHash('sha256').update(body).digest().equals(digest)) {
    throw new FrontierError(
      'CORRUPT',
      'the training checkpoint is damaged (its checksum does not match)',
      'Remove the run and start a new one.',
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
  const { fingerprint, engine, choices, progress } = header;
  return { fingerprint, engine, choices, progress, state, best: header.hasBest ? vector() : undefined };
}
