import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { historyOf, recordChange, withHistoryLock } from '../../src-main/app/histories.ts';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { type BarColumns, sliceBars } from '../../src-shared/market/bars.ts';
import { calendarOf } from '../../src-shared/market/calendars.ts';
import { MARK } from '../../src-shared/market/marks.ts';
import { resample } from '../../src-shared/market/resample.ts';
import { quality } from '../fixtures/records.ts';
import { someBars } from '../fixtures/someBars.ts';
import { cleanUp, cli, jsonOf, newFolder, openEngine } from '../support/engine.ts';

vi.setConfig({ testTimeout: 90_000 });
afterAll(cleanUp);

const KEY = { symbol: 'EURUSD', timeframe: 'M1', priceSide: 'bid' } as const;
const REF = { symbol: 'EURUSD', timeframe: 'M1' } as const;
/** Two weeks of minutes from a Monday on, within the market's hours where it matters here. */
const MINUTES = someBars(11, 4000, Date.UTC(2024, 0, 8), 60_000);

let engine: FrontierEngine;
beforeEach(async () => {
  engine = await openEngine();
});

async function store(bars: BarColumns, marks?: Uint8Array): Promise<string> {
  const { context } = engine;
  return withHistoryLock(context, KEY.symbol, async () => {
    const stored = await context.bars.save(KEY, bars, { marks });
    return recordChange(context, {
      kind: 'import',
      summary: `Imported ${stored.bars} bars.`,
      detail: null,
      stored,
      quality: { ...quality, bars: stored.bars },
      notes: ['a note'],
      source: 'some.csv',
      format: 'generic CSV',
      zone: 'UTC',
    }).changeId;
  });
}

const bars = () => engine.context.bars.load('EURUSD', 'M1');

