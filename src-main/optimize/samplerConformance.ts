/**
 * What every sampler promises, as cases that a test file turns into tests: a new sampler joins by
 * supplying its factory. A case throws where the promise is broken.
 */
import assert from 'node:assert/strict';
import { FrontierError } from '../../src-shared/errors.ts';
import { SeededRng } from '../../src-shared/runtime.ts';
import type { SamplerRequest } from './registry.ts';
import type { Candidate, Sampler, Told } from './sampler.ts';
import type { SearchSpace, SpaceCodec } from './space.ts';
import { createCodec } from './space.ts';

export type SamplerFactory = (request: SamplerRequest) => Sampler;

export interface ConformanceCase {
  readonly name: string;
  run(factory: SamplerFactory): void;
}

/** One gene of each kind. */
const MIXED: SearchSpace = {
  genes: [
    { kind: 'real', name: 'threshold', low: -1, high: 2 },
    { kind: 'log', name: 'risk', low: 0.001, high: 0.1 },
    { kind: 'integer', name: 'bars', low: 1, high: 40, step: 3 },
    { kind: 'categorical', name: 'session', choices: ['london', 'new-york', 'tokyo'] },
  ],
};
const POPULATION = 12;
const TRIALS = 5 * POPULATION + 5;

function create(factory: SamplerFactory, seed = 7, space = MIXED): { sampler: Sampler; codec: SpaceCodec } {
  const codec = createCodec(space);
  const rng = new SeededRng(seed);
  return { codec, sampler: factory({ codec, objectiveCount: 2, rng, populationSize: POPULATION }) };
}

/** Two objectives in conflict, and a constraint that cuts a corner off. */
function judge({ id, point }: Candidate): Told {
  const sum = point.reduce((total, value) => total + value, 0);
  const spread = point.reduce((total, value) => total + (1 - value) ** 2, 0);
  return { id, objectives: [sum, spread], constraintViolation: Math.max(0, 0.4 - point[0]!) };
}

interface Manner {
  /** Points asked at once. */
  readonly slice: number;
  /** Tell the last first. */
  readonly isReversed?: boolean;
  /** Results held back until the sampler waits or this many are open. */
  readonly hold?: number;
  readonly judge?: (candidate: Candidate) => Told;
}

/** Asks and tells until `trials` are done; points by id, as text, so that they compare exactly. */
function drive(sampler: Sampler, trials: number, manner: Manner): Map<number, string> {
  const seen = new Map<number, string>();
  let open: Candidate[] = [];
  let told = 0;
  while (told < trials) {
    const asked = sampler.ask(Math.min(manner.slice, trials - told - open.length));
    for (const candidate of asked) seen.set(candidate.id, candidate.point.join());
    open.push(...asked);
    const isDue = asked.length === 0 || open.length >= (manner.hold ?? 1) || told + open.length >= trials;
    if (!isDue) continue;
    assert.ok(open.length > 0, 'asks nothing and waits for nothing');
    const results = open.map(manner.judge ?? judge);
    sampler.tell(manner.isReversed ? results.reverse() : results);
    told += open.length;
    open = [];
  }
  return seen;
}

function throwsCode(run: () => void, code: string): void {
  assert.throws(run, (error) => error instanceof FrontierError && error.code === code);
}

