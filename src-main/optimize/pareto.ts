/** Pareto fronts in the user's directions, and the choice of one point from them. */
import { FrontierError } from '../../src-shared/errors.ts';

export type ObjectiveDirection = 'minimise' | 'maximise';

export interface Objective {
  readonly name: string;
  readonly direction: ObjectiveDirection;
}

/** Objective values with the sign that makes smaller better; null (not measured) becomes NaN. */
export function toMinimised(
  values: ArrayLike<number | null>,
  objectives: readonly Objective[],
): Float64Array {
  return Float64Array.from(objectives, ({ direction }, k) => {
    const value = values[k] ?? Number.NaN;
    return direction === 'maximise' ? -value : value;
  });
}

/** Whether `a` is nowhere worse than `b` and somewhere better; both minimised. */
export function dominates(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  let better = false;
  for (let k = 0; k < a.length; k++) {
    if (a[k]! > b[k]!) return false;
    if (a[k]! < b[k]!) better = true;
  }
  return better;
}

/** A front that grows point by point. Equal points stay together: they are different genes. */
export class FrontArchive<T> {
  #members: { readonly item: T; readonly values: Float64Array }[] = [];

  /** @param values minimised and finite. @returns whether the item is on the front now */
  add(item: T, values: Float64Array): boolean {
    if (this.#members.some((member) => dominates(member.values, values))) return false;
    // Most additions displace nothing; a copy of the front for each would be the study's largest cost.
    if (this.#members.some((member) => dominates(values, member.values))) {
      this.#members = this.#members.filter((member) => !dominates(values, member.values));
    }
    this.#members.push({ item, values });
    return true;
  }

  /** Members in the order in which they were added. */
  get items(): readonly T[] {
    return this.#members.map(({ item }) => item);
  }

  /** Their minimised objectives. */
  get values(): readonly Float64Array[] {
    return this.#members.map(({ values }) => values);
  }
}

/** One solution as the front sees it. */
export interface Solution {
  /** In the user's directions; null where not measured. */
  readonly objectives: ArrayLike<number | null>;
  /** Above 0: infeasible, never on the front. */
  readonly constraintViolation: number;
}

/** Indices of the feasible, measured, non-dominated solutions, ascending. */
export function paretoFront(solutions: readonly Solution[], objectives: readonly Objective[]): number[] {
  const archive = new FrontArchive<number>();
  for (const [index, solution] of solutions.entries()) {
    const values = toMinimised(solution.objectives, objectives);
    if (isUsable(solution, values)) archive.add(index, values);
  }
  return [...archive.items];
}

function isUsable(solution: Solution, values: Float64Array): boolean {
  return solution.constraintViolation === 0 && values.every((value) => Number.isFinite(value));
}

/** Minimised rows scaled so that the front's best is 0 and its worst 1; an objective without range is 0. */
function normalise(rows: readonly Float64Array[]): Float64Array[] {
  const m = rows[0]!.length;
  const ideal = new Float64Array(m).fill(Number.POSITIVE_INFINITY);
  const nadir = new Float64Array(m).fill(Number.NEGATIVE_INFINITY);
  for (const row of rows) {
    for (let k = 0; k < m; k++) {
      ideal[k] = Math.min(ideal[k]!, row[k]!);
      nadir[k] = Math.max(nadir[k]!, row[k]!);
    }
  }
  return rows.map((row) =>
    row.map((value, k) => (nadir[k]! > ideal[k]! ? (value - ideal[k]!) / (nadir[k]! - ideal[k]!) : 0)),
  );
}

/**
 * The knee: where giving a little of one objective gains the most of the others. With objectives
 * normalised to the front's own range it is the point farthest to the good side of the hyperplane
 * through the unit corners (Das 1999; there called the point of maximum bulge), that is the smallest
 * sum. Ties go to the lower index.
 *
 * @param front minimised, finite, at least one row
 * @returns the index of the knee
 */
export function kneePoint(front: readonly Float64Array[]): number {
  if (front.length === 0) throw emptyFront();
  return smallest(normalise(front).map((row) => row.reduce((sum, value) => sum + value, 0)));
}

function smallest(values: readonly number[]): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! < values[best]!) best = i;
  return best;
}

