import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DatasetDto } from '../../src-shared/contract/data.ts';
import { type BarColumns, lowerBound, type PriceSide, sliceBars } from '../../src-shared/market/bars.ts';
import { calendarOf } from '../../src-shared/market/calendars.ts';
import { chartSymbols } from '../../src-shared/market/chartSymbols.ts';
import { registerUserMarkets } from '../../src-shared/market/customCalendar.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { resample } from '../../src-shared/market/resample.ts';
import type { AnyTimeframe, Timeframe } from '../../src-shared/market/timeframes.ts';
import { minuteBars } from '../../tests/support/minuteMarket.ts';
import type { TimeRange } from '../store/bars.ts';
import { ChartWindows, type WindowRequest } from './chartWindows.ts';

const MINUTE_MS = 60_000;
/** Eleven weeks of minutes over the change of the year, clocks changing in New York at their end. */
const minutes = minuteBars(80_000, 7);

function datasetOf(symbol: string, bars: BarColumns, more: Partial<DatasetDto> = {}): DatasetDto {
  const { digits, pipSize, synthetic } = instrumentFor(symbol);
  return {
    symbol,
    timeframe: 'M1',
    synthetic,
    priceSide: 'bid',
    bars: bars.timeMs.length,
    fromMs: bars.timeMs[0]!,
    toMs: bars.timeMs.at(-1)!,
    dataHash: 'hash',
    source: '',
    format: '',
    zone: 'UTC',
    importedMs: 0,
    updatedMs: 0,
    qualityScore: 100,
    issueCount: 0,
    digits,
    pipSize,
    markedBars: 0,
    providerId: null,
    ...more,
  };
}

/** A store in memory that counts what is read. */
function windowsOver(
  histories: ReadonlyArray<{ dataset: DatasetDto; bars: BarColumns; marks?: Uint8Array }>,
  nowMs = Date.UTC(2030, 0, 1),
) {
  const read = { rows: 0, calls: 0 };
  const find = (symbol: string, timeframe: Timeframe, range: TimeRange, side?: PriceSide) => {
    const history = histories.find(
      ({ dataset: d }) => d.symbol === symbol && d.timeframe === timeframe && d.priceSide === side,
    );
    if (!history) throw new Error(`nothing of ${symbol} ${timeframe} ${side}`);
    const from = lowerBound(history.bars.timeMs, range.fromMs ?? -Infinity);
    const to = lowerBound(history.bars.timeMs, range.toMs ?? Infinity);
    read.rows += to - from;
    read.calls += 1;
    const marks = history.marks ?? new Uint8Array(history.bars.timeMs.length);
    return { bars: sliceBars(history.bars, from, to), marks: marks.slice(from, to) };
  };
  const datasets = histories.map((h) => h.dataset);
  const windows = new ChartWindows({
    bars: {
      load: async (symbol, timeframe, range = {}, side) => find(symbol, timeframe, range, side).bars,
      loadMarked: async (symbol, timeframe, range = {}, side) => find(symbol, timeframe, range, side),
    },
    datasets: () => datasets,
    clock: { nowMs: () => nowMs },
  });
  return { windows, read, datasets };
}

const eurusd = { dataset: datasetOf('EURUSD', minutes), bars: minutes };
const reference = (timeframe: AnyTimeframe): BarColumns =>
  timeframe === 'M1'
    ? minutes
    : resample(minutes, { source: 'M1', target: timeframe, calendar: calendarOf({ calendar: 'fx' }) }).bars;

/** The rows of the whole history that a question means. */
function expected(bars: BarColumns, { endMs, fromMs, count }: Omit<WindowRequest, 'symbol' | 'timeframe'>) {
  if (fromMs !== undefined) {
    const from = lowerBound(bars.timeMs, fromMs);
    return sliceBars(bars, from, Math.min(bars.timeMs.length, from + count));
  }
  const to = endMs === undefined ? bars.timeMs.length : lowerBound(bars.timeMs, endMs);
  return sliceBars(bars, Math.max(0, to - count), to);
}
const plain = (bars: BarColumns) =>
  Object.fromEntries(
    Object.entries(bars).map(([name, column]) => [name, Array.from(column as Float64Array)]),
  );

