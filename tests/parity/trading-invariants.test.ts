import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BacktestInput, runBacktest } from '../../src-main/backtest/engine.ts';
import { computeMetrics } from '../../src-shared/metrics/metrics.ts';
import { SequentialIds } from '../../src-shared/trading/ids.ts';
import { openOrder } from '../../src-shared/trading/testing.ts';
import type { Decision, IntrabarPolicy, Trade } from '../../src-shared/trading/types.ts';
import { SimulatedVenue } from '../../src-shared/trading/venue.ts';
import { anyBacktest } from './trading-market.ts';

/** No shrinking: it takes minutes on these inputs. The printed seed and path repeat a failure. */
const runs = { numRuns: 300, endOnFailure: true };

/** Tolerance for sums of money: rounding of some hundred additions. */
function near(a: number, b: number): void {
  expect(Math.abs(a - b)).toBeLessThan(1e-6 * Math.max(1, Math.abs(a)));
}

function decisionsOf(input: BacktestInput): Decision[] {
  const decisions: Decision[] = [];
  runBacktest(input, { band: false, decisions: (decision) => decisions.push(decision) });
  return decisions;
}

/** Bars after `keep` replaced by others, and what is known there too. */
function withOtherFuture(input: BacktestInput, keep: number, factor: number): BacktestInput {
  const change = (column: Float64Array): Float64Array => column.map((v, i) => (i <= keep ? v : v * factor));
  const { bars } = input;
  return {
    ...input,
    bars: {
      timeMs: bars.timeMs,
      open: change(bars.open),
      high: change(bars.high),
      low: change(bars.low),
      close: change(bars.close),
      volume: change(bars.volume),
    },
    signals: input.signals.map((v, i) => (i <= keep ? v : -v)),
    atr: change(input.atr),
  };
}

describe('the random markets', () => {
  it('reach every way out, both directions, ambiguous bars and refused margins', () => {
    const seen = new Map<string, number>();
    const count = (what: string): unknown => seen.set(what, (seen.get(what) ?? 0) + 1);
    for (const input of fc.sample(anyBacktest, { numRuns: 300, seed: 1 })) {
      const run = runBacktest(input, { band: false });
      if (run.rejectedOrders > 0) count('margin');
      for (const t of run.trades) {
        for (const what of [t.exitReason, t.direction, ...(t.ambiguous ? ['ambiguous'] : [])]) count(what);
      }
    }
    const wanted = [
      'stop-loss',
      'take-profit',
      'max-holding',
      'signal',
      'end-of-data',
      'long',
      'short',
      'ambiguous',
    ];
    for (const what of wanted) expect(seen.get(what) ?? 0, what).toBeGreaterThan(20);
    expect(seen.get('margin') ?? 0).toBeGreaterThan(0);
  });
});

describe('money', () => {
  it('COST-5: the final balance is the initial balance plus the net profits, and equals the last equity', () => {
    fc.assert(
      fc.property(anyBacktest, (input) => {
        const { trades, equity, metrics } = runBacktest(input, { band: false });
        const sum = trades.reduce((total, t) => total + t.netProfit, input.venue.account.initialBalance);
        near(sum, equity.equity.at(-1)!);
        near(metrics.netProfit, sum - input.venue.account.initialBalance);
      }),
      runs,
    );
  });

  it('COST-5: costs add up, trade by trade, to what they are counted from', () => {
    fc.assert(
      fc.property(anyBacktest, (input) => {
        const { trades, metrics } = runBacktest(input, { band: false });
        const { instrument, account, costs } = input.venue;
        const pipMoney = instrument.lotSize * account.quoteToAccount * instrument.pipSize;
        for (const t of trades) {
          near(t.spreadCost, costs.spreadPips * pipMoney * t.volumeLots);
          const slips = t.exitReason === 'take-profit' ? 1 : 2;
          near(t.slippageCost, slips * costs.slippagePips * pipMoney * t.volumeLots);
          expect(Math.min(t.commission, t.spreadCost, t.slippageCost)).toBeGreaterThanOrEqual(0);
          const sign = t.direction === 'long' ? 1 : -1;
          const gross = (sign * (t.exitPrice - t.entryPrice) * pipMoney * t.volumeLots) / instrument.pipSize;
          near(t.netProfit, gross - t.commission);
        }
        near(metrics.totalCost, metrics.spreadCost + metrics.commission + metrics.slippageCost);
      }),
      runs,
    );
  });

  it('FILL-12: equity is finite at every bar, and its drawdown is a positive loss', () => {
    fc.assert(
      fc.property(anyBacktest, (input) => {
        const { equity } = runBacktest(input, { band: false });
        expect(equity.equity.every(Number.isFinite)).toBe(true);
        expect(equity.drawdownPct.every((d) => Number.isFinite(d) && d >= 0)).toBe(true);
        expect(equity.equity).toHaveLength(input.to - input.from);
      }),
      runs,
    );
  });

  it('dearer trading of the same path never earns more per trade', () => {
    fc.assert(
      fc.property(anyBacktest, (input) => {
        // Commission alone leaves every price where it is, so the trades are the same as long as sizes are.
        const free = { ...input.venue.costs, commissionPerLot: 0, commissionRate: 0 };
        const cheap = runBacktest({ ...input, venue: { ...input.venue, costs: free } }, { band: false })
          .trades[0];
        const dear = runBacktest(input, { band: false }).trades[0];
        if (cheap !== undefined) expect(dear!.netProfit).toBeLessThanOrEqual(cheap.netProfit);
      }),
      runs,
    );
  });
});

