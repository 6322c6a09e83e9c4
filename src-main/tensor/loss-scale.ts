import type { Value } from './graph.ts';
import { add, cast, greater, max, min, mul, scalarLike, scale, sub } from './ops/index.ts';

/**
 * Dynamic loss scaling of Micikevicius et al., "Mixed Precision Training" (2018): the loss is multiplied before it is
 * differentiated, so that small gradients do not vanish in half precision. A step whose gradient overflows is left
 * out and halves the scale; many good steps in a row double it.
 */
export const FIRST_LOSS_SCALE = 65_536;
/** Good steps in a row that double the scale. */
export const GOOD_STEPS = 2000;
/** A gradient that overflows at this scale is not small gradients' fault. */
export const LEAST_LOSS_SCALE = 1;
/** Beyond it a float32 loss times the scale may overflow by itself. */
export const LARGEST_LOSS_SCALE = 2 ** 24;

/** Of mixed precision: the present scale of the loss and the steps that were good since it last changed. */
export interface LossScale {
  readonly scale: number;
  readonly steps: number;
  /** Steps left out since the start of training: the optimiser's corrections count the others. Default 0. */
  readonly skipped?: number;
}

export const FRESH_LOSS_SCALE: LossScale = { scale: FIRST_LOSS_SCALE, steps: 0, skipped: 0 };

/** Scale and good steps of a graph, float32 scalars. */
export interface CarriedScale {
  readonly scale: Value;
  readonly good: Value;
}

/**
 * Emits the scale after a step.
 * @param ok bool scalar: the step's gradient was finite
 */
export function nextScale(carried: CarriedScale, ok: Value): CarriedScale {
  const fine = cast(ok, 'float32');
  const good = mul(add(carried.good, scalarLike(carried.good, 1)), fine);
  const grows = cast(greater(good, scalarLike(good, GOOD_STEPS - 0.5)), 'float32');
  // Twice where it grows, half where the step was not fine, else once: powers of two are exact.
  const factor = mul(add(grows, scalarLike(grows, 1)), add(scale(fine, 0.5), scalarLike(fine, 0.5)));
  const moved = mul(carried.scale, factor);
  const bounded = min(max(moved, scalarLike(moved, LEAST_LOSS_SCALE)), scalarLike(moved, LARGEST_LOSS_SCALE));
  return { scale: bounded, good: mul(good, sub(scalarLike(grows, 1), grows)) };
}

/** The same on the host, for data-parallel steps and for judging a chunk afterwards. */
export function advanceScale(before: LossScale, ok: boolean): LossScale {
  const { scale: present, steps, skipped = 0 } = before;
  if (!ok) return { scale: Math.max(present / 2, LEAST_LOSS_SCALE), steps: 0, skipped: skipped + 1 };
  if (steps + 1 < GOOD_STEPS) return { scale: present, steps: steps + 1, skipped };
  return { scale: Math.min(present * 2, LARGEST_LOSS_SCALE), steps: 0, skipped };
}
