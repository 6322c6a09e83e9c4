import { SeededRng } from '../../src-shared/runtime.ts';
import type { Engine, EngineSession, HostTensor } from './engine.ts';
import { sizeOf } from './graph.ts';
import { adamSchedule } from './optimizer.ts';
import { initialParameters, type ParameterLayout } from './parameters.ts';
import {
  carriedNames,
  evaluationModel,
  stepInputPort,
  type TrainGraphSpec,
  trainModel,
  windowLossModel,
} from './train-graph.ts';

/** Everything that changes while training, vectors in the layout's order. */
export interface TrainState {
  readonly parameters: Float32Array;
  /**
   * What the optimiser carries per parameter: both moments of Adam (without their (1 - beta) factors, see
   * `StepSchedule`), or the movement of SGD.
   */
  readonly slots: readonly Float32Array[];
  /** Moving average of the weights, where one is kept. */
  readonly average?: Float32Array;
  /** Of mixed precision: the present loss scale and the steps since it last changed. */
  readonly lossScale?: { readonly scale: number; readonly steps: number };
}

/** The state before the first step. */
export function freshState(layout: ParameterLayout, seed: number): TrainState {
  return {
    parameters: initialParameters(layout, seed),
    slots: [new Float32Array(layout.total), new Float32Array(layout.total)],
  };
}

/** What a chunk of steps tells; one entry per step. */
export interface ChunkResult {
  /** Before the step's update. */
  readonly losses: Float32Array;
  /** Euclidean norm of the whole gradient, before clipping. */
  readonly gradientNorms: Float32Array;
  /** Steps left out because a half-precision gradient overflowed. */
  readonly skipped: number;
}

/** The resident data of a run. */
export interface TrainTensors {
  /** [rows, features] */
  readonly features: Float32Array;
  /** [rows, targetColumns] */
  readonly targets: Float32Array;
}

/** Steps beyond any training run, whose draws the evaluation uses. */
const EVALUATION_DRAWS = 0x7000_0000;

/** Multipliers after Knuth and the golden ratio spread neighbouring steps over the seed space. */
const drawSeed = (seed: number, input: number, step: number): number =>
  (seed ^ Math.imul(input + 1, 0x85ebca6b) ^ Math.imul(step + 1, 0x9e3779b1)) >>> 0;

/** Windows evaluated per run; bounds the memory of the activations. */
const EVALUATION_BATCH = 1024;

const float = (data: Float32Array, shape: readonly number[]): HostTensor => ({
  dtype: 'float32',
  shape,
  data,
});

/** A training graph loaded on an engine together with its state. */
export class TrainSession {
  readonly #spec: TrainGraphSpec;
  readonly #engine: Engine;
  readonly #train: EngineSession;
  readonly #evaluate: EngineSession;
  readonly #features: HostTensor;
  readonly #targets: HostTensor;
  #losses: EngineSession | undefined;
  #carried: Record<string, HostTensor> = {};
  #step = 0;

  private constructor(
    spec: TrainGraphSpec,
    train: EngineSession,
    evaluate: EngineSession,
    data: TrainTensors,
    engine: Engine,
  ) {
    this.#spec = spec;
    this.#engine = engine;
    this.#train = train;
    this.#evaluate = evaluate;
    this.#features = float(data.features, [spec.rows, spec.size.features]);
    this.#targets = float(data.targets, [spec.rows, spec.targetColumns]);
  }

  /** @throws FrontierError ENGINE_FAILED where the engine refuses the graph */
  static async open(engine: Engine, spec: TrainGraphSpec, data: TrainTensors): Promise<TrainSession> {
    const train = await engine.createSession(trainModel(spec));
    const evaluate = await engine.createSession(evaluationModel(spec));
    return new TrainSession(spec, train, evaluate, data, engine);
  }

  /** Steps done. */
  get step(): number {
    return this.#step;
  }

