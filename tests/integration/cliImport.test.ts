import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cleanUp, cli, jsonOf, newFolder, start } from '../support/engine.ts';
import { noSharedData, sharedFile, withReason } from '../support/sharedData.ts';

vi.setConfig({ testTimeout: 60_000 });
afterAll(cleanUp);

const HEAD = 'time,open,high,low,close,volume';

interface Cells {
  readonly time?: string;
  readonly open?: string;
  readonly high?: string;
  readonly low?: string;
  readonly close?: string;
}

/** The bar of an hour, with some cells replaced. */
function bar(hour: number, cells: Cells = {}): string {
  const time = new Date(Date.UTC(2020, 0, 6, hour)).toISOString();
  return Object.values({
    time,
    open: '1.1',
    high: '1.101',
    low: '1.099',
    close: '1.1',
    volume: '5',
    ...cells,
  }).join(',');
}

const table = (rows: readonly string[], end = '\n'): string => [HEAD, ...rows].join('\n') + end;
const halfOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length >> 1);
/** Rows that compress badly, so that half of the archive is many rows. */
const many = Array.from({ length: 3000 }, (_, i) => `${bar(i)}${(i * 7919) % 1013}`);

const BAD: readonly [string, string | Uint8Array, RegExp][] = [
  ['an empty file', '', /The file is empty/],
  ['a file of blank lines', '\n\n\n', /The file is empty/],
  ['a header alone', table([]), /0 rows/],
  ['one row', table([bar(0)]), /1 row; a history needs at least 2/],
  ['unknown columns', 'alpha,beta\n1,2\n3,4\n', /Line 1: .*"alpha", "beta".*no column for time, open/],
  [
    'bytes that are no text',
    Uint8Array.from({ length: 4096 }, (_, i) => (i * 7919 + i * i) % 256),
    /line 1 .*binary/,
  ],
  ['a gzip file cut in the middle', halfOf(gzipSync(table(many))), /gzip file is truncated/],
  [
    'a table cut in the middle of a row',
    table([bar(0), bar(1), '2020-01-06T02:00:00Z,1.1'], ''),
    /truncated.*Line 4/,
  ],
  [
    'a row with too few columns',
    table([bar(0), '2020-01-06T01:00:00Z,1.1', bar(2)]),
    /Line 3: .*2 columns.*6/,
  ],
  ['NaN', table([bar(0), bar(1, { high: 'NaN' }), bar(2)]), /Line 3, column 3 \(high\): "NaN"/],
  ['infinity', table([bar(0), bar(1), bar(2, { close: '-inf' })]), /Line 4, column 5 \(close\): "-inf"/],
  [
    'an empty cell',
    table([bar(0), bar(1, { low: '' }), bar(2)]),
    /Line 3, column 4 \(low\): the cell is empty/,
  ],
  ['a negative price', table([bar(0), bar(1, { low: '-1' })]), /Line 3, column 4 \(low\): .*not above zero/],
  ['a high below the low', table([bar(0), bar(1, { high: '1' })]), /Line 3, column 3 \(high\)/],
  [
    'a time that is none',
    table([bar(0), bar(1, { time: 'yesterday' })]),
    /Line 3, column 1 \(time\): "yesterday"/,
  ],
  ['rows out of order', table([bar(0), bar(2), bar(1)]), /Line 4, column 1 \(time\): out of order.*line 3/],
  ['a row twice', table([bar(0), bar(1), bar(1)]), /Line 4, column 1 \(time\): duplicate.*line 3/],
  [
    'mixed zones',
    table([bar(0), bar(1), bar(2, { time: '2020-01-06T04:00:00+02:00' })]),
    /Line 4, column 1 \(time\): mixed time zones.*\+02:00.*UTC/,
  ],
  [
    'a zone on some rows only',
    table([bar(0), bar(1, { time: '2020-01-06T01:00:00' })]),
    /Line 3, column 1 \(time\): mixed time zones/,
  ],
];

const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => entry.name)
    : [];

