/** Flatten: cancel what waits, close what is open at market now, journal everything before it leaves. */
import type { OrderRequest } from '../../src-shared/trading/types.ts';
import type { Broker, BrokerPosition, SubmitResult } from '../brokers/port.ts';
import type { Journal } from '../store/journal.ts';
import type { SessionRecord } from '../store/sessions.ts';
import type { Bookkeeper } from './bookkeeper.ts';
import { clientOrderIdFor } from './orderIds.ts';

export interface FlattenInput {
  readonly record: SessionRecord;
  readonly journal: Journal;
  /** Connected. */
  readonly broker: Broker;
  readonly books: Bookkeeper;
  readonly marketMs: number;
}

export interface FlattenOutcome {
  readonly closedPositions: number;
  readonly cancelledOrders: number;
  /** What a person should know; a position that could not be closed is named here. */
  readonly messages: readonly string[];
}

/** JRN-6: the first flatten id of this bar that is not used yet. */
function freshId(input: FlattenInput, barTimeMs: number, taken: ReadonlySet<string>): string {
  for (let attempt = 1; ; attempt++) {
    const id = clientOrderIdFor(input.record.id, barTimeMs, 'flatten', attempt);
    if (!taken.has(id) && input.journal.orderState(id) === undefined) return id;
  }
}

async function cancelWaiting(input: FlattenInput, messages: string[]): Promise<number> {
  const { record, journal, broker, marketMs } = input;
  let cancelled = 0;
  for (const { request, state } of journal.openOrders(record.id)) {
    const { clientOrderId } = request;
    const gone = state === 'created' || (await broker.cancel(clientOrderId));
    if (gone) {
      journal.orderEvent(clientOrderId, 'cancelled', marketMs, 'flatten');
      cancelled += 1;
    } else {
      messages.push(`Order ${clientOrderId} could not be cancelled; its state is ${state}.`);
    }
  }
  return cancelled;
}

function closingOrder(position: BrokerPosition, clientOrderId: string, createdMs: number): OrderRequest {
  return {
    clientOrderId,
    symbol: position.symbol,
    side: position.direction === 'long' ? 'sell' : 'buy',
    type: 'market',
    volumeLots: position.volumeLots,
    purpose: { kind: 'close', positionId: position.id, reason: 'flatten' },
    createdMs,
  };
}

function journalOrders(input: FlattenInput, positions: readonly BrokerPosition[]): OrderRequest[] {
  const { record, journal, marketMs } = input;
  const barTimeMs = journal.lastDecision(record.id)?.barTimeMs ?? record.source.fromMs;
  const taken = new Set<string>();
  const orders = positions.map((position) => {
    const id = freshId(input, barTimeMs, taken);
    taken.add(id);
    return closingOrder(position, id, marketMs);
  });
  for (const request of orders) journal.recordOrder(record.id, { request, barTimeMs, reason: 'flatten' });
  for (const { clientOrderId } of orders) journal.orderEvent(clientOrderId, 'sent', marketMs);
  return orders;
}

function journalAnswers(
  input: FlattenInput,
  orders: readonly OrderRequest[],
  answers: readonly SubmitResult[],
  messages: string[],
): number {
  const { journal, marketMs } = input;
  let closed = 0;
  orders.forEach(({ clientOrderId }, i) => {
    const answer = answers[i];
    const state = journal.orderState(clientOrderId);
    if (answer?.state === 'accepted') {
      closed += 1;
      if (state === 'sent') journal.orderEvent(clientOrderId, 'accepted', marketMs);
    } else {
      const reason = answer?.reason ?? 'no answer';
      if (answer === undefined) journal.orderEvent(clientOrderId, 'unknown', marketMs, reason);
      else if (state !== 'rejected') journal.orderEvent(clientOrderId, 'rejected', marketMs, reason);
      messages.push(`A position could not be closed: ${reason}. Close it at the broker.`);
    }
  });
  return closed;
}

/**
 * JRN-7: flattens one session's account. The caller has stopped the session's loop.
 * @throws whatever the broker throws when it gives no answer; the orders are journaled as unknown by then
 */
export async function flattenAccount(input: FlattenInput): Promise<FlattenOutcome> {
  const { record, journal, broker, books, marketMs } = input;
  books.log('warning', 'Flatten & stop: cancelling orders and closing positions at market.');
  const unsubscribe = broker.subscribe((event) => books.onEvent(event));
  try {
    const messages: string[] = [];
    const cancelledOrders = await cancelWaiting(input, messages);
    const positions = (await broker.positions()).filter((p) => p.symbol === record.venue.instrument.symbol);
    const orders = journalOrders(input, positions);
    let answers: readonly SubmitResult[] = [];
    try {
      if (orders.length > 0) answers = await broker.closeAll(orders);
    } catch (error) {
      const note = error instanceof Error ? error.message : String(error);
      for (const { clientOrderId } of orders) {
        if (journal.orderState(clientOrderId) === 'sent')
          journal.orderEvent(clientOrderId, 'unknown', marketMs, note);
      }
      throw error;
    }
    const closedPositions = journalAnswers(input, orders, answers, messages);
    for (const message of messages) books.log('error', message);
    const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
    books.log(
      'info',
      `Flattened: ${count(closedPositions, 'position')} closed, ${count(cancelledOrders, 'order')} cancelled.`,
    );
    return { closedPositions, cancelledOrders, messages };
  } finally {
    unsubscribe();
  }
}
