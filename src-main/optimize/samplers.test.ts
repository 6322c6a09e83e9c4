import { describe, expect, it } from 'vitest';
import { SeededRng } from '../../src-shared/runtime.ts';
import { createSampler, SAMPLER_NAMES } from './registry.ts';
import { SAMPLER_CONFORMANCE } from './samplerConformance.ts';
import { createCodec, DEFAULT_SPACE } from './space.ts';

describe.each(SAMPLER_NAMES)('sampler %s', (name) => {
  for (const { name: promise, run } of SAMPLER_CONFORMANCE) {
    it(promise, () => run((request) => createSampler(name, request)));
  }
});

describe('the registry', () => {
  it('names the samplers there are when asked for one there is not', () => {
    const codec = createCodec(DEFAULT_SPACE);
    const request = { codec, objectiveCount: 1, rng: new SeededRng(1) };
    expect(() => createSampler('nsga3', request)).toThrow("There is no sampler 'nsga3'");
    expect(() => createSampler('toString', request)).toThrow('no sampler');
  });
});