describe('frontier import of a bad file', () => {
  const files = newFolder();
  const home = newFolder();
  beforeAll(async () => {
    writeFileSync(join(files, 'good.csv'), table([bar(0), bar(1), bar(2)]));
    const good = ['import', join(files, 'good.csv'), '--symbol', 'EURUSD', '--json', '--home', home];
    expect((await cli(good)).status).toBe(0);
  });

  it.each(BAD)(
    '%s: says where and what, ends with status 5 and keeps nothing',
    async (_, content, message) => {
      const file = join(files, 'bad.csv');
      writeFileSync(file, content);
      const before = filesIn(home).sort();
      const ended = await cli(['import', file, '--symbol', 'EURUSD', '--json', '--home', home]);
      expect(ended.status).toBe(5);
      const { error } = jsonOf(ended) as { error: { code: string; message: string; hint: string } };
      expect(error.code).toBe('IMPORT_FAILED');
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(/Nothing was imported\.$/);
      expect(error.hint).toMatch(/\w/);
      expect(filesIn(home).sort()).toEqual(before);
    },
  );

  it('leaves the history of that symbol that was there', async () => {
    const { datasets } = jsonOf(await cli(['data', 'list', '--json', '--home', home]));
    expect(datasets).toMatchObject([
      { symbol: 'EURUSD', timeframe: 'H1', bars: 3, source: expect.stringContaining('good') },
    ]);
  });

  it('leaves no folder of a symbol that was never imported', async () => {
    const own = newFolder();
    writeFileSync(join(files, 'other.csv'), table([bar(0), bar(1, { open: 'abc' })]));
    const ended = await cli(['import', join(files, 'other.csv'), '--symbol', 'GBPUSD', '--home', own]);
    expect(ended.status).toBe(5);
    expect(ended.stdout).toBe('');
    expect(ended.stderr).toMatch(/Line 3, column 2 \(open\): "abc" is not a number/);
    expect(filesIn(join(own, 'bars'))).toEqual([]);
    expect(jsonOf(await cli(['data', 'list', '--json', '--home', own]))).toEqual({ datasets: [] });
  });

  it('tells a file that is not there from one that is bad', async () => {
    const missing = await cli([
      'import',
      join(files, 'none.csv'),
      '--symbol',
      'EURUSD',
      '--json',
      '--home',
      home,
    ]);
    expect(missing.status).toBe(3);
    expect(jsonOf(missing)).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });
});