  /** Starts from, or goes back to, a state after `step` steps. */
  load(state: TrainState, step: number): void {
    const vectors = [state.parameters, ...state.slots];
    this.#step = step;
    this.#carried = {};
    carriedNames(this.#spec.layout).forEach((names, i) => {
      const { offset, size, shape } = this.#spec.layout.groups[i]!;
      names.forEach((name, kind) => {
        this.#carried[name] = float(vectors[kind]!.slice(offset, offset + size), shape);
      });
    });
  }

  /** A copy of the state, for checkpoints. */
  save(): TrainState {
    const { layout } = this.#spec;
    const names = carriedNames(layout);
    const [parameters, ...slots] = names[0]!.map((_, kind) => {
      const vector = new Float32Array(layout.total);
      names.forEach((group, i) => {
        vector.set(this.#carried[group[kind]!]!.data as Float32Array, layout.groups[i]!.offset);
      });
      return vector;
    });
    return { parameters: parameters!, slots };
  }

  /**
   * Does `steps` training steps in one run of the engine.
   * @param ends last row of each window, [steps, batch]
   * @param learningRate by step, counted from the start of training
   */
  async run(ends: Int32Array, steps: number, learningRate: (step: number) => number): Promise<ChunkResult> {
    const { optimizer, batch } = this.#spec;
    const schedule = adamSchedule(optimizer, this.#step, steps, learningRate);
    const feeds: Record<string, HostTensor> = {
      features: this.#features,
      targets: this.#targets,
      ends: { dtype: 'int32', shape: [steps, batch], data: ends },
      steps: { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(steps)) },
      step_size: float(schedule.stepSize, [steps]),
      epsilon: float(schedule.epsilon, [steps]),
      keep: float(schedule.keep, [steps]),
      ...this.#draws(this.#step, steps),
    };
    for (const [name, tensor] of Object.entries(this.#carried)) feeds[`in_${name}`] = tensor;
    const results = await this.#train.run(feeds);
    for (const name of Object.keys(this.#carried)) this.#carried[name] = results[`out_${name}`]!;
    this.#step += steps;
    return {
      losses: results.losses!.data as Float32Array,
      gradientNorms: results.norms!.data as Float32Array,
      skipped: 0,
    };
  }

  /** Step inputs of some steps, [steps, batch, …]. */
  #draws(first: number, steps: number): Record<string, HostTensor> {
    const { model, batch, seed } = this.#spec;
    const feeds: Record<string, HostTensor> = {};
    (model.stepInputs ?? []).forEach((input, i) => {
      const each = batch * sizeOf(input.shape);
      const data = input.dtype === 'int32' ? new Int32Array(steps * each) : new Float32Array(steps * each);
      for (let s = 0; s < steps; s++) {
        const rng = new SeededRng(drawSeed(seed, i, first + s));
        input.draw(rng, data.subarray(s * each, (s + 1) * each));
      }
      feeds[stepInputPort(input.name)] = { dtype: input.dtype, shape: [steps, batch, ...input.shape], data };
    });
    return feeds;
  }

  /**
   * Mean loss of the current parameters over the windows that end at `ends`, with the same draws of the step inputs
   * each time, so that losses of two moments of a run can be compared.
   */
  async evaluate(ends: Int32Array): Promise<number> {
    this.#losses ??= await this.#engine.createSession(windowLossModel(this.#spec));
    const { batch, layout } = this.#spec;
    const feeds: Record<string, HostTensor> = { features: this.#features, targets: this.#targets };
    layout.groups.forEach((_, i) => {
      feeds[`in_p${i}`] = this.#carried[`p${i}`]!;
    });
    let sum = 0;
    for (let from = 0; from < ends.length; from += batch) {
      const count = Math.min(batch, ends.length - from);
      const part = new Int32Array(batch).fill(ends[from]!);
      part.set(ends.subarray(from, from + count));
      for (const [name, draw] of Object.entries(this.#draws(EVALUATION_DRAWS + from / batch, 1)))
        feeds[name] = { ...draw, shape: draw.shape.slice(1) };
      const { losses } = await this.#losses.run({
        ...feeds,
        ends: { dtype: 'int32', shape: [batch], data: part },
      });
      for (let i = 0; i < count; i++) sum += Number(losses!.data[i]);
    }
    return sum / ends.length;
  }

  /** Predictions [count, outputs] of the current parameters for the windows that end at `ends`. */
  async predict(ends: Int32Array): Promise<Float32Array> {
    const { outputs } = this.#spec.size;
    const predictions = new Float32Array(ends.length * outputs);
    const feeds: Record<string, HostTensor> = { features: this.#features };
    this.#spec.layout.groups.forEach((_, i) => {
      feeds[`in_p${i}`] = this.#carried[`p${i}`]!;
    });
    for (let from = 0; from < ends.length; from += EVALUATION_BATCH) {
      const part = ends.slice(from, from + EVALUATION_BATCH);
      feeds.ends = { dtype: 'int32', shape: [part.length], data: part };
      const { y } = await this.#evaluate.run(feeds);
      predictions.set(y!.data as Float32Array, from * outputs);
    }
    return predictions;
  }

  async release(): Promise<void> {
    await this.#train.release();
    await this.#evaluate.release();
    await this.#losses?.release();
  }
}
