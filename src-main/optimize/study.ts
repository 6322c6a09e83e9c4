/**
 * The study loop: ask, look up or evaluate, store, tell. The sampler is deterministic, so a study that
 * starts again asks for the same points and finds those it had finished in the store; nothing is lost
 * and nothing is evaluated twice.
 */
import { FrontierError } from '../../src-shared/errors.ts';
import type { Clock } from '../../src-shared/runtime.ts';
import { StudyFront } from './front.ts';
import type { Objective } from './pareto.ts';
import type { Candidate, Sampler } from './sampler.ts';
import type { Genes, SpaceCodec } from './space.ts';
import type { Constraint, Evaluation, Trial, TrialSink } from './trials.ts';
import { genesKey, minimisedOf, toStored, totalViolation } from './trials.ts';

export interface StudySettings {
  readonly codec: SpaceCodec;
  readonly objectives: readonly Objective[];
  readonly constraints?: readonly Constraint[] | undefined;
  /** Fresh: the study replays the stored trials into it. Its seed belongs to the study's identity. */
  readonly sampler: Sampler;
  /** Trials in total, those of earlier runs included. */
  readonly evaluations: number;
  /**
   * Measures a batch; one evaluation per set of genes, in order. A rejection ends the study as failed,
   * or as stopped when it is CANCELLED and the signal is aborted.
   */
  readonly evaluate: (batch: readonly Genes[]) => Promise<readonly Evaluation[]>;
  /** Most genes per batch. What a batch had measured is lost when the process dies. Default 64. */
  readonly batchSize?: number | undefined;
  readonly store: TrialSink;
  readonly clock: Clock;
  /** Aborted: the batch in hand is finished and stored, then the study returns. */
  readonly signal?: AbortSignal | undefined;
  /** Awaited before each batch. */
  readonly waitWhilePaused?: (() => Promise<void>) | undefined;
  /** Called after each batch and each generation. */
  readonly onProgress?: ((progress: StudyProgress) => void) | undefined;
  /**
   * Reference point of the hypervolume in the user's directions. Default: fixed by the first two or
   * more feasible trials, see `StudyFront`.
   */
  readonly referencePoint?: readonly number[] | undefined;
}

export interface StudyProgress {
  readonly generation: number;
  /** True when this report closes a generation, or the study; front and hypervolume are new then. */
  readonly isGenerationEnd: boolean;
  /** Finished trials, those of earlier runs included. */
  readonly finished: number;
  readonly evaluations: number;
  /** Finished trials since the last report. */
  readonly trials: readonly Trial[];
  /** The front at the end of the last generation, by trial number. */
  readonly front: readonly Trial[];
  /** Of that front, in the product of the objectives' units; undefined while no reference is fixed. */
  readonly hypervolume: number | undefined;
  /** From this run's own speed; undefined before its first measured batch. */
  readonly etaMs: number | undefined;
}

export interface StudyResult {
  readonly status: 'finished' | 'stopped';
  /** All finished trials by number. */
  readonly trials: readonly Trial[];
  /** Feasible, non-dominated trials by number; one per set of genes. */
  readonly front: readonly Trial[];
  readonly hypervolume: number | undefined;
  /** In the user's directions. */
  readonly referencePoint: readonly number[] | undefined;
  /** Trials measured in this run, taken from the store, and answered by an earlier trial of equal genes. */
  readonly evaluated: number;
  readonly replayed: number;
  readonly reused: number;
  readonly elapsedMs: number;
}

/**
 * Runs a study to its number of trials, or until it is stopped.
 *
 * @throws FrontierError BAD_INPUT for settings or evaluations that make no sense; CONFLICT when stored
 * trials are not those that this space, sampler and seed propose; whatever `evaluate` rejects with
 */
export async function runStudy(settings: StudySettings): Promise<StudyResult> {
  checkSettings(settings);
  const stored = indexTrials(await settings.store.load());
  return new StudyRun(settings, stored).run();
}

const DEFAULT_BATCH = 64;

