import { setImmediate as immediate } from 'node:timers/promises';
import {
  OBJECTIVE_DIRECTION,
  OBJECTIVES,
  type StudyInput,
  type TrialDto,
} from '../../../src-shared/contract/optimize.ts';
import type { Metrics } from '../../../src-shared/metrics/types.ts';
import { SeededRng } from '../../../src-shared/runtime.ts';
import type { StrategyGenes } from '../../../src-shared/trading/types.ts';
import { runBacktest } from '../../backtest/engine.ts';
import type { JobContext } from '../../jobs/port.ts';
import { Nsga2Sampler } from '../../optimize/nsga2.ts';
import { type Objective, paretoFront, recommendPoint } from '../../optimize/pareto.ts';
import { createCodec, DEFAULT_SPACE, type Genes, toStrategyGenes } from '../../optimize/space.ts';
import { runStudy } from '../../optimize/study.ts';
import {
  type Constraint,
  type Evaluation,
  genesKey,
  type Trial,
  type TrialSink,
  totalViolation,
} from '../../optimize/trials.ts';
import { openStores, type Stores } from '../../store/stores.ts';
import { type AnomalyOnHistory, anomalyOnHistory } from '../anomalyRule.ts';
import { systemClock } from '../ids.ts';
import { loadModelOnHistory, type ModelOnHistory, type ModelRef } from '../signals.ts';
import { entriesOf, spanOf, venueOf } from './backtest.ts';

export interface StudyPayload extends ModelRef {
  readonly studyId: string;
  readonly input: StudyInput;
}

/** What a study tells after each batch; the trials themselves are in the store. */
export interface StudyProgressData {
  readonly evaluations: number;
  readonly hypervolume?: number | undefined;
}

export interface StudyJobResult {
  readonly status: 'finished' | 'stopped';
  readonly evaluations: number;
  readonly seconds: number;
  readonly recommendedTrialId?: string | undefined;
}

const objectives: readonly Objective[] = OBJECTIVES.map((name) => ({
  name,
  direction: OBJECTIVE_DIRECTION[name],
}));

const trialIdOf = (studyId: string, number: number): string =>
  `trial_${studyId.replace(/^[a-z]+_/, '')}_${number}`;

/** Trials live in the state database; this writes them a batch at a time, each batch whole or not at all. */
class StoredTrials implements TrialSink {
  readonly #stores: Stores;
  readonly #payload: StudyPayload;
  readonly #constraints: readonly Constraint[];
  /** Sets of genes seen: of equal genes the first trial is the one point of the front. */
  readonly #seen = new Set<string>();
  /** What no stored trial dominates. */
  #front: Trial[] = [];

  constructor(stores: Stores, payload: StudyPayload, constraints: readonly Constraint[]) {
    this.#stores = stores;
    this.#payload = payload;
    this.#constraints = constraints;
  }

  load(): Trial[] {
    const trials = this.#stores.studies.trials(this.#payload.studyId).map((dto) => this.#trialOf(dto));
    this.#take(trials);
    return trials;
  }

