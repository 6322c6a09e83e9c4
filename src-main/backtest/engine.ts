/**
 * The event engine: bars through the simulated venue and the strategy's decision, in the order in which a live
 * session meets them. It holds no rule of its own; fills are the venue's, decisions the strategy's.
 */
import { FrontierError } from '../../src-shared/errors.ts';
import { type BarColumns, barAt } from '../../src-shared/market/bars.ts';
import { drawdownSeries } from '../../src-shared/metrics/drawdown.ts';
import { computeMetrics, type Metrics } from '../../src-shared/metrics/metrics.ts';
import { BLOCK, type BlockCode, blockCodes, type EntryMask } from '../../src-shared/trading/entryMask.ts';
import { SequentialIds } from '../../src-shared/trading/ids.ts';
import { orderFromIntent } from '../../src-shared/trading/orders.ts';
import {
  assertGenes,
  decide,
  intentOf,
  parameterHash,
  verdictOf,
} from '../../src-shared/trading/strategy.ts';
import type {
  Decision,
  Intent,
  IntrabarPolicy,
  StrategyGenes,
  Trade,
  VenueSpec,
} from '../../src-shared/trading/types.ts';
import { SimulatedVenue } from '../../src-shared/trading/venue.ts';
import { MARGIN_REJECTION } from '../../src-shared/trading/venueState.ts';
import { isOrder, VERDICT, type Verdict } from '../../src-shared/trading/verdicts.ts';

export interface BacktestInput {
  readonly bars: BarColumns;
  /** Bars [from, to) are traded; the arrays below are indexed like the bars. */
  readonly from: number;
  readonly to: number;
  /** Known at the close of bar i; NaN while unknown. */
  readonly signals: Float64Array;
  /** Average true range at the close of bar i, price units; NaN while unknown. */
  readonly atr: Float64Array;
  readonly genes: StrategyGenes;
  readonly venue: VenueSpec;
  /** Bars after which no position is opened (ORD-21); absent where there are none. */
  readonly entries?: BarMask | undefined;
}

/** An entry mask on the bars of a run. Made once per history: a study runs on it hundreds of times. */
export interface BarMask {
  readonly mask: EntryMask;
  /** `BLOCK` codes, indexed like the bars. */
  readonly codes: Uint8Array;
}

/** Asks a mask about every bar; undefined without one. */
export function barMask(mask: EntryMask | undefined, bars: BarColumns): BarMask | undefined {
  return mask && { mask, codes: blockCodes(mask, bars.timeMs) };
}

/** The same run under both ways of resolving a bar that holds stop and target. */
export interface AssumptionBand {
  readonly stopFirst: Metrics;
  readonly targetFirst: Metrics;
  /** Trades of the run itself (under its own policy) whose result was assumed. */
  readonly ambiguousTrades: number;
}

/** A run without its assumption band. */
export interface BacktestRun {
  readonly trades: Trade[];
  /** One point per bar, at its open time, with the equity at its close; the last one after the final exit. */
  readonly equity: {
    readonly timeMs: Float64Array;
    readonly equity: Float64Array;
    readonly drawdownPct: Float64Array;
  };
  readonly metrics: Metrics;
  /** Bars decided on. */
  readonly decisions: number;
  /** Entries that the account no longer carried at the next open (ORD-9). */
  readonly rejectedOrders: number;
  /** Entries that the rules forbade: news, a repaired bar, an uncertain forecast, or an unusual window (ORD-21). */
  readonly blockedEntries: number;
  readonly parameterHash: string;
}

export interface BacktestResult extends BacktestRun {
  readonly band: AssumptionBand;
}

export interface BacktestOptions {
  /** Also run under the other intrabar policy. Default true. */
  readonly band?: boolean | undefined;
  /** Called with every decision of the run itself, with its explanation. */
  readonly decisions?: ((decision: Decision) => void) | undefined;
}

function assertInput(input: BacktestInput): void {
  const { bars, from, to, signals, atr } = input;
  const count = bars.timeMs.length;
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= count)) {
    throw new FrontierError(
      'BAD_INPUT',
      `Bars ${from} to ${to} cannot be traded: there are ${count}.`,
      'Choose a range of at least one bar inside the history.',
    );
  }
  if (signals.length !== count || atr.length !== count) {
    throw new FrontierError(
      'BAD_INPUT',
      `There are ${count} bars but ${signals.length} signals and ${atr.length} ATR values.`,
      'Give one signal and one ATR value per bar, NaN where unknown.',
    );
  }
  const codes = input.entries?.codes;
  if (codes !== undefined && codes.length !== count) {
    throw new FrontierError(
      'BAD_INPUT',
      `There are ${count} bars but ${codes.length} marks of blocked entries.`,
      'Make the mask of the same bars.',
    );
  }
  assertGenes(input.genes);
}

function isBlocked(verdict: Verdict): boolean {
  return verdict >= VERDICT.blockedByNews && verdict <= VERDICT.blockedByAnomaly;
}

/** Drives one venue through the bars; `run` is the hot loop, the rest happens on orders only. */
class Session {
  readonly trades: Trade[] = [];
  rejectedOrders = 0;
  blockedEntries = 0;
  readonly #input: BacktestInput;
  readonly #venue: SimulatedVenue;
  readonly #ids = new SequentialIds();
  readonly #listener: ((decision: Decision) => void) | undefined;

  constructor(input: BacktestInput, listener: ((decision: Decision) => void) | undefined) {
    this.#input = input;
    this.#venue = new SimulatedVenue(input.venue, this.#ids);
    this.#listener = listener;
  }

