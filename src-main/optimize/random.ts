/** Uniform random search: the baseline that every other sampler has to beat. */
import { z } from 'zod';
import { corruptState, otherState } from './population.ts';
import type { Candidate, ResumableRng, Sampler, Told } from './sampler.ts';
import { checkTold, toldError, toldTwice } from './sampler.ts';
import type { SpaceCodec } from './space.ts';

export interface RandomSettings {
  readonly codec: SpaceCodec;
  readonly objectiveCount: number;
  readonly rng: ResumableRng;
  /** Trials that progress counts as one generation. Default 100. */
  readonly generationSize?: number | undefined;
}

const uint32 = z.int().min(0).max(0xffffffff);
const stateSchema = z.object({
  sampler: z.literal('random'),
  version: z.literal(1),
  dimensions: z.int(),
  objectiveCount: z.int(),
  rng: z.tuple([uint32, uint32, uint32, uint32]),
  nextId: z.int().nonnegative(),
  /** Asked and not told. */
  open: z.array(z.object({ id: z.int(), point: z.array(z.number()) })),
});

/** Independent uniform points; results are checked and otherwise not used. */
export class RandomSampler implements Sampler {
  readonly name = 'random';
  readonly #settings: RandomSettings;
  readonly #generationSize: number;
  /** Points asked and not told, by id. */
  readonly #open = new Map<number, Float64Array>();
  /** Of those, the ones to ask again after a restore. */
  #again: number[] = [];
  #nextId = 0;

  constructor(settings: RandomSettings) {
    this.#settings = settings;
    this.#generationSize = settings.generationSize ?? 100;
  }

  /** A slice never spans two generations, so that progress can close one after the other. */
  ask(limit: number): Candidate[] {
    const candidates: Candidate[] = [];
    while (candidates.length < limit) {
      const next = this.#again[0] ?? this.#nextId;
      const generation = Math.floor(next / this.#generationSize);
      if (candidates.length > 0 && candidates[0]!.generation !== generation) break;
      const id = this.#again.shift() ?? this.#draw();
      candidates.push({ id, generation, point: this.#open.get(id)! });
    }
    return candidates;
  }

  #draw(): number {
    const { codec, rng } = this.#settings;
    const point = Float64Array.from({ length: codec.dimensions }, () => rng.next());
    codec.snap(point);
    this.#open.set(this.#nextId, point);
    return this.#nextId++;
  }

  tell(results: readonly Told[]): void {
    for (const told of results) {
      if (!(told.id >= 0 && told.id < this.#nextId)) {
        throw toldError(told.id, 'belongs to no point that was asked');
      }
      if (!this.#open.has(told.id)) throw toldTwice(told.id);
      checkTold(told, this.#settings.objectiveCount);
      this.#open.delete(told.id);
    }
  }

  save(): unknown {
    const { codec, rng, objectiveCount } = this.#settings;
    const state: z.infer<typeof stateSchema> = {
      sampler: 'random',
      version: 1,
      dimensions: codec.dimensions,
      objectiveCount,
      rng: rng.save(),
      nextId: this.#nextId,
      open: Array.from(this.#open, ([id, point]) => ({ id, point: Array.from(point) })),
    };
    return state;
  }

  restore(state: unknown): void {
    const parsed = stateSchema.safeParse(state);
    if (!parsed.success) throw corruptState();
    const { dimensions, objectiveCount, rng, nextId, open } = parsed.data;
    const { codec } = this.#settings;
    if (dimensions !== codec.dimensions || objectiveCount !== this.#settings.objectiveCount) {
      throw otherState(this.name);
    }
    this.#settings.rng.restore(rng);
    this.#nextId = nextId;
    this.#open.clear();
    for (const { id, point } of open) this.#open.set(id, Float64Array.from(point));
    this.#again = open.map(({ id }) => id).sort((a, b) => a - b);
  }
}
