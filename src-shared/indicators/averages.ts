import { Window } from './windows.ts';

/** Turns a sequence of numbers into another; NaN until enough were seen. It must not be given NaN. */
export interface Smoother {
  next(x: number): number;
}

/** Simple moving average: the mean of the last n. */
export class Sma implements Smoother {
  readonly #window: Window;

  constructor(length: number) {
    this.#window = new Window(length);
  }

  next(x: number): number {
    this.#window.push(x);
    return this.#window.full ? this.#window.mean() : Number.NaN;
  }
}

/** Linearly weighted moving average: weights 1 (oldest) to n (newest). */
export class Wma implements Smoother {
  readonly #window: Window;

  constructor(length: number) {
    this.#window = new Window(length);
  }

  next(x: number): number {
    this.#window.push(x);
    return this.#window.full ? this.#window.weightedMean() : Number.NaN;
  }
}

/** Exponential average a(t) = a(t-1) + weight (x - a(t-1)), begun with the mean of the first n. */
class Exponential implements Smoother {
  readonly #length: number;
  readonly #weight: number;
  #sum = 0;
  #count = 0;
  #value = Number.NaN;

  constructor(length: number, weight: number) {
    this.#length = length;
    this.#weight = weight;
  }

  next(x: number): number {
    if (this.#count >= this.#length) {
      this.#value += this.#weight * (x - this.#value);
      return this.#value;
    }
    this.#sum += x;
    this.#count++;
    if (this.#count === this.#length) this.#value = this.#sum / this.#length;
    return this.#value;
  }
}

/** Exponential moving average: weight 2 / (n + 1), begun with the simple average of the first n. */
export class Ema extends Exponential {
  constructor(length: number) {
    super(length, 2 / (length + 1));
  }
}

/** Wilder's average ("New Concepts in Technical Trading Systems", 1978): weight 1 / n, begun with the mean. */
export class Wilder extends Exponential {
  constructor(length: number) {
    super(length, 1 / length);
  }
}

/** A smoother behind another one: takes over when the first knows its value. */
export class Chained implements Smoother {
  readonly #first: Smoother;
  readonly #second: Smoother;

  constructor(first: Smoother, second: Smoother) {
    this.#first = first;
    this.#second = second;
  }

  next(x: number): number {
    const inner = this.#first.next(x);
    return Number.isNaN(inner) ? inner : this.#second.next(inner);
  }
}

/** Double exponential average 2 EMA - EMA(EMA) (P. Mulloy, Stocks & Commodities 12:1, 1994). */
export class Dema implements Smoother {
  readonly #once: Ema;
  readonly #twice: Ema;

  constructor(length: number) {
    this.#once = new Ema(length);
    this.#twice = new Ema(length);
  }

  next(x: number): number {
    const once = this.#once.next(x);
    if (Number.isNaN(once)) return once;
    return 2 * once - this.#twice.next(once);
  }
}

/** Hull's average (A. Hull, 2005): WMA of length floor(sqrt n) over 2 WMA(floor(n / 2)) - WMA(n). */
export class Hull implements Smoother {
  readonly #half: Wma;
  readonly #whole: Wma;
  readonly #last: Wma;

  constructor(length: number) {
    this.#half = new Wma(Math.floor(length / 2));
    this.#whole = new Wma(length);
    this.#last = new Wma(Math.floor(Math.sqrt(length)));
  }

  next(x: number): number {
    const half = this.#half.next(x);
    const whole = this.#whole.next(x);
    return Number.isNaN(whole) ? whole : this.#last.next(2 * half - whole);
  }
}

/**
 * True range and its average after Wilder: TR is the larger of the bar's range and its reach from the close before;
 * the first bar has no close before it, its true range is high - low.
 */
export class TrueRange {
  #previousClose = Number.NaN;

  next(high: number, low: number, close: number): number {
    const previous = this.#previousClose;
    this.#previousClose = close;
    return Number.isNaN(previous) ? high - low : Math.max(high, previous) - Math.min(low, previous);
  }
}

/** Wilder's average true range, price units. */
export class Atr {
  readonly #range = new TrueRange();
  readonly #average: Wilder;

  constructor(length: number) {
    this.#average = new Wilder(length);
  }

  next(bar: { readonly high: number; readonly low: number; readonly close: number }): number {
    return this.#average.next(this.#range.next(bar.high, bar.low, bar.close));
  }
}
