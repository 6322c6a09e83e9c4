import type { AssetClass } from '../../../src-shared/market/instruments.ts';
import { timeframeMs } from '../../../src-shared/market/timeframes.ts';
import type { CheckContext } from './types.ts';

/**
 * Upper limit of the mean range in % of the price for one hour; other lengths scale with the square root of
 * time. About ten times what real files show (FX 0.15, crypto 1.7, stocks 0.5).
 */
const LARGEST_HOURLY_RANGE_PCT: Readonly<Record<AssetClass, number>> = {
  fx: 1.5,
  synthetic: 1.5,
  crypto: 15,
  stock: 5,
};
const SMALLEST_SHARE_OF_LIMIT = 1 / 500;
/** Ranges above so many medians count as wide. */
const WIDE_RANGES = 20;
const WIDE_SHARE = 0.005;
const HOUR_MS = 3_600_000;

/** Most bins of the picture: two per octave, so 15 octaves. */
const MOST_BINS = 30;

/** High - low of every bar and what its distribution looks like. */
export interface RangeDistribution {
  /** Price units, by bar. */
  readonly ranges: Float64Array;
  /** The following in pips of the instrument. */
  readonly mean: number;
  readonly median: number;
  readonly p99: number;
  readonly largest: number;
  readonly threshold: number;
  /** Bars above the threshold. */
  readonly wide: number;
  /** Mean of the range as % of the close. */
  readonly meanPct: number;
  /** `counts[i]` bars are in [edges[i], edges[i + 1]) pips; the last bin is open. */
  readonly edges: number[];
  readonly counts: number[];
}

/** Bits of a 32-bit float below the ones that name a fine bin: 512 bins per octave. */
const FINE_SHIFT = 14;
/** Fine bins in one of the picture's: half an octave, [2^k, 1.5 * 2^k) or [1.5 * 2^k, 2^(k + 1)). */
const FINE_PER_BIN = 256;

/**
 * Measures the ranges in three passes and without sorting: the bits of a positive float order like its value, so
 * the top ones name a logarithmic bin; the order statistics lie in one or two of those.
 */
export function rangeDistribution({ bars, instrument }: Pick<CheckContext, 'bars' | 'instrument'>) {
  const { high, low, close } = bars;
  const rows = high.length;
  const ranges = new Float64Array(rows);
  const pips = new Float32Array(rows);
  const perPip = 1 / instrument.pipSize;
  let sum = 0;
  let sumPct = 0;
  let largest = 0;
  for (let i = 0; i < rows; i++) {
    const range = high[i]! - low[i]!;
    ranges[i] = range;
    pips[i] = range * perPip;
    sum += range;
    sumPct += range / close[i]!;
    if (range > largest) largest = range;
  }
  const bits = new Int32Array(pips.buffer);
  const fine = new Uint32Array(1 << (31 - FINE_SHIFT));
  for (let i = 0; i < rows; i++) fine[bits[i]! >>> FINE_SHIFT]!++;
  const [median, p99] = quantiles(ranges, bits, fine, [0.5, 0.99]) as [number, number];
  const threshold = WIDE_RANGES * median;
  let wide = 0;
  for (let i = 0; i < rows; i++) if (ranges[i]! > threshold) wide++;
  return {
    ranges,
    mean: sum / rows / instrument.pipSize,
    median: median / instrument.pipSize,
    p99: p99 / instrument.pipSize,
    largest: largest / instrument.pipSize,
    threshold: threshold / instrument.pipSize,
    wide,
    meanPct: (100 * sumPct) / rows,
    ...histogram(fine),
  } satisfies RangeDistribution;
}

