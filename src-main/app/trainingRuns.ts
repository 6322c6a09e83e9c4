import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type {
  ModelDto,
  TrainInput,
  TrainingRunDto,
  TrainLogEntry,
} from '../../src-shared/contract/training.ts';
import { errorBody, FrontierError } from '../../src-shared/errors.ts';
import type { JobEvent, JobHandle, JobState } from '../jobs/port.ts';
import { COMPOSED_FAMILIES } from '../models/composed.ts';
import { familyOf } from '../models/registry.ts';
import type { TrainingRunRecord } from '../store/trainingRuns.ts';
import { checkTrainInput } from '../training/inputChecks.ts';
import { SAVE_REQUEST } from '../training/messages.ts';
import type { ChunkReport } from '../training/types.ts';
import { type EngineContext, homePaths, isEnded, submitJob } from './context.ts';
import { historyOf } from './histories.ts';
import type { TrainProgressData } from './jobs/fit.ts';
import type { TrainJobResult, TrainPayload } from './jobs/train.ts';
import { pruneModels } from './modelFiles.ts';

const INTERRUPTED = {
  code: 'WORKER_LOST',
  message: 'Frontier ended while this run was going on.',
  hint: 'Resume goes on from its last checkpoint.',
} as const;

/** What a family is called where it is read. */
const titleOf = (family: TrainInput['family']): string =>
  (COMPOSED_FAMILIES.find(({ name }) => name === family) ?? familyOf(family)).title;

/** Training runs: starts them as jobs, follows their progress into the store, and goes on after a stop or a crash. */
export class TrainingRuns {
  readonly #context: EngineContext;
  readonly #jobs = new Map<string, JobHandle>();
  readonly #records = new Map<string, TrainingRunRecord>();
  /** Runs whose end the store refused, e.g. because the disk is full. */
  readonly #unstored = new Set<string>();

  /** Runs that an earlier engine left going are shown as stopped; their checkpoints are kept. */
  constructor(context: EngineContext) {
    this.#context = context;
    for (const { curve: _, ...run } of context.stores.trainingRuns.list())
      if (!isEnded(run.state))
        context.stores.trainingRuns.save({ ...run, state: 'stopped', error: INTERRUPTED });
  }

  /** @throws FrontierError BAD_INPUT, NOT_FOUND: nothing is begun that cannot work */
  start(input: TrainInput): string {
    checkTrainInput(input);
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
    const job = this.#running(runId);
    this.#log(runId, 'info', 'run', 'Asked to stop.');
    await job.stop();
  }

  /** Has a checkpoint written now. A paused run wrote one when it paused. */
  save(runId: string): void {
    const job = this.#running(runId);
    if (job.state === 'running') job.send(SAVE_REQUEST);
    else if (job.state === 'queued')
      throw new FrontierError('CONFLICT', 'This run has not begun.', 'There is nothing to save yet.');
  }

  /**
   * Removes an ended run with its curve, log, readings and checkpoints; its model stays.
   * @throws FrontierError NOT_FOUND; CONFLICT while it goes on
   */
  async remove(runId: string): Promise<void> {
    const run = this.get(runId);
    if (!isEnded(run.state))
      throw new FrontierError('CONFLICT', 'This run is still going on.', 'Stop it first.');
    await this.#removeCheckpoints(runId);
    this.#context.stores.trainingRuns.remove(runId);
    this.#jobs.delete(runId);
    this.#records.delete(runId);
    this.#context.hub.notify('runs');
  }

  /** A run that fits several models has a folder for each, named after the run. */
  async #removeCheckpoints(runId: string): Promise<void> {
    const own = homePaths.checkpoint(this.#context.home, runId);
    const names = await readdir(dirname(own)).catch((): string[] => []);
    for (const name of names) {
      if (name === runId || name.startsWith(`${runId}-`))
        await rm(join(dirname(own), name), { recursive: true, force: true });
    }
  }

  /** The worker of a running job, for diagnostics. */
  job(runId: string): JobHandle | undefined {
    return this.#jobs.get(runId);
  }

  get(runId: string): TrainingRunDto {
    const stored = this.#context.stores.trainingRuns.get(runId);
    return this.#unstored.has(runId) ? { ...stored, ...this.#record(runId) } : stored;
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
      newestVersion: this.#context.stores.models.latest(input.symbol, input.timeframe)?.version ?? 0,
      input,
      dataset,
    };
    const title = `Train ${titleOf(input.family)} on ${input.symbol} ${input.timeframe}`;
    const job = submitJob(this.#context, 'train', title, payload);
    this.#jobs.set(record.id, job);
    this.#save({ ...record, jobId: job.id });
    let refused: unknown;
    job.subscribe((event) => {
      try {
        this.#jobEvent(record.id, event);
      } catch (error) {
        // Thrown on, it would end the engine: nobody waits for an event. Stopping is an event as well.
        if (refused !== undefined) return;
        refused = error;
        if (!isEnded(job.state)) void job.stop();
      }
    });
    void this.#finish(record.id, job, () => refused);
  }

