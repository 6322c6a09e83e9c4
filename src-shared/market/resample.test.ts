import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateBars, type Bar, type BarColumns, barAt, barCount } from './bars.ts';
import { BucketGrid } from './bucketGrid.ts';
import { calendarOf } from './calendars.ts';
import { Resampler, resample, resampleTargets } from './resample.ts';
import type { AnyTimeframe } from './timeframes.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const fx = calendarOf({ calendar: 'fx' });
const always = calendarOf({ calendar: 'always' });
const nyse = calendarOf({ calendar: 'nyse' });
const nse = calendarOf({ calendar: 'nse' });

/** Bars whose prices and volumes differ, at the given times. */
function barsAt(times: readonly (string | number)[]): BarColumns {
  const bars = allocateBars(times.length);
  times.forEach((time, i) => {
    bars.timeMs[i] = typeof time === 'string' ? Date.parse(time) : time;
    bars.open[i] = 100 + i;
    bars.high[i] = 102 + i;
    bars.low[i] = 99 + i;
    bars.close[i] = 101 + i;
    bars.volume[i] = 2 ** i;
  });
  return bars;
}

function every(fromIso: string, toIso: string, stepMs: number): number[] {
  const [from, to] = [Date.parse(fromIso), Date.parse(toIso)];
  return Array.from({ length: Math.ceil((to - from) / stepMs) }, (_, i) => from + i * stepMs);
}

function isoTimes(bars: BarColumns): string[] {
  return Array.from(bars.timeMs, (t) => new Date(t).toISOString().slice(0, 16));
}