function checkSettings({ objectives, evaluations, constraints, batchSize }: StudySettings): void {
  const names = new Set(objectives.map(({ name }) => name));
  const badLimit = constraints?.find(({ min, max }) => min === undefined && max === undefined);
  const problem =
    objectives.length === 0
      ? 'has no objective'
      : names.size < objectives.length
        ? 'names an objective twice'
        : !Number.isInteger(evaluations) || evaluations < 1
          ? `asks for ${evaluations} evaluations`
          : badLimit
            ? `limits '${badLimit.metric}' neither below nor above`
            : batchSize !== undefined && !(batchSize >= 1)
              ? `has batches of ${batchSize}`
              : undefined;
  if (problem) throw new FrontierError('BAD_INPUT', `The study ${problem}.`, 'Correct its settings.');
}

function indexTrials(trials: readonly Trial[]): Map<number, Trial> {
  const byNumber = new Map(trials.map((trial) => [trial.number, trial]));
  if (byNumber.size === trials.length) return byNumber;
  throw new FrontierError('CORRUPT', 'The store holds a trial of this study twice.', 'Restore a backup.');
}

/** A candidate with its genes and their key, which the loop needs several times. */
interface Asked {
  readonly candidate: Candidate;
  readonly genes: Genes;
  readonly key: string;
}

class StudyRun {
  readonly #settings: StudySettings;
  readonly #stored: ReadonlyMap<number, Trial>;
  readonly #front: StudyFront;
  readonly #trials: Trial[] = [];
  readonly #byKey = new Map<string, Trial>();
  readonly #startMs: number;
  #unreported: Trial[] = [];
  #evaluated = 0;
  #replayed = 0;
  #reused = 0;
  #generation = 0;

  constructor(settings: StudySettings, stored: ReadonlyMap<number, Trial>) {
    this.#settings = settings;
    this.#stored = stored;
    this.#front = new StudyFront(settings.objectives, settings.referencePoint);
    this.#startMs = settings.clock.nowMs();
    // Every stored trial answers for its genes, also one whose predecessors a crash kept from the store.
    for (const trial of stored.values()) if (trial.reusedFrom === undefined) this.#remember(trial);
  }

