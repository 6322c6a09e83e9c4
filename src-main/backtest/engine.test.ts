import { describe, expect, it } from 'vitest';
import { FrontierError } from '../../src-shared/errors.ts';
import { allocateBars, type BarColumns } from '../../src-shared/market/bars.ts';
import { DEFAULT_GENES, parameterHash } from '../../src-shared/trading/strategy.ts';
import { DEAR, testSpec } from '../../src-shared/trading/testing.ts';
import type { Decision } from '../../src-shared/trading/types.ts';
import { type BacktestInput, runBacktest } from './engine.ts';

type Row = readonly [open: number, high: number, low: number, close: number];

function columns(rows: readonly Row[]): BarColumns {
  const bars = allocateBars(rows.length);
  for (const [i, [open, high, low, close]] of rows.entries()) {
    bars.timeMs[i] = i * 3_600_000;
    bars.open[i] = open;
    bars.high[i] = high;
    bars.low[i] = low;
    bars.close[i] = close;
  }
  return bars;
}

const genes = {
  ...DEFAULT_GENES,
  entryThreshold: 1,
  stopAtr: 2,
  targetAtr: 4,
  riskFraction: 0.01,
  maxHoldingBars: 3,
};
const still: Row = [1.1, 1.1, 1.1, 1.1];

/** A run over rows with a signal per row; ATR is 10 pips throughout. */
function input(
  rows: readonly Row[],
  signals: readonly number[],
  overrides: Partial<BacktestInput> = {},
): BacktestInput {
  return {
    bars: columns(rows),
    from: 0,
    to: rows.length,
    signals: Float64Array.from(signals),
    atr: new Float64Array(rows.length).fill(0.001),
    genes,
    venue: testSpec({ costs: DEAR }),
    ...overrides,
  };
}

describe('a run by hand', () => {
  it('FILL-1, ORD-15: enters at the next open, leaves at the open after the holding limit', () => {
    const rows: Row[] = [
      still,
      [1.1005, 1.101, 1.1, 1.1],
      still,
      still,
      [1.1015, 1.102, 1.101, 1.101],
      still,
    ];
    const { trades, equity, metrics } = runBacktest(input(rows, [2, 0, 0, 0, 0, 0]));
    expect(trades).toHaveLength(1);
    expect(trades[0]).toMatchObject({
      direction: 'long',
      volumeLots: 0.5,
      entryTimeMs: 3_600_000,
      exitTimeMs: 4 * 3_600_000,
      exitReason: 'max-holding',
      barsHeld: 3,
    });
    // Buys at 1.1005 + 2 + 1 pips, sells at 1.1015 less 1 pip: 6 pips of 5 dollars, less 2 times 2.5.
    expect(trades[0]?.entryPrice).toBeCloseTo(1.1008, 12);
    expect(trades[0]?.exitPrice).toBeCloseTo(1.1014, 12);
    expect(trades[0]?.netProfit).toBeCloseTo(25, 9);
    expect(equity.equity[0]).toBe(10_000);
    // Marked at the bid 1.1: 8 pips below the entry, after the entry's commission.
    expect(equity.equity[1]).toBeCloseTo(10_000 - 2.5 - 40, 9);
    expect(equity.drawdownPct[1]).toBeCloseTo(0.425, 9);
    expect(equity.equity[5]).toBeCloseTo(10_025, 9);
    expect(metrics).toMatchObject({ trades: 1, netReturnPct: expect.closeTo(0.25, 9), exposurePct: 50 });
  });

  it('ORD-16: an opposite signal goes flat at the next open and enters one bar later', () => {
    const { trades } = runBacktest(input([still, still, still, still, still], [2, -2, -2, 0, 0]));
    expect(trades.map((t) => [t.direction, t.entryTimeMs / 3_600_000, t.exitTimeMs / 3_600_000])).toEqual([
      ['long', 1, 2],
      ['short', 3, 4],
    ]);
    expect(trades.map((t) => t.exitReason)).toEqual(['signal', 'end-of-data']);
  });

  it('FILL-13: at the end an open position is closed at the last close, with costs', () => {
    const { trades, equity } = runBacktest(input([still, still, [1.1, 1.102, 1.1, 1.102]], [2, 0, 0]));
    expect(trades[0]).toMatchObject({ exitReason: 'end-of-data', exitTimeMs: 2 * 3_600_000 });
    expect(trades[0]?.exitPrice).toBeCloseTo(1.1019, 12);
    expect(equity.equity[2]).toBeCloseTo(10_000 + trades[0]!.netProfit, 9);
  });

  it('FILL-13: an order of the last bar is never filled', () => {
    expect(runBacktest(input([still, still], [0, 5])).trades).toHaveLength(0);
    expect(runBacktest(input([still], [5])).trades).toHaveLength(0);
  });

  it('ORD-9: an entry that the next open no longer carries is dropped and the run goes on', () => {
    const risky = { ...genes, stopAtr: 0.5, riskFraction: 0.1 };
    const rows: Row[] = [still, [1.3, 1.3, 1.3, 1.3], still, still, still, still];
    const run = runBacktest(input(rows, [2, 0, 2, 0, 0, 0], { genes: risky }));
    expect(run.trades.map((t) => t.entryTimeMs / 3_600_000)).toEqual([3]);
    expect(run.rejectedOrders).toBe(1);
  });

  it('trades only bars [from, to), and its result is that of the slice', () => {
    const rows: Row[] = [
      still,
      still,
      [1.1, 1.103, 1.099, 1.102],
      still,
      [1.1, 1.105, 1.1, 1.1],
      still,
      still,
    ];
    const signals = [3, 3, 3, -3, 2, 2, 2];
    const part = runBacktest(input(rows, signals, { from: 2, to: 6 }));
    const slice = runBacktest(input(rows.slice(2, 6), signals.slice(2, 6)));
    expect(part.trades.length).toBeGreaterThan(0);
    expect(part.trades.map((t) => t.netProfit)).toEqual(slice.trades.map((t) => t.netProfit));
    expect(part.equity.equity).toEqual(slice.equity.equity);
    expect(part.equity.timeMs[0]).toBe(2 * 3_600_000);
    expect(part.decisions).toBe(4);
  });
});

