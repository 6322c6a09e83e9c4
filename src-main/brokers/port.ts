/**
 * The broker port: what a live session asks of a broker, whichever it is. Adapters join `conformance.ts`.
 *
 * Failures: an answer of the broker is a value; no answer is an exception. A `submit` that throws has an
 * UNKNOWN outcome and is never taken as failed: the session asks `orderStatus` (docs/spec/reconciliation.md).
 */
import type { Bar } from '../../src-shared/market/bars.ts';
import type { Fill, OpenPosition, OrderRequest, Trade } from '../../src-shared/trading/types.ts';

export interface BrokerCapabilities {
  /** The broker lives on the bars that the session hands it (`LockstepBroker`), not on the wall clock. */
  readonly lockstep: boolean;
  /** An order sent again under its own id makes no second order; then an order that never arrived may be resent. */
  readonly idempotentSubmit: boolean;
  /** Longest client order id it takes. */
  readonly maxClientOrderIdLength: number;
  /** Protective stop and target are held by the broker, so they work while Frontier is not running. */
  readonly holdsProtection: boolean;
}

export interface BrokerAccount {
  readonly currency: string;
  /** Realised, after commission. */
  readonly balance: number;
  /** Balance with open positions marked at the side they would close on. */
  readonly equity: number;
}

export interface BrokerPosition extends OpenPosition {
  readonly symbol: string;
}

/** The broker's answer to an order. `duplicate` tells that the id was known and this is the first outcome again. */
export type SubmitResult =
  | { readonly state: 'accepted'; readonly duplicate: boolean }
  | { readonly state: 'rejected'; readonly reason: string; readonly duplicate: boolean };

/** What the broker knows of an order. `not-found` is a positive statement: it never arrived. */
export type OrderReport =
  | { readonly state: 'not-found' }
  | {
      readonly state: 'accepted' | 'filled' | 'rejected' | 'cancelled';
      readonly reason?: string | undefined;
      readonly fills: readonly Fill[];
    };

export interface Executions {
  readonly fills: readonly Fill[];
  /** Round trips that these fills ended, where the broker keeps such books. */
  readonly trades: readonly Trade[];
}

export type BrokerEvent =
  | { readonly type: 'executions'; readonly executions: Executions }
  | {
      readonly type: 'order';
      readonly clientOrderId: string;
      readonly state: 'rejected' | 'cancelled';
      readonly reason: string;
      readonly timeMs: number;
    }
  | { readonly type: 'connection'; readonly state: 'connected' | 'disconnected'; readonly reason: string };

export type BrokerListener = (event: BrokerEvent) => void;

/** One account at one broker. Every method but `subscribe` rejects with UNAVAILABLE while not connected. */
export interface Broker {
  readonly name: string;
  readonly capabilities: BrokerCapabilities;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  account(): Promise<BrokerAccount>;
  positions(): Promise<readonly BrokerPosition[]>;
  /**
   * Sends an order. The same id sent again never makes a second order.
   * @throws anything: the outcome is unknown
   */
  submit(order: OrderRequest): Promise<SubmitResult>;
  /** What became of an order; for reconciliation. */
  orderStatus(clientOrderId: string): Promise<OrderReport>;
  /** Everything executed at or after a time (all of it when absent), oldest first. */
  executions(sinceMs?: number): Promise<Executions>;
  /** @returns true when the order will not execute; false when there was nothing left to cancel */
  cancel(clientOrderId: string): Promise<boolean>;
  /** Executes closing orders at market at once; one answer per order, in order. */
  closeAll(orders: readonly OrderRequest[]): Promise<readonly SubmitResult[]>;
  /** Events from now on, in order, each after it is durable at the broker. @returns ends the subscription */
  subscribe(listener: BrokerListener): () => void;
}

/** A broker whose market is the session's own bars. */
export interface LockstepBroker extends Broker {
  /** Open of the last bar it has processed. */
  readonly lastBarMs: number | undefined;
  /** Lives through one closed bar. A bar that it has processed already changes nothing. */
  onBar(bar: Bar): Promise<void>;
}

/** True for brokers that are driven by bars. */
export function isLockstep(broker: Broker): broker is LockstepBroker {
  return broker.capabilities.lockstep;
}
