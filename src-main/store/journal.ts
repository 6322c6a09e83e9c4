import { FrontierError } from '../../src-shared/errors.ts';
import type {
  Decision,
  Fill,
  OpenPosition,
  OrderRequest,
  OrderState,
  Trade,
} from '../../src-shared/trading/types.ts';
import { type Sqlite, withoutSync } from './database.ts';
import { JournalReader } from './journalReader.ts';
import { conflictOnDuplicate, encode } from './json.ts';
import { assertTransition } from './orderStates.ts';
import type { Judgement } from './tradingSchemas.ts';

/** An order about to leave: what is journaled before it does. */
export interface NewOrder {
  readonly request: OrderRequest;
  /** Open of the bar whose close it was decided on. */
  readonly barTimeMs: number;
  /** In words, for people. */
  readonly reason: string;
}

/** A decision with the account it was made on; its order, if any, is journaled in the same transaction. */
export interface NewDecision {
  readonly sessionId: string;
  readonly decision: Decision;
  readonly close: number;
  readonly balance: number;
  readonly equity: number;
  readonly position: OpenPosition | undefined;
  readonly order: NewOrder | undefined;
  /** The forecast interval at this bar, in units of the target. */
  readonly interval?: { readonly lower: number; readonly upper: number } | undefined;
  /** The verdict on the interval whose horizon ended at this bar. */
  readonly judged?: Judgement | undefined;
}

/** SQLite stores NaN as NULL; said here because the driver does it silently. */
const numberOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

/**
 * The append-only record of what was decided, ordered and filled (docs/spec/journal.md). Every method is one
 * transaction that a killed process cannot undo. That an order was sent also waits for the disk, and takes along
 * everything written before it (JRN-8).
 */
export class Journal extends JournalReader {
  constructor(db: Sqlite) {
    super(db);
  }

  /**
   * JRN-2: one decision per session and bar, written with its order before that leaves.
   * @throws FrontierError CONFLICT when the bar was decided on already or the order id is taken
   */
  recordDecision(entry: NewDecision): void {
    const { sessionId, decision } = entry;
    const insert = this.sql.prepare(
      `INSERT INTO decisions (session_id, bar_time_ms, number, signal, atr, intent, explanation, close, balance, equity,
         lower, upper, judged)
       VALUES (?, ?, (SELECT coalesce(max(number) + 1, 0) FROM decisions WHERE session_id = ?), ?, ?, ?, ?, ?, ?, ?,
         ?, ?, ?)`,
    );
    const write = this.db.transaction(() => {
      insert.run(
        sessionId,
        decision.barTimeMs,
        sessionId,
        numberOrNull(decision.signal),
        numberOrNull(decision.atr),
        decision.intent === undefined ? null : encode(decision.intent),
        decision.explanation,
        entry.close,
        entry.balance,
        entry.equity,
        numberOrNull(entry.interval?.lower ?? Number.NaN),
        numberOrNull(entry.interval?.upper ?? Number.NaN),
        entry.judged === undefined ? null : encode(entry.judged),
      );
      if (entry.order !== undefined) this.#insertOrder(sessionId, entry.order);
      this.sql
        .prepare(
          'UPDATE live_sessions SET balance = ?, equity = ?, last_price = ?, position = ? WHERE id = ?',
        )
        .run(
          entry.balance,
          entry.equity,
          entry.close,
          entry.position === undefined ? null : encode(entry.position),
          sessionId,
        );
    });
    conflictOnDuplicate(
      () => withoutSync(this.db, () => write.immediate()),
      `The bar at ${decision.barTimeMs} was decided on already in session ${sessionId}.`,
      'Resume the session: it goes on after the last decided bar.',
    );
  }

  /** JRN-3: an order outside a decision (flatten). @throws FrontierError CONFLICT when its id is taken */
  recordOrder(sessionId: string, order: NewOrder): void {
    const write = this.db.transaction(() => this.#insertOrder(sessionId, order));
    conflictOnDuplicate(
      () => withoutSync(this.db, () => write.immediate()),
      `Order ${order.request.clientOrderId} is journaled already.`,
      'An order id is used once and for ever.',
    );
  }

  #insertOrder(sessionId: string, order: NewOrder): void {
    const { request, barTimeMs, reason } = order;
    this.sql
      .prepare(
        'INSERT INTO orders (client_order_id, session_id, bar_time_ms, created_ms, reason, request) VALUES (?, ?, ?, ?, ?, ?)',
      )
      .run(request.clientOrderId, sessionId, barTimeMs, request.createdMs, reason, encode(request));
    this.#insertEvent(request.clientOrderId, 'created', request.createdMs, undefined);
  }