describe('resampling', () => {
  it('RES-1: the FX day starts at 17:00 New York, in winter and in summer', () => {
    const times = ['2020-03-05T21:59Z', '2020-03-05T22:00Z', '2020-03-08T21:00Z', '2020-03-09T20:59Z'];
    const { bars } = resample(barsAt(times), { source: 'M1', target: 'D1', calendar: fx });
    expect(isoTimes(bars)).toEqual(['2020-03-04T22:00', '2020-03-05T22:00', '2020-03-08T21:00']);
    expect(Array.from(bars.volume)).toEqual([1, 2, 4 + 8]);
  });

  it('RES-1: days of a market without a close are UTC days', () => {
    const times = ['2020-03-08T23:59Z', '2020-03-09T00:00Z', '2020-03-09T21:00Z'];
    const { bars } = resample(barsAt(times), { source: 'M1', target: 'D1', calendar: always });
    expect(isoTimes(bars)).toEqual(['2020-03-08T00:00', '2020-03-09T00:00']);
  });

  it('RES-2: four-hour bars are counted from the FX day: 17, 21, 01 o’clock in New York', () => {
    const winter = every('2020-03-05T22:00Z', '2020-03-06T22:00Z', HOUR_MS);
    const summer = every('2020-03-08T21:00Z', '2020-03-09T21:00Z', HOUR_MS);
    const options = { source: 'H1', target: 'H4', calendar: fx } as const;
    const hours = (times: number[]) =>
      isoTimes(resample(barsAt(times), options).bars).map((t) => t.slice(11));
    expect(hours(winter)).toEqual(['22:00', '02:00', '06:00', '10:00', '14:00', '18:00']);
    expect(hours(summer)).toEqual(['21:00', '01:00', '05:00', '09:00', '13:00', '17:00']);
  });

  it('RES-2: bars of an exchange are counted from its opening', () => {
    const newYork = every('2023-07-10T13:30Z', '2023-07-10T20:00Z', MINUTE_MS);
    expect(isoTimes(resample(barsAt(newYork), { source: 'M1', target: 'H1', calendar: nyse }).bars)).toEqual(
      ['13:30', '14:30', '15:30', '16:30', '17:30', '18:30', '19:30'].map((t) => `2023-07-10T${t}`),
    );
    const winter = every('2023-01-10T14:00Z', '2023-01-10T16:00Z', MINUTE_MS);
    expect(isoTimes(resample(barsAt(winter), { source: 'M1', target: 'H1', calendar: nyse }).bars)).toEqual(
      ['13:30', '14:30', '15:30'].map((t) => `2023-01-10T${t}`),
    );
    const india = every('2023-07-10T03:45Z', '2023-07-10T10:00Z', MINUTE_MS);
    expect(isoTimes(resample(barsAt(india), { source: 'M1', target: 'H4', calendar: nse }).bars)).toEqual(
      ['03:45', '07:45'].map((t) => `2023-07-10T${t}`),
    );
  });

  it('RES-2: a bucket never reaches into the next trading day', () => {
    // In the night to 8 March 2020 New York skips an hour: the FX date Sunday has 23 hours.
    const times = every('2020-03-07T22:00Z', '2020-03-08T23:00Z', HOUR_MS);
    const { bars } = resample(barsAt(times), { source: 'H1', target: 'H4', calendar: fx });
    expect(isoTimes(bars).slice(-3)).toEqual(['2020-03-08T14:00', '2020-03-08T18:00', '2020-03-08T21:00']);
  });

  it('RES-3: FX weeks start on Sunday at 17:00 New York, months with the FX day of the first', () => {
    const times = every('2020-02-27T22:00Z', '2020-03-11T00:00Z', HOUR_MS).filter((t) => fx.isOpen(t));
    const weeks = resample(barsAt(times), { source: 'H1', target: 'W1', calendar: fx }).bars;
    expect(isoTimes(weeks)).toEqual(['2020-02-23T22:00', '2020-03-01T22:00', '2020-03-08T21:00']);
    const months = resample(barsAt(times), { source: 'H1', target: 'MN1', calendar: fx }).bars;
    expect(isoTimes(months)).toEqual(['2020-01-31T22:00', '2020-02-29T22:00']);
    const march = times.findIndex((t) => t >= Date.parse('2020-03-01T22:00Z'));
    expect(months.open[1]).toBe(100 + march);
  });

  it('RES-3: other weeks start on Monday', () => {
    const times = ['2023-12-31T23:59Z', '2024-01-01T00:00Z', '2024-01-07T23:59Z', '2024-01-08T00:00Z'];
    const { bars } = resample(barsAt(times), { source: 'M1', target: 'W1', calendar: always });
    expect(isoTimes(bars)).toEqual(['2023-12-25T00:00', '2024-01-01T00:00', '2024-01-08T00:00']);
  });

  it('RES-4: open first, high highest, low lowest, close last, volume summed', () => {
    const bars = barsAt(['2020-03-09T10:00Z', '2020-03-09T10:20Z', '2020-03-09T10:59Z']);
    bars.high.set([105, 109, 107]);
    bars.low.set([95, 97, 91]);
    const result = resample(bars, { source: 'M1', target: 'H1', calendar: fx }).bars;
    expect(barCount(result)).toBe(1);
    const timeMs = Date.parse('2020-03-09T10:00Z');
    expect(barAt(result, 0)).toEqual({ timeMs, open: 100, high: 109, low: 91, close: 103, volume: 7 });
  });

  it('RES-5: a bucket without bars is absent', () => {
    const times = ['2020-03-09T10:05Z', '2020-03-09T13:05Z'];
    const { bars } = resample(barsAt(times), { source: 'M1', target: 'H1', calendar: fx });
    expect(isoTimes(bars)).toEqual(['2020-03-09T10:00', '2020-03-09T13:00']);
    const none = resample(allocateBars(0), { source: 'M1', target: 'H1', calendar: fx });
    expect([barCount(none.bars), none.firstPartial, none.lastPartial]).toEqual([0, false, false]);
  });

  it('RES-6: bars of a day and longer carry the date on an exchange, and are sorted by it again', () => {
    const times = ['2023-07-07T19:59Z', '2023-07-10T13:30Z', '2023-07-11T13:30Z'];
    const days = resample(barsAt(times), { source: 'M1', target: 'D1', calendar: nyse }).bars;
    expect(isoTimes(days)).toEqual(['2023-07-07T00:00', '2023-07-10T00:00', '2023-07-11T00:00']);
    const weeks = resample(days, { source: 'D1', target: 'W1', calendar: nyse }).bars;
    expect(isoTimes(weeks)).toEqual(['2023-07-03T00:00', '2023-07-10T00:00']);
    expect(weeks).toEqual(resample(barsAt(times), { source: 'M1', target: 'W1', calendar: nyse }).bars);
  });

  it('RES-7: the last bar is partial while the market is still to trade in it', () => {
    const partial = (source: AnyTimeframe, target: AnyTimeframe, last: string, completeUntil?: string) => {
      const completeUntilMs = completeUntil === undefined ? undefined : Date.parse(completeUntil);
      return resample(barsAt([last]), { source, target, calendar: fx, completeUntilMs }).lastPartial;
    };
    expect(partial('M1', 'H1', '2020-03-09T10:58Z')).toBe(true);
    expect(partial('M1', 'H1', '2020-03-09T10:59Z')).toBe(false);
    expect(partial('M1', 'H1', '2020-03-09T10:40Z', '2020-03-09T11:00Z')).toBe(false);
    expect(partial('H1', 'W1', '2020-03-13T19:00Z')).toBe(true);
    // Friday 17:00 in New York: the week is over although its bucket lasts until Sunday.
    expect(partial('H1', 'W1', '2020-03-13T20:00Z')).toBe(false);
    expect(partial('D1', 'MN1', '2020-03-30T21:00Z')).toBe(false);
    expect(partial('D1', 'MN1', '2020-03-29T21:00Z')).toBe(true);
  });

  it('RES-7: the first bar is partial where the market was open before the history begins', () => {
    const first = (time: string) =>
      resample(barsAt([time]), { source: 'M1', target: 'W1', calendar: fx }).firstPartial;
    expect(first('2020-03-08T21:00Z')).toBe(false);
    expect(first('2020-03-08T21:01Z')).toBe(true);
  });

  it('RES-8: only a whole number of source bars makes a bar', () => {
    expect(resampleTargets('M2')).toEqual([
      'M2',
      'M10',
      'M30',
      'H1',
      'H2',
      'H3',
      'H4',
      'H6',
      'H8',
      'H12',
      'D1',
      'W1',
      'MN1',
    ] as const);
    expect(resampleTargets('H8')).toEqual(['H8', 'D1', 'W1', 'MN1']);
    expect(resampleTargets('W1')).toEqual(['W1']);
    const options = { source: 'H1', target: 'M30', calendar: fx } as const;
    expect(() => resample(barsAt(['2020-03-09T10:00Z']), options)).toThrow(
      /H1 bars cannot be resampled to M30/,
    );
    expect(() => new Resampler(options)).toThrow(/H1 bars cannot be resampled to M30/);
  });

  it('RES-8: times that do not increase are refused, in one bucket and across buckets', () => {
    const options = { source: 'M1', target: 'H1', calendar: fx } as const;
    for (const second of ['10:05', '10:04', '09:59']) {
      const bars = barsAt(['2020-03-09T10:05Z', `2020-03-09T${second}Z`]);
      expect(() => resample(bars, options)).toThrow(/must increase/);
      const resampler = new Resampler(options);
      resampler.push(barAt(bars, 0));
      expect(() => resampler.push(barAt(bars, 1))).toThrow(/must increase/);
    }
    for (const time of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const bars = barsAt(['2020-03-09T10:05Z', time]);
      expect(() => resample(bars, options)).toThrow(/BAD_INPUT|bar time|must increase/);
      expect(() => new Resampler(options).push(barAt(bars, 1))).toThrow(/must increase/);
    }
  });

  it('RES-8: source bars that reach over the end of their bar are counted', () => {
    const utc = every('2020-03-09T00:00Z', '2020-03-11T00:00Z', 4 * HOUR_MS);
    expect(resample(barsAt(utc), { source: 'H4', target: 'D1', calendar: fx }).straddlingBars).toBe(2);
    expect(resample(barsAt(utc), { source: 'H4', target: 'D1', calendar: always }).straddlingBars).toBe(0);
  });

  it('RES-11: the clock closes a bar at the end of its bucket, and what comes later is refused', () => {
    const resampler = new Resampler({ source: 'M1', target: 'H1', calendar: fx });
    const bars = barsAt(['2020-03-09T10:00Z', '2020-03-09T10:30Z', '2020-03-09T11:00Z']);
    expect(resampler.advanceTo(Date.parse('2020-03-09T10:00Z'))).toBeUndefined();
    expect(resampler.push(barAt(bars, 0))).toBeUndefined();
    expect(resampler.advanceTo(Date.parse('2020-03-09T10:59:59Z'))).toBeUndefined();
    expect(resampler.forming()).toMatchObject({ partial: true, bar: { open: 100, close: 101 } });
    expect(resampler.advanceTo(Date.parse('2020-03-09T11:00Z'))).toMatchObject({ open: 100, close: 101 });
    expect(resampler.forming()).toBeUndefined();
    expect(() => resampler.push(barAt(bars, 1))).toThrow(/closed by the clock/);
    expect(resampler.push(barAt(bars, 2))).toBeUndefined();
  });

  it('RES-11: bars that a broker makes on a holiday stay in their day', () => {
    const resampler = new Resampler({ source: 'H1', target: 'D1', calendar: fx });
    const bars = barsAt(every('2019-12-24T22:00Z', '2019-12-25T04:00Z', HOUR_MS));
    for (let i = 0; i < barCount(bars); i++) {
      expect(resampler.advanceTo(bars.timeMs[i]!)).toBeUndefined();
      expect(resampler.push(barAt(bars, i))).toBeUndefined();
    }
    expect(resampler.forming()?.bar.volume).toBe(63);
  });
});

