import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { intervalRule } from '../../src-main/app/entryRules.ts';
import { type BacktestInput, barMask, runBacktest } from '../../src-main/backtest/engine.ts';
import { barAt } from '../../src-shared/market/bars.ts';
import { calendarOf } from '../../src-shared/market/calendars.ts';
import type { IdSource } from '../../src-shared/runtime.ts';
import { type EntryBlock, entryMask } from '../../src-shared/trading/entryMask.ts';
import { orderFromIntent } from '../../src-shared/trading/orders.ts';
import { decide } from '../../src-shared/trading/strategy.ts';
import type { Decision, Trade } from '../../src-shared/trading/types.ts';
import { SimulatedVenue, type VenueState } from '../../src-shared/trading/venue.ts';
import { anyBacktest, missingHistory, realBacktest } from './trading-market.ts';

const HOUR_MS = 3_600_000;
const PIP = 0.0001;
const DAY_MS = 24 * HOUR_MS;

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
    const blocked = input.entries?.mask.at(bar.timeMs);
    const equity = venue.equityAt(bar.close);
    const known = { bar, signal: signals[i]!, atr: atr[i]!, position, equity, blocked };
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

  it('ORD-21: also where news, repairs and unusual windows block entries; only entries are missing, and only where blocked', () => {
    const anyBlocks = fc.array(fc.constantFrom('none', 'none', 'news', 'repaired', 'anomaly'), {
      minLength: 120,
      maxLength: 120,
    });
    fc.assert(
      fc.property(anyBacktest, anyBlocks, (input, blocks) => {
        const at = (barTimeMs: number): EntryBlock | undefined => {
          const kind = blocks[input.bars.timeMs.indexOf(barTimeMs)];
          if (kind === 'repaired') return { kind };
          if (kind === 'anomaly') return { kind, error: 2, threshold: 1, figure: () => 'Double top' };
          return kind === 'news' ? { kind, untilMs: barTimeMs, reasons: ['USD NFP'] } : undefined;
        };
        const masked = { ...input, entries: barMask({ at }, input.bars) };
        expectEqual(masked, () => false);
        const run = runBacktest(masked, { band: false });
        for (const { entryTimeMs } of run.trades) {
          const decided = input.bars.timeMs.indexOf(entryTimeMs) - 1;
          expect(masked.entries?.codes[decided]).toBe(0);
        }
        const everything = barMask({ at: () => ({ kind: 'repaired' }) }, input.bars);
        expect(runBacktest({ ...input, entries: everything }, { band: false }).trades).toEqual([]);
      }),
      { numRuns: 150, endOnFailure: true },
    );
  });

  it('ORD-22: also where the forecast interval must clear the cost, and every entry is one that does', () => {
    const width = fc.array(fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.constant(Number.NaN)), {
      minLength: 120,
      maxLength: 120,
    });
    const horizon = fc.integer({ min: 1, max: 48 });
    fc.assert(
      fc.property(anyBacktest, width, horizon, (input, halves, horizonBars) => {
        const { bars, signals, atr, venue } = input;
        const { timeMs, close } = bars;
        const columns = {
          timeMs,
          close,
          atr,
          predictions: signals,
          lower: signals.map((y, i) => y - halves[i]!),
          upper: signals.map((y, i) => y + halves[i]!),
        };
        const interval = intervalRule(columns, horizonBars, venue);
        const options = { timeframe: 'H1', windows: [], repairedMs: new Float64Array(0), interval } as const;
        const mask = entryMask({ ...options, calendar: calendarOf({ calendar: 'fx' }) });
        const masked = { ...input, entries: barMask(mask, bars) };
        expectEqual(masked, () => false);
        const { costs, account, instrument } = venue;
        for (const { entryTimeMs, direction } of runBacktest(masked, { band: false }).trades) {
          const i = timeMs.indexOf(entryTimeMs) - 1;
          const sign = direction === 'long' ? 1 : -1;
          const nearest = signals[i]! - sign * halves[i]!;
          const price = close[i]! * Math.exp(((nearest * atr[i]!) / close[i]!) * Math.sqrt(horizonBars));
          const fees = costs.commissionPerLot / (instrument.lotSize * account.quoteToAccount);
          const perSide = costs.slippagePips * PIP + fees + (costs.commissionRate ?? 0) * close[i]!;
          expect(sign * (price - close[i]!)).toBeGreaterThan(costs.spreadPips * PIP + 2 * perSide - 1e-12);
        }
      }),
      { numRuns: 150, endOnFailure: true },
    );
  });

  it('ORD-21: a mask that blocks nothing changes nothing, bit for bit', () => {
    fc.assert(
      fc.property(anyBacktest, (input) => {
        const entries = barMask({ at: () => undefined }, input.bars);
        expect(runBacktest({ ...input, entries })).toEqual(runBacktest(input));
      }),
      { numRuns: 60 },
    );
  });

  const file = 'GBPJPY_H1_2015_2020.csv.gz';
  const missing = missingHistory(file);
  it.skipIf(missing !== undefined)(`on five years of real GBPJPY${missing ? ` (${missing})` : ''}`, () => {
    expect(expectEqual(realBacktest(file, 'GBPJPY'), (bar) => bar % 500 === 0)).toBeGreaterThan(1000);
  });

  it.skipIf(missing !== undefined)('ORD-20: on real GBPJPY no position opens inside a news window', () => {
    const input = realBacktest(file, 'GBPJPY');
    const { timeMs } = input.bars;
    // Each weekday from 11:30 to 14:30 UTC, every second Sunday evening too.
    const windows = [];
    for (let day = timeMs[0]! - (timeMs[0]! % DAY_MS); day < timeMs.at(-1)!; day += DAY_MS) {
      windows.push({ fromMs: day + 11.5 * HOUR_MS, untilMs: day + 14.5 * HOUR_MS, reasons: ['noon'] });
      if ((day / DAY_MS) % 14 === 3)
        windows.push({ fromMs: day + 20 * HOUR_MS, untilMs: day + 23.5 * HOUR_MS, reasons: ['Sunday'] });
    }
    const calendar = calendarOf({ calendar: 'fx' });
    const repairedMs = timeMs.filter((_, i) => i % 97 === 0);
    const entries = barMask(entryMask({ timeframe: 'H1', calendar, windows, repairedMs }), input.bars);
    const masked = { ...input, entries };
    expect(expectEqual(masked, (bar) => bar % 500 === 0)).toBeGreaterThan(500);
    const run = runBacktest(masked, { band: false });
    expect(run.blockedEntries).toBeGreaterThan(100);
    const repaired = new Set(repairedMs);
    for (const { entryTimeMs } of run.trades) {
      expect(windows.some((w) => w.fromMs <= entryTimeMs && entryTimeMs < w.untilMs)).toBe(false);
      const decided = timeMs[timeMs.indexOf(entryTimeMs) - 1]!;
      expect(repaired.has(decided)).toBe(false);
    }
  });
});