describe('positions', () => {
  it('ORD-8: there is never more than one position, and an entry is never before the last exit', () => {
    fc.assert(
      fc.property(anyBacktest, (input) => {
        const { trades } = runBacktest(input, { band: false });
        for (const [i, t] of trades.entries()) {
          expect(t.exitTimeMs).toBeGreaterThanOrEqual(t.entryTimeMs);
          // A close and the next entry can never share an open: flat first.
          if (i > 0) expect(t.entryTimeMs).toBeGreaterThan(trades[i - 1]!.exitTimeMs);
        }
      }),
      runs,
    );
  });

  it('ORD-15: no trade lives longer than the holding limit', () => {
    fc.assert(
      fc.property(anyBacktest, (input) => {
        for (const t of runBacktest(input, { band: false }).trades) {
          expect(t.barsHeld).toBeLessThanOrEqual(input.genes.maxHoldingBars);
          expect(t.barsHeld).toBeGreaterThanOrEqual(1);
        }
      }),
      runs,
    );
  });

  it('FILL-6: a stop loses one R plus slippage and commission, more only when the exit bar opened through it', () => {
    fc.assert(
      fc.property(anyBacktest, (input) => {
        const { instrument, account, costs, priceSide } = input.venue;
        const unit = instrument.lotSize * account.quoteToAccount;
        const spread = costs.spreadPips * instrument.pipSize;
        const ask = priceSide === 'bid' ? spread : priceSide === 'mid' ? spread / 2 : 0;
        for (const t of runBacktest(input, { band: false }).trades) {
          if (t.exitReason !== 'stop-loss') continue;
          const risk = t.netProfit / t.rMultiple;
          const sign = t.direction === 'long' ? 1 : -1;
          const open =
            input.bars.open[input.bars.timeMs.indexOf(t.exitTimeMs)]! + (sign > 0 ? ask - spread : ask);
          const gap = Math.max(0, sign * (t.entryPrice - open) * t.volumeLots * unit - Math.abs(risk));
          const slip = costs.slippagePips * instrument.pipSize * t.volumeLots * unit;
          near(-t.netProfit, Math.abs(risk) + gap + slip + t.commission);
        }
      }),
      runs,
    );
  });

  it('FILL-10: the excursion against covers the realised loss, and the one for it the gain', () => {
    fc.assert(
      fc.property(anyBacktest, (input) => {
        for (const t of runBacktest(input, { band: false }).trades) {
          const sign = t.direction === 'long' ? 1 : -1;
          const moved = (sign * (t.exitPrice - t.entryPrice)) / input.venue.instrument.pipSize;
          expect(t.maePips).toBeGreaterThanOrEqual(Math.max(0, -moved) - 1e-9);
          expect(t.mfePips).toBeGreaterThanOrEqual(Math.max(0, moved) - 1e-9);
        }
      }),
      runs,
    );
  });
});

