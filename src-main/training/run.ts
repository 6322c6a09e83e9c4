import { FrontierError } from '../../src-shared/errors.ts';
import type { EngineName } from '../tensor/engine.ts';
import { sizeOf } from '../tensor/graph.ts';
import type { StepInput } from '../tensor/model.ts';
import type { BadStep, ChunkResult } from '../tensor/train-session.ts';
import { BatchPlan } from './batches.ts';
import type { Checkpoint, RunChoices, RunProgress } from './checkpoint.ts';
import { CheckpointStore } from './checkpointStore.ts';
import { effectiveBatch } from './checks.ts';
import { addStep, CurveGrid, emptyPoint, extendCurve, meanOf, thinLosses } from './curve.ts';
import { nonFiniteError } from './nonFinite.ts';
import { ChunkPace, SpeedMeter } from './pace.ts';
import { ReadingStream } from './sampler.ts';
import { afterEpoch, FRESH_PLATEAU, learningRateAt } from './schedule.ts';
import type { RunSession } from './session.ts';
import type { ChunkReport, CurvePoint, LogLine, TrainConfig, TrainIo, TrainingData } from './types.ts';

const DEFAULT_CHECKPOINT_INTERVAL_MS = 2000;
/** Encoding a checkpoint holds the run up; no more than this share of the time. */
const CHECKPOINT_SHARE = 0.02;
const CHECKPOINT_LOG_INTERVAL_MS = 60_000;

/** What a run is made of, besides data, settings and surroundings. */
export interface RunParts {
  readonly session: RunSession;
  readonly engine: EngineName;
  /** Names of the devices at work. */
  readonly devices: readonly string[];
  readonly fingerprint: string;
  readonly choices: RunChoices;
  readonly before: Checkpoint | undefined;
  readonly stepInputs: readonly StepInput[];
  /** Whether the model learns from targets. */
  readonly labelled: boolean;
}

function freshProgress(): RunProgress {
  return {
    step: 0,
    elapsedMs: 0,
    bestStep: 0,
    epochsSinceBest: 0,
    stoppedEarly: false,
    skippedSteps: 0,
    plateau: FRESH_PLATEAU,
    curve: [],
    point: emptyPoint(),
    epoch: emptyPoint(),
  };
}

/** One training run, between its start (or resumption) and its end. */
export class Run {
  readonly #data: TrainingData;
  readonly #config: TrainConfig;
  readonly #io: TrainIo;
  readonly #parts: RunParts;
  readonly #session: RunSession;
  readonly #plan: BatchPlan;
  readonly #grid: CurveGrid;
  readonly #pace: ChunkPace;
  readonly #speed = new SpeedMeter();
  readonly #store: CheckpointStore;
  readonly #readings: ReadingStream;
  readonly #rate: (step: number) => number;
  readonly #progress: RunProgress;
  #best: Float32Array | undefined;
  #savedStep: number;
  #skippedBefore: number;
  #savedMs: number;
  #saveCostMs = 0;
  #saveLoggedMs = Number.NEGATIVE_INFINITY;

