/** How a session's orders come to be, leave, and are settled when no answer comes. */
import { orderFromIntent } from '../../src-shared/trading/orders.ts';
import type { Decision, OpenPosition, OrderRequest } from '../../src-shared/trading/types.ts';
import type { NewOrder } from '../store/journal.ts';
import type { Bookkeeper } from './bookkeeper.ts';
import { clientOrderIdFor } from './orderIds.ts';
import { reconcile } from './reconcile.ts';
import type { SessionParts } from './types.ts';

export interface OrderDeskOptions {
  readonly parts: SessionParts;
  readonly books: Bookkeeper;
  readonly marketMs: () => number;
  /** Stops trading until a person has looked at the differences. */
  readonly hold: (differences: readonly string[]) => void;
}

/** The way of an order from intent to answer. */
export class OrderDesk {
  readonly #options: OrderDeskOptions;

  constructor(options: OrderDeskOptions) {
    this.#options = options;
  }

  /** The order of a decision; undefined when there is nothing to do or an earlier order is still open. */
  orderOf(decision: Decision, position: OpenPosition | undefined): NewOrder | undefined {
    const { parts, books, marketMs } = this.#options;
    const { record, journal } = parts;
    const { intent, barTimeMs } = decision;
    if (intent === undefined) return undefined;
    const [waiting] = journal.openOrders(record.id);
    if (waiting !== undefined) {
      books.log('warning', `No new order: ${waiting.request.clientOrderId} is still ${waiting.state}.`);
      return undefined;
    }
    const request = orderFromIntent(intent, {
      clientOrderId: clientOrderIdFor(record.id, barTimeMs, intent.type),
      symbol: record.venue.instrument.symbol,
      position,
      createdMs: marketMs(),
    });
    return request === undefined ? undefined : { request, barTimeMs, reason: intent.reason };
  }

  /** JRN-3: `sent` is on the disk before the order leaves; an answer that does not come is asked for. */
  async send(order: OrderRequest, resent = false): Promise<void> {
    const { parts, books, marketMs } = this.#options;
    const { broker, journal } = parts;
    const { clientOrderId } = order;
    journal.orderEvent(clientOrderId, 'sent', marketMs());
    try {
      const answer = await broker.submit(order);
      if (answer.state === 'rejected') {
        journal.orderEvent(clientOrderId, 'rejected', marketMs(), answer.reason);
        books.log('warning', `The broker refused order ${clientOrderId}: ${answer.reason}.`);
      } else if (journal.orderState(clientOrderId) === 'sent') {
        journal.orderEvent(clientOrderId, 'accepted', marketMs());
      }
    } catch (error) {
      const note = error instanceof Error ? error.message : String(error);
      // An event may have told the outcome although the answer was lost.
      if (journal.orderState(clientOrderId) === 'sent') {
        journal.orderEvent(clientOrderId, 'unknown', marketMs(), note);
      }
      books.log('error', `No answer to order ${clientOrderId} (${note}); asking the broker.`);
      await this.#settleUnknown(resent);
    }
    parts.onChange();
  }

  /** Brings journal and broker together; what cannot be settled holds the session. */
  async reconcile(): Promise<void> {
    const { unreconciled, resend } = await this.#compare();
    if (unreconciled.length > 0) this.#options.hold(unreconciled);
    else for (const order of resend) await this.send(order);
  }

  /**
   * REC-3: after an unknown outcome the session trades on only when the broker has said what happened. An order
   * that surely never arrived goes out once more; the second loss is for a person (REC-4).
   */
  async #settleUnknown(resent: boolean): Promise<void> {
    const { unreconciled, resend } = await this.#compare();
    if (unreconciled.length === 0 && !resent) {
      for (const order of resend) await this.send(order, true);
      return;
    }
    const lost = resend.map((order) => `Order ${order.clientOrderId} did not reach the broker.`);
    const differences = [...unreconciled, ...lost];
    if (differences.length > 0) this.#options.hold(differences);
  }

  #compare(): ReturnType<typeof reconcile> {
    const { parts, books, marketMs } = this.#options;
    const { record, journal, broker } = parts;
    return reconcile({ record, journal, broker, books, marketMs: marketMs() });
  }
}