describe('knowledge', () => {
  it('changing everything after bar i changes no decision up to i and no equity up to i', () => {
    fc.assert(
      fc.property(
        anyBacktest,
        fc.nat(),
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        (input, at, factor) => {
          const keep = at % input.bars.timeMs.length;
          const changed = withOtherFuture(input, keep, factor);
          expect(decisionsOf(changed).slice(0, keep + 1)).toEqual(decisionsOf(input).slice(0, keep + 1));
          const [a, b] = [runBacktest(input, { band: false }), runBacktest(changed, { band: false })];
          // The very last equity point is after the close at the end of data, so it is left out.
          const upTo = Math.min(keep + 1, input.to - 1);
          expect(b.equity.equity.slice(0, upTo)).toEqual(a.equity.equity.slice(0, upTo));
        },
      ),
      runs,
    );
  });

  it('a truncated history decides the same up to its end', () => {
    fc.assert(
      fc.property(anyBacktest, fc.nat(), (input, at) => {
        const to = 1 + (at % input.to);
        expect(decisionsOf({ ...input, to })).toEqual(decisionsOf(input).slice(0, to));
      }),
      runs,
    );
  });
});

describe('assumptions', () => {
  it('FILL-8: on an ambiguous bar stop-first never earns more than target-first', () => {
    const level = fc.integer({ min: 4, max: 40 });
    fc.assert(
      fc.property(anyBacktest, fc.boolean(), level, level, (input, long, stopPips, targetPips) => {
        const { pipSize } = input.venue.instrument;
        const exit = (intrabar: IntrabarPolicy): Trade => {
          const venue = new SimulatedVenue({ ...input.venue, intrabar }, new SequentialIds());
          const distances = { stopDistance: (stopPips + 6) * pipSize, targetDistance: targetPips * pipSize };
          venue.submit(openOrder(long ? 'buy' : 'sell', { ...distances, volumeLots: 0.01 }));
          venue.onBar({ timeMs: 0, open: 1.1, high: 1.1, low: 1.1, close: 1.1, volume: 1 });
          return venue.onBar({ timeMs: 1, open: 1.1, high: 1.11, low: 1.09, close: 1.1, volume: 1 })
            .trades[0]!;
        };
        const [worst, best] = [exit('stop-first'), exit('target-first')];
        expect([worst.ambiguous, best.ambiguous]).toEqual([true, true]);
        expect(worst.netProfit).toBeLessThan(best.netProfit);
      }),
      runs,
    );
  });

  it('the band holds the metrics that separate runs under each policy give', () => {
    fc.assert(
      fc.property(anyBacktest, (input) => {
        const { band, trades } = runBacktest(input);
        const under = (intrabar: IntrabarPolicy): unknown =>
          runBacktest({ ...input, venue: { ...input.venue, intrabar } }, { band: false }).metrics;
        expect(band.stopFirst).toEqual(under('stop-first'));
        expect(band.targetFirst).toEqual(under('target-first'));
        expect(band.ambiguousTrades).toBe(trades.filter((t) => t.ambiguous).length);
      }),
      runs,
    );
  });
});

describe('scale', () => {
  it('prices, pips and distances doubled with the account rate halved give the same money', () => {
    fc.assert(
      fc.property(anyBacktest, (input) => {
        // A factor of 2 is exact in binary, so the runs are equal bit for bit.
        const twice = (column: Float64Array): Float64Array => column.map((v) => v * 2);
        const { bars, venue } = input;
        const scaled: BacktestInput = {
          ...input,
          bars: {
            ...bars,
            open: twice(bars.open),
            high: twice(bars.high),
            low: twice(bars.low),
            close: twice(bars.close),
          },
          atr: twice(input.atr),
          venue: {
            ...venue,
            instrument: { ...venue.instrument, pipSize: venue.instrument.pipSize * 2 },
            account: { ...venue.account, quoteToAccount: venue.account.quoteToAccount / 2 },
          },
        };
        const [a, b] = [runBacktest(input, { band: false }), runBacktest(scaled, { band: false })];
        expect(b.trades.map((t) => t.netProfit)).toEqual(a.trades.map((t) => t.netProfit));
        expect(b.trades.map((t) => t.netPips)).toEqual(a.trades.map((t) => t.netPips));
        expect(b.equity.equity).toEqual(a.equity.equity);
      }),
      runs,
    );
  });

  it('metrics come from nothing but the equity curve and the trades', () => {
    fc.assert(
      fc.property(anyBacktest, (input) => {
        const { metrics, equity, trades } = runBacktest(input, { band: false });
        const { initialBalance, quoteToAccount } = input.venue.account;
        const moneyPerLot = input.venue.instrument.lotSize * quoteToAccount;
        expect(computeMetrics({ initialBalance, ...equity, trades, moneyPerLot })).toEqual(metrics);
        expect(metrics.maxDrawdownPct).toBeCloseTo(Math.max(...equity.drawdownPct), 9);
      }),
      runs,
    );
  });
});
