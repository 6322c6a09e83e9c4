import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateBars, type BarColumns } from '../../src-shared/market/bars.ts';
import { BarStore } from './bars.ts';

const KEY = { symbol: 'EURUSD', timeframe: 'H1', priceSide: 'bid' } as const;
const START_MS = Date.UTC(2020, 11, 31);

/** What the store must hold: the value and the mark of each hour. */
type Model = ReadonlyMap<number, { readonly value: number; readonly mark: number }>;

const hours = fc.uniqueArray(fc.integer({ min: 0, max: 72 }), { minLength: 1, maxLength: 12 });
const step = fc.oneof(
  fc.record({
    kind: fc.constant('save'),
    hours,
    value: fc.integer({ min: 1, max: 3 }),
    mark: fc.integer({ min: 0, max: 2 }),
  }),
  fc.record({
    kind: fc.constantFrom('keep', 'replace', 'refuse'),
    hours,
    value: fc.integer({ min: 1, max: 3 }),
    mark: fc.integer({ min: 0, max: 2 }),
  }),
  fc.record({ kind: fc.constant('remove') }),
  fc.record({ kind: fc.constant('restore'), back: fc.integer({ min: 0, max: 5 }) }),
);

function modelOf(list: readonly number[], value: number, mark: number): Model {
  return new Map([...list].sort((a, b) => a - b).map((hour) => [hour, { value, mark }]));
}

function columnsOf(model: Model): { bars: BarColumns; marks: Uint8Array } {
  const entries = [...model].sort(([a], [b]) => a - b);
  const bars = allocateBars(entries.length);
  entries.forEach(([hour, { value }], i) => {
    bars.timeMs[i] = START_MS + hour * 3_600_000;
    for (const name of ['open', 'high', 'low', 'close', 'volume'] as const) bars[name][i] = value / 7;
  });
  return { bars, marks: Uint8Array.from(entries, ([, { mark }]) => mark) };
}

/** A merge as the rules say, hour by hour; undefined where it is refused. */
function merged(stored: Model, added: Model, policy: string): Model | undefined {
  const result = new Map(stored);
  for (const [hour, bar] of added) {
    const there = stored.get(hour);
    if (policy === 'refuse' && there && there.value !== bar.value) return undefined;
    if (!there || policy === 'replace') result.set(hour, bar);
  }
  return result;
}

describe('the bar store against a model', () => {
  it('STORE-6, STORE-7, STORE-9: any sequence of changes leaves what the rules say', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
        const folder = await mkdtemp(join(tmpdir(), 'frontier-model-'));
        const store = new BarStore(folder);
        let current: Model | undefined;
        const versions = new Map<string, Model>();
        try {
          for (const next of steps) {
            if ('hours' in next) {
              const added = modelOf(next.hours, next.value, next.mark);
              const { bars, marks } = columnsOf(added);
              const isMerge = next.kind !== 'save' && current !== undefined;
              const expected = isMerge ? merged(current!, added, next.kind) : added;
              const change =
                next.kind === 'save'
                  ? store.save(KEY, bars, { marks })
                  : store.merge(KEY, bars, { marks, onConflict: next.kind as 'keep' });
              if (expected === undefined) {
                await expect(change).rejects.toMatchObject({ code: 'CONFLICT' });
              } else {
                versions.set((await change).version, expected);
                current = expected;
              }
            } else if ('back' in next) {
              const kept = await store.versions(KEY);
              const version = kept[next.back]?.version;
              if (version === undefined) continue;
              await store.restore(KEY, version);
              current = versions.get(version);
            } else {
              expect(await store.remove(KEY)).toBe(current !== undefined);
              current = undefined;
            }
            expect((await store.find('EURUSD', 'H1')) !== undefined).toBe(current !== undefined);
            if (current) expect(await store.loadMarked('EURUSD', 'H1')).toEqual(columnsOf(current));
          }
        } finally {
          await store.close();
          await rm(folder, { recursive: true });
        }
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});
