import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectionSchema } from '../../../src-shared/contract/import.ts';
import { MARK } from '../../../src-shared/market/marks.ts';
import { noSharedData, sharedFile, withReason } from '../../../tests/support/sharedData.ts';
import { type ImportOptions, importFile, inspectFile } from '../importer.ts';
import { guessSide, guessSymbol } from './suggest.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontier-inspect-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function place(content: string): Promise<string> {
  const path = join(folder, `${files++}.csv`);
  await writeFile(path, content);
  return path;
}

const HEADER = 'time,open,high,low,close,volume\n';
const row = (hour: number, rest = '1.1,1.2,1.0,1.15,10'): string =>
  `2024-01-02T${String(hour).padStart(2, '0')}:00:00Z,${rest}\n`;
/** One row of each kind that has a choice. */
const DIRTY = [
  HEADER,
  ...[0, 1, 1, 3, 4, 5, 2].map((h) => row(h)),
  row(3, '1.1,1.2,1.0,1.16,10'),
  row(6, '1.1,,1.0,1.1,10'),
  row(7, '1.1,abc,1.0,1.1,10'),
  row(8, '0,1.2,0,1.1,10'),
  row(9, '1.1,1.0,1.2,1.1,10'),
  row(10),
  row(11),
].join('');
const ALL = {
  duplicate_exact: 'keep-first',
  out_of_order: 'move',
  duplicate_conflict: 'keep-last',
  nan_cell: 'drop',
  bad_cell: 'drop',
  zero_price_row: 'drop',
  high_below_low: 'drop',
} as const;

const read = async (content: string, options: Partial<ImportOptions> = {}) =>
  importFile(await place(content), { symbol: 'EURUSD', ...options });

