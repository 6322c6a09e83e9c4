import { describe, expect, it } from 'vitest';
import type { BarColumnsDto } from '../../../src-shared/contract/data.ts';
import type { NewsEvent } from '../../../src-shared/contract/news.ts';
import { barsCsv } from './exports.ts';
import { barOf, joinBars, placeForecast } from './forecastPlace.ts';
import { typedInstant } from './goToDate.ts';
import { marked } from './newsMarks.ts';
import {
  beginsTimeframe,
  goesToDate,
  meansDate,
  type QuickSymbol,
  quickMatches,
  typedTimeframe,
} from './quickSwitch.ts';
import { tradeMarkers } from './tradeMarkers.ts';

function columns(times: number[]): BarColumnsDto {
  const price = times.map((t) => 1 + t / 1000);
  return { timeMs: times, open: price, high: price, low: price, close: price, volume: times.map(() => 1) };
}

describe('forecast placement', () => {
  const forecast = {
    horizonBars: 2,
    confidence: 0.9,
    timeMs: [0, 100, 300, 400],
    price: [1, 2, 3, null],
    lower: [0, 1, 2, null],
    upper: [2, 3, 4, null],
  };

  it('moves a forecast to the bar it speaks of, over gaps in time, and beyond the last bar by the timeframe', () => {
    const placed = placeForecast([0, 100, 300, 400], forecast, 100);
    expect(placed.map((p) => [p.madeMs, p.timeMs, p.price])).toEqual([
      [0, 300, 1],
      [100, 400, 2],
      [300, 500, 3],
    ]);
  });

  it('leaves out forecasts at bars that are not loaded', () => {
    expect(placeForecast([300, 400], forecast, 100).map((p) => p.madeMs)).toEqual([300]);
    expect(placeForecast([], forecast, 100)).toEqual([]);
  });
});

describe('windows of bars', () => {
  it('joins an older window before a newer one and keeps a shared bar once', () => {
    const joined = joinBars(columns([0, 100, 200]), columns([200, 300]));
    expect(joined.timeMs).toEqual([0, 100, 200, 300]);
    expect(joined.close).toHaveLength(4);
    expect(joinBars(columns([0]), columns([100])).timeMs).toEqual([0, 100]);
  });

  it('finds the bar that a moment falls into', () => {
    expect(barOf([0, 100, 200], 150)).toBe(1);
    expect(barOf([0, 100, 200], 200)).toBe(2);
    expect(barOf([0, 100, 200], 999)).toBe(2);
    expect(barOf([100], 50)).toBeUndefined();
  });

  it('exports UTC times', () => {
    expect(barsCsv(columns([0]))).toBe(
      'timeUtc,open,high,low,close,volume\n1970-01-01T00:00:00.000Z,1,1,1,1,1\n',
    );
  });
});

describe('trade markers', () => {
  const colors = { up: 'up', down: 'down' };

  it('marks entry and exit at the bars they fell into, in time order', () => {
    const markers = tradeMarkers(
      [
        { direction: 'short', entryTimeMs: 250, entryPrice: 1, exitTimeMs: 320, exitPrice: 1, netPips: -4 },
        { direction: 'long', entryTimeMs: 100, entryPrice: 1, exitTimeMs: 200, exitPrice: 1, netPips: 12.34 },
      ],
      [0, 100, 200, 300],
      colors,
    );
    expect(markers.map((m) => [m.timeMs, m.shape, m.color, m.text])).toEqual([
      [100, 'arrowUp', 'up', undefined],
      [200, 'arrowDown', 'down', undefined],
      [200, 'circle', 'up', '+12.3'],
      [300, 'circle', 'down', '−4.0'],
    ]);
  });

  it('makes one mark of the entries, and one of the exits, of a direction that share a bar', () => {
    const trade = (direction: 'long' | 'short', entryTimeMs: number, netPips: number) => ({
      direction,
      entryTimeMs,
      entryPrice: 1,
      exitTimeMs: entryTimeMs + 5,
      exitPrice: 1,
      netPips,
    });
    const markers = tradeMarkers(
      [trade('long', 10, 4), trade('long', 40, -9), trade('short', 60, 2.5), trade('long', 110, 1)],
      [0, 100],
      colors,
    );
    expect(markers.map((m) => [m.timeMs, m.shape, m.position, m.color, m.text])).toEqual([
      [0, 'arrowUp', 'belowBar', 'up', '2×'],
      [0, 'circle', 'aboveBar', 'down', '2× −5.0'],
      [0, 'arrowDown', 'aboveBar', 'down', undefined],
      [0, 'circle', 'belowBar', 'up', '+2.5'],
      [100, 'arrowUp', 'belowBar', 'up', undefined],
      [100, 'circle', 'aboveBar', 'up', '+1.0'],
    ]);
  });

  it('leaves out trades that ended before the loaded bars, and shows an open position as entry alone', () => {
    const trades = [
      { direction: 'long', entryTimeMs: 0, entryPrice: 1, exitTimeMs: 50, exitPrice: 1, netPips: 1 },
      { direction: 'long', entryTimeMs: 150, entryPrice: 1 },
    ] as const;
    expect(tradeMarkers(trades, [100, 200], colors).map((m) => m.timeMs)).toEqual([100]);
    expect(tradeMarkers(trades, [], colors)).toEqual([]);
  });
});