export interface RecommendationRule {
  /** Front members with fewer trades are passed over: their figures are mostly chance. */
  readonly minTrades: number;
  /** How much each objective weighs in the distance. Default 1 each. */
  readonly weights?: readonly number[] | undefined;
}

export interface FrontMember {
  readonly objectives: ArrayLike<number>;
  readonly trades: number;
}

export interface Recommendation {
  readonly index: number;
  /** Normalised, weighted Euclidean distance to the ideal point: 0 best, 1 worst. */
  readonly distance: number;
  /** In words, for the trader. */
  readonly reason: string;
}

/**
 * The most balanced point of a front: among members with enough trades, the one nearest to the ideal
 * point (the best of each objective on the front) after scaling every objective to the front's own
 * range. d = sqrt(sum w_k z_k^2 / sum w_k). Ties go to the lower index. (Compromise programming,
 * Zeleny 1973, with p = 2.)
 *
 * @throws FrontierError REFUSED when the front is empty or no member has enough trades
 */
export function recommendPoint(
  front: readonly FrontMember[],
  objectives: readonly Objective[],
  rule: RecommendationRule,
): Recommendation {
  if (front.length === 0) throw emptyFront();
  const eligible = front.map((_, index) => index).filter((index) => front[index]!.trades >= rule.minTrades);
  if (eligible.length === 0) throw tooFewTrades(front, rule.minTrades);
  const rows = normalise(eligible.map((index) => toMinimised(front[index]!.objectives, objectives)));
  const distances = rows.map((row) => distanceToIdeal(row, weightsOf(rule, objectives.length)));
  const best = smallest(distances);
  const index = eligible[best]!;
  const distance = distances[best]!;
  return { index, distance, reason: explain(front[index]!, eligible.length, objectives, rule, distance) };
}

function weightsOf(rule: RecommendationRule, count: number): readonly number[] {
  const weights = rule.weights ?? new Array<number>(count).fill(1);
  const isValid =
    weights.length === count && weights.every((weight) => weight >= 0) && weights.some((w) => w > 0);
  if (isValid) return weights;
  throw new FrontierError(
    'BAD_INPUT',
    'The weights do not suit the objectives.',
    'One per objective, none negative.',
  );
}

function distanceToIdeal(row: Float64Array, weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const squares = row.reduce((sum, value, k) => sum + weights[k]! * value * value, 0);
  return Math.sqrt(squares / total);
}

function explain(
  member: FrontMember,
  eligible: number,
  objectives: readonly Objective[],
  rule: RecommendationRule,
  distance: number,
): string {
  const names = objectives.map(({ name }) => name).join(', ');
  const points = eligible === 1 ? 'the only point' : `of ${eligible} points`;
  return (
    `Most balanced over ${names}: ${points} with at least ${rule.minTrades} trades, nearest to the best of ` +
    `every objective at once (distance ${distance.toFixed(3)} on a scale of 0 to 1); ${member.trades} trades.`
  );
}

function emptyFront(): FrontierError {
  return new FrontierError(
    'REFUSED',
    'The front is empty: no trial was feasible.',
    'Relax the constraints, widen the ranges or use a longer history.',
  );
}

function tooFewTrades(front: readonly FrontMember[], minTrades: number): FrontierError {
  const most = front.reduce((max, { trades }) => Math.max(max, trades), 0);
  return new FrontierError(
    'REFUSED',
    `No point of the front has ${minTrades} trades; the most is ${most}.`,
    'Use a longer history, lower the entry threshold or accept fewer trades.',
  );
}
