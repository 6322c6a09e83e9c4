import type { AssetClass } from '../../../src-shared/market/instruments.ts';
import { timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { isoTime } from '../import/times.ts';
import type { CheckContext, QualityIssue } from './types.ts';

/** Bars on each side that say what is usual. */
const NEIGHBOURS = 20;
/**
 * A spike stands out from both neighbours by so many median ranges. Measured: the largest real one in 30
 * real files is 36 (sterling's flash crash of 2016, hourly); planted bad ticks are at 93 and more.
 */
const SPIKE_RANGES = 40;
/** Real but rare moves worth a look. */
const WICK_RANGES = 15;

/** Price changes between bars that no market of the class makes: a split, or another scale. */
const LARGEST_JUMP: Readonly<Record<AssetClass, number>> = {
  fx: 0.1,
  synthetic: 0.1,
  crypto: 0.25,
  stock: 0.25,
};

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
const WILD_RANGES = 20;
const WILD_SHARE = 0.005;

const STALE_BARS = 5;
const ZERO_RANGE_SHARE = 0.05;
const HOUR_MS = 3_600_000;

/** Quantile with linear interpolation between order statistics (type 7 of Hyndman and Fan, 1996). */
export function quantile(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!);
}

/** High minus low of every bar, price units. */
export function barRanges({ bars }: CheckContext): Float64Array {
  return bars.high.map((high, i) => high - bars.low[i]!);
}

function localMedian(ranges: Float64Array, i: number): number {
  const around = [
    ...ranges.subarray(Math.max(0, i - NEIGHBOURS), i),
    ...ranges.subarray(i + 1, i + 1 + NEIGHBOURS),
  ];
  return quantile(Float64Array.from(around).sort(), 0.5);
}

/** The smallest range of every stretch of `NEIGHBOURS` bars. */
function stretchMinima(ranges: Float64Array): Float64Array {
  const minima = new Float64Array(Math.ceil(ranges.length / NEIGHBOURS)).fill(Number.POSITIVE_INFINITY);
  ranges.forEach((range, i) => {
    const s = Math.floor(i / NEIGHBOURS);
    minima[s] = Math.min(minima[s]!, range);
  });
  return minima;
}

/** Bars that leave the range of both neighbours by a multiple of the usual range, and come back at once. */
export function checkSpikes(context: CheckContext, ranges: Float64Array): QualityIssue[] {
  const { bars, instrument } = context;
  const issues: QualityIssue[] = [];
  const minima = stretchMinima(ranges);
  for (let i = 1; i < ranges.length - 1; i++) {
    const up = bars.high[i]! - Math.max(bars.high[i - 1]!, bars.high[i + 1]!);
    const down = Math.min(bars.low[i - 1]!, bars.low[i + 1]!) - bars.low[i]!;
    const reach = Math.max(up, down);
    // The median is slow and never below the smallest range around, which is known: so most bars end here.
    const s = Math.floor(i / NEIGHBOURS);
    const least = Math.min(minima[s]!, minima[s - 1] ?? Infinity, minima[s + 1] ?? Infinity);
    if (!(reach > WICK_RANGES * least)) continue;
    const usual = Math.max(localMedian(ranges, i), instrument.pipSize / 10);
    const score = reach / usual;
    if (score < WICK_RANGES) continue;
    const bad = score >= SPIKE_RANGES;
    const pips = (reach / instrument.pipSize).toFixed(1);
    issues.push({
      kind: bad ? 'bad_tick_spike' : 'large_wick',
      severity: bad ? 'warning' : 'info',
      timeMs: bars.timeMs[i]!,
      count: 1,
      message: `Bar at ${isoTime(bars.timeMs[i]!)} reaches ${pips} pips ${up >= down ? 'above' : 'below'} both neighbours, ${score.toFixed(0)} times the usual range.`,
    });
  }
  return issues;
}

