/**
 * NSGA-II: K. Deb, A. Pratap, S. Agarwal, T. Meyarivan, "A Fast and Elitist Multiobjective Genetic
 * Algorithm: NSGA-II", IEEE Transactions on Evolutionary Computation 6(2), 2002. Generational, elitist,
 * with constrained domination and duplicate elimination. One departure, for a better spread: the front
 * that no longer fits is cut by `pruneFront`, which takes crowding distances again after each removal.
 */
import { FrontierError } from '../../src-shared/errors.ts';
import { Population, readState, saveState } from './population.ts';
import { pruneFront } from './pruning.ts';
import type { Candidate, ResumableRng, Sampler, Told } from './sampler.ts';
import { assignCrowding, sortFronts } from './sorting.ts';
import type { SpaceCodec } from './space.ts';
import type { VariationSettings } from './variation.ts';
import { crossPair, Deck, mutate } from './variation.ts';

export interface Nsga2Settings {
  readonly codec: SpaceCodec;
  readonly objectiveCount: number;
  readonly rng: ResumableRng;
  /** At least 4. Default 100. */
  readonly populationSize?: number | undefined;
  /** Points of the unit cube that open the first generation; the rest of it is random. */
  readonly initialPoints?: readonly Float64Array[] | undefined;
  /** Default 0.9. */
  readonly crossoverProbability?: number | undefined;
  /** Default 15. */
  readonly crossoverEta?: number | undefined;
  /** Per gene. Default 1 / dimensions. */
  readonly mutationProbability?: number | undefined;
  /** Default 20. */
  readonly mutationEta?: number | undefined;
}

/** Attempts per child to find a point that the generation does not hold yet, before chance is asked. */
const DUPLICATE_RETRIES = 10;

/** NSGA-II behind the ask/tell port. One generation is asked, told in any order, and bred into the next. */
export class Nsga2Sampler implements Sampler {
  readonly name = 'nsga2';
  readonly #codec: SpaceCodec;
  readonly #rng: ResumableRng;
  readonly #size: number;
  readonly #variation: VariationSettings;
  /** Survivors of the last selection; empty in the first generation. */
  #parents: Population;
  #rank: Int32Array;
  #crowding: Float64Array;
  #offspring: Population;
  #generation = 0;

  /** @throws FrontierError BAD_INPUT for settings that make no sense */
  constructor(settings: Nsga2Settings) {
    this.#codec = settings.codec;
    this.#rng = settings.rng;
    this.#size = settings.populationSize ?? 100;
    this.#variation = {
      crossoverProbability: settings.crossoverProbability ?? 0.9,
      crossoverEta: settings.crossoverEta ?? 15,
      mutationProbability: settings.mutationProbability ?? 1 / settings.codec.dimensions,
      mutationEta: settings.mutationEta ?? 20,
    };
    checkSettings(this.#size, settings.objectiveCount, this.#variation);
    this.#parents = new Population(0, this.#codec.dimensions, settings.objectiveCount);
    this.#rank = new Int32Array(0);
    this.#crowding = new Float64Array(0);
    this.#offspring = new Population(this.#size, this.#codec.dimensions, settings.objectiveCount);
    this.#sow(settings.initialPoints ?? []);
  }

