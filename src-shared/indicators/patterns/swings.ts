/**
 * Double tops and bottoms on swings. A swing high is the highest high since the last swing low, and is known once a
 * low lies `swingAtr` ATR below it; lows the other way round. A double top: two swing highs in a row whose distance is
 * at most `toleranceAtr` ATR, at least `leastBars` bars apart; it is known at the first close below the low between
 * them, provided no bar rose more than the tolerance above them and the break comes within as many bars after the second
 * high as the highs are apart (R. Edwards, J. Magee, "Technical Analysis of Stock Trends", 1948: the figure is complete
 * when the valley is broken).
 */
import { onBothSides } from './bothSides.ts';
import type { Measures, Pattern } from './types.ts';

export interface SwingOptions {
  /** Reversal that makes a swing, in ATR(14) of the bar it is seen at. */
  readonly swingAtr: number;
  /** Largest distance of the two extremes, in ATR(14). */
  readonly toleranceAtr: number;
  /** Least bars between the two extremes. */
  readonly leastBars: number;
}
export const SWING_DEFAULTS: SwingOptions = { swingAtr: 2.5, toleranceAtr: 0.5, leastBars: 5 };

export interface Point {
  readonly row: number;
  readonly price: number;
}

/** Two extremes and the one between them, waiting for the break. */
interface Waiting {
  readonly first: Point;
  readonly second: Point;
  readonly between: Point;
  readonly tolerance: number;
}

/**
 * Swing highs of one side: of highs as they are, or of lows with every price negated, so that both are looked for as
 * tops.
 */
export class SwingHighs {
  readonly #swingAtr: number;
  #lookingForHigh = true;
  #extreme: Point | undefined;
  #low: Point | undefined;

  constructor(swingAtr: number) {
    this.#swingAtr = swingAtr;
  }

  /** @returns the swing high that is known with this bar, and the swing low before it */
  next(
    row: number,
    high: number,
    low: number,
    atr: number,
  ): { readonly high: Point; readonly lowBefore: Point | undefined } | undefined {
    const reversal = this.#swingAtr * atr;
    if (this.#lookingForHigh) {
      if (!this.#extreme || high > this.#extreme.price) this.#extreme = { row, price: high };
      else if (this.#extreme.price - low >= reversal) {
        const known = { high: this.#extreme, lowBefore: this.#low };
        this.#extreme = { row, price: low };
        this.#lookingForHigh = false;
        return known;
      }
    } else if (!this.#extreme || low < this.#extreme.price) this.#extreme = { row, price: low };
    else if (high - this.#extreme.price >= reversal) {
      this.#low = this.#extreme;
      this.#extreme = { row, price: high };
      this.#lookingForHigh = true;
    }
    return undefined;
  }
}

/** Double tops of one side. */
class TopFinder {
  readonly #options: SwingOptions;
  readonly #swings: SwingHighs;
  #high: Point | undefined;
  #waiting: Waiting | undefined;

  constructor(options: SwingOptions) {
    this.#options = options;
    this.#swings = new SwingHighs(options.swingAtr);
  }

  /** @returns the figure that this bar's close completes */
  next(row: number, high: number, low: number, close: number, atr: number): Waiting | undefined {
    const found = this.#complete(row, high, close);
    const known = this.#swings.next(row, high, low, atr);
    if (known) this.#pair(known.high, known.lowBefore, atr);
    return found;
  }

  #complete(row: number, high: number, close: number): Waiting | undefined {
    const w = this.#waiting;
    if (!w) return undefined;
    const tooHigh = high > Math.max(w.first.price, w.second.price) + w.tolerance;
    const tooLate = row - w.second.row > w.second.row - w.first.row;
    if (tooHigh || tooLate) {
      this.#waiting = undefined;
      return undefined;
    }
    if (close >= w.between.price) return undefined;
    this.#waiting = undefined;
    return w;
  }

  /** A swing high is known: does it pair with the one before? */
  #pair(second: Point, between: Point | undefined, atr: number): void {
    const first = this.#high;
    const tolerance = this.#options.toleranceAtr * atr;
    const paired =
      first &&
      between &&
      second.row - first.row >= this.#options.leastBars &&
      Math.abs(second.price - first.price) <= tolerance;
    if (paired) this.#waiting = { first, second, between, tolerance };
    this.#high = second;
  }
}

/** Double tops and bottoms, by the bar that completes them. */
export function findSwings(m: Measures, options: SwingOptions): Pattern[] {
  return onBothSides(m, () => new TopFinder(options), pattern);
}

function pattern(w: Waiting, at: number, direction: 'up' | 'down', sign: 1 | -1): Pattern {
  return {
    id: direction === 'down' ? 'doubleTop' : 'doubleBottom',
    name: direction === 'down' ? 'Double top' : 'Double bottom',
    direction,
    from: w.first.row,
    at,
    points: [w.first, w.between, w.second].map((p) => ({ row: p.row, price: sign * p.price })),
  };
}
