import type { Bar } from '../../src-shared/market/bars.ts';
import type { FeatureContext, Indicator } from './types.ts';

/** The last `length` numbers, oldest first. */
export class Ring {
  readonly #values: Float64Array;
  readonly #length: number;
  #next = 0;
  #count = 0;

  constructor(length: number) {
    // Twice the length and every number written twice, so that the window is one contiguous view.
    this.#values = new Float64Array(2 * length);
    this.#length = length;
  }

  push(value: number): void {
    this.#values[this.#next] = value;
    this.#values[this.#next + this.#length] = value;
    this.#next = this.#next + 1 === this.#length ? 0 : this.#next + 1;
    if (this.#count < this.#length) this.#count++;
  }

  /** Whether `length` numbers were seen. */
  get full(): boolean {
    return this.#count === this.#length;
  }

  /** The k-th oldest of the window; k = length - 1 is the newest. Meaningful once full. */
  at(k: number): number {
    return this.#values[this.#next + k]!;
  }

  /** Mean of the newest `count` numbers, summed oldest first so that it never depends on older history. */
  mean(count: number): number {
    let sum = 0;
    const end = this.#next + this.#length;
    for (let i = end - count; i < end; i++) sum += this.#values[i]!;
    return sum / count;
  }

  /** Mean square of the newest `count` numbers. */
  meanSquare(count: number): number {
    let sum = 0;
    const end = this.#next + this.#length;
    for (let i = end - count; i < end; i++) sum += this.#values[i]! * this.#values[i]!;
    return sum / count;
  }

  /** Sum of the magnitudes of the newest `count` numbers. */
  sumAbs(count: number): number {
    let sum = 0;
    const end = this.#next + this.#length;
    for (let i = end - count; i < end; i++) sum += Math.abs(this.#values[i]!);
    return sum;
  }

  /** Largest of the newest `count` numbers. */
  max(count: number): number {
    let best = Number.NEGATIVE_INFINITY;
    const end = this.#next + this.#length;
    for (let i = end - count; i < end; i++) if (this.#values[i]! > best) best = this.#values[i]!;
    return best;
  }

  /** Smallest of the newest `count` numbers. */
  min(count: number): number {
    let best = Number.POSITIVE_INFINITY;
    const end = this.#next + this.#length;
    for (let i = end - count; i < end; i++) if (this.#values[i]! < best) best = this.#values[i]!;
    return best;
  }
}

/**
 * Wilder's average true range (J. W. Wilder, "New Concepts in Technical Trading Systems", 1978): the mean
 * of the first `period` true ranges, then a(t) = a(t-1) + (TR - a(t-1)) / period. The first bar has no
 * previous close, its true range is high - low.
 */
export class WilderAtr implements Indicator {
  /** Price units; NaN until `period` bars were seen. */
  value = Number.NaN;
  /** True range of the last bar, price units. */
  trueRange = Number.NaN;
  readonly #period: number;
  #previousClose = Number.NaN;
  #sum = 0;
  #count = 0;

  constructor(period: number) {
    this.#period = period;
  }

  push(bar: Bar): void {
    const previous = this.#count === 0 ? bar.close : this.#previousClose;
    const tr =
      this.#count === 0 ? bar.high - bar.low : Math.max(bar.high, previous) - Math.min(bar.low, previous);
    this.trueRange = tr;
    this.#previousClose = bar.close;
    this.#count++;
    if (this.#count < this.#period) {
      this.#sum += tr;
    } else if (this.#count === this.#period) {
      this.value = (this.#sum + tr) / this.#period;
    } else {
      this.value += (tr - this.value) / this.#period;
    }
  }
}

/** Close-to-close log returns and the closes behind them, one ring for every feature that looks back. */
export class ReturnHistory implements Indicator {
  readonly returns: Ring;
  /** Return of the last bar; 0 on the first. */
  last = 0;
  #previousClose = Number.NaN;

  constructor(length: number) {
    this.returns = new Ring(length);
  }

  push(bar: Bar): void {
    this.last = Number.isNaN(this.#previousClose) ? 0 : Math.log(bar.close / this.#previousClose);
    this.#previousClose = bar.close;
    this.returns.push(this.last);
  }
}

/** Exponential average of the close with alpha = 2 / (period + 1), started at the first close. */
export class Ema {
  value = Number.NaN;
  readonly #alpha: number;

  constructor(period: number) {
    this.#alpha = 2 / (period + 1);
  }

  push(x: number): number {
    this.value = Number.isNaN(this.value) ? x : this.value + this.#alpha * (x - this.value);
    return this.value;
  }
}

/** Bars after which an exponential average with weight `alpha` has forgotten all but 1e-8 of its start. */
export function memoryBars(alpha: number): number {
  return Math.ceil(Math.log(1e-8) / Math.log(1 - alpha));
}

/** Period of the ATR that stops, targets and the features' units use. */
export const ATR_PERIOD = 14;

/** The shared ATR(14). */
export function sharedAtr(context: FeatureContext): WilderAtr {
  return context.shared(`atr_${ATR_PERIOD}`, () => new WilderAtr(ATR_PERIOD));
}

/** The shared return history. */
export function sharedReturns(context: FeatureContext): ReturnHistory {
  return context.shared('returns', () => new ReturnHistory(LONGEST_WINDOW));
}

/** Longest look-back in bars of the windowed features. */
export const LONGEST_WINDOW = 96;

/** x / unit, and 0 where the unit is 0 (a market that did not move has no scale to measure in). */
export function inUnits(x: number, unit: number): number {
  return unit > 0 ? x / unit : 0;
}
