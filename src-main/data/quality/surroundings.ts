import { medianInPlace, selectInPlace } from './select.ts';
import type { CheckContext } from './types.ts';

/** Bars on each side whose median range says what is usual. */
export const NEIGHBOURS = 20;
/** Real but rare moves worth a look. */
export const WICK_RANGES = 15;
/** Bars in a block; the returns of a block and of those beside it are the window of the robust z-score. */
export const BLOCK = 64;
/**
 * A return to a price and back has at least this robust z-score. In 30 real files the largest is 67 (sterling's flash
 * crash of 2016, hourly); planted bad ticks are at 161 and more.
 */
export const SPIKE_Z = 100;
/** Makes the median absolute deviation a standard deviation of normal values. */
const MAD_TO_SIGMA = 1.4826;
/** A spike's return in median absolute returns. */
const MOVE_SIGMAS = SPIKE_Z * MAD_TO_SIGMA;
/** At most so many of 64 ranges are smaller than the bound: two blocks then hold less than half of the 40 neighbours. */
const BOUND_RANK = 9;

/** A tenth of a pip is at most this share of the price. */
const LEAST_SHARE = 1e-5;

/** Values of the bars around that say what is usual there. */
export class Surroundings {
  readonly #close: Float64Array;
  readonly #ranges: Float64Array;
  readonly #rows: number;
  readonly #floor: number;
  readonly #scratch = new Float64Array(3 * BLOCK + 2 * NEIGHBOURS);

  constructor({ bars, instrument }: Pick<CheckContext, 'bars' | 'instrument'>, ranges: Float64Array) {
    this.#close = bars.close;
    this.#ranges = ranges;
    this.#rows = ranges.length;
    // Below the resolution of quotes nothing is measured; a coin may cost less than the pip of its class.
    this.#floor = Math.min(instrument.pipSize / 10, LEAST_SHARE * (bars.close[0] ?? Infinity));
  }

  /** Median range of the neighbours of a bar, price units. */
  usualRange(i: number): number {
    const scratch = this.#scratch;
    let count = 0;
    const to = Math.min(this.#rows, i + NEIGHBOURS + 1);
    for (let k = Math.max(0, i - NEIGHBOURS); k < to; k++) if (k !== i) scratch[count++] = this.#ranges[k]!;
    return Math.max(medianInPlace(scratch, count), this.#floor);
  }

  /** Robust z-score of a return to a bar: its distance from the median in units of 1.4826 MAD. */
  zScore(i: number, move: number): number {
    const close = this.#close;
    const scratch = this.#scratch;
    const block = Math.floor(i / BLOCK);
    const from = Math.max(1, (block - 1) * BLOCK);
    const to = Math.min(this.#rows, (block + 2) * BLOCK);
    for (let k = from; k < to; k++) scratch[k - from] = close[k]! / close[k - 1]! - 1;
    const count = to - from;
    const median = medianInPlace(scratch, count);
    for (let k = 0; k < count; k++) scratch[k] = Math.abs(scratch[k]! - median);
    const before = close[i - 1]!;
    const sigma = Math.max(MAD_TO_SIGMA * medianInPlace(scratch, count), this.#floor / before);
    return (Math.abs(move) / before - median) / sigma;
  }

  /**
   * Distances that no spike of a block stays below: of a reach beyond the neighbours, and of a return. Both follow
   * from order statistics of the block and those beside it, which bound their medians from below.
   */
  bounds(block: number): { reach: number; move: number } {
    let range = Number.POSITIVE_INFINITY;
    let step = Number.POSITIVE_INFINITY;
    for (let b = block - 1; b <= block + 1; b++) {
      const from = Math.max(1, b * BLOCK);
      const count = Math.min(this.#rows, (b + 1) * BLOCK) - from;
      if (b < 0 || count <= 0) continue;
      const scratch = this.#scratch;
      for (let k = 0; k < count; k++) scratch[k] = this.#ranges[from + k]!;
      range = Math.min(range, selectInPlace(scratch, 0, count, Math.min(BOUND_RANK, count - 1)));
      for (let k = 0; k < count; k++) {
        scratch[k] = Math.abs(this.#close[from + k]! - this.#close[from + k - 1]!);
      }
      step = Math.min(step, selectInPlace(scratch, 0, count, (count - 1) >>> 1));
    }
    return {
      reach: WICK_RANGES * Math.max(this.#floor, range),
      // Half: the deviation is from the median return there and from zero here.
      move: 0.5 * MOVE_SIGMAS * Math.max(this.#floor, step),
    };
  }

  /**
   * Whether no bar of a block can be a spike, for the largest reach and return in it: nearly all blocks are done
   * with by counting the bars around that are too still, without any order statistic.
   */
  isQuiet(block: number, reach: number, move: number): boolean {
    const leastRange = reach / WICK_RANGES;
    const leastStep = (2 * move) / MOVE_SIGMAS;
    if (leastRange < this.#floor && leastStep < this.#floor) return true;
    const ranges = this.#ranges;
    const close = this.#close;
    const from = Math.max(1, (block - 1) * BLOCK);
    const to = Math.min(this.#rows, (block + 2) * BLOCK);
    let small = 0;
    let still = 0;
    let before = close[from - 1]!;
    for (let k = from; k < to; k++) {
      const price = close[k]!;
      const step = price - before;
      small += ranges[k]! < leastRange ? 1 : 0;
      still += (step < 0 ? -step : step) < leastStep ? 1 : 0;
      before = price;
    }
    // Of 40 neighbours fewer than half are small; of the returns fewer than half are still.
    return small < NEIGHBOURS && still < (to - from) / 2 - 1;
  }
}