describe('the bucket grid against the time zone database', () => {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'America/New_York',
    weekday: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = (timeMs: number) =>
    Object.fromEntries(clock.formatToParts(timeMs).map(({ type, value }) => [type, value]));
  // Instants while the FX market is open: the clock changes on Sundays before it opens.
  const instants = fc
    .integer({ min: Date.UTC(1990, 0, 1) / 1000, max: Date.UTC(2037, 0, 1) / 1000 })
    .map((s) => fx.nextOpen(s * 1000));
  const grid = (timeframe: AnyTimeframe, timeMs: number) => {
    const cursor = new BucketGrid(timeframe, 'fx', 'M1');
    cursor.seek(timeMs);
    expect(cursor.fromMs <= timeMs && timeMs < cursor.endMs && cursor.stampMs === cursor.fromMs).toBe(true);
    return cursor;
  };

  it('RES-1, RES-2, RES-3: FX buckets begin at the New York clock times that the rules name', () => {
    fc.assert(
      fc.property(instants, (timeMs) => {
        const day = grid('D1', timeMs);
        expect(parts(day.fromMs)).toMatchObject({ hour: '17', minute: '00' });
        expect(parts(day.endMs)).toMatchObject({ hour: '17', minute: '00' });
        const h4 = grid('H4', timeMs);
        expect(['17', '21', '01', '05', '09', '13']).toContain(parts(h4.fromMs).hour);
        expect(h4.endMs - h4.fromMs).toBe(4 * HOUR_MS);
        expect(parts(grid('W1', timeMs).fromMs)).toMatchObject({ weekday: 'Sun', hour: '17', minute: '00' });
        const month = grid('MN1', timeMs);
        expect(parts(month.fromMs)).toMatchObject({ hour: '17', minute: '00' });
        expect(parts(month.fromMs + 12 * HOUR_MS).day).toBe('01');
        expect(parts(month.endMs + 12 * HOUR_MS).day).toBe('01');
      }),
      { numRuns: 300 },
    );
  });

  it('RES-9: where the cursor was before does not matter', () => {
    fc.assert(
      fc.property(fc.array(instants, { minLength: 2, maxLength: 12 }), (times) => {
        const cursor = new BucketGrid('H6', 'fx', 'M1');
        for (const timeMs of times) {
          cursor.seek(timeMs);
          const fresh = grid('H6', timeMs);
          expect([cursor.fromMs, cursor.endMs]).toEqual([fresh.fromMs, fresh.endMs]);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('resampled bars as input', () => {
  it('RES-10: a detour over a timeframe between changes nothing', () => {
    const times = every('2020-03-05T20:07Z', '2020-03-11T03:13Z', MINUTE_MS).filter(
      (t, i) => fx.isOpen(t) && i % 7 !== 3,
    );
    const bars = barsAt(times);
    bars.volume.forEach((_, i) => {
      bars.volume[i] = (i * 7919) % 1000;
      bars.high[i] = 102 + ((i * 104_729) % 997);
      bars.low[i] = 99 - ((i * 15_485_863) % 991);
    });
    const step = (from: BarColumns, source: AnyTimeframe, target: AnyTimeframe) =>
      resample(from, { source, target, calendar: fx }).bars;
    for (const target of ['H1', 'H4', 'D1', 'W1', 'MN1'] as const) {
      expect(step(step(bars, 'M1', 'M5'), 'M5', target)).toEqual(step(bars, 'M1', target));
      expect(step(step(bars, 'M1', 'H1'), 'H1', target)).toEqual(step(bars, 'M1', target));
    }
  });

  it('RES-4: input columns are left alone and nothing is shared with them', () => {
    const bars = barsAt(['2020-03-09T10:00Z', '2020-03-09T10:01Z']);
    const before: Bar[] = [barAt(bars, 0), barAt(bars, 1)];
    const same = resample(bars, { source: 'M1', target: 'M1', calendar: fx }).bars;
    expect(same).toEqual(bars);
    same.high[0] = 0;
    expect([barAt(bars, 0), barAt(bars, 1)]).toEqual(before);
  });
});
