import { SeededRng, shuffle } from '../../src-shared/runtime.ts';

/** Which windows each step of a run sees: a fresh permutation per epoch, a function of seed and epoch alone. */
export class BatchPlan {
  readonly batch: number;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  readonly #ends: Int32Array;
  readonly #seed: number;
  #epoch = -1;
  #order: Int32Array;

  /** Windows beyond a whole number of batches sit out an epoch; the next permutation leaves out others. */
  constructor(ends: Int32Array, batch: number, epochs: number, seed: number) {
    this.batch = batch;
    this.stepsPerEpoch = Math.floor(ends.length / batch);
    this.totalSteps = this.stepsPerEpoch * epochs;
    this.#ends = ends;
    this.#seed = seed;
    this.#order = ends;
  }

  /** Epoch that a step belongs to, from 0. */
  epochOf(step: number): number {
    return Math.floor(step / this.stepsPerEpoch);
  }

  /**
   * Steps of the chunk that begins at `step`: about `chunkSteps`, and never across the end of an epoch.
   * @param multiple chunks end at a multiple of so many steps of the epoch, or with it
   */
  chunkAt(step: number, chunkSteps: number, multiple = 1): number {
    const inEpoch = step % this.stepsPerEpoch;
    const end = Math.max(multiple, Math.floor((inEpoch + chunkSteps) / multiple) * multiple);
    return Math.min(end > inEpoch ? end : end + multiple, this.stepsPerEpoch) - inEpoch;
  }

  /** Window ends [steps, batch] of steps that lie in one epoch. */
  endsOf(step: number, steps: number): Int32Array {
    const order = this.#permutation(this.epochOf(step));
    const from = (step % this.stepsPerEpoch) * this.batch;
    return order.slice(from, from + steps * this.batch);
  }

  #permutation(epoch: number): Int32Array {
    if (epoch === this.#epoch) return this.#order;
    this.#order = this.#ends.slice();
    // The golden ratio's multiplier spreads neighbouring epochs over the seed space.
    shuffle(new SeededRng((this.#seed ^ Math.imul(epoch + 1, 0x9e3779b1)) >>> 0), this.#order);
    this.#epoch = epoch;
    return this.#order;
  }
}
