/** Bar lengths, from one minute up. */
export const TIMEFRAMES = ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1'] as const;
export type Timeframe = (typeof TIMEFRAMES)[number];

/**
 * Every length that bars can be resampled to, shortest first. Those that are not in `TIMEFRAMES` are computed
 * from stored bars when they are asked for and never stored themselves.
 */
export const ALL_TIMEFRAMES = [
  'M1',
  'M2',
  'M3',
  'M5',
  'M10',
  'M15',
  'M30',
  'H1',
  'H2',
  'H3',
  'H4',
  'H6',
  'H8',
  'H12',
  'D1',
  'W1',
  'MN1',
] as const;
export type AnyTimeframe = (typeof ALL_TIMEFRAMES)[number];

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const LENGTH_MS: Readonly<Record<AnyTimeframe, number>> = {
  M1: MINUTE_MS,
  M2: 2 * MINUTE_MS,
  M3: 3 * MINUTE_MS,
  M5: 5 * MINUTE_MS,
  M10: 10 * MINUTE_MS,
  M15: 15 * MINUTE_MS,
  M30: 30 * MINUTE_MS,
  H1: HOUR_MS,
  H2: 2 * HOUR_MS,
  H3: 3 * HOUR_MS,
  H4: 4 * HOUR_MS,
  H6: 6 * HOUR_MS,
  H8: 8 * HOUR_MS,
  H12: 12 * HOUR_MS,
  D1: DAY_MS,
  W1: 7 * DAY_MS,
  MN1: 30 * DAY_MS,
};

/** Nominal length of a bar in milliseconds; a month counts 30 days, for ordering and estimates only. */
export function timeframeMs(timeframe: AnyTimeframe): number {
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
