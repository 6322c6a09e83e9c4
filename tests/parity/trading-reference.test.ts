import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BacktestInput, runBacktest } from '../../src-main/backtest/engine.ts';
import { anyBacktest, missingHistory, realBacktest } from './trading-market.ts';
import { referenceBacktest } from './trading-reference.ts';

/** Both implementations give the same trades; money may differ by rounding only. */
function expectSame(input: BacktestInput): number {
  const run = runBacktest(input, { band: false });
  const reference = referenceBacktest(input);
  expect(run.trades.length).toBe(reference.trades.length);
  for (const [n, wanted] of reference.trades.entries()) {
    const trade = run.trades[n]!;
    expect(trade).toMatchObject({
      direction: wanted.direction,
      volumeLots: wanted.volumeLots,
      exitReason: wanted.exitReason,
      ambiguous: wanted.ambiguous,
      entryTimeMs: input.bars.timeMs[wanted.entryBar],
      exitTimeMs: input.bars.timeMs[wanted.exitBar],
    });
    expect(trade.entryPrice).toBeCloseTo(wanted.entryPrice, 9);
    expect(trade.exitPrice).toBeCloseTo(wanted.exitPrice, 9);
    expect(Math.abs(trade.netProfit - wanted.netProfit)).toBeLessThan(
      1e-6 * Math.max(1, Math.abs(wanted.netProfit)),
    );
  }
  const last = run.equity.equity.at(-1)!;
  expect(Math.abs(last - reference.balance)).toBeLessThan(1e-8 * Math.abs(reference.balance) + 1e-4);
  return run.trades.length;
}

describe('the engine against a second implementation of the rules', () => {
  it('gives the same trades on random bars, genes, costs and policies', () => {
    fc.assert(
      fc.property(anyBacktest, (input) => {
        expectSame(input);
      }),
      { numRuns: 400, endOnFailure: true },
    );
  });

  const files = [
    ['EURUSD_H1_2017-04_2018-02.csv.gz', 'EURUSD'],
    ['GBPJPY_H1_2015_2020.csv.gz', 'GBPJPY'],
  ] as const;
  for (const [file, symbol] of files) {
    const missing = missingHistory(file);
    it.skipIf(missing !== undefined)(
      `gives the same trades on real ${symbol}${missing ? ` (${missing})` : ''}`,
      () => {
        for (const genes of [{}, { entryThreshold: 0.2, stopAtr: 0.7, targetAtr: 0.7, maxHoldingBars: 6 }]) {
          expect(expectSame(realBacktest(file, symbol, genes))).toBeGreaterThan(100);
        }
      },
    );
  }
});
