/** Samplers by name: a new one is its file and a line here. */
import { FrontierError } from '../../src-shared/errors.ts';
import { Nsga2Sampler } from './nsga2.ts';
import { RandomSampler } from './random.ts';
import type { ResumableRng, Sampler } from './sampler.ts';
import type { Genes, SpaceCodec } from './space.ts';

/** What every sampler can be set up from. */
export interface SamplerRequest {
  readonly codec: SpaceCodec;
  readonly objectiveCount: number;
  readonly rng: ResumableRng;
  /** Trials per generation. */
  readonly populationSize?: number | undefined;
  /** Genes to try first, where the sampler can use them. */
  readonly initialGenes?: readonly Genes[] | undefined;
}

const FACTORIES = {
  nsga2: ({ codec, objectiveCount, rng, populationSize, initialGenes }: SamplerRequest): Sampler =>
    new Nsga2Sampler({
      codec,
      objectiveCount,
      rng,
      populationSize,
      initialPoints: initialGenes?.map((genes) => codec.encode(genes)),
    }),
  random: ({ codec, objectiveCount, rng, populationSize }: SamplerRequest): Sampler =>
    new RandomSampler({ codec, objectiveCount, rng, generationSize: populationSize }),
};

export type SamplerName = keyof typeof FACTORIES;

/** Every sampler there is. */
export const SAMPLER_NAMES: readonly SamplerName[] = Object.keys(FACTORIES) as SamplerName[];

/** @throws FrontierError NOT_FOUND for a name that is no sampler's */
export function createSampler(name: string, request: SamplerRequest): Sampler {
  if (Object.hasOwn(FACTORIES, name)) return FACTORIES[name as SamplerName](request);
  throw new FrontierError(
    'NOT_FOUND',
    `There is no sampler '${name}'.`,
    `Use one of ${SAMPLER_NAMES.join(', ')}.`,
  );
}
