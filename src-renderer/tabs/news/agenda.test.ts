import { describe, expect, it } from 'vitest';
import type { NewsEvent } from '../../../src-shared/contract/news.ts';
import { agendaRows, figureOf, matches, movedAnchor, nextHighImpact, rangeAt, surprise } from './agenda.ts';

const at = (iso: string) => Date.parse(iso);
const event = (id: string, time: string, change: Partial<NewsEvent> = {}): NewsEvent => ({
  id,
  timeMs: at(time),
  currency: 'USD',
  impact: 'high',
  title: `Event ${id}`,
  actual: null,
  forecast: null,
  previous: null,
  allDay: false,
  source: 'test',
  ...change,
});

describe('the shown stretch of the calendar', () => {
  it('starts weeks on Sunday and months on their first day', () => {
    const wednesday = at('2026-03-11T15:00Z');
    expect(rangeAt('day', wednesday, 'utc')).toEqual({
      fromMs: at('2026-03-11T00:00Z'),
      toMs: at('2026-03-12T00:00Z'),
    });
    expect(rangeAt('week', wednesday, 'utc')).toEqual({
      fromMs: at('2026-03-08T00:00Z'),
      toMs: at('2026-03-15T00:00Z'),
    });
    expect(rangeAt('month', wednesday, 'utc')).toEqual({
      fromMs: at('2026-03-01T00:00Z'),
      toMs: at('2026-04-01T00:00Z'),
    });
  });

  it('moves to the neighbouring stretch, also over the end of a year', () => {
    const next = movedAnchor('month', at('2026-12-31T23:00Z'), 1, 'utc');
    expect(rangeAt('month', next, 'utc').fromMs).toBe(at('2027-01-01T00:00Z'));
    const before = movedAnchor('week', at('2026-01-01T00:00Z'), -1, 'utc');
    expect(rangeAt('week', before, 'utc').fromMs).toBe(at('2025-12-21T00:00Z'));
  });
});

describe('the agenda', () => {
  const range = rangeAt('week', at('2026-03-11T00:00Z'), 'utc');
  const events = [event('b', '2026-03-11T13:30Z'), event('a', '2026-03-09T10:00Z')];
  const keys = (nowIso: string) => agendaRows(events, range, at(nowIso), 'utc').map((r) => r.key);

  it('orders by time under days', () => {
    expect(keys('2026-04-01T00:00Z')).toEqual([
      `day-${at('2026-03-09T00:00Z')}`,
      'a',
      `day-${at('2026-03-11T00:00Z')}`,
      'b',
    ]);
  });

  it('marks the present inside its day, between days and at the end', () => {
    expect(keys('2026-03-11T12:00Z').slice(-2)).toEqual(['now', 'b']);
    expect(keys('2026-03-10T12:00Z')[2]).toBe('now');
    expect(keys('2026-03-12T12:00Z').at(-1)).toBe('now');
    expect(keys('2026-03-08T00:00Z')[0]).toBe('now');
  });

  it('filters by currency, impact and words; an empty choice leaves nothing out', () => {
    const all = { currencies: [], impacts: [], text: '' };
    expect(matches(events[0]!, all)).toBe(true);
    expect(matches(events[0]!, { ...all, currencies: ['EUR'] })).toBe(false);
    expect(matches(events[0]!, { ...all, impacts: ['high'], text: 'EVENT b' })).toBe(true);
    expect(matches(events[0]!, { ...all, text: 'payrolls' })).toBe(false);
  });

  it('finds the next event that matters for a symbol', () => {
    const next = (nowIso: string, currencies: string[]) => nextHighImpact(events, currencies, at(nowIso))?.id;
    expect(next('2026-03-09T10:00Z', ['EUR', 'USD'])).toBe('b');
    expect(next('2026-03-01T00:00Z', ['USD'])).toBe('a');
    expect(next('2026-03-01T00:00Z', ['GBP', 'JPY'])).toBeUndefined();
  });
});

describe('released figures', () => {
  it('reads numbers with their unit and nothing else', () => {
    expect(figureOf('0.3%')).toEqual({ value: 0.3, unit: '%' });
    expect(figureOf('-1,250K')).toEqual({ value: -1250, unit: 'K' });
    expect(figureOf('2-1-6')).toBeUndefined();
    expect(figureOf('')).toBeUndefined();
    expect(figureOf(null)).toBeUndefined();
  });

  it('says above or below only between figures of one unit', () => {
    const release = (actual: string | null, forecast: string | null) =>
      surprise(event('x', '2026-03-09T10:00Z', { actual, forecast }));
    expect(release('0.4%', '0.3%')).toBe('above');
    expect(release('199K', '200K')).toBe('below');
    expect(release('0.3%', '0.3%')).toBeUndefined();
    expect(release('1.2M', '900K')).toBeUndefined();
    expect(release(null, '0.3%')).toBeUndefined();
  });
});
