/**
 * The paper broker: the simulated venue behind the broker port, with a memory of its own. What it has answered
 * is on the disk before the answer leaves, so a killed engine finds it exactly where it stood.
 */
import { FrontierError } from '../../src-shared/errors.ts';
import type { Bar } from '../../src-shared/market/bars.ts';
import type { IdSource } from '../../src-shared/runtime.ts';
import type { Fill, OrderRequest, VenueSpec } from '../../src-shared/trading/types.ts';
import { SimulatedVenue, type VenueEvents } from '../../src-shared/trading/venue.ts';
import { encode } from '../store/json.ts';
import { venueSpecSchema } from '../store/tradingSchemas.ts';
import type { PaperLedger, PaperOrderRow } from './paperLedger.ts';
import type {
  BrokerAccount,
  BrokerCapabilities,
  BrokerEvent,
  BrokerListener,
  BrokerPosition,
  Executions,
  LockstepBroker,
  OrderReport,
  SubmitResult,
} from './port.ts';

/** Ids `account-fill-1`, … whose counters are saved with the account: a resumed account goes on counting. */
class CountedIds implements IdSource {
  readonly #account: string;
  readonly #counts: Map<string, number>;

  constructor(account: string, counts: Readonly<Record<string, number>>) {
    this.#account = account;
    this.#counts = new Map(Object.entries(counts));
  }

