/**
 * Heads and shoulders on swings (R. Edwards, J. Magee, "Technical Analysis of Stock Trends", 1948): three swing highs in a
 * row, the middle one at least `headAtr` ATR(14) above both others, which are at most `shoulderAtr` ATR apart. The
 * neckline goes through the two lows between. The figure is known at the first close below the neckline, within as
 * many bars after the right shoulder as it is from the left one, before any bar rises above the head. Inverse figures
 * are the same upside down.
 */
import { onBothSides } from './bothSides.ts';
import { type Point, SwingHighs } from './swings.ts';
import type { Measures, Pattern } from './types.ts';

export const HEAD_LIMITS = {
  /** Least height of the head above the higher shoulder, in ATR of the bar that the right shoulder is known at. */
  headAtr: 1,
  /** Largest distance of the shoulders. */
  shoulderAtr: 1.5,
  /** Least bars from shoulder to head and from head to shoulder. */
  leastBars: 3,
} as const;

interface Figure {
  readonly left: Point;
  readonly head: Point;
  readonly right: Point;
  readonly lowLeft: Point;
  readonly lowRight: Point;
}

/** Height of the neckline at a row. */
function neckline({ lowLeft, lowRight }: Figure, row: number): number {
  const slope = (lowRight.price - lowLeft.price) / (lowRight.row - lowLeft.row);
  return lowRight.price + slope * (row - lowRight.row);
}

class HeadFinder {
  readonly #swings: SwingHighs;
  /** The last swing highs with the low before each, oldest first. */
  #known: { readonly high: Point; readonly lowBefore: Point | undefined }[] = [];
  #waiting: Figure | undefined;

  constructor(swingAtr: number) {
    this.#swings = new SwingHighs(swingAtr);
  }

  next(row: number, high: number, low: number, close: number, atr: number): Figure | undefined {
    const found = this.#complete(row, high, close);
    const known = this.#swings.next(row, high, low, atr);
    if (known) {
      this.#known = [...this.#known.slice(-2), known];
      this.#waiting = this.#figure(atr) ?? this.#waiting;
    }
    return found;
  }

  #complete(row: number, high: number, close: number): Figure | undefined {
    const f = this.#waiting;
    if (!f) return undefined;
    const tooLate = row - f.right.row > f.right.row - f.left.row;
    if (high > f.head.price || tooLate) this.#waiting = undefined;
    if (!this.#waiting || close >= neckline(f, row)) return undefined;
    this.#waiting = undefined;
    return f;
  }

  #figure(atr: number): Figure | undefined {
    const [a, b, c] = this.#known;
    if (!a || !b?.lowBefore || !c?.lowBefore) return undefined;
    const [left, head, right] = [a.high, b.high, c.high];
    const { headAtr, shoulderAtr, leastBars } = HEAD_LIMITS;
    const stands = head.price - Math.max(left.price, right.price) >= headAtr * atr;
    const even = Math.abs(left.price - right.price) <= shoulderAtr * atr;
    const apart = head.row - left.row >= leastBars && right.row - head.row >= leastBars;
    return stands && even && apart
      ? { left, head, right, lowLeft: b.lowBefore, lowRight: c.lowBefore }
      : undefined;
  }
}

/** Heads and shoulders, and inverse ones, by the bar that completes them. */
export function findHeads(m: Measures, swingAtr: number): Pattern[] {
  return onBothSides(m, () => new HeadFinder(swingAtr), pattern);
}

function pattern(f: Figure, at: number, direction: 'up' | 'down', sign: 1 | -1): Pattern {
  return {
    id: direction === 'down' ? 'headShoulders' : 'inverseHeadShoulders',
    name: direction === 'down' ? 'Head and shoulders' : 'Inverse head and shoulders',
    direction,
    from: f.left.row,
    at,
    points: [f.left, f.lowLeft, f.head, f.lowRight, f.right].map((p) => ({
      row: p.row,
      price: sign * p.price,
    })),
  };
}
