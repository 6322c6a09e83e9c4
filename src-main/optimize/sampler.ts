/**
 * The ask/tell port of every sampler. A sampler owns no loop, no clock and no store: it proposes points
 * of the unit cube and learns what they were worth. All objectives are MINIMISED here; the study turns
 * the signs.
 */
import { FrontierError } from '../../src-shared/errors.ts';
import type { Rng } from '../../src-shared/runtime.ts';

/** A generator whose place in its sequence can be kept; `SeededRng` is one. */
export interface ResumableRng extends Rng {
  save(): [number, number, number, number];
  restore(state: readonly [number, number, number, number]): void;
}

/** A point to evaluate. */
export interface Candidate {
  /** 0, 1, 2, ... in the order in which a sampler proposes; the same after a restore. */
  readonly id: number;
  readonly generation: number;
  /** In [0, 1]^d and snapped to the space; not to be written to. */
  readonly point: Float64Array;
}

/** What a candidate was worth. */
export interface Told {
  readonly id: number;
  /** To be minimised. May hold NaN only where `constraintViolation` is above 0. */
  readonly objectives: ArrayLike<number>;
  /** 0 when feasible; larger is worse. */
  readonly constraintViolation: number;
}

export interface Sampler {
  readonly name: string;
  /**
   * Up to `limit` further points. Empty while the sampler waits for results of points already asked.
   * Neither the size of the slices asked nor the order of the results changes the points proposed.
   */
  ask(limit: number): Candidate[];
  /** @throws FrontierError BAD_INPUT for an unknown id or a wrong result, CONFLICT for one told before */
  tell(results: readonly Told[]): void;
  /** Everything needed to go on elsewhere; survives JSON. */
  save(): unknown;
  /**
   * Goes on from a saved state. Points that were asked and never told are asked again, first.
   * @throws FrontierError CORRUPT for what is no state, CONFLICT for a state of other settings
   */
  restore(state: unknown): void;
}

/** Refuses a result that a sampler cannot learn from. */
export function checkTold(told: Told, objectiveCount: number): void {
  const { objectives, constraintViolation } = told;
  if (objectives.length !== objectiveCount) {
    throw toldError(told.id, `has ${objectives.length} objectives, not ${objectiveCount}`);
  }
  if (!(constraintViolation >= 0) || constraintViolation === Number.POSITIVE_INFINITY) {
    throw toldError(told.id, `has the constraint violation ${constraintViolation}`);
  }
  if (constraintViolation > 0) return;
  for (let m = 0; m < objectiveCount; m++) {
    if (!Number.isFinite(objectives[m]))
      throw toldError(told.id, `is feasible with objective ${m} not finite`);
  }
}

/** The error for a result that cannot be used. */
export function toldError(id: number, problem: string): FrontierError {
  return new FrontierError(
    'BAD_INPUT',
    `The result of trial ${id} ${problem}.`,
    'Mark a trial that could not be measured as infeasible instead of making up its figures.',
  );
}

/** The error for a result told a second time. */
export function toldTwice(id: number): FrontierError {
  return new FrontierError('CONFLICT', `Trial ${id} was told before.`, 'Tell every result once.');
}