  #insertEvent(clientOrderId: string, state: OrderState, timeMs: number, note: string | undefined): void {
    this.sql
      .prepare('INSERT INTO order_events (client_order_id, state, time_ms, note) VALUES (?, ?, ?, ?)')
      .run(clientOrderId, state, timeMs, note ?? null);
  }

  /**
   * JRN-4: the next state of an order. Telling the state it has is no event.
   * @returns false when the order was in that state already
   * @throws FrontierError NOT_FOUND for an unknown order, CONFLICT for a step that no order takes
   */
  orderEvent(clientOrderId: string, state: OrderState, timeMs: number, note?: string): boolean {
    const write = this.db.transaction(() => this.#advance(clientOrderId, state, timeMs, note));
    return state === 'sent' ? write.immediate() : withoutSync(this.db, () => write.immediate());
  }

  #advance(clientOrderId: string, state: OrderState, timeMs: number, note: string | undefined): boolean {
    const now = this.orderState(clientOrderId);
    if (now === undefined) {
      throw new FrontierError(
        'NOT_FOUND',
        `Order ${clientOrderId} is not in the journal.`,
        'Reconcile the session.',
      );
    }
    if (now === state) return false;
    assertTransition(clientOrderId, now, state);
    this.#insertEvent(clientOrderId, state, timeMs, note);
    return true;
  }

  /**
   * JRN-5: executions as the broker reports them, each once however often it is told. A fill of a journaled
   * order makes that order `filled`.
   * @returns the fills that were new
   * @throws FrontierError CORRUPT when a known fill id comes back with other content
   */
  recordExecutions(sessionId: string, fills: readonly Fill[], trades: readonly Trade[]): Fill[] {
    const write = this.db.transaction(() => {
      const news = fills.filter((fill) => this.#insertFill(sessionId, fill));
      for (const trade of trades) this.#insertTrade(sessionId, trade);
      return news;
    });
    return withoutSync(this.db, () => write.immediate());
  }

  #insertFill(sessionId: string, fill: Fill): boolean {
    const body = encode(fill);
    const known = this.sql
      .prepare<[string], { body: string }>('SELECT body FROM fills WHERE fill_id = ?')
      .get(fill.fillId);
    if (known !== undefined) {
      if (known.body === body) return false;
      throw new FrontierError(
        'CORRUPT',
        `Fill ${fill.fillId} came again with other content.`,
        'Compare the journal with the statement of the broker before trading on.',
      );
    }
    this.sql
      .prepare(
        'INSERT INTO fills (fill_id, session_id, client_order_id, position_id, time_ms, body) VALUES (?, ?, ?, ?, ?, ?)',
      )
      .run(fill.fillId, sessionId, fill.clientOrderId || null, fill.positionId, fill.timeMs, body);
    if (fill.clientOrderId !== '' && this.orderState(fill.clientOrderId) !== undefined) {
      this.#advance(fill.clientOrderId, 'filled', fill.timeMs, undefined);
    }
    return true;
  }

  #insertTrade(sessionId: string, trade: Trade): void {
    this.sql
      .prepare('INSERT INTO trades (session_id, trade_id, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
      .run(sessionId, trade.id, encode(trade));
  }

  /** A line for people. @param timeMs market time of the session */
  log(sessionId: string, timeMs: number, level: 'info' | 'warning' | 'error', message: string): void {
    const insert = this.sql.prepare(
      `INSERT INTO session_log (session_id, seq, time_ms, level, message)
       VALUES (?, (SELECT coalesce(max(seq) + 1, 1) FROM session_log WHERE session_id = ?), ?, ?, ?)`,
    );
    withoutSync(this.db, () => insert.run(sessionId, sessionId, timeMs, level, message));
  }
}
