/** The growing front of a study and its hypervolume, which can only rise. */
import { FrontierError } from '../../src-shared/errors.ts';
import { hypervolume } from './hypervolume.ts';
import type { Objective } from './pareto.ts';
import { FrontArchive, toMinimised } from './pareto.ts';
import type { Trial } from './trials.ts';
import { minimisedOf } from './trials.ts';

/**
 * Collects feasible trials. Unless given, the reference point is fixed at the end of the first
 * generation by which two or more trials were feasible: the worst of each objective among them, and a
 * tenth of its range beyond. It never moves after that, so that the hypervolume of a study is
 * comparable over its generations, and it follows from the trials alone, so that a resumed study finds
 * the same one.
 */
export class StudyFront {
  readonly #objectives: readonly Objective[];
  readonly #archive = new FrontArchive<Trial>();
  /** Feasible rows until the reference is fixed. */
  #early: Float64Array[] = [];
  #reference: Float64Array | undefined;
  #hypervolume: number | undefined;
  #trials: readonly Trial[] = [];

  /** @param referencePoint in the user's directions */
  constructor(objectives: readonly Objective[], referencePoint: readonly number[] | undefined) {
    this.#objectives = objectives;
    if (!referencePoint) return;
    if (referencePoint.length !== objectives.length || !referencePoint.every((v) => Number.isFinite(v))) {
      throw new FrontierError('BAD_INPUT', 'The reference point does not suit the objectives.');
    }
    this.#reference = toMinimised(referencePoint, objectives);
  }

  /** A trial that repeats the genes of an earlier one would only show the same point twice. */
  add(trial: Trial): void {
    if (trial.constraintViolation > 0 || trial.reusedFrom !== undefined) return;
    const values = minimisedOf(trial, this.#objectives);
    if (!this.#reference) this.#early.push(values);
    this.#archive.add(trial, values);
  }

  /** Takes stock at the end of a generation. */
  close(): void {
    this.#trials = this.#archive.items.slice().sort((a, b) => a.number - b.number);
    if (!this.#reference && this.#early.length >= 2) {
      this.#reference = worstAndBeyond(this.#early);
      this.#early = [];
    }
    if (this.#reference) this.#hypervolume = hypervolume(this.#archive.values, this.#reference);
  }

  /** As of the last `close`, by number. */
  get trials(): readonly Trial[] {
    return this.#trials;
  }

  get hypervolume(): number | undefined {
    return this.#hypervolume;
  }

  /** In the user's directions. */
  get referencePoint(): readonly number[] | undefined {
    return this.#reference && [...toMinimised(this.#reference, this.#objectives)];
  }
}

/** Where all are equal the margin is a tenth of the value, so that the volume is not empty. */
function worstAndBeyond(rows: readonly Float64Array[]): Float64Array {
  return rows[0]!.map((_, k) => {
    const column = rows.map((row) => row[k]!);
    const worst = Math.max(...column);
    const range = worst - Math.min(...column);
    return worst + 0.1 * (range || Math.abs(worst) || 1);
  });
}