  /** @returns equity at the close of each bar */
  run(): Float64Array {
    const { from, to, signals, atr, genes, venue: spec } = this.#input;
    const { timeMs, open, high, low, close } = this.#input.bars;
    const venue = this.#venue;
    const listening = this.#listener !== undefined;
    const codes = this.#input.entries?.codes;
    const equity = new Float64Array(to - from);
    for (let i = from; i < to; i++) {
      const price = close[i]!;
      if (venue.step(timeMs[i]!, open[i]!, high[i]!, low[i]!, price)) this.#take();
      const worth = venue.equityAt(price);
      equity[i - from] = worth;
      if (listening) this.#tell(i, worth);
      const { directionSign, barsHeld } = venue;
      const blocked = codes === undefined ? BLOCK.none : (codes[i] as BlockCode);
      const signal = signals[i]!;
      const range = atr[i]!;
      const verdict = verdictOf(genes, signal, range, directionSign, barsHeld, worth, price, spec, blocked);
      if (isBlocked(verdict)) this.blockedEntries += 1;
      if (isOrder(verdict)) this.#order(intentOf(verdict, genes, atr[i]!, worth, price, spec)!, timeMs[i]!);
    }
    equity[to - from - 1] = this.#finish();
    return equity;
  }

  #take(): void {
    const { trades, rejections } = this.#venue.takeEvents();
    for (const trade of trades) this.trades.push(trade);
    // A margin that the next open no longer covers is a rule (ORD-9), anything else would be a fault of ours.
    for (const { reason } of rejections) {
      if (!reason.startsWith(MARGIN_REJECTION))
        throw new Error(`The venue refused the engine's order: ${reason}`);
      this.rejectedOrders += 1;
    }
  }

  #order(intent: Intent, createdMs: number): void {
    const { position, spec } = this.#venue;
    const { symbol } = spec.instrument;
    const order = orderFromIntent(intent, {
      clientOrderId: this.#ids.next('ord'),
      symbol,
      position,
      createdMs,
    });
    if (order === undefined) return;
    const submission = this.#venue.submit(order);
    if (!submission.accepted) throw new Error(`The venue refused the engine's order: ${submission.reason}`);
  }

  #tell(index: number, equity: number): void {
    const { bars, signals, atr, genes, venue: spec } = this.#input;
    const { position } = this.#venue;
    const bar = barAt(bars, index);
    const blocked = this.#input.entries?.mask.at(bar.timeMs);
    const input = { bar, signal: signals[index]!, atr: atr[index]!, position, equity, blocked };
    this.#listener?.(decide(genes, input, spec));
  }

  /** FILL-13: what waits is cancelled, and what is open is closed at the last close, with costs. */
  #finish(): number {
    const { to, bars } = this.#input;
    const venue = this.#venue;
    venue.cancelPending();
    if (venue.directionSign !== 0) {
      const timeMs = bars.timeMs[to - 1]!;
      const { position, spec } = venue;
      const { symbol } = spec.instrument;
      const order = orderFromIntent(
        { type: 'close', reason: 'end-of-data' },
        { clientOrderId: this.#ids.next('ord'), symbol, position, createdMs: timeMs },
      );
      const { trades } = venue.executeNow(order!, bars.close[to - 1]!, timeMs);
      this.trades.push(...trades);
    }
    return venue.balance;
  }
}

function runOnce(input: BacktestInput, listener: ((decision: Decision) => void) | undefined): BacktestRun {
  const { bars, from, to, venue, genes } = input;
  const session = new Session(input, listener);
  const equity = session.run();
  const timeMs = bars.timeMs.slice(from, to);
  const { initialBalance, quoteToAccount } = venue.account;
  const { trades } = session;
  const moneyPerLot = venue.instrument.lotSize * quoteToAccount;
  return {
    trades,
    equity: { timeMs, equity, drawdownPct: drawdownSeries(initialBalance, equity) },
    metrics: computeMetrics({ initialBalance, timeMs, equity, trades, moneyPerLot }),
    decisions: to - from,
    rejectedOrders: session.rejectedOrders,
    blockedEntries: session.blockedEntries,
    parameterHash: parameterHash(genes),
  };
}

/** Both policies agree on every bar unless one was ambiguous, so the second run is only made when it was. */
function bandOf(input: BacktestInput, run: BacktestRun): AssumptionBand {
  const ambiguousTrades = run.trades.filter((trade) => trade.ambiguous).length;
  const own = run.metrics;
  if (ambiguousTrades === 0) return { stopFirst: own, targetFirst: own, ambiguousTrades };
  const intrabar: IntrabarPolicy = input.venue.intrabar === 'stop-first' ? 'target-first' : 'stop-first';
  const other = runOnce({ ...input, venue: { ...input.venue, intrabar } }, undefined).metrics;
  return intrabar === 'target-first'
    ? { stopFirst: own, targetFirst: other, ambiguousTrades }
    : { stopFirst: other, targetFirst: own, ambiguousTrades };
}

/**
 * Runs the thresholded strategy over bars [from, to).
 * @returns trades, equity, metrics, and unless `band` is false the same metrics under both intrabar policies
 * @throws FrontierError BAD_INPUT for ranges, lengths, genes, costs or bars that make no sense
 */
export function runBacktest(input: BacktestInput, options: BacktestOptions & { band: false }): BacktestRun;
export function runBacktest(
  input: BacktestInput,
  options?: BacktestOptions & { band?: true },
): BacktestResult;
export function runBacktest(
  input: BacktestInput,
  options: BacktestOptions = {},
): BacktestRun & { band?: AssumptionBand } {
  assertInput(input);
  const run = runOnce(input, options.decisions);
  return options.band === false ? run : { ...run, band: bandOf(input, run) };
}
