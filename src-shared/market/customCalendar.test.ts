import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { CustomCalendar } from '../contract/markets.ts';
import { allocateBars } from './bars.ts';
import { calendarOf, fxCalendar } from './calendars.ts';
import { customCalendar, registerUserMarkets } from './customCalendar.ts';
import { instrumentFor } from './instruments.ts';
import { resample } from './resample.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const utc = (text: string): number => Date.parse(`${text}Z`);
const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri'] as const;

/** London's stock exchange: 08:00 to 16:30. */
const london: CustomCalendar = {
  name: 'lse',
  zone: 'Europe/London',
  sessions: WEEK.map((day) => ({ from: day, open: '08:00', to: day, close: '16:30' })),
  holidays: ['2024-12-25', '2024-12-26'],
  earlyCloses: [{ day: '2024-12-24', close: '12:30' }],
};

/** Futures in Chicago: 17:00 to 16:00 on the next day. */
const chicago: CustomCalendar = {
  name: 'globex',
  zone: 'America/Chicago',
  sessions: (['sun', 'mon', 'tue', 'wed', 'thu'] as const).map((from, i) => ({
    from,
    open: '17:00',
    to: WEEK[i]!,
    close: '16:00',
  })),
  holidays: [],
  earlyCloses: [{ day: '2024-07-04', close: '12:00' }],
};

/** FX as the built-in calendar has it, without holidays: one session of five days. */
const fxWeek: CustomCalendar = {
  name: 'fx-week',
  zone: 'America/New_York',
  sessions: [{ from: 'sun', open: '17:00', to: 'fri', close: '17:00' }],
  holidays: [],
  earlyCloses: [],
};

/** Tokyo's stock exchange with its lunch break. */
const tokyo: CustomCalendar = {
  name: 'tse',
  zone: 'Asia/Tokyo',
  sessions: WEEK.flatMap((day) => [
    { from: day, open: '09:00', to: day, close: '11:30' },
    { from: day, open: '12:30', to: day, close: '15:30' },
  ]),
  holidays: [],
  earlyCloses: [{ day: '2024-03-12', close: '10:30' }],
};

const spans = (definition: CustomCalendar, from: string, to: string): string[] =>
  customCalendar(definition)
    .sessions(utc(from), utc(to))
    .map((s) => `${iso(s.openMs)} ${iso(s.closeMs)} ${iso(s.dayMs).slice(0, 10)}`);

