import type { QualityDto } from '../../../src-shared/contract/data.ts';

export type Issue = QualityDto['issues'][number];
export type Severity = Issue['severity'];

/** One kind of finding along the time of a history. */
export interface Lane {
  readonly kind: string;
  /** The gravest of the kind. */
  readonly severity: Severity;
  /** Findings of the kind. */
  readonly findings: number;
  /** Bars concerned, all findings of the kind together. */
  readonly count: number;
  /** Findings in each of the equal stretches of time; one that lasts counts in every stretch that it touches. */
  readonly bins: Uint32Array;
}

const WEIGHT: Record<Severity, number> = { error: 2, warning: 1, info: 0 };

/** Severities, the gravest first. */
export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** Order of gravity, for sorting. */
export function gravity(severity: Severity): number {
  return WEIGHT[severity];
}

function binned(issues: readonly Issue[], fromMs: number, toMs: number, bins: number): Uint32Array {
  const found = new Uint32Array(bins);
  const span = Math.max(1, toMs - fromMs);
  const place = (ms: number) => Math.min(bins - 1, Math.max(0, Math.floor(((ms - fromMs) / span) * bins)));
  for (const issue of issues) {
    const last = place(issue.untilMs ?? issue.timeMs);
    for (let i = place(issue.timeMs); i <= last; i++) found[i] = found[i]! + 1;
  }
  return found;
}

/** Sorts findings into lanes on one axis of time, the gravest first. */
export function lanesOf(issues: readonly Issue[], fromMs: number, toMs: number, bins: number): Lane[] {
  const byKind = new Map<string, Issue[]>();
  for (const issue of issues) {
    const known = byKind.get(issue.kind);
    if (known) known.push(issue);
    else byKind.set(issue.kind, [issue]);
  }
  const lanes = [...byKind].map(([kind, found]): Lane => {
    const gravest = found.reduce((a, b) => (WEIGHT[b.severity] > WEIGHT[a.severity] ? b : a));
    return {
      kind,
      severity: gravest.severity,
      findings: found.length,
      count: found.reduce((sum, issue) => sum + issue.count, 0),
      bins: binned(found, fromMs, toMs, bins),
    };
  });
  return lanes.sort((a, b) => WEIGHT[b.severity] - WEIGHT[a.severity] || b.count - a.count);
}

/**
 * The outline of a lane, for an SVG path: a column for every stretch with findings, at least a third of the height
 * so that a single one is seen, and full where there are most.
 */
export function laneShape(bins: Uint32Array, height: number): string {
  const most = bins.reduce((a, b) => Math.max(a, b), 1);
  let path = '';
  for (const [i, n] of bins.entries()) {
    if (n === 0) continue;
    const h = height * (0.34 + 0.66 * Math.sqrt(n / most));
    path += `M${i} ${height}v-${h.toFixed(2)}h1v${h.toFixed(2)}z`;
  }
  return path;
}

const LABELS: Readonly<Record<string, string>> = {
  missing_block: 'Missing bars in a row',
  missing_holiday: 'Missing around holidays',
  missing_scattered: 'Scattered missing bars',
  outside_session: 'Bars in closed hours',
  weekend_bars: 'Weekend bars',
  nan_cell: 'Unreadable cell',
  zero_price_row: 'Price not above zero',
  high_below_low: 'High below low',
  outside_range: 'Close outside the range',
  duplicate_exact: 'Exact duplicate',
  duplicate_conflict: 'Contradicting duplicate',
  out_of_order: 'Out of order',
  bad_tick_spike: 'Bad tick spike',
  large_wick: 'Large wick',
  price_jump: 'Price jump',
  stale_run: 'Stale prices',
  zero_range: 'Bars without range',
  unrealistic_range: 'Unrealistic ranges',
  wrong_zone: 'Wrong time zone',
};

/** The kind of a finding in words; `some_new-kind` -> `Some new kind`. */
export function kindLabel(kind: string): string {
  const known = LABELS[kind];
  if (known) return known;
  const words = kind.replaceAll(/[-_]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
