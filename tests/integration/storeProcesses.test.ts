import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateDemoMarket } from '../../src-main/data/demoMarket.ts';
import { BarStore } from '../../src-main/store/bars.ts';
import { hashBars } from '../../src-main/store/barsHash.ts';
import { barsFrom } from '../fixtures/numberedBars.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontier-processes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const child = (script: string, ...args: string[]) =>
  spawn(process.execPath, [fileURLToPath(new URL(script, import.meta.url)), folder, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });

describe('several processes on one history', () => {
  it('STORE-4: merges of two processes at once lose nothing', async () => {
    const writers = [child('dataMerger.ts', '0', '900', '60'), child('dataMerger.ts', '900', '900', '45')];
    const ends = await Promise.all(writers.map((writer) => once(writer, 'exit')));
    expect(ends.map(([status]) => status)).toEqual([0, 0]);
    const store = new BarStore(folder);
    expect(await store.load('EURUSD', 'H1')).toEqual(barsFrom(0, 1800));
    const hour = (i: number) => Date.UTC(2020, 11, 1) + i * 3_600_000;
    expect((await store.find('EURUSD', 'H1'))?.spans).toEqual([
      { providerId: 'p0', fromMs: hour(0), toMs: hour(900) },
      { providerId: 'p900', fromMs: hour(900), toMs: hour(1800) },
    ]);
    await store.close();
  }, 60_000);

  it('STORE-2: a change killed at any moment leaves a whole version, and the next change cleans up', async () => {
    const hashes = [0, 1].map((seed) => hashBars(generateDemoMarket(seed, { bars: 9000 }).bars));
    for (const waitMs of [0, 17, 41, 73, 110, 160, 230, 310]) {
      const writer = child('dataSaver.ts');
      await once(writer.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      writer.kill('SIGKILL');
      await once(writer, 'exit');
      const store = new BarStore(folder);
      const stored = await store.find('SYNFX', 'H1');
      const bars = await store.load('SYNFX', 'H1');
      expect(hashBars(bars)).toBe(stored?.dataHash);
      // Between the two steps of a merge the first half is whole as well.
      if (bars.timeMs.length === 9000) expect(hashes).toContain(stored?.dataHash);
      else expect(bars.timeMs.length).toBe(4500);
      for (const { version, dataHash } of await store.versions(stored!)) {
        await store.restore(stored!, version);
        expect(hashBars(await store.load('SYNFX', 'H1'))).toBe(dataHash);
      }
      await store.save(stored!, generateDemoMarket(0, { bars: 9000 }).bars);
      const left = await readdir(join(folder, 'symbol=SYNFX', 'timeframe=H1', 'side=bid'));
      expect(left.filter((name) => name.startsWith('.tmp-'))).toEqual([]);
      expect(left.filter((name) => name.startsWith('data-')).length).toBeLessThanOrEqual(6);
      await store.close();
    }
  }, 120_000);
});
