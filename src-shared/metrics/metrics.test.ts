import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Trade } from '../trading/types.ts';
import { dailyReturns, mean, sampleDeviation } from './daily.ts';
import { drawdownSeries, drawdownSummary } from './drawdown.ts';
import { computeMetrics, MIN_DAYS, MIN_SQN_TRADES, YEAR_DAYS } from './metrics.ts';
import type { Metrics } from './types.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function trade(netProfit: number, overrides: Partial<Trade> = {}): Trade {
  return {
    id: 't',
    direction: 'long',
    volumeLots: 0.1,
    entryTimeMs: 0,
    entryPrice: 1.1,
    exitTimeMs: 1,
    exitPrice: 1.1,
    exitReason: 'signal',
    barsHeld: 2,
    netProfit,
    netPips: netProfit,
    rMultiple: netProfit / 20,
    commission: 1,
    spreadCost: 2,
    slippageCost: 0.5,
    maePips: 0,
    mfePips: 0,
    ambiguous: false,
    ...overrides,
  };
}

/** Metrics of an equity curve with one point per step, from 10,000. */
function metricsOf(equity: number[], trades: Trade[] = [], stepMs = DAY): Metrics {
  return computeMetrics({
    initialBalance: 10_000,
    timeMs: Float64Array.from(equity, (_, i) => i * stepMs),
    equity: Float64Array.from(equity),
    trades,
    moneyPerLot: 100_000,
  });
}

/** 20 days of +1 % and -0.5 % in turn. */
function alternating(days = 20): number[] {
  let value = 10_000;
  return Array.from({ length: days }, (_, i) => {
    value *= i % 2 === 0 ? 1.01 : 0.995;
    return value;
  });
}

describe('annual figures', () => {
  const m = metricsOf(alternating());
  // Mean 0.25 %, every deviation 0.75 %, 20 returns in 20 calendar days: 365.2425 a year.
  const perYear = Math.sqrt(YEAR_DAYS);

  it('Sharpe: mean over sample deviation of daily returns, annualised by the measured days per year', () => {
    expect(m.sharpe).toBeCloseTo((0.0025 / (0.0075 * Math.sqrt(20 / 19))) * perYear, 9);
    expect(m.sharpe).toBeCloseTo(6.2091, 3);
  });

  it('Sortino: mean over the root of the mean squared loss of all days', () => {
    expect(m.sortino).toBeCloseTo((0.0025 / (0.005 / Math.SQRT2)) * perYear, 9);
    expect(m.sortino).toBeCloseTo(13.5138, 3);
  });

  it('volatility, CAGR and Calmar', () => {
    expect(m.annualVolatilityPct).toBeCloseTo(0.75 * Math.sqrt(20 / 19) * perYear, 9);
    const growth = (1.01 * 0.995) ** 10;
    const cagr = (growth ** (YEAR_DAYS / 20) - 1) * 100;
    expect(m.netReturnPct).toBeCloseTo((growth - 1) * 100, 9);
    expect(m.cagrPct).toBeCloseTo(cagr, 6);
    expect(m.maxDrawdownPct).toBeCloseTo(0.5, 9);
    expect(m.calmar).toBeCloseTo(cagr / 0.5, 5);
  });

  it('a doubling in exactly one mean year is a CAGR of 100 per cent', () => {
    const days = 365;
    const equity = Array.from({ length: days }, (_, i) => 10_000 * 2 ** ((i + 1) / YEAR_DAYS));
    expect(metricsOf(equity).cagrPct).toBeCloseTo(100, 6);
  });

  it('days per year are measured: five-day weeks annualise with about 261', () => {
    const equity: number[] = [];
    const timeMs: number[] = [];
    let value = 10_000;
    for (let day = 0; day < 7 * 52; day++) {
      if (day % 7 >= 5) continue;
      value *= equity.length % 2 === 0 ? 1.01 : 0.995;
      equity.push(value);
      timeMs.push(day * DAY);
    }
    const five = computeMetrics({
      initialBalance: 10_000,
      timeMs: Float64Array.from(timeMs),
      equity: Float64Array.from(equity),
      trades: [],
      moneyPerLot: 1,
    });
    const perYearDays = 260 / ((7 * 52 - 2) / YEAR_DAYS);
    expect(perYearDays).toBeCloseTo(262.3, 1);
    expect(five.sharpe).toBeCloseTo((0.0025 / (0.0075 * Math.sqrt(260 / 259))) * Math.sqrt(perYearDays), 9);
  });

  it('fewer than MIN_DAYS days carry no annual figure', () => {
    const short = metricsOf(alternating(MIN_DAYS - 1));
    for (const key of [
      'cagrPct',
      'annualVolatilityPct',
      'sharpe',
      'sortino',
      'calmar',
      'annualTurnover',
    ] as const) {
      expect(short[key]).toBeUndefined();
      if (key !== 'annualTurnover') expect(m[key]).toBeTypeOf('number');
    }
    expect(short.days).toBe(MIN_DAYS - 1);
  });

  it('a flat curve has no Sharpe, no Sortino and no Calmar, and a drawdown of 0', () => {
    const flat = metricsOf(Array.from({ length: 30 }, () => 10_000));
    expect(flat).toMatchObject({
      sharpe: undefined,
      sortino: undefined,
      calmar: undefined,
      maxDrawdownPct: 0,
    });
    expect(flat.cagrPct).toBe(0);
  });

  it('an account that is ruined before the end has no annual figure', () => {
    const equity = alternating(30).map((value, i) => (i < 20 ? value : -5));
    const ruined = metricsOf(equity);
    expect(ruined).toMatchObject({ cagrPct: undefined, sharpe: undefined, days: 30 });
    expect(ruined.maxDrawdownPct).toBeGreaterThan(100);
    expect(ruined.netReturnPct).toBeCloseTo(-100.05, 9);
  });
});

