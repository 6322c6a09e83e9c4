import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImportOptions, importFile } from '../importer.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontier-formats-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(content: string | Uint8Array, options: Partial<ImportOptions> = {}, name = 'table.csv') {
  const path = join(folder, `${files++}-${name}`);
  await writeFile(path, content);
  return importFile(path, { symbol: 'EURUSD', ...options });
}

const iso = (result: { bars: { timeMs: Float64Array } }): string[] =>
  Array.from(result.bars.timeMs, (t) => new Date(t).toISOString().replace('.000Z', 'Z'));

describe('DATA-1: formats, told from the content', () => {
  it('Dukascopy: GMT and local times with their offset, across the change of the clock', async () => {
    const gmt =
      'Gmt time,Open,High,Low,Close,Volume\n01.07.2024 22:00:00.000,1.1,1.2,1.0,1.15,5.5\n01.07.2024 22:01:00.000,1.1,1.2,1.0,1.15,6\n';
    const result = await read(gmt);
    expect(result).toMatchObject({ format: 'Dukascopy CSV, DD.MM.YYYY HH:MM', timeframe: 'M1' });
    expect(iso(result)).toEqual(['2024-07-01T22:00:00Z', '2024-07-01T22:01:00Z']);
    expect((await read(gmt, { zone: '-05:00' })).zone).toBe('UTC');
    const local =
      'Local time,Open,High,Low,Close,Volume\n27.10.2024 02:00:00.000 GMT+0200,1.1,1.2,1.0,1.15,5\n27.10.2024 02:00:00.000 GMT+0100,1.1,1.2,1.0,1.15,6\n';
    const both = await read(local);
    expect(iso(both)).toEqual(['2024-10-27T00:00:00Z', '2024-10-27T01:00:00Z']);
    expect(both.zone).toBe('+01:00 and +02:00');
    const node =
      'timestamp,open,high,low,close,volume\n1704153600000,1.1,1.2,1.0,1.15,5\n1704153660000,1.1,1.2,1.0,1.15,6\n';
    expect(iso(await read(node))[0]).toBe('2024-01-02T00:00:00Z');
  });

  it('Dukascopy: JForex names the zone of its times, which is offered where it has daylight saving', async () => {
    const jforex = (zone: string) =>
      `Time (${zone}),Open,High,Low,Close,Volume \n2024.07.08 03:00:00,1.1,1.2,1.0,1.15,5.5\n2024.07.08 03:01:00,1.1,1.2,1.0,1.15,6\n`;
    const utc = await read(jforex('UTC'), { zone: 'Asia/Tokyo' });
    expect(utc).toMatchObject({ zone: 'UTC', format: 'Dukascopy CSV, YYYY.MM.DD HH:MM' });
    expect(iso(utc)[0]).toBe('2024-07-08T03:00:00Z');
    const open = await read(jforex('EET'));
    expect(open.notes.join(' ')).toContain(
      'The time column says EET. If so, import it with zone Europe/Athens.',
    );
    expect(iso(await read(jforex('EET'), { zone: 'Europe/Athens' }))[0]).toBe('2024-07-08T00:00:00Z');
  });

  it('MetaStock: date and time of day without separators, as histdata.com writes them', async () => {
    const rows = (...times: string[]) =>
      times.map((t) => `EURUSD,${t},1.1000,1.2000,1.0000,1.1500,4\n`).join('');
    const head = '<TICKER>,<DTYYYYMMDD>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>\n';
    const result = await read(head + rows('20240708,000000', '20240708,000100', '20240708,235900'), {
      zone: '-05:00',
    });
    expect(result).toMatchObject({ format: 'MetaStock export, YYYYMMDD HHMMSS', timeframe: 'M1' });
    expect(iso(result)).toEqual(['2024-07-08T05:00:00Z', '2024-07-08T05:01:00Z', '2024-07-09T04:59:00Z']);
    await expect(read(head + rows('20240708,000000', '20240708,246000'))).rejects.toMatchObject({
      code: 'IMPORT_FAILED',
      message: expect.stringContaining('20240708 246000'),
    });
  });

  it('TradingView: epoch seconds or ISO with offset, indicator columns left alone', async () => {
    const unix =
      'time,open,high,low,close,Volume,RSI,MA\n1704153600,1.1,1.2,1.0,1.15,5,NaN,-0.5\n1704157200,1.1,1.2,1.0,1.15,6,55.1,\n';
    const result = await read(unix);
    expect(result).toMatchObject({
      format: 'TradingView export, epoch seconds',
      timeframe: 'H1',
      zone: 'UTC',
    });
    expect(result.notes.join(' ')).toContain('Columns not read: RSI, MA.');
    const offset =
      'time,open,high,low,close\n2024-01-02T00:00:00-05:00,1.1,1.2,1.0,1.15\n2024-01-02T01:00:00-05:00,1.1,1.2,1.0,1.15\n';
    expect(iso(await read(offset))).toEqual(['2024-01-02T05:00:00Z', '2024-01-02T06:00:00Z']);
  });

  it('backtesting.py: an index without a name, or Date', async () => {
    const unnamed =
      ',Open,High,Low,Close,Volume\n2004-08-19,100,104.1,95.9,100.3,22351900\n2004-08-20,101,109.1,100.5,108.3,11428600\n';
    expect(await read(unnamed, { symbol: 'GOOG' })).toMatchObject({ timeframe: 'D1' });
    expect((await read(unnamed.replace(',Open', 'Date,Open'), { symbol: 'GOOG' })).bars.close[1]).toBe(108.3);
  });

  it('MetaTrader: daily bars without a time of day, UTF-16, and a headerless table with a spread', async () => {
    const daily =
      '<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n2024.01.02\t1.1\t1.2\t1.0\t1.15\t7\t0\t3\n2024.01.03\t1.1\t1.2\t1.0\t1.15\t8\t0\t3\n';
    const expected = { format: 'MetaTrader 5 export, YYYY.MM.DD HH:MM', timeframe: 'D1' };
    expect(await read(daily)).toMatchObject(expected);
    const utf16 = Buffer.from(`\uFEFF${daily}`, 'utf16le');
    expect(await read(utf16)).toMatchObject(expected);
    expect(await read(utf16.swap16())).toMatchObject(expected);
    const spread =
      '2024.01.02 00:00;1.10;1.20;1.00;1.15;70;0;3\n2024.01.02 00:05;1.15;1.20;1.00;1.16;80;0;3\n';
    const result = await read(spread);
    expect([...result.bars.volume]).toEqual([70, 80]);
  });

  it('bars, spaces and decimal commas between the cells', async () => {
    const bar =
      'time|open|high|low|close\n2024-01-02 00:00|1.1|1.2|1.0|1.15\n2024-01-02 01:00|1.1|1.2|1.0|1.15\n';
    expect((await read(bar)).timeframe).toBe('H1');
    const space = '2024.01.02 00:00 1.1 1.2 1.0 1.15 5\n2024.01.02 01:00 1.1 1.2 1.0 1.15 6\n';
    expect([...(await read(space)).bars.volume]).toEqual([5, 6]);
    const quoted =
      'time,open,high,low,close\n2024-01-02 00:00,"1,1","1,2","1,0","1,15"\n2024-01-02 01:00,"1,1","1,2","1,0","1,15"\n';
    expect([...(await read(quoted)).bars.close]).toEqual([1.15, 1.15]);
  });

  it('epoch numbers of every unit, and compact times', async () => {
    const one = Date.UTC(2024, 0, 2);
    for (const [a, b] of [
      [`${one / 1000}`, `${one / 1000 + 60}`],
      [`${one}000`, `${one + 60_000}000`],
      [`${one}000000`, `${one + 60_000}000000`],
      ['20240102000000', '20240102000100'],
    ]) {
      const result = await read(`t,o,h,l,c\n${a},1.1,1.2,1.0,1.15\n${b},1.1,1.2,1.0,1.15\n`);
      expect(iso(result)).toEqual(['2024-01-02T00:00:00Z', '2024-01-02T00:01:00Z']);
    }
  });

  it('a headerless table in another order, only where the order can be no other', async () => {
    // close, low, high, open: highs and lows are the extremes, and opens continue closes.
    const rows = Array.from({ length: 12 }, (_, i) => {
      const [open, close] = [1.1 + 0.01 * Math.sin(i), 1.1 + 0.01 * Math.sin(i + 1)];
      const [low, high] = [Math.min(open, close) - 0.002, Math.max(open, close) + 0.002];
      return `2024-01-02 00:${String(i).padStart(2, '0')},${[close, low, high, open].map((p) => p.toFixed(5)).join(',')}\n`;
    });
    const result = await read(rows.join(''));
    expect(result.bars.open[3]).toBeCloseTo(1.1 + 0.01 * Math.sin(3), 5);
    expect(result.bars.close[3]).toBeCloseTo(1.1 + 0.01 * Math.sin(4), 5);
    // Open and close that could as well be each other: the usual order is tried and its rows are refused.
    const flat = Array.from({ length: 12 }, (_, i) => `2024-01-02 00:${10 + i},1.1,1.0,1.2,1.1\n`).join('');
    await expect(read(flat)).rejects.toMatchObject({ code: 'IMPORT_FAILED' });
  });

  it('columns as the user names them', async () => {
    const text = 'x,2024-01-02 00:00,1.15,1.0,1.2,1.1\ny,2024-01-02 01:00,1.15,1.0,1.2,1.1\n';
    const columns = ['ignore', 'time', 'close', 'low', 'high', 'open'] as const;
    const result = await read(text, { columns: [...columns] });
    expect([result.bars.open[0], result.bars.close[0]]).toEqual([1.1, 1.15]);
    await expect(read(text, { columns: ['time', 'open'] })).rejects.toMatchObject({ code: 'IMPORT_FAILED' });
  });

  it('the side from columns or names, and the columns of the side asked for', async () => {
    const both =
      'time,bidopen,bidhigh,bidlow,bidclose,askopen,askhigh,asklow,askclose\n2024-01-02 00:00,1.1,1.2,1.0,1.15,1.11,1.21,1.01,1.16\n2024-01-02 01:00,1.1,1.2,1.0,1.15,1.11,1.21,1.01,1.16\n';
    expect((await read(both)).priceSide).toBe('bid');
    const ask = await read(both, { priceSide: 'ask' });
    expect([ask.priceSide, ask.bars.close[0]]).toEqual(['ask', 1.16]);
    const named = await read(
      'time,open,high,low,close\n2024-01-02 00:00,1.1,1.2,1.0,1.15\n2024-01-02 01:00,1.1,1.2,1.0,1.15\n',
      {},
      'EURUSD_ask.csv',
    );
    expect(named.priceSide).toBe('ask');
  });
});

