import type { BarSeries } from '../types.ts';

export type PatternDirection = 'up' | 'down' | 'none';

/** A pattern that was found. */
export interface Pattern {
  readonly id: string;
  readonly name: string;
  /** Where it points: `up`, `down`, or `none` for indecision. */
  readonly direction: PatternDirection;
  /** Row of its first bar. */
  readonly from: number;
  /** Row of the bar at whose close it is known; nothing after it was looked at. */
  readonly at: number;
  /** Rows and prices that make the figure, for swings: the two extremes and the level that was broken. */
  readonly points?: readonly { readonly row: number; readonly price: number }[];
}

/** Measures of every bar and of the bars before it. Price units. */
export interface Measures {
  readonly bars: BarSeries;
  /** |close - open|, NaN where a price is no number. */
  readonly body: Float64Array;
  /** high - low. */
  readonly range: Float64Array;
  /** Mean body and mean range of the `AVERAGE_BARS` bars before; NaN at the beginning. */
  readonly usualBody: Float64Array;
  readonly usualRange: Float64Array;
  /** Wilder's ATR(14) at the bar. */
  readonly atr: Float64Array;
}
