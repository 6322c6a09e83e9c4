/** What a study keeps of each trial, and how a measured trial becomes feasible or not. */
import { FrontierError } from '../../src-shared/errors.ts';
import type { Objective } from './pareto.ts';
import { toMinimised } from './pareto.ts';
import type { Genes } from './space.ts';

/** What the caller measured for one set of genes. */
export interface Evaluation {
  /** In the order and direction of the study's objectives; NaN where it could not be measured. */
  readonly objectives: readonly number[];
  /** Violation beyond the study's own constraints; 0 or absent when there is none. */
  readonly constraintViolation?: number | undefined;
  /** Everything worth keeping; constraints look their figures up here. Must survive JSON. */
  readonly metrics: Readonly<Record<string, unknown>>;
  /** Why the trial failed. A failed trial is infeasible, kept, and the study goes on. */
  readonly failure?: string | undefined;
}

/** A limit on a metric, inclusive: at least `min`, at most `max`. */
export interface Constraint {
  /** Key of `Evaluation.metrics`. */
  readonly metric: string;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** A finished trial as stored. All of it survives JSON. */
export interface Trial {
  /** 0, 1, 2, ... in the order in which the sampler proposed. */
  readonly number: number;
  readonly generation: number;
  readonly genes: Genes;
  /** In the user's directions; null where not measured. */
  readonly objectives: readonly (number | null)[];
  /** 0 when feasible. */
  readonly constraintViolation: number;
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly failure?: string | undefined;
  /** The earlier trial of the same genes whose figures these are. */
  readonly reusedFrom?: number | undefined;
}

/** Where a study's trials live. A trial is stored before the study tells anyone about it. */
export interface TrialSink {
  /** Trials of this study stored so far, in any order. */
  load(): readonly Trial[] | Promise<readonly Trial[]>;
  /** Stores trials as one transaction: all or none. */
  append(trials: readonly Trial[]): void | Promise<void>;
}

/** Keeps trials in memory; for tests and studies that nobody resumes. */
export class MemoryTrialSink implements TrialSink {
  readonly trials: Trial[] = [];

  load(): readonly Trial[] {
    return this.trials.slice();
  }

  append(trials: readonly Trial[]): void {
    this.trials.push(...trials);
  }
}

/**
 * The total violation of a trial, 0 when feasible: the caller's own, plus for each constraint its
 * shortfall relative to the limit (to 1 where the limit is 0), plus 1 for each figure that could not be
 * measured and 1 for a failure. Relative, so that ten missing trades and a tenth of drawdown compare.
 */
export function totalViolation(
  evaluation: Evaluation,
  constraints: readonly Constraint[],
  objectiveCount: number,
): number {
  const own = evaluation.constraintViolation ?? 0;
  if (!(own >= 0) || !Number.isFinite(own)) throw badEvaluation(`the constraint violation ${own}`);
  if (evaluation.failure === undefined && evaluation.objectives.length !== objectiveCount) {
    throw badEvaluation(`${evaluation.objectives.length} objectives, not ${objectiveCount}`);
  }
  const missing = Array.from({ length: objectiveCount }, (_, k) => evaluation.objectives[k]).filter(
    (value) => !Number.isFinite(value),
  ).length;
  const limits = constraints.reduce((sum, c) => sum + violationOf(c, evaluation.metrics[c.metric]), 0);
  return own + limits + missing + (evaluation.failure === undefined ? 0 : 1);
}

function violationOf({ min, max }: Constraint, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return 1;
  if (min !== undefined && value < min) return (min - value) / (Math.abs(min) || 1);
  if (max !== undefined && value > max) return (value - max) / (Math.abs(max) || 1);
  return 0;
}

function badEvaluation(problem: string): FrontierError {
  return new FrontierError(
    'BAD_INPUT',
    `The evaluation of a trial returned ${problem}.`,
    'Return NaN for what could not be measured and a violation of 0 or more.',
  );
}

/** Figures that are not finite become null: JSON has no NaN, and null says it was not measured. */
export function toStored(objectives: readonly number[], count: number): (number | null)[] {
  return Array.from({ length: count }, (_, k) => {
    const value = objectives[k];
    return value !== undefined && Number.isFinite(value) ? value : null;
  });
}

/** The trial's objectives as the sampler takes them. */
export function minimisedOf(trial: Trial, objectives: readonly Objective[]): Float64Array {
  return toMinimised(trial.objectives, objectives);
}

/** Equal for equal genes of one space, whatever the order of the keys. */
export function genesKey(genes: Genes): string {
  return JSON.stringify(Object.entries(genes).sort(([a], [b]) => (a < b ? -1 : 1)));
}