  next(prefix: string): string {
    const n = (this.#counts.get(prefix) ?? 0) + 1;
    this.#counts.set(prefix, n);
    return `${this.#account}-${prefix}-${n}`;
  }

  save(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}

/** Orders change state by the venue's events; these are the notices that go with them. */
type Notices = BrokerEvent[];

function answerOf(row: PaperOrderRow): SubmitResult {
  if (row.state !== 'rejected') return { state: 'accepted', duplicate: true };
  return { state: 'rejected', reason: row.reason ?? 'rejected', duplicate: true };
}

export interface PaperBrokerOptions {
  readonly ledger: PaperLedger;
  /** One account per session keeps their money apart. */
  readonly accountId: string;
  readonly venue: VenueSpec;
}

/** A paper account on one instrument. Market time is the bars it is given. */
export class PaperBroker implements LockstepBroker {
  readonly name = 'paper';
  readonly capabilities: BrokerCapabilities = {
    lockstep: true,
    idempotentSubmit: true,
    maxClientOrderIdLength: 128,
    holdsProtection: true,
  };
  readonly #ledger: PaperLedger;
  readonly #accountId: string;
  readonly #spec: VenueSpec;
  readonly #listeners = new Set<BrokerListener>();
  #ids: CountedIds;
  #venue: SimulatedVenue;
  #lastClose: number | undefined;
  #connected = false;

  /**
   * Opens the account, or takes it up where it stood.
   * @throws FrontierError CONFLICT when the account exists with another instrument, costs or money
   */
  constructor(options: PaperBrokerOptions) {
    this.#ledger = options.ledger;
    this.#accountId = options.accountId;
    this.#spec = options.venue;
    const known = this.#ledger.account(this.#accountId);
    if (known === undefined) this.#ledger.openAccount(this.#accountId, this.#spec);
    else if (encode(known.venue) !== encode(venueSpecSchema.parse(this.#spec))) throw this.#otherTerms();
    this.#ids = new CountedIds(this.#accountId, {});
    this.#venue = this.#load();
  }

  #otherTerms(): FrontierError {
    return new FrontierError(
      'CONFLICT',
      `Paper account ${this.#accountId} exists on other terms (instrument, costs or money).`,
      'Start a new session: an account keeps its terms for ever.',
    );
  }

  #load(): SimulatedVenue {
    const row = this.#ledger.account(this.#accountId);
    this.#ids = new CountedIds(this.#accountId, row?.counters ?? {});
    this.#lastClose = row?.lastClose;
    if (row?.state === undefined) return new SimulatedVenue(this.#spec, this.#ids);
    const seenOrderIds = this.#ledger.orderIds(this.#accountId);
    return new SimulatedVenue(this.#spec, this.#ids, { ...row.state, seenOrderIds });
  }

  get lastBarMs(): number | undefined {
    return this.#venue.lastBarMs;
  }

  async connect(): Promise<void> {
    this.#connected = true;
  }

  async disconnect(): Promise<void> {
    this.#connected = false;
  }

  #assertConnected(): void {
    if (this.#connected) return;
    throw new FrontierError('UNAVAILABLE', 'The paper broker is not connected.', 'Connect first.');
  }

  subscribe(listener: BrokerListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async account(): Promise<BrokerAccount> {
    this.#assertConnected();
    const { balance } = this.#venue;
    const equity = this.#lastClose === undefined ? balance : this.#venue.equityAt(this.#lastClose);
    return { currency: this.#spec.account.currency, balance, equity };
  }

  async positions(): Promise<readonly BrokerPosition[]> {
    this.#assertConnected();
    const { position } = this.#venue;
    return position === undefined ? [] : [{ ...position, symbol: this.#spec.instrument.symbol }];
  }

  async submit(order: OrderRequest): Promise<SubmitResult> {
    this.#assertConnected();
    const known = this.#ledger.order(order.clientOrderId);
    if (known !== undefined) return answerOf(known);
    return this.#commit(() => {
      const answer = this.#venue.submit(order);
      if (answer.accepted) {
        this.#ledger.addOrder(this.#accountId, order, 'accepted');
        return { state: 'accepted', duplicate: false };
      }
      this.#ledger.addOrder(this.#accountId, order, 'rejected', answer.reason);
      return { state: 'rejected', reason: answer.reason, duplicate: false };
    });
  }

  async orderStatus(clientOrderId: string): Promise<OrderReport> {
    this.#assertConnected();
    const known = this.#ledger.order(clientOrderId);
    if (known === undefined) return { state: 'not-found' };
    return { state: known.state, reason: known.reason, fills: this.#ledger.fillsOfOrder(clientOrderId) };
  }

  async executions(sinceMs = Number.MIN_SAFE_INTEGER): Promise<Executions> {
    this.#assertConnected();
    return {
      fills: this.#ledger.fillsSince(this.#accountId, sinceMs),
      trades: this.#ledger.tradesSince(this.#accountId, sinceMs),
    };
  }

  async cancel(clientOrderId: string): Promise<boolean> {
    this.#assertConnected();
    if (!this.#venue.pending.some((order) => order.clientOrderId === clientOrderId)) return false;
    return this.#commit((notices) => {
      const state = this.#venue.snapshot();
      const pending = state.pending.filter((order) => order.clientOrderId !== clientOrderId);
      this.#venue = new SimulatedVenue(this.#spec, this.#ids, { ...state, pending });
      this.#ledger.setOrder(clientOrderId, 'cancelled', 'cancelled on request');
      notices.push({
        type: 'order',
        clientOrderId,
        state: 'cancelled',
        reason: 'cancelled on request',
        timeMs: state.lastBarMs ?? 0,
      });
      return true;
    });
  }

  async closeAll(orders: readonly OrderRequest[]): Promise<readonly SubmitResult[]> {
    this.#assertConnected();
    return orders.map((order) => this.#closeNow(order));
  }

  #closeNow(order: OrderRequest): SubmitResult {
    const known = this.#ledger.order(order.clientOrderId);
    if (known !== undefined) return answerOf(known);
    const quote = this.#lastClose;
    return this.#commit((notices) => {
      if (quote === undefined) {
        this.#ledger.addOrder(this.#accountId, order, 'rejected', 'no price yet');
        return { state: 'rejected', reason: 'no price yet', duplicate: false };
      }
      this.#ledger.addOrder(this.#accountId, order, 'accepted');
      const events = this.#venue.executeNow(order, quote, order.createdMs);
      this.#book(events, order.createdMs, notices);
      const [refusal] = events.rejections;
      if (refusal === undefined) return { state: 'accepted', duplicate: false };
      return { state: 'rejected', reason: refusal.reason, duplicate: false };
    });
  }

  async onBar(bar: Bar): Promise<void> {
    this.#assertConnected();
    const last = this.#venue.lastBarMs;
    if (last !== undefined && bar.timeMs <= last) return;
    const events = this.#venue.onBar(bar);
    const happened = events.fills.length > 0 || events.rejections.length > 0;
    this.#commit((notices) => {
      this.#lastClose = bar.close;
      this.#book(events, bar.timeMs, notices);
    }, happened);
  }

  #book(events: VenueEvents, timeMs: number, notices: Notices): void {
    for (const fill of events.fills) this.#bookFill(fill);
    for (const trade of events.trades) this.#ledger.addTrade(this.#accountId, trade);
    if (events.fills.length > 0 || events.trades.length > 0) {
      notices.push({ type: 'executions', executions: { fills: events.fills, trades: events.trades } });
    }
    for (const { clientOrderId, reason } of events.rejections) {
      this.#ledger.setOrder(clientOrderId, 'rejected', reason);
      notices.push({ type: 'order', clientOrderId, state: 'rejected', reason, timeMs });
    }
  }

  #bookFill(fill: Fill): void {
    this.#ledger.addFill(this.#accountId, fill);
    if (fill.clientOrderId !== '') this.#ledger.setOrder(fill.clientOrderId, 'filled');
  }

  /**
   * Changes venue and ledger together. When the disk refuses, the venue goes back to what the ledger holds,
   * so that memory never runs ahead; notices go out only after the commit.
   */
  #commit<T>(change: (notices: Notices) => T, waits = true): T {
    const notices: Notices = [];
    let result: T;
    try {
      result = this.#ledger.transaction(() => {
        const value = change(notices);
        const { seenOrderIds: _, ...state } = this.#venue.snapshot();
        this.#ledger.saveAccount(this.#accountId, state, this.#ids.save(), this.#lastClose);
        return value;
      }, waits);
    } catch (error) {
      this.#venue = this.#load();
      throw error;
    }
    for (const notice of notices) for (const listener of [...this.#listeners]) listener(notice);
    return result;
  }
}