describe('days', () => {
  it('are UTC calendar days; a day ends with its last point and the first starts from the initial balance', () => {
    const times = [0, 23 * HOUR, 24 * HOUR, 25 * HOUR, 72 * HOUR];
    const equity = [110, 121, 60.5, 242, 121];
    const { returns, days, spanDays } = dailyReturns(
      100,
      Float64Array.from(times),
      Float64Array.from(equity),
    );
    expect(returns.map((r) => Math.round(r * 1e9) / 1e9)).toEqual([0.21, 1, -0.5]);
    expect([days, spanDays]).toEqual([3, 4]);
  });

  it('before 1970 and across a year work alike', () => {
    const times = [-DAY - 1, -1, 0, DAY - 1];
    const { days, spanDays } = dailyReturns(1, Float64Array.from(times), Float64Array.from([1, 1, 1, 1]));
    expect([days, spanDays]).toEqual([3, 3]);
  });

  it('nothing gives nothing', () => {
    expect(dailyReturns(1, new Float64Array(0), new Float64Array(0))).toEqual({
      returns: [],
      days: 0,
      spanDays: 0,
    });
    expect(metricsOf([])).toMatchObject({ netReturnPct: 0, maxDrawdownPct: 0, exposurePct: 0, trades: 0 });
  });

  it('compounding the daily returns gives the final equity', () => {
    const curve = fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(curve, fc.integer({ min: 1, max: 40 }), (equity, hours) => {
        const timeMs = Float64Array.from(equity, (_, i) => i * hours * HOUR);
        const { returns } = dailyReturns(10_000, timeMs, Float64Array.from(equity));
        const compounded = returns.reduce((value, r) => value * (1 + r), 10_000);
        expect(compounded / equity.at(-1)!).toBeCloseTo(1, 6);
      }),
    );
  });
});