  append(trials: readonly Trial[]): void {
    const { studyId } = this.#payload;
    this.#take(trials);
    const front = this.#front.map((trial) => trialIdOf(studyId, trial.number));
    const added = trials.map((trial) => this.#dtoOf(trial));
    this.#stores.studies.appendGeneration({ studyId, trials: added, frontTrialIds: front, checkpoint: null });
  }

  /** What an earlier front dominated, a later one dominates too: only its members need to be compared again. */
  #take(trials: readonly Trial[]): void {
    const candidates = [...this.#front];
    for (const trial of trials) {
      const key = genesKey(trial.genes);
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      candidates.push(trial);
    }
    this.#front = paretoFront(candidates, objectives).map((i) => candidates[i]!);
  }

  #dtoOf(trial: Trial): TrialDto {
    return {
      id: trialIdOf(this.#payload.studyId, trial.number),
      number: trial.number,
      genes: toStrategyGenes(trial.genes),
      objectives: [...trial.objectives],
      feasible: trial.constraintViolation === 0,
      onFront: false,
      trades: Number(trial.metrics.trades),
    };
  }

  /** A stored trial as the sampler needs it again; its violation follows from what is stored. */
  #trialOf(dto: TrialDto): Trial {
    const metrics = { trades: dto.trades };
    const measured = { objectives: dto.objectives.map((o) => o ?? Number.NaN), metrics };
    return {
      number: dto.number,
      generation: Math.floor(dto.number / this.#payload.input.population),
      genes: { ...dto.genes },
      objectives: dto.objectives,
      constraintViolation: totalViolation(measured, this.#constraints, objectives.length),
      metrics,
    };
  }
}

function evaluator(
  payload: StudyPayload,
  model: ModelOnHistory,
  anomaly: AnomalyOnHistory | undefined,
): (genes: Genes) => Evaluation {
  const { from, to } = spanOf(model.manifest, 'optimisation');
  const venue = venueOf(model.manifest);
  const entries = entriesOf(payload.home, model, payload.input, venue, anomaly, payload.studyId);
  return (candidate) => {
    const genes: StrategyGenes = toStrategyGenes(candidate);
    const { bars, signals, atr } = model;
    const input = { bars, from, to, signals, atr, genes, venue, entries };
    const { metrics } = runBacktest(input, { band: false });
    return { objectives: objectiveValues(metrics), metrics: { trades: metrics.trades } };
  };
}

/** In the order of OBJECTIVES; NaN where too few trades or days support a figure, which makes the point infeasible. */
function objectiveValues(metrics: Metrics): number[] {
  return OBJECTIVES.map((name) => metrics[name] ?? Number.NaN);
}

/** The trial that the documented rule picks (docs/spec/validation.md): the most balanced of the front. */
function recommend(stores: Stores, payload: StudyPayload): string | undefined {
  const front = stores.studies.trials(payload.studyId).filter((t) => t.onFront);
  if (front.length === 0) return undefined;
  const members = front.map((t) => ({
    objectives: t.objectives.map((o) => o ?? Number.NaN),
    trades: t.trades,
  }));
  const { index } = recommendPoint(members, objectives, { minTrades: payload.input.minTrades });
  return front[index]!.id;
}

/** Searches the genes on the optimisation span with NSGA-II; goes on where an earlier worker ended. */
export async function studyJob(payload: StudyPayload, context: JobContext): Promise<StudyJobResult> {
  const model = await loadModelOnHistory(payload);
  const anomaly = await anomalyOnHistory(payload.home, payload.input.avoidAnomalies, model);
  const stores = openStores(payload.home);
  try {
    const codec = createCodec(DEFAULT_SPACE);
    const constraints: Constraint[] = [{ metric: 'trades', min: payload.input.minTrades }];
    const evaluate = evaluator(payload, model, anomaly);
    const result = await runStudy({
      codec,
      objectives,
      constraints,
      sampler: new Nsga2Sampler({
        codec,
        objectiveCount: objectives.length,
        rng: new SeededRng(payload.input.seed),
        populationSize: payload.input.population,
      }),
      evaluations: payload.input.evaluations,
      batchSize: payload.input.population,
      evaluate: async (batch) => batch.map(evaluate),
      store: new StoredTrials(stores, payload, constraints),
      clock: systemClock,
      signal: context.signal,
      waitWhilePaused: async () => {
        // A batch is computed without a pause for breath; without one here, "pause" and "stop" would never be heard.
        await immediate();
        await context.waitWhilePaused();
      },
      onProgress: (p) =>
        context.report({
          fraction: p.finished / p.evaluations,
          etaMs: p.etaMs,
          data: { evaluations: p.finished, hypervolume: p.hypervolume } satisfies StudyProgressData,
        }),
    });
    return {
      status: result.status,
      evaluations: result.trials.length,
      seconds: result.elapsedMs / 1000,
      recommendedTrialId: recommend(stores, payload),
    };
  } finally {
    stores.close();
  }
}
