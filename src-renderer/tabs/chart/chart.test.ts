import { describe, expect, it } from 'vitest';
import type { BarColumnsDto } from '../../../src-shared/contract/data.ts';
import { barsCsv } from './exports.ts';
import { barOf, joinBars, placeForecast } from './forecastPlace.ts';
import { beginsTimeframe, quickMatches, typedTimeframe } from './quickSwitch.ts';
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
  const stored = [
    { symbol: 'EURUSD', timeframe: 'M1', synthetic: false },
    { symbol: 'EURUSD', timeframe: 'H1', synthetic: false },
    { symbol: 'GBPUSD', timeframe: 'H1', synthetic: false },
    { symbol: 'DKKSEK', timeframe: 'D1', synthetic: false },
  ] as const;
  const now = { symbol: 'EURUSD', timeframe: 'H1' } as const;

  it('reads timeframes as minutes or letters', () => {
    expect(['1', '15', '60', 'd', 'h4', '7'].map(typedTimeframe)).toEqual([
      'M1',
      'M15',
      'H1',
      'D1',
      'H4',
      undefined,
    ]);
  });

  it('takes a digit only where it begins a timeframe that could be switched to', () => {
    expect(beginsTimeframe('1', stored, now)).toBe(true);
    expect(beginsTimeframe('6', stored, now)).toBe(false);
    expect(beginsTimeframe('6', stored, { symbol: 'EURUSD', timeframe: 'M1' })).toBe(true);
    expect(beginsTimeframe('1', stored, { symbol: 'GBPUSD', timeframe: 'H1' })).toBe(false);
  });

  it('means the timeframe of this symbol first, then symbols that begin so, this timeframe first', () => {
    expect(quickMatches('1', stored, now)).toEqual([stored[0]]);
    expect(quickMatches('6', stored, now)).toEqual([stored[1]]);
    expect(quickMatches('usd', stored, now).map((d) => `${d.symbol} ${d.timeframe}`)).toEqual([
      'EURUSD H1',
      'GBPUSD H1',
      'EURUSD M1',
    ]);
    expect(quickMatches('D', stored, now)[0]?.symbol).toBe('DKKSEK');
    expect(quickMatches('', stored, now)).toEqual([]);
  });
});
