/** The points and results of one generation in flat typed arrays, and their form in a saved state. */
import { z } from 'zod';
import { FrontierError } from '../../src-shared/errors.ts';
import type { ResumableRng, Told } from './sampler.ts';
import { checkTold, toldError, toldTwice } from './sampler.ts';
import type { ObjectiveTable } from './sorting.ts';

/** `count` slots that are placed, issued and told one by one. */
export class Population implements ObjectiveTable {
  readonly count: number;
  readonly dimensions: number;
  readonly m: number;
  /** Row-major, `count` x `dimensions`. */
  readonly points: Float64Array;
  readonly values: Float64Array;
  readonly violations: Float64Array;
  readonly #told: Uint8Array;
  readonly #slotsByHash = new Map<number, number[]>();
  #toldCount = 0;
  /** Slots not yet issued, in order. */
  #queue: number[];
  #issued = 0;

  constructor(count: number, dimensions: number, m: number) {
    this.count = count;
    this.dimensions = dimensions;
    this.m = m;
    this.points = new Float64Array(count * dimensions);
    this.values = new Float64Array(count * m);
    this.violations = new Float64Array(count);
    this.#told = new Uint8Array(count);
    this.#queue = Array.from({ length: count }, (_, slot) => slot);
  }

  /** True when every slot has its result. */
  get isComplete(): boolean {
    return this.#toldCount === this.count;
  }

  place(slot: number, point: Float64Array): void {
    this.points.set(point, slot * this.dimensions);
    const hash = hashPoint(point);
    const slots = this.#slotsByHash.get(hash);
    if (slots) slots.push(slot);
    else this.#slotsByHash.set(hash, [slot]);
  }

  /** Whether a placed slot holds exactly this point. */
  has(point: Float64Array): boolean {
    return this.#slotsByHash.get(hashPoint(point))?.some((slot) => this.#isAt(slot, point)) ?? false;
  }

