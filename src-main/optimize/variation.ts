/**
 * Variation of points of the unit cube: simulated binary crossover (Deb and Agrawal 1995) and polynomial
 * mutation (Deb and Goyal 1996), both in the bounded form of Deb's NSGA-II code.
 */
import type { Rng } from '../../src-shared/runtime.ts';
import { shuffle } from '../../src-shared/runtime.ts';

export interface VariationSettings {
  /** Chance that a pair is crossed at all. */
  readonly crossoverProbability: number;
  /** Distribution index: larger keeps children nearer to their parents. */
  readonly crossoverEta: number;
  /** Chance per gene. */
  readonly mutationProbability: number;
  readonly mutationEta: number;
}

/** Two genes nearer than this are equal for the crossover, which divides by their distance. */
const SAME = 1e-14;

/**
 * Writes two children of rows `a` and `b` of `parents` to `first` and `second`. A gene without order is
 * exchanged whole; blending two categories would invent a third.
 */
export function crossPair(
  parents: Float64Array,
  a: number,
  b: number,
  first: Float64Array,
  second: Float64Array,
  categorical: Uint8Array,
  settings: VariationSettings,
  rng: Rng,
): void {
  const d = first.length;
  for (let k = 0; k < d; k++) {
    first[k] = parents[a * d + k]!;
    second[k] = parents[b * d + k]!;
  }
  if (rng.next() >= settings.crossoverProbability) return;
  for (let k = 0; k < d; k++) {
    if (rng.next() >= 0.5) continue;
    if (categorical[k]) exchange(first, second, k);
    else if (Math.abs(first[k]! - second[k]!) > SAME) crossGene(first, second, k, settings.crossoverEta, rng);
  }
}

function exchange(first: Float64Array, second: Float64Array, k: number): void {
  const held = first[k]!;
  first[k] = second[k]!;
  second[k] = held;
}

function crossGene(first: Float64Array, second: Float64Array, k: number, eta: number, rng: Rng): void {
  const low = Math.min(first[k]!, second[k]!);
  const high = Math.max(first[k]!, second[k]!);
  const distance = high - low;
  const u = rng.next();
  const middle = 0.5 * (low + high);
  const toLow = middle - 0.5 * distance * spread(1 + (2 * low) / distance, eta, u);
  const toHigh = middle + 0.5 * distance * spread(1 + (2 * (1 - high)) / distance, eta, u);
  const isSwapped = rng.next() < 0.5;
  first[k] = clampUnit(isSwapped ? toHigh : toLow);
  second[k] = clampUnit(isSwapped ? toLow : toHigh);
}

/** The factor beta_q whose density is cut so that the child stays within the bound at `beta`. */
function spread(beta: number, eta: number, u: number): number {
  const alpha = 2 - beta ** -(eta + 1);
  const scaled = u * alpha;
  return (scaled <= 1 ? scaled : 1 / (2 - scaled)) ** (1 / (eta + 1));
}

/** Mutates a point in place. A gene without order jumps to anywhere. */
export function mutate(point: Float64Array, categorical: Uint8Array, s: VariationSettings, rng: Rng): void {
  for (let k = 0; k < point.length; k++) {
    if (rng.next() >= s.mutationProbability) continue;
    point[k] = categorical[k] ? rng.next() : mutateGene(point[k]!, s.mutationEta, rng.next());
  }
}

function mutateGene(value: number, eta: number, u: number): number {
  const power = eta + 1;
  const delta =
    u < 0.5
      ? (2 * u + (1 - 2 * u) * (1 - value) ** power) ** (1 / power) - 1
      : 1 - (2 * (1 - u) + 2 * (u - 0.5) * value ** power) ** (1 / power);
  return clampUnit(value + delta);
}

function clampUnit(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/**
 * The tournament order of Deb's code: solutions are drawn from a shuffled deck, so that each takes part
 * in the same number of tournaments.
 */
export class Deck {
  readonly #cards: Int32Array;
  readonly #rng: Rng;
  #next: number;

  /** @param count cards 0 .. count - 1, shuffled anew whenever all were drawn */
  constructor(count: number, rng: Rng) {
    this.#cards = Int32Array.from({ length: count }, (_, i) => i);
    this.#rng = rng;
    this.#next = count;
  }

  draw(): number {
    if (this.#next === this.#cards.length) {
      shuffle(this.#rng, this.#cards);
      this.#next = 0;
    }
    return this.#cards[this.#next++]!;
  }
}
