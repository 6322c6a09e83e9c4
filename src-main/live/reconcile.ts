/**
 * Brings the journal and the broker to one truth after a restart or an answer that never came
 * (docs/spec/reconciliation.md). What cannot be settled is named, never guessed.
 */
import type { Fill, OrderRequest } from '../../src-shared/trading/types.ts';
import { type Broker, type BrokerPosition, isLockstep, type OrderReport } from '../brokers/port.ts';
import type { Journal } from '../store/journal.ts';
import type { JournaledOrder } from '../store/journalReader.ts';
import type { SessionRecord } from '../store/sessions.ts';
import type { Bookkeeper } from './bookkeeper.ts';

export interface ReconcileInput {
  readonly record: SessionRecord;
  readonly journal: Journal;
  readonly broker: Broker;
  readonly books: Bookkeeper;
  readonly marketMs: number;
}

export interface Reconciliation {
  /** What does not agree, in words; empty is good. */
  readonly unreconciled: readonly string[];
  /** Orders that surely never reached the broker and are still wanted: send them under their own ids. */
  readonly resend: readonly OrderRequest[];
}

const why = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Lots that are open by the journal's fills, per position. */
export function openVolumes(fills: readonly Fill[]): Map<string, number> {
  const open = new Map<string, number>();
  for (const fill of fills) {
    const signed = fill.effect === 'open' ? fill.volumeLots : -fill.volumeLots;
    open.set(fill.positionId, (open.get(fill.positionId) ?? 0) + signed);
  }
  for (const [id, lots] of open) if (Math.abs(lots) < 1e-9) open.delete(id);
  return open;
}

/** REC-5: an order may go out again only while the market stands where it was decided, and it cannot double. */
function mayResend(order: JournaledOrder, broker: Broker): boolean {
  if (order.request.purpose.kind === 'close' && order.request.purpose.reason === 'flatten') return false;
  return isLockstep(broker) && broker.capabilities.idempotentSubmit && broker.lastBarMs === order.barTimeMs;
}

class Reconciler {
  readonly #input: ReconcileInput;
  readonly unreconciled: string[] = [];
  readonly resend: OrderRequest[] = [];

  constructor(input: ReconcileInput) {
    this.#input = input;
  }

  /** REC-1: executions that happened while nobody listened. */
  async executions(): Promise<void> {
    const { record, journal, broker, books } = this.#input;
    books.executed(await broker.executions(journal.lastFillMs(record.id)));
  }

  /** REC-2 to REC-5: every order without a final state. */
  async orders(): Promise<void> {
    const { record, journal } = this.#input;
    for (const order of journal.openOrders(record.id)) {
      if (order.state === 'created') this.#neverLeft(order);
      else await this.#ask(order);
    }
  }

