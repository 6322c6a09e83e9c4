import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importFile } from '../../src-main/data/importer.ts';
import { allocateBars, type Bar, type BarColumns, barAt, barCount } from '../../src-shared/market/bars.ts';
import { calendarOf } from '../../src-shared/market/calendars.ts';
import {
  type ResampleOptions,
  Resampler,
  resample,
  resampleTargets,
} from '../../src-shared/market/resample.ts';
import type { AnyTimeframe } from '../../src-shared/market/timeframes.ts';
import { noSharedData, sharedFile, withReason } from '../support/sharedData.ts';

const MINUTE_MS = 60_000;
const fx = calendarOf({ calendar: 'fx' });
const always = calendarOf({ calendar: 'always' });
const COLUMNS = ['timeMs', 'open', 'high', 'low', 'close', 'volume'] as const;

/** Compares every value, bit for bit. */
function expectSameBars(actual: BarColumns, expected: BarColumns): void {
  expect(barCount(actual)).toBe(barCount(expected));
  for (const name of COLUMNS) {
    for (let i = 0; i < barCount(expected); i++) {
      if (!Object.is(actual[name][i], expected[name][i])) {
        expect.fail(`${name} of bar ${i}: ${actual[name][i]}, expected ${expected[name][i]}`);
      }
    }
  }
}

function columnsOf(list: readonly Bar[]): BarColumns {
  const bars = allocateBars(list.length);
  list.forEach((bar, i) => {
    for (const name of COLUMNS) bars[name][i] = bar[name];
  });
  return bars;
}

/** RES-9: pushed one by one, with and without a clock, against the batch: bars, marks and counts. */
function expectParity(bars: BarColumns, options: ResampleOptions): void {
  const batch = resample(bars, options);
  for (const clocked of [false, true]) {
    const resampler = new Resampler(options);
    const made: Bar[] = [];
    for (let i = 0; i < barCount(bars); i++) {
      const byClock = clocked ? resampler.advanceTo(bars.timeMs[i]!) : undefined;
      const byBar = resampler.push(barAt(bars, i));
      if (byClock && byBar) expect.fail('one bar closed twice');
      const closed = byClock ?? byBar;
      if (closed) made.push(closed);
    }
    const last = resampler.forming();
    if (last) made.push(last.bar);
    expectSameBars(columnsOf(made), batch.bars);
    expect(last?.partial ?? false).toBe(batch.lastPartial);
    expect(resampler.straddlingBars).toBe(batch.straddlingBars);
  }
}

/** Bars with random prices and volumes, at random distances in source bars. */
function randomBars(fromMs: number, stepMs: number, rows: readonly RandomRow[]): BarColumns {
  let timeMs = fromMs;
  return columnsOf(
    rows.map(([skip, open, up, down, part, volume]) => {
      timeMs += skip * stepMs;
      return {
        timeMs,
        open,
        high: open + up,
        low: open - down,
        close: open - down + part * (up + down),
        volume,
      };
    }),
  );
}

type RandomRow = [skip: number, open: number, up: number, down: number, part: number, volume: number];

const unit = fc.double({ min: 0, max: 1, noNaN: true });
const randomRows = fc.array<RandomRow>(
  fc.tuple(
    fc.constantFrom(1, 1, 1, 1, 2, 3, 17, 240, 1440),
    fc.double({ min: 50, max: 200, noNaN: true }),
    unit,
    unit,
    unit,
    fc.double({ min: 0, max: 1e6, noNaN: true }),
  ),
  { minLength: 1, maxLength: 150, size: 'max' },
);
const SOURCES: readonly (readonly [AnyTimeframe, number])[] = [
  ['M1', 1],
  ['M2', 2],
  ['M5', 5],
  ['H1', 60],
  ['H4', 240],
];

