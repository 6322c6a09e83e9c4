import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sliceBars } from '../../src-shared/market/bars.ts';
import { MARK } from '../../src-shared/market/marks.ts';
import { ManualClock } from '../../src-shared/runtime.ts';
import { someBars } from '../../tests/fixtures/someBars.ts';
import { BarStore } from './bars.ts';
import { hashBars } from './barsHash.ts';

const KEY = { symbol: 'EURUSD', timeframe: 'H1', priceSide: 'bid' } as const;
const DAY_MS = 86_400_000;

let folder: string;
let store: BarStore;
const clock = new ManualClock(Date.UTC(2026, 0, 1));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontier-versions-'));
  store = new BarStore(folder, () => clock.nowMs());
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const dataset = (side = 'bid') => join(folder, 'symbol=EURUSD', 'timeframe=H1', `side=${side}`);
const dataFolders = async () => (await readdir(dataset())).filter((name) => name.startsWith('data-'));

describe('sides', () => {
  it('STORE-5: a side is a history of its own; without one bid comes before mid and ask', async () => {
    const [bid, ask, mid] = [someBars(1, 50), someBars(2, 60), someBars(3, 70)];
    await store.save({ ...KEY, priceSide: 'ask' }, ask);
    expect(await store.load('EURUSD', 'H1')).toEqual(ask);
    await store.save({ ...KEY, priceSide: 'mid' }, mid);
    expect(await store.load('EURUSD', 'H1')).toEqual(mid);
    await store.save(KEY, bid);
    expect(await store.load('EURUSD', 'H1')).toEqual(bid);
    expect(await store.load('EURUSD', 'H1', {}, 'ask')).toEqual(ask);
    expect((await store.loadTail('EURUSD', 'H1', 5, 'mid')).timeMs).toEqual(mid.timeMs.slice(-5));
    expect((await store.list()).map((d) => d.priceSide)).toEqual(['bid', 'mid', 'ask']);
    await store.remove(KEY);
    expect((await store.find('EURUSD', 'H1'))?.priceSide).toBe('mid');
    await expect(store.load('EURUSD', 'H1', {}, 'bid')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'There is no EURUSD H1 bid history.',
    });
  });

  it('STORE-5: a history of the first release opens, and moves under the side it was saved with', async () => {
    const fixture = join(import.meta.dirname, '../../tests/fixtures/bars-1');
    await cp(fixture, folder, { recursive: true });
    const released = await store.find('EURUSD', 'H1');
    expect(released).toMatchObject({ priceSide: 'ask', bars: 60, markedBars: 0, spans: [] });
    const bars = await store.load('EURUSD', 'H1');
    expect(hashBars(bars)).toBe('1e04a2d7e8554d16c20843d2dac5facc9fb280ce4b17f8d33e9dc7148a4762f9');
    expect(bars.high[59]).toBe(2 + 59 / 3);
    expect((await store.loadMarked('EURUSD', 'H1')).marks).toEqual(new Uint8Array(60));
    expect((await readdir(join(dataset('ask'), '..'))).sort()).toEqual(['.lock', 'side=ask']);
    // It takes part in merges and versions like any other.
    const merged = await store.merge({ ...KEY, priceSide: 'ask' }, someBars(1, 3), { onConflict: 'refuse' });
    expect(merged).toMatchObject({ bars: 63, replaced: released!.version });
    await store.restore({ ...KEY, priceSide: 'ask' }, released!.version);
    expect(await store.load('EURUSD', 'H1')).toEqual(bars);
  });

  it('STORE-5: a move of a released history that was killed half way is ended', async () => {
    const fixture = join(import.meta.dirname, '../../tests/fixtures/bars-1');
    const steps = join(folder, 'other');
    await cp(fixture, folder, { recursive: true });
    await cp(fixture, steps, { recursive: true });
    await store.find('EURUSD', 'H1');
    // The files are there already and so is the new manifest, but the old one was not removed yet.
    const released = 'symbol=EURUSD/timeframe=H1/dataset.json';
    await cp(join(steps, released), join(folder, released));
    expect((await store.load('EURUSD', 'H1')).timeMs).toHaveLength(60);
    expect(existsSync(join(folder, released))).toBe(false);
    // The files were moved, and nothing says so yet.
    await cp(join(steps, released), join(folder, released));
    await rm(join(dataset('ask'), 'dataset.json'));
    expect((await store.load('EURUSD', 'H1')).timeMs).toHaveLength(60);
  });
});