describe('frontier data import', () => {
  const files = newFolder();
  const place = (name: string, rows: readonly string[]): string => {
    const path = join(files, name);
    writeFileSync(path, table(rows));
    return path;
  };
  const run = async (home: string, ...args: string[]) => cli(['data', ...args, '--json', '--home', home]);

  it('prints what machines read: rows, first, last, format, zone and seconds', async () => {
    const home = newFolder();
    const file = place('one.csv', [bar(0), bar(1), bar(2)]);
    const ended = await run(home, 'import', file, '--symbol', 'EURUSD', '--timeframe', 'H1');
    expect(ended.status, ended.stderr).toBe(0);
    expect(jsonOf(ended)).toMatchObject({
      rows: 3,
      first: '2020-01-06T00:00:00Z',
      last: '2020-01-06T02:00:00Z',
      format: 'generic CSV, ISO time',
      zone: 'UTC',
      seconds: expect.any(Number),
    });
  });

  it('adds to the stored history with --merge, refuses other values at the same time, and is taken back', async () => {
    const home = newFolder();
    const symbol = ['--symbol', 'EURUSD'];
    await run(home, 'import', place('a.csv', [bar(0), bar(1), bar(2)]), ...symbol);
    const added = await run(home, 'import', place('b.csv', [bar(2), bar(3)]), ...symbol, '--merge');
    expect(jsonOf(added)).toMatchObject({ rows: 4 });
    const other = await run(
      home,
      'import',
      place('c.csv', [bar(2, { close: '1.1009' }), bar(3)]),
      ...symbol,
      '--merge',
    );
    expect(other.status).not.toBe(0);
    expect(jsonOf(other)).toMatchObject({ error: { code: 'CONFLICT' } });
    const { changes } = jsonOf(await run(home, 'changes', 'EURUSD')) as {
      changes: { id: string; summary: string }[];
    };
    expect(changes).toHaveLength(2);
    expect(changes[0]!.summary).toMatch(/^Added 1 of 2 bars of EURUSD H1 bid from .*b\.csv\.$/);
    await run(home, 'undo', changes[0]!.id);
    expect(jsonOf(await run(home, 'list'))).toMatchObject({ datasets: [{ bars: 3 }] });
  });

  it('takes several files one after the other; one that fails does not stop the rest', async () => {
    const home = newFolder();
    const good = [place('EURUSD_H1.csv', [bar(0), bar(1)]), place('GBPUSD_H1.csv', [bar(0), bar(1)])];
    const bad = place('USDJPY_H1.csv', [bar(0), bar(1, { high: 'NaN' })]);
    const ended = await run(home, 'import', good[0]!, bad, good[1]!);
    expect(ended.status).toBe(5);
    expect(jsonOf(ended)).toMatchObject({
      failed: 1,
      files: [{ rows: 2 }, { error: { code: 'IMPORT_FAILED' } }, { rows: 2 }],
    });
    expect(jsonOf(await run(home, 'list'))).toMatchObject({
      datasets: [{ symbol: 'EURUSD' }, { symbol: 'GBPUSD' }],
    });
  });

  it('repairs rows when told to, and leaves no unpacked file behind', async () => {
    const home = newFolder();
    const path = join(files, 'dirty.csv.gz');
    writeFileSync(path, gzipSync(table([bar(0), bar(1), bar(2, { low: '' }), bar(3), bar(3)])));
    const repair = ['--repair', 'nan_cell=drop', 'duplicate_exact=keep-first'];
    const ended = await run(home, 'import', path, '--symbol', 'EURUSD', ...repair);
    expect(jsonOf(ended)).toMatchObject({ rows: 3 });
    expect(filesIn(join(home, 'uploads'))).toEqual([]);
    expect((await run(home, 'import', path, '--symbol', 'EURUSD', '--repair', 'nonsense')).status).toBe(2);
  });

  it('checks a file that is not stored, with the line of each row that is none', async () => {
    const home = newFolder();
    const file = place('EURUSD_check.csv', [bar(0), bar(1, { close: 'NaN' }), bar(3), bar(2), bar(4)]);
    const ended = await run(home, 'quality', file);
    expect(ended.status, ended.stderr).toBe(0);
    const { rows, issues } = jsonOf(ended) as { rows: number; issues: { kind: string; line: number }[] };
    expect(rows).toBe(5);
    expect(issues.filter((i) => i.line !== null).map((i) => [i.kind, i.line])).toEqual([
      ['nan_cell', 3],
      ['out_of_order', 5],
    ]);
    expect(jsonOf(await run(home, 'list'))).toEqual({ datasets: [] });
  });
});

describe.skipIf(noSharedData !== undefined)(withReason('frontier import of real history'), () => {
  it('reads, checks and stores it, and names the first defect of a dirty file', async () => {
    const home = newFolder();
    const file = sharedFile('EURUSD_H1_2017-04_2018-02.csv.gz');
    const good = await cli(['import', file, '--symbol', 'eurusd', '--json', '--home', home]);
    expect(good.status, good.stderr).toBe(0);
    expect(jsonOf(good)).toMatchObject({
      dataset: { symbol: 'EURUSD', timeframe: 'H1', bars: 5000, synthetic: false, zone: 'UTC' },
      quality: { score: expect.any(Number), issues: expect.any(Array) },
      notes: expect.any(Array),
    });
    const dirty = await cli([
      'import',
      sharedFile('dirty_GBPJPY_M1.csv'),
      '--symbol',
      'GBPJPY',
      '--json',
      '--home',
      home,
    ]);
    expect(dirty.status).toBe(5);
    expect(jsonOf(dirty)).toMatchObject({
      error: { message: expect.stringMatching(/^Line \d+, column \d+ \(\w+\): /) },
    });
  });
});

describe.skipIf(process.platform === 'win32')('output through a pipe', () => {
  it('arrives whole where the reader is slow and it is more than a pipe holds', async () => {
    const file = join(newFolder(), 'ruined.csv');
    const rows = Array.from({ length: 3000 }, (_, i) => bar(i, i % 3 === 1 ? { open: 'nan' } : {}));
    writeFileSync(file, table(rows));
    // The shell's pipe: those that Node makes for a child hold more.
    const line = `"${process.execPath}" src-main/cli/main.ts data quality "${file}" --symbol EURUSD --json | (sleep 3; cat)`;
    const { stdout } = await start('sh', ['-c', line]).ended;
    expect(stdout.length).toBeGreaterThan(65_536);
    expect(JSON.parse(stdout)).toMatchObject({ rows: 3000, issues: expect.any(Array) });
  });
});
