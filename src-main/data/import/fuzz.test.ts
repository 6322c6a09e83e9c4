import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FrontierError } from '../../../src-shared/errors.ts';
import { fuzzedFile, readSimply } from '../../../tests/support/importFuzz.ts';
import { importFile } from '../importer.ts';

let folder: string;
let work: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontier-fuzz-'));
  work = await mkdtemp(join(tmpdir(), 'frontier-fuzz-work-'));
});
afterAll(() => Promise.all([folder, work].map((f) => rm(f, { recursive: true }))));

describe('DATA-18: a mutated file', () => {
  it('is refused in words, or gives what a simple reader of its own reads; nothing is left behind', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(fuzzedFile, async ({ bytes, text }) => {
        const path = join(folder, 'fuzzed.csv');
        await writeFile(path, bytes);
        const result = await importFile(path, { symbol: 'EURUSD', workFolder: work }).catch(
          (e: unknown) => e,
        );
        expect(await readdir(work)).toEqual([]);
        if (result instanceof FrontierError) return;
        if (result instanceof Error) throw result;
        if (!text) return;
        accepted++;
        const { bars } = result as Awaited<ReturnType<typeof importFile>>;
        const simple = readSimply(text);
        expect([...bars.timeMs]).toEqual(simple.map((b) => b.timeMs));
        for (const [k, name] of (['open', 'high', 'low', 'close', 'volume'] as const).entries()) {
          expect([...bars[name]], name).toEqual(simple.map((b) => b.values[k]));
        }
      }),
      { numRuns: 200 },
    );
    // A property that refuses everything would hold too.
    expect(accepted).toBeGreaterThan(10);
  }, 120_000);
});
