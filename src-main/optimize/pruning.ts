/**
 * Cutting a front down to the solutions that spread it best: crowding distances are taken again after
 * each removal (Kukkonen and Deb 2006). Deb's original takes them once, so that of two close neighbours
 * it drops both and leaves a gap.
 */
import type { ObjectiveTable } from './sorting.ts';

/**
 * @param members one front, feasible throughout
 * @param keep how many stay, at least 0
 * @returns those that stay, in the order of `members`; of equally crowded ones the earlier stays
 */
export function pruneFront(table: ObjectiveTable, members: Int32Array, keep: number): Int32Array {
  const chains = Array.from({ length: table.m }, (_, k) => new Chain(table, members, k));
  const crowding = Float64Array.from(members, (_, p) => crowdingOf(chains, p));
  const isGone = new Uint8Array(members.length);
  for (let left = members.length; left > keep; left--) {
    const worst = mostCrowded(crowding, isGone);
    isGone[worst] = 1;
    for (const chain of chains) {
      const [before, after] = chain.remove(worst);
      if (before >= 0) crowding[before] = crowdingOf(chains, before);
      if (after >= 0) crowding[after] = crowdingOf(chains, after);
    }
  }
  return members.filter((_, p) => !isGone[p]);
}

function crowdingOf(chains: readonly Chain[], position: number): number {
  let sum = 0;
  for (const chain of chains) sum += chain.gapAround(position);
  return sum;
}

function mostCrowded(crowding: Float64Array, isGone: Uint8Array): number {
  let worst = -1;
  for (let p = 0; p < crowding.length; p++) {
    if (!isGone[p] && (worst < 0 || crowding[p]! <= crowding[worst]!)) worst = p;
  }
  return worst;
}

/** The members in the order of one objective, linked so that a removal costs nothing. */
class Chain {
  readonly #value: Float64Array;
  readonly #before: Int32Array;
  readonly #after: Int32Array;
  readonly #range: number;

  constructor({ values, m }: ObjectiveTable, members: Int32Array, k: number) {
    const n = members.length;
    this.#value = Float64Array.from(members, (i) => values[i * m + k]!);
    this.#before = new Int32Array(n).fill(-1);
    this.#after = new Int32Array(n).fill(-1);
    const value = this.#value;
    const sorted = Int32Array.from(members.keys()).sort((a, b) => value[a]! - value[b]! || a - b);
    for (let p = 1; p < n; p++) {
      this.#before[sorted[p]!] = sorted[p - 1]!;
      this.#after[sorted[p - 1]!] = sorted[p]!;
    }
    this.#range = n > 0 ? value[sorted[n - 1]!]! - value[sorted[0]!]! : 0;
  }

  /** Normalised distance between the neighbours; Infinity at the ends. */
  gapAround(position: number): number {
    const before = this.#before[position]!;
    const after = this.#after[position]!;
    if (before < 0 || after < 0) return Number.POSITIVE_INFINITY;
    return this.#range > 0 ? (this.#value[after]! - this.#value[before]!) / this.#range : 0;
  }

  /** @returns the neighbours, now linked to each other; -1 for none */
  remove(position: number): [number, number] {
    const before = this.#before[position]!;
    const after = this.#after[position]!;
    if (before >= 0) this.#after[before] = after;
    if (after >= 0) this.#before[after] = before;
    return [before, after];
  }
}
