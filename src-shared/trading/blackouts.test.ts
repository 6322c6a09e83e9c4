import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlackoutPolicy, NewsEvent } from '../contract/news.ts';
import { instrumentFor } from '../market/instruments.ts';
import { blackoutWindows, currenciesOf } from './blackouts.ts';

const utc = (text: string): number => Date.parse(`2024-02-02T${text}Z`);
const POLICY: BlackoutPolicy = { impact: 'high', beforeMin: 30, afterMin: 15 };

function event(time: string, currency: string, title: string, more: Partial<NewsEvent> = {}): NewsEvent {
  return {
    id: `${time} ${title}`,
    timeMs: utc(time),
    currency,
    impact: 'high',
    title,
    actual: null,
    forecast: null,
    previous: null,
    allDay: false,
    source: 'test',
    ...more,
  };
}

const shown = (events: readonly NewsEvent[], symbol = 'EURUSD', policy = POLICY): string[] =>
  blackoutWindows(events, instrumentFor(symbol), policy).map(
    (w) =>
      `${new Date(w.fromMs).toISOString().slice(11, 16)} ${new Date(w.untilMs).toISOString().slice(11, 16)} ${w.reasons.join('; ')}`,
  );

describe('blackout windows', () => {
  it('NEWS-20: the currencies of a symbol', () => {
    const of = (symbol: string) => currenciesOf(instrumentFor(symbol));
    expect(of('EURUSD')).toEqual(['EUR', 'USD']);
    expect(of('GBPJPY')).toEqual(['GBP', 'JPY']);
    expect(of('XAUUSD')).toEqual(['USD']);
    expect(of('BTCUSDT')).toEqual(['USD']);
    expect(of('AAPL')).toEqual(['USD']);
    expect(of('TCS.NSE')).toEqual(['INR']);
    expect(of('SYNFX')).toEqual(['USD']);
  });

  it('NEWS-21: from so long before to so long after events of the impact on these currencies', () => {
    const events = [
      event('13:30', 'USD', 'Non-Farm Employment Change'),
      event('10:00', 'GBP', 'BOE Gov Bailey Speaks'),
      event('08:00', 'EUR', 'German PPI m/m', { impact: 'low' }),
      event('09:00', 'EUR', 'Flash GDP', { impact: 'medium' }),
      event('18:00', 'ALL', 'G7 Meetings'),
    ];
    expect(shown(events)).toEqual([
      '13:00 13:45 USD Non-Farm Employment Change (high impact)',
      '17:30 18:15 ALL G7 Meetings (high impact)',
    ]);
    expect(shown(events, 'GBPJPY')[0]).toBe('09:30 10:15 GBP BOE Gov Bailey Speaks (high impact)');
    expect(shown(events, 'EURUSD', { ...POLICY, impact: 'medium' })[0]).toBe(
      '08:30 09:15 EUR Flash GDP (medium impact)',
    );
  });

  it('NEWS-22: all-day events and holidays make none, nor do policies without length', () => {
    const events = [
      event('00:00', 'USD', 'OPEC Meetings', { allDay: true }),
      event('00:00', 'USD', 'Bank Holiday', { impact: 'holiday' }),
    ];
    expect(shown(events, 'EURUSD', { ...POLICY, impact: 'medium' })).toEqual([]);
    expect(shown([event('13:30', 'USD', 'NFP')], 'EURUSD', { ...POLICY, beforeMin: 0, afterMin: 0 })).toEqual(
      [],
    );
  });

  it('NEWS-23: windows that overlap or touch are one, with every title once', () => {
    const events = [
      event('14:15', 'USD', 'C'),
      event('13:30', 'USD', 'A'),
      event('13:30', 'USD', 'B'),
      event('13:30', 'USD', 'A'),
      event('15:01', 'EUR', 'D'),
    ];
    expect(shown(events)).toEqual([
      '13:00 14:30 USD A (high impact); USD B (high impact); USD C (high impact)',
      '14:31 15:16 EUR D (high impact)',
    ]);
  });

  it('an instant is in a window exactly when an event is near enough, whatever the order', () => {
    const minutes = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 30 });
    fc.assert(
      fc.property(
        minutes,
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 0, max: 60 }),
        (at, beforeMin, afterMin) => {
          const base = utc('00:00');
          const events = at.map((m, i) => event('00:00', 'USD', `E${i}`, { timeMs: base + m * 60_000 }));
          const policy = { impact: 'high', beforeMin, afterMin } as const;
          const windows = blackoutWindows(events, instrumentFor('EURUSD'), policy);
          for (let m = -70; m < 1100; m++) {
            const t = base + m * 60_000;
            const inside = windows.some((w) => w.fromMs <= t && t < w.untilMs);
            expect(inside).toBe(at.some((e) => e - beforeMin <= m && m < e + afterMin));
          }
          windows.slice(1).forEach((w, i) => {
            expect(w.fromMs).toBeGreaterThan(windows[i]!.untilMs);
          });
        },
      ),
      { numRuns: 50 },
    );
  });
});
