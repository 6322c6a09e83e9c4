import type { UTCTimestamp } from 'lightweight-charts';

/**
 * Places on the time axis of a chart. The axis counts bars, not time: bar `i` stands at logical index `i`, weekends
 * take no room, and an instant between two opens lies between their indices in proportion. Before the first and after
 * the last bar the axis goes on in steps of the timeframe.
 */

/** Time of a bar as the chart library takes it: whole UTC seconds of the bar's open. */
export function chartTime(ms: number): UTCTimestamp {
  return (ms / 1000) as UTCTimestamp;
}

/** Row of the last open at or before an instant; -1 before the first bar. */
export function rowAt(timeMs: readonly number[], ms: number): number {
  let low = 0;
  let high = timeMs.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (timeMs[mid]! <= ms) low = mid + 1;
    else high = mid;
  }
  return low - 1;
}

/**
 * Logical index of an instant.
 * @param timeMs opens of the bars on the chart, increasing; not empty
 * @param frameMs length of a bar, for what lies beyond the ends
 */
export function logicalOf(timeMs: readonly number[], ms: number, frameMs: number): number {
  const last = timeMs.length - 1;
  const firstMs = timeMs[0] ?? 0;
  const lastMs = timeMs[last] ?? 0;
  if (ms <= firstMs) return (ms - firstMs) / frameMs;
  if (ms >= lastMs) return last + (ms - lastMs) / frameMs;
  const row = rowAt(timeMs, ms);
  const fromMs = timeMs[row]!;
  return row + (ms - fromMs) / (timeMs[row + 1]! - fromMs);
}

/** The instant at a logical index: the inverse of `logicalOf`. */
export function timeAt(timeMs: readonly number[], logical: number, frameMs: number): number {
  const last = timeMs.length - 1;
  if (logical <= 0) return (timeMs[0] ?? 0) + logical * frameMs;
  if (logical >= last) return (timeMs[last] ?? 0) + (logical - last) * frameMs;
  const row = Math.floor(logical);
  const fromMs = timeMs[row]!;
  return fromMs + (logical - row) * (timeMs[row + 1]! - fromMs);
}
