/** What makes two studies the same study. */
import { createHash } from 'node:crypto';
import type { Objective } from './pareto.ts';
import type { SearchSpace } from './space.ts';
import type { Constraint } from './trials.ts';

/** Everything the trials of a study follow from. The number of evaluations is not part of it: it may grow. */
export interface StudyIdentity {
  readonly space: SearchSpace;
  readonly objectives: readonly Objective[];
  readonly constraints: readonly Constraint[];
  readonly sampler: string;
  readonly populationSize: number;
  readonly seed: number;
  /** Hash of the bars, the predictions and the costs that trials are measured on. */
  readonly dataHash: string;
}

/**
 * SHA-256, in hex, of the identity's canonical JSON (keys sorted). Equal fingerprints mean equal trials,
 * so a study is resumed, or its stored result returned, exactly when the fingerprint is found.
 */
export function studyFingerprint(identity: StudyIdentity): string {
  return createHash('sha256').update(canonicalJson(identity)).digest('hex');
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`;
}
