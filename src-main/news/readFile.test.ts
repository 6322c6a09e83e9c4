import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FrontierError } from '../../src-shared/errors.ts';
import { readNewsFile } from './readFile.ts';
import type { NewsBatch } from './types.ts';

const NOW_MS = Date.UTC(2024, 5, 1);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'frontier-news-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(content: string | Uint8Array, zone?: string, name = 'calendar.csv'): Promise<NewsBatch> {
  const path = join(folder, name);
  writeFileSync(path, content);
  return readNewsFile(path, { zone, nowMs: NOW_MS });
}

const shown = (batch: NewsBatch): string[] =>
  batch.events.map(
    (e) =>
      `${new Date(e.timeMs).toISOString().slice(0, 16)}${e.allDay ? ' day' : ''} ${e.currency} ${e.impact} ${e.title}`,
  );

describe('calendars as tables', () => {
  it('NEWS-2: the weekly table of ForexFactory, in New York time, with dashes and the month first', async () => {
    const batch = await read(
      [
        'Title,Country,Date,Time,Impact,Forecast,Previous,URL',
        'Non-Farm Employment Change,USD,01-05-2024,8:30am,High,168K,173K,https://x',
        '"ISM Services PMI, final",USD,01-05-2024,10:00am,High,52.5,52.7,https://x',
        'Bank Holiday,JPY,01-08-2024,All Day,Holiday,,,https://x',
        'OPEC Meetings,All,01-09-2024,Tentative,Medium,,,https://x',
      ].join('\r\n'),
      'America/New_York',
    );
    expect(shown(batch)).toEqual([
      '2024-01-05T13:30 USD high Non-Farm Employment Change',
      '2024-01-05T15:00 USD high ISM Services PMI, final',
      '2024-01-08T00:00 day JPY holiday Bank Holiday',
      '2024-01-09T00:00 day ALL medium OPEC Meetings',
    ]);
    expect(batch.events[0]).toMatchObject({ forecast: '168K', previous: '173K', actual: null });
    expect(batch.events[0]!.source).toBe('file calendar.csv');
    expect(batch.notes).toContain('Dates were read with the month first.');
  });

  it('NEWS-2: MetaTrader 5, semicolons, server time and its words for importance', async () => {
    const batch = await read(
      'Date;Time;Currency;Event;Importance;Actual;Forecast;Previous\n' +
        '2024.07.05;15:30;USD;Nonfarm Payrolls;CALENDAR_IMPORTANCE_HIGH;206 K;191 K;218 K\n' +
        '2024.12.06;15:30;USD;Nonfarm Payrolls;High;227 K;;36 K\n' +
        '2024.12.07;;EUR;ECOFIN Meeting;CALENDAR_IMPORTANCE_NONE;;;\n',
      'Europe/Athens',
    );
    expect(shown(batch)).toEqual([
      '2024-07-05T12:30 USD high Nonfarm Payrolls',
      '2024-12-06T13:30 USD high Nonfarm Payrolls',
      '2024-12-07T00:00 day EUR low ECOFIN Meeting',
    ]);
    expect(batch.events[0]).toMatchObject({ actual: '206 K', forecast: '191 K' });
  });

  it('NEWS-2: Investing.com, the day first, countries by name', async () => {
    const batch = await read(
      'id,date,time,zone,currency,importance,event,actual,forecast,previous\n' +
        '1,02/01/2024,All Day,japan,JPY,,Japan - Bank Holiday,,,\n' +
        '2,03/01/2024,15:00,united states,USD,high,ISM Manufacturing PMI  (Dec),47.4,47.1,46.7\n' +
        '3,04/01/2024,13:15,germany,,medium,CPI (MoM),0.1%,nan,-0.4%\n',
    );
    expect(shown(batch)).toEqual([
      '2024-01-02T00:00 day JPY low Japan - Bank Holiday',
      '2024-01-03T15:00 USD high ISM Manufacturing PMI (Dec)',
      '2024-01-04T13:15 EUR medium CPI (MoM)',
    ]);
    expect(batch.events[2]!.forecast).toBeNull();
    expect(batch.notes).toContain('1 events state no impact and count as low.');
  });

  it('NEWS-2: one column of instants, with or without an offset, colours for impact', async () => {
    const batch = await read(
      'datetime\tcountry\timpact\tevent\n' +
        '2024-03-20T14:00:00-04:00\tUS\tred\tFederal Funds Rate\n' +
        '2024-03-21 12:00\tGB\tORA\tOfficial Bank Rate\n' +
        '20240322\tCH\tyel\tSNB\n',
    );
    expect(shown(batch)).toEqual([
      '2024-03-20T18:00 USD high Federal Funds Rate',
      '2024-03-21T12:00 GBP medium Official Bank Rate',
      '2024-03-22T00:00 day CHF low SNB',
    ]);
  });

  it('NEWS-5: the order of the numbers in a date follows from all rows, and is asked for where it cannot', async () => {
    const table = (dates: string[]) =>
      `Date,Time,Currency,Impact,Event\n${dates.map((d, i) => `${d},10:00,USD,high,E${i}`).join('\n')}`;
    expect(shown(await read(table(['01/02/2024', '13/02/2024'])))[0]).toMatch(/^2024-02-01/);
    expect(shown(await read(table(['01/02/2024', '02/13/2024'])))[0]).toMatch(/^2024-01-02/);
    // 1 February before 2 January would not be in time order.
    expect(shown(await read(table(['01/02/2024', '02/01/2024'])))[0]).toMatch(/^2024-01-02/);
    await expect(read(table(['01/02/2024', '02/02/2024']))).rejects.toThrow(/day or the month first/);
    await expect(read(table(['13/13/2024']))).rejects.toThrow(/Line 2: "13\/13\/2024" is not a date/);
  });

  it('NEWS-4: an event that comes again with its result, or an hour later, keeps its id', async () => {
    const one = (time: string, actual: string) =>
      read(`date,time,currency,impact,event,actual\n2024-01-05,${time},USD,high,NFP,${actual}\n`);
    const [before, after] = [await one('13:30', ''), await one('14:30', '216K')];
    expect(after.events[0]!.id).toBe(before.events[0]!.id);
    const twice = await read(
      'date,time,currency,impact,event\n2024-01-05,10:00,USD,low,Speech\n2024-01-05,15:00,USD,low,Speech\n',
    );
    expect(new Set(twice.events.map((e) => e.id)).size).toBe(2);
  });

  it('NEWS-1: refuses what is no calendar, naming the line, and takes nothing', async () => {
    const bad = async (content: string | Uint8Array, message: RegExp, zone?: string) =>
      expect(read(content, zone), String(content).slice(0, 60)).rejects.toThrow(message);
    const head = 'date,time,currency,impact,event\n';
    await bad('', /empty/);
    await bad(head, /no rows/);
    await bad('<!DOCTYPE html><html></html>', /web page/);
    await bad('{"events":[]}', /JSON/);
    await bad('hello', /no separator/);
    await bad(Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0xff]), /not text/);
    await bad(`${head}2024-01-05,10:00,USD,high,A\u0000B\n`, /binary/);
    await bad(
      'date,open,high,low,close\n2024-01-05,1,2,3,4\n',
      /no column for event and impact and currency/,
    );
    await bad(`${head}2024-02-30,10:00,USD,high,A\n`, /Line 2: "2024-02-30" is not a date/);
    await bad(`${head}2024-01-05,25:00,USD,high,A\n`, /Line 2: "25:00" is not a time/);
    await bad(`${head}2024-01-05,10:00,XQX,high,A\n`, /"XQX" names no currency/);
    await bad(`${head}2024-01-05,10:00,USD,huge,A\n`, /"huge" is no impact/);
    await bad(`${head}2024-01-05,10:00,USD,high,\n`, /no name/);
    await bad(`${head}2024-01-05,10:00,USD\n`, /Line 2: The row is cut off/);
    await bad(`${head}2024-01-05,10:00,USD,high,"A\n`, /never closed/);
    await bad(
      `${head}2024-03-10,02:30,USD,high,A\n`,
      /does not exist in America\/New_York/,
      'America/New_York',
    );
    await bad(`${head}2024-01-05,10:00,USD,high,A\n`, /not a time zone/, 'Nowhere/Land');
    await bad(`${head}${','.repeat(200)}\n`, /100 columns/);
    await bad(`${head}2024-01-05,10:00,USD,high,${'x'.repeat(5000)}\n`, /longer than 4000/);
    await bad(`${head}${'2024-01-05,10:00,USD,high,A\n'.repeat(100_002)}`, /100,000 rows/);
    await expect(readNewsFile(join(folder, 'absent.csv'), { nowMs: NOW_MS })).rejects.toThrow(/ENOENT/);
  });

  it('NEWS-1: damaged files are refused with a message, or read; they never crash', async () => {
    const whole =
      'Date;Time;Currency;Event;Importance;Actual\n2024.07.05;15:30;USD;Nonfarm Payrolls;High;206 K\n2024.07.06;;EUR;"A;B";Low;\n';
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.nat(8),
        fc.string({ maxLength: 4 }),
        async (at, cut, put) => {
          const damaged = whole.slice(0, at) + put + whole.slice(at + cut);
          try {
            const { events } = await read(damaged);
            for (const e of events) expect(Number.isFinite(e.timeMs) && e.title !== '').toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(FrontierError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

const ics = (...lines: string[]): string =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN', ...lines, 'END:VCALENDAR', ''].join('\r\n');
const vevent = (...lines: string[]): string[] => ['BEGIN:VEVENT', ...lines, 'END:VEVENT'];

describe('calendars as iCalendar', () => {
  it('NEWS-6: zones, all-day events, impact and currency from wherever they are', async () => {
    const batch = await read(
      ics(
        ...vevent(
          'UID:1',
          'DTSTART:20240105T133000Z',
          'SUMMARY:USD Non-Farm Payrolls [High]',
          'DESCRIPTION:Actual: 216K\\nForecast: 170K\\nPrevious: 199K',
        ),
        ...vevent(
          'UID:2',
          'DTSTART;TZID=America/New_York:20240703T140000',
          'SUMMARY:FOMC Minutes',
          'CATEGORIES:USD,High',
        ),
        ...vevent('UID:3', 'DTSTART;VALUE=DATE:20240101', 'SUMMARY:GBP Bank Holiday'),
        ...vevent('UID:4', 'DTSTART:20240125T141500', 'SUMMARY:ECB rate', 'LOCATION:Eurozone', 'PRIORITY:1'),
        ...vevent('UID:5', 'DTSTART:20240126T090000Z', 'SUMMARY:Dentist', 'STATUS:CANCELLED'),
        ...vevent('UID:6', 'DTSTART:20240127T090000Z', 'SUMMARY:Moving house'),
      ),
      'Europe/Berlin',
      'c.ics',
    );
    expect(batch.format).toBe('iCalendar');
    expect(shown(batch)).toEqual([
      '2024-01-01T00:00 day GBP holiday Bank Holiday',
      '2024-01-05T13:30 USD high Non-Farm Payrolls',
      '2024-01-25T13:15 EUR high ECB rate',
      '2024-01-27T09:00 ALL low Moving house',
      '2024-07-03T18:00 USD high FOMC Minutes',
    ]);
    expect(batch.events[1]).toMatchObject({ actual: '216K', forecast: '170K', previous: '199K' });
    expect(batch.notes).toEqual([
      '1 times without a zone were read in Europe/Berlin.',
      '1 events name no currency and count for all.',
      '1 events state no impact and count as low.',
    ]);
  });

  it('NEWS-7: repetitions follow the wall clock, leave out what is left out, and end', async () => {
    const batch = await read(
      ics(
        ...vevent(
          'UID:1',
          'DTSTART;TZID=America/New_York:20240301T083000',
          'RRULE:FREQ=WEEKLY;COUNT=4',
          'EXDATE;TZID=America/New_York:20240315T083000',
          'SUMMARY:USD Claims [medium]',
        ),
        ...vevent(
          'UID:1',
          'RECURRENCE-ID;TZID=America/New_York:20240322T083000',
          'DTSTART;TZID=America/New_York:20240321T100000',
          'SUMMARY:USD Claims moved [high]',
        ),
      ),
    );
    // New York changed its clock on 10 March.
    expect(shown(batch)).toEqual([
      '2024-03-01T13:30 USD medium Claims',
      '2024-03-08T13:30 USD medium Claims',
      '2024-03-21T14:00 USD high Claims moved',
    ]);
    const endless = await read(
      ics(...vevent('UID:1', 'DTSTART:20240101T080000Z', 'RRULE:FREQ=DAILY', 'SUMMARY:USD x [low]')),
    );
    // From 1 January 2024 to two years after 1 June 2024.
    expect(endless.events.length).toBe(
      Math.floor((NOW_MS + 732 * 86_400_000 - Date.UTC(2024, 0, 1, 8)) / 86_400_000) + 1,
    );
    expect(endless.notes).toEqual([
      '1 repeating events were followed for two years from now, or 2,000 times.',
    ]);
  });

  it('NEWS-6: zones that only the file knows are taken from it', async () => {
    const batch = await read(
      ics(
        'BEGIN:VTIMEZONE',
        'TZID:Broker Time',
        'BEGIN:STANDARD',
        'DTSTART:19700101T000000',
        'TZOFFSETFROM:+0300',
        'TZOFFSETTO:+0300',
        'END:STANDARD',
        'END:VTIMEZONE',
        ...vevent('UID:1', 'DTSTART;TZID=Broker Time:20240105T163000', 'SUMMARY:USD NFP [high]'),
      ),
    );
    expect(shown(batch)).toEqual(['2024-01-05T13:30 USD high NFP']);
    await expect(
      read(ics(...vevent('UID:1', 'DTSTART;TZID=Nowhere:20240105T163000', 'SUMMARY:USD NFP'))),
    ).rejects.toThrow(/"Nowhere" is not known/);
  });

  it('NEWS-7: refuses what is not valid or would never end', async () => {
    const bad = async (text: string, message: RegExp) => expect(read(text)).rejects.toThrow(message);
    await bad(ics(), /no events/);
    await bad('BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:x', /not a valid|no valid|complete|parse/i);
    await bad(ics(...vevent('UID:1', 'SUMMARY:USD x')), /no start/);
    await bad(ics(...vevent('UID:1', 'DTSTART:20240105T133000Z')), /no summary/);
    await bad(
      ics(...vevent('UID:1', 'DTSTART:20240105T133000Z', 'RRULE:FREQ=SECONDLY', 'SUMMARY:USD x')),
      /not followed/,
    );
  });

  it('NEWS-7: a repetition that never comes is refused, and a rare one is found', async () => {
    const daily = (rule: string) =>
      read(ics(...vevent('UID:1', 'DTSTART:20240105T133000Z', `RRULE:${rule}`, 'SUMMARY:USD x [low]')));
    for (const rule of [
      'FREQ=DAILY;BYMONTHDAY=31;BYMONTH=2',
      'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
      'FREQ=YEARLY;BYWEEKNO=53',
    ])
      await expect(daily(rule), rule).rejects.toThrow(/is not followed/);
    const ends = await daily('FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3');
    expect(shown(ends).map((e) => e.slice(0, 10))).toEqual(['2024-01-31', '2024-02-29', '2024-03-31']);
    const fridays = await daily('FREQ=MONTHLY;BYDAY=1FR;COUNT=3');
    expect(shown(fridays).map((e) => e.slice(0, 10))).toEqual(['2024-01-05', '2024-02-02', '2024-03-01']);
  });

  it('NEWS-1: damaged calendars are refused with a message, or read; they never crash', async () => {
    const whole = ics(
      ...vevent(
        'UID:1',
        'DTSTART;TZID=America/New_York:20240301T083000',
        'RRULE:FREQ=WEEKLY;COUNT=4',
        'SUMMARY:USD Claims',
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.nat(8),
        fc.string({ maxLength: 4 }),
        async (at, cut, put) => {
          const damaged = whole.slice(0, at) + put + whole.slice(at + cut);
          try {
            await read(damaged);
          } catch (error) {
            expect(error).toBeInstanceOf(FrontierError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
