import { advanceScale, FRESH_LOSS_SCALE, LEAST_LOSS_SCALE, type LossScale } from './loss-scale.ts';
import { OPTIMIZER_DEFAULTS, type OptimizerSettings, slotNames } from './optimizer.ts';
import { initialParameters, type ParameterLayout } from './parameters.ts';
import { isMixed } from './precision.ts';

/** Everything that changes while training, vectors in the layout's order. */
export interface TrainState {
  readonly parameters: Float32Array;
  /**
   * What the optimiser carries per parameter: both moments of Adam (without their (1 - beta) factors, see
   * `StepSchedule`), or the movement of SGD.
   */
  readonly slots: readonly Float32Array[];
  /** Moving average of the weights, where one is kept. */
  readonly average?: Float32Array;
  /** Of mixed precision. */
  readonly lossScale?: LossScale;
}

/** The state before the first step. The average starts at the initial weights. */
export function freshState(
  layout: ParameterLayout,
  seed: number,
  spec: { readonly optimizer: OptimizerSettings; readonly precision?: 'float32' | 'mixed' } = {
    optimizer: OPTIMIZER_DEFAULTS,
  },
): TrainState {
  const parameters = initialParameters(layout, seed);
  return {
    parameters,
    slots: slotNames(spec.optimizer).map(() => new Float32Array(layout.total)),
    ...(spec.optimizer.averageDecay > 0 ? { average: parameters.slice() } : {}),
    ...(isMixed(spec) ? { lossScale: FRESH_LOSS_SCALE } : {}),
  };
}

/** The first step of a chunk that must not be built on. */
export interface BadStep {
  /** Counted from the start of training, from 0. */
  readonly step: number;
  /** Index within the chunk. */
  readonly index: number;
  readonly what: 'loss' | 'gradient';
  readonly value: number;
}

/** What a chunk of steps tells; one entry per step. */
export interface ChunkResult {
  /** Before the step's update. */
  readonly losses: Float32Array;
  /**
   * Euclidean norm of the whole gradient, before clipping. Not finite at steps that mixed precision left out
   * (`finiteMean`).
   */
  readonly gradientNorms: Float32Array;
  /** Steps left out because a half-precision gradient overflowed. */
  readonly skipped: number;
  /** Present where a loss or gradient was not finite: stop, and go back with `rollback`. */
  readonly bad?: BadStep;
}

/** Mean of the finite entries; NaN where there are none. */
export function finiteMean(values: Float32Array): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    sum += value;
    count += 1;
  }
  return sum / count;
}

/**
 * Finds the first step that is not finite. A gradient that overflows in mixed precision is left out and no fault,
 * unless the scale could not be any smaller.
 */
export function firstBad(
  losses: Float32Array | undefined,
  norms: Float32Array,
  first: number,
  before: LossScale | undefined,
): BadStep | undefined {
  let lossScale = before;
  for (const [index, norm] of norms.entries()) {
    const step = first + index;
    const loss = losses?.[index] ?? 0;
    const ok = Number.isFinite(norm);
    const mayOverflow = lossScale !== undefined && lossScale.scale > LEAST_LOSS_SCALE;
    if (!Number.isFinite(loss)) return { step, index, what: 'loss', value: loss };
    if (!ok && !mayOverflow) return { step, index, what: 'gradient', value: norm };
    lossScale &&= advanceScale(lossScale, ok);
  }
  return undefined;
}
