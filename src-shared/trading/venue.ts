/**
 * The one simulated venue: the backtester drives it bar by bar, the paper broker wraps it. Its rules are
 * numbered in docs/spec/fills.md (FILL), costs.md (COST) and orders.md (ORD).
 */
import { FrontierError } from '../errors.ts';
import type { Bar } from '../market/bars.ts';
import type { IdSource } from '../runtime.ts';
import { closeFault, openFault } from './orders.ts';
import { type Exit, PositionBook } from './position.ts';
import { type Pricing, pricingOf } from './pricing.ts';
import type { OpenPosition, OrderRequest, VenueSpec } from './types.ts';
import {
  assertVenueState,
  MARGIN_REJECTION,
  type Submission,
  type VenueEvents,
  type VenueState,
} from './venueState.ts';

export type { PositionState, Submission, VenueEvents, VenueState } from './venueState.ts';

function badBar(timeMs: number, prices: readonly number[]): FrontierError {
  const [open, high, low, close] = prices;
  return new FrontierError(
    'BAD_INPUT',
    `The bar at ${timeMs} (epoch ms) has open ${open}, high ${high}, low ${low}, close ${close}.`,
    'Prices must be finite and positive, with open and close between low and high: run the data check.',
  );
}

function outOfOrder(timeMs: number, lastBarMs: number): FrontierError {
  return new FrontierError(
    'CONFLICT',
    `The bar at ${timeMs} (epoch ms) does not follow the one at ${lastBarMs}.`,
    'Feed bars in order and each once; after a restart go on behind lastBarMs.',
  );
}

/** Nets one position per instrument. Bars must come in order, each once. */
export class SimulatedVenue {
  readonly spec: VenueSpec;
  readonly #pricing: Pricing;
  readonly #book: PositionBook;
  readonly #seen: Set<string>;
  #events: VenueEvents = { fills: [], trades: [], rejections: [] };
  #balance: number;
  #pending: OrderRequest[] = [];
  #lastBarMs = Number.NEGATIVE_INFINITY;

  /**
   * @param state what `snapshot` returned; the venue goes on from there
   * @throws FrontierError BAD_INPUT for a spec that makes no sense, CORRUPT for a broken state
   */
  constructor(spec: VenueSpec, ids: IdSource, state?: VenueState) {
    this.spec = spec;
    this.#pricing = pricingOf(spec);
    this.#book = new PositionBook(spec, this.#pricing, ids);
    if (state !== undefined) assertVenueState(state, spec.instrument.symbol);
    this.#balance = state?.balance ?? spec.account.initialBalance;
    this.#seen = new Set(state?.seenOrderIds);
    if (state === undefined) return;
    this.#pending = [...state.pending];
    this.#lastBarMs = state.lastBarMs ?? Number.NEGATIVE_INFINITY;
    if (state.position !== null) this.#book.restore(state.position);
  }

  /** Realised money in account currency, after commission (that of an open entry included). */
  get balance(): number {
    return this.#balance;
  }

  /** 1 while long, -1 while short, 0 while flat. */
  get directionSign(): number {
    return this.#book.sign;
  }

  /** Bars closed since the entry fill, the entry bar included; 0 while flat. */
  get barsHeld(): number {
    return this.#book.sign === 0 ? 0 : this.#book.barsHeld;
  }

  /** Open time of the last bar seen; undefined before the first. */
  get lastBarMs(): number | undefined {
    return this.#lastBarMs === Number.NEGATIVE_INFINITY ? undefined : this.#lastBarMs;
  }

  /** Orders that wait for the next open. */
  get pending(): readonly OrderRequest[] {
    return this.#pending;
  }

  /** The open position, if any. */
  get position(): OpenPosition | undefined {
    return this.#book.view();
  }

  /** FILL-12: balance plus the open position marked at the side it would close on, before exit commission. */
  equityAt(price: number): number {
    return this.#book.sign === 0 ? this.#balance : this.#balance + this.#book.openProfit(price);
  }

