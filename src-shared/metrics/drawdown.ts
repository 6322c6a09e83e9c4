/** Losses from the peak of an equity curve. */

const DAY_MS = 86_400_000;

/**
 * Loss from the highest equity so far, in per cent of it, at each point; positive numbers. The initial balance
 * is the first peak.
 */
export function drawdownSeries(initialBalance: number, equity: Float64Array): Float64Array {
  const drawdownPct = new Float64Array(equity.length);
  let peak = initialBalance;
  for (let i = 0; i < equity.length; i++) {
    const value = equity[i]!;
    if (value > peak) peak = value;
    drawdownPct[i] = ((peak - value) / peak) * 100;
  }
  return drawdownPct;
}

export interface DrawdownSummary {
  /** Positive, per cent of the peak. */
  readonly maxDrawdownPct: number;
  /** From the peak before the largest drawdown to its recovery, or to the end. */
  readonly maxDrawdownDays: number;
  /** The longest stay below an earlier peak. */
  readonly longestDrawdownDays: number;
}

/**
 * The largest drawdown, its length, and the longest one. A peak is recovered at the first point that reaches
 * it again.
 */
export function drawdownSummary(
  initialBalance: number,
  timeMs: Float64Array,
  equity: Float64Array,
): DrawdownSummary {
  const n = equity.length;
  let peak = initialBalance;
  let peakMs = n > 0 ? timeMs[0]! : 0;
  let deepestHere = 0;
  let maxDrawdownPct = 0;
  let maxLengthMs = 0;
  let longestMs = 0;
  for (let i = 0; i < n; i++) {
    const value = equity[i]!;
    const under = value < peak;
    const lengthMs = timeMs[i]! - peakMs;
    if (under) deepestHere = Math.max(deepestHere, ((peak - value) / peak) * 100);
    if (deepestHere > 0) {
      longestMs = Math.max(longestMs, lengthMs);
      // While this is the deepest spell its length grows until the recovery.
      if (deepestHere >= maxDrawdownPct) {
        maxLengthMs = deepestHere > maxDrawdownPct ? lengthMs : Math.max(maxLengthMs, lengthMs);
        maxDrawdownPct = deepestHere;
      }
    }
    if (!under) {
      peak = value;
      peakMs = timeMs[i]!;
      deepestHere = 0;
    }
  }
  return { maxDrawdownPct, maxDrawdownDays: maxLengthMs / DAY_MS, longestDrawdownDays: longestMs / DAY_MS };
}
