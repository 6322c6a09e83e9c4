import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Gene, SearchSpace } from './space.ts';
import { createCodec, DEFAULT_SPACE, parseSearchSpace, toStrategyGenes } from './space.ts';

const bound = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const gene: fc.Arbitrary<Omit<Gene, 'name'>> = fc.oneof(
  fc
    .tuple(bound, fc.double({ min: 1e-3, max: 1e6, noNaN: true }))
    .map(([low, width]) => ({ kind: 'real' as const, low, high: low + width })),
  fc
    .tuple(fc.double({ min: 1e-6, max: 1e3, noNaN: true }), fc.double({ min: 1.01, max: 1e6, noNaN: true }))
    .map(([low, factor]) => ({ kind: 'log' as const, low, high: low * factor })),
  fc
    .tuple(fc.integer({ min: -1000, max: 1000 }), fc.nat(5000), fc.integer({ min: 1, max: 50 }))
    .map(([low, width, step]) => ({ kind: 'integer' as const, low, high: low + width, step })),
  fc
    .uniqueArray(fc.oneof(fc.string(), fc.integer(), fc.boolean()), { minLength: 1, maxLength: 9 })
    .map((choices) => ({ kind: 'categorical' as const, choices })),
);
const space: fc.Arbitrary<SearchSpace> = fc
  .array(gene, { minLength: 1, maxLength: 6 })
  .map((genes) => ({ genes: genes.map((one, k) => ({ ...one, name: `g${k}` }) as Gene) }));
const point = (dimensions: number): fc.Arbitrary<number[]> =>
  fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: dimensions, maxLength: dimensions });
const spaceAndPoint = space.chain((one) => fc.tuple(fc.constant(one), point(one.genes.length)));

describe('search space', () => {
  it('decodes every point to genes that encode to its snapped self', () => {
    fc.assert(
      fc.property(spaceAndPoint, ([one, u]) => {
        const codec = createCodec(one);
        const snapped = Float64Array.from(u);
        codec.snap(snapped);
        const genes = codec.decode(u);
        expect(codec.decode(snapped)).toEqual(genes);
        const encoded = codec.encode(genes);
        for (const [k, value] of encoded.entries()) {
          // Real genes lose digits where the range is small against its offset: 1e6 of 1e-3.
          const tolerance = one.genes[k]!.kind === 'real' ? 1e-6 : 1e-9;
          expect(Math.abs(value - snapped[k]!)).toBeLessThan(tolerance);
        }
      }),
    );
  });

  it('reaches both ends of an integer range with equal cells', () => {
    const codec = createCodec({ genes: [{ kind: 'integer', name: 'n', low: 1, high: 4, step: 1 }] });
    const values = [0, 0.2499, 0.25, 0.5, 0.75, 1].map((u) => codec.decode([u]).n);
    expect(values).toEqual([1, 1, 2, 3, 4, 4]);
  });

  it('spaces a log gene by ratio', () => {
    const codec = createCodec({ genes: [{ kind: 'log', name: 'risk', low: 0.01, high: 1 }] });
    expect(codec.decode([0.5]).risk).toBeCloseTo(0.1, 12);
    expect(codec.decode([0]).risk).toBeCloseTo(0.01, 12);
    expect(codec.decode([1]).risk).toBe(1);
  });

  it.each([
    [{ genes: [] }, 'at least one gene'],
    [{ genes: [{ kind: 'real', name: 'stop', low: 5, high: 3 }] }, "'stop': low 5 is not below high 3"],
    [{ genes: [{ kind: 'real', name: 'stop', low: 3, high: 3 }] }, "'stop': low 3 is not below"],
    [{ genes: [{ kind: 'log', name: 'risk', low: 0, high: 1 }] }, 'genes.0.low'],
    [{ genes: [{ kind: 'real', name: 'x', low: Number.NaN, high: 1 }] }, 'genes.0.low'],
    [
      {
        genes: [
          { kind: 'real', name: 'x', low: 0, high: 1 },
          { kind: 'real', name: 'x', low: 0, high: 1 },
        ],
      },
      "'x' is named twice",
    ],
    [{ genes: [{ kind: 'categorical', name: 'c', choices: ['a', 'a'] }] }, 'lists a choice twice'],
    [null, 'not valid'],
  ])('refuses %j', (input, message) => {
    expect(() => parseSearchSpace(input)).toThrow(message);
  });

  it('names the gene that does not fit', () => {
    const codec = createCodec({
      genes: [
        { kind: 'integer', name: 'bars', low: 2, high: 8, step: 2 },
        { kind: 'real', name: 'x', low: 0, high: 1 },
      ],
    });
    expect(() => codec.encode({ bars: 3, x: 0 })).toThrow("'bars' has the value 3");
    expect(() => codec.encode({ bars: 4 })).toThrow("'x' is missing");
    expect(() => codec.encode({ bars: 4, x: 2 })).toThrow("'x' has the value 2");
    expect(() => codec.encode({ bars: 4, x: 1, y: 1 })).toThrow("'y' is not in the space");
    expect([...codec.encode({ bars: 8, x: 1 })]).toEqual([0.875, 1]);
  });

  it('offers the genes of the thresholded strategy by default', () => {
    const codec = createCodec(DEFAULT_SPACE);
    const genes = toStrategyGenes(codec.decode([0, 0, 0, 0, 0]));
    expect(genes).toEqual({
      entryThreshold: 0.2,
      stopAtr: 0.5,
      targetAtr: 0.5,
      riskFraction: expect.closeTo(0.0025, 12),
      maxHoldingBars: 1,
    });
    expect(toStrategyGenes(codec.decode([1, 1, 1, 1, 1])).maxHoldingBars).toBe(96);
    expect(() => toStrategyGenes({ ...genes, stopAtr: 'wide' })).toThrow("'stopAtr'");
  });
});
