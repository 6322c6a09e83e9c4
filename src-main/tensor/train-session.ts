import { noiseRows, noiseTable, wantsNoise } from './augment.ts';
import type { Engine, EngineSession, HostTensor, SessionOptions } from './engine.ts';
import { sizeOf } from './graph.ts';
import type { LossScale } from './loss-scale.ts';
import { type StepSchedule, stepSchedule } from './optimizer.ts';
import { isMixed } from './precision.ts';
import { refuseUnlessHalf } from './precision-probe.ts';
import { drawsOf, EVALUATION_DRAWS } from './train-draws.ts';
import {
  accumulationOf,
  evaluationModel,
  stepShape,
  type TrainGraphSpec,
  trainModel,
  untouched,
  windowLossModel,
} from './train-graph.ts';
import { applyModel, gradientModel } from './train-split.ts';
import { type BadStep, type ChunkResult, firstBad, type TrainState } from './train-state.ts';
import { carriedKinds, carriedNames, keptName, scalarPorts } from './train-update.ts';

export * from './train-state.ts';

/** The gradient of one update's windows. */
export interface StepGradient {
  /** Mean over the windows. */
  readonly loss: number;
  /**
   * [layout.total] in the layout's order, mean over the windows; of mixed precision times the loss scale, which all
   * workers of a run share. The means of several of equal size average to the gradient of them all.
   */
  readonly gradient: Float32Array;
}

/** What an update by a given gradient tells. */
export interface AppliedStep {
  /** Of the gradient in its true size, before clipping. */
  readonly gradientNorm: number;
  /** True where mixed precision left the step out: nothing but the loss scale has changed. */
  readonly skipped: boolean;
  /** As of a chunk. */
  readonly bad?: BadStep;
}

/** The resident data of a run. */
export interface TrainTensors {
  /** [rows, features] */
  readonly features: Float32Array;
  /** [rows, targetColumns] */
  readonly targets: Float32Array;
}

/** Windows evaluated per run; bounds the memory of the activations. */
const EVALUATION_BATCH = 1024;

const float = (data: Float32Array, shape: readonly number[]): HostTensor => ({
  dtype: 'float32',
  shape,
  data,
});
const scalar = (value: number): HostTensor => float(Float32Array.of(value), []);
const whole = (value: number): HostTensor => ({
  dtype: 'int64',
  shape: [],
  data: BigInt64Array.of(BigInt(value)),
});
const int32 = (data: Int32Array, shape: readonly number[]): HostTensor => ({ dtype: 'int32', shape, data });

/** Which row of a schedule a port is fed. */
const SCHEDULE_OF: Readonly<Record<string, keyof StepSchedule>> = {
  step_size: 'stepSize',
  rate: 'rate',
  correction: 'correction',
  epsilon: 'epsilon',
  keep: 'keep',
  share: 'share',
};

type Tensors = Readonly<Record<string, HostTensor>>;

/** A moment of a run that can be gone back to. Tensors are never written to, so that this is cheap. */
interface Moment {
  readonly carried: Tensors;
  readonly lossScale: LossScale | undefined;
  readonly step: number;
}

/** What only some runs need, opened when first asked for. */
interface Extras {
  losses?: EngineSession;
  gradient?: EngineSession;
  apply?: EngineSession;
}

/** A training graph loaded on an engine together with its state. */
export class TrainSession {
  readonly #spec: TrainGraphSpec;
  readonly #engine: Engine;
  readonly #options: SessionOptions;
  readonly #train: EngineSession;
  readonly #evaluate: EngineSession;
  readonly #data: Tensors;
  /** Of the training graphs alone. */
  readonly #noise: Tensors;
  readonly #extras: Extras = {};
  #now: Moment = { carried: {}, lossScale: undefined, step: 0 };
  #before: Moment | undefined;