  async run(): Promise<StudyResult> {
    const { sampler, evaluations, signal, waitWhilePaused } = this.#settings;
    while (this.#trials.length < evaluations && !signal?.aborted) {
      await waitWhilePaused?.();
      if (signal?.aborted) break;
      const limit = Math.min(this.#settings.batchSize ?? DEFAULT_BATCH, evaluations - this.#trials.length);
      const candidates = sampler.ask(limit);
      if (candidates.length === 0)
        throw new Error(`sampler ${sampler.name} asks nothing and waits for nothing`);
      if (!(await this.#finish(candidates))) break;
    }
    this.#closeGeneration();
    return this.#result();
  }

  /** @returns false when the stop reached the evaluation itself and its batch was given up */
  async #finish(candidates: readonly Candidate[]): Promise<boolean> {
    const { codec, sampler, objectives, store } = this.#settings;
    const asked = candidates.map((candidate) => this.#describe(candidate, codec));
    if (asked[0]!.candidate.generation !== this.#generation) this.#closeGeneration();
    this.#generation = asked[0]!.candidate.generation;
    const open = asked.filter(({ candidate }) => !this.#stored.has(candidate.id));
    const fresh = await this.#complete(open);
    if (!fresh) return false;
    if (fresh.length > 0) await store.append(fresh);
    const byNumber = new Map(fresh.map((trial) => [trial.number, trial]));
    const trials = asked.map((one) => byNumber.get(one.candidate.id) ?? this.#replay(one));
    sampler.tell(
      trials.map((trial) => ({
        id: trial.number,
        objectives: minimisedOf(trial, objectives),
        constraintViolation: trial.constraintViolation,
      })),
    );
    this.#account(trials);
    return true;
  }

  #describe(candidate: Candidate, codec: SpaceCodec): Asked {
    const genes = codec.decode(candidate.point);
    return { candidate, genes, key: genesKey(genes) };
  }

  #account(trials: readonly Trial[]): void {
    for (const trial of trials) this.#front.add(trial);
    this.#trials.push(...trials);
    this.#unreported.push(...trials);
    this.#report(false);
  }

  /** Trials for candidates the store does not hold: measured once per distinct genes, then in order. */
  async #complete(open: readonly Asked[]): Promise<Trial[] | undefined> {
    const toMeasure = new Map<string, Asked>();
    for (const one of open) {
      if (!this.#byKey.has(one.key) && !toMeasure.has(one.key)) toMeasure.set(one.key, one);
    }
    const measured = await this.#measureUnlessStopped([...toMeasure.values()]);
    if (!measured) return undefined;
    for (const trial of measured) this.#remember(trial);
    return open.map((one) => this.#ownOrReused(one));
  }

  /** An evaluation that gives up because it was told to is a stop, not a fault. */
  async #measureUnlessStopped(batch: readonly Asked[]): Promise<Trial[] | undefined> {
    try {
      return await this.#measure(batch);
    } catch (error) {
      const isStop = error instanceof FrontierError && error.code === 'CANCELLED';
      if (isStop && this.#settings.signal?.aborted) return undefined;
      throw error;
    }
  }

  async #measure(batch: readonly Asked[]): Promise<Trial[]> {
    if (batch.length === 0) return [];
    const evaluations = await this.#settings.evaluate(batch.map(({ genes }) => genes));
    if (evaluations.length !== batch.length) {
      throw new FrontierError(
        'BAD_INPUT',
        `The evaluation returned ${evaluations.length} results for ${batch.length} sets of genes.`,
      );
    }
    this.#evaluated += batch.length;
    return batch.map((one, index) => this.#toTrial(one, evaluations[index]!));
  }

  #toTrial({ candidate, genes }: Asked, evaluation: Evaluation): Trial {
    const { objectives, constraints } = this.#settings;
    return {
      number: candidate.id,
      generation: candidate.generation,
      genes,
      objectives: toStored(evaluation.objectives, objectives.length),
      constraintViolation: totalViolation(evaluation, constraints ?? [], objectives.length),
      metrics: evaluation.metrics,
      ...(evaluation.failure === undefined ? {} : { failure: evaluation.failure }),
    };
  }

  #ownOrReused({ candidate, key }: Asked): Trial {
    const source = this.#byKey.get(key)!;
    if (source.number === candidate.id) return source;
    this.#reused++;
    return { ...source, number: candidate.id, generation: candidate.generation, reusedFrom: source.number };
  }

  #replay({ candidate, key }: Asked): Trial {
    const trial = this.#stored.get(candidate.id)!;
    if (genesKey(trial.genes) !== key || trial.objectives.length !== this.#settings.objectives.length) {
      throw new FrontierError(
        'CONFLICT',
        `Stored trial ${trial.number} is not the one that this study proposes.`,
        'The space, the sampler, its settings or its seed changed; begin a new study.',
      );
    }
    this.#replayed++;
    return trial;
  }

  #remember(trial: Trial): void {
    const key = genesKey(trial.genes);
    const known = this.#byKey.get(key);
    if (!known || known.number > trial.number) this.#byKey.set(key, trial);
  }

  #closeGeneration(): void {
    if (this.#trials.length === 0) return;
    this.#front.close();
    this.#report(true);
  }

  #report(isGenerationEnd: boolean): void {
    const { onProgress, evaluations, clock } = this.#settings;
    const finished = this.#trials.length;
    const perTrialMs = (clock.nowMs() - this.#startMs) / this.#evaluated;
    onProgress?.({
      generation: this.#generation,
      isGenerationEnd,
      finished,
      evaluations,
      trials: this.#unreported,
      front: this.#front.trials,
      hypervolume: this.#front.hypervolume,
      etaMs: this.#evaluated > 0 ? perTrialMs * (evaluations - finished) : undefined,
    });
    this.#unreported = [];
  }

  #result(): StudyResult {
    const { evaluations, clock } = this.#settings;
    return {
      status: this.#trials.length >= evaluations ? 'finished' : 'stopped',
      trials: this.#trials.slice().sort((a, b) => a.number - b.number),
      front: this.#front.trials,
      hypervolume: this.#front.hypervolume,
      referencePoint: this.#front.referencePoint,
      evaluated: this.#evaluated,
      replayed: this.#replayed,
      reused: this.#reused,
      elapsedMs: clock.nowMs() - this.#startMs,
    };
  }
}
