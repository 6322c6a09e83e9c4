/**
 * Bars as a struct of typed arrays. Index i of every column is one bar; `timeMs[i]` is the bar's OPEN
 * in epoch milliseconds UTC and strictly increases.
 */
export interface BarColumns {
  readonly timeMs: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

/** One bar. `timeMs` is the open. */
export interface Bar {
  readonly timeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** Which side of the quote the prices are. Costs are applied from this side. */
export type PriceSide = 'bid' | 'ask' | 'mid';

/** Number of bars. */
export function barCount(bars: BarColumns): number {
  return bars.timeMs.length;
}

/** The bar at an index. @throws RangeError outside the columns */
export function barAt(bars: BarColumns, index: number): Bar {
  const timeMs = bars.timeMs[index];
  if (timeMs === undefined) throw new RangeError(`bar ${index} of ${bars.timeMs.length}`);
  return {
    timeMs,
    open: bars.open[index]!,
    high: bars.high[index]!,
    low: bars.low[index]!,
    close: bars.close[index]!,
    volume: bars.volume[index]!,
  };
}

/** A view (no copy) of bars [from, to). */
export function sliceBars(bars: BarColumns, from: number, to: number): BarColumns {
  return {
    timeMs: bars.timeMs.subarray(from, to),
    open: bars.open.subarray(from, to),
    high: bars.high.subarray(from, to),
    low: bars.low.subarray(from, to),
    close: bars.close.subarray(from, to),
    volume: bars.volume.subarray(from, to),
  };
}

/** Empty columns of a given length. */
export function allocateBars(length: number): BarColumns {
  return {
    timeMs: new Float64Array(length),
    open: new Float64Array(length),
    high: new Float64Array(length),
    low: new Float64Array(length),
    close: new Float64Array(length),
    volume: new Float64Array(length),
  };
}

/** Index of the first bar whose open is at or after `timeMs`; the count if there is none. */
export function lowerBound(timesMs: Float64Array, timeMs: number): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (timesMs[mid]! < timeMs) low = mid + 1;
    else high = mid;
  }
  return low;
}