describe('resampling random bars', () => {
  it('RES-9: incremental and batch are the same bits, whatever the calendar and the timeframes', () => {
    fc.assert(
      fc.property(
        randomRows,
        fc.constantFrom(...SOURCES),
        fc.constantFrom('fx', 'always', 'nyse', 'nse'),
        fc.integer({ min: 0, max: 40 }),
        fc.constantFrom('2020-03-05T20:00Z', '2020-10-30T18:00Z', '2019-12-24T12:00Z', '2023-07-10T09:15Z'),
        (rows, [source, minutes], calendar, targetIndex, fromIso) => {
          const targets = resampleTargets(source);
          const target = targets[targetIndex % targets.length]!;
          const bars = randomBars(Date.parse(fromIso), minutes * MINUTE_MS, rows);
          expectParity(bars, { source, target, calendar: calendarOf({ calendar }) });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('RES-10: over M5 to H1 as directly; fractional volumes to the last digits of their sum', () => {
    fc.assert(
      fc.property(randomRows, fc.boolean(), (rows, isWhole) => {
        const drawn = randomBars(Date.parse('2020-03-05T20:00Z'), MINUTE_MS, rows);
        const bars = isWhole ? { ...drawn, volume: drawn.volume.map(Math.round) } : drawn;
        const direct = resample(bars, { source: 'M1', target: 'H1', calendar: fx }).bars;
        const m5 = resample(bars, { source: 'M1', target: 'M5', calendar: fx }).bars;
        const detour = resample(m5, { source: 'M5', target: 'H1', calendar: fx }).bars;
        if (isWhole) return expectSameBars(detour, direct);
        expectSameBars({ ...detour, volume: direct.volume }, direct);
        for (let i = 0; i < barCount(direct); i++) {
          const expected = direct.volume[i]!;
          expect(Math.abs(detour.volume[i]! - expected)).toBeLessThanOrEqual(1e-13 * expected);
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Where a bucket of each timeframe begins, in wall-clock time counted from the start of the trading day. */
const BUCKETS: Readonly<Partial<Record<AnyTimeframe, string>>> = {
  M5: "time_bucket(INTERVAL '5 minutes', wall)",
  M30: "time_bucket(INTERVAL '30 minutes', wall)",
  H1: "date_trunc('hour', wall)",
  H4: "date_trunc('day', wall) + INTERVAL '4 hours' * (date_part('hour', wall)::INTEGER // 4)",
  H8: "date_trunc('day', wall) + INTERVAL '8 hours' * (date_part('hour', wall)::INTEGER // 8)",
  D1: "date_trunc('day', wall)",
  W1: "date_trunc('week', wall)",
  MN1: "date_trunc('month', wall)",
};

/**
 * The independent reference: DuckDB reads the file itself and sorts rows into buckets by wall-clock time and
 * the time zone database of its ICU. None of Frontier's calendar is used.
 * @param zone zone whose clock the trading day follows
 * @param rollHours hours from the start of the trading day to midnight
 */
async function query(
  file: string,
  target: AnyTimeframe,
  zone: string,
  rollHours: number,
): Promise<BarColumns> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const roll = `INTERVAL '${rollHours} hours'`;
    const result = await connection.runAndReadAll(`
      WITH source AS (
        SELECT *, timezone('${zone}', opened) + ${roll} AS wall
        FROM (SELECT *, timestamp::TIMESTAMPTZ AS opened FROM read_csv('${file.replaceAll("'", "''")}'))
      ), buckets AS (SELECT *, ${BUCKETS[target]} AS bucket FROM source)
      SELECT epoch_ms(timezone('${zone}', bucket - ${roll}))::DOUBLE, arg_min(open, opened)::DOUBLE,
        max(high)::DOUBLE, min(low)::DOUBLE, arg_max(close, opened)::DOUBLE, sum(volume ORDER BY opened)::DOUBLE
      FROM buckets GROUP BY bucket ORDER BY bucket`);
    const rows = result.getRows() as number[][];
    return columnsOf(
      rows.map(([timeMs, open, high, low, close, volume]) => {
        return { timeMs: timeMs!, open: open!, high: high!, low: low!, close: close!, volume: volume! };
      }),
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

describe.skipIf(noSharedData)(withReason('resampling real history'), () => {
  const FX_H1 = 'GBPJPY_H1_2015_2020.csv.gz';
  const FX_M1 = 'GBPJPY_M1_2016-04-22_2016-05-27.csv.gz';
  const CRYPTO = 'BTCUSDT_H1_2021-04_2023-12.csv.gz';

  async function load(name: string): Promise<BarColumns> {
    return (await importFile(sharedFile(name), { symbol: name.split('_')[0]! })).bars;
  }

  it.each(['M5', 'M30', 'H1', 'H4', 'D1', 'W1'] as const)(
    'RES-1 to RES-5: GBPJPY M1 to %s equals an independent query',
    async (target) => {
      const { bars } = resample(await load(FX_M1), { source: 'M1', target, calendar: fx });
      expectSameBars(bars, await query(sharedFile(FX_M1), target, 'America/New_York', 7));
    },
  );

  it.each(['H4', 'H8', 'D1', 'W1', 'MN1'] as const)(
    'RES-1 to RES-5: GBPJPY H1 to %s over twelve clock changes equals an independent query',
    async (target) => {
      const { bars } = resample(await load(FX_H1), { source: 'H1', target, calendar: fx });
      expectSameBars(bars, await query(sharedFile(FX_H1), target, 'America/New_York', 7));
    },
  );

  it.each(['H4', 'D1', 'W1', 'MN1'] as const)(
    'RES-1 to RES-5: BTCUSDT H1 to %s equals an independent query in UTC',
    async (target) => {
      const { bars } = resample(await load(CRYPTO), { source: 'H1', target, calendar: always });
      const expected = await query(sharedFile(CRYPTO), target, 'UTC', 0);
      expectSameBars({ ...bars, volume: expected.volume }, expected);
      // Fractional volumes: a sum's last digits depend on how it is grouped.
      bars.volume.forEach((volume, i) => {
        expect(Math.abs(volume / expected.volume[i]! - 1)).toBeLessThan(1e-12);
      });
    },
  );

  it('RES-9: incremental and batch are the same bits on real bars', async () => {
    const m1 = await load(FX_M1);
    for (const target of ['M5', 'H1', 'D1', 'W1'] as const)
      expectParity(m1, { source: 'M1', target, calendar: fx });
    const h1 = await load(FX_H1);
    for (const target of ['H4', 'D1', 'W1', 'MN1'] as const)
      expectParity(h1, { source: 'H1', target, calendar: fx });
    const crypto = await load(CRYPTO);
    for (const target of ['H4', 'D1', 'MN1'] as const)
      expectParity(crypto, { source: 'H1', target, calendar: always });
  });

  it('RES-10: M1 over M5 to H1 equals M1 to H1 on real bars', async () => {
    const m1 = await load(FX_M1);
    const m5 = resample(m1, { source: 'M1', target: 'M5', calendar: fx }).bars;
    const detour = resample(m5, { source: 'M5', target: 'H1', calendar: fx }).bars;
    expectSameBars(detour, resample(m1, { source: 'M1', target: 'H1', calendar: fx }).bars);
  });

  it('RES-8: counts the four-hour bars of a server whose clock changes on other dates', async () => {
    const h4 = await load('EURUSD_H4_2015_2020.csv.gz');
    const days = resample(h4, { source: 'H4', target: 'D1', calendar: fx });
    // A bar of four hours that opens after 13:00 and before 17:00 in New York reaches into the next day.
    const hour = new Intl.DateTimeFormat('en-GB', {
      timeZone: 'America/New_York',
      hour: '2-digit',
      hourCycle: 'h23',
    });
    const straddling = h4.timeMs.filter((t) => ['14', '15', '16'].includes(hour.format(t)));
    expect(straddling.length).toBeGreaterThan(50);
    expect(days.straddlingBars).toBe(straddling.length);
  });
});
