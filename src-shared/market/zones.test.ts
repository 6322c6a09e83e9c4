import { describe, expect, it } from 'vitest';
import { FrontierError } from '../errors.ts';
import { newYorkOffsetMs, newYorkToUtcMs } from './newYork.ts';
import { parseZone } from './zones.ts';

const HOUR_MS = 3_600_000;

describe('zones', () => {
  it('CAL-2: New York by rule agrees with the IANA database at every hour around the changes', () => {
    const zone = parseZone('America/New_York');
    for (let year = 1995; year <= 2035; year++) {
      for (const month of [0, 2, 3, 6, 9, 10]) {
        for (let hour = 0; hour < 31 * 24; hour += 1) {
          const utcMs = Date.UTC(year, month, 1, hour);
          if (newYorkOffsetMs(utcMs) !== zone.offsetMsAt(utcMs)) {
            expect.fail(`${new Date(utcMs).toISOString()}: ${newYorkOffsetMs(utcMs)}`);
          }
        }
      }
    }
  });

  it('converts New York wall-clock time both in winter and in summer', () => {
    expect(newYorkToUtcMs(Date.UTC(2020, 0, 5, 17))).toBe(Date.UTC(2020, 0, 5, 22));
    expect(newYorkToUtcMs(Date.UTC(2020, 6, 5, 17))).toBe(Date.UTC(2020, 6, 5, 21));
    // The Sunday on which daylight saving starts: the change at 07:00 UTC is long past at 17:00 local.
    expect(newYorkToUtcMs(Date.UTC(2020, 2, 8, 17))).toBe(Date.UTC(2020, 2, 8, 21));
  });

  it('reads fixed offsets in their usual spellings', () => {
    for (const [text, name, minutes] of [
      ['UTC', 'UTC', 0],
      ['z', 'UTC', 0],
      ['+03:00', '+03:00', 180],
      ['-0500', '-05:00', -300],
      ['UTC+2', '+02:00', 120],
      ['+05:30', '+05:30', 330],
    ] as const) {
      const zone = parseZone(text);
      expect(zone.name).toBe(name);
      expect(zone.offsetMsAt(0)).toBe(minutes * 60_000);
    }
    expect(parseZone('Etc/GMT+5').offsetMsAt(0)).toBe(-5 * HOUR_MS);
  });

  it('finds none, one or two instants for a wall-clock time', () => {
    const athens = parseZone('Europe/Athens');
    expect(athens.utcCandidates(Date.UTC(2016, 6, 1, 15, 30))).toEqual([Date.UTC(2016, 6, 1, 12, 30)]);
    expect(athens.utcCandidates(Date.UTC(2016, 2, 27, 3, 30))).toEqual([]);
    expect(athens.utcCandidates(Date.UTC(2016, 9, 30, 3, 30))).toEqual([
      Date.UTC(2016, 9, 30, 0, 30),
      Date.UTC(2016, 9, 30, 1, 30),
    ]);
    // The hours beside the change are certain.
    expect(athens.utcCandidates(Date.UTC(2016, 9, 30, 2, 59))).toEqual([Date.UTC(2016, 9, 29, 23, 59)]);
    expect(athens.utcCandidates(Date.UTC(2016, 9, 30, 4, 0))).toEqual([Date.UTC(2016, 9, 30, 2, 0)]);
  });

  it('refuses what is no zone', () => {
    for (const text of ['', 'Mars/Olympus', '+25:00', '17']) {
      expect(() => parseZone(text), text).toThrow(FrontierError);
    }
  });
});
