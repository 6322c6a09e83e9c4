import { createHash } from 'node:crypto';
import type { ParameterLayout } from '../tensor/parameters.ts';
import { effectiveBatch } from './checks.ts';
import type { TrainConfig, TrainingData } from './types.ts';

const bytesOf = (array: Float32Array | Int32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/**
 * A hash of all that determines the weights; a checkpoint belongs to exactly one.
 *
 * Left out is what may change between the parts of a run: how the steps are cut into chunks, the checkpoints kept,
 * the device, the order of axes (part of the checkpoint once it is chosen), and how the batch is cut into
 * micro-batches (the same). The engine is compared by itself, with a message of its own.
 */
export function runFingerprint(
  data: TrainingData,
  config: TrainConfig,
  resolvedModel: object,
  layout: ParameterLayout,
): string {
  const { chunkSteps: _, engine: __, device: ___, keepCheckpoints: ____, ...kept } = config;
  const { batch: _____, accumulation: ______, ...rest } = kept;
  const { rows, featureCount, targetCount = 1 } = data;
  // The saved vectors mean something only in the layout they were written in.
  const places = layout.parameters.map(({ name, shape, offset }) => ({ name, shape, offset }));
  const sizes = { rows, featureCount, targetCount, effectiveBatch: effectiveBatch(config) };
  const described = { ...rest, ...sizes, model: resolvedModel, places };
  const hash = createHash('sha256').update(JSON.stringify(sorted(described)));
  for (const array of [data.features, data.targets, data.trainEnds, data.validationEnds]) {
    hash.update(`|${array.length}|`).update(bytesOf(array));
  }
  return hash.digest('hex');
}

/** Keys in order, so that the hash does not depend on how an object was put together. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
