import { describe, expect, it } from 'vitest';
import { computeMetrics } from './metrics.ts';

const HOUR = 3_600_000;

/** Equity that rises 2 and falls 1 in turn, one point an hour. */
function zigzag(hours: number) {
  const equity = new Float64Array(hours);
  let value = 1000;
  for (let i = 0; i < hours; i++) {
    value += i % 2 === 0 ? 2 : -1;
    equity[i] = value;
  }
  const timeMs = Float64Array.from({ length: hours }, (_, i) => i * HOUR);
  return { initialBalance: 1000, timeMs, equity, trades: [], moneyPerLot: 1 };
}

describe('ratios of a span with fewer than twenty days', () => {
  it('come from hourly returns, annualised at no more than 120 hours a week', () => {
    const input = zigzag(72);
    const { sharpe, returnPeriod, cagrPct } = computeMetrics(input);
    const returns = Array.from(input.equity, (e, i) => e / (i === 0 ? 1000 : input.equity[i - 1]!) - 1);
    const mean = returns.reduce((s, r) => s + r, 0) / 72;
    const deviation = Math.sqrt(returns.reduce((s, r) => s + (r - mean) ** 2, 0) / 71);
    // 72 hours in 3 days would be 168 a week; 120 a week are 6261.3 a year.
    expect(sharpe).toBeCloseTo((mean / deviation) * Math.sqrt((120 / 7) * 365.2425), 6);
    expect(returnPeriod).toBe('hour');
    expect(cagrPct).toBeUndefined();
  });

  it('are unknown with fewer than 48 hours', () => {
    expect(computeMetrics(zigzag(47))).toMatchObject({ sharpe: undefined, sortino: undefined });
    expect(computeMetrics(zigzag(48)).sharpe).toBeTypeOf('number');
  });

  it('come from days again from twenty days on', () => {
    expect(computeMetrics(zigzag(20 * 24)).returnPeriod).toBe('day');
  });
});
