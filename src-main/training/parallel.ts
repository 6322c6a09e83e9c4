import path from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import type { EngineName, EngineOptions, SessionOptions } from '../tensor/engine.ts';
import type { TrainGraphSpec } from '../tensor/train-graph.ts';
import type { BadStep, ChunkResult, TrainState, TrainTensors } from '../tensor/train-session.ts';
import { memoryBytes, removeFolder, SharedVectors, sharedFolder, writeArray } from './parallelMemory.ts';
import { type LostWorker, WorkerPool } from './parallelPool.ts';
import {
  type Answer,
  FILES,
  type GraphSettings,
  type ModelSource,
  type Order,
  type ShardAnswer,
  specOf,
} from './parallelProtocol.ts';
import type { RunSession } from './session.ts';

export type { LostWorker } from './parallelPool.ts';
export { type GraphSettings, type ModelSource, specOf } from './parallelProtocol.ts';

export interface ParallelOptions {
  /** What every worker builds its graph from; `graph.batch` is the batch of one worker. */
  readonly source: ModelSource;
  readonly graph: GraphSettings;
  readonly engine: EngineName;
  /** One worker per entry, e.g. `['cuda:0', 'cuda:1']`. CPU workers share the cores: see `threadsEach`. */
  readonly devices: readonly string[];
  /** CPU threads of each worker. */
  readonly threadsEach: number;
  /** Gradients are averaged each step (1), or the weights and the optimiser's state every so many steps. */
  readonly averageEvery: number;
  readonly engineOptions?: EngineOptions;
  readonly sessionOptions?: SessionOptions;
  /** File that a worker process runs; see `parallelEntry` of `ops/paths.ts`. */
  readonly entry: string;
  /** Called once per worker that is lost; the run goes on with those that are left. */
  readonly onLost?: (lost: LostWorker) => void;
}

/** CPU threads of each of some workers that share `threads`. */
export const threadsEach = (threads: number, workers: number): number =>
  Math.max(1, Math.floor(threads / workers));

/**
 * The devices of the workers of a run.
 * @param available names of the engine's devices that work here
 * @throws FrontierError BAD_INPUT where an accelerator has fewer devices than are wanted
 */
export function workerDevices(
  engine: EngineName,
  workers: number,
  available: readonly string[],
): readonly string[] {
  // Several workers on one CPU share its cores; on one GPU they would only wait for each other.
  if (engine === 'cpu') return Array.from({ length: workers }, () => 'cpu');
  if (workers <= available.length) return available.slice(0, workers);
  throw new FrontierError(
    'BAD_INPUT',
    `${workers} devices are wanted, ${engine} has ${available.length} here (${available.join(', ') || 'none'})`,
    available.length > 0 ? `Set devices to ${available.length} at most.` : 'Use the CPU.',
  );
}