describe('marks', () => {
  it('STORE-7: come back with their bars, in whole and in part, and do not enter the hash', async () => {
    const bars = someBars(4);
    const marks = new Uint8Array(21_000);
    marks[8783] = MARK.filled;
    marks[8784] = MARK.clipped;
    marks[20_999] = MARK.refetched;
    const plain = await store.save(KEY, bars);
    const marked = await store.save(KEY, bars, { marks });
    expect(marked).toMatchObject({ markedBars: 3, dataHash: plain.dataHash, replaced: plain.version });
    expect(await store.loadMarked('EURUSD', 'H1')).toEqual({ bars, marks });
    const range = { fromMs: bars.timeMs[8700]!, toMs: bars.timeMs[8800]! };
    const part = await store.loadMarked('EURUSD', 'H1', range);
    expect(part).toEqual({ bars: sliceBars(bars, 8700, 8800), marks: marks.subarray(8700, 8800) });
    expect(await store.load('EURUSD', 'H1')).toEqual(bars);
  });

  it('STORE-7: marks that do not fit are refused', async () => {
    const bars = someBars(4, 10);
    for (const marks of [new Uint8Array(9), Uint8Array.from({ length: 10 }, () => 99)]) {
      await expect(store.save(KEY, bars, { marks })).rejects.toMatchObject({ code: 'BAD_INPUT' });
      await expect(store.merge(KEY, bars, { marks, onConflict: 'keep' })).rejects.toMatchObject({
        code: 'BAD_INPUT',
      });
    }
    expect(await store.list()).toEqual([]);
  });
});

