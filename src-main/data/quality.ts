import type { QualityDto } from '../../src-shared/contract/data.ts';
import type { BarColumns } from '../../src-shared/market/bars.ts';
import { calendarOf } from '../../src-shared/market/calendars.ts';
import type { Instrument } from '../../src-shared/market/instruments.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import { Findings, type KindTotal } from './quality/findings.ts';
import { checkGaps, checkMarks } from './quality/gaps.ts';
import { checkJumps, checkStale } from './quality/prices.ts';
import { type HourProfile, hourProfile } from './quality/profile.ts';
import { checkRanges, type RangeDistribution, rangeDistribution } from './quality/ranges.ts';
import { soundRows } from './quality/rows.ts';
import { checkSessions } from './quality/sessions.ts';
import { checkSpikes } from './quality/spikes.ts';
import type { CheckContext, Severity } from './quality/types.ts';
import { checkZone } from './quality/wrongZone.ts';

export type { QualityIssue, Severity } from './quality/types.ts';

/** How far a history can be trusted. */
export type QualityReport = QualityDto;

/** What the check may know beside the bars. */
export interface QualityOptions {
  /** One of `MARK` per row; filled bars count as missing and are not called stale. */
  readonly marks?: Uint8Array | undefined;
  /** The line of a row in the file that it came from; issues of single rows then carry it. */
  readonly lineOf?: ((row: number) => number) | undefined;
  /** Times of rows that are not among the bars because what is wrong with each is reported elsewhere. */
  readonly toldMs?: readonly number[] | undefined;
}

/** Issues that a report lists. */
export const MOST_ISSUES = 2000;

const MISSING_WEIGHT = 4;
const MISSING_MOST = 40;
/** Points that a kind of issue costs at once, and at most as it spreads to a hundredth of the bars. */
const COST: Readonly<Record<Severity, readonly [number, number]>> = {
  error: [15, 30],
  warning: [2, 10],
  info: [0, 0],
};
const SPREAD_SHARE = 0.01;

/**
 * DATA-12: 100 less 4 points per per cent of missing bars (at most 40), less, for every kind of issue, 15
 * points for an error and 2 for a warning, rising in proportion to the bars concerned to 30 and 10 when these
 * are 1 % of the history. Missing blocks count as missing bars only.
 */
export function qualityScore(bars: number, missingPct: number, issues: readonly KindTotal[]): number {
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
 * The checks and their limits are numbered in `docs/spec/data.md`. Every pass is over typed arrays, so that
 * 1.3 million bars take a fraction of the time that reading them does.
 */
export function checkQuality(
  bars: BarColumns,
  instrument: Instrument,
  timeframe: Timeframe,
  options: QualityOptions = {},
): QualityReport {
  const rows = bars.timeMs.length;
  const findings = new Findings(MOST_ISSUES);
  const sound = soundRows(bars, findings, options.lineOf);
  const context = contextOf(sound, instrument, timeframe, findings, options);
  const kept = sound.bars.timeMs.length;
  if (kept === 0) return emptyReport(rows, findings);
  const gaps = checkGaps(context);
  const missingBars = gaps + checkMarks(context);
  checkSessions(context);
  const distribution = rangeDistribution(context);
  checkSpikes(context, distribution.ranges);
  checkJumps(context);
  checkStale(context, distribution.ranges);
  checkRanges(context, distribution);
  const profile = hourProfile(context, distribution.ranges);
  checkZone(context, profile);
  const missingPct = (100 * missingBars) / (kept + gaps);
  const issues = findings.list();
  return {
    score: qualityScore(rows, missingPct, findings.totals()),
    bars: rows,
    issues,
    missingBars,
    missingPct,
    meanRangePips: distribution.mean,
    p99RangePips: distribution.p99,
    issuesLeftOut: findings.found - issues.length,
    pictures: picturesOf(distribution, profile, instrument),
  };
}

/** What the checks work on: marks and lines follow the rows that are bars. */
function contextOf(
  { bars, rows, unsoundMs }: ReturnType<typeof soundRows>,
  instrument: Instrument,
  timeframe: Timeframe,
  findings: Findings,
  { marks, lineOf, toldMs = [] }: QualityOptions,
): CheckContext {
  return {
    bars,
    instrument,
    timeframe,
    calendar: calendarOf(instrument),
    marks: marks && rows ? Uint8Array.from(rows, (row) => marks[row]!) : marks,
    lineOf: lineOf && rows ? (i) => lineOf(rows[i]!) : lineOf,
    toldMs: [...unsoundMs, ...toldMs],
    findings,
  };
}

function picturesOf(d: RangeDistribution, profile: HourProfile, instrument: Instrument) {
  const inPips = (value: number | null) =>
    value === null || profile.of === 'volume' ? value : value / instrument.pipSize;
  return {
    ranges: {
      edgesPips: d.edges,
      counts: d.counts,
      medianPips: d.median,
      meanPips: d.mean,
      p99Pips: d.p99,
      largestPips: d.largest,
      thresholdPips: d.threshold,
      sharePctAboveThreshold: (100 * d.wide) / d.ranges.length,
    },
    hourProfile: {
      of: profile.of,
      standard: profile.standard.map(inPips),
      daylight: profile.daylight.map(inPips),
    },
  } satisfies QualityDto['pictures'];
}

function emptyReport(rows: number, findings: Findings): QualityReport {
  const issues = findings.list();
  const issuesLeftOut = findings.found - issues.length;
  const none = { missingBars: 0, missingPct: 0, meanRangePips: 0, p99RangePips: 0 };
  return { score: 0, bars: rows, issues, ...none, issuesLeftOut };
}
