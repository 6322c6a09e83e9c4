import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BacktestInput, runBacktest } from '../../src-main/backtest/engine.ts';
import { barAt } from '../../src-shared/market/bars.ts';
import type { IdSource } from '../../src-shared/runtime.ts';
import { orderFromIntent } from '../../src-shared/trading/orders.ts';
import { decide } from '../../src-shared/trading/strategy.ts';
import type { Decision, Trade } from '../../src-shared/trading/types.ts';
import { SimulatedVenue, type VenueState } from '../../src-shared/trading/venue.ts';
import { anyBacktest, missingHistory, realBacktest } from './trading-market.ts';

interface SessionResult {
  readonly decisions: Decision[];
  readonly trades: Trade[];
  readonly balance: number;
}

function countingIds(): IdSource {
  let count = 0;
  return { next: (prefix) => `${prefix}_session_${++count}` };
}

/**
 * What a paper session does: bar objects in, events out, a decision with words, an order. Where `killedAfter`
 * says so, the venue is thrown away after that bar and comes back from the JSON of its snapshot.
 */
function session(input: BacktestInput, killedAfter: (bar: number) => boolean): SessionResult {
  const { bars, genes, signals, atr, venue: spec } = input;
  const ids = countingIds();
  const decisions: Decision[] = [];
  const trades: Trade[] = [];
  let venue = new SimulatedVenue(spec, ids);
  const order = (intent: NonNullable<Decision['intent']>, createdMs: number) => {
    const context = { clientOrderId: ids.next('ord'), symbol: spec.instrument.symbol, createdMs };
    return orderFromIntent(intent, { ...context, position: venue.position })!;
  };
  for (let i = input.from; i < input.to; i++) {
    const bar = barAt(bars, i);
    trades.push(...venue.onBar(bar).trades);
    const { position } = venue;
    const known = { bar, signal: signals[i]!, atr: atr[i]!, position, equity: venue.equityAt(bar.close) };
    const decision = decide(genes, known, spec);
    decisions.push(decision);
    if (decision.intent !== undefined) {
      expect(venue.submit(order(decision.intent, bar.timeMs))).toEqual({ accepted: true });
    }
    if (killedAfter(i)) {
      venue = new SimulatedVenue(spec, ids, JSON.parse(JSON.stringify(venue.snapshot())) as VenueState);
    }
  }
  venue.cancelPending();
  if (venue.position !== undefined) {
    const close = order({ type: 'close', reason: 'end-of-data' }, bars.timeMs[input.to - 1]!);
    trades.push(...venue.executeNow(close, bars.close[input.to - 1]!, bars.timeMs[input.to - 1]!).trades);
  }
  return { decisions, trades, balance: venue.balance };
}

/** The same trades, whatever they are called. */
function anonymous(trades: readonly Trade[]): Omit<Trade, 'id'>[] {
  return trades.map(({ id: _, ...rest }) => rest);
}

function expectEqual(input: BacktestInput, killedAfter: (bar: number) => boolean): number {
  const decisions: Decision[] = [];
  const run = runBacktest(input, { band: false, decisions: (d) => decisions.push(d) });
  const live = session(input, killedAfter);
  expect(live.decisions).toEqual(decisions);
  expect(anonymous(live.trades)).toEqual(anonymous(run.trades));
  expect(live.balance).toBe(run.equity.equity.at(-1));
  return run.trades.length;
}

describe('a session bar by bar against the engine', () => {
  it('gives the same decisions, trades and balance, bit for bit', () => {
    fc.assert(
      fc.property(anyBacktest, (input) => {
        expectEqual(input, () => false);
      }),
      { numRuns: 200, endOnFailure: true },
    );
  });

  it('FILL-15: also when it is killed and restored after any bar, or after every one', () => {
    fc.assert(
      fc.property(anyBacktest, fc.nat(), (input, at) => {
        expectEqual(input, (bar) => bar === at % input.to);
        expectEqual(input, () => true);
      }),
      { numRuns: 150, endOnFailure: true },
    );
  });

  const file = 'GBPJPY_H1_2015_2020.csv.gz';
  const missing = missingHistory(file);
  it.skipIf(missing !== undefined)(`on five years of real GBPJPY${missing ? ` (${missing})` : ''}`, () => {
    expect(expectEqual(realBacktest(file, 'GBPJPY'), (bar) => bar % 500 === 0)).toBeGreaterThan(1000);
  });
});
