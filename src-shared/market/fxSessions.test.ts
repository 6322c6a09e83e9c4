import { describe, expect, it } from 'vitest';
import { fxSessions } from './fxSessions.ts';

const utc = (text: string): number => Date.parse(`${text}Z`);
const shown = (from: string, to: string): string[] =>
  fxSessions(utc(from), utc(to)).map(
    (s) =>
      `${s.centre} ${new Date(s.openMs).toISOString().slice(5, 16)} ${new Date(s.closeMs).toISOString().slice(11, 16)}`,
  );

describe('FX centres', () => {
  it('CAL-15: follow their own clocks, in winter', () => {
    expect(shown('2024-01-16T00:00', '2024-01-17T00:00')).toEqual([
      'Sydney 01-15T21:00 06:00',
      'Tokyo 01-16T00:00 09:00',
      'London 01-16T08:00 17:00',
      'New York 01-16T13:00 22:00',
      'Sydney 01-16T21:00 06:00',
    ]);
  });

  it('CAL-15: and in summer, when Sydney is back on standard time', () => {
    expect(shown('2024-07-16T00:00', '2024-07-16T23:00')).toEqual([
      'Sydney 07-15T22:00 07:00',
      'Tokyo 07-16T00:00 09:00',
      'London 07-16T07:00 16:00',
      'New York 07-16T12:00 21:00',
      'Sydney 07-16T22:00 07:00',
    ]);
  });

  it('CAL-15: nobody is shown at work while FX is closed', () => {
    expect(shown('2024-07-13T00:00', '2024-07-14T20:00')).toEqual([]);
    // Monday begins at 22:00 UTC in Sydney in winter there, an hour after FX opens.
    expect(shown('2024-07-14T21:00', '2024-07-14T23:00')).toEqual(['Sydney 07-14T22:00 07:00']);
    expect(shown('2024-12-25T10:00', '2024-12-25T12:00')).toEqual([]);
  });
});
