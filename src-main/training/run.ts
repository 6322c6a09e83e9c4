import { FrontierError } from '../../src-shared/errors.ts';
import type { Engine } from '../tensor/engine.ts';
import type { TrainSession } from '../tensor/train-session.ts';
import { BatchPlan } from './batches.ts';
import { type Checkpoint, type RunProgress, writeCheckpoint } from './checkpoint.ts';
import { extendCurve, meanOf, thinLosses } from './curve.ts';
import type { ChunkReport, TrainConfig, TrainIo, TrainingData } from './types.ts';

const SHORTEST_MEASURE_MS = 20;
const DEFAULT_CHECKPOINT_INTERVAL_MS = 2000;

/** Learning rate of a step; the cosine falls from the full rate to zero over the run. */
function learningRateAt(config: TrainConfig, totalSteps: number): (step: number) => number {
  if (config.schedule.kind !== 'cosine') return () => config.learningRate;
  return (step) => (config.learningRate * (1 + Math.cos((Math.PI * step) / totalSteps))) / 2;
}

/** One training run, between its start (or resumption) and its end. */
export class Run {
  readonly #data: TrainingData;
  readonly #config: TrainConfig;
  readonly #io: TrainIo;
  readonly #session: TrainSession;
  readonly #engine: Engine;
  readonly #fingerprint: string;
  readonly #plan: BatchPlan;
  readonly #rate: (step: number) => number;
  readonly #progress: RunProgress;
  #best: Float32Array | undefined;
  #savedStep = -1;
  #savedMs: number;
  #stepsPerMs = 0;
  #unmeasured = { steps: 0, ms: 0 };