  constructor(data: TrainingData, config: TrainConfig, io: TrainIo, parts: RunParts) {
    this.#data = data;
    this.#config = config;
    this.#io = io;
    this.#parts = parts;
    this.#session = parts.session;
    const batch = effectiveBatch(config);
    this.#plan = new BatchPlan(data.trainEnds, batch, config.epochs, config.seed);
    this.#grid = new CurveGrid(this.#plan.stepsPerEpoch, config.epochs);
    const drawn = parts.stepInputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    this.#pace = new ChunkPace(config.chunkSteps, batch * (1 + drawn));
    this.#store = new CheckpointStore(io.checkpointDir, config.keepCheckpoints);
    this.#readings = new ReadingStream(io, parts.devices);
    this.#rate = (step) =>
      learningRateAt(config.schedule, config.learningRate, this.#plan, this.#progress.plateau, step);
    this.#best = parts.before?.best;
    this.#progress = parts.before?.progress ?? freshProgress();
    this.#skippedBefore = this.#progress.skippedSteps;
    this.#savedStep = parts.before ? this.#progress.step : 0;
    this.#savedMs = io.clock.nowMs();
  }

  get progress(): Readonly<RunProgress> {
    return this.#progress;
  }

  /** Mean training loss of the epoch, or of the part of it that was done; NaN before the first step. */
  get finalLoss(): number {
    const { epoch, curve } = this.#progress;
    return epoch.losses > 0 ? epoch.loss / epoch.losses : (curve.at(-1)?.train ?? Number.NaN);
  }

  get finished(): boolean {
    return this.#progress.stoppedEarly || this.#progress.step >= this.#plan.totalSteps;
  }

  /** Trains until the end, a stop or an error. The last good state is on disk in each case. */
  async loop(): Promise<void> {
    this.#readings.sample(this.#progress.step);
    while (!this.finished && !this.#io.signal.aborted) {
      if (this.#io.paused()) {
        await this.save('before the pause');
        await this.#io.waitWhilePaused();
        continue;
      }
      await this.#chunk();
      this.#readings.sample(this.#progress.step);
      if (this.#io.takeSaveRequest?.()) await this.save('as asked');
      else if (this.#saveIsDue()) await this.#beginSave();
    }
    await this.save(this.finished ? 'at the end of the run' : 'as the run stops');
    if (this.finished && !this.#progress.stoppedEarly && this.#best)
      this.#log('info', 'best epoch', `The run is over and keeps ${this.#bestInWords()}.`);
  }

  async #chunk(): Promise<void> {
    const progress = this.#progress;
    const started = this.#io.clock.nowMs();
    const from = progress.step;
    const steps = this.#plan.chunkAt(from, this.#pace.steps, this.#session.chunkMultiple);
    if (from % this.#plan.stepsPerEpoch === 0) progress.epoch = emptyPoint();
    const ends = this.#plan.endsOf(from, steps);
    const chunk = await this.#session.run(ends, steps, this.#rate);
    this.#pace.measured(steps, this.#io.clock.nowMs() - started);
    if (chunk.bad) await this.#refuseNonFinite(chunk.bad, ends);
    progress.skippedSteps += chunk.skipped;
    progress.step = from + steps;
    const points = this.#addToCurves(chunk, from);
    const epochEnded = progress.step % this.#plan.stepsPerEpoch === 0;
    const rate = this.#rate(progress.step - 1);
    const validation = epochEnded ? await this.#endEpoch() : undefined;
    if (epochEnded) this.#logSkipped();
    const last = points.at(-1);
    if (last && validation !== undefined) points[points.length - 1] = { ...last, validation };
    for (const point of points) progress.curve = extendCurve(progress.curve, point);
    const elapsedMs = this.#io.clock.nowMs() - started;
    progress.elapsedMs += elapsedMs;
    this.#speed.measured(steps, elapsedMs);
    this.#io.onChunk(this.#report(chunk, points, rate, validation));
  }

  #addToCurves(chunk: ChunkResult, from: number): CurvePoint[] {
    const { point, epoch } = this.#progress;
    chunk.losses.forEach((loss, i) => {
      addStep(epoch, loss, chunk.gradientNorms[i]!);
    });
    return this.#grid.add(point, chunk, from, this.#rate);
  }

  /** Goes back to the last good weights, keeps them, and throws. */
  async #refuseNonFinite(bad: BadStep, ends: Int32Array): Promise<never> {
    await this.#session.rollback();
    await this.save('before the step that failed');
    const { batch } = this.#plan;
    const batchEnds = ends.subarray(bad.index * batch, (bad.index + 1) * batch);
    const error = nonFiniteError(this.#data, this.#config, bad, batchEnds, this.#parts.labelled);
    this.#log('error', 'loss', `${error.message}.`);
    throw error;
  }

  /** Validates, keeps the weights where they are the best so far, and moves the plateau schedule on. */
  async #endEpoch(): Promise<number | undefined> {
    const loss = await this.validationLoss();
    if (loss === undefined) return undefined;
    const progress = this.#progress;
    if (progress.bestValidationLoss === undefined || loss < progress.bestValidationLoss) {
      progress.bestValidationLoss = loss;
      progress.bestStep = progress.step;
      progress.epochsSinceBest = 0;
      this.#best = await this.#session.weights();
    } else {
      progress.epochsSinceBest += 1;
      progress.stoppedEarly = this.#config.patience > 0 && progress.epochsSinceBest >= this.#config.patience;
      if (progress.stoppedEarly) this.#logEarlyStop();
    }
    const { cuts } = progress.plateau;
    progress.plateau = afterEpoch(this.#config.schedule, progress.plateau, loss);
    if (progress.plateau.cuts > cuts) {
      const rate = this.#rate(progress.step).toPrecision(3);
      this.#log('decision', 'learning rate', `The validation loss stands still: learning rate ${rate} now.`);
    }
    return loss;
  }

  #logEarlyStop(): void {
    const why = `No better validation loss for ${this.#progress.epochsSinceBest} epochs`;
    this.#log('decision', 'early stop', `${why}: the run ends and keeps ${this.#bestInWords()}.`);
  }

  #bestInWords(): string {
    const { bestStep, bestValidationLoss } = this.#progress;
    const epoch = this.#plan.epochOf(bestStep - 1) + 1;
    return `epoch ${epoch} (step ${bestStep}, validation loss ${bestValidationLoss?.toPrecision(5)})`;
  }

  /** Overflows are part of mixed precision; a word per epoch lets the user see when they are too many. */
  #logSkipped(): void {
    const { skippedSteps } = this.#progress;
    const now = skippedSteps - this.#skippedBefore;
    this.#skippedBefore = skippedSteps;
    if (now === 0) return;
    const message = `${now} of the epoch's ${this.#plan.stepsPerEpoch} steps overflowed in half precision and were left out; the loss scale was lowered.`;
    this.#log('info', 'skipped steps', message);
  }

