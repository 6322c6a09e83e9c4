/** Markets for the trading parity tests: random ones from fast-check, and real history where it is present. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { BacktestInput } from '../../src-main/backtest/engine.ts';
import { allocateBars, type BarColumns } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { venueFor } from '../../src-shared/trading/costs.ts';
import { DEFAULT_GENES } from '../../src-shared/trading/strategy.ts';
import { testSpec } from '../../src-shared/trading/testing.ts';
import type { StrategyGenes, VenueSpec } from '../../src-shared/trading/types.ts';

const HOUR_MS = 3_600_000;
const PIP = 0.0001;

/** Moves of one bar in whole pips, and what the strategy knows at its close. */
interface Step {
  readonly gap: number;
  readonly body: number;
  readonly up: number;
  readonly down: number;
  readonly signal: number;
  readonly atrPips: number;
}

const pips = (limit: number): fc.Arbitrary<number> => fc.integer({ min: -limit, max: limit });
const unknown = fc.constant(Number.NaN);

const step: fc.Arbitrary<Step> = fc.record({
  // The largest gap outruns the five per cent of leverage that sizing leaves free.
  gap: fc.oneof(
    { weight: 16, arbitrary: pips(2) },
    { weight: 2, arbitrary: pips(60) },
    { weight: 1, arbitrary: pips(1500) },
  ),
  body: pips(25),
  up: fc.nat(30),
  down: fc.nat(30),
  signal: fc.oneof(
    { weight: 9, arbitrary: fc.double({ min: -3, max: 3, noNaN: true }) },
    { weight: 1, arbitrary: unknown },
  ),
  atrPips: fc.oneof(
    { weight: 9, arbitrary: fc.double({ min: 1, max: 30, noNaN: true }) },
    { weight: 1, arbitrary: unknown },
  ),
});

const genes: fc.Arbitrary<StrategyGenes> = fc.record({
  entryThreshold: fc.double({ min: 0, max: 2.5, noNaN: true }),
  stopAtr: fc.double({ min: 0.5, max: 4, noNaN: true }),
  targetAtr: fc.double({ min: 0.5, max: 6, noNaN: true }),
  riskFraction: fc.double({ min: 0.001, max: 0.1, noNaN: true }),
  maxHoldingBars: fc.integer({ min: 1, max: 20 }),
});

const venue: fc.Arbitrary<VenueSpec> = fc
  .record({
    priceSide: fc.constantFrom('bid' as const, 'ask' as const, 'mid' as const),
    intrabar: fc.constantFrom('stop-first' as const, 'target-first' as const),
    costs: fc.record({
      spreadPips: fc.double({ min: 0, max: 4, noNaN: true }),
      commissionPerLot: fc.double({ min: 0, max: 10, noNaN: true }),
      commissionRate: fc.constantFrom(0, 0.0001),
      slippagePips: fc.double({ min: 0, max: 2, noNaN: true }),
    }),
    quoteToAccount: fc.constantFrom(1, 0.8, 1.3),
    maxLeverage: fc.constantFrom(2, 30),
  })
  .map(({ quoteToAccount, maxLeverage, ...rest }) =>
    testSpec({ ...rest, account: { currency: 'USD', initialBalance: 10_000, quoteToAccount, maxLeverage } }),
  );

/** Walks the steps from 1.1, on a grid of pips, so that levels are touched exactly now and then. */
function barsOf(steps: readonly Step[]): BarColumns {
  const bars = allocateBars(steps.length);
  let at = 11_000;
  for (const [i, { gap, body, up, down }] of steps.entries()) {
    const open = Math.max(at + gap, 500);
    const close = Math.max(open + body, 500);
    bars.timeMs[i] = i * HOUR_MS;
    bars.open[i] = open * PIP;
    bars.high[i] = (Math.max(open, close) + up) * PIP;
    bars.low[i] = (Math.min(open, close) - down) * PIP;
    bars.close[i] = close * PIP;
    bars.volume[i] = 1;
    at = close;
  }
  return bars;
}

/** A random market with random knowledge, genes, costs and policies. */
export const anyBacktest: fc.Arbitrary<BacktestInput> = fc
  .tuple(fc.array(step, { minLength: 2, maxLength: 120, size: 'max' }), genes, venue)
  .map(([steps, g, v]) => ({
    bars: barsOf(steps),
    from: 0,
    to: steps.length,
    signals: Float64Array.from(steps, (s) => s.signal),
    atr: Float64Array.from(steps, (s) => s.atrPips * PIP),
    genes: g,
    venue: v,
  }));

/** The shared history files, or the folder that FRONTIER_SHARED names. */
function dataFile(name: string): string {
  const root = process.env.FRONTIER_SHARED ?? resolve(import.meta.dirname, '../../../shared');
  const inData = resolve(root, 'data', name);
  return existsSync(inData) ? inData : resolve(root, name);
}

/** Why the tests on real history are skipped; undefined when the file is there. */
export function missingHistory(name: string): string | undefined {
  return existsSync(dataFile(name)) ? undefined : `real history ${name} is not on this machine`;
}

function readBars(name: string): BarColumns {
  const text = gunzipSync(readFileSync(dataFile(name))).toString();
  const lines = text.trim().split('\n').slice(1);
  const bars = allocateBars(lines.length);
  for (const [i, line] of lines.entries()) {
    const [time, open, high, low, close, volume] = line.split(',');
    bars.timeMs[i] = Date.parse(time!);
    bars.open[i] = Number(open);
    bars.high[i] = Number(high);
    bars.low[i] = Number(low);
    bars.close[i] = Number(close);
    bars.volume[i] = Number(volume);
  }
  return bars;
}

/** Wilder's average true range over 14 bars; NaN while it is not known. */
function averageTrueRange(bars: BarColumns): Float64Array {
  const { high, low, close } = bars;
  const atr = new Float64Array(close.length).fill(Number.NaN);
  let average = 0;
  for (let i = 1; i < close.length; i++) {
    const range = Math.max(high[i]!, close[i - 1]!) - Math.min(low[i]!, close[i - 1]!);
    average = i <= 14 ? average + range / 14 : (average * 13 + range) / 14;
    if (i >= 14) atr[i] = average;
  }
  return atr;
}

/** Real bars with a plain reversal signal: the last day's move, against it, in units of its usual size. */
export function realBacktest(
  name: string,
  symbol: string,
  overrides: Partial<StrategyGenes> = {},
): BacktestInput {
  const bars = readBars(name);
  const atr = averageTrueRange(bars);
  const lag = 24;
  const signals = Float64Array.from(bars.close, (close, i) =>
    i < lag ? Number.NaN : (bars.close[i - lag]! - close) / (atr[i]! * Math.sqrt(lag)),
  );
  return {
    bars,
    from: 0,
    to: bars.timeMs.length,
    signals,
    atr,
    genes: { ...DEFAULT_GENES, ...overrides },
    venue: venueFor(instrumentFor(symbol), 'bid'),
  };
}