describe('chart windows', () => {
  it('CHART-1: a window of any timeframe holds the very bars that resampling the whole history gives', async () => {
    const { windows } = windowsOver([eurusd]);
    const [firstMs, lastMs] = [minutes.timeMs[0]!, minutes.timeMs.at(-1)!];
    const timeframe = fc.constantFrom<AnyTimeframe>(
      'M1',
      'M3',
      'M5',
      'M30',
      'H1',
      'H4',
      'H8',
      'D1',
      'W1',
      'MN1',
    );
    const edge = fc.integer({ min: firstMs - 5 * 86_400_000, max: lastMs + 5 * 86_400_000 });
    await fc.assert(
      fc.asyncProperty(
        timeframe,
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom('endMs', 'fromMs', 'none'),
        edge,
        async (frame, count, way, ms) => {
          const question = { count, ...(way === 'none' ? {} : { [way]: ms }) };
          const answer = await windows.window({ symbol: 'EURUSD', timeframe: frame, ...question });
          const whole = reference(frame);
          const rows = expected(whole, question);
          expect(answer.bars).toEqual(plain(rows));
          const [at, until] = [rows.timeMs[0], rows.timeMs.at(-1)];
          expect([answer.firstMs, answer.lastMs]).toEqual([whole.timeMs[0], whole.timeMs.at(-1)]);
          if (at === undefined || until === undefined) return;
          expect(answer.before).toBe(at > whole.timeMs[0]!);
          expect(answer.after).toBe(until < whole.timeMs.at(-1)!);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('CHART-1: bars of a kept history are those that a fresh one reads', async () => {
    const question = {
      symbol: 'EURUSD',
      timeframe: 'H4',
      count: 40,
      endMs: minutes.timeMs[50_000]!,
    } as const;
    const { windows } = windowsOver([eurusd]);
    const direct = await windows.window({ ...question, count: 5 });
    await windows.window({ symbol: 'EURUSD', timeframe: 'D1', count: 2000 });
    const kept = await windows.window(question);
    expect(kept.bars.timeMs.slice(-5)).toEqual(direct.bars.timeMs);
    expect(kept.total).toBe(reference('H4').timeMs.length);
    expect(kept.bars).toEqual(plain(expected(reference('H4'), question)));
  });

  it('CHART-2: reads little more than a window needs, and a kept history no more at all', async () => {
    const { windows, read } = windowsOver([eurusd]);
    await windows.window({ symbol: 'EURUSD', timeframe: 'M1', count: 2000 });
    // A window's bars, and a long weekend of minutes at most.
    expect(read.rows).toBeLessThan(2000 * 1.05 + 3 * 1440 + 10);
    await windows.window({ symbol: 'EURUSD', timeframe: 'W1', count: 2000 });
    const { rows } = read;
    await windows.window({ symbol: 'EURUSD', timeframe: 'D1', count: 2000 });
    await windows.window({ symbol: 'EURUSD', timeframe: 'H1', count: 100 });
    expect(read.rows).toBe(rows);
  });

  it('CHART-2: a changed history is read anew', async () => {
    const { windows, read, datasets } = windowsOver([eurusd]);
    await windows.window({ symbol: 'EURUSD', timeframe: 'W1', count: 2000 });
    const { rows } = read;
    datasets[0] = { ...eurusd.dataset, dataHash: 'another' };
    await windows.window({ symbol: 'EURUSD', timeframe: 'W1', count: 2000 });
    expect(read.rows).toBe(2 * rows);
  });

  it('CHART-3: a bar made from a marked one is marked', async () => {
    const marks = new Uint8Array(minutes.timeMs.length);
    const at = 41_234;
    marks[at] = 2;
    const marked = { dataset: { ...eurusd.dataset, markedBars: 1 }, bars: minutes, marks };
    const { windows } = windowsOver([marked]);
    for (const timeframe of ['M1', 'M5', 'H1', 'D1'] as const) {
      const hour = reference(timeframe).timeMs;
      const holder = hour[lowerBound(hour, minutes.timeMs[at]! + 1) - 1];
      const near = { symbol: 'EURUSD', timeframe, count: 50, endMs: minutes.timeMs[at]! + 2 * MINUTE_MS };
      expect((await windows.window(near)).marked).toEqual([holder]);
      expect((await windows.window({ symbol: 'EURUSD', timeframe, count: 1 })).marked).toEqual([]);
    }
  });

  it('CHART-4: the newest bar is partial while the market is still to trade in it', async () => {
    // Ends on a Wednesday at noon in New York; a history that ends on Friday at 17:00 has whole bars.
    const wednesday = Date.UTC(2013, 0, 16, 17);
    const cutAt = (ms: number) => sliceBars(minutes, 0, lowerBound(minutes.timeMs, ms));
    const partialOf = async (ms: number, timeframe: AnyTimeframe, nowMs?: number) => {
      const bars = cutAt(ms);
      const { windows } = windowsOver([{ dataset: datasetOf('EURUSD', bars), bars }], nowMs);
      return (await windows.window({ symbol: 'EURUSD', timeframe, count: 10 })).lastPartial;
    };
    expect(await partialOf(wednesday, 'H1')).toBe(false);
    expect(await partialOf(wednesday + 5 * MINUTE_MS, 'H1')).toBe(true);
    expect(await partialOf(wednesday, 'D1')).toBe(true);
    expect(await partialOf(Date.UTC(2013, 0, 18, 22), 'W1')).toBe(false);
    expect(await partialOf(wednesday, 'W1')).toBe(true);
    // A stored bar is being made until its minute is over.
    expect(await partialOf(wednesday, 'M1', wednesday - 1)).toBe(true);
    expect(await partialOf(wednesday, 'M1', wednesday)).toBe(false);
  });

  it('CHART-5: takes the longest stored timeframe that divides, of bid before mid before ask', async () => {
    const fx = calendarOf({ calendar: 'fx' });
    const hours = resample(minutes, { source: 'M1', target: 'H1', calendar: fx }).bars;
    const history = (timeframe: Timeframe, priceSide: PriceSide, bars: BarColumns) => ({
      dataset: datasetOf('EURUSD', bars, { timeframe, priceSide }),
      bars,
    });
    const { windows, datasets } = windowsOver([
      history('M1', 'ask', minutes),
      history('H1', 'bid', hours),
      history('M1', 'bid', minutes),
    ]);
    const made = async (timeframe: AnyTimeframe, priceSide?: PriceSide) => {
      const answer = await windows.window({ symbol: 'EURUSD', timeframe, count: 3, priceSide });
      return `${answer.madeFrom} ${answer.priceSide}`;
    };
    expect(await made('H4')).toBe('H1 bid');
    expect(await made('M5')).toBe('M1 bid');
    expect(await made('H4', 'ask')).toBe('M1 ask');
    await expect(made('H4', 'mid')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(chartSymbols(datasets)).toEqual([
      {
        symbol: 'EURUSD',
        synthetic: false,
        digits: 5,
        pipSize: 0.0001,
        sides: ['bid', 'ask'],
        stored: ['M1', 'H1'],
        timeframes: expect.arrayContaining(['M1', 'M2', 'H12', 'D1', 'W1', 'MN1']),
      },
    ]);
  });

  it('CHART-2: makes kept bars anew when the symbol is given another calendar, or its own one is changed', async () => {
    const { windows, read } = windowsOver([{ dataset: datasetOf('EURUSD', minutes), bars: minutes }]);
    const opens = async () => {
      const { bars } = await windows.window({ symbol: 'EURUSD', timeframe: 'H4', count: 300 });
      return bars.timeMs;
    };
    const byRule = () => {
      const calendar = calendarOf(instrumentFor('EURUSD'));
      const { bars } = resample(minutes, { source: 'M1', target: 'H4', calendar });
      return Array.from(bars.timeMs).slice(-300);
    };
    const office = (open: string) => ({
      name: 'office',
      zone: 'UTC',
      sessions: (['mon', 'tue', 'wed', 'thu', 'fri'] as const).map((from) => ({
        from,
        open,
        to: from,
        close: '24:00',
      })),
      holidays: [],
      earlyCloses: [],
    });
    const assigned = [{ symbol: 'EURUSD', calendar: 'office' }];
    try {
      const fx = await opens();
      registerUserMarkets({ custom: [office('03:00')], assigned });
      const early = await opens();
      expect(early).toEqual(byRule());
      expect(early).not.toEqual(fx);
      registerUserMarkets({ custom: [office('06:00')], assigned });
      const late = await opens();
      expect(late).toEqual(byRule());
      expect(late).not.toEqual(early);
      const { rows } = read;
      expect(await opens()).toEqual(late);
      expect(read.rows).toBe(rows);
    } finally {
      registerUserMarkets({ custom: [], assigned: [] });
    }
  });

  it('CHART-6: refuses both bounds at once and a timeframe that nothing stored divides', async () => {
    const daily = resample(minutes, {
      source: 'M1',
      target: 'D1',
      calendar: calendarOf({ calendar: 'fx' }),
    }).bars;
    const { windows } = windowsOver([
      { dataset: datasetOf('EURUSD', daily, { timeframe: 'D1' }), bars: daily },
    ]);
    const ask = (more: object) => windows.window({ symbol: 'EURUSD', timeframe: 'H1', count: 5, ...more });
    await expect(ask({})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: expect.stringContaining('D1 bid'),
    });
    await expect(ask({ symbol: 'GBPUSD' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(ask({ endMs: 1, fromMs: 0 })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect((await ask({ timeframe: 'W1' })).madeFrom).toBe('D1');
  });
});
