import type { QualityIssue, Severity } from './types.ts';

/** An issue before it is put into words: of a ruined file, most never are. */
export type Finding = Omit<QualityIssue, 'message'>;

interface Candidate extends Finding {
  readonly weight: number;
  readonly message: () => string;
}

interface Kind {
  readonly kind: string;
  readonly severity: Severity;
  found: number;
  bars: number;
  kept: Candidate[];
  /** Once more were found than may be listed: a candidate must weigh more than this. */
  least: number;
}

/** All issues of a kind together. */
export interface KindTotal {
  readonly kind: string;
  readonly severity: Severity;
  /** Bars concerned. */
  readonly count: number;
}

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** Gathers what the checks find in bounded memory: everything is counted, the heaviest of each kind are kept. */
export class Findings {
  readonly #limit: number;
  readonly #kinds = new Map<string, Kind>();

  /** @param limit issues that are listed in the end */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * @param message called only for issues that are listed
   * @param weight among issues of one kind the heavier are listed first; equal ones in order of arrival
   */
  add(finding: Finding, message: () => string, weight = 0): void {
    const kind = this.#kindOf(finding);
    kind.found++;
    kind.bars += finding.count;
    if (weight <= kind.least) return;
    kind.kept.push({ ...finding, message, weight });
    if (kind.kept.length >= 2 * this.#limit) this.#prune(kind);
  }

  /** Bars concerned by kind, listed or not. */
  totals(): KindTotal[] {
    return [...this.#kinds.values()].map(({ kind, severity, bars }) => ({ kind, severity, count: bars }));
  }

  /** Issues in all. */
  get found(): number {
    let found = 0;
    for (const kind of this.#kinds.values()) found += kind.found;
    return found;
  }

  /**
   * The issues that are listed, errors first, then by time. Every kind has an equal share of the limit; what a
   * kind does not need goes to the others, the worst severity first.
   */
  list(): QualityIssue[] {
    const kinds = [...this.#kinds.values()].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
    const share = Math.floor(this.#limit / Math.max(1, kinds.length));
    let spare = this.#limit - kinds.reduce((sum, k) => sum + Math.min(share, k.found), 0);
    const listed: QualityIssue[] = [];
    for (const kind of kinds) {
      const more = Math.min(spare, Math.max(0, kind.found - share));
      spare -= more;
      const best = heaviest(kind.kept, Math.min(share, kind.found) + more);
      for (const { message, weight: _, ...finding } of best) listed.push({ ...finding, message: message() });
    }
    return listed.sort((a, b) => RANK[a.severity] - RANK[b.severity] || a.timeMs - b.timeMs);
  }

  #kindOf({ kind, severity }: Finding): Kind {
    const key = `${severity} ${kind}`;
    let known = this.#kinds.get(key);
    if (!known) {
      known = { kind, severity, found: 0, bars: 0, kept: [], least: Number.NEGATIVE_INFINITY };
      this.#kinds.set(key, known);
    }
    return known;
  }

  #prune(kind: Kind): void {
    kind.kept = heaviest(kind.kept, this.#limit);
    kind.least = kind.kept.at(-1)!.weight;
  }
}

/** The `count` heaviest; sorting is stable, so earlier ones win among equals. */
function heaviest(candidates: readonly Candidate[], count: number): Candidate[] {
  return [...candidates].sort((a, b) => b.weight - a.weight).slice(0, count);
}
