import type { Bar, BarColumns } from '../../../src-shared/market/bars.ts';
import { medianInPlace } from '../quality/select.ts';

/** Bars on each side whose median range is the usual one. */
const NEIGHBOURS = 20;

/**
 * Limits the four prices of a bar to what its neighbours make plausible: not above the higher of their highs plus
 * one usual range, not below the lower of their lows less one. The usual range is the median of high - low of the 20
 * bars on each side. Neighbours are the nearest bars that are not themselves to be clipped. Limiting is monotone, so
 * the high stays the highest price and the low the lowest. The limits are rounded to the digits of quotes.
 * @returns undefined where all prices are plausible, or no neighbour is there
 */
export function clipBar(
  bars: BarColumns,
  ranges: Float64Array,
  row: number,
  isClipped: (row: number) => boolean,
  digits: number,
): Bar | undefined {
  const { timeMs, open, high, low, close, volume } = bars;
  const rows = timeMs.length;
  let before = row - 1;
  while (before >= 0 && isClipped(before)) before--;
  let after = row + 1;
  while (after < rows && isClipped(after)) after++;
  const neighbours = [before, after].filter((i) => i >= 0 && i < rows);
  if (neighbours.length === 0) return undefined;
  const usual = usualRange(ranges, row);
  const scale = 10 ** digits;
  // A coin may cost less than the digits of its class show.
  const quoted = (price: number) => (usual * scale < 1 ? price : Math.round(price * scale) / scale);
  const top = Math.max(...neighbours.map((i) => high[i]!));
  const bottom = Math.min(...neighbours.map((i) => low[i]!));
  const highest = Math.max(top, quoted(top + usual));
  const lowest = Math.min(bottom, quoted(bottom - usual));
  if (high[row]! <= highest && low[row]! >= lowest) return undefined;
  const limit = (price: number) => Math.min(highest, Math.max(lowest, price));
  return {
    timeMs: timeMs[row]!,
    open: limit(open[row]!),
    high: limit(high[row]!),
    low: limit(low[row]!),
    close: limit(close[row]!),
    volume: volume[row]!,
  };
}

function usualRange(ranges: Float64Array, row: number): number {
  const from = Math.max(0, row - NEIGHBOURS);
  const to = Math.min(ranges.length, row + NEIGHBOURS + 1);
  const around = new Float64Array(2 * NEIGHBOURS);
  let count = 0;
  for (let i = from; i < to; i++) if (i !== row) around[count++] = ranges[i]!;
  return medianInPlace(around, count);
}
