import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allocateBars, sliceBars } from '../../src-shared/market/bars.ts';
import { someBars } from '../../tests/fixtures/someBars.ts';
import { BarStore } from './bars.ts';
import { hashBars } from './barsHash.ts';

const KEY = { symbol: 'EURUSD', timeframe: 'H1', priceSide: 'bid' } as const;

let folder: string;
let store: BarStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontier-bars-'));
  store = new BarStore(folder);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

/** Path of the manifest and of the data folder it names. */
async function onDisk() {
  const dataset = join(folder, 'symbol=EURUSD', 'timeframe=H1', 'side=bid');
  const manifest = join(dataset, 'dataset.json');
  const { folder: data } = JSON.parse(await readFile(manifest, 'utf8')) as { folder: string };
  return { dataset, manifest, data: join(dataset, data) };
}

describe('bar store', () => {
  it('STORE-1: gives back the bars bit for bit, with the hash of what was saved', async () => {
    const bars = someBars(1);
    const saved = await store.save(KEY, bars);
    expect(saved).toMatchObject({ ...KEY, bars: 21_000, fromMs: bars.timeMs[0], toMs: bars.timeMs.at(-1) });
    const loaded = await store.load('EURUSD', 'H1');
    expect(loaded).toEqual(bars);
    expect(hashBars(loaded)).toBe(saved.dataHash);
    const { data } = await onDisk();
    expect((await readdir(data)).sort()).toEqual(['version.json', 'year=2020', 'year=2021', 'year=2022']);
  });

  it('loads ranges [from, to), tails and windows across years', async () => {
    const bars = someBars(2);
    await store.save(KEY, bars);
    const range = { fromMs: bars.timeMs[8000]!, toMs: bars.timeMs[9500]! };
    expect(await store.load('EURUSD', 'H1', range)).toEqual(sliceBars(bars, 8000, 9500));
    expect(await store.load('EURUSD', 'H1', { fromMs: range.fromMs + 1, toMs: range.toMs + 1 })).toEqual(
      sliceBars(bars, 8001, 9501),
    );
    expect(await store.loadTail('EURUSD', 'H1', 5000)).toEqual(sliceBars(bars, 16_000, 21_000));
    for (const end of [100, 8784, 8790, 12_345, 21_000]) {
      const endMs = (bars.timeMs[end - 1] ?? 0) + 1;
      const expected = sliceBars(bars, Math.max(0, end - 3000), end);
      expect(await store.loadWindow('EURUSD', 'H1', endMs, 3000), String(end)).toEqual(expected);
    }
    expect((await store.load('EURUSD', 'H1', { fromMs: 0, toMs: 1 })).timeMs).toHaveLength(0);
    expect((await store.loadWindow('EURUSD', 'H1', 0, 10)).timeMs).toHaveLength(0);
  });

  it('lists, finds and removes datasets', async () => {
    const bars = someBars(3, 100);
    await store.save(KEY, bars);
    await store.save({ symbol: 'aud/usd', timeframe: 'M5', priceSide: 'ask' }, bars);
    await store.save({ ...KEY, timeframe: 'M1' }, bars);
    const names = (await store.list()).map((d) => `${d.symbol} ${d.timeframe} ${d.priceSide}`);
    expect(names).toEqual(['AUDUSD M5 ask', 'EURUSD M1 bid', 'EURUSD H1 bid']);
    expect(await store.find('EURUSD', 'H4')).toBeUndefined();
    expect(await store.remove(KEY)).toBe(true);
    expect(await store.remove(KEY)).toBe(false);
    await expect(store.load('EURUSD', 'H1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await store.list()).toHaveLength(2);
  });

  it('STORE-2: a save replaces the dataset and leaves nothing in a temporary state', async () => {
    await store.save(KEY, someBars(4));
    const bars = someBars(5, 500);
    await store.save(KEY, bars);
    expect(await store.load('EURUSD', 'H1')).toEqual(bars);
    const { dataset } = await onDisk();
    // The manifest, the new version and the one before it.
    expect(await readdir(dataset)).toHaveLength(3);
  });

  it('STORE-2: a save that fails leaves the old dataset', async () => {
    const bars = someBars(6, 500);
    await store.save(KEY, bars);
    const bad = someBars(7, 500);
    bad.close[250] = Number.NaN;
    await expect(store.save(KEY, bad)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    bad.close[250] = 1;
    bad.timeMs[250] = bad.timeMs[249]!;
    await expect(store.save(KEY, bad)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(store.save(KEY, allocateBars(0))).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(await store.load('EURUSD', 'H1')).toEqual(bars);
  });

  it('STORE-3: notices files that are gone, cut off, or not the ones saved', async () => {
    await store.save(KEY, someBars(8));
    const { data, manifest } = await onDisk();
    const path = join(data, 'year=2021', 'bars.parquet');
    const whole = await readFile(path);
    const failure = () => store.load('EURUSD', 'H1').catch((e: unknown) => e);
    await writeFile(path, whole.subarray(0, whole.length / 2));
    expect(await failure()).toMatchObject({ code: 'CORRUPT' });
    await writeFile(path, await readFile(join(data, 'year=2022', 'bars.parquet')));
    expect(await failure()).toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(/year=2021.*not the file that was saved/),
    });
    await rm(path);
    expect(await failure()).toMatchObject({ code: 'CORRUPT' });
    await writeFile(path, whole);
    expect(await failure()).not.toBeInstanceOf(Error);
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, text.replace(/"dataHash": "./, '"dataHash": "z'));
    expect(await failure()).toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(/dataset.json is damaged/),
    });
    await writeFile(manifest, text.slice(0, 40));
    expect(await failure()).toMatchObject({ code: 'CORRUPT' });
    await store.save(KEY, someBars(8, 10));
    expect(await failure()).not.toBeInstanceOf(Error);
  });

  it('refuses names that would leave the folder', async () => {
    await expect(store.load('../../etc', 'H1')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(store.load('EURUSD', '../H1' as 'H1')).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('STORE-4: two savers at once leave one of the two whole', async () => {
    const other = new BarStore(folder);
    const [a, b] = [someBars(9, 3000), someBars(10, 3000)];
    await Promise.all([store.save(KEY, a), other.save(KEY, b), store.save(KEY, a), other.save(KEY, b)]);
    const hash = hashBars(await store.load('EURUSD', 'H1'));
    expect([hashBars(a), hashBars(b)]).toContain(hash);
    await other.close();
  });
});
