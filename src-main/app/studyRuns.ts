import type { PointDto, StudyDto, StudyInput } from '../../src-shared/contract/optimize.ts';
import { errorBody, FrontierError } from '../../src-shared/errors.ts';
import type { JobHandle, JobState } from '../jobs/port.ts';
import type { StudyRecord } from '../store/studies.ts';
import { assertAnomalyModel } from './anomalyRule.ts';
import { type EngineContext, isEnded, runJob, submitJob } from './context.ts';
import { ruleFields } from './entryRules.ts';
import { modelRef } from './forecast.ts';
import type { PointJobResult, PointPayload } from './jobs/backtest.ts';
import type { StudyJobResult, StudyPayload, StudyProgressData } from './jobs/study.ts';

const INTERRUPTED = {
  code: 'WORKER_LOST',
  message: 'Frontier ended while this study was going on.',
  hint: 'Resume goes on after the last finished evaluation.',
} as const;

/** Studies: starts them as jobs and follows their progress. The worker stores the trials itself. */
export class StudyRuns {
  readonly #context: EngineContext;
  readonly #jobs = new Map<string, JobHandle>();
  /** Seconds of earlier starts, and when this one began: time in between does not count. */
  readonly #earlier = new Map<string, { readonly seconds: number; readonly atMs: number }>();

  /** Studies that an earlier engine left going are shown as stopped; every finished trial is kept. */
  constructor(context: EngineContext) {
    this.#context = context;
    for (const summary of context.stores.studies.list())
      if (!isEnded(summary.state)) this.#update(summary.id, { state: 'stopped', error: INTERRUPTED });
  }

  start(input: StudyInput): string {
    const { stores, ids, clock } = this.#context;
    const model = stores.models.get(input.modelId);
    assertAnomalyModel(stores.models, input.avoidAnomalies, model);
    const record: StudyRecord = {
      id: ids.next('study'),
      jobId: '',
      input,
      symbol: model.symbol,
      timeframe: model.timeframe,
      synthetic: model.synthetic,
      state: 'queued',
      startedMs: clock.nowMs(),
      evaluations: 0,
      seconds: 0,
      hypervolume: [],
    };
    stores.studies.save(record);
    this.#launch(record);
    return record.id;
  }

  pause(studyId: string): void {
    this.#running(studyId).pause();
  }

  resume(studyId: string): void {
    const job = this.#jobs.get(studyId);
    if (job && !isEnded(job.state)) {
      job.resume();
      return;
    }
    const { trials: _, error: __, endedMs: ___, ...record } = this.#context.stores.studies.get(studyId);
    if (record.state === 'done')
      throw new FrontierError('CONFLICT', 'This study is finished.', 'Start a new one.');
    this.#launch(record);
  }

  async stop(studyId: string): Promise<void> {
    await this.#running(studyId).stop();
  }

  get(studyId: string): StudyDto {
    return this.#context.stores.studies.get(studyId);
  }

  /** One point in full. Out-of-sample figures are for members of the front only and are never fed back. */
  async point(studyId: string, trialId: string, signal?: AbortSignal): Promise<PointDto> {
    const study = this.get(studyId);
    const trial = this.#context.stores.studies.trial(studyId, trialId);
    const model = this.#context.stores.models.get(study.input.modelId);
    const payload: PointPayload = {
      ...modelRef(this.#context, model),
      studyId,
      genes: trial.genes,
      withTest: trial.onFront,
      ...ruleFields(study.input),
    };
    const point = await runJob<PointJobResult>(
      this.#context,
      'point',
      `Point ${trial.number}`,
      payload,
      signal,
    );
    return { trial, ...point };
  }

  #running(studyId: string): JobHandle {
    const job = this.#jobs.get(studyId);
    if (job && !isEnded(job.state)) return job;
    this.get(studyId);
    throw new FrontierError(
      'CONFLICT',
      'This study is not going on.',
      'Resume it first, or start a new one.',
    );
  }

  #launch(record: StudyRecord): void {
    const model = this.#context.stores.models.get(record.input.modelId);
    const payload: StudyPayload = {
      ...modelRef(this.#context, model),
      studyId: record.id,
      input: record.input,
    };
    const job = submitJob(this.#context, 'study', `Optimise ${record.symbol} ${record.timeframe}`, payload);
    this.#jobs.set(record.id, job);
    this.#earlier.set(record.id, { seconds: record.seconds, atMs: this.#context.clock.nowMs() });
    this.#context.stores.studies.save({ ...record, jobId: job.id, state: job.state });
    job.subscribe((event) => {
      if (event.type === 'state' && !isEnded(event.state)) this.#update(record.id, { state: event.state });
      if (event.type === 'progress')
        this.#progress(record.id, event.progress.data as StudyProgressData, event.progress.etaMs);
    });
    void this.#finish(record.id, job);
  }

  #progress(studyId: string, data: StudyProgressData, etaMs: number | undefined): void {
    const { hypervolume } = this.#context.stores.studies.record(studyId);
    const before = this.#earlier.get(studyId);
    const value = data.hypervolume;
    const isNew = value !== undefined && hypervolume.at(-1)?.evaluations !== data.evaluations;
    this.#update(studyId, {
      evaluations: data.evaluations,
      etaMs,
      seconds: before ? before.seconds + (this.#context.clock.nowMs() - before.atMs) / 1000 : 0,
      hypervolume: isNew ? [...hypervolume, { evaluations: data.evaluations, value }] : hypervolume,
    });
  }

  async #finish(studyId: string, job: JobHandle): Promise<void> {
    try {
      const result = (await job.result) as StudyJobResult;
      this.#update(studyId, {
        state: result.status === 'stopped' ? 'stopped' : 'done',
        evaluations: result.evaluations,
        seconds: (this.#earlier.get(studyId)?.seconds ?? 0) + result.seconds,
        etaMs: undefined,
        recommendedTrialId: result.recommendedTrialId,
        endedMs: this.#context.clock.nowMs(),
      });
    } catch (error) {
      const { code, message, hint } = errorBody(error);
      const state: JobState = code === 'CANCELLED' ? 'stopped' : 'failed';
      this.#update(studyId, {
        state,
        error: { code, message, hint },
        endedMs: this.#context.clock.nowMs(),
      });
    }
  }

  #update(studyId: string, change: Partial<StudyRecord>): void {
    const { studies } = this.#context.stores;
    studies.save({ ...studies.record(studyId), ...change });
    this.#context.hub.notify(`study:${studyId}`);
    this.#context.hub.notify('studies');
  }
}
