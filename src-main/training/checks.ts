import { createHash } from 'node:crypto';
import { FrontierError } from '../../src-shared/errors.ts';
import type { ParameterLayout } from '../tensor/parameters.ts';
import type { TrainConfig, TrainingData } from './types.ts';

const bad = (message: string, hint: string): FrontierError => new FrontierError('BAD_INPUT', message, hint);

function requireWhole(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw bad(`${name} must be a whole number from ${least}, got ${value}`, `Set ${name} to ${least} or more.`);
}

/** @throws FrontierError BAD_INPUT naming the setting that is out of range */
export function checkConfig(config: TrainConfig): void {
  for (const name of ['window', 'batch', 'epochs', 'chunkSteps', 'threads'] as const) {
    requireWhole(name, config[name], 1);
  }
  requireWhole('patience', config.patience, 0);
  if (!(config.learningRate > 0 && config.learningRate < 10)) {
    throw bad(
      `learningRate must lie between 0 and 10, got ${config.learningRate}`,
      'A usual value is 0.001.',
    );
  }
  for (const name of ['weightDecay', 'clipNorm'] as const) {
    const value = config.optimizer[name];
    if (!(value >= 0 && Number.isFinite(value)))
      throw bad(`${name} must be 0 or more, got ${value}`, `Set ${name} to 0.`);
  }
}

/**
 * Refuses data that cannot be learnt from, before any time is spent on it.
 * @throws FrontierError BAD_INPUT naming the row and column, or what is missing
 */
export function checkData(data: TrainingData, config: TrainConfig): void {
  const { rows, featureCount } = data;
  if (
    data.features.length !== rows * featureCount ||
    data.targets.length !== rows * (data.targetCount ?? 1)
  ) {
    const got = `${data.features.length} feature values and ${data.targets.length} targets`;
    throw bad(`${rows} rows of ${featureCount} features came with ${got}`, 'Compute the features again.');
  }
  if (data.trainEnds.length < config.batch) {
    const message = `${data.trainEnds.length} training windows do not fill one batch of ${config.batch}`;
    throw bad(message, 'Use more history, a shorter window or a smaller batch.');
  }
  const covered = coveredRows(data, config.window);
  checkFeatures(data, covered);
  checkTargets(data, data.trainEnds);
  checkTargets(data, data.validationEnds);
  const first = data.targets[data.trainEnds[0]!];
  if (data.trainEnds.every((end) => data.targets[end] === first)) {
    throw bad(
      `all training targets equal ${first}`,
      'There is nothing to predict: check the history and the horizon.',
    );
  }
}

/** Marks the rows that some window contains. */
function coveredRows({ rows, trainEnds, validationEnds }: TrainingData, window: number): Uint8Array {
  const change = new Int32Array(rows + 1);
  for (const ends of [trainEnds, validationEnds]) {
    for (const end of ends) {
      if (end < window - 1 || end >= rows) {
        throw bad(
          `a window of ${window} rows cannot end at row ${end} of ${rows}`,
          'Start the windows later.',
        );
      }
      change[end - window + 1]! += 1;
      change[end + 1]! -= 1;
    }
  }
  const covered = new Uint8Array(rows);
  let open = 0;
  for (let row = 0; row < rows; row++) {
    open += change[row]!;
    covered[row] = open > 0 ? 1 : 0;
  }
  return covered;
}

function checkFeatures({ features, featureCount, rows }: TrainingData, covered: Uint8Array): void {
  for (let row = 0; row < rows; row++) {
    if (!covered[row]) continue;
    for (let column = 0; column < featureCount; column++) {
      const value = features[row * featureCount + column]!;
      if (Number.isFinite(value)) continue;
      const message = `feature ${column} of row ${row} is ${value}`;
      throw bad(message, 'Leave out the warm-up rows of the features, or repair the history there.');
    }
  }
}

function checkTargets({ targets }: TrainingData, ends: Int32Array): void {
  for (const end of ends) {
    if (Number.isFinite(targets[end]!)) continue;
    throw bad(
      `the target of row ${end} is ${targets[end]}`,
      'Leave out the last rows, whose future is not known.',
    );
  }
}

const bytesOf = (array: Float32Array | Int32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/**
 * A hash of all that determines the weights; a checkpoint belongs to exactly one. The chunk length does not:
 * the steps are the same however they are cut into runs.
 */
export function runFingerprint(
  data: TrainingData,
  config: TrainConfig,
  resolvedModel: object,
  layout: ParameterLayout,
): string {
  const { chunkSteps: _, engine: __, ...rest } = config;
  const { rows, featureCount } = data;
  // The saved vectors mean something only in the layout they were written in.
  const places = layout.parameters.map(({ name, shape, offset }) => ({ name, shape, offset }));
  const described = { ...rest, model: resolvedModel, rows, featureCount, places };
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