describe('DATA-1: Parquet of other tools', () => {
  it.each([
    [
      'TIMESTAMP with zone',
      'make_timestamptz(1704153600000000 + i * 60000000)',
      'timestamp',
      'UTC',
      '2024-01-02T00:00:00Z',
    ],
    [
      'TIMESTAMP without',
      "TIMESTAMP '2024-01-02' + INTERVAL (i) MINUTE",
      '__index_level_0__',
      '-05:00',
      '2024-01-02T05:00:00Z',
    ],
    ['epoch seconds', '1704153600 + i * 60', 'time', 'UTC', '2024-01-02T00:00:00Z'],
    [
      'text',
      "strftime(TIMESTAMP '2024-01-02' + INTERVAL (i) MINUTE, '%Y-%m-%d %H:%M:%S')",
      'Date',
      '-05:00',
      '2024-01-02T05:00:00Z',
    ],
  ])('%s', async (_, time, name, zone, first) => {
    const path = join(folder, `${files++}.parquet`);
    const db = await DuckDBInstance.create(':memory:');
    const connection = await db.connect();
    await connection.run(
      `COPY (SELECT ${time} AS "${name}", 1.1 AS "Open", 1.2::FLOAT AS "High", 1.0 AS "Low", 1.15 AS "Close", 7::INT AS "Volume"
        FROM range(5) r(i)) TO '${path}' (FORMAT parquet)`,
    );
    db.closeSync();
    const result = await importFile(path, { symbol: 'EURUSD', zone });
    expect([result.timeframe, result.bars.timeMs.length, iso(result)[0]]).toEqual(['M1', 5, first]);
    expect([result.bars.volume[4], result.bars.close[0]]).toEqual([7, 1.15]);
  });

  it('refuses a damaged file and columns that are no bars', async () => {
    await expect(read('PAR1 and nothing else PAR1')).rejects.toMatchObject({ code: 'IMPORT_FAILED' });
  });
});

