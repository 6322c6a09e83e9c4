import { rmSync } from 'node:fs';
import path from 'node:path';
import { errorBody, FrontierError } from '../../src-shared/errors.ts';
import { openEngine } from '../tensor/engine.ts';
import type { TrainGraphSpec } from '../tensor/train-graph.ts';
import { TrainSession, type TrainState, type TrainTensors } from '../tensor/train-session.ts';
import { readArray, SharedVectors } from './parallelMemory.ts';
import {
  type Answer,
  FILES,
  type Order,
  type ShardAnswer,
  specOf,
  type WorkerStart,
} from './parallelProtocol.ts';

type Engine = Awaited<ReturnType<typeof openEngine>>['engine'];

interface Chunk {
  /** State and step before it, for a way back. */
  readonly before: TrainState;
  readonly step: number;
  readonly rates: readonly number[];
  /** [steps, shards, windows of a shard] */
  readonly ends: Int32Array;
  /** Steps of the chunk that are done. */
  done: number;
  /** Norms of the mean gradients not yet told. */
  norms: [number, number][];
  skipped: number;
}

/**
 * One worker of a data-parallel run. It holds the state that all workers have in common and a session per shard that
 * it works on: one at the start, more after others were lost. A session per shard because a shard's draws (noise,
 * diffusion times) are its own.
 */
export class ParallelWorker {
  readonly #start: WorkerStart;
  readonly #spec: TrainGraphSpec;
  readonly #engine: Engine;
  readonly #data: TrainTensors;
  readonly #memory: SharedVectors;
  readonly #sessions = new Map<number, TrainSession>();
  #chunk: Chunk | undefined;

  private constructor(start: WorkerStart, engine: Engine) {
    const { folder, memory, graph } = start;
    this.#start = start;
    this.#engine = engine;
    this.#spec = specOf(start.source, graph);
    const { rows, targetColumns } = graph;
    this.#data = {
      features: readArray(
        path.join(folder, FILES.features),
        new Float32Array(rows * this.#spec.size.features),
      ),
      targets: readArray(path.join(folder, FILES.targets), new Float32Array(rows * targetColumns)),
    };
    this.#memory = new SharedVectors(path.join(folder, FILES.vectors), memory, false);
  }

  /** @throws FrontierError ENGINE_FAILED where the engine does not work here or refuses the graph */
  static async open(start: WorkerStart): Promise<ParallelWorker> {
    const { engine: name, threads, device, engineOptions } = start;
    const { engine, degradedReason } = await openEngine(name, threads, undefined, device, engineOptions);
    // The others are on the engine asked for: one on another engine would be slower and compute other bits.
    if (degradedReason !== undefined)
      throw new FrontierError('ENGINE_FAILED', `${device}: ${degradedReason}`, 'Use fewer devices.');
    const worker = new ParallelWorker(start, engine);
    worker.#sessions.set(start.shard, await worker.#openSession(start.shard));
    return worker;
  }

  #openSession(index: number): Promise<TrainSession> {
    const { shards: count } = this.#start.memory;
    const spec = { ...this.#spec, shard: { index, count } };
    return TrainSession.open(this.#engine, spec, this.#data, this.#start.sessionOptions);
  }

  /** The session that holds the common state; all do, between orders. */
  get #first(): TrainSession {
    return this.#sessions.values().next().value!;
  }

  async #sessionOf(shard: number): Promise<TrainSession> {
    const known = this.#sessions.get(shard);
    if (known) return known;
    const adopted = await this.#openSession(shard);
    adopted.load(this.#first.save(), this.#first.step);
    this.#sessions.set(shard, adopted);
    return adopted;
  }

  /** Carries an order out. */
  async obey(order: Exclude<Order, { type: 'start' | 'end' }>): Promise<Omit<Answer, 'id'>> {
    switch (order.type) {
      case 'load':
        this.#loadAll(this.#readState(this.#memory.common, order.lossScale), order.step);
        return {};
      case 'save': {
        const state = this.#first.save();
        this.#memory.writeState(this.#memory.common, state);
        return state.lossScale ? { lossScale: state.lossScale } : {};
      }
      case 'weights':
        this.#memory.writeState(this.#memory.common, { parameters: this.#first.weights(), slots: [] });
        return {};
      case 'begin':
        this.#begin(order.rates);
        return {};
      case 'gradient':
        await this.#applyUpTo(order.index);
        return { shards: await this.#gradients(order.index, order.shards), ...this.#told() };
      case 'apply':
        await this.#applyUpTo(order.index);
        return this.#told();
      case 'local':
        return { shards: await this.#train(order) };
      case 'merge':
        this.#merge(order.index, order.lossScale);
        return {};
      case 'rollback':
        if (this.#chunk) this.#loadAll(this.#chunk.before, this.#chunk.step);
        return {};
      case 'evaluate':
        return { shards: await this.#evaluate(order.parts) };
    }
  }

  #begin(rates: readonly number[]): void {
    const { step } = this.#first;
    const file = path.join(this.#start.folder, FILES.ends);
    const windows = rates.length * this.#start.memory.shards * this.#width;
    const ends = readArray(file, new Int32Array(windows));
    this.#chunk = { before: this.#first.save(), step, rates, ends, done: 0, norms: [], skipped: 0 };
  }

  /** Windows of a shard in one step. */
  get #width(): number {
    const { accumulation = 1, batch } = this.#spec;
    return accumulation * batch;
  }

  #loadAll(state: TrainState, step: number): void {
    for (const session of this.#sessions.values()) session.load(state, step);
  }

  #readState(slot: number, lossScale: TrainState['lossScale']): TrainState {
    return this.#memory.readState(slot, this.#shape(lossScale));
  }

  /** How many vectors of which kind a state has. */
  #shape(lossScale: TrainState['lossScale']): {
    slots: number;
    average: boolean;
    lossScale?: NonNullable<TrainState['lossScale']>;
  } {
    const average = this.#spec.optimizer.averageDecay > 0;
    const slots = this.#start.memory.vectors - 1 - (average ? 1 : 0);
    return { slots, average, ...(lossScale ? { lossScale } : {}) };
  }

  /** Norms and left-out steps since they were last told. */
  #told(): Pick<Answer, 'norms' | 'skipped'> {
    const chunk = this.#chunk!;
    const { norms, skipped } = chunk;
    chunk.norms = [];
    chunk.skipped = 0;
    return { norms, skipped };
  }

