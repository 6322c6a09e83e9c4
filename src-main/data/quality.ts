import type { BarColumns } from '../../src-shared/market/bars.ts';
import type { Instrument } from '../../src-shared/market/instruments.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import { checkGaps, checkSessions } from './quality/gaps.ts';
import { barRanges, checkJumps, checkRanges, checkSpikes, checkStale, quantile } from './quality/prices.ts';
import { soundRows } from './quality/rows.ts';
import type { CheckContext, QualityIssue, Severity } from './quality/types.ts';

export type { QualityIssue, Severity } from './quality/types.ts';

/** How far a history can be trusted. */
export interface QualityReport {
  /** 0 to 100, see `qualityScore`. */
  score: number;
  /** Rows looked at. */
  bars: number;
  /** Errors first, then by time. */
  issues: QualityIssue[];
  /** Bars that the market's calendar expects between the first and the last bar and that are not there. */
  missingBars: number;
  /** Share of the expected bars, per cent. */
  missingPct: number;
  /** Mean and 99th percentile of high - low, in pips of the instrument. */
  meanRangePips: number;
  p99RangePips: number;
}

const MISSING_WEIGHT = 4;
const MISSING_MOST = 40;
/** Points that a kind of issue costs at once, and at most as it spreads to a hundredth of the bars. */
const COST: Readonly<Record<Severity, readonly [number, number]>> = {
  error: [15, 30],
  warning: [2, 10],
  info: [0, 0],
};
const SPREAD_SHARE = 0.01;
const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/**
 * DATA-12: 100 less 4 points per per cent of missing bars (at most 40), less, for every kind of issue, 15
 * points for an error and 2 for a warning, rising in proportion to the bars concerned to 30 and 10 when these
 * are 1 % of the history. Missing blocks count as missing bars only.
 */
export function qualityScore(bars: number, missingPct: number, issues: readonly QualityIssue[]): number {
  let score = 100 - Math.min(MISSING_MOST, MISSING_WEIGHT * missingPct);
  const byKind = Map.groupBy(
    issues.filter((i) => !i.kind.startsWith('missing')),
    (i) => `${i.severity} ${i.kind}`,
  );
  for (const found of byKind.values()) {
    const [least, most] = COST[found[0]!.severity];
    const share = found.reduce((sum, i) => sum + i.count, 0) / Math.max(1, bars);
    score -= least + (most - least) * Math.min(1, share / SPREAD_SHARE);
  }
  return Math.max(0, Math.round(score * 10) / 10);
}

/**
 * Checks a history against the calendar of its market and against itself. Nothing is changed.
 * The checks and their limits are numbered in `docs/spec/data.md`.
 */
export function checkQuality(bars: BarColumns, instrument: Instrument, timeframe: Timeframe): QualityReport {
  const rows = bars.timeMs.length;
  const sound = soundRows(bars);
  const context: CheckContext = { bars: sound.bars, instrument, timeframe };
  const kept = sound.bars.timeMs.length;
  if (kept === 0) return emptyReport(rows, sound.issues);
  const gaps = checkGaps(context);
  const ranges = barRanges(context);
  const sorted = ranges.slice().sort();
  const issues = [
    ...sound.issues,
    ...gaps.issues,
    ...checkSessions(context),
    ...checkSpikes(context, ranges),
    ...checkJumps(context),
    ...checkStale(context, ranges),
    ...checkRanges(context, ranges, sorted),
  ].sort((a, b) => RANK[a.severity] - RANK[b.severity] || a.timeMs - b.timeMs);
  const missingPct = (100 * gaps.missingBars) / (kept + gaps.missingBars);
  return {
    score: qualityScore(rows, missingPct, issues),
    bars: rows,
    issues,
    missingBars: gaps.missingBars,
    missingPct,
    meanRangePips: ranges.reduce((sum, r) => sum + r, 0) / kept / instrument.pipSize,
    p99RangePips: quantile(sorted, 0.99) / instrument.pipSize,
  };
}

function emptyReport(rows: number, issues: QualityIssue[]): QualityReport {
  return { score: 0, bars: rows, issues, missingBars: 0, missingPct: 0, meanRangePips: 0, p99RangePips: 0 };
}
