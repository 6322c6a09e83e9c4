import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FrontierError } from '../../src-shared/errors.ts';
import { type ImportOptions, type ImportProgress, importFile } from './importer.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontier-import-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function importText(content: string | Uint8Array, options: Partial<ImportOptions> = {}) {
  const path = join(folder, `${files++}.csv`);
  await writeFile(path, content);
  return importFile(path, { symbol: 'EURUSD', ...options });
}

async function refusal(
  content: string | Uint8Array,
  options: Partial<ImportOptions> = {},
): Promise<FrontierError> {
  const error = await importText(content, options).then(
    () => expect.fail('the file was accepted'),
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(FrontierError);
  return error as FrontierError;
}

const HEADER = 'timestamp,open,high,low,close,volume\n';
const row = (time: string, rest = '1.1,1.2,1.0,1.15,10') => `${time},${rest}\n`;
const GOOD = HEADER + row('2024-01-02T00:00:00Z') + row('2024-01-02T01:00:00Z') + row('2024-01-02T02:00:00Z');

describe('formats', () => {
  it('DATA-1: reads CSV with a header, any column order, and says what it assumed', async () => {
    const text =
      'Volume,Close,Low,High,Open,Date,note\n5,1.15,1.0,1.2,1.1,2024-01-02 00:00,x\n6,1.16,1.0,1.2,1.1,2024-01-02 01:00,y\n';
    const result = await importText(text);
    expect(result).toMatchObject({
      timeframe: 'H1',
      zone: 'UTC',
      priceSide: 'bid',
      format: 'generic CSV, ISO time',
    });
    expect([...result.bars.close]).toEqual([1.15, 1.16]);
    expect([...result.bars.volume]).toEqual([5, 6]);
    expect(result.bars.timeMs[0]).toBe(Date.UTC(2024, 0, 2));
    expect(result.notes.join(' ')).toMatch(/no time zone.*bid.*not read: note/);
  });

  it('DATA-1: reads MetaTrader text without a header in the zone named', async () => {
    const text =
      '2016.04.22,19:53,160.532,160.536,160.512,160.516,115\n2016.04.22,19:54,160.516,160.543,160.491,160.543,194\n';
    const result = await importText(text, { symbol: 'GBPJPY', zone: 'Europe/Athens' });
    expect(result).toMatchObject({ timeframe: 'M1', zone: 'Europe/Athens' });
    expect(result.format).toContain('MetaTrader');
    expect(result.bars.timeMs[0]).toBe(Date.UTC(2016, 3, 22, 16, 53));
    expect([...result.bars.volume]).toEqual([115, 194]);
  });

  it('DATA-1: reads histdata text and points to its zone', async () => {
    const text =
      '20150201 170000;1.131050;1.131170;1.130760;1.130840;0\n20150201 170100;1.131070;1.131730;1.130840;1.131040;0\n';
    const asUtc = await importText(text);
    expect(asUtc.zone).toBe('UTC');
    expect(asUtc.notes.join(' ')).toContain('-05:00');
    const est = await importText(text, { zone: '-05:00' });
    expect(est.bars.timeMs[0]).toBe(Date.UTC(2015, 1, 1, 22));
    expect(est.format).toContain('histdata');
  });

  it('DATA-1: reads tabs, MetaTrader 5 headers, decimal commas, quotes, pandas indices and UTF-16', async () => {
    const mt5 =
      '<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n2024.01.02\t00:00:00\t1.1\t1.2\t1.0\t1.15\t7\t0\t3\n2024.01.02\t00:05:00\t1.1\t1.2\t1.0\t1.15\t8\t0\t3\n';
    expect(await importText(mt5)).toMatchObject({
      timeframe: 'M5',
      format: 'MetaTrader 5 export, YYYY.MM.DD HH:MM',
    });
    const comma =
      'time;open;high;low;close\n02.01.2024 00:00;1,1;1,2;1,0;1,15\n02.01.2024 01:00;1,1;1,2;1,0;1,15\n';
    expect([...(await importText(comma)).bars.close]).toEqual([1.15, 1.15]);
    const quoted =
      '"time","open","high","low","close"\n"2024-01-02 00:00","1.1","1.2","1.0","1.15"\n"2024-01-02 01:00","1.1","1.2","1.0","1.15"\n';
    expect((await importText(quoted)).bars.open[1]).toBe(1.1);
    const pandas = `,Open,High,Low,Close,Volume\n${row('2024-01-02 00:00:00')}${row('2024-01-02 01:00:00')}`;
    expect((await importText(pandas)).timeframe).toBe('H1');
    expect((await importText(Buffer.from(`\ufeff${GOOD}`, 'utf16le'))).bars.open).toHaveLength(3);
    expect((await importText(`\ufeff${GOOD.replaceAll('\n', '\r\n')}`)).bars.open).toHaveLength(3);
  });

  it('DATA-2: reads ISO offsets, epoch seconds and milliseconds, and dates', async () => {
    const at = async (a: string, b: string) => (await importText(HEADER + row(a) + row(b))).bars.timeMs[0];
    const expected = Date.UTC(2024, 0, 2, 12);
    expect(await at('2024-01-02T14:00:00+02:00', '2024-01-02T15:00:00+02:00')).toBe(expected);
    expect(await at('2024-01-02 12:00', '2024-01-02 13:00')).toBe(expected);
    expect(await at('2024-01-02T12:00:00.000Z', '2024-01-02T13:00:00.000Z')).toBe(expected);
    expect(await at('1704196800', '1704200400')).toBe(expected);
    expect(await at('1704196800000', '1704200400000')).toBe(expected);
    expect(await at('2024/01/02 12:00:00', '2024/01/02 13:00:00')).toBe(expected);
    expect(await at('2024-01-02', '2024-01-03')).toBe(Date.UTC(2024, 0, 2));
  });

  it('unpacks gzip by content and reports progress up to the whole file', async () => {
    const path = join(folder, 'misnamed.csv');
    const packed = gzipSync(GOOD);
    await writeFile(path, packed);
    const seen: ImportProgress[] = [];
    const result = await importFile(path, { symbol: 'EURUSD' }, (p) => seen.push(p));
    expect(result.bars.timeMs).toHaveLength(3);
    expect(seen.at(-1)).toEqual({ bytes: packed.length, totalBytes: packed.length, rows: 3 });
  });

  it('DATA-3: the order tells repeated wall-clock hours apart, and skipped ones are refused', async () => {
    const hours = ['02', '03', '03', '04'].map((h) => row(`2016-10-30 ${h}:00`)).join('');
    const result = await importText(HEADER + hours, { zone: 'Europe/Athens' });
    expect([...result.bars.timeMs].map((t) => new Date(t).getUTCHours())).toEqual([23, 0, 1, 2]);
    expect(result.notes.join(' ')).toContain('occur twice');
    const skipped = HEADER + row('2016-03-27 02:00') + row('2016-03-27 03:00');
    expect((await refusal(skipped, { zone: 'Europe/Athens' })).message).toMatch(
      /Line 3, column 1.*does not exist/,
    );
  });
});

describe('DATA-5: bad input is refused whole, with its place', () => {
  const cases: [string, string | Uint8Array, RegExp][] = [
    ['empty', '', /file is empty/],
    ['blank', '\n \n\n', /file is empty/],
    ['header only', HEADER, /0 rows/],
    ['one row', HEADER + row('2024-01-02T00:00:00Z'), /1 row;/],
    ['binary', Uint8Array.from({ length: 300 }, (_, i) => (i * 37) % 256), /not text|binary/],
    ['zero bytes', `${GOOD}2024-01-02T03:00:00Z,1\0,1,1,1,1\n`, /Line 5.*zero bytes/],
    ['zip', Uint8Array.from([0x50, 0x4b, 3, 4, 20, 0]), /zip archive/],
    ['Parquet', 'PAR1....PAR1', /Parquet/],
    ['web page', '<!DOCTYPE html>\n<html></html>\n', /web page/],
    ['JSON', '{"a": 1}\n[1]\n', /JSON/],
    [
      'unknown columns',
      'when,bid,ask\n1,2,3\n4,5,6\n',
      /Line 1.*Found "when", "bid", "ask"; no column for time, open, high, low, close/,
    ],
    ['no header, unknown order', '1,2,3,4,5,6,7\n1,2,3,4,5,6,7\n', /no header/],
    [
      'ambiguous date',
      `${HEADER}${row('01/02/2024 00:00')}${row('01/02/2024 01:00')}`,
      /Line 2, column 1 \(timestamp\).*not a time/,
    ],
    ['no such day', GOOD + row('2024-02-30T00:00:00Z'), /Line 5, column 1.*is not a time/],
    [
      'mixed zones',
      GOOD + row('2024-01-02T03:00:00'),
      /Line 5, column 1.*mixed time zones.*no time zone.*line 2.*UTC/,
    ],
    [
      'other offset',
      GOOD + row('2024-01-02T05:00:00+02:00'),
      /Line 5.*mixed time zones: this row states \+02:00/,
    ],
    [
      'missing cell',
      `${GOOD}2024-01-02T03:00:00Z,1.1,1.2,1.0,1.15\n2024-01-02T04:00:00Z,1.1,1.2,1.0,1.15,1\n`,
      /Line 5: the row has 5 columns where the table has 6/,
    ],
    [
      'NaN',
      GOOD + row('2024-01-02T03:00:00Z', 'NaN,1.2,1.0,1.15,1'),
      /Line 5, column 2 \(open\): "NaN" is not a number/,
    ],
    [
      'empty price',
      GOOD + row('2024-01-02T03:00:00Z', '1.1,1.2,,1.15,1'),
      /Line 5, column 4 \(low\): the cell is empty/,
    ],
    ['text price', GOOD + row('2024-01-02T03:00:00Z', '1.1,1.2,1.0,abc,1'), /column 5 \(close\): "abc"/],
    ['hexadecimal', GOOD + row('2024-01-02T03:00:00Z', '1.1,0x12,1.0,1.1,1'), /column 3 \(high\)/],
    ['infinite', GOOD + row('2024-01-02T03:00:00Z', '1.1,1e999,1.0,1.1,1'), /column 3 \(high\)/],
    [
      'zero price',
      GOOD + row('2024-01-02T03:00:00Z', '0,1.2,0,1.15,1'),
      /Line 5, column 2 \(open\): the price 0 is not above zero/,
    ],
    ['negative price', GOOD + row('2024-01-02T03:00:00Z', '1.1,1.2,-1.0,1.15,1'), /column 4 \(low\)/],
    ['negative volume', GOOD + row('2024-01-02T03:00:00Z', '1.1,1.2,1.0,1.15,-1'), /column 6 \(volume\)/],
    [
      'high below low',
      GOOD + row('2024-01-02T03:00:00Z', '1.1,1.0,1.2,1.1,1'),
      /Line 5, column 3 \(high\): the high 1 is below the low 1.2/,
    ],
    [
      'close outside',
      GOOD + row('2024-01-02T03:00:00Z', '1.1,1.2,1.0,1.3,1'),
      /Line 5, column 5 \(close\): the close 1.3 is outside/,
    ],
    [
      'duplicate',
      GOOD + row('2024-01-02T02:00:00Z'),
      /Line 5, column 1.*duplicate.*2024-01-02T02:00:00Z is already on line 4/,
    ],
    ['earlier duplicate', GOOD + row('2024-01-02T00:00:00Z'), /Line 5.*already on line 2/],
    [
      'out of order',
      GOOD + row('2024-01-02T01:30:00Z'),
      /Line 5.*out of order: 2024-01-02T01:30:00Z comes after 2024-01-02T02:00:00Z on line 4/,
    ],
    ['truncated line', `${GOOD}2024-01-02T03:00:00Z,1.1,1.2`, /truncated.*Line 5/],
    ['truncated gzip', gzipSync(GOOD.repeat(1)).subarray(0, 60), /gzip file is truncated/],
    ['damaged gzip', damaged(gzipSync(GOOD)), /gzip file is damaged|not text/],
    ['endless line', 'x'.repeat(100_000), /longer than/],
    [
      'many columns',
      `${Array.from({ length: 10_000 }, (_, i) => i)
        .join(',')
        .slice(0, 9_000)}\n1,2\n`,
      /columns are no table/,
    ],
    [
      'uneven distances',
      HEADER + row('2024-01-02T00:00:00Z') + row('2024-01-02T00:07:00Z'),
      /no known timeframe/,
    ],
  ];

  function damaged(bytes: Uint8Array): Uint8Array {
    const copy = Uint8Array.from(bytes);
    copy.set([0xff, 0xff, 0xff, 0xff], 12);
    return copy;
  }

  it.each(cases)('%s', async (_name, content, message) => {
    const error = await refusal(content);
    expect(error.code).toBe('IMPORT_FAILED');
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/Nothing was imported\.$/);
    expect(error.hint?.length ?? 0).toBeGreaterThan(10);
  });

  it('DATA-7: a stated timeframe longer than the distance between bars is refused', async () => {
    expect((await refusal(GOOD, { timeframe: 'H4' })).message).toMatch(
      /closer together than H4.*look like H1/,
    );
    expect((await importText(GOOD, { timeframe: 'H1' })).timeframe).toBe('H1');
  });

  it('names a missing file, a folder, a bad symbol and a bad zone', async () => {
    const failing = (path: string, options: ImportOptions) =>
      importFile(path, options).catch((e: unknown) => e);
    expect(await failing(join(folder, 'none.csv'), { symbol: 'EURUSD' })).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await failing(folder, { symbol: 'EURUSD' })).toMatchObject({ code: 'BAD_INPUT' });
    expect(await failing(folder, { symbol: '../x' })).toMatchObject({ code: 'BAD_INPUT' });
    expect(await refusal(GOOD, { zone: 'Mars' })).toMatchObject({ code: 'BAD_INPUT' });
  });

  it('is cancelled by its signal', async () => {
    expect(await refusal(GOOD, { signal: AbortSignal.abort() })).toMatchObject({ code: 'CANCELLED' });
  });

  it('any mutation of a file gives sound bars or a FrontierError', async () => {
    const bytes = Buffer.from(GOOD);
    const edit = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(2));
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 6 }), async (edits) => {
        let mutated = [...bytes];
        for (const [at, byte, kind] of edits) {
          if (kind === 0) mutated[at] = byte;
          else if (kind === 1) mutated.splice(at, 1);
          else mutated = mutated.slice(0, Math.max(1, at));
        }
        const result = await importText(Uint8Array.from(mutated)).catch((e: unknown) => e);
        if (result instanceof FrontierError) return;
        if (result instanceof Error) throw result;
        const { bars } = result as Awaited<ReturnType<typeof importText>>;
        for (let i = 0; i < bars.timeMs.length; i++) {
          expect(bars.low[i]! > 0 && bars.low[i]! <= Math.min(bars.open[i]!, bars.close[i]!)).toBe(true);
          expect(bars.high[i]! >= Math.max(bars.open[i]!, bars.close[i]!)).toBe(true);
          if (i > 0) expect(bars.timeMs[i]!).toBeGreaterThan(bars.timeMs[i - 1]!);
        }
      }),
      { numRuns: 300 },
    );
  });
});