  /** Applies mean gradients until `index` steps of the chunk are done; again is no harm. */
  async #applyUpTo(index: number): Promise<void> {
    const chunk = this.#chunk!;
    while (chunk.done < index) {
      const mean = this.#memory.meanGradient(chunk.done);
      const rate = chunk.rates[chunk.done]!;
      const results = await inTurn([...this.#sessions.values()], (session) => session.apply(mean, rate));
      const { gradientNorm, skipped } = results[0]!;
      chunk.norms.push([chunk.done, gradientNorm]);
      chunk.skipped += skipped ? 1 : 0;
      chunk.done += 1;
    }
  }

  /** Window ends of a shard at some steps of the chunk, [count, windows of a shard]. */
  #endsOf(shard: number, index: number, count: number): Int32Array {
    const width = this.#width;
    const { shards } = this.#start.memory;
    const ends = new Int32Array(count * width);
    for (let i = 0; i < count; i++) {
      const at = ((index + i) * shards + shard) * width;
      ends.set(this.#chunk!.ends.subarray(at, at + width), i * width);
    }
    return ends;
  }

  #gradients(index: number, shards: readonly number[]): Promise<ShardAnswer[]> {
    return inTurn(shards, async (shard) => {
      const session = await this.#sessionOf(shard);
      const { loss, gradient } = await session.gradient(this.#endsOf(shard, index, 1));
      this.#memory.writeGradient(index, shard, gradient);
      return { losses: [loss], norms: [], skipped: 0 };
    });
  }

  #train({ index, count, shards }: Extract<Order, { type: 'local' }>): Promise<ShardAnswer[]> {
    const chunk = this.#chunk!;
    return inTurn(shards, async (shard) => {
      const session = await this.#sessionOf(shard);
      const common = session.save();
      const { step } = session;
      const rate = (at: number): number => chunk.rates[at - chunk.step]!;
      const { losses, gradientNorms, skipped } = await session.run(
        this.#endsOf(shard, index, count),
        count,
        rate,
      );
      const trained = session.save();
      this.#memory.writeState(shard, trained);
      // Back to what all have in common until the others are done: a lost one's shard begins there.
      session.load(common, step);
      const { lossScale } = trained;
      return { losses: [...losses], norms: [...gradientNorms], skipped, ...(lossScale ? { lossScale } : {}) };
    });
  }

  #merge(index: number, lossScale: TrainState['lossScale']): void {
    const chunk = this.#chunk!;
    this.#loadAll(this.#memory.meanState(this.#shape(lossScale)), chunk.step + index);
    chunk.done = index;
  }

  #evaluate(parts: readonly (readonly [number, number])[]): Promise<ShardAnswer[]> {
    const file = path.join(this.#start.folder, FILES.ends);
    return inTurn(parts, async ([from, count]) => {
      const ends = readArray(file, new Int32Array(count), from * Int32Array.BYTES_PER_ELEMENT);
      return { losses: [await this.#first.evaluate(ends)], norms: [], skipped: 0 };
    });
  }

  async release(): Promise<void> {
    await inTurn([...this.#sessions.values()], (session) => session.release());
    this.#memory.close();
  }
}

/** One after the other: a session runs on all the threads that its worker has. */
async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

/**
 * Serves a coordinator over this process's channel until it says so or is gone; then it takes the shared folder with
 * it, which a coordinator that was killed could not.
 */
export function serveParallel(): void {
  let worker: ParallelWorker | undefined;
  let folder: string | undefined;
  process.on('disconnect', () => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    process.exit(1);
  });
  // The coordinator decides what Ctrl-C in the terminal means.
  process.on('SIGINT', () => undefined);
  const answer = async (order: Order): Promise<Omit<Answer, 'id'>> => {
    if (order.type === 'start') {
      folder = order.start.folder;
      worker = await ParallelWorker.open(order.start);
      return {};
    }
    if (order.type === 'end') {
      await worker?.release();
      return {};
    }
    return worker!.obey(order);
  };
  let last: Promise<void> = Promise.resolve();
  process.on('message', ({ id, order }: { readonly id: number; readonly order: Order }) => {
    // One at a time, in the order they came.
    last = last
      .then(() => answer(order))
      .catch((error: unknown) => ({ error: errorBody(error) }))
      .then((told) => {
        process.send?.({ id, ...told }, undefined, undefined, () => {
          if (order.type === 'end') process.exit(0);
        });
      });
  });
}