/** Quantiles with linear interpolation between order statistics (type 7 of Hyndman and Fan, 1996). */
function quantiles(values: Float64Array, bits: Int32Array, fine: Uint32Array, shares: number[]): number[] {
  const places = shares.map((q) => (values.length - 1) * q);
  const ranks = places.flatMap((p) => [Math.floor(p), Math.min(Math.floor(p) + 1, values.length - 1)]);
  const bins = ranks.map((rank) => binOfRank(fine, rank));
  const members = new Map(bins.map(({ bin }) => [bin, new Float64Array(fine[bin]!)]));
  const filled = new Map<number, number>();
  const wanted = new Uint8Array(fine.length);
  for (const bin of members.keys()) wanted[bin] = 1;
  for (let i = 0; i < bits.length; i++) {
    const bin = bits[i]! >>> FINE_SHIFT;
    if (wanted[bin] === 0) continue;
    const at = filled.get(bin) ?? 0;
    members.get(bin)![at] = values[i]!;
    filled.set(bin, at + 1);
  }
  for (const values of members.values()) values.sort();
  const statistic = (k: number) => members.get(bins[k]!.bin)![ranks[k]! - bins[k]!.before]!;
  return places.map((place, k) => {
    const lower = statistic(2 * k);
    return lower + (place - Math.floor(place)) * (statistic(2 * k + 1) - lower);
  });
}

/** The bin that holds the value of a rank (0 is the smallest), and how many values lie in bins before it. */
function binOfRank(fine: Uint32Array, rank: number): { bin: number; before: number } {
  let before = 0;
  for (let bin = 0; bin < fine.length; bin++) {
    if (before + fine[bin]! > rank) return { bin, before };
    before += fine[bin]!;
  }
  throw new RangeError(`rank ${rank} of ${before}`);
}

/** Bins of half an octave in pips from the largest range down; what is smaller than the last goes into one from 0. */
function histogram(fine: Uint32Array): { edges: number[]; counts: number[] } {
  const halves = new Float64Array(fine.length / FINE_PER_BIN);
  for (let i = 0; i < fine.length; i++) halves[Math.floor(i / FINE_PER_BIN)]! += fine[i]!;
  const last = halves.findLastIndex((n) => n > 0);
  // Bin 0 holds ranges of zero, and those far below any quote's resolution.
  const occupied = halves.findIndex((n, i) => i > 0 && n > 0);
  const first = occupied < 0 ? 1 : Math.max(occupied, last - MOST_BINS + 1);
  const edges: number[] = [];
  const counts: number[] = [];
  let below = 0;
  for (let i = 0; i < first; i++) below += halves[i]!;
  if (below > 0 || last < first) {
    edges.push(0);
    counts.push(below);
  }
  for (let i = first; i <= last; i++) {
    edges.push((i % 2 === 0 ? 1 : 1.5) * 2 ** (Math.floor(i / 2) - 127));
    counts.push(halves[i]!);
  }
  return { edges, counts };
}

/** Whether ranges are of a size that the market can have: the check that tells a corrupted or mis-scaled file. */
export function checkRanges(context: CheckContext, d: RangeDistribution): void {
  const { bars, instrument, timeframe, findings } = context;
  const rows = d.ranges.length;
  const hourlyPct = d.meanPct / Math.sqrt(timeframeMs(timeframe) / HOUR_MS);
  const limit = LARGEST_HOURLY_RANGE_PCT[instrument.assetClass];
  const whole = { timeMs: bars.timeMs[0]!, untilMs: bars.timeMs[rows - 1]! };
  const share = ((100 * d.wide) / rows).toFixed(2);
  const found = `In pips: mean ${d.mean.toFixed(1)}, median ${d.median.toFixed(1)}, p99 ${d.p99.toFixed(1)}, ${share} % above ${d.threshold.toFixed(1)}.`;
  const mean = `the mean range is ${hourlyPct.toFixed(3)} % of the price per square root of an hour`;
  const tell = (severity: 'error' | 'warning', count: number, text: string) =>
    findings.add({ kind: 'unrealistic_range', severity, ...whole, count }, () => `${text} ${found}`);
  if (hourlyPct > limit) {
    tell('error', rows, `Ranges are unrealistic: ${mean}; at most ${limit} % is plausible.`);
  } else if (d.wide > rows * WIDE_SHARE) {
    tell('error', d.wide, `${share} % of the bars have more than ${WIDE_RANGES} times the median range.`);
  } else if (hourlyPct < limit * SMALLEST_SHARE_OF_LIMIT) {
    tell('warning', rows, `Ranges are very small: ${mean}. Prices may be rounded or filled in.`);
  }
}
