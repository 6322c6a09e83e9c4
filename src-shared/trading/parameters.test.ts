import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertGenes, canonicalJson, DEFAULT_GENES, GENE_BOUNDS, parameterHash } from './parameters.ts';
import { sha256Hex } from './sha256.ts';
import type { StrategyGenes } from './types.ts';

/** Of the test's host; the shared code itself may use neither. */
interface HostGlobals {
  TextEncoder: new () => { encode(text: string): Uint8Array };
  crypto: { subtle: { digest(name: string, bytes: Uint8Array): Promise<ArrayBuffer> } };
}

describe('SHA-256', () => {
  it('gives the published digests (FIPS 180-4 examples)', () => {
    expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256Hex('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
    expect(sha256Hex('a'.repeat(1_000_000))).toBe(
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    );
  });

  it('agrees with the Web Crypto digest on any text', async () => {
    const { TextEncoder, crypto } = globalThis as unknown as HostGlobals;
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (text) => {
        const bytes = new TextEncoder().encode(text);
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
        const hex = Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
        expect(sha256Hex(text)).toBe(hex);
      }),
      { numRuns: 200 },
    );
  });
});

describe('parameter hash', () => {
  it('ORD-19: does not depend on the order of keys or on extra ones', () => {
    const reversed = Object.fromEntries(Object.entries(DEFAULT_GENES).reverse()) as unknown as StrategyGenes;
    expect(parameterHash(reversed)).toBe(parameterHash(DEFAULT_GENES));
    expect(parameterHash({ ...DEFAULT_GENES, note: 'x' } as StrategyGenes)).toBe(
      parameterHash(DEFAULT_GENES),
    );
    expect(parameterHash(JSON.parse(JSON.stringify(DEFAULT_GENES)) as StrategyGenes)).toBe(
      parameterHash(DEFAULT_GENES),
    );
  });

  it('ORD-19: changes with every gene and with the context', () => {
    const hashes = new Set([
      parameterHash(DEFAULT_GENES),
      parameterHash(DEFAULT_GENES, { symbol: 'EURUSD' }),
    ]);
    for (const name of Object.keys(GENE_BOUNDS)) {
      hashes.add(parameterHash({ ...DEFAULT_GENES, [name]: 7 }));
    }
    expect(hashes.size).toBe(7);
  });

  it('ORD-19: is fixed for ever: stored deployments carry it', () => {
    const text =
      '{"genes":{"entryThreshold":0.8,"maxHoldingBars":24,"riskFraction":0.005,"stopAtr":2,"targetAtr":3}}';
    expect(parameterHash(DEFAULT_GENES)).toBe(sha256Hex(text));
  });

  it('canonical JSON sorts, drops undefined and refuses what JSON would lose', () => {
    expect(canonicalJson({ b: [1, null, 'x'], a: { d: true, c: undefined } })).toBe(
      '{"a":{"d":true},"b":[1,null,"x"]}',
    );
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, undefined, () => 1]) {
      expect(() => canonicalJson({ bad: [bad] })).toThrow(/no stable JSON form/);
    }
  });
});

describe('genes', () => {
  it('accepts the defaults and both ends of every bound', () => {
    assertGenes(DEFAULT_GENES);
    for (const [name, { min, max }] of Object.entries(GENE_BOUNDS)) {
      assertGenes({ ...DEFAULT_GENES, [name]: min });
      assertGenes({ ...DEFAULT_GENES, [name]: max });
    }
  });

  it('names the gene that is out of bounds, missing or not whole', () => {
    for (const [name, { min, max }] of Object.entries(GENE_BOUNDS)) {
      for (const bad of [min - 1e-9, max * 1.01, Number.NaN, undefined]) {
        expect(() => assertGenes({ ...DEFAULT_GENES, [name]: bad })).toThrow(name);
      }
    }
    expect(() => assertGenes({ ...DEFAULT_GENES, maxHoldingBars: 2.5 })).toThrow('maxHoldingBars');
  });
});