  #progress(runId: string, data: TrainProgressData): void {
    const { trainingRuns } = this.#context.stores;
    switch (data.type) {
      case 'engine':
        this.#update(runId, { engine: data.engine, device: data.device, engineNote: data.note });
        return;
      case 'log':
        this.#logEntry(runId, data.entry);
        return;
      case 'reading':
        trainingRuns.appendReadings(runId, [data.reading]);
        return;
      case 'saved':
        this.#update(runId, { savedStep: data.step });
        return;
      case 'stage':
        this.#update(runId, { step: data.done, totalSteps: data.total });
        return;
      case 'chunk':
        this.#chunk(runId, data.chunk);
    }
  }

  #chunk(runId: string, chunk: ChunkReport): void {
    const { stepsPerSecond } = chunk;
    const points = chunk.points.map((point) => ({ ...point, stepsPerSecond }));
    if (points.length > 0) this.#context.stores.trainingRuns.appendCurve(runId, points);
    this.#update(runId, {
      step: chunk.step,
      totalSteps: chunk.totalSteps,
      epoch: chunk.epoch,
      stepsPerEpoch: chunk.stepsPerEpoch,
      stepsPerSecond,
      etaMs: chunk.etaMs,
      engine: chunk.engine,
      ...(chunk.workers === undefined ? {} : { workers: chunk.workers }),
      ...(chunk.bestStep === undefined ? {} : { bestStep: chunk.bestStep }),
      ...(chunk.bestValidationLoss === undefined ? {} : { bestValidation: chunk.bestValidationLoss }),
    });
  }

  /** Old models of the same kind make room; the run says which. */
  #prune(runId: string, model: ModelDto): void {
    const removed = pruneModels(this.#context, model);
    if (removed.length === 0) return;
    this.#log(
      runId,
      'info',
      'models',
      `Removed the files of ${removed.join(', ')}: five of a kind are kept.`,
    );
  }

  /** Adds a line to the run's log. */
  #log(runId: string, level: TrainLogEntry['level'], topic: string, message: string): void {
    this.#logEntry(runId, { timeMs: this.#context.clock.nowMs(), level, topic, message });
  }

  #logEntry(runId: string, entry: TrainLogEntry): void {
    this.#context.stores.trainingRuns.appendLog(runId, [entry]);
    this.#context.hub.notify(`run:${runId}`);
  }

  #jobEvent(runId: string, event: JobEvent): void {
    if (event.type === 'state') {
      // The run ends with its model or its error, which `#finish` adds: whoever follows it sees the whole end.
      if (isEnded(event.state)) return;
      this.#update(runId, { state: event.state });
      if (event.state === 'paused') this.#log(runId, 'info', 'run', 'Paused.');
    } else if (event.type === 'restarted') {
      const message = `The worker was lost (${event.reason}); the run goes on from its last checkpoint.`;
      this.#log(runId, 'warning', 'worker', message);
      this.#update(runId, { restarts: this.#record(runId).restarts + 1 });
    } else if (event.type === 'progress' && event.progress.data !== undefined)
      this.#progress(runId, event.progress.data as TrainProgressData);
  }

  /** @param refused what the store threw while the run went on, if anything */
  async #finish(runId: string, job: JobHandle, refused: () => unknown): Promise<void> {
    try {
      const result = (await job.result) as TrainJobResult;
      for (const model of [...(result.further ?? []), result.model]) {
        this.#context.stores.models.add(model);
        this.#prune(runId, model);
      }
      this.#log(runId, 'info', 'run', `Done: the model ${result.model.id} is stored.`);
      this.#update(runId, {
        state: 'done',
        modelId: result.model.id,
        // Models that are made of models, or made elsewhere, have no loss of their own.
        ...(typeof result.finalLoss === 'number' && Number.isFinite(result.finalLoss)
          ? { finalLoss: result.finalLoss }
          : {}),
        ...(result.bestValidation === undefined ? {} : { bestValidation: result.bestValidation }),
        ...(result.steps > this.#record(runId).step ? { step: result.steps, totalSteps: result.steps } : {}),
        seconds: result.seconds,
        engineNote: result.engineNote,
        samplesLeftOut: result.model.samplesLeftOut,
        endedMs: this.#context.clock.nowMs(),
      });
      this.#context.hub.notify('models');
    } catch (error) {
      this.#failed(runId, refused() ?? error);
    }
  }

  #failed(runId: string, error: unknown): void {
    const { code, message, hint } = errorBody(error);
    const state: JobState = code === 'CANCELLED' ? 'stopped' : 'failed';
    const end = { state, error: { code, message, hint }, endedMs: this.#context.clock.nowMs() };
    try {
      this.#update(runId, end);
      this.#log(runId, code === 'CANCELLED' ? 'info' : 'error', 'run', [message, hint].join(' ').trim());
    } catch (unwritten) {
      // Whoever follows the run is told all the same; the store says so when the engine is opened again.
      this.#context.log(`the end of the training run ${runId} cannot be stored`, unwritten);
      this.#records.set(runId, { ...this.#record(runId), ...end });
      this.#unstored.add(runId);
      this.#context.hub.notify(`run:${runId}`);
      this.#context.hub.notify('runs');
    }
  }

  #record(runId: string): TrainingRunRecord {
    return this.#records.get(runId)!;
  }

  #update(runId: string, change: Partial<TrainingRunRecord>): void {
    this.#save({ ...this.#record(runId), ...change });
  }

  #save(record: TrainingRunRecord): void {
    this.#records.set(record.id, record);
    this.#context.stores.trainingRuns.save(record);
    this.#unstored.delete(record.id);
    this.#context.hub.notify(`run:${record.id}`);
    this.#context.hub.notify('runs');
  }
}