  ask(limit: number): Candidate[] {
    if (this.#offspring.isComplete) this.#advance();
    const base = this.#generation * this.#size;
    return this.#offspring
      .issue(limit)
      .map((slot) => ({ id: base + slot, generation: this.#generation, point: this.#offspring.point(slot) }));
  }

  tell(results: readonly Told[]): void {
    const base = this.#generation * this.#size;
    for (const told of results) this.#offspring.tell(told.id - base, told);
  }

  save(): unknown {
    const { name } = this;
    const settings = this.#fingerprint();
    return saveState(name, settings, this.#rng, this.#generation, this.#parents, this.#offspring);
  }

  restore(state: unknown): void {
    const saved = readState(state, this.name, this.#fingerprint(), this.#offspring);
    this.#rng.restore(saved.rng);
    this.#generation = saved.generation;
    this.#parents = saved.parents;
    this.#offspring = saved.offspring;
  }

  #fingerprint(): string {
    return JSON.stringify([this.#size, this.#variation]);
  }

  #sow(initialPoints: readonly Float64Array[]): void {
    const { dimensions } = this.#codec;
    for (let slot = 0; slot < this.#size; slot++) {
      const given = initialPoints[slot];
      if (given && given.length !== dimensions) {
        throw new FrontierError('BAD_INPUT', `A seed point has ${given.length} genes, not ${dimensions}.`);
      }
      if (!given || !this.#place(slot, Float64Array.from(given))) this.#placeRandom(slot);
    }
  }

  /** Survivors of parents and offspring become parents; their children the new offspring. */
  #advance(): void {
    const merged = Population.concatenate(this.#parents, this.#offspring);
    this.#parents = merged.select(survivors(merged, this.#size));
    this.#rankParents();
    this.#offspring = new Population(this.#size, this.#codec.dimensions, merged.m);
    this.#generation++;
    this.#breed();
  }

  /** Only breeding needs rank and crowding, right after selection; they have no place in a saved state. */
  #rankParents(): void {
    const fronts = sortFronts(this.#parents);
    this.#rank = fronts.rank;
    this.#crowding = new Float64Array(this.#parents.count);
    for (let r = 0; r < fronts.frontCount; r++) {
      assignCrowding(
        this.#parents,
        fronts.order.subarray(fronts.starts[r], fronts.starts[r + 1]),
        this.#crowding,
      );
    }
  }

  #breed(): void {
    const { dimensions, categorical } = this.#codec;
    const deck = new Deck(this.#parents.count, this.#rng);
    const first = new Float64Array(dimensions);
    const second = new Float64Array(dimensions);
    let slot = 0;
    let failures = 0;
    while (slot < this.#size) {
      if (failures >= DUPLICATE_RETRIES) {
        this.#placeRandom(slot++);
        failures = 0;
        continue;
      }
      const a = this.#tournament(deck);
      const b = this.#tournament(deck);
      crossPair(this.#parents.points, a, b, first, second, categorical, this.#variation, this.#rng);
      const before = slot;
      for (const child of [first, second]) {
        mutate(child, categorical, this.#variation, this.#rng);
        if (slot < this.#size && this.#place(slot, child)) slot++;
      }
      failures = slot === before ? failures + 1 : 0;
    }
  }

  /** The better of two by rank, then crowding, then chance. */
  #tournament(deck: Deck): number {
    const a = deck.draw();
    const b = deck.draw();
    const byRank = this.#rank[a]! - this.#rank[b]!;
    if (byRank !== 0) return byRank < 0 ? a : b;
    const crowdingA = this.#crowding[a]!;
    const crowdingB = this.#crowding[b]!;
    if (crowdingA !== crowdingB) return crowdingA > crowdingB ? a : b;
    return this.#rng.next() < 0.5 ? a : b;
  }

  /** @returns false, and nothing placed, when parents or siblings hold this point already */
  #place(slot: number, point: Float64Array): boolean {
    this.#codec.snap(point);
    if (this.#parents.has(point) || this.#offspring.has(point)) return false;
    this.#offspring.place(slot, point);
    return true;
  }

  /** A random point; in a space so small that all are taken, one of those again. */
  #placeRandom(slot: number): void {
    const point = new Float64Array(this.#codec.dimensions);
    for (let attempt = 0; attempt < DUPLICATE_RETRIES; attempt++) {
      for (let k = 0; k < point.length; k++) point[k] = this.#rng.next();
      if (this.#place(slot, point)) return;
    }
    this.#offspring.place(slot, point);
  }
}

/** Whole fronts in order of rank, then what spreads best of the front that no longer fits. */
function survivors(merged: Population, size: number): Int32Array {
  const { order, starts } = sortFronts(merged);
  if (merged.count <= size) return order;
  const chosen = order.slice(0, size);
  let r = 0;
  while (starts[r + 1]! < size) r++;
  const from = starts[r]!;
  const split = order.slice(from, starts[r + 1]);
  if (split.length > size - from) chosen.set(prune(merged, split, size - from), from);
  return chosen;
}

/** An infeasible front has nothing to spread over; its earlier members stay. */
function prune(merged: Population, front: Int32Array, keep: number): Int32Array {
  const isFeasible = merged.violations[front[0]!] === 0;
  return isFeasible ? pruneFront(merged, front, keep) : front.subarray(0, keep);
}

function checkSettings(size: number, objectiveCount: number, v: VariationSettings): void {
  const isProbability = (p: number): boolean => p >= 0 && p <= 1;
  const problem =
    !Number.isInteger(size) || size < 4
      ? `a population of ${size}; it takes a whole number from 4 up`
      : !Number.isInteger(objectiveCount) || objectiveCount < 1
        ? `${objectiveCount} objectives; it takes at least one`
        : !isProbability(v.crossoverProbability) || !isProbability(v.mutationProbability)
          ? 'a probability outside 0 to 1'
          : !(v.crossoverEta >= 0) || !(v.mutationEta >= 0)
            ? 'a negative distribution index'
            : undefined;
  if (problem) throw new FrontierError('BAD_INPUT', `NSGA-II was given ${problem}.`, 'Correct the settings.');
}