/** Jumps between the close of a bar and the open of the next that look like a split or a change of scale. */
export function checkJumps({ bars, instrument }: CheckContext): QualityIssue[] {
  const issues: QualityIssue[] = [];
  const limit = LARGEST_JUMP[instrument.assetClass];
  for (let i = 1; i < bars.timeMs.length; i++) {
    const ratio = bars.open[i]! / bars.close[i - 1]!;
    if (ratio > 1 - limit && ratio < 1 / (1 - limit)) continue;
    const change = (100 * (ratio - 1)).toFixed(1);
    issues.push({
      kind: 'price_jump',
      severity: 'warning',
      timeMs: bars.timeMs[i]!,
      count: 1,
      message: `The price changes by ${change} % between bars at ${isoTime(bars.timeMs[i]!)}: a split that is not adjusted, or another scale?`,
    });
  }
  return issues;
}

/** Stretches in which the price never moves, and the share of bars without a range. */
export function checkStale(context: CheckContext, ranges: Float64Array): QualityIssue[] {
  const { bars } = context;
  const issues: QualityIssue[] = [];
  let zeros = 0;
  let run = 0;
  const close = (end: number) => {
    if (run >= STALE_BARS) {
      const timeMs = bars.timeMs[end - run]!;
      issues.push({
        kind: 'stale_run',
        severity: 'warning',
        timeMs,
        untilMs: bars.timeMs[end - 1]!,
        count: run,
        message: `The price does not move for ${run} bars from ${isoTime(timeMs)}.`,
      });
    }
    run = 0;
  };
  for (let i = 0; i < ranges.length; i++) {
    if (ranges[i]! > 0) {
      close(i);
      continue;
    }
    zeros++;
    if (run > 0 && bars.close[i] !== bars.close[i - 1]) close(i);
    run++;
  }
  close(ranges.length);
  if (zeros > ranges.length * ZERO_RANGE_SHARE) {
    const percent = ((100 * zeros) / ranges.length).toFixed(1);
    issues.push({
      kind: 'zero_range',
      severity: 'warning',
      timeMs: bars.timeMs[0]!,
      untilMs: bars.timeMs[ranges.length - 1]!,
      count: zeros,
      message: `${percent} % of the bars have no range: an illiquid market, or filled-in bars.`,
    });
  }
  return issues;
}

/** Whether ranges are of a size that the market can have: the check that tells a corrupted or mis-scaled file. */
export function checkRanges(
  context: CheckContext,
  ranges: Float64Array,
  sorted: Float64Array,
): QualityIssue[] {
  const { bars, instrument, timeframe } = context;
  const rows = ranges.length;
  let sumPct = 0;
  for (let i = 0; i < rows; i++) sumPct += (100 * ranges[i]!) / bars.close[i]!;
  const hourlyPct = sumPct / rows / Math.sqrt(timeframeMs(timeframe) / HOUR_MS);
  const limit = LARGEST_HOURLY_RANGE_PCT[instrument.assetClass];
  const wild = sorted.length - upperIndex(sorted, WILD_RANGES * quantile(sorted, 0.5));
  const whole = { timeMs: bars.timeMs[0]!, untilMs: bars.timeMs[rows - 1]! };
  const text = `the mean range is ${hourlyPct.toFixed(3)} % of the price per square root of an hour`;
  if (hourlyPct > limit) {
    const message = `Ranges are unrealistic: ${text}; at most ${limit} % is plausible.`;
    return [{ kind: 'unrealistic_range', severity: 'error', ...whole, count: rows, message }];
  }
  if (wild > rows * WILD_SHARE) {
    const percent = ((100 * wild) / rows).toFixed(2);
    const message = `${percent} % of the bars have more than ${WILD_RANGES} times the median range.`;
    return [{ kind: 'unrealistic_range', severity: 'error', ...whole, count: wild, message }];
  }
  if (hourlyPct < limit * SMALLEST_SHARE_OF_LIMIT) {
    const message = `Ranges are very small: ${text}. Prices may be rounded or filled in.`;
    return [{ kind: 'unrealistic_range', severity: 'warning', ...whole, count: rows, message }];
  }
  return [];
}

/** Index of the first value above a limit. */
function upperIndex(sorted: Float64Array, limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (sorted[mid]! <= limit) low = mid + 1;
    else high = mid;
  }
  return low;
}