describe('typing on the chart', () => {
  const symbols: QuickSymbol[] = [
    { symbol: 'EURUSD', timeframes: ['M1', 'M5', 'M15', 'H1', 'H4', 'D1', 'W1', 'MN1'], synthetic: false },
    { symbol: 'GBPUSD', timeframes: ['H1', 'H4', 'D1', 'W1', 'MN1'], synthetic: false },
    { symbol: 'DKKSEK', timeframes: ['D1', 'W1', 'MN1'], synthetic: false },
  ];
  const now = { symbol: 'EURUSD', timeframe: 'H1' } as const;
  const names = (text: string) => quickMatches(text, symbols, now).map((m) => `${m.symbol} ${m.timeframe}`);

  it('reads timeframes as minutes, letters or names either way round', () => {
    expect(['1', '15', '60', 'd', 'h4', '4h', '5m', 'w', 'M', '240', '7'].map(typedTimeframe)).toEqual([
      'M1',
      'M15',
      'H1',
      'D1',
      'H4',
      'H4',
      'M5',
      'W1',
      'MN1',
      'H4',
      undefined,
    ]);
  });

  it('CHART-11: takes every digit that begins a timeframe, also the one that is on the chart', () => {
    expect([...'0123456789'].filter(beginsTimeframe).join('')).toBe('1234567');
  });

  it('CHART-11: goes to a date with G alone where no symbol begins with it', () => {
    expect(goesToDate('g', symbols)).toBe(false);
    const others = symbols.filter((s) => !s.symbol.startsWith('G'));
    expect(['g', 'G', 'd', '1'].map((key) => goesToDate(key, others))).toEqual([true, true, false, false]);
  });

  it('means the timeframe of this symbol first, exact before longer, then symbols that begin so', () => {
    expect(names('1')).toEqual(['EURUSD M1', 'EURUSD M15', 'EURUSD D1', 'EURUSD W1']);
    expect(names('6')).toEqual(['EURUSD H1']);
    expect(names('240')).toEqual(['EURUSD H4']);
    expect(names('usd')).toEqual(['EURUSD H1', 'GBPUSD H1']);
    // D is a timeframe first, and begins a symbol, which has nothing shorter than a day.
    expect(names('D')).toEqual(['EURUSD D1', 'DKKSEK D1', 'EURUSD H1', 'GBPUSD H1']);
    expect(names('')).toEqual([]);
  });

  it('takes G, and what begins a date, for a date', () => {
    expect(['g', 'GO', '2015-', '2015-03-04'].every(meansDate)).toBe(true);
    expect(['GB', '2015', '', 'D'].some(meansDate)).toBe(false);
  });
});

describe('marks of events', () => {
  const event = (id: string, impact: NewsEvent['impact'], x: number) => ({
    event: { id, impact } as NewsEvent,
    x,
  });

  it('CHART-10: draws the strongest where several lie on each other, the first of equals, and all that stand apart', () => {
    const placed = [
      event('low', 'low', 100),
      event('first high', 'high', 100),
      event('second high', 'high', 104),
      event('apart', 'medium', 112),
      event('holiday', 'holiday', 115),
      event('far', 'low', 300),
    ];
    expect(marked(placed).map((p) => p.event.id)).toEqual(['first high', 'apart', 'far']);
    expect(marked([])).toEqual([]);
  });

  it('CHART-10: leaves marks no closer than a mark is wide, however many events there are', () => {
    const crowd = Array.from({ length: 5000 }, (_, i) => event(String(i), i % 3 ? 'low' : 'high', i / 10));
    const groups = marked(crowd);
    expect(groups.length).toBe(42);
    expect(groups.every((p) => p.event.impact === 'high')).toBe(true);
  });
});

describe('a typed date', () => {
  it('is a day, a minute or a month of the shown zone', () => {
    expect(typedInstant('2015-03-04', 'utc')).toBe(Date.UTC(2015, 2, 4));
    expect(typedInstant(' 2015-03-04 13:30 ', 'utc')).toBe(Date.UTC(2015, 2, 4, 13, 30));
    expect(typedInstant('2015-3-4T09:05:07', 'utc')).toBe(Date.UTC(2015, 2, 4, 9, 5, 7));
    expect(typedInstant('2015-03', 'utc')).toBe(Date.UTC(2015, 2, 1));
    expect(typedInstant('2015-03-04 13:30', 'local')).toBe(new Date(2015, 2, 4, 13, 30).getTime());
  });

  it('is refused where there is no such day or time', () => {
    for (const text of [
      '2015-02-29',
      '2015-13-01',
      '2015-03-04 25:00',
      '2015-03-04 10:75',
      '4.3.2015',
      '',
      '2015',
    ])
      expect(typedInstant(text, 'utc'), text).toBeUndefined();
  });
});
