import type { QualityDto } from '../../../src-shared/contract/data.ts';

export type Issue = QualityDto['issues'][number];
export type Severity = Issue['severity'];

/** One kind of finding along the time of a history. */
export interface Lane {
  readonly kind: string;
  readonly severity: Severity;
  /** Affected bars, all findings of the kind together. */
  readonly count: number;
  /** Places from 0 (first bar) to 1 (last bar). */
  readonly marks: ReadonlyArray<{ readonly from: number; readonly to: number; readonly issue: Issue }>;
}

const WEIGHT: Record<Severity, number> = { error: 2, warning: 1, info: 0 };

/** Sorts findings into lanes, the gravest first. */
export function lanesOf(issues: readonly Issue[], fromMs: number, toMs: number): Lane[] {
  const span = Math.max(1, toMs - fromMs);
  const place = (ms: number) => Math.min(1, Math.max(0, (ms - fromMs) / span));
  const byKind = new Map<string, Issue[]>();
  for (const issue of issues) byKind.set(issue.kind, [...(byKind.get(issue.kind) ?? []), issue]);
  const lanes = [...byKind].map(([kind, found]): Lane => {
    const gravest = found.reduce((a, b) => (WEIGHT[b.severity] > WEIGHT[a.severity] ? b : a));
    return {
      kind,
      severity: gravest.severity,
      count: found.reduce((sum, issue) => sum + issue.count, 0),
      marks: found.map((issue) => ({
        from: place(issue.timeMs),
        to: place(issue.untilMs ?? issue.timeMs),
        issue,
      })),
    };
  });
  return lanes.sort((a, b) => WEIGHT[b.severity] - WEIGHT[a.severity] || b.count - a.count);
}

/** `out-of-order` -> `Out of order`. */
export function kindLabel(kind: string): string {
  const words = kind.replaceAll(/[-_]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