describe('DATA-16: rows that cannot be stored', () => {
  it('are refused with what there is of each kind and the choice', async () => {
    const error = await read(DIRTY).catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: 'IMPORT_FAILED',
      message: expect.stringMatching(
        /^Line 4, column 1 \(time\): duplicate.*In all 7 rows.*1 duplicate_exact, 1 out_of_order, 1 duplicate_conflict, 1 nan_cell, 1 bad_cell, 1 zero_price_row, 1 high_below_low\. Nothing was imported\.$/,
      ),
      hint: expect.stringContaining('out_of_order: move, drop'),
    });
  });

  it('are dropped, moved or preferred where that was said, and moved ones are marked', async () => {
    const result = await read(DIRTY, { repairs: ALL });
    expect([...result.bars.timeMs].map((t) => new Date(t).getUTCHours())).toEqual([0, 1, 2, 3, 4, 5, 10, 11]);
    expect(result.bars.close[3]).toBe(1.16);
    expect([...(result.marks ?? [])]).toEqual([0, 0, MARK.moved, 0, 0, 0, 0, 0]);
    expect(result.repaired.counts).toMatchObject({ out_of_order: 1, nan_cell: 1 });
    expect(result.repaired.rows.find((r) => r.kind === 'bad_cell')).toEqual({
      kind: 'bad_cell',
      line: 11,
      text: '2024-01-02T07:00:00Z,1.1,abc,1.0,1.1,10',
    });
    expect(result.notes.join(' ')).toContain('1 row with nan_cell: left out.');
  });

  it('both of a conflict go when it is dropped; the first stays when that was said', async () => {
    const both = await read(DIRTY, { repairs: { ...ALL, duplicate_conflict: 'drop' } });
    expect([...both.bars.timeMs].map((t) => new Date(t).getUTCHours())).toEqual([0, 1, 2, 4, 5, 10, 11]);
    const first = await read(DIRTY, {
      repairs: { ...ALL, duplicate_conflict: 'keep-first', out_of_order: 'drop' },
    });
    expect(first.bars.close[2]).toBe(1.15);
    expect(first.marks).toBeUndefined();
  });

  it('a kind that was not named still refuses the file, and a choice that makes no sense is one', async () => {
    const { nan_cell: _, ...rest } = ALL;
    await expect(read(DIRTY, { repairs: rest })).rejects.toThrow(
      /^Line 10, column 3 \(high\): the cell is empty/,
    );
    await expect(read(DIRTY, { repairs: { nan_cell: 'move' } })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('one row that stands too early is one row out of order', async () => {
    const text = HEADER + [0, 1, 9, 2, 3, 4, 5, 6].map((h) => row(h)).join('');
    await expect(read(text)).rejects.toThrow(
      /^Line 4.*out of order: 2024-01-02T09:00:00Z comes before 2024-01-02T02/,
    );
    const moved = await read(text, { repairs: { out_of_order: 'move' } });
    expect([...(moved.marks ?? [])]).toEqual([0, 0, 0, 0, 0, 0, 0, MARK.moved]);
  });
});

describe('DATA-17: what a file holds, before anything is stored', () => {
  it('fits the contract and shows rows that an import refuses as issues with lines', async () => {
    const seen = inspectionSchema.parse(await inspectFile(await place(DIRTY), { symbol: 'EURUSD' }));
    expect(seen).toMatchObject({
      content: 'bars',
      rows: 14,
      timeframe: 'H1',
      separator: ',',
      hasHeader: true,
      statedZone: 'UTC',
    });
    expect(seen.sample[0]).toEqual(['2024-01-02T00:00:00Z', '1.1', '1.2', '1.0', '1.15', '10']);
    expect(seen.repairable).toContainEqual({ kind: 'out_of_order', rows: 1, choices: ['move', 'drop'] });
    const lines = seen.quality.issues.filter((i) => i.line !== undefined && i.severity === 'error');
    expect(lines.map((i) => [i.kind, i.line])).toEqual([
      ['duplicate_exact', 4],
      ['out_of_order', 8],
      ['duplicate_conflict', 9],
      ['nan_cell', 10],
      ['bad_cell', 11],
      ['zero_price_row', 12],
      ['high_below_low', 13],
    ]);
  });

  it('counts times that occur twice and that do not occur', async () => {
    const local = (times: string[]) => place(HEADER + times.map((t) => `${t},1.1,1.2,1.0,1.15,1\n`).join(''));
    const autumn = await local([
      '2016-10-30 02:00',
      '2016-10-30 03:00',
      '2016-10-30 03:00',
      '2016-10-30 04:00',
    ]);
    const twice = await inspectFile(autumn, { symbol: 'EURUSD', zone: 'Europe/Athens' });
    expect([twice.ambiguousTimes, twice.impossibleTimes, twice.repairable]).toEqual([2, 0, []]);
    const spring = await local([
      '2016-03-27 01:00',
      '2016-03-27 02:00',
      '2016-03-27 03:00',
      '2016-03-27 04:00',
    ]);
    const never = await inspectFile(spring, { symbol: 'EURUSD', zone: 'Europe/Athens' });
    expect([never.ambiguousTimes, never.impossibleTimes]).toEqual([0, 1]);
    expect(never.repairable).toEqual([{ kind: 'impossible_time', rows: 1, choices: ['drop'] }]);
  });

  it('finds the zone in which the FX week opens, and says why', async () => {
    // Hourly bars over a year from Sunday 17:00 to Friday 17:00 in New York, written in the clock of Athens.
    const athens = new Intl.DateTimeFormat('sv-SE', {
      timeZone: 'Europe/Athens',
      dateStyle: 'short',
      timeStyle: 'short',
    });
    const newYork = new Intl.DateTimeFormat('en-US', {
      timeZone: 'America/New_York',
      weekday: 'short',
      hour: '2-digit',
      hourCycle: 'h23',
    });
    let text = HEADER;
    for (let t = Date.UTC(2023, 0, 1); t < Date.UTC(2024, 0, 1); t += 3_600_000) {
      const parts = newYork.formatToParts(t);
      const day = parts.find((p) => p.type === 'weekday')!.value;
      const hour = Number(parts.find((p) => p.type === 'hour')!.value);
      const isClosed = day === 'Sat' || (day === 'Fri' && hour >= 17) || (day === 'Sun' && hour < 17);
      if (!isClosed) text += `${athens.format(t)},1.1,1.2,1.0,1.15,1\n`;
    }
    const path = await place(text);
    const seen = await inspectFile(path, { symbol: 'EURUSD' });
    expect(seen.suggestedZone).toMatchObject({
      zone: 'Europe/Athens',
      reason: expect.stringContaining('Sunday at 17:00'),
    });
    // Read in its zone, the same answer comes out; Bitcoin trades on Sundays, so its weeks say nothing.
    expect((await inspectFile(path, { symbol: 'EURUSD', zone: 'Europe/Athens' })).suggestedZone?.zone).toBe(
      'Europe/Athens',
    );
    expect((await inspectFile(path, { symbol: 'BTCUSDT' })).suggestedZone).toBeNull();
  });

  it.each([
    ['DAT_ASCII_EURUSD_M1_2015.csv', 'EURUSD'],
    ['GBPJPY60.csv', 'GBPJPY'],
    ['OANDA_EUR-USD, 60.csv', 'EURUSD'],
    ['BTCUSDT_H1.csv.gz', 'BTCUSDT'],
    ['RELIANCE_NSE_D1.csv', 'RELIANCE.NSE'],
    ['notes.csv', null],
  ])('guesses the symbol of %s', (name, symbol) => {
    expect(guessSymbol(name)).toBe(symbol);
  });

  it('takes the side from a word of its own only', () => {
    expect([guessSide('EURUSD_bid.csv'), guessSide('forbidden.csv'), guessSide('bid_ask.csv')]).toEqual([
      'bid',
      undefined,
      undefined,
    ]);
  });
});

interface Planted {
  readonly kind: string;
  readonly timestamp: string;
  readonly file_line?: number;
}
const PLANTED_KINDS = new Set([
  'duplicate_exact',
  'duplicate_conflict',
  'bad_tick_spike',
  'out_of_order',
  'nan_cell',
  'zero_price_row',
  'high_below_low',
]);

describe.skipIf(noSharedData !== undefined)(withReason('DATA-17: real history'), () => {
  it('finds every planted defect of the dirty file with its line, and nothing else of those kinds', async () => {
    const { defects } = JSON.parse(await readFile(sharedFile('dirty_GBPJPY_M1_defects.json'), 'utf8')) as {
      defects: Planted[];
    };
    const { quality, rows } = await inspectFile(sharedFile('dirty_GBPJPY_M1.csv'), {});
    expect(rows).toBe(2823);
    const found = quality.issues
      .filter((i) => PLANTED_KINDS.has(i.kind) || i.kind === 'missing_block')
      .map((i) => `${i.kind} ${new Date(i.timeMs).toISOString().replace('.000Z', 'Z')} ${i.line ?? ''}`);
    expect(found.sort()).toEqual(defects.map((d) => `${d.kind} ${d.timestamp} ${d.file_line ?? ''}`).sort());
  });

  it('finds none of these kinds in any clean file', async () => {
    const clean = (await readdir(dirname(sharedFile('README.md')))).filter((name) => /\.csv\.gz$/.test(name));
    expect(clean.length).toBeGreaterThan(20);
    for (const name of clean) {
      const seen = await inspectFile(sharedFile(name), {});
      expect(seen.repairable, name).toEqual([]);
      expect(
        seen.quality.issues.filter((i) => PLANTED_KINDS.has(i.kind)),
        name,
      ).toEqual([]);
    }
  });

  it('raw files of histdata and MetaTrader give the bars of the converted ones', async () => {
    for (const [raw, zone, converted, symbol] of [
      [
        'raw_histdata_ninjatrader_EURUSD_M1_201502.csv',
        '-05:00',
        'EURUSD_M1_2015-02-01_2015-02-13.csv.gz',
        'EURUSD',
      ],
      [
        'raw_metatrader_GBPJPY_M1_2016.csv',
        'Europe/Athens',
        'GBPJPY_M1_2016-04-22_2016-05-27.csv.gz',
        'GBPJPY',
      ],
    ] as const) {
      const a = await importFile(sharedFile(raw), { symbol, zone });
      const b = await importFile(sharedFile(converted), { symbol });
      expect(a.bars).toEqual(b.bars);
    }
  });
});