/** The smallest scale that some shard arrived at, so that none overflows. */
function commonScale(shards: readonly ShardAnswer[]): TrainState['lossScale'] {
  const scales = shards.flatMap(({ lossScale }) => (lossScale ? [lossScale] : []));
  if (scales.length === 0) return undefined;
  return {
    scale: Math.min(...scales.map(({ scale }) => scale)),
    steps: Math.min(...scales.map(({ steps }) => steps)),
    skipped: Math.max(...scales.map(({ skipped = 0 }) => skipped)),
  };
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** What the steps of a chunk told so far. */
class ChunkTally {
  readonly losses: Float32Array;
  readonly norms: Float32Array;
  skipped = 0;
  readonly #firstStep: number;
  readonly #mixed: boolean;

  constructor(steps: number, firstStep: number, mixed: boolean) {
    this.losses = new Float32Array(steps);
    this.norms = new Float32Array(steps).fill(Number.NaN);
    this.#firstStep = firstStep;
    this.#mixed = mixed;
  }

  /** Every worker applies the same mean and tells the same; the first to tell counts. */
  hear({ norms = [], skipped = 0 }: Pick<Answer, 'norms' | 'skipped'>): void {
    const isNews = norms.some(([index]) => Number.isNaN(this.norms[index]));
    for (const [index, norm] of norms) this.norms[index] = norm;
    if (isNews) this.skipped += skipped;
  }

  /** Means over the shards from a step of the chunk on. */
  take(index: number, shards: readonly ShardAnswer[]): void {
    const { losses, norms } = shards[0]!;
    losses.forEach((_, i) => {
      this.losses[index + i] = meanOf(shards.map((shard) => shard.losses[i]!));
    });
    norms.forEach((_, i) => {
      this.norms[index + i] = meanOf(shards.map((shard) => shard.norms[i]!));
    });
    this.skipped += Math.max(...shards.map((shard) => shard.skipped));
  }

  /** A gradient that is not finite is bad unless mixed precision left its step out. */
  result(): ChunkResult {
    const { losses, norms: gradientNorms, skipped } = this;
    const index = losses.findIndex(
      (loss, i) => !(Number.isFinite(loss) && (this.#mixed || Number.isFinite(gradientNorms[i]))),
    );
    if (index < 0) return { losses, gradientNorms, skipped };
    const what = Number.isFinite(losses[index]) ? 'gradient' : 'loss';
    const value = (what === 'loss' ? losses : gradientNorms)[index]!;
    const bad: BadStep = { step: this.#firstStep + index, index, what, value };
    return { losses, gradientNorms, skipped, bad };
  }
}

/**
 * A training session spread over worker processes, one per device. The batch is cut into as many shards as there are
 * workers at the start, and stays so cut: a lost worker's shards are worked on by the others, so that the run computes
 * the same numbers with fewer workers, only slower.
 *
 * With `averageEvery` 1 the mean of the shards' gradients, summed in their order, is applied by every worker: the same
 * as one session with the whole batch, to the rounding of the sums. With more, each shard trains for itself from the
 * common weights and then weights and optimiser states are averaged (local SGD, Stich 2019), also at the end of every
 * `run`: cut runs at multiples of `chunkMultiple` and at the ends of epochs, and the cuts change nothing.
 */
export class ParallelSession implements RunSession {
  readonly #options: ParallelOptions;
  readonly #spec: TrainGraphSpec;
  readonly #pool: WorkerPool;
  readonly #memory: SharedVectors;
  readonly #folder: string;
  readonly #like: { readonly slots: number; readonly average: boolean };
  readonly #shards: number;
  #step = 0;
  #stepBefore: number | undefined;
  #released = false;

  private constructor(
    options: ParallelOptions,
    parts: {
      spec: TrainGraphSpec;
      pool: WorkerPool;
      memory: SharedVectors;
      folder: string;
      like: { slots: number; average: boolean };
    },
  ) {
    this.#options = options;
    this.#spec = parts.spec;
    this.#pool = parts.pool;
    this.#memory = parts.memory;
    this.#folder = parts.folder;
    this.#like = parts.like;
    this.#shards = options.devices.length;
  }

  /**
   * Starts the workers and gives them the data. Load a state next.
   * @throws FrontierError ENGINE_FAILED, BAD_INPUT as a worker says; WORKER_LOST where none started
   */
  static async open(options: ParallelOptions, data: TrainTensors): Promise<ParallelSession> {
    const { source, graph, devices } = options;
    const spec = specOf(source, graph);
    const slots = { adam: 2, adamw: 2, sgd: graph.optimizer.momentum > 0 ? 1 : 0 }[graph.optimizer.kind];
    const average = graph.optimizer.averageDecay > 0;
    const plan = {
      shards: devices.length,
      total: spec.layout.total,
      vectors: 1 + slots + (average ? 1 : 0),
    };
    const folder = await sharedFolder(memoryBytes(plan) + data.features.byteLength + data.targets.byteLength);
    let pool: WorkerPool | undefined;
    try {
      writeArray(path.join(folder, FILES.features), data.features);
      writeArray(path.join(folder, FILES.targets), data.targets);
      const memory = new SharedVectors(path.join(folder, FILES.vectors), plan, true);
      pool = new WorkerPool(options.entry, devices.length, (lost) => options.onLost?.(lost));
      await pool.askAll((index) => startOrder(options, plan, folder, index));
      return new ParallelSession(options, { spec, pool, memory, folder, like: { slots, average } });
    } catch (error) {
      await pool?.close();
      await removeFolder(folder);
      throw error;
    }
  }

  get step(): number {
    return this.#step;
  }

  get workers(): number {
    return this.#pool.size;
  }

  /** Process ids of the workers, for diagnostics and fault tests. */
  get pids(): readonly (number | undefined)[] {
    return this.#pool.pids;
  }

  /** Where the files lie that the processes share. */
  get folder(): string {
    return this.#folder;
  }

  get chunkMultiple(): number {
    return this.#options.averageEvery;
  }

  async load(state: TrainState, step: number): Promise<void> {
    this.#memory.writeState(this.#memory.common, state);
    await this.#pool.askAll({ type: 'load', step, lossScale: state.lossScale });
    this.#step = step;
    this.#stepBefore = undefined;
  }

  async save(): Promise<TrainState> {
    const { lossScale } = await this.#pool.askOne({ type: 'save' });
    return this.#memory.readState(this.#memory.common, {
      ...this.#like,
      ...(lossScale ? { lossScale } : {}),
    });
  }

  async weights(): Promise<Float32Array> {
    await this.#pool.askOne({ type: 'weights' });
    return this.#memory.readState(this.#memory.common, { slots: 0, average: false }).parameters;
  }

  async run(ends: Int32Array, steps: number, learningRate: (step: number) => number): Promise<ChunkResult> {
    const { accumulation = 1, batch, precision } = this.#spec;
    const wanted = steps * this.#shards * accumulation * batch;
    if (ends.length !== wanted) throw new Error(`${steps} steps want ${wanted} windows, got ${ends.length}`);
    writeArray(path.join(this.#folder, FILES.ends), ends);
    const rates = Array.from({ length: steps }, (_, i) => learningRate(this.#step + i));
    await this.#pool.askAll({ type: 'begin', rates });
    const tally = new ChunkTally(steps, this.#step, precision === 'mixed');
    try {
      if (this.#options.averageEvery === 1) await this.#averageGradients(steps, tally);
      else await this.#averageWeights(steps, tally);
    } catch (error) {
      // As before the call; where no worker is left there is nothing to take back.
      if (this.#pool.size > 0) await this.#pool.askAll({ type: 'rollback' });
      throw error;
    }
    this.#stepBefore = this.#step;
    this.#step += steps;
    return tally.result();
  }

  async #averageGradients(steps: number, tally: ChunkTally): Promise<void> {
    const hear = (answer: Pick<Answer, 'norms' | 'skipped'>): void => tally.hear(answer);
    for (let index = 0; index < steps; index++) {
      const order = (shards: readonly number[]): Order => ({ type: 'gradient', index, shards });
      tally.take(index, await this.#pool.overPieces(this.#shards, order, hear));
    }
    for (const answer of await this.#pool.askAll({ type: 'apply', index: steps })) hear(answer);
  }

  async #averageWeights(steps: number, tally: ChunkTally): Promise<void> {
    const { averageEvery } = this.#options;
    for (let index = 0; index < steps; index += averageEvery) {
      const count = Math.min(averageEvery, steps - index);
      const order = (shards: readonly number[]): Order => ({ type: 'local', index, count, shards });
      const answers = await this.#pool.overPieces(this.#shards, order);
      tally.take(index, answers);
      const lossScale = commonScale(answers);
      await this.#pool.askAll({ type: 'merge', index: index + count, lossScale });
    }
  }

  async rollback(): Promise<void> {
    if (this.#stepBefore === undefined) throw new Error('there is no step to go back from');
    await this.#pool.askAll({ type: 'rollback' });
    this.#step = this.#stepBefore;
    this.#stepBefore = undefined;
  }

  async evaluate(ends: Int32Array): Promise<number> {
    writeArray(path.join(this.#folder, FILES.ends), ends);
    const shards = Math.min(this.#shards, ends.length);
    const edges = Array.from({ length: shards + 1 }, (_, i) => Math.floor((i * ends.length) / shards));
    const part = (i: number): [number, number] => [edges[i]!, edges[i + 1]! - edges[i]!];
    const answers = await this.#pool.overPieces(shards, (pieces) => ({
      type: 'evaluate',
      parts: pieces.map(part),
    }));
    const sum = answers.reduce((total, { losses }, i) => total + losses[0]! * part(i)[1], 0);
    return sum / ends.length;
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#pool.close();
    this.#memory.close();
    await removeFolder(this.#folder);
  }
}

function startOrder(
  options: ParallelOptions,
  memory: { shards: number; total: number; vectors: number },
  folder: string,
  index: number,
): Order {
  const { source, graph, engine, devices, threadsEach: threads } = options;
  const { engineOptions = {}, sessionOptions = {} } = options;
  return {
    type: 'start',
    start: {
      source,
      graph,
      memory,
      folder,
      shard: index,
      engine,
      device: devices[index]!,
      threads,
      engineOptions,
      sessionOptions,
    },
  };
}