describe('changes of histories', () => {
  it('STORE-10: the newest change is taken back, down to the history that was not there', async () => {
    const { client } = engine;
    const first = await store(sliceBars(MINUTES, 0, 1000));
    const second = await store(sliceBars(MINUTES, 0, 2000));
    const before = await client.data.list();
    expect(before).toMatchObject([{ bars: 2000, source: 'some.csv', markedBars: 0, providerId: null }]);
    expect((await client.data.changes({})).map((c) => [c.id, c.undoable])).toEqual([
      [second, true],
      [first, false],
    ]);
    await expect(client.data.undo({ changeId: first })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await client.data.undo({ changeId: second })).toMatchObject({ bars: 1000 });
    expect(await bars()).toEqual(sliceBars(MINUTES, 0, 1000));
    expect((await client.data.quality(REF)).bars).toBe(1000);
    await expect(client.data.undo({ changeId: second })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await client.data.undo({ changeId: first })).toBeNull();
    expect(await client.data.list()).toEqual([]);
    await expect(bars()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(
      (await client.data.changes({ symbol: 'EURUSD' })).every((c) => c.undoneMs !== null && !c.undoable),
    ).toBe(true);
    await expect(client.data.undo({ changeId: 'chg_unknown' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('STORE-10: a removed history comes back as it was, with what was known about it', async () => {
    const { client, context } = engine;
    await store(
      MINUTES,
      Uint8Array.from({ length: 4000 }, (_, i) => (i === 7 ? MARK.filled : 0)),
    );
    const listed = await client.data.list();
    expect(listed).toMatchObject([{ markedBars: 1 }]);
    const { changeId } = await client.data.remove(REF);
    expect(await client.data.list()).toEqual([]);
    await expect(client.data.remove(REF)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const [change] = await client.data.changes({});
    expect(change).toMatchObject({ id: changeId, kind: 'remove', undoable: true });
    expect(await client.data.undo({ changeId })).toEqual(listed[0]);
    expect(await client.data.list()).toEqual(listed);
    expect((await context.bars.loadMarked('EURUSD', 'M1')).marks[7]).toBe(MARK.filled);
    expect(historyOf(context, 'EURUSD', 'M1').notes).toEqual(['a note']);
  });

  it('STORE-10: a change in steps is one change, taken back as one', async () => {
    const { client, context } = engine;
    await store(sliceBars(MINUTES, 0, 1000));
    let changeId: string | undefined;
    let supersede: string | undefined;
    for (let from = 1000; from < 4000; from += 300) {
      const page = sliceBars(MINUTES, from, from + 300);
      const stored = await context.bars.merge(KEY, page, { onConflict: 'refuse', supersede });
      supersede = stored.version;
      ({ changeId } = recordChange(context, {
        kind: 'fetch',
        summary: `Fetched ${stored.bars - 1000} bars.`,
        detail: { pages: from },
        stored,
        quality,
        notes: [],
        source: 'OANDA',
        format: 'candles',
        zone: 'UTC',
        providerId: 'oanda',
        continues: changeId,
      }));
    }
    expect(await client.data.list()).toMatchObject([{ bars: 4000, providerId: 'oanda' }]);
    const changes = await client.data.changes({});
    expect(changes.map((c) => c.summary)).toEqual(['Fetched 3000 bars.', 'Imported 1000 bars.']);
    expect(await client.data.undo({ changeId: changeId! })).toMatchObject({ bars: 1000, providerId: null });
    expect(await bars()).toEqual(sliceBars(MINUTES, 0, 1000));
  });

  it('STORE-10: work on the histories of a symbol waits its turn; a failure does not block the next', async () => {
    const { context } = engine;
    const order: string[] = [];
    const work = (name: string, ms: number) => async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, ms));
      order.push(`${name} ends`);
      if (name === 'b') throw new Error('b fails');
      return name;
    };
    const [a, b, c] = await Promise.allSettled([
      withHistoryLock(context, 'EURUSD', work('a', 20)),
      withHistoryLock(context, 'eurusd', work('b', 1)),
      withHistoryLock(context, 'EURUSD', work('c', 1)),
    ]);
    expect([a.status, b.status, c.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('STORE-10: who will not wait is told so, and the turns of the others stay in order', async () => {
    const { context } = engine;
    const { promise: download, resolve: end } = Promise.withResolvers<void>();
    const held = withHistoryLock(context, 'EURUSD', () => download);
    const hasty = withHistoryLock(context, 'EURUSD', async () => 'never', 5);
    let isBegun = false;
    const patient = withHistoryLock(context, 'EURUSD', async () => {
      isBegun = true;
      return 'patient';
    });
    await expect(hasty).rejects.toMatchObject({ code: 'LOCKED' });
    expect(isBegun).toBe(false);
    end();
    await held;
    expect(await patient).toBe('patient');
    expect(await withHistoryLock(context, 'EURUSD', async () => 'free', 5)).toBe('free');
  });

  it('STORE-11: what a killed engine stored and did not register is put back at the next start', async () => {
    const { context } = engine;
    await store(sliceBars(MINUTES, 0, 1000));
    await context.bars.save(KEY, MINUTES);
    await context.bars.save({ ...KEY, symbol: 'GBPUSD' }, MINUTES);
    const { home } = context;
    await engine.close();
    engine = await openEngine(home);
    expect(await engine.client.data.list()).toMatchObject([{ symbol: 'EURUSD', bars: 1000 }]);
    expect(await bars()).toEqual(sliceBars(MINUTES, 0, 1000));
    await engine.context.bars.remove(KEY);
    await engine.close();
    engine = await openEngine(home);
    expect(await bars()).toEqual(sliceBars(MINUTES, 0, 1000));
  });

  it('STORE-11: bars that a killed engine stored first and no list names are not gone on from', async () => {
    const { client, context } = engine;
    await context.bars.save(KEY, sliceBars(MINUTES, 2000, 4000));
    const path = join(context.home, '..', `${KEY.symbol}_orphan.csv`);
    const rows = [0, 1, 2].map((n) => `2024-01-05T10:0${n}:00Z,1.1,1.2,1.0,1.15,5`);
    writeFileSync(path, `time,open,high,low,close,volume\n${rows.join('\n')}\n`);
    const source = { kind: 'path', path } as const;
    for await (const _ of await client.data.import({ source, symbol: 'EURUSD', mode: 'merge' }));
    expect(await client.data.list()).toMatchObject([{ bars: 3 }]);
    expect((await bars()).timeMs).toHaveLength(3);
    const [change] = await client.data.changes({});
    expect(await client.data.undo({ changeId: change!.id })).toBeNull();
    expect(await context.bars.list()).toEqual([]);
  });

  it('STORE-11: a worker that was lost after its save and began again is taken back as one change', async () => {
    const { client, context } = engine;
    const twice = (first: BarColumns, last: BarColumns) =>
      withHistoryLock(context, KEY.symbol, async () => {
        await context.bars.save(KEY, first);
        const stored = await context.bars.save(KEY, last);
        const about = { detail: null, stored, quality, notes: [], source: 's', format: 'f', zone: 'UTC' };
        return recordChange(context, { kind: 'import', summary: 'Imported.', ...about }).changeId;
      });
    const first = await twice(sliceBars(MINUTES, 0, 10), sliceBars(MINUTES, 0, 1000));
    const second = await twice(sliceBars(MINUTES, 0, 20), MINUTES);
    expect(await client.data.undo({ changeId: second })).toMatchObject({ bars: 1000 });
    expect(await bars()).toEqual(sliceBars(MINUTES, 0, 1000));
    expect(await client.data.undo({ changeId: first })).toBeNull();
    expect(await context.bars.list()).toEqual([]);
  });

  it('STORE-11: what was stored by work that failed afterwards is put back at once', async () => {
    const { context } = engine;
    await store(sliceBars(MINUTES, 0, 1000));
    const failing = withHistoryLock(context, KEY.symbol, async () => {
      await context.bars.save(KEY, MINUTES);
      await context.bars.save({ ...KEY, timeframe: 'H1' }, sliceBars(MINUTES, 0, 10));
      throw new Error('the worker was lost');
    });
    await expect(failing).rejects.toThrow('the worker was lost');
    expect(await bars()).toEqual(sliceBars(MINUTES, 0, 1000));
    expect(await context.bars.list()).toMatchObject([{ timeframe: 'M1', bars: 1000 }]);
  });
});

describe('resampling stored histories', () => {
  it('STORE-12: stores a longer timeframe with its marks, and says from what', async () => {
    const { client, context } = engine;
    const marks = new Uint8Array(4000);
    marks[61] = MARK.filled;
    await store(MINUTES, marks);
    const { dataset, changeId } = await client.data.resample({ ...REF, target: 'H1' });
    expect(dataset).toMatchObject({ timeframe: 'H1', priceSide: 'bid', markedBars: 1, format: 'resampled' });
    expect(dataset.source).toBe('resampled from EURUSD M1 bid (some.csv)');
    const calendar = calendarOf({ calendar: 'fx' });
    const expected = resample(MINUTES, { source: 'M1', target: 'H1', calendar }).bars;
    const hours = await context.bars.loadMarked('EURUSD', 'H1');
    expect(hours.bars).toEqual(expected);
    expect([...hours.marks].flatMap((m, i) => (m === 0 ? [] : [i]))).toEqual([1]);
    const { notes } = historyOf(context, 'EURUSD', 'H1');
    expect(notes.join()).toMatch(/last H1 bar is partial.*1 bars hold a repaired one/);
    await client.data.undo({ changeId });
    expect((await client.data.list()).map((d) => d.timeframe)).toEqual(['M1']);
  });

  it.each([
    ['H1', 'M1', /shorter|cannot be resampled/],
    ['M1', 'M1', /M1 already/],
  ] as const)('STORE-12: refuses %s to %s', async (from, target, says) => {
    await store(MINUTES);
    if (from === 'H1') await engine.client.data.resample({ ...REF, target: 'H1' });
    const refused = engine.client.data.resample({ symbol: 'EURUSD', timeframe: from, target });
    await expect(refused).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringMatching(says) });
  });
});

describe('exporting stored histories', () => {
  it('STORE-13: a CSV file is imported again bit for bit', async () => {
    const { client, context } = engine;
    const tiny = someBars(3, 300, Date.UTC(2024, 0, 8), 60_000);
    for (let i = 0; i < 300; i++)
      for (const name of ['open', 'high', 'low', 'close'] as const) tiny[name][i]! *= 1e-7;
    await store(tiny);
    const path = join(newFolder(), 'out.csv');
    const written = await client.data.export({ ...REF, format: 'csv', path });
    expect(written).toMatchObject({ exportId: null, path, bars: 300 });
    const text = readFileSync(path, 'utf8');
    expect(written.bytes).toBe(text.length);
    expect(text).toMatch(/^timestamp,open,high,low,close,volume\n2024-01-08T00:00:00Z,0\.0000001\d+,/);
    for await (const event of await client.data.import({
      source: { kind: 'path', path },
      symbol: 'GBPUSD',
      timeframe: 'M1',
    })) {
      if (event.type === 'done') expect(event.dataset.bars).toBe(300);
    }
    expect(await context.bars.load('GBPUSD', 'M1')).toEqual(tiny);
  });

  it('STORE-13: writes ranges, longer timeframes, and Parquet that any reader opens', async () => {
    const { client } = engine;
    const marks = new Uint8Array(4000);
    marks[70] = MARK.clipped;
    await store(MINUTES, marks);
    const folder = newFolder();
    const path = join(folder, 'hours.parquet');
    const range = { fromMs: Date.UTC(2024, 0, 8, 1), toMs: Date.UTC(2024, 0, 8, 5) };
    const written = await client.data.export({ ...REF, as: 'H2', format: 'parquet', path, ...range });
    // FX days begin at 22:00 UTC in winter, so that bars of two hours open at even hours; the first is within it.
    expect(written.bars).toBe(2);
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const rows = await connection.runAndReadAll(
      `SELECT epoch_ms(time)::DOUBLE, high, mark::INTEGER FROM '${path}' ORDER BY time`,
    );
    const calendar = calendarOf({ calendar: 'fx' });
    const { high } = resample(MINUTES, { source: 'M1', target: 'H2', calendar }).bars;
    expect(rows.getRows()).toEqual([
      [Date.UTC(2024, 0, 8, 2), high[1], 0],
      [Date.UTC(2024, 0, 8, 4), high[2], 0],
    ]);
    expect(readdirSync(folder)).toEqual(['hours.parquet']);
  });

  it('STORE-13: never replaces a file that was not named for it, nor the data folder', async () => {
    const { client, context } = engine;
    await store(MINUTES);
    const path = join(newFolder(), 'mine.csv');
    writeFileSync(path, 'precious');
    const input = { ...REF, format: 'csv', path } as const;
    await expect(client.data.export(input)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(readFileSync(path, 'utf8')).toBe('precious');
    expect((await client.data.export({ ...input, overwrite: true })).bars).toBe(4000);
    for (const [bad, code] of [
      [join(context.home, 'frontier.sqlite'), 'REFUSED'],
      [join(context.home, 'bars', '..', 'x.csv'), 'REFUSED'],
      [join(path, 'x.csv'), 'UNAVAILABLE'],
      ['relative.csv', 'BAD_INPUT'],
      [join(newFolder(), 'no', 'x.csv'), 'NOT_FOUND'],
      [newFolder(), 'BAD_INPUT'],
    ] as const) {
      const refused = client.data.export({ ...input, path: bad, overwrite: true });
      await expect(refused, bad).rejects.toMatchObject({ code });
    }
    expect(existsSync(join(context.home, 'x.csv'))).toBe(false);
  });

  it('STORE-13: without a path the file is fetched in pieces', async () => {
    const { client } = engine;
    await store(someBars(5, 12_000, Date.UTC(2024, 0, 8), 60_000));
    const { exportId, bytes, path } = await client.data.export({ ...REF, format: 'csv' });
    expect(bytes).toBeGreaterThan(1_048_576);
    const pieces: Buffer[] = [];
    for (let offset = 0; offset < bytes; ) {
      const { base64, total } = await client.data.exported({ exportId: exportId!, offset });
      expect(total).toBe(bytes);
      const piece = Buffer.from(base64, 'base64');
      pieces.push(piece);
      offset += piece.length;
    }
    expect(pieces.length).toBe(Math.ceil(bytes / 1_048_576));
    expect(Buffer.concat(pieces).equals(readFileSync(path))).toBe(true);
    const past = await client.data.exported({ exportId: exportId!, offset: bytes });
    expect(past).toEqual({ base64: '', total: bytes });
    await expect(client.data.exported({ exportId: 'exp_0000', offset: 0 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('commands', () => {
  it('STORE-4: two imports of one symbol at once both end well, one after the other', async () => {
    const home = newFolder();
    const file = (name: string, price: string) => {
      const path = join(newFolder(), name);
      const rows = Array.from({ length: 3000 }, (_, i) => {
        const time = new Date(Date.UTC(2024, 0, 8) + i * 60_000).toISOString();
        return `${time},${price},${price},${price},${price},1`;
      });
      writeFileSync(path, `time,open,high,low,close,volume\n${rows.join('\n')}\n`);
      return path;
    };
    const common = ['--symbol', 'EURUSD', '--json', '--home', home];
    const ended = await Promise.all(
      [file('a.csv', '1.5'), file('b.csv', '2.5')].map((path) => cli(['import', path, ...common])),
    );
    expect(ended.map(({ status, stderr }) => [status, /error/i.test(stderr)])).toEqual([
      [0, false],
      [0, false],
    ]);
    expect(ended.filter(({ stderr }) => stderr.includes('waiting for it to end'))).toHaveLength(1);
    const listed = jsonOf(await cli(['data', 'changes', '--json', '--home', home])) as {
      changes: { id: string; undoable: boolean }[];
    };
    expect(listed.changes.map((c) => c.undoable)).toEqual([true, false]);
    const out = join(newFolder(), 'out.csv');
    const prices = async () => {
      await cli(['data', 'export', 'EURUSD', 'M1', out, '--overwrite', '--home', home]);
      return readFileSync(out, 'utf8').split('\n')[1]?.split(',')[1];
    };
    const last = await prices();
    const undone = jsonOf(await cli(['data', 'undo', listed.changes[0]!.id, '--json', '--home', home]));
    expect(undone).toMatchObject({ dataset: { symbol: 'EURUSD', bars: 3000 } });
    expect([last, await prices()].sort()).toEqual(['1.5', '2.5']);
  });

  it('STORE-12: resamples, exports a stretch and removes, side by side', async () => {
    const { home } = engine.context;
    await store(MINUTES);
    await engine.close();
    const common = ['--json', '--home', home];
    const hours = jsonOf(await cli(['data', 'resample', 'EURUSD', 'M1', 'H4', '--side', 'bid', ...common]));
    expect(hours).toMatchObject({ dataset: { timeframe: 'H4', bars: 18 } });
    const out = join(newFolder(), 'part.csv');
    const stretch = ['--from', '2024-01-08T01:00', '--to', '2024-01-08T02:00Z'];
    const written = jsonOf(await cli(['data', 'export', 'EURUSD', 'M1', out, ...stretch, ...common]));
    expect(written).toMatchObject({ path: out, bars: 60, format: 'csv' });
    const wrong = await cli(['data', 'export', 'EURUSD', 'M1', out, '--from', 'yesterday', ...common]);
    expect([wrong.status, jsonOf(wrong)]).toMatchObject([2, { error: { code: 'BAD_INPUT' } }]);
    expect((await cli(['data', 'remove', 'EURUSD', 'M1', '--side', 'ask', ...common])).status).toBe(3);
    const removed = jsonOf(await cli(['data', 'remove', 'EURUSD', 'M1', ...common]));
    expect(removed).toMatchObject({ removed: { symbol: 'EURUSD', timeframe: 'M1' } });
    const listed = jsonOf(await cli(['data', 'list', ...common])) as { datasets: { timeframe: string }[] };
    expect(listed.datasets.map((d) => d.timeframe)).toEqual(['H4']);
    await cli(['data', 'undo', String(removed.changeId), ...common]);
    expect(jsonOf(await cli(['data', 'list', ...common]))).toMatchObject({ datasets: [{}, {}] });
  });
});
