/**
 * Exact hypervolume: the volume that a set of points dominates up to a reference point; objectives are
 * minimised. Two objectives by a sorted sweep, O(n log n); three by a sweep over the third that keeps
 * the staircase of the first two, O(n log n) searches (Beume et al. 2009); more by slicing along the
 * last objective (While et al. 2006), O(n) times the cost of one objective fewer, where a slice drops
 * for good what its lower objectives dominate.
 */
import { FrontierError } from '../../src-shared/errors.ts';

type Point = ArrayLike<number>;

/**
 * @param points minimised; points not better than the reference in every objective add nothing
 * @param reference one number per objective, worse than what shall count
 * @returns the volume in the product of the objectives' units; 0 for no points
 * @throws FrontierError BAD_INPUT for unequal lengths or figures that are not finite
 */
export function hypervolume(points: readonly Point[], reference: Point): number {
  const d = reference.length;
  if (d === 0) throw badInput('the reference point has no objectives');
  checkFinite(reference, d, 'the reference point');
  for (const [index, point] of points.entries()) checkFinite(point, d, `point ${index}`);
  const inside = points.filter((point) => isInside(point, reference, d));
  if (d === 1) return inside.reduce((best, point) => Math.max(best, reference[0]! - point[0]!), 0);
  inside.sort((a, b) => a[d - 1]! - b[d - 1]!);
  return volumeOf(inside, reference, d);
}

function checkFinite(point: Point, d: number, what: string): void {
  if (point.length !== d) throw badInput(`${what} has ${point.length} objectives, not ${d}`);
  for (let k = 0; k < d; k++) if (!Number.isFinite(point[k])) throw badInput(`${what} is not finite`);
}

function badInput(problem: string): FrontierError {
  return new FrontierError(
    'BAD_INPUT',
    `No hypervolume: ${problem}.`,
    'Give feasible, measured points only.',
  );
}

function isInside(point: Point, reference: Point, d: number): boolean {
  for (let k = 0; k < d; k++) if (point[k]! >= reference[k]!) return false;
  return true;
}

/** @param sorted ascending in objective d - 1, all better than the reference */
function volumeOf(sorted: readonly Point[], reference: Point, d: number): number {
  if (d === 2) return area(sorted, reference);
  if (d === 3) return volumeBySweep(sorted, reference);
  return volumeBySlices(sorted, reference, d);
}

/** From the best second objective on, each new best first objective adds a rectangle. */
function area(sorted: readonly Point[], reference: Point): number {
  let sum = 0;
  let bestFirst = reference[0]!;
  for (const point of sorted) {
    if (point[0]! >= bestFirst) continue;
    sum += (bestFirst - point[0]!) * (reference[1]! - point[1]!);
    bestFirst = point[0]!;
  }
  return sum;
}

function volumeBySweep(sorted: readonly Point[], reference: Point): number {
  const stairs = new Staircase(sorted.length, reference[0]!, reference[1]!);
  let volume = 0;
  for (let i = 0; i < sorted.length; i++) {
    stairs.add(sorted[i]![0]!, sorted[i]![1]!);
    const next = i + 1 < sorted.length ? sorted[i + 1]![2]! : reference[2]!;
    volume += stairs.area * (next - sorted[i]![2]!);
  }
  return volume;
}

function volumeBySlices(sorted: readonly Point[], reference: Point, d: number): number {
  let active: Point[] = [];
  let slice = 0;
  let volume = 0;
  for (let i = 0; i < sorted.length; i++) {
    const point = sorted[i]!;
    if (!active.some((other) => covers(other, point, d - 1))) {
      active = insertSorted(
        active.filter((other) => !covers(point, other, d - 1)),
        point,
        d - 2,
      );
      slice = volumeOf(active, reference, d - 1);
    }
    const next = i + 1 < sorted.length ? sorted[i + 1]![d - 1]! : reference[d - 1]!;
    volume += slice * (next - point[d - 1]!);
  }
  return volume;
}

/** Whether `a` is at least as good as `b` in the first `d` objectives. */
function covers(a: Point, b: Point, d: number): boolean {
  for (let k = 0; k < d; k++) if (a[k]! > b[k]!) return false;
  return true;
}

function insertSorted(list: Point[], point: Point, key: number): Point[] {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (list[mid]![key]! <= point[key]!) low = mid + 1;
    else high = mid;
  }
  list.splice(low, 0, point);
  return list;
}

/** Non-dominated points of a plane, first coordinate rising and second falling, with the area they cover. */
class Staircase {
  area = 0;
  readonly #x: Float64Array;
  readonly #y: Float64Array;
  readonly #endX: number;
  readonly #endY: number;
  #length = 0;

  constructor(capacity: number, endX: number, endY: number) {
    this.#x = new Float64Array(capacity);
    this.#y = new Float64Array(capacity);
    this.#endX = endX;
    this.#endY = endY;
  }

  /** Adds a point; the area grows by what only it covers, and what it dominates leaves. */
  add(x: number, y: number): void {
    const at = this.#firstFrom(x);
    const before = at > 0 ? this.#y[at - 1]! : this.#endY;
    const hasEqual = at < this.#length && this.#x[at] === x && this.#y[at]! <= y;
    if (before <= y || hasEqual) return;
    let next = at;
    let left = x;
    let roof = before;
    while (next < this.#length && this.#y[next]! >= y) {
      this.area += (this.#x[next]! - left) * (roof - y);
      left = this.#x[next]!;
      roof = this.#y[next]!;
      next++;
    }
    const right = next < this.#length ? this.#x[next]! : this.#endX;
    this.area += (right - left) * (roof - y);
    this.#replace(at, next, x, y);
  }

  /** Index of the first point whose x is at least the given one. */
  #firstFrom(x: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if (this.#x[mid]! < x) low = mid + 1;
      else high = mid;
    }
    return low;
  }

  #replace(from: number, to: number, x: number, y: number): void {
    if (to !== from + 1) {
      this.#x.copyWithin(from + 1, to, this.#length);
      this.#y.copyWithin(from + 1, to, this.#length);
    }
    this.#x[from] = x;
    this.#y[from] = y;
    this.#length += 1 - (to - from);
  }
}