  #isAt(slot: number, point: Float64Array): boolean {
    const from = slot * this.dimensions;
    for (let k = 0; k < point.length; k++) if (this.points[from + k] !== point[k]) return false;
    return true;
  }

  point(slot: number): Float64Array {
    return this.points.subarray(slot * this.dimensions, (slot + 1) * this.dimensions);
  }

  /** The next slots to evaluate, at most `limit`. */
  issue(limit: number): number[] {
    const slots = this.#queue.slice(this.#issued, this.#issued + Math.max(0, limit));
    this.#issued += slots.length;
    return slots;
  }

  /** Checks before it writes, so that a refused result leaves no trace. */
  tell(slot: number, told: Told): void {
    if (!(slot >= 0 && slot < this.count)) throw toldError(told.id, 'belongs to no point that was asked');
    if (this.#told[slot]) throw toldTwice(told.id);
    checkTold(told, this.m);
    this.values.set(told.objectives, slot * this.m);
    this.violations[slot] = told.constraintViolation;
    this.#told[slot] = 1;
    this.#toldCount++;
  }

  /** All of `a`, then all of `b`; both complete. */
  static concatenate(a: Population, b: Population): Population {
    const all = new Population(a.count + b.count, b.dimensions, b.m);
    all.points.set(a.points);
    all.points.set(b.points, a.points.length);
    all.values.set(a.values);
    all.values.set(b.values, a.values.length);
    all.violations.set(a.violations);
    all.violations.set(b.violations, a.count);
    return all;
  }

  /** A complete population of the given slots. */
  select(slots: Int32Array): Population {
    const chosen = new Population(slots.length, this.dimensions, this.m);
    for (let i = 0; i < slots.length; i++) {
      const from = slots[i]!;
      chosen.place(i, this.point(from));
      chosen.values.set(this.values.subarray(from * this.m, (from + 1) * this.m), i * this.m);
      chosen.violations[i] = this.violations[from]!;
    }
    chosen.#told.fill(1);
    chosen.#toldCount = chosen.count;
    return chosen;
  }

  /** NaN becomes null, which JSON would do anyway and without being asked. */
  toJson(): PopulationState {
    return {
      points: Array.from(this.points),
      values: Array.from(this.values, (value) => (Number.isFinite(value) ? value : null)),
      violations: Array.from(this.violations),
      told: Array.from(this.#told, (told) => (told === 1 ? 1 : 0)),
    };
  }

  static fromJson(state: PopulationState, dimensions: number, m: number): Population {
    const population = new Population(state.told.length, dimensions, m);
    const { points, values, violations } = population;
    if (points.length !== state.points.length || values.length !== state.values.length) throw corruptState();
    if (violations.length !== state.violations.length) throw corruptState();
    for (let slot = 0; slot < population.count; slot++) {
      population.place(
        slot,
        Float64Array.from(state.points.slice(slot * dimensions, (slot + 1) * dimensions)),
      );
    }
    values.set(state.values.map((value) => value ?? Number.NaN));
    violations.set(state.violations);
    population.#told.set(state.told);
    population.#toldCount = state.told.reduce<number>((sum, told) => sum + told, 0);
    population.#queue = population.#queue.filter((slot) => !population.#told[slot]);
    return population;
  }
}

const scratch = new Float64Array(1);
const words = new Int32Array(scratch.buffer);

/** FNV-1a over the bits of the coordinates, 32 at a time. */
function hashPoint(point: Float64Array): number {
  let hash = 0x811c9dc5;
  for (let k = 0; k < point.length; k++) {
    scratch[0] = point[k]!;
    hash = Math.imul(hash ^ words[0]!, 0x01000193);
    hash = Math.imul(hash ^ words[1]! ^ (hash >>> 15), 0x01000193);
  }
  return hash | 0;
}

const populationSchema = z.object({
  points: z.array(z.number()),
  values: z.array(z.number().nullable()),
  violations: z.array(z.number().nonnegative()),
  told: z.array(z.union([z.literal(0), z.literal(1)])),
});
type PopulationState = z.infer<typeof populationSchema>;

const uint32 = z.int().min(0).max(0xffffffff);
const stateSchema = z.object({
  sampler: z.string(),
  version: z.literal(1),
  settings: z.string(),
  dimensions: z.int(),
  m: z.int(),
  rng: z.tuple([uint32, uint32, uint32, uint32]),
  generation: z.int().nonnegative(),
  parents: populationSchema,
  offspring: populationSchema,
});

/** The state of a generational sampler as plain data. */
export function saveState(
  sampler: string,
  settings: string,
  rng: ResumableRng,
  generation: number,
  parents: Population,
  offspring: Population,
): unknown {
  const state: z.infer<typeof stateSchema> = {
    sampler,
    version: 1,
    settings,
    dimensions: offspring.dimensions,
    m: offspring.m,
    rng: rng.save(),
    generation,
    parents: parents.toJson(),
    offspring: offspring.toJson(),
  };
  return state;
}

export interface ReadState {
  readonly rng: [number, number, number, number];
  readonly generation: number;
  readonly parents: Population;
  readonly offspring: Population;
}

/** @param like a population of the shape that the sampler was set up for */
export function readState(input: unknown, sampler: string, settings: string, like: Population): ReadState {
  const parsed = stateSchema.safeParse(input);
  if (!parsed.success) throw corruptState();
  const state = parsed.data;
  const { dimensions, m, count } = like;
  const isSame =
    state.sampler === sampler &&
    state.settings === settings &&
    state.dimensions === dimensions &&
    state.m === m;
  if (!isSame) throw otherState(sampler);
  if (state.offspring.told.length !== count) throw corruptState();
  return {
    rng: state.rng,
    generation: state.generation,
    parents: Population.fromJson(state.parents, dimensions, m),
    offspring: Population.fromJson(state.offspring, dimensions, m),
  };
}

/** The error for something that is no sampler state. */
export function corruptState(): FrontierError {
  return new FrontierError(
    'CORRUPT',
    'The saved state of the sampler cannot be read.',
    'Resume from the stored trials, which rebuild the state.',
  );
}

/** The error for the state of another sampler or of other settings. */
export function otherState(sampler: string): FrontierError {
  return new FrontierError(
    'CONFLICT',
    `The saved state was written by another sampler or other settings than this ${sampler}.`,
    'Resume with the settings the study began with, or begin a new study.',
  );
}
