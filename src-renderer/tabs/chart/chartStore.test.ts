import { describe, expect, it } from 'vitest';
import { placeMarket, restoreChart, shownCells } from './chartStore.ts';
import { spreadPips } from './Legend.tsx';
import { eventLine } from './newsMarks.ts';
import { currenciesOf } from './useChartLayers.ts';
import { missingForecasts } from './useForecast.ts';
import { storedFor } from './useMarketOfCharts.ts';

describe('what charts remember', () => {
  it('falls back field by field where storage holds something else', () => {
    const restored = restoreChart({
      style: 'lava',
      layout: 'four',
      active: 'c',
      volume: 0,
      cells: { a: {} },
    });
    expect(restored).toMatchObject({ style: 'candles', layout: 'four', active: 'c', volume: true });
    expect(restored.cells.a.symbol).toBeUndefined();
    expect(restoreChart({ layout: 'one', active: 'c' }).active).toBe('a');
    expect(shownCells({ layout: 'columns' })).toEqual(['a', 'b']);
  });

  it('links what is linked and nothing else', () => {
    const start = restoreChart({
      linkSymbol: true,
      linkTimeframe: false,
      cells: {
        a: { symbol: 'EURUSD', timeframe: 'M1', side: 'ask' },
        b: { symbol: 'EURUSD', timeframe: 'H1' },
        c: {},
        d: {},
      },
    });
    const moved = placeMarket(start, 'b', { symbol: 'GBPUSD', timeframe: 'D1' }).cells;
    expect(moved?.a).toEqual({ symbol: 'GBPUSD', timeframe: 'M1', side: undefined });
    expect(moved?.b).toMatchObject({ symbol: 'GBPUSD', timeframe: 'D1' });
    const alone = placeMarket({ ...start, linkSymbol: false, linkTimeframe: true }, 'b', {
      symbol: 'GBPUSD',
      timeframe: 'D1',
    }).cells;
    expect(alone?.a).toEqual({ symbol: 'EURUSD', timeframe: 'D1', side: 'ask' });
    expect(placeMarket(start, 'a', { side: 'bid' }).cells?.b).toEqual(start.cells.b);
  });

  it('names the stored history that a made timeframe stands on', () => {
    expect(storedFor(['M1', 'H1'], 'W1')).toBe('H1');
    expect(storedFor(['H1', 'M1'], 'M15')).toBe('M1');
    expect(storedFor(['D1'], 'H1')).toBe('D1');
    expect(storedFor([], 'H1')).toBeUndefined();
  });
});

describe('what lies on the bars', () => {
  it('measures the spread at the close in pips, and only where both sides have the bar', () => {
    const ask = { timeMs: [0, 60_000], close: [1.10012, 1.1003] };
    expect(spreadPips(ask, 60_000, 1.1001, 0.0001)).toBeCloseTo(2, 9);
    expect(spreadPips(ask, 30_000, 1.1001, 0.0001)).toBeUndefined();
    expect(spreadPips(ask, undefined, 1.1, 0.0001)).toBeUndefined();
  });

  it('asks for the events of the currencies that move the price', () => {
    expect(currenciesOf('EURUSD')).toEqual(['EUR', 'USD', 'ALL']);
    expect(currenciesOf('BTCUSDT')).toEqual(['USD', 'ALL']);
    expect(currenciesOf('RELIANCE.NSE')).toEqual(['INR', 'ALL']);
    expect(currenciesOf('AAPL')).toEqual(['USD', 'ALL']);
  });

  it('writes an event with the figures that are known', () => {
    const event = {
      id: '1',
      timeMs: Date.UTC(2016, 0, 8, 13, 30),
      currency: 'USD',
      impact: 'high',
      title: 'Non-Farm Payrolls',
      actual: '292K',
      forecast: null,
      previous: '211K',
      allDay: false,
      source: 'x',
    } as const;
    expect(eventLine(event)).toBe(
      '2016-01-08 13:30 UTC · USD · Non-Farm Payrolls (actual 292K, previous 211K)',
    );
    expect(eventLine({ ...event, allDay: true, actual: null, previous: null })).toBe(
      '2016-01-08, all day · USD · Non-Farm Payrolls',
    );
  });

  it('asks for forecasts only at bars that have none', () => {
    const have = { horizonBars: 1, confidence: 0.9, timeMs: [30, 40, 50], price: [], lower: [], upper: [] };
    expect(missingForecasts([10, 20, 30, 40, 50], undefined)).toEqual({ endMs: 51, count: 5, side: 'all' });
    expect(missingForecasts([30, 40, 50], have)).toBeUndefined();
    expect(missingForecasts([10, 20, 30, 40, 50], have)).toEqual({ endMs: 30, count: 2, side: 'older' });
    expect(missingForecasts([40, 50, 60, 70], have)).toEqual({ endMs: 71, count: 2, side: 'newer' });
    expect(missingForecasts([70, 80], have)).toEqual({ endMs: 81, count: 2, side: 'all' });
    expect(missingForecasts([], have)).toBeUndefined();
  });
});
