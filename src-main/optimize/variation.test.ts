import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rng } from '../../src-shared/runtime.ts';
import { SeededRng } from '../../src-shared/runtime.ts';
import type { VariationSettings } from './variation.ts';
import { crossPair, Deck, mutate } from './variation.ts';

const SETTINGS: VariationSettings = {
  crossoverProbability: 1,
  crossoverEta: 15,
  mutationProbability: 1,
  mutationEta: 20,
};
const ORDERED = Uint8Array.of(0);
const CATEGORICAL = Uint8Array.of(1);

function cross(a: number, b: number, kinds: Uint8Array, rng: Rng, settings = SETTINGS): [number, number] {
  const first = new Float64Array(1);
  const second = new Float64Array(1);
  crossPair(Float64Array.of(a, b), 0, 1, first, second, kinds, settings, rng);
  return [first[0]!, second[0]!];
}

function mutated(value: number, kinds: Uint8Array, rng: Rng, settings = SETTINGS): number {
  const point = Float64Array.of(value);
  mutate(point, kinds, settings, rng);
  return point[0]!;
}

const unit = fc.double({ min: 0, max: 1, noNaN: true });
const many = Array.from({ length: 4000 }, (_, i) => i);

describe('simulated binary crossover', () => {
  it('stays in the unit interval', () => {
    fc.assert(
      fc.property(unit, unit, fc.nat(), (a, b, seed) => {
        for (const child of cross(a, b, ORDERED, new SeededRng(seed))) {
          expect(child >= 0 && child <= 1).toBe(true);
        }
      }),
    );
  });

  it('keeps the mean of parents far from the bounds, and spreads children as eta says', () => {
    const rng = new SeededRng(1);
    let isNear = 0;
    let crossed = 0;
    for (const _ of many) {
      const [c, d] = cross(0.49, 0.51, ORDERED, rng);
      // The bounds are 24 distances away: what they cut off the density is below 1e-20.
      expect(c + d).toBeCloseTo(1, 9);
      const beta = Math.abs(c - d) / 0.02;
      if (Math.abs(beta - 1) < 1e-9) continue;
      crossed++;
      if (beta < 1) isNear++;
    }
    // One gene in two is crossed, and half of the density lies on the inner side.
    expect(crossed / many.length).toBeCloseTo(0.5, 1);
    expect(isNear / crossed).toBeCloseTo(0.5, 1);
  });

  it('copies the parents where it does not cross', () => {
    const never = { ...SETTINGS, crossoverProbability: 0 };
    expect(cross(0.2, 0.7, ORDERED, new SeededRng(1), never)).toEqual([0.2, 0.7]);
    expect(cross(0.3, 0.3, ORDERED, new SeededRng(1))).toEqual([0.3, 0.3]);
  });

  it('exchanges a gene without order whole, about every other time', () => {
    const rng = new SeededRng(2);
    const children = many.map(() => cross(0.125, 0.875, CATEGORICAL, rng).join());
    const exchanged = children.filter((pair) => pair === '0.875,0.125').length;
    expect(children.filter((pair) => pair === '0.125,0.875').length).toBe(many.length - exchanged);
    expect(exchanged / many.length).toBeCloseTo(0.5, 1);
  });
});

describe('polynomial mutation', () => {
  it('stays in the unit interval, also at its ends', () => {
    fc.assert(
      fc.property(fc.oneof(unit, fc.constantFrom(0, 1)), fc.nat(), (value, seed) => {
        const child = mutated(value, ORDERED, new SeededRng(seed));
        expect(child >= 0 && child <= 1).toBe(true);
      }),
    );
  });

  it('moves an ordered gene by about 1 / (eta + 2) on average, to either side alike', () => {
    const rng = new SeededRng(3);
    const moves = many.map(() => mutated(0.5, ORDERED, rng) - 0.5);
    const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
    // |delta| = 1 - (2u)^(1/21) on one side: the mean is 1 / 22.
    expect(mean(moves.map(Math.abs))).toBeCloseTo(1 / 22, 2);
    expect(Math.abs(mean(moves))).toBeLessThan(0.004);
  });

  it('lets a gene without order jump to any of its values', () => {
    const rng = new SeededRng(4);
    const cells = many.map(() => Math.floor(mutated(0.05, CATEGORICAL, rng) * 10));
    for (let cell = 0; cell < 10; cell++) {
      expect(cells.filter((c) => c === cell).length / many.length).toBeCloseTo(0.1, 1);
    }
  });

  it('mutates each gene with its probability', () => {
    const point = new Float64Array(4000).fill(0.5);
    mutate(point, new Uint8Array(4000), { ...SETTINGS, mutationProbability: 0.25 }, new SeededRng(5));
    expect(point.filter((value) => value !== 0.5).length / 4000).toBeCloseTo(0.25, 1);
  });
});

describe('the deck of a tournament', () => {
  it('draws every solution once before it draws one again', () => {
    const deck = new Deck(7, new SeededRng(6));
    const rounds = [0, 1, 2].map(() => Array.from({ length: 7 }, () => deck.draw()));
    for (const round of rounds) expect(round.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(rounds[1]).not.toEqual(rounds[0]);
  });
});
