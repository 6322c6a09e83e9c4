import type { Engine, EngineSession, HostTensor } from './engine.ts';
import { adamSchedule } from './optimizer.ts';
import { carriedNames, evaluationModel, type TrainGraphSpec, trainModel } from './train-graph.ts';

/** Everything that changes while training, as three vectors in the layout's order. */
export interface TrainState {
  readonly parameters: Float32Array;
  /** Adam's moments without their (1 - beta) factors, see `StepSchedule`. */
  readonly firstMoments: Float32Array;
  readonly secondMoments: Float32Array;
}

/** The resident data of a run. */
export interface TrainTensors {
  /** [rows, features] */
  readonly features: Float32Array;
  /** [rows, outputs] */
  readonly targets: Float32Array;
}

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
  readonly #train: EngineSession;
  readonly #evaluate: EngineSession;
  readonly #features: HostTensor;
  readonly #targets: HostTensor;
  #carried: Record<string, HostTensor> = {};
  #step = 0;

  private constructor(
    spec: TrainGraphSpec,
    train: EngineSession,
    evaluate: EngineSession,
    data: TrainTensors,
  ) {
    this.#spec = spec;
    this.#train = train;
    this.#evaluate = evaluate;
    this.#features = float(data.features, [spec.rows, spec.size.features]);
    this.#targets = float(data.targets, [spec.rows, spec.size.outputs]);
  }

  /** @throws FrontierError ENGINE_FAILED where the engine refuses the graph */
  static async open(engine: Engine, spec: TrainGraphSpec, data: TrainTensors): Promise<TrainSession> {
    const train = await engine.createSession(trainModel(spec));
    const evaluate = await engine.createSession(evaluationModel(spec));
    return new TrainSession(spec, train, evaluate, data);
  }

  /** Steps done. */
  get step(): number {
    return this.#step;
  }

  /** Starts from, or goes back to, a state after `step` steps. */
  load(state: TrainState, step: number): void {
    const vectors = [state.parameters, state.firstMoments, state.secondMoments];
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
    const vectors = [0, 1, 2].map(() => new Float32Array(layout.total)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    carriedNames(layout).forEach((names, i) => {
      names.forEach((name, kind) => {
        vectors[kind]!.set(this.#carried[name]!.data as Float32Array, layout.groups[i]!.offset);
      });
    });
    return { parameters: vectors[0], firstMoments: vectors[1], secondMoments: vectors[2] };
  }

  /**
   * Does `steps` training steps in one run of the engine.
   * @param ends last row of each window, [steps, batch]
   * @param learningRate by step, counted from the start of training
   * @returns the loss of each step, before its update
   */
  async run(ends: Int32Array, steps: number, learningRate: (step: number) => number): Promise<Float32Array> {
    const { adam, batch } = this.#spec;
    const schedule = adamSchedule(adam, this.#step, steps, learningRate);
    const feeds: Record<string, HostTensor> = {
      features: this.#features,
      targets: this.#targets,
      ends: { dtype: 'int32', shape: [steps, batch], data: ends },
      steps: { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(steps)) },
      step_size: float(schedule.stepSize, [steps]),
      epsilon: float(schedule.epsilon, [steps]),
      keep: float(schedule.keep, [steps]),
    };
    for (const [name, tensor] of Object.entries(this.#carried)) feeds[`in_${name}`] = tensor;
    const results = await this.#train.run(feeds);
    for (const name of Object.keys(this.#carried)) this.#carried[name] = results[`out_${name}`]!;
    this.#step += steps;
    return results.losses!.data as Float32Array;
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
  }
}