/** The promises of the port. */
export const SAMPLER_CONFORMANCE: readonly ConformanceCase[] = [
  {
    name: 'numbers its proposals from 0 and keeps them inside the space',
    run(factory) {
      const { sampler, codec } = create(factory);
      const isValid = (candidate: Candidate): Told => {
        const encoded = codec.encode(codec.decode(candidate.point));
        for (const [k, value] of candidate.point.entries()) {
          assert.ok(value >= 0 && value <= 1, `coordinate ${value}`);
          assert.ok(Math.abs(encoded[k]! - value) < 1e-9, 'not snapped to the space');
        }
        return judge(candidate);
      };
      const ids = [...drive(sampler, TRIALS, { slice: 5, judge: isValid }).keys()];
      assert.deepEqual(
        ids,
        Array.from({ length: TRIALS }, (_, i) => i),
      );
    },
  },
  {
    name: 'proposes the same for the same seed and otherwise for another',
    run(factory) {
      const first = drive(create(factory, 3).sampler, TRIALS, { slice: 4 });
      assert.deepEqual(drive(create(factory, 3).sampler, TRIALS, { slice: 4 }), first);
      assert.notDeepEqual(drive(create(factory, 4).sampler, TRIALS, { slice: 4 }), first);
    },
  },
  {
    name: 'does not depend on how many are asked at once nor on the order of the results',
    run(factory) {
      const expected = drive(create(factory).sampler, TRIALS, { slice: POPULATION });
      for (const slice of [1, 5, 1000]) {
        assert.deepEqual(drive(create(factory).sampler, TRIALS, { slice }), expected);
        const held = { slice, hold: POPULATION, isReversed: true };
        assert.deepEqual(drive(create(factory).sampler, TRIALS, held), expected);
      }
    },
  },
  {
    name: 'goes on after a restore as if nothing had happened, and asks open points again first',
    run(factory) {
      const whole = drive(create(factory).sampler, TRIALS, { slice: 1 });
      for (let cut = 0; cut < TRIALS - 3; cut += 7) {
        const { sampler } = create(factory);
        const before = drive(sampler, cut, { slice: 1 });
        const open = sampler.ask(3).map(({ id }) => id);
        const state = JSON.parse(JSON.stringify(sampler.save())) as unknown;
        const resumed = create(factory, 999).sampler;
        resumed.restore(state);
        const after = drive(resumed, TRIALS - cut, { slice: 1 });
        assert.deepEqual([...after.keys()].slice(0, open.length), open);
        assert.deepEqual(new Map([...before, ...after]), whole);
      }
    },
  },
  {
    name: 'refuses results it cannot learn from',
    run(factory) {
      const { sampler } = create(factory);
      const [first, second] = sampler.ask(2);
      const told = { id: second!.id, objectives: [1, 2], constraintViolation: 0 };
      sampler.tell([judge(first!)]);
      throwsCode(() => sampler.tell([judge(first!)]), 'CONFLICT');
      throwsCode(() => sampler.tell([{ ...told, id: 100_000 }]), 'BAD_INPUT');
      throwsCode(() => sampler.tell([{ ...told, objectives: [1] }]), 'BAD_INPUT');
      throwsCode(() => sampler.tell([{ ...told, objectives: [1, Number.NaN] }]), 'BAD_INPUT');
      throwsCode(() => sampler.tell([{ ...told, constraintViolation: -1 }]), 'BAD_INPUT');
      throwsCode(() => sampler.tell([{ ...told, constraintViolation: Number.NaN }]), 'BAD_INPUT');
      sampler.tell([told]);
    },
  },
  {
    name: 'lives through a study in which nothing is feasible and nothing can be measured',
    run(factory) {
      const nothing = ({ id }: Candidate): Told => ({
        id,
        objectives: [Number.NaN, Number.NaN],
        constraintViolation: 1 + (id % 3),
      });
      const { sampler } = create(factory);
      assert.equal(drive(sampler, TRIALS, { slice: 6, judge: nothing }).size, TRIALS);
      const resumed = create(factory).sampler;
      resumed.restore(JSON.parse(JSON.stringify(sampler.save())));
      assert.deepEqual(
        drive(resumed, POPULATION, { slice: 6, judge: nothing }),
        drive(sampler, POPULATION, { slice: 6, judge: nothing }),
      );
    },
  },
  {
    name: 'ends its search for new points in a space that has too few',
    run(factory) {
      const tiny: SearchSpace = {
        genes: [{ kind: 'categorical', name: 'side', choices: ['long', 'short', 'both'] }],
      };
      assert.equal(drive(create(factory, 1, tiny).sampler, TRIALS, { slice: 4 }).size, TRIALS);
    },
  },
  {
    name: 'refuses a state that is none or is of another space',
    run(factory) {
      const { sampler } = create(factory);
      const other = create(factory, 1, { genes: MIXED.genes.slice(0, 2) }).sampler;
      throwsCode(() => sampler.restore({ anything: true }), 'CORRUPT');
      throwsCode(() => sampler.restore(undefined), 'CORRUPT');
      throwsCode(() => sampler.restore(JSON.parse(JSON.stringify(other.save()))), 'CONFLICT');
    },
  },
];