describe('DATA-13: ticks become bars', () => {
  const histdata =
    '20240102 000000100,1.10000,1.10010,0\n20240102 000030000,1.10020,1.10030,0\n20240102 000059999,1.09990,1.10005,0\n20240102 000100000,1.10005,1.10015,0\n20240102 000205000,1.10010,1.10020,0\n';

  it('of the side asked for; volume counts ticks', async () => {
    const bid = await read(histdata, { zone: '-05:00', priceSide: 'bid' });
    expect(iso(bid)).toEqual(['2024-01-02T05:00:00Z', '2024-01-02T05:01:00Z', '2024-01-02T05:02:00Z']);
    expect([
      bid.bars.open[0],
      bid.bars.high[0],
      bid.bars.low[0],
      bid.bars.close[0],
      bid.bars.volume[0],
    ]).toEqual([1.1, 1.1002, 1.0999, 1.0999, 3]);
    const mid = await read(histdata, { priceSide: 'mid' });
    expect(mid.bars.open[0]).toBeCloseTo(1.10005, 10);
    const five = await read(
      histdata +
        histdata
          .replaceAll('20240102 0000', '20240102 0006')
          .replaceAll('20240102 0001', '20240102 0007')
          .replaceAll('20240102 0002', '20240102 0008'),
      { timeframe: 'M5' },
    );
    expect(five.timeframe).toBe('M5');
    expect([...five.bars.volume]).toEqual([5, 5]);
  });

  it('MetaTrader 5: an empty bid or ask is the last one', async () => {
    const text =
      '<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>\n2024.01.02\t00:00:00.100\t1.10000\t1.10010\t\t\t6\n2024.01.02\t00:00:30.000\t1.10020\t\t\t\t2\n2024.01.02\t00:01:00.000\t\t1.10040\t\t\t4\n';
    const ask = await read(text, { priceSide: 'ask' });
    expect([...ask.bars.open]).toEqual([1.1001, 1.1004]);
    expect([...(await read(text)).bars.close]).toEqual([1.1002, 1.1002]);
  });

  it('refuses ticks out of order and zero prices with their line, and drops them when told to', async () => {
    const bad = `${histdata}20240102 000100000,1.1,1.1001,0\n20240102 000300000,0,1.1,0\n`;
    await expect(read(bad)).rejects.toThrow(/^Line 6: out of order.*1 out_of_order, 1 zero_price_row/);
    const result = await read(bad, { repairs: { out_of_order: 'drop', zero_price_row: 'drop' } });
    expect(result.repaired.counts).toEqual({ out_of_order: 1, zero_price_row: 1 });
    expect(result.bars.timeMs).toHaveLength(3);
  });
});