  private constructor(
    spec: TrainGraphSpec,
    sessions: { train: EngineSession; evaluate: EngineSession },
    data: TrainTensors,
    engine: Engine,
    options: SessionOptions,
  ) {
    this.#spec = spec;
    this.#engine = engine;
    this.#options = options;
    this.#train = sessions.train;
    this.#evaluate = sessions.evaluate;
    this.#data = {
      features: float(data.features, [spec.rows, spec.size.features]),
      targets: float(data.targets, [spec.rows, spec.targetColumns]),
    };
    const { augment, size, seed } = spec;
    this.#noise = wantsNoise(augment)
      ? { noise: float(noiseTable(augment!, size, seed), [noiseRows(size), size.features]) }
      : {};
  }

  /**
   * @param options of the training graphs; validation always runs as it is shipped
   * @throws FrontierError ENGINE_FAILED where the engine refuses the graph; UNAVAILABLE where mixed precision is wanted
   *   of an engine that cannot compute in half precision
   */
  static async open(
    engine: Engine,
    spec: TrainGraphSpec,
    data: TrainTensors,
    options: SessionOptions = {},
  ): Promise<TrainSession> {
    if (isMixed(spec)) await refuseUnlessHalf(engine);
    const train = await engine.createSession(trainModel(spec), options);
    const evaluate = await engine.createSession(evaluationModel(spec));
    return new TrainSession(spec, { train, evaluate }, data, engine, options);
  }

  /** Steps done. */
  get step(): number {
    return this.#now.step;
  }

  /** Starts from, or goes back to, a state after `step` steps. */
  load(state: TrainState, step: number): void {
    const vectors = [state.parameters, ...state.slots, ...(state.average ? [state.average] : [])];
    const { layout, optimizer } = this.#spec;
    if (vectors.length !== carriedKinds(optimizer).length || isMixed(this.#spec) !== Boolean(state.lossScale))
      throw new Error('the state belongs to another optimiser or precision');
    if ((state.lossScale?.skipped ?? 0) > step) throw new Error('more steps were left out than were done');
    const carried: Record<string, HostTensor> = {};
    carriedNames(this.#spec).forEach((names, i) => {
      const { offset, size, shape } = layout.groups[i]!;
      names.forEach((name, kind) => {
        carried[name] = float(vectors[kind]!.slice(offset, offset + size), shape);
      });
    });
    this.#now = { carried, lossScale: state.lossScale, step };
    this.#before = undefined;
  }

  /** A copy of the state, for checkpoints. */
  save(): TrainState {
    const kinds = carriedKinds(this.#spec.optimizer);
    const [parameters, ...rest] = kinds.map((kind) => this.#vector((group) => `${kind}${group}`));
    const averaged = kinds.includes('a');
    const { lossScale } = this.#now;
    return {
      parameters: parameters!,
      slots: averaged ? rest.slice(0, -1) : rest,
      ...(averaged ? { average: rest.at(-1)! } : {}),
      ...(lossScale ? { lossScale } : {}),
    };
  }

  /** The weights to validate, predict with and keep, a copy: their average where one is kept. */
  weights(): Float32Array {
    return this.#vector((group) => keptName(this.#spec.optimizer, group));
  }

  #vector(nameOf: (group: number) => string): Float32Array {
    const { layout } = this.#spec;
    const vector = new Float32Array(layout.total);
    layout.groups.forEach(({ offset }, i) => {
      vector.set(this.#now.carried[nameOf(i)]!.data as Float32Array, offset);
    });
    return vector;
  }

  /**
   * Goes back to before the last `run`, `apply` or `load` took effect; the memory of one moment is kept.
   * @throws where there is none
   */
  rollback(): void {
    if (!this.#before) throw new Error('there is no step to go back from');
    this.#now = this.#before;
    this.#before = undefined;
  }

  /**
   * Does `steps` training steps in one run of the engine.
   * @param ends last row of each window, [steps, accumulation, batch]
   * @param learningRate by step, counted from the start of training
   */
  async run(ends: Int32Array, steps: number, learningRate: (step: number) => number): Promise<ChunkResult> {
    const { carried, lossScale, step } = this.#now;
    const each = stepShape(this.#spec);
    this.#checkEnds(ends, steps);
    const schedule = stepSchedule(this.#spec.optimizer, step, steps, learningRate, lossScale?.skipped);
    const feeds: Record<string, HostTensor> = {
      ...this.#data,
      ...this.#noise,
      ends: int32(ends, [steps, ...each]),
      steps: whole(steps),
      ...drawsOf(this.#spec, step, steps, [steps, ...each]),
      ...(lossScale
        ? { in_scale: scalar(lossScale.scale), in_good: scalar(lossScale.steps), in_skips: whole(0) }
        : {}),
    };
    for (const port of scalarPorts(this.#spec)) feeds[port] = float(schedule[SCHEDULE_OF[port]!], [steps]);
    for (const [name, tensor] of Object.entries(carried)) feeds[`in_${name}`] = tensor;
    const results = await this.#train.run(feeds);
    const losses = results.losses!.data as Float32Array;
    const gradientNorms = results.norms!.data as Float32Array;
    const bad = firstBad(losses, gradientNorms, step, lossScale);
    const skipped = lossScale ? Number(results.out_skips!.data[0]) : 0;
    this.#advance(results, skipped, steps);
    return { losses, gradientNorms, skipped, ...(bad ? { bad } : {}) };
  }

  #checkEnds(ends: Int32Array, steps: number): void {
    const wanted = steps * sizeOf(stepShape(this.#spec));
    if (ends.length !== wanted)
      throw new Error(
        `${steps} steps of [${stepShape(this.#spec)}] windows want ${wanted}, got ${ends.length}`,
      );
  }

  #advance(results: Tensors, skipped: number, steps: number): void {
    const { lossScale, step } = this.#now;
    const carried: Record<string, HostTensor> = {};
    for (const name of Object.keys(this.#now.carried)) carried[name] = results[`out_${name}`]!;
    const next = lossScale && {
      scale: Number(results.out_scale!.data[0]),
      steps: Number(results.out_good!.data[0]),
      skipped: (lossScale.skipped ?? 0) + skipped,
    };
    this.#before = this.#now;
    this.#now = { carried, lossScale: next, step: step + steps };
  }

  /**
   * The gradient of the present step's windows; changes nothing. With `apply` it makes a step of N workers: each
   * takes its part of the batch, the mean of their gradients is applied by all (or by one that passes the weights on).
   * @param ends last row of each window, [accumulation, batch]
   * @throws FrontierError ENGINE_FAILED where the engine refuses or fails
   */
  async gradient(ends: Int32Array): Promise<StepGradient> {
    this.#checkEnds(ends, 1);
    this.#extras.gradient ??= await this.#engine.createSession(gradientModel(this.#spec), this.#options);
    const { carried, lossScale, step } = this.#now;
    const each = stepShape(this.#spec);
    const feeds: Record<string, HostTensor> = {
      ...this.#data,
      ...this.#noise,
      ends: int32(ends, each),
      ...drawsOf(this.#spec, step, 1, each),
      ...(lossScale ? { in_scale: scalar(lossScale.scale) } : {}),
    };
    this.#spec.layout.groups.forEach((_, i) => {
      feeds[`in_p${i}`] = carried[`p${i}`]!;
    });
    const { loss, gradient } = await this.#extras.gradient.run(feeds);
    return { loss: Number(loss!.data[0]), gradient: gradient!.data as Float32Array };
  }

  /**
   * Does one training step by a given gradient.
   * @param gradient [layout.total], mean of what `gradient` gave; of mixed precision times the present loss scale
   * @param rate the step's learning rate
   * @throws FrontierError ENGINE_FAILED where the engine refuses or fails
   */
  async apply(gradient: Float32Array, rate: number): Promise<AppliedStep> {
    this.#extras.apply ??= await this.#engine.createSession(applyModel(this.#spec), this.#options);
    const { carried, lossScale, step } = this.#now;
    const schedule = stepSchedule(this.#spec.optimizer, step, 1, () => rate, lossScale?.skipped);
    const feeds: Record<string, HostTensor> = {
      gradient: float(gradient, [this.#spec.layout.total]),
      ...(lossScale ? { in_scale: scalar(lossScale.scale), in_good: scalar(lossScale.steps) } : {}),
    };
    for (const port of scalarPorts(this.#spec)) feeds[port] = float(schedule[SCHEDULE_OF[port]!], [1]);
    for (const [name, tensor] of Object.entries(carried)) feeds[`in_${name}`] = tensor;
    const results = await this.#extras.apply.run(feeds);
    const norm = results.norm!.data as Float32Array;
    const bad = firstBad(undefined, norm, step, lossScale);
    const skipped = lossScale !== undefined && !Number.isFinite(norm[0]!);
    this.#advance(results, skipped ? 1 : 0, 1);
    return { gradientNorm: norm[0]!, skipped, ...(bad ? { bad } : {}) };
  }

  /**
   * Mean loss of the kept weights over the windows that end at `ends`, with the same draws of the step inputs each
   * time, so that losses of two moments of a run can be compared.
   */
  async evaluate(ends: Int32Array): Promise<number> {
    this.#extras.losses ??= await this.#engine.createSession(windowLossModel(this.#spec));
    const plain = untouched(this.#spec);
    const { batch } = plain;
    const feeds: Record<string, HostTensor> = { ...this.#data, ...this.#keptFeeds() };
    let sum = 0;
    for (let from = 0; from < ends.length; from += batch) {
      const count = Math.min(batch, ends.length - from);
      const part = new Int32Array(batch).fill(ends[from]!);
      part.set(ends.subarray(from, from + count));
      const { losses } = await this.#extras.losses.run({
        ...feeds,
        ...drawsOf(plain, EVALUATION_DRAWS + from / batch, 1, [batch]),
        ends: int32(part, [batch]),
      });
      for (let i = 0; i < count; i++) sum += Number(losses!.data[i]);
    }
    return sum / ends.length;
  }

  #keptFeeds(): Record<string, HostTensor> {
    const { layout, optimizer } = this.#spec;
    const pairs = layout.groups.map((_, i) => [`in_p${i}`, this.#now.carried[keptName(optimizer, i)]!]);
    return Object.fromEntries(pairs) as Record<string, HostTensor>;
  }

  /** Predictions [count, outputs] of the kept weights for the windows that end at `ends`. */
  async predict(ends: Int32Array): Promise<Float32Array> {
    const { outputs } = this.#spec.size;
    const predictions = new Float32Array(ends.length * outputs);
    const feeds: Record<string, HostTensor> = { features: this.#data.features!, ...this.#keptFeeds() };
    for (let from = 0; from < ends.length; from += EVALUATION_BATCH) {
      const part = ends.slice(from, from + EVALUATION_BATCH);
      const { y } = await this.#evaluate.run({ ...feeds, ends: int32(part, [part.length]) });
      predictions.set(y!.data as Float32Array, from * outputs);
    }
    return predictions;
  }

  async release(): Promise<void> {
    await this.#train.release();
    await this.#evaluate.release();
    for (const session of Object.values(this.#extras)) await (session as EngineSession).release();
  }
}

/** Windows that one step of `run` wants, for those who lay them out. */
export const windowsPerStep = (spec: Pick<TrainGraphSpec, 'batch' | 'accumulation'>): number =>
  accumulationOf(spec) * spec.batch;
