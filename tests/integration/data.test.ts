import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ImportResult, importFile } from '../../src-main/data/importer.ts';
import { checkQuality } from '../../src-main/data/quality.ts';
import { BarStore } from '../../src-main/store/bars.ts';
import { allocateBars, type BarColumns } from '../../src-shared/market/bars.ts';
import { fxCalendar } from '../../src-shared/market/calendars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { timeframeMs } from '../../src-shared/market/timeframes.ts';
import { noSharedData, sharedFile, withReason } from '../support/sharedData.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontier-data-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Missing share as `../shared/data/README.md` counts it: every hour of the New York week, holidays included. */
function missingPct({ bars, timeframe }: ImportResult): number {
  const week = fxCalendar({ holidays: false });
  const stepMs = timeframeMs(timeframe);
  let missing = 0;
  for (let i = 1; i < bars.timeMs.length; i++) {
    const fromMs = bars.timeMs[i - 1]! + stepMs;
    if (bars.timeMs[i]! > fromMs) missing += week.expectedBars(fromMs, bars.timeMs[i]!, timeframe);
  }
  return (100 * missing) / (bars.timeMs.length + missing);
}

/** Rows, missing % (New York week), mean and p99 range in pips, as measured by whoever collected the files. */
const FX_FILES: [string, number, number, number, number][] = [
  ['GBPJPY_M1_2016-04-22_2016-05-27.csv.gz', 36240, 0.02, 4.02, 13.5],
  ['EURUSD_M1_2015-02-01_2015-02-13.csv.gz', 14382, 0.12, 2.29, 9.8],
  ['GBPUSD_M1_2012-02_bid.csv.gz', 30117, 0.41, 2.41, 8.8],
  ['GBPUSD_M1_2012-02_ask.csv.gz', 30117, 0.41, 2.31, 8.7],
  ['GBPJPY_H1_2015_2020.csv.gz', 37245, 0.81, 29.63, 110.0],
  ['EURJPY_H1_2015_2020.csv.gz', 37258, 0.78, 20.25, 72.2],
  ['USDJPY_H1_2015_2020.csv.gz', 37259, 0.78, 15.83, 63.3],
  ['AUDJPY_H1_2015_2020.csv.gz', 37254, 0.79, 17.38, 64.5],
  ['GBPUSD_H1_2015_2020.csv.gz', 37260, 0.78, 21.59, 82.8],
  ['AUDUSD_H1_2015_2020.csv.gz', 37258, 0.78, 13.51, 49.6],
  ['EURGBP_H1_2015_2020.csv.gz', 37258, 0.78, 12.87, 49.8],
  ['USDCHF_H1_2015_2020.csv.gz', 37238, 0.86, 13.82, 53.6],
  ['EURUSD_H4_2015_2020.csv.gz', 9327, 0.65, 32.47, 116.7],
  ['EURUSD_H1_2017-04_2018-02.csv.gz', 5000, 0.95, 14.66, 52.6],
];