  /** Mean loss over the validation windows, undefined without any. */
  async validationLoss(): Promise<number | undefined> {
    const { validationEnds } = this.#data;
    if (validationEnds.length === 0) return undefined;
    const loss = await this.#session.evaluate(validationEnds);
    if (Number.isFinite(loss)) return loss;
    throw new FrontierError(
      'ENGINE_FAILED',
      `the validation loss became ${loss} after step ${this.#progress.step}`,
      'Lower the learning rate or set clipNorm to 1; the last checkpoint is kept.',
    );
  }

  #report(chunk: ChunkResult, points: CurvePoint[], rate: number, validation?: number): ChunkReport {
    const { step, bestStep, bestValidationLoss } = this.#progress;
    const { workers } = this.#session;
    return {
      step,
      totalSteps: this.#plan.totalSteps,
      stepsPerEpoch: this.#plan.stepsPerEpoch,
      gradientNorm: meanOf(chunk.gradientNorms),
      epoch: this.#plan.epochOf(step - 1) + 1,
      losses: thinLosses(chunk.losses),
      trainLoss: meanOf(chunk.losses),
      ...(validation === undefined ? {} : { validationLoss: validation }),
      learningRate: rate,
      stepsPerSecond: this.#speed.stepsPerMs * 1000,
      etaMs: this.finished ? 0 : (this.#plan.totalSteps - step) / this.#speed.stepsPerMs,
      engine: this.#parts.engine,
      points,
      ...(workers === undefined ? {} : { workers }),
      ...(bestValidationLoss === undefined ? {} : { bestStep, bestValidationLoss }),
    };
  }

  #log(level: LogLine['level'], topic: string, message: string): void {
    this.#io.onLog?.({ level, topic, message });
  }

  #saveIsDue(): boolean {
    const least = this.#io.checkpointIntervalMs ?? DEFAULT_CHECKPOINT_INTERVAL_MS;
    const interval = Math.max(least, this.#saveCostMs / CHECKPOINT_SHARE);
    return !this.#store.busy && this.#io.clock.nowMs() - this.#savedMs >= interval;
  }

  /** Waits until all that was begun is on the disk. */
  settle(): Promise<void> {
    return this.#store.settle();
  }

  /** Writes a checkpoint of this moment and waits until it is on the disk. @param why for the log */
  async save(why: string): Promise<void> {
    const { step } = this.#progress;
    const already = this.#savedStep === step;
    await this.#beginSave();
    await this.#store.settle();
    if (!already) this.#log('info', 'checkpoint', `Checkpoint of step ${step} written ${why}.`);
  }

  /** Writes a checkpoint of this moment while the run goes on. */
  async #beginSave(): Promise<void> {
    await this.#store.settle();
    const started = this.#io.clock.nowMs();
    const { step } = this.#progress;
    if (this.#savedStep === step) return;
    const { fingerprint, engine, choices } = this.#parts;
    const state = await this.#session.save();
    const progress = this.#progress;
    this.#store.begin({ fingerprint, engine, choices, progress, state, best: this.#best }, () =>
      this.#io.onSaved?.(step),
    );
    this.#savedStep = step;
    this.#savedMs = this.#io.clock.nowMs();
    this.#saveCostMs = this.#savedMs - started;
    if (this.#savedMs - this.#saveLoggedMs < CHECKPOINT_LOG_INTERVAL_MS) return;
    this.#saveLoggedMs = this.#savedMs;
    const kept = this.#config.keepCheckpoints;
    this.#log('info', 'checkpoint', `Checkpoint of step ${step}; the newest ${kept} are kept.`);
  }

  /**
   * The weights to hand out. A run stopped within an epoch also weighs its present weights against the best; that
   * choice is not saved, so a later resumption ends as if there had been no stop.
   */
  async chosen(): Promise<{ weights: Float32Array; step: number; validation: number | undefined }> {
    const { step, bestStep, bestValidationLoss } = this.#progress;
    const present = await this.#session.weights();
    if (!this.#best) {
      return { weights: present, step, validation: await this.validationLoss() };
    }
    const best = { weights: this.#best, step: bestStep, validation: bestValidationLoss };
    if (this.finished) return best;
    const validation = await this.validationLoss();
    return validation! < bestValidationLoss! ? { weights: present, step, validation } : best;
  }
}