  constructor(
    data: TrainingData,
    config: TrainConfig,
    io: TrainIo,
    parts: { session: TrainSession; engine: Engine; fingerprint: string; before: Checkpoint | undefined },
  ) {
    this.#data = data;
    this.#config = config;
    this.#io = io;
    this.#session = parts.session;
    this.#engine = parts.engine;
    this.#fingerprint = parts.fingerprint;
    this.#plan = new BatchPlan(data.trainEnds, config.batch, config.epochs, config.seed);
    this.#rate = learningRateAt(config, this.#plan.totalSteps);
    this.#best = parts.before?.best;
    this.#progress = parts.before?.progress ?? {
      step: 0,
      elapsedMs: 0,
      finalLoss: Number.NaN,
      bestStep: 0,
      epochsSinceBest: 0,
      stoppedEarly: false,
      curve: [],
    };
    this.#savedStep = parts.before ? this.#progress.step : -1;
    this.#savedMs = io.clock.nowMs();
  }

  get progress(): Readonly<RunProgress> {
    return this.#progress;
  }

  get finished(): boolean {
    return this.#progress.stoppedEarly || this.#progress.step >= this.#plan.totalSteps;
  }

  /** Trains until the end, a stop or an error. The last good state is on disk in each case. */
  async loop(): Promise<void> {
    while (!this.finished && !this.#io.signal.aborted) {
      await this.#chunk();
      if (this.#io.paused() && !this.finished) {
        await this.#save();
        await this.#io.waitWhilePaused();
      }
    }
    await this.#save();
  }

  async #chunk(): Promise<void> {
    const progress = this.#progress;
    const started = this.#io.clock.nowMs();
    const from = progress.step;
    const steps = this.#plan.chunkAt(from, this.#config.chunkSteps);
    const { losses, gradientNorms } = await this.#session.run(
      this.#plan.endsOf(from, steps),
      steps,
      this.#rate,
    );
    await this.#refuseNonFinite(losses, from);
    progress.step = from + steps;
    progress.finalLoss = meanOf(losses);
    const epochEnded = progress.step % this.#plan.stepsPerEpoch === 0;
    const validation = epochEnded ? await this.#endEpoch() : undefined;
    const elapsedMs = this.#io.clock.nowMs() - started;
    progress.elapsedMs += elapsedMs;
    const scores = validation === undefined ? {} : { validation };
    progress.curve = extendCurve(progress.curve, {
      step: progress.step,
      train: progress.finalLoss,
      ...scores,
    });
    this.#io.onChunk(this.#report(losses, meanOf(gradientNorms), steps, elapsedMs, validation));
    const interval = this.#io.checkpointIntervalMs ?? DEFAULT_CHECKPOINT_INTERVAL_MS;
    if (this.#io.clock.nowMs() - this.#savedMs >= interval) await this.#save();
  }

  async #refuseNonFinite(losses: Float32Array, from: number): Promise<void> {
    const at = losses.findIndex((loss) => !Number.isFinite(loss));
    if (at < 0) return;
    throw new FrontierError(
      'ENGINE_FAILED',
      `the loss became ${losses[at]} at step ${from + at + 1}`,
      'Lower the learning rate, set clipNorm to 1, or scale the features; the last checkpoint is kept.',
    );
  }

  /** Validates and keeps the weights where they are the best so far. */
  async #endEpoch(): Promise<number | undefined> {
    const loss = await this.validationLoss();
    if (loss === undefined) return undefined;
    const progress = this.#progress;
    if (progress.bestValidationLoss === undefined || loss < progress.bestValidationLoss) {
      progress.bestValidationLoss = loss;
      progress.bestStep = progress.step;
      progress.epochsSinceBest = 0;
      this.#best = this.#session.save().parameters;
    } else {
      progress.epochsSinceBest += 1;
      progress.stoppedEarly = this.#config.patience > 0 && progress.epochsSinceBest >= this.#config.patience;
    }
    return loss;
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

  /** Smoothed, so that the time left does not jump with each epoch's validation. */
  #measure(steps: number, elapsedMs: number): void {
    this.#unmeasured.steps += steps;
    this.#unmeasured.ms += elapsedMs;
    const { ms, steps: done } = this.#unmeasured;
    // A clock of whole milliseconds cannot time a chunk that takes less than a few of them.
    if (ms < SHORTEST_MEASURE_MS && this.#stepsPerMs > 0) return;
    const speed = done / Math.max(ms, 1);
    this.#stepsPerMs = this.#stepsPerMs === 0 ? speed : 0.8 * this.#stepsPerMs + 0.2 * speed;
    this.#unmeasured = { steps: 0, ms: 0 };
  }

  #report(
    losses: Float32Array,
    gradientNorm: number,
    steps: number,
    elapsedMs: number,
    validation?: number,
  ): ChunkReport {
    const { step, finalLoss } = this.#progress;
    this.#measure(steps, elapsedMs);
    return {
      step,
      totalSteps: this.#plan.totalSteps,
      stepsPerEpoch: this.#plan.stepsPerEpoch,
      gradientNorm,
      epoch: this.#plan.epochOf(step - 1) + 1,
      losses: thinLosses(losses),
      trainLoss: finalLoss,
      ...(validation === undefined ? {} : { validationLoss: validation }),
      learningRate: this.#rate(step - 1),
      stepsPerSecond: this.#stepsPerMs * 1000,
      etaMs: this.finished ? 0 : (this.#plan.totalSteps - step) / this.#stepsPerMs,
      engine: this.#engine.name,
    };
  }

  async #save(): Promise<void> {
    this.#savedMs = this.#io.clock.nowMs();
    if (this.#savedStep === this.#progress.step) return;
    await writeCheckpoint(this.#io.checkpointDir, {
      fingerprint: this.#fingerprint,
      engine: this.#engine.name,
      progress: this.#progress,
      state: this.#session.save(),
      best: this.#best,
    });
    this.#savedStep = this.#progress.step;
  }

  /**
   * The weights to hand out. A run stopped within an epoch also weighs its present weights against the best; that
   * choice is not saved, so a later resumption ends as if there had been no stop.
   */
  async chosen(): Promise<{ weights: Float32Array; step: number; validation: number | undefined }> {
    const { step, bestStep, bestValidationLoss } = this.#progress;
    const present = this.#session.save().parameters;
    if (!this.#best) {
      return { weights: present, step, validation: await this.validationLoss() };
    }
    const best = { weights: this.#best, step: bestStep, validation: bestValidationLoss };
    if (this.finished) return best;
    const validation = await this.validationLoss();
    return validation! < bestValidationLoss! ? { weights: present, step, validation } : best;
  }
}
