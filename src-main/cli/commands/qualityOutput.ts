import type { QualityDto } from '../../../src-shared/contract/data.ts';
import { day, num } from '../output.ts';

/** What `frontier data quality --json` prints, of a file and of a stored history alike. */
export interface QualityOutput {
  /** Rows looked at. */
  readonly rows: number;
  /** 0 to 100, DATA-12. */
  readonly score: number;
  readonly issues: readonly {
    readonly kind: string;
    /** ISO 8601, UTC: open of the first bar concerned. */
    readonly timestamp: string;
    /** Line of the file, the header is 1; null for a stored history and for what is not on a line. */
    readonly line: number | null;
    readonly detail: string;
  }[];
  /** Issues beyond those listed. */
  readonly issuesLeftOut: number;
}

function timestamp(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}

/** The figures for machines. */
export function qualityOutput(quality: QualityDto): QualityOutput {
  return {
    rows: quality.bars,
    score: quality.score,
    issues: quality.issues.map((i) => ({
      kind: i.kind,
      timestamp: timestamp(i.timeMs),
      line: i.line ?? null,
      detail: i.message,
    })),
    issuesLeftOut: quality.issuesLeftOut,
  };
}

/** The report for people, the worst first. @param most findings that are listed */
export function qualityText(quality: QualityDto, most = 50): string {
  const { issues, issuesLeftOut } = quality;
  const missing = `${quality.missingBars} missing (${num(quality.missingPct)} %)`;
  const ranges = `mean range ${num(quality.meanRangePips, 1)} pips, p99 ${num(quality.p99RangePips, 1)}`;
  const lines = issues.slice(0, most).map((i) => {
    const where = i.line === undefined ? day(i.timeMs) : `line ${i.line}`;
    return `  ${i.severity.padEnd(8)} ${where.padEnd(11)} ${i.kind.padEnd(18)} ${i.message}`;
  });
  const more = Math.max(0, issues.length - most) + issuesLeftOut;
  return [
    `score ${num(quality.score, 1)}/100, ${quality.bars} bars, ${missing}, ${ranges}`,
    ...lines,
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join('\n');
}
