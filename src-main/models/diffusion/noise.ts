import { normal, SeededRng } from '../../../src-shared/runtime.ts';

/** Levels whose quantiles are held to those of a normal distribution, above the middle; below it they mirror. */
const LEVELS = [
  { level: 0.95, quantile: 1.6448536269514722, weight: 1 },
  { level: 0.75, quantile: 0.6744897501960817, weight: 0.5 },
] as const;
/** A single step counts less than the way covered up to it: the fan is of the way. */
const STEP_WEIGHT = 0.5;
/** Values that may be looked at: bounds the time for many long futures, which need it least. */
const WORK = 2_000_000;
const MOST_EXCHANGES = 2000;
const LEAST_EXCHANGES = 50;

/**
 * Starting noise of futures, [paths, length]: normal numbers, the second half the negative of the first (antithetic).
 *
 * Every window starts from the same few paths, so that by how much their quantiles are off by chance, all fans would be
 * off: plainly drawn, 32 paths are a fifth too wide at one bar and a fifth too narrow at another. So paths are drawn anew
 * one by one, and a new one stays where it brings the quantiles of the way covered closer to those of a random walk.
 * @param paths a power of 2
 */
export function startingNoise(
  { paths, seed }: { readonly paths: number; readonly seed: number },
  length: number,
): Float32Array {
  const rng = new SeededRng(seed);
  const half = paths / 2;
  const noise = Float64Array.from({ length: half * length }, () => normal(rng));
  const sums = new Sums(noise, half, length);
  let error = sums.error();
  const most = Math.trunc(WORK / (paths * length));
  const exchanges = Math.max(LEAST_EXCHANGES, Math.min(MOST_EXCHANGES, most));
  for (let i = 0; i < exchanges; i++) {
    const path = i % half;
    const before = noise.slice(path * length, (path + 1) * length);
    for (let k = 0; k < length; k++) noise[path * length + k] = normal(rng);
    sums.follow(path);
    const now = sums.error();
    if (now < error) error = now;
    else {
      noise.set(before, path * length);
      sums.follow(path);
    }
  }
  return Float32Array.from({ length: 2 * noise.length }, (_, i) =>
    i < noise.length ? noise[i]! : -noise[i - noise.length]!,
  );
}

/** The way each path has covered by each step, over the root of the steps, and each step alone. */
class Sums {
  readonly #noise: Float64Array;
  readonly #half: number;
  readonly #length: number;
  /** [length, half] each: sizes, since the mirrored paths have the same. */
  readonly #ways: Float64Array;
  readonly #steps: Float64Array;

  constructor(noise: Float64Array, half: number, length: number) {
    this.#noise = noise;
    this.#half = half;
    this.#length = length;
    this.#ways = new Float64Array(noise.length);
    this.#steps = new Float64Array(noise.length);
    for (let path = 0; path < half; path++) this.follow(path);
  }

  /** Takes over what changed in a path. */
  follow(path: number): void {
    let way = 0;
    for (let k = 0; k < this.#length; k++) {
      const step = this.#noise[path * this.#length + k]!;
      way += step;
      this.#ways[k * this.#half + path] = Math.abs(way) / Math.sqrt(k + 1);
      this.#steps[k * this.#half + path] = Math.abs(step);
    }
  }

  /** Weighted mean of the squared relative errors of the quantiles. */
  error(): number {
    let sum = 0;
    for (let k = 0; k < this.#length; k++) {
      sum += this.#errorOf(this.#ways, k) + STEP_WEIGHT * this.#errorOf(this.#steps, k);
    }
    return sum / this.#length;
  }

  #errorOf(sizes: Float64Array, k: number): number {
    const sorted = sizes.slice(k * this.#half, (k + 1) * this.#half).sort();
    const last = 2 * this.#half - 1;
    /** Of the sizes and their negatives, ascending. */
    const at = (i: number): number =>
      i < this.#half ? -sorted[this.#half - 1 - i]! : sorted[i - this.#half]!;
    return LEVELS.reduce((sum, { level, quantile, weight }) => {
      const place = last * level;
      const below = Math.floor(place);
      const found = at(below) + (place - below) * (at(Math.min(last, below + 1)) - at(below));
      return sum + weight * (found / quantile - 1) ** 2;
    }, 0);
  }
}