describe.skipIf(noSharedData !== undefined)(withReason('real history'), () => {
  const read = (file: string, symbol: string, zone?: string) =>
    importFile(sharedFile(file), { symbol, ...(zone === undefined ? {} : { zone }) });

  it.each(FX_FILES)(
    '%s has the rows, gaps and ranges that were measured independently',
    async (file, rows, missing, mean, p99) => {
      const result = await read(file, file.slice(0, 6));
      const report = checkQuality(result.bars, result.instrument, result.timeframe);
      expect(report.bars).toBe(rows);
      expect(Math.abs(missingPct(result) - missing)).toBeLessThan(0.0151);
      expect(report.meanRangePips).toBeCloseTo(mean, 2);
      expect(report.p99RangePips).toBeCloseTo(p99, 1);
      expect(report.issues.filter((i) => i.severity === 'error')).toEqual([]);
      expect(report.issues.filter((i) => i.kind === 'bad_tick_spike')).toEqual([]);
      expect(report.score).toBeGreaterThan(98);
    },
  );

  it('crypto has its twelve missing hours', async () => {
    const { bars, instrument, timeframe } = await read('BTCUSDT_H1_2021-04_2023-12.csv.gz', 'BTCUSDT');
    expect(checkQuality(bars, instrument, timeframe)).toMatchObject({ missingBars: 12 });
  });

  it('NYSE holidays and closures explain every missing day of GOOG, the mourning day and hurricane Sandy too', async () => {
    const { bars, instrument, timeframe } = await read('GOOG_NASDAQ_D1_2004_2013.csv.gz', 'GOOG');
    expect(timeframe).toBe('D1');
    expect(checkQuality(bars, instrument, timeframe)).toMatchObject({ missingBars: 0 });
  });

  it('finds the unadjusted splits of Indian stocks, and no others', async () => {
    const found: Record<string, string[]> = {};
    for (const name of ['RELIANCE', 'TCS', 'INFY', 'HDFCBANK', 'ITC', 'SBIN']) {
      const { bars, instrument, timeframe } = await read(`${name}_NSE_D1_2017_2022-02.csv.gz`, `${name}.NSE`);
      found[name] = checkQuality(bars, instrument, timeframe)
        .issues.filter((i) => i.kind === 'price_jump')
        .map((i) => new Date(i.timeMs).toISOString().slice(0, 10));
    }
    expect(found).toEqual({
      RELIANCE: ['2017-09-07'],
      TCS: ['2018-05-31'],
      INFY: ['2018-09-04'],
      HDFCBANK: ['2019-09-19'],
      ITC: [],
      SBIN: [],
    });
  });

  it('raw exports in their own zones give the bars of the cleaned files', async () => {
    const athens = await read('raw_metatrader_GBPJPY_M1_2016.csv', 'GBPJPY', 'Europe/Athens');
    expect(athens.bars).toEqual((await read('GBPJPY_M1_2016-04-22_2016-05-27.csv.gz', 'GBPJPY')).bars);
    const est = await read('raw_histdata_ninjatrader_EURUSD_M1_201502.csv', 'EURUSD', '-05:00');
    expect(est.bars).toEqual((await read('EURUSD_M1_2015-02-01_2015-02-13.csv.gz', 'EURUSD')).bars);
  });

  it('a raw export read in the wrong zone is noticed', async () => {
    const { bars, instrument, timeframe } = await read('raw_metatrader_GBPJPY_M1_2016.csv', 'GBPJPY');
    const issues = checkQuality(bars, instrument, timeframe).issues.filter((i) => i.severity === 'error');
    expect(issues.map((i) => i.kind).sort()).toEqual(['weekend_bar', 'wrong_zone']);
    expect(issues.find((i) => i.kind === 'wrong_zone')?.message).toContain('Europe/Athens');
  });

  it('the dirty file is refused at its first defect', async () => {
    await expect(read('dirty_GBPJPY_M1.csv', 'GBPJPY')).rejects.toMatchObject({
      code: 'IMPORT_FAILED',
      message: expect.stringMatching(/^Line 200, column 1 \(timestamp\): duplicate timestamp.*line 199/),
    });
  });

  it('the quality check finds every planted defect of the dirty file', async () => {
    const text = await readFile(sharedFile('dirty_GBPJPY_M1_defects.json'), 'utf8');
    const { defects } = JSON.parse(text) as { defects: { kind: string; timestamp: string }[] };
    const bars = parseAnything(await readFile(sharedFile('dirty_GBPJPY_M1.csv'), 'utf8'));
    const { issues } = checkQuality(bars, instrumentFor('GBPJPY'), 'M1');
    const name = (kind: string, timeMs: number) => `${kind} ${new Date(timeMs).toISOString()}`;
    const planted = defects.map((d) => name(d.kind, Date.parse(d.timestamp))).sort();
    const found = issues.map((i) => name(i.kind, i.timeMs));
    expect(found.sort()).toEqual(planted);
  });

  it('goes from the file to the store and back bit for bit, in well under a second', async () => {
    const start = performance.now();
    const result = await read('GBPJPY_H1_2015_2020.csv.gz', 'GBPJPY');
    // Measured 85 ms; the limit leaves room for a machine that is busy.
    expect(performance.now() - start).toBeLessThan(2000);
    const store = new BarStore(folder);
    const { symbol } = result.instrument;
    const key = { symbol, timeframe: 'H1', priceSide: 'bid' } as const;
    const { replaced, ...saved } = await store.save(key, result.bars);
    expect(replaced).toBeNull();
    await store.close();
    const again = new BarStore(folder);
    expect(await again.load('GBPJPY', 'H1')).toEqual(result.bars);
    expect(await again.list()).toEqual([saved]);
    await again.close();
    expect((await readdir(folder)).sort()).toEqual(['symbol=GBPJPY']);
  });
});

/** The columns of a CSV file as they are, defects included. */
function parseAnything(text: string): BarColumns {
  const rows = text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
  const bars = allocateBars(rows.length);
  const value = (cell: string | undefined) => (cell ? Number(cell) : Number.NaN);
  rows.forEach((cells, i) => {
    bars.timeMs[i] = Date.parse(cells[0]!);
    (['open', 'high', 'low', 'close', 'volume'] as const).forEach((key, k) => {
      bars[key][i] = value(cells[k + 1]);
    });
  });
  return bars;
}