describe('merge', () => {
  it('STORE-6: writes the years that change and takes over the others', async () => {
    const bars = someBars(5);
    const first = await store.save(KEY, sliceBars(bars, 0, 20_000));
    const merged = await store.merge(KEY, sliceBars(bars, 19_000, 21_000), { onConflict: 'refuse' });
    expect(merged).toMatchObject({ addedBars: 1000, replacedBars: 0, bars: 21_000, replaced: first.version });
    expect(merged.dataHash).toBe(hashBars(bars));
    const inode = async (version: string, year: number) =>
      (await stat(join(dataset(), `data-${version}`, `year=${year}`, 'bars.parquet'))).ino;
    expect(await inode(merged.version, 2020)).toBe(await inode(first.version, 2020));
    expect(await inode(merged.version, 2022)).not.toBe(await inode(first.version, 2022));
    expect(await store.load('EURUSD', 'H1')).toEqual(bars);
  });

  it('STORE-6: what is refused leaves the history as it was', async () => {
    const bars = someBars(6, 500);
    const saved = await store.save(KEY, bars);
    const other = someBars(7, 500);
    await expect(store.merge(KEY, other, { onConflict: 'refuse' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect((await store.find('EURUSD', 'H1'))?.version).toBe(saved.version);
    await store.merge(KEY, other, { onConflict: 'replace' });
    expect(await store.load('EURUSD', 'H1')).toEqual(other);
    await store.merge(KEY, bars, { onConflict: 'keep' });
    expect(await store.load('EURUSD', 'H1')).toEqual(other);
  });

  it('STORE-8: notes the stretches that providers answered for, also those without a bar', async () => {
    const bars = someBars(8, 100);
    const span = (providerId: string, from: number, to: number) => ({ providerId, fromMs: from, toMs: to });
    await expect(
      store.merge(KEY, sliceBars(bars, 0, 0), { onConflict: 'refuse', span: span('p', 0, 1) }),
    ).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await store.merge(KEY, bars, { onConflict: 'refuse', span: span('oanda', 0, 50) });
    const before = await store.find('EURUSD', 'H1');
    const none = sliceBars(bars, 0, 0);
    await store.merge(KEY, none, { onConflict: 'refuse', span: span('oanda', 50, 80) });
    await store.merge(KEY, none, { onConflict: 'refuse', span: span('oanda', 90, 95) });
    const after = await store.merge(KEY, none, { onConflict: 'refuse', span: span('alpaca', 10, 20) });
    expect(after.spans).toEqual([span('alpaca', 10, 20), span('oanda', 0, 80), span('oanda', 90, 95)]);
    expect(after.version).toBe(before?.version);
    const { spans: _, ...same } = before!;
    expect(await store.find('EURUSD', 'H1')).toMatchObject(same);
    // A file that replaces the history has been answered for by nobody.
    expect((await store.save(KEY, bars)).spans).toEqual([]);
    expect((await store.restore(KEY, after.version)).spans).toEqual(after.spans);
  });

  it('STORE-9: steps of one change are one version', async () => {
    const bars = someBars(9, 400);
    const first = await store.save(KEY, sliceBars(bars, 0, 100));
    let supersede: string | undefined;
    for (let from = 100; from < 400; from += 20) {
      const page = sliceBars(bars, from, from + 20);
      supersede = (await store.merge(KEY, page, { onConflict: 'refuse', supersede })).version;
    }
    expect(await store.load('EURUSD', 'H1')).toEqual(bars);
    expect((await store.versions(KEY)).map((v) => v.version)).toEqual([supersede, first.version]);
    expect(await dataFolders()).toHaveLength(2);
  });
});

describe('versions', () => {
  it('STORE-9: five are kept beside the one in use, and any of them can be put in use again', async () => {
    const histories = Array.from({ length: 8 }, (_, i) => someBars(i, 20 + i));
    const saved = [];
    for (const bars of histories) saved.push(await store.save(KEY, bars));
    expect(saved.map((s) => s.replaced)).toEqual([null, ...saved.slice(0, -1).map((s) => s.version)]);
    expect(await dataFolders()).toHaveLength(6);
    const newestFirst = saved.map((s) => s.version).toReversed();
    expect((await store.versions(KEY)).map((v) => v.version)).toEqual(newestFirst.slice(0, 6));
    await expect(store.restore(KEY, saved[1]!.version)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await store.restore(KEY, saved[6]!.version)).toMatchObject({ bars: 26 });
    expect(await store.load('EURUSD', 'H1')).toEqual(histories[6]);
    expect(await store.restore(KEY, saved[2]!.version)).toMatchObject({ bars: 22 });
    expect(await store.load('EURUSD', 'H1')).toEqual(histories[2]);
    // What was taken back makes room first.
    const next = await store.save(KEY, histories[0]!);
    expect((await store.versions(KEY)).map((v) => v.version)).toEqual(
      [next, saved[2]!, saved[5]!, saved[4]!, saved[3]!, saved[7]!].map((s) => s.version),
    );
    await expect(store.restore(KEY, '../../etc')).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('STORE-9: a removed history comes back, until 30 days have passed or 20 others were removed', async () => {
    const bars = someBars(1, 30);
    const earlier = await store.save(KEY, someBars(2, 10));
    const saved = await store.save(KEY, bars);
    expect(await store.remove(KEY)).toBe(true);
    expect(await store.remove(KEY)).toBe(false);
    expect(await store.find('EURUSD', 'H1')).toBeUndefined();
    expect(await store.restore(KEY, saved.version)).toMatchObject({ bars: 30 });
    expect(await store.load('EURUSD', 'H1')).toEqual(bars);
    expect((await store.restore(KEY, earlier.version)).bars).toBe(10);

    await store.remove(KEY);
    clock.advanceTo(clock.nowMs() + 29 * DAY_MS);
    for (let i = 0; i < 19; i++) {
      const key = { ...KEY, symbol: `SYM${i}` } as const;
      await store.save(key, someBars(i, 2));
      await store.remove(key);
    }
    expect(await store.restore(KEY, earlier.version)).toMatchObject({ bars: 10 });
    await store.remove(KEY);
    clock.advanceTo(clock.nowMs() + 31 * DAY_MS);
    await store.save({ ...KEY, symbol: 'LAST' }, bars);
    await store.remove({ ...KEY, symbol: 'LAST' });
    await expect(store.restore(KEY, earlier.version)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(existsSync(dataset())).toBe(false);
  });

  it('STORE-9: of removed histories the newest twenty are kept', async () => {
    const saved = [];
    for (let i = 0; i < 21; i++) {
      const key = { ...KEY, symbol: `SYM${i}` } as const;
      saved.push(await store.save(key, someBars(i, 2)));
      await store.remove(key);
      clock.advanceTo(clock.nowMs() + 1);
    }
    await expect(store.restore({ ...KEY, symbol: 'SYM0' }, saved[0]!.version)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(store.restore({ ...KEY, symbol: 'SYM1' }, saved[1]!.version)).resolves.toMatchObject({
      bars: 2,
    });
  });

  it('STORE-3: a damaged manifest loses no version: the next save keeps them', async () => {
    const bars = someBars(3, 40);
    const saved = await store.save(KEY, bars);
    const manifest = join(dataset(), 'dataset.json');
    await writeFile(manifest, (await readFile(manifest, 'utf8')).slice(0, 50));
    await expect(store.find('EURUSD', 'H1')).rejects.toMatchObject({ code: 'CORRUPT' });
    await store.save(KEY, someBars(4, 5));
    await store.restore(KEY, saved.version);
    expect(await store.load('EURUSD', 'H1')).toEqual(bars);
  });

  it('STORE-3: windows of a damaged file are refused too', async () => {
    const saved = await store.save(KEY, someBars(5));
    const path = join(dataset(), `data-${saved.version}`, 'year=2021', 'bars.parquet');
    const bytes = await readFile(path);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(path, bytes);
    const window = store.loadWindow('EURUSD', 'H1', Date.UTC(2021, 6, 1), 100);
    await expect(window).rejects.toMatchObject({ code: 'CORRUPT' });
    // Other years are not concerned.
    expect((await store.loadTail('EURUSD', 'H1', 10)).timeMs).toHaveLength(10);
  });
});
