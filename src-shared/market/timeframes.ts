/** Bar lengths, from one minute up. */
export const TIMEFRAMES = ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1'] as const;
export type Timeframe = (typeof TIMEFRAMES)[number];

const MINUTE_MS = 60_000;
const LENGTH_MS: Readonly<Record<Timeframe, number>> = {
  M1: MINUTE_MS,
  M5: 5 * MINUTE_MS,
  M15: 15 * MINUTE_MS,
  M30: 30 * MINUTE_MS,
  H1: 60 * MINUTE_MS,
  H4: 240 * MINUTE_MS,
  D1: 1440 * MINUTE_MS,
};

/** Nominal length of a bar in milliseconds. */
export function timeframeMs(timeframe: Timeframe): number {
  return LENGTH_MS[timeframe];
}

/**
 * The timeframe whose length is the most frequent distance between neighbouring bars.
 * @returns undefined when that distance is no known timeframe
 */
export function detectTimeframe(timesMs: Float64Array): Timeframe | undefined {
  const counts = new Map<number, number>();
  for (let i = 1; i < timesMs.length; i++) {
    const d = timesMs[i]! - timesMs[i - 1]!;
    counts.set(d, (counts.get(d) ?? 0) + 1);
  }
  let best = 0;
  let bestCount = 0;
  for (const [d, n] of counts) if (n > bestCount) [best, bestCount] = [d, n];
  return TIMEFRAMES.find((t) => LENGTH_MS[t] === best);
}