  /** Everything to go on from, as plain JSON. */
  snapshot(): VenueState {
    return {
      version: 1,
      symbol: this.spec.instrument.symbol,
      balance: this.#balance,
      position: this.#book.save(),
      pending: [...this.#pending],
      seenOrderIds: [...this.#seen],
      lastBarMs: this.lastBarMs ?? null,
    };
  }

  /** FILL-1: queues a market order; it fills at the open of the next bar. Refusals follow ORD-1 to ORD-8. */
  submit(order: OrderRequest): Submission {
    const reason = this.#fault(order) ?? this.#queueFault(order);
    if (reason !== undefined) return { accepted: false, reason };
    this.#seen.add(order.clientOrderId);
    this.#pending.push(order);
    return { accepted: true };
  }

  /** Takes back every order that waits for the next open. */
  cancelPending(): OrderRequest[] {
    const cancelled = this.#pending;
    this.#pending = [];
    return cancelled;
  }

  /**
   * One closed bar: pending orders fill at its open, then the protective orders are tried, then excursions
   * and barsHeld are counted.
   * @throws FrontierError BAD_INPUT for a bar whose prices make no sense, CONFLICT for one out of order
   */
  onBar(bar: Bar): VenueEvents {
    this.step(bar.timeMs, bar.open, bar.high, bar.low, bar.close);
    return this.takeEvents();
  }

  /**
   * `onBar` on scalars, for the backtester's loop.
   * @returns true when there are events to take
   */
  step(timeMs: number, open: number, high: number, low: number, close: number): boolean {
    if (!(timeMs > this.#lastBarMs)) throw outOfOrder(timeMs, this.#lastBarMs);
    if (!(low > 0 && low <= open && low <= close && high >= open && high >= close && high < Infinity)) {
      throw badBar(timeMs, [open, high, low, close]);
    }
    this.#lastBarMs = timeMs;
    if (this.#pending.length > 0) {
      for (const order of this.cancelPending()) this.#execute(order, open, timeMs);
    }
    if (this.#book.sign !== 0) {
      const exit = this.#book.protect(timeMs, open, high, low);
      if (exit !== undefined) this.#settle(exit);
    }
    return this.#events.fills.length > 0 || this.#events.rejections.length > 0;
  }

  /** The events since the last call, in order. */
  takeEvents(): VenueEvents {
    const events = this.#events;
    this.#events = { fills: [], trades: [], rejections: [] };
    return events;
  }

  /**
   * FILL-11: executes now against a quote instead of the next open (flatten, end of data).
   * @param quotePrice on the spec's price side; spread and slippage apply as at an open
   * @throws FrontierError BAD_INPUT for a quote that is no price
   */
  executeNow(order: OrderRequest, quotePrice: number, timeMs: number): VenueEvents {
    if (!(Number.isFinite(quotePrice) && quotePrice > 0)) {
      throw new FrontierError(
        'BAD_INPUT',
        `A quote of ${quotePrice} cannot be traded.`,
        'Wait for a valid price.',
      );
    }
    const fault = this.#fault(order);
    if (fault === undefined) {
      this.#seen.add(order.clientOrderId);
      this.#execute(order, quotePrice, timeMs);
    } else {
      this.#reject(order, fault);
    }
    return this.takeEvents();
  }

  #fault(order: OrderRequest): string | undefined {
    if (order.clientOrderId === '') return 'an order needs a clientOrderId';
    if (this.#seen.has(order.clientOrderId)) return 'duplicate';
    if (order.symbol !== this.spec.instrument.symbol) {
      return `${order.symbol} is not traded here, only ${this.spec.instrument.symbol}`;
    }
    return order.purpose.kind === 'open' ? openFault(order, this.spec) : closeFault(order, this.position);
  }

  #queueFault(order: OrderRequest): string | undefined {
    const { kind } = order.purpose;
    if (kind === 'open' && this.#book.sign !== 0) return 'a position is already open';
    if (this.#pending.some((waiting) => waiting.purpose.kind === kind))
      return `another ${kind} is already waiting`;
    return undefined;
  }

  #reject(order: OrderRequest, reason: string): void {
    this.#events.rejections.push({ clientOrderId: order.clientOrderId, reason });
  }

  /** A market order against a price of the bar's own side. What changed since it was queued may refuse it. */
  #execute(order: OrderRequest, reference: number, timeMs: number): void {
    if (order.purpose.kind === 'open') {
      this.#open(order, reference, timeMs);
      return;
    }
    const fault = closeFault(order, this.position);
    if (fault === undefined) {
      this.#settle(this.#book.marketExit(reference, order.purpose.reason, timeMs, order.clientOrderId));
    } else {
      this.#reject(order, fault);
    }
  }

  #open(order: OrderRequest, reference: number, timeMs: number): void {
    if (this.#book.sign !== 0) {
      this.#reject(order, 'a position is already open');
      return;
    }
    const notional = (reference + this.#pricing.askOffset) * order.volumeLots * this.#pricing.moneyPerLot;
    if (notional > this.#balance * this.spec.account.maxLeverage) {
      this.#reject(order, `${MARGIN_REJECTION} ${order.volumeLots} lots`);
      return;
    }
    const fill = this.#book.open(order, reference, timeMs);
    this.#balance -= fill.commission;
    this.#events.fills.push(fill);
  }

  #settle(exit: Exit): void {
    const { fill, trade, cash } = this.#book.settle(exit);
    this.#balance += cash;
    this.#events.fills.push(fill);
    this.#events.trades.push(trade);
  }
}
