/**
 * Non-dominated sorting and crowding distance on flat typed arrays; objectives are minimised and row i
 * of `values` (row-major, `m` columns) is solution i.
 */

/** Objective rows under constraints. */
export interface ObjectiveTable {
  /** Row-major, `count` rows of `m` objectives, minimised. */
  readonly values: Float64Array;
  /** 0 when feasible. */
  readonly violations: Float64Array;
  readonly count: number;
  readonly m: number;
}

/** Fronts as slices of one index list: front r is `order[starts[r] .. starts[r + 1])`. */
export interface Fronts {
  readonly rank: Int32Array;
  readonly order: Int32Array;
  readonly starts: Int32Array;
  readonly frontCount: number;
}

/**
 * Ranks solutions into fronts, 0 the best, by constrained domination (Deb et al. 2002): a feasible
 * solution beats an infeasible one, of two infeasible ones the smaller violation wins, of two feasible
 * ones Pareto dominance decides.
 *
 * Feasible ones are sorted by ENS-BS (Zhang, Tian, Cheng, Jin 2015), O(M N sqrt(N)) at best and
 * O(M N^2) at worst; with two objectives only a front's last member has to be compared: O(N log N).
 */
export function sortFronts(table: ObjectiveTable): Fronts {
  const { count, violations } = table;
  const rank = new Int32Array(count);
  const feasible: number[] = [];
  const infeasible: number[] = [];
  for (let i = 0; i < count; i++) (violations[i]! > 0 ? infeasible : feasible).push(i);
  let frontCount = rankFeasible(table, feasible, rank);
  infeasible.sort((a, b) => violations[a]! - violations[b]! || a - b);
  for (let k = 0; k < infeasible.length; k++) {
    const i = infeasible[k]!;
    const isNewFront = k === 0 || violations[i]! > violations[infeasible[k - 1]!]!;
    if (isNewFront) frontCount++;
    rank[i] = frontCount - 1;
  }
  return bucket(rank, frontCount);
}

function rankFeasible(table: ObjectiveTable, feasible: number[], rank: Int32Array): number {
  const { values, m } = table;
  feasible.sort((a, b) => lexicographic(values, m, a, b));
  return m === 2 ? rankTwoObjectives(values, feasible, rank) : rankByEns(values, m, feasible, rank);
}

/** Ties go by index, so that the result does not depend on the engine's sort. */
function lexicographic(values: Float64Array, m: number, a: number, b: number): number {
  for (let k = 0; k < m; k++) {
    const difference = values[a * m + k]! - values[b * m + k]!;
    if (difference !== 0) return difference;
  }
  return a - b;
}

/** Along a front the first objective rises and the second falls: its last member decides for all. */
function rankTwoObjectives(values: Float64Array, sorted: readonly number[], rank: Int32Array): number {
  const last: number[] = [];
  for (const i of sorted) {
    const first = values[2 * i]!;
    const second = values[2 * i + 1]!;
    let low = 0;
    let high = last.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      const j = last[mid]!;
      const other = values[2 * j + 1]!;
      const dominated = other < second || (other === second && values[2 * j]! < first);
      if (dominated) low = mid + 1;
      else high = mid;
    }
    last[low] = i;
    rank[i] = low;
  }
  return last.length;
}

/** A solution dominated by front r is dominated by every front before it, so the search may bisect. */
function rankByEns(values: Float64Array, m: number, sorted: readonly number[], rank: Int32Array): number {
  const fronts: number[][] = [];
  for (const i of sorted) {
    let low = 0;
    let high = fronts.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if (frontDominates(values, m, fronts[mid]!, i)) low = mid + 1;
      else high = mid;
    }
    if (low === fronts.length) fronts.push([i]);
    else fronts[low]!.push(i);
    rank[i] = low;
  }
  return fronts.length;
}

/** Newest members first: they are nearest in the first objective and most likely to dominate. */
function frontDominates(values: Float64Array, m: number, front: readonly number[], i: number): boolean {
  for (let k = front.length - 1; k >= 0; k--) if (dominatesRow(values, m, front[k]!, i)) return true;
  return false;
}

/** Whether row a is nowhere worse than row b and somewhere better. */
export function dominatesRow(values: ArrayLike<number>, m: number, a: number, b: number): boolean {
  let better = false;
  for (let k = 0; k < m; k++) {
    const difference = values[a * m + k]! - values[b * m + k]!;
    if (difference > 0) return false;
    if (difference < 0) better = true;
  }
  return better;
}

function bucket(rank: Int32Array, frontCount: number): Fronts {
  const starts = new Int32Array(frontCount + 1);
  for (const r of rank) starts[r + 1]! += 1;
  for (let r = 0; r < frontCount; r++) starts[r + 1]! += starts[r]!;
  const order = new Int32Array(rank.length);
  const next = starts.slice();
  for (let i = 0; i < rank.length; i++) order[next[rank[i]!]!++] = i;
  return { rank, order, starts, frontCount };
}

/**
 * Crowding distance (Deb et al. 2002, section III-B) of the members of one front, written to
 * `crowding` at their own indices. The ends of each objective get Infinity; an objective in which all
 * are equal adds nothing. Infeasible members get 0: their objectives say nothing yet.
 */
export function assignCrowding(table: ObjectiveTable, members: Int32Array, crowding: Float64Array): void {
  const { values, violations, m } = table;
  for (const i of members) crowding[i] = 0;
  if (members.length === 0 || violations[members[0]!]! > 0) return;
  const sorted = members.slice();
  for (let k = 0; k < m; k++) {
    sorted.sort((a, b) => values[a * m + k]! - values[b * m + k]! || a - b);
    const first = sorted[0]!;
    const last = sorted[sorted.length - 1]!;
    const range = values[last * m + k]! - values[first * m + k]!;
    crowding[first] = Number.POSITIVE_INFINITY;
    crowding[last] = Number.POSITIVE_INFINITY;
    if (range <= 0) continue;
    for (let p = 1; p < sorted.length - 1; p++) {
      const gap = values[sorted[p + 1]! * m + k]! - values[sorted[p - 1]! * m + k]!;
      crowding[sorted[p]!]! += gap / range;
    }
  }
}
