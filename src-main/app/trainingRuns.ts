import type { TrainInput, TrainingRunDto } from '../../src-shared/contract/training.ts';
import { errorBody, FrontierError } from '../../src-shared/errors.ts';
import type { JobHandle, JobState } from '../jobs/port.ts';
import type { CurvePoint, TrainingRunRecord } from '../store/trainingRuns.ts';
import { type EngineContext, isEnded, submitJob } from './context.ts';
import { historyOf } from './histories.ts';
import type { TrainJobResult, TrainPayload, TrainProgressData } from './jobs/train.ts';

/** Points kept of the loss curve; beyond this every second one is dropped as the run goes on. */
const MAX_CURVE_POINTS = 2000;

const INTERRUPTED = {
  code: 'WORKER_LOST',
  message: 'Frontier ended while this run was going on.',
  hint: 'Resume goes on from its last checkpoint.',
} as const;

/** Training runs: starts them as jobs, follows their progress into the store, and goes on after a stop or a crash. */
export class TrainingRuns {
  readonly #context: EngineContext;
  readonly #jobs = new Map<string, JobHandle>();
  readonly #records = new Map<string, TrainingRunRecord>();
  readonly #curves = new Map<string, number>();

  /** Runs that an earlier engine left going are shown as stopped; their checkpoints are kept. */
  constructor(context: EngineContext) {
    this.#context = context;
    for (const { curve: _, ...run } of context.stores.trainingRuns.list())
      if (!isEnded(run.state))
        context.stores.trainingRuns.save({ ...run, state: 'stopped', error: INTERRUPTED });
  }

  start(input: TrainInput): string {
    historyOf(this.#context, input.symbol, input.timeframe);
    const runId = this.#context.ids.next('run');
    const record: TrainingRunRecord = {
      id: runId,
      jobId: '',
      input,
      state: 'queued',
      startedMs: this.#context.clock.nowMs(),
      step: 0,
      totalSteps: 0,
      epoch: 0,
      restarts: 0,
    };
    this.#launch(record);
    return runId;
  }

  pause(runId: string): void {
    this.#running(runId).pause();
  }

  /** Goes on after a pause; a stopped or failed run starts again from its checkpoint. */
  resume(runId: string): void {
    const job = this.#jobs.get(runId);
    if (job && !isEnded(job.state)) {
      job.resume();
      return;
    }
    const { curve: _, ...run } = this.#context.stores.trainingRuns.get(runId);
    if (run.state === 'done')
      throw new FrontierError('CONFLICT', 'This run is finished.', 'Start a new one.');
    const { error: __, endedMs: ___, ...rest } = run;
    this.#launch({ ...rest, state: 'queued' });
  }

  async stop(runId: string): Promise<void> {
    await this.#running(runId).stop();
  }

  /** The worker of a running job, for diagnostics. */
  job(runId: string): JobHandle | undefined {
    return this.#jobs.get(runId);
  }

  get(runId: string): TrainingRunDto {
    return this.#context.stores.trainingRuns.get(runId);
  }

  #running(runId: string): JobHandle {
    const job = this.#jobs.get(runId);
    if (job && !isEnded(job.state)) return job;
    this.get(runId);
    throw new FrontierError('CONFLICT', 'This run is not going on.', 'Resume it first, or start a new one.');
  }

  #launch(record: TrainingRunRecord): void {
    const { input } = record;
    const { dataset } = historyOf(this.#context, input.symbol, input.timeframe);
    const payload: TrainPayload = {
      home: this.#context.home,
      runId: record.id,
      modelId: this.#context.ids.next('mdl'),
      input,
      dataset,
    };
    const title = `Train ${input.family.toUpperCase()} on ${input.symbol} ${input.timeframe}`;
    const job = submitJob(this.#context, 'train', title, payload);
    this.#jobs.set(record.id, job);
    this.#save({ ...record, jobId: job.id });
    job.subscribe((event) => {
      if (event.type === 'state') this.#update(record.id, { state: event.state });
      else if (event.type === 'restarted')
        this.#update(record.id, { restarts: this.#record(record.id).restarts + 1 });
      else if (event.type === 'progress') this.#progress(record.id, event.progress.data as TrainProgressData);
    });
    void this.#finish(record.id, job);
  }

  #progress(runId: string, data: TrainProgressData): void {
    if (data.type === 'engine') {
      this.#update(runId, { engine: data.engine, engineNote: data.note });
      return;
    }
    if (data.type === 'log') return;
    const { chunk } = data;
    const points: CurvePoint[] = [
      { step: chunk.step, train: chunk.trainLoss, learningRate: chunk.learningRate },
    ];
    if (chunk.validationLoss !== undefined) points[0] = { ...points[0]!, validation: chunk.validationLoss };
    // A long run keeps every validation point and thins the others, so that the curve stays small.
    const every = Math.max(1, Math.floor(chunk.totalSteps / MAX_CURVE_POINTS));
    const done = this.#curves.get(runId) ?? -every;
    if (chunk.validationLoss !== undefined || chunk.step - done >= every) {
      this.#curves.set(runId, chunk.step);
      this.#context.stores.trainingRuns.appendCurve(runId, points);
    }
    this.#update(runId, {
      step: chunk.step,
      totalSteps: chunk.totalSteps,
      epoch: chunk.epoch,
      stepsPerSecond: chunk.stepsPerSecond,
      etaMs: chunk.etaMs,
      engine: chunk.engine,
    });
  }

  async #finish(runId: string, job: JobHandle): Promise<void> {
    try {
      const result = (await job.result) as TrainJobResult;
      this.#context.stores.models.add(result.model);
      this.#update(runId, {
        state: 'done',
        modelId: result.model.id,
        finalLoss: result.finalLoss,
        seconds: result.seconds,
        engineNote: result.engineNote,
        samplesLeftOut: result.model.samplesLeftOut,
        endedMs: this.#context.clock.nowMs(),
      });
      this.#context.hub.notify('models');
    } catch (error) {
      const { code, message, hint } = errorBody(error);
      const state: JobState = code === 'CANCELLED' ? 'stopped' : 'failed';
      this.#update(runId, { state, error: { code, message, hint }, endedMs: this.#context.clock.nowMs() });
    }
  }

  #record(runId: string): TrainingRunRecord {
    return this.#records.get(runId)!;
  }

  #update(runId: string, change: Partial<TrainingRunRecord>): void {
    const before = this.#record(runId);
    // The job says done before the model is registered; the run says so after.
    const state = change.state === 'done' && !change.modelId ? before.state : (change.state ?? before.state);
    this.#save({ ...before, ...change, state });
  }

  #save(record: TrainingRunRecord): void {
    this.#records.set(record.id, record);
    this.#context.stores.trainingRuns.save(record);
    this.#context.hub.notify(`run:${record.id}`);
    this.#context.hub.notify('runs');
  }
}