  #neverLeft(order: JournaledOrder): void {
    const { journal, broker, books, marketMs } = this.#input;
    const { clientOrderId } = order.request;
    if (mayResend(order, broker)) {
      this.resend.push(order.request);
      return;
    }
    journal.orderEvent(clientOrderId, 'cancelled', marketMs, 'never left, and the market has moved on');
    books.log('warning', `Order ${clientOrderId} never left and is cancelled: the market has moved on.`);
  }

  async #ask(order: JournaledOrder): Promise<void> {
    const { journal, broker, marketMs } = this.#input;
    const { clientOrderId } = order.request;
    // REC-2: sent and no answer known means unknown until the broker has been asked.
    if (order.state === 'sent')
      journal.orderEvent(clientOrderId, 'unknown', marketMs, 'no answer was journaled');
    let report: OrderReport;
    try {
      report = await broker.orderStatus(clientOrderId);
    } catch (error) {
      this.unreconciled.push(`The broker did not say what became of order ${clientOrderId}: ${why(error)}`);
      return;
    }
    if (report.state === 'not-found') this.#lost(order);
    else this.#settled(clientOrderId, report);
  }

  #settled(clientOrderId: string, report: Exclude<OrderReport, { state: 'not-found' }>): void {
    const { journal, books, marketMs } = this.#input;
    books.executed({ fills: report.fills, trades: [] });
    const now = journal.orderState(clientOrderId);
    if (now === report.state || now === 'filled') return;
    journal.orderEvent(clientOrderId, report.state, marketMs, report.reason ?? 'by reconciliation');
    books.log('info', `Order ${clientOrderId} is ${report.state} at the broker.`);
  }

  /** REC-4: the broker is sure that it never came. */
  #lost(order: JournaledOrder): void {
    const { journal, broker, books, marketMs } = this.#input;
    const { clientOrderId, purpose } = order.request;
    if (order.state === 'accepted') {
      journal.orderEvent(clientOrderId, 'unknown', marketMs, 'accepted once, now not known to the broker');
      this.unreconciled.push(
        `Order ${clientOrderId} was accepted once, but the broker does not know it now.`,
      );
    } else if (mayResend(order, broker)) {
      this.resend.push(order.request);
    } else if (purpose.kind === 'close' && purpose.reason === 'flatten') {
      journal.orderEvent(clientOrderId, 'cancelled', marketMs, 'never reached the broker');
      books.log(
        'error',
        'A flatten did not reach the broker before the engine ended. Flatten again if you want it.',
      );
    } else {
      this.unreconciled.push(`Order ${clientOrderId} was sent, but the broker does not know it.`);
    }
  }

  /** REC-6: positions by the journal's fills against the broker's. */
  async positions(): Promise<void> {
    const { record, journal, broker } = this.#input;
    const { symbol } = record.venue.instrument;
    const ours = openVolumes(journal.fills(record.id));
    const theirs = (await broker.positions()).filter((p) => p.symbol === symbol);
    for (const position of theirs) this.#comparePosition(position, ours);
    for (const [id, lots] of ours) {
      this.unreconciled.push(
        `The journal holds position ${id} of ${lots} lots, which the broker does not have.`,
      );
    }
  }

  #comparePosition(position: BrokerPosition, ours: Map<string, number>): void {
    const lots = ours.get(position.id);
    ours.delete(position.id);
    if (lots !== undefined && Math.abs(lots - position.volumeLots) < 1e-9) return;
    this.unreconciled.push(
      `The broker holds ${position.direction} ${position.volumeLots} lots (position ${position.id}), the journal ${lots ?? 'none'}.`,
    );
  }

  /** REC-6: an account that is the session's alone must hold the money that the journal's fills leave. */
  async standing(): Promise<void> {
    const { record, journal, broker } = this.#input;
    if (!isLockstep(broker)) return;
    const booked = journal.fills(record.id).reduce((sum, f) => sum + f.grossProfit - f.commission, 0);
    const expected = record.initialBalance + booked;
    const { balance } = await broker.account();
    if (Math.abs(balance - expected) > 1e-6 * Math.max(1, Math.abs(expected))) {
      this.unreconciled.push(
        `The broker's balance is ${balance.toFixed(2)}, by the journal it is ${expected.toFixed(2)}.`,
      );
    }
  }
}

/**
 * Compares and settles. Safe to run again at any time.
 * @throws whatever the broker throws when it cannot be asked at all
 */
export async function reconcile(input: ReconcileInput): Promise<Reconciliation> {
  const work = new Reconciler(input);
  await work.executions();
  await work.orders();
  await work.positions();
  await work.standing();
  return { unreconciled: work.unreconciled, resend: work.resend };
}

/**
 * REC-8: a person has looked at the differences and goes on. Orders that never left or whose fate nobody knows
 * are taken as not executed; what the broker confirmed as waiting still waits.
 */
export function acknowledge(input: Omit<ReconcileInput, 'broker'>): void {
  const { record, journal, books, marketMs } = input;
  for (const order of journal.openOrders(record.id)) {
    if (order.state === 'accepted') continue;
    journal.orderEvent(
      order.request.clientOrderId,
      'cancelled',
      marketMs,
      'taken as not executed by a person',
    );
  }
  books.log(
    'warning',
    'The differences were seen and accepted by a person. The account of the broker counts.',
  );
}