describe('the assumption band', () => {
  const both: Row = [1.1, 1.106, 1.095, 1.1];

  it('FILL-8: shows both policies and counts what was assumed', () => {
    const { band, metrics } = runBacktest(input([still, still, both, still], [2, 0, 0, 0]));
    expect(band.ambiguousTrades).toBe(1);
    expect(band.stopFirst).toEqual(metrics);
    expect(band.stopFirst.netProfit).toBeLessThan(0);
    expect(band.targetFirst.netProfit).toBeGreaterThan(0);
    const other = runBacktest(
      input([still, still, both, still], [2, 0, 0, 0], {
        venue: testSpec({ costs: DEAR, intrabar: 'target-first' }),
      }),
    );
    expect(other.band).toEqual(band);
    expect(other.metrics).toEqual(band.targetFirst);
  });

  it('without an ambiguous bar both ends are the run itself; without a band there is none', () => {
    const plain = runBacktest(input([still, still, still], [2, 0, 0]));
    expect(plain.band).toEqual({ stopFirst: plain.metrics, targetFirst: plain.metrics, ambiguousTrades: 0 });
    expect(runBacktest(input([still, still, still], [2, 0, 0]), { band: false })).not.toHaveProperty('band');
  });
});

describe('decisions', () => {
  it('ORD-17: a listener hears every decision once, and hearing changes nothing', () => {
    const heard: Decision[] = [];
    const rows: Row[] = [still, still, [1.1, 1.106, 1.095, 1.1], still];
    const run = runBacktest(input(rows, [2, 0, 0, Number.NaN]), { decisions: (d) => heard.push(d) });
    expect(heard.map((d) => d.intent?.type)).toEqual(['open', undefined, undefined, undefined]);
    expect(heard[0]?.explanation).toMatch(/^Open long: signal \+2.00/);
    expect(heard[1]?.explanation).toMatch(/^Hold the long position/);
    expect(run.decisions).toBe(4);
    expect(run.trades).toEqual(runBacktest(input(rows, [2, 0, 0, Number.NaN])).trades);
  });

  it('ORD-19: the result carries the hash of the genes that traded', () => {
    expect(runBacktest(input([still], [0])).parameterHash).toBe(parameterHash(genes));
  });
});

describe('bad input', () => {
  const good = input([still, still], [0, 0]);
  const cases: [string, Partial<BacktestInput>, RegExp][] = [
    ['an empty range', { from: 1, to: 1 }, /Bars 1 to 1/],
    ['a range behind the end', { to: 3 }, /there are 2/],
    ['a range that is not whole', { from: 0.5 }, /cannot be traded/],
    ['a missing signal', { signals: new Float64Array(1) }, /1 signals/],
    ['a missing ATR', { atr: new Float64Array(3) }, /3 ATR/],
    ['a gene out of bounds', { genes: { ...genes, riskFraction: 2 } }, /riskFraction is 2/],
    ['a negative cost', { venue: testSpec({ costs: { ...DEAR, slippagePips: -1 } }) }, /slippagePips = -1/],
    ['a bar without sense', { bars: columns([still, [1, 0.9, 1, 1]]) }, /3600000 \(epoch ms\)/],
  ];
  for (const [name, overrides, message] of cases) {
    it(`${name} is a FrontierError that says what`, () => {
      const run = (): unknown => runBacktest({ ...good, ...overrides });
      expect(run).toThrow(FrontierError);
      expect(run).toThrow(message);
    });
  }
});
