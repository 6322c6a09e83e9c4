import { FrontierError } from '../../src-shared/errors.ts';
import { normal, SeededRng } from '../../src-shared/runtime.ts';
import type { Value } from './graph.ts';
import type { ModelScope, ModelSize, StepInput } from './model.ts';
import { add, cast, gather, max, mul, reshape, sub } from './ops/index.ts';

/** Random changes of the training windows; validation sees the windows as they are. */
export interface AugmentSettings {
  /** Standard deviation of noise added to the scaled features. */
  readonly noise: number;
  /** Largest stretch or squeeze of the window's time, as a share of its length. */
  readonly timeWarp: number;
  /** Largest uniform change of the target either way. */
  readonly spread: number;
}

const WARP = 'augment_warp';
const OFFSET = 'augment_offset';
const SPREAD = 'augment_spread';

/** Numbers of the noise table at most, 16 MiB, and windows of noise to choose from. */
const TABLE_NUMBERS = 2 ** 22;
const MOST_OFFSETS = 8192;
const LEAST_OFFSETS = 256;

const offsetsOf = ({ features }: ModelSize): number =>
  Math.min(MOST_OFFSETS, Math.max(LEAST_OFFSETS, Math.floor(TABLE_NUMBERS / features)));

/** Rows of the noise table: as many windows of noise as there are offsets. */
export const noiseRows = (size: ModelSize): number => offsetsOf(size) + size.window - 1;

/** True where the windows have noise added, for which the graph wants a table. */
export const wantsNoise = (settings: AugmentSettings | undefined): boolean => (settings?.noise ?? 0) > 0;

/**
 * Normal noise of the settings' deviation, [noiseRows, features]. Drawn once: each window of each step takes its noise
 * from a random place of the table, so a step draws one number per window instead of one per element.
 */
export function noiseTable({ noise }: AugmentSettings, size: ModelSize, seed: number): Float32Array {
  const rng = new SeededRng(seed ^ 0x6e6f6973);
  return Float32Array.from({ length: noiseRows(size) * size.features }, () => noise * normal(rng));
}

/** @throws FrontierError BAD_INPUT naming the setting that is out of range */
function checkSettings({ noise, timeWarp, spread }: AugmentSettings): void {
  const refuse = (name: string, value: number, limit: number): void => {
    if (value >= 0 && value <= limit) return;
    const range = limit === Number.MAX_VALUE ? 'be 0 or more' : `lie between 0 and ${limit}`;
    throw new FrontierError('BAD_INPUT', `augment.${name} must ${range}, got ${value}`, `Set ${name} to 0.`);
  };
  refuse('noise', noise, Number.MAX_VALUE);
  refuse('timeWarp', timeWarp, 0.5);
  refuse('spread', spread, Number.MAX_VALUE);
}

const uniform =
  (limit: number): StepInput['draw'] =>
  (rng, out) => {
    for (let i = 0; i < out.length; i++) out[i] = limit * (2 * rng.next() - 1);
  };

/**
 * What is drawn per window and step.
 * @throws FrontierError BAD_INPUT naming the setting that is out of range
 */
export function augmentInputs(settings: AugmentSettings | undefined, size: ModelSize): readonly StepInput[] {
  if (!settings) return [];
  checkSettings(settings);
  const inputs: StepInput[] = [];
  if (settings.timeWarp > 0 && size.window > 1)
    inputs.push({ name: WARP, dtype: 'float32', shape: [], draw: uniform(settings.timeWarp) });
  if (wantsNoise(settings)) {
    const count = offsetsOf(size);
    const draw: StepInput['draw'] = (rng, out) => {
      for (let i = 0; i < out.length; i++) out[i] = Math.floor(rng.next() * count);
    };
    inputs.push({ name: OFFSET, dtype: 'int32', shape: [], draw });
  }
  if (settings.spread > 0)
    inputs.push({ name: SPREAD, dtype: 'float32', shape: [], draw: uniform(settings.spread) });
  return inputs;
}

/** What an augmented batch is made from. */
export interface AugmentSource {
  /** The resident matrix [rows, features]. */
  readonly features: Value;
  /** Last row of each window, int32 [batch]. */
  readonly ends: Value;
  readonly draws: ReadonlyMap<string, Value>;
  /** [noiseRows, features] */
  readonly noise?: Value;
}

/** Offsets from the newest row of a window: 0 is the newest. */
const offsetsFrom = (size: ModelSize, steps: readonly number[]): number[] =>
  steps.map((step) => step - (size.window - 1));

/**
 * Rows at stretched or squeezed times. The newest row stays; the row `o` steps before it is read (1 + warp) o steps
 * before it, between two rows linearly. A squeezed window would need rows from before it and repeats its oldest.
 */
function warpedRows(
  { features, ends }: AugmentSource,
  size: ModelSize,
  steps: readonly number[],
  warp: Value,
): Value {
  const { graph } = features;
  const oldest = graph.scalar(1 - size.window);
  const one = graph.scalar(1);
  const offsets = graph.constant('float32', [steps.length], offsetsFrom(size, steps));
  const at = max(mul(offsets, add(reshape(warp, [-1, 1]), one)), oldest);
  // The cast rounds towards 0, to the newer of the two rows.
  const newer = cast(at, 'int32');
  const newerAt = cast(newer, 'float32');
  const older = cast(max(sub(newerAt, one), oldest), 'int32');
  const end = reshape(ends, [-1, 1]);
  const [near, far] = [gather(features, add(end, newer)), gather(features, add(end, older))];
  const share = reshape(sub(newerAt, at), [-1, steps.length, 1]);
  return add(near, mul(sub(far, near), share));
}

/** A scope whose windows are changed by the draws of the step. */
export function augmentScope<Scope extends ModelScope>(scope: Scope, source: AugmentSource): Scope {
  const warp = source.draws.get(WARP);
  const offset = source.draws.get(OFFSET);
  const { noise } = source;
  const rowsAt: ModelScope['rowsAt'] = (steps) => {
    const rows = warp ? warpedRows(source, scope, steps, warp) : scope.rowsAt(steps);
    if (!noise || !offset) return rows;
    const places = scope.graph.constant('int32', [steps.length], [...steps]);
    return add(rows, gather(noise, add(reshape(offset, [-1, 1]), places)));
  };
  return { ...scope, rowsAt };
}

/** Targets [batch, columns] with each window's change of the spread, the same for all its columns. */
export function augmentTarget(target: Value, draws: ReadonlyMap<string, Value>): Value {
  const spread = draws.get(SPREAD);
  return spread ? add(target, reshape(spread, [-1, 1])) : target;
}