describe('calendars of the user', () => {
  afterEach(() => registerUserMarkets({ custom: [], assigned: [] }));

  it('CAL-9: follow the wall clock of their zone through the changes of it', () => {
    // British summer time began on 31 March 2024.
    expect(spans(london, '2024-03-28T00:00', '2024-04-02T00:00')).toEqual([
      '2024-03-28T08:00 2024-03-28T16:30 2024-03-28',
      '2024-03-29T08:00 2024-03-29T16:30 2024-03-29',
      '2024-04-01T07:00 2024-04-01T15:30 2024-04-01',
    ]);
    const calendar = customCalendar(london);
    expect(calendar.isOpen(utc('2024-04-01T07:00'))).toBe(true);
    expect(calendar.isOpen(utc('2024-04-01T15:30'))).toBe(false);
    expect(iso(calendar.nextOpen(utc('2024-03-29T16:30')))).toBe('2024-04-01T07:00');
  });

  it('CAL-10: no session opens on a holiday; CAL-11: an early close ends the session it falls into', () => {
    expect(spans(london, '2024-12-24T00:00', '2024-12-28T00:00')).toEqual([
      '2024-12-24T08:00 2024-12-24T12:30 2024-12-24',
      '2024-12-27T08:00 2024-12-27T16:30 2024-12-27',
    ]);
    expect(spans(chicago, '2024-07-03T23:00', '2024-07-05T20:00')).toEqual([
      '2024-07-03T22:00 2024-07-04T17:00 2024-07-04',
      '2024-07-04T22:00 2024-07-05T21:00 2024-07-05',
    ]);
    expect(spans(tokyo, '2024-03-12T00:00', '2024-03-13T00:00')).toEqual([
      '2024-03-12T00:00 2024-03-12T01:30 2024-03-12',
    ]);
  });

  it('a session of several days is the FX week, holidays apart', () => {
    const custom = customCalendar(fxWeek);
    const fx = fxCalendar({ holidays: false });
    fc.assert(
      fc.property(
        fc.integer({ min: utc('2015-01-05T00:00'), max: utc('2015-12-20T00:00') }),
        fc.integer({ min: 1, max: 30 * DAY_MS }),
        (fromMs, length) => {
          const bounds = (s: { openMs: number; closeMs: number }) => [s.openMs, s.closeMs];
          const toMs = fromMs + length;
          expect(custom.sessions(fromMs, toMs).map(bounds)).toEqual(fx.sessions(fromMs, toMs).map(bounds));
          expect(custom.isOpen(fromMs)).toBe(fx.isOpen(fromMs));
          expect(custom.nextOpen(fromMs)).toBe(fx.nextOpen(fromMs));
          expect(custom.openMsBetween(fromMs, toMs)).toBe(fx.openMsBetween(fromMs, toMs));
        },
      ),
    );
  });

  it('CAL-12: a time that is skipped is the moment of the jump, one that repeats is the first', () => {
    const night: CustomCalendar = {
      name: 'night',
      zone: 'Europe/Berlin',
      sessions: [{ from: 'sun', open: '02:30', to: 'sun', close: '06:00' }],
      holidays: [],
      earlyCloses: [],
    };
    // 31 March 2024: 02:00 becomes 03:00 at 01:00 UTC. 27 October: 03:00 becomes 02:00 at 01:00 UTC.
    expect(spans(night, '2024-03-31T00:00', '2024-04-01T00:00')).toEqual([
      '2024-03-31T01:00 2024-03-31T04:00 2024-03-31',
    ]);
    expect(spans(night, '2024-10-27T00:00', '2024-10-28T00:00')).toEqual([
      '2024-10-27T00:30 2024-10-27T05:00 2024-10-27',
    ]);
    const lost = { ...night, sessions: [{ from: 'sun', open: '02:10', to: 'sun', close: '02:50' } as const] };
    expect(spans(lost, '2024-03-31T00:00', '2024-04-01T00:00')).toEqual([]);
  });

  it('CAL-13: bars are aligned to the trading day that the sessions imply', () => {
    registerUserMarkets({ custom: [london, chicago, tokyo], assigned: [] });
    const hours = (from: string, count: number) => {
      const bars = allocateBars(count);
      for (let i = 0; i < count; i++) bars.timeMs[i] = utc(from) + i * HOUR_MS;
      return bars;
    };
    const days = (calendar: string, from: string, count: number, target: 'D1' | 'H4'): string[] => {
      const options = { source: 'M30', target, calendar: calendarOf({ calendar }) } as const;
      return [...resample(hours(from, count), options).bars.timeMs].map(iso);
    };
    // The day of the futures begins at 17:00 in Chicago: 22:00 UTC in summer.
    expect(days('globex', '2024-07-01T22:00', 30, 'D1')).toEqual(['2024-07-01T22:00', '2024-07-02T22:00']);
    // An exchange's day is stamped with its date, its hours are counted from the opening.
    expect(days('lse', '2024-07-01T07:00', 8, 'D1')).toEqual(['2024-07-01T00:00']);
    expect(days('lse', '2024-07-01T07:00', 8, 'H4')).toEqual(['2024-07-01T07:00', '2024-07-01T11:00']);
  });

  it('CAL-14: expected bars are those of the grid on which the market trades', () => {
    const calendar = customCalendar(tokyo);
    const day = [utc('2024-03-11T00:00'), utc('2024-03-12T00:00')] as const;
    expect(calendar.expectedBars(...day, 'M1')).toBe(330);
    // 09:00, 10:00, 11:00, 12:00 (the afternoon opens in it), 13:00, 14:00, 15:00.
    expect(calendar.expectedBars(...day, 'H1')).toBe(7);
    expect(calendar.expectedBars(...day, 'D1')).toBe(1);
    expect(calendar.expectedBars(utc('2024-03-11T00:10'), utc('2024-03-11T00:20'), 'M1')).toBe(10);
    expect(customCalendar(fxWeek).expectedBars(utc('2024-03-04T22:00'), utc('2024-03-05T22:00'), 'M5')).toBe(
      288,
    );
    expect(customCalendar(chicago).expectedBars(utc('2024-07-01T00:00'), utc('2024-07-06T00:00'), 'D1')).toBe(
      4,
    );
  });

  it('refuses what cannot be', () => {
    const bad = (change: Partial<CustomCalendar>) => () => customCalendar({ ...london, ...change });
    const session = (from: 'mon' | 'fri', open: string, to: 'mon' | 'sun' | 'fri', close: string) => ({
      from,
      open,
      to,
      close,
    });
    expect(bad({ zone: 'Mars/Base' })).toThrow(/not a time zone/);
    expect(bad({ name: 'fx' })).toThrow(/calendar of Frontier/);
    expect(bad({ holidays: ['2023-02-29'] })).toThrow(/2023-02-29/);
    expect(bad({ sessions: [session('mon', '09:00', 'mon', '09:00')] })).toThrow(/no length/);
    expect(
      bad({ sessions: [session('mon', '09:00', 'mon', '12:00'), session('mon', '11:59', 'mon', '13:00')] }),
    ).toThrow(/overlap.*mon 11:59/);
    // Around the end of the week.
    expect(
      bad({ sessions: [session('fri', '20:00', 'mon', '10:00'), session('mon', '09:00', 'mon', '17:00')] }),
    ).toThrow(/overlap/);
    const touching = [session('mon', '09:00', 'mon', '12:00'), session('mon', '12:00', 'mon', '13:00')];
    expect(() => customCalendar({ ...london, sessions: touching })).not.toThrow();
  });

  it('CAL-9: a symbol trades on the calendar it was assigned to, everywhere in the process', () => {
    registerUserMarkets({
      custom: [london],
      assigned: [
        { symbol: 'VOD.L', calendar: 'lse' },
        { symbol: 'EURUSD', calendar: 'always' },
      ],
    });
    expect(calendarOf(instrumentFor('vod.l')).name).toBe('lse');
    expect(calendarOf(instrumentFor('EUR/USD')).isOpen(utc('2024-03-02T12:00'))).toBe(true);
    expect(instrumentFor('EURUSD')).toMatchObject({ assetClass: 'fx', pipSize: 0.0001 });
    registerUserMarkets({ custom: [], assigned: [] });
    expect(instrumentFor('VOD.L').calendar).toBe('nyse');
    expect(() => calendarOf({ calendar: 'lse' })).toThrow(/no trading calendar "lse"/);
    expect(() => registerUserMarkets({ custom: [london, london], assigned: [] })).toThrow(/Two calendars/);
    expect(() => registerUserMarkets({ custom: [], assigned: [{ symbol: 'A', calendar: 'lse' }] })).toThrow(
      /no calendar/,
    );
  });

  it('sessions never overlap and agree with the answers about single instants', () => {
    for (const definition of [london, chicago, tokyo, fxWeek]) {
      const calendar = customCalendar(definition);
      fc.assert(
        fc.property(fc.integer({ min: utc('2024-01-01T00:00'), max: utc('2025-01-01T00:00') }), (at) => {
          const around = calendar.sessions(at - 9 * DAY_MS, at + 9 * DAY_MS);
          around.slice(1).forEach((s, i) => {
            expect(s.openMs).toBeGreaterThanOrEqual(around[i]!.closeMs);
          });
          const inside = around.some((s) => s.openMs <= at && at < s.closeMs);
          expect(calendar.isOpen(at)).toBe(inside);
          const next = calendar.nextOpen(at);
          expect(next).toBe(inside ? at : around.find((s) => s.openMs > at)!.openMs);
        }),
        { numRuns: 60 },
      );
    }
  });
});