describe('drawdown', () => {
  it('is the positive loss from the peak, the initial balance being the first peak', () => {
    const series = drawdownSeries(100, Float64Array.from([90, 110, 99, 55, 110, 121]));
    expect(Array.from(series, (d) => Math.round(d * 1e9) / 1e9)).toEqual([10, 0, 10, 50, 0, 0]);
  });

  it('its length runs from the peak to the recovery', () => {
    const m = metricsOf([11_000, 9_900, 8_800, 11_000, 10_900, 10_800, 10_700, 10_600, 12_000]);
    expect(m.maxDrawdownPct).toBeCloseTo(20, 9);
    expect(m.maxDrawdownDays).toBe(3);
    expect(m.longestDrawdownDays).toBe(5);
  });

  it('without a recovery it runs to the end', () => {
    expect(metricsOf([12_000, 9_000, 9_500, 9_600])).toMatchObject({
      maxDrawdownPct: 25,
      maxDrawdownDays: 3,
    });
  });

  it('agrees with the definition on any curve', () => {
    const curve = fc.array(fc.double({ min: 1, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(curve, (equity) => {
        const values = [10_000, ...equity];
        let worst = 0;
        for (let i = 0; i < values.length; i++) {
          for (let j = i; j < values.length; j++)
            worst = Math.max(worst, (1 - values[j]! / values[i]!) * 100);
        }
        const times = Float64Array.from(equity, (_, i) => i * DAY);
        const summary = drawdownSummary(10_000, times, Float64Array.from(equity));
        expect(summary.maxDrawdownPct).toBeCloseTo(worst, 8);
        expect(summary.longestDrawdownDays).toBeGreaterThanOrEqual(summary.maxDrawdownDays);
        expect(Math.max(...drawdownSeries(10_000, Float64Array.from(equity)))).toBeCloseTo(worst, 8);
      }),
    );
  });
});

describe('trades', () => {
  const trades = [
    trade(40),
    trade(-20),
    trade(60, { direction: 'short' }),
    trade(-20, { ambiguous: true }),
    trade(0),
  ];
  const m = metricsOf([10_060], trades);

  it('win rate, profit factor, payoff and averages', () => {
    expect(m.winRatePct).toBe(40);
    expect(m.profitFactor).toBe(2.5);
    expect(m.averageWin).toBe(50);
    expect(m.averageLoss).toBe(-20);
    expect(m.payoff).toBe(2.5);
  });

  it('expectancy in money, pips and R', () => {
    expect(m.expectancy).toBe(12);
    expect(m.expectancyPips).toBe(12);
    expect(m.expectancyR).toBeCloseTo(0.6, 12);
  });

  it('costs are counted apart and together', () => {
    expect(m).toMatchObject({ commission: 5, spreadCost: 10, slippageCost: 2.5, totalCost: 17.5 });
  });

  it('exposure, holding, turnover and counts', () => {
    const longer = metricsOf(
      Array.from({ length: 50 }, () => 10_000),
      trades,
    );
    expect(longer.exposurePct).toBe(20);
    expect(longer.averageBarsHeld).toBe(2);
    expect(longer.turnoverLots).toBeCloseTo(1, 12);
    // Five trades, 2.2 of price, 10,000 units: 110,000 over a mean equity of 10,000.
    expect(longer.turnover).toBeCloseTo(11, 9);
    expect(longer.annualTurnover).toBeCloseTo(11 / (50 / YEAR_DAYS), 9);
    expect(longer).toMatchObject({ trades: 5, longTrades: 4, shortTrades: 1, ambiguousTrades: 1 });
  });

  it('SQN needs MIN_SQN_TRADES and counts at most 100', () => {
    const many = (n: number): Trade[] => Array.from({ length: n }, (_, i) => trade(i % 2 === 0 ? 40 : -20));
    expect(metricsOf([1], many(MIN_SQN_TRADES - 1)).sqn).toBeUndefined();
    // R is 2 or -1: mean 0.5, every deviation 1.5.
    const deviation = (n: number): number => 1.5 * Math.sqrt(n / (n - 1));
    expect(metricsOf([1], many(30)).sqn).toBeCloseTo((Math.sqrt(30) * 0.5) / deviation(30), 9);
    expect(metricsOf([1], many(400)).sqn).toBeCloseTo((10 * 0.5) / deviation(400), 9);
    const equal = Array.from({ length: 40 }, () => trade(20));
    expect(metricsOf([1], equal).sqn).toBeUndefined();
  });

  it('without trades no figure is invented', () => {
    const none = metricsOf([10_000]);
    const keys = [
      'winRatePct',
      'profitFactor',
      'expectancy',
      'expectancyPips',
      'expectancyR',
      'payoff',
    ] as const;
    for (const key of keys) expect(none[key]).toBeUndefined();
    expect(none).toMatchObject({ totalCost: 0, turnoverLots: 0, averageBarsHeld: undefined });
  });

  it('without a loss there is no profit factor, and without a win it is 0', () => {
    expect(metricsOf([1], [trade(5)])).toMatchObject({ profitFactor: undefined, winRatePct: 100 });
    expect(metricsOf([1], [trade(-5)])).toMatchObject({ profitFactor: 0, payoff: undefined, winRatePct: 0 });
  });

  it('an unknown R is left out, not counted as 0', () => {
    expect(metricsOf([1], [trade(20), trade(40, { rMultiple: Number.NaN })]).expectancyR).toBe(1);
  });

  it('every figure is finite or undefined', () => {
    const curve = fc.array(fc.double({ min: -1e5, max: 1e5, noNaN: true }), { maxLength: 80 });
    const profits = fc.array(fc.double({ min: -1e4, max: 1e4, noNaN: true }), { maxLength: 60 });
    fc.assert(
      fc.property(curve, profits, (equity, nets) => {
        const figures = metricsOf(
          equity,
          nets.map((net) => trade(net)),
        );
        for (const [key, value] of Object.entries(figures)) {
          if (value !== undefined) expect(Number.isFinite(value), `${key} is ${value}`).toBe(true);
        }
      }),
    );
  });
});

describe('moments', () => {
  it('mean and sample deviation of 2, 4, 4, 4, 5, 5, 7, 9', () => {
    const values = [2, 4, 4, 4, 5, 5, 7, 9];
    expect(mean(values)).toBe(5);
    expect(sampleDeviation(values)).toBeCloseTo(Math.sqrt(32 / 7), 12);
    expect(sampleDeviation([3])).toBe(0);
    // Three times 0.1 sums to 0.30000000000000004: the mean differs from every value.
    expect(sampleDeviation([0.1, 0.1, 0.1])).toBe(0);
  });
});
