import { describe, expect, it } from 'vitest';
import { calendarOf } from '../../../src-shared/market/calendars.ts';
import { StalenessWatchdog } from './watchdog.ts';

const fx = calendarOf({ calendar: 'fx' });
const utc = (text: string): number => Date.parse(`${text}Z`);
const dog = (startedMs: number, calendar = fx): StalenessWatchdog =>
  new StalenessWatchdog({ calendar, staleAfterMs: 30_000, startedMs });

describe('staleness watchdog', () => {
  it('FEED-8: an open market without a tick for so long is stale, once, and recovers with the next tick', () => {
    const start = utc('2024-07-03T10:00:00');
    const watchdog = dog(start);
    expect(watchdog.nextCheckMs(start)).toBe(start + 30_000);
    expect(watchdog.check(start + 29_999)).toBeUndefined();
    expect(watchdog.check(start + 30_000)).toBe('stale');
    expect(watchdog.check(start + 90_000)).toBeUndefined();
    expect(watchdog.stale).toBe(true);
    expect(watchdog.heard(start + 91_000)).toBe('recovered');
    expect(watchdog.heard(start + 92_000)).toBeUndefined();
    expect(watchdog.nextCheckMs(start + 92_000)).toBe(start + 122_000);
  });

  it('FEED-8: it is silent while the market is closed, and counts from the opening', () => {
    const watchdog = dog(utc('2024-07-05T20:59:50'));
    watchdog.heard(utc('2024-07-05T20:59:55'));
    // FX closes at 21:00 UTC on Friday.
    expect(watchdog.check(utc('2024-07-05T21:05:00'))).toBeUndefined();
    expect(watchdog.nextCheckMs(utc('2024-07-05T21:05:00'))).toBe(utc('2024-07-07T21:00:30'));
    expect(watchdog.check(utc('2024-07-07T20:59:59'))).toBeUndefined();
    expect(watchdog.check(utc('2024-07-07T21:00:29'))).toBeUndefined();
    expect(watchdog.check(utc('2024-07-07T21:00:30'))).toBe('stale');
  });

  it('FEED-8: stale at the close, it says so, and begins anew with the next session', () => {
    const watchdog = dog(utc('2024-07-05T20:50:00'));
    expect(watchdog.check(utc('2024-07-05T20:51:00'))).toBe('stale');
    expect(watchdog.nextCheckMs(utc('2024-07-05T20:51:00'))).toBe(utc('2024-07-05T21:00:00'));
    expect(watchdog.check(utc('2024-07-05T21:00:00'))).toBe('closed');
    expect(watchdog.check(utc('2024-07-06T21:00:00'))).toBeUndefined();
    expect(watchdog.check(utc('2024-07-07T21:01:00'))).toBe('stale');
  });

  it('FEED-8: a market that never closes is always expected to speak', () => {
    const start = utc('2024-07-06T10:00:00');
    const watchdog = dog(start, calendarOf({ calendar: 'always' }));
    expect(watchdog.check(start + 29_000)).toBeUndefined();
    expect(watchdog.check(start + 30_000)).toBe('stale');
  });
});
