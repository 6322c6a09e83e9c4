import type { LogRow } from '../../src-shared/contract/live.ts';
import type { Fill, OrderRequest, OrderState, Trade } from '../../src-shared/trading/types.ts';
import type { Sqlite } from './database.ts';
import { decode, decodeOptional } from './json.ts';
import { Statements } from './statements.ts';
import {
  type DecisionRow,
  fillSchema,
  intentSchema,
  type Judgement,
  judgementSchema,
  orderRequestSchema,
  orderStateSchema,
  tradeSchema,
} from './tradingSchemas.ts';

/** An order with where it stands. */
export interface JournaledOrder {
  readonly request: OrderRequest;
  readonly barTimeMs: number;
  readonly reason: string;
  readonly state: OrderState;
  readonly stateMs: number;
  readonly note: string | undefined;
}

interface DecisionDbRow {
  readonly bar_time_ms: number;
  readonly number: number;
  readonly signal: number | null;
  readonly atr: number | null;
  readonly intent: string | null;
  readonly explanation: string;
  readonly close: number;
  readonly balance: number;
  readonly equity: number;
}

interface OrderDbRow {
  readonly client_order_id: string;
  readonly bar_time_ms: number;
  readonly reason: string;
  readonly request: string;
  readonly state: string;
  readonly state_ms: number;
  readonly note: string | null;
}

interface LogDbRow {
  readonly seq: number;
  readonly time_ms: number;
  readonly level: LogRow['level'];
  readonly message: string;
}

/** A decided bar with the forecast interval that was known at it, in units of the target. */
export interface JournaledForecast {
  readonly barTimeMs: number;
  readonly close: number;
  readonly atr: number;
  readonly lower: number;
  readonly upper: number;
}

interface ForecastDbRow {
  readonly bar_time_ms: number;
  readonly close: number;
  readonly atr: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
}

function decisionOf(row: DecisionDbRow, sessionId: string): DecisionRow {
  return {
    barTimeMs: row.bar_time_ms,
    number: row.number,
    signal: row.signal ?? Number.NaN,
    atr: row.atr ?? Number.NaN,
    intent: decodeOptional(intentSchema, row.intent, `decision ${row.number} of ${sessionId}`),
    explanation: row.explanation,
    close: row.close,
    balance: row.balance,
    equity: row.equity,
  };
}

function orderOf(row: OrderDbRow): JournaledOrder {
  const where = `order ${row.client_order_id}`;
  return {
    request: decode(orderRequestSchema, row.request, where),
    barTimeMs: row.bar_time_ms,
    reason: row.reason,
    state: orderStateSchema.parse(row.state),
    stateMs: row.state_ms,
    note: row.note ?? undefined,
  };
}

/** Reads the journal. */
export class JournalReader {
  protected readonly db: Sqlite;
  protected readonly sql: Statements;

  constructor(db: Sqlite) {
    this.db = db;
    this.sql = new Statements(db);
  }

  /** Every decision of a session, oldest first. */
  decisions(sessionId: string): DecisionRow[] {
    return this.sql
      .prepare<[string], DecisionDbRow>('SELECT * FROM decisions WHERE session_id = ? ORDER BY number')
      .all(sessionId)
      .map((row) => decisionOf(row, sessionId));
  }

  lastDecision(sessionId: string): DecisionRow | undefined {
    const row = this.sql
      .prepare<[string], DecisionDbRow>(
        'SELECT * FROM decisions WHERE session_id = ? ORDER BY number DESC LIMIT 1',
      )
      .get(sessionId);
    return row === undefined ? undefined : decisionOf(row, sessionId);
  }

  /** Forecasts of the last decided bars, oldest first; without an interval they are left out. */
  recentForecasts(sessionId: string, bars: number): JournaledForecast[] {
    return this.sql
      .prepare<[string, number], ForecastDbRow>(
        'SELECT bar_time_ms, close, atr, lower, upper FROM decisions WHERE session_id = ? ORDER BY number DESC LIMIT ?',
      )
      .all(sessionId, bars)
      .reverse()
      .flatMap(({ bar_time_ms: barTimeMs, close, atr, lower, upper }) =>
        atr === null || lower === null || upper === null ? [] : [{ barTimeMs, close, atr, lower, upper }],
      );
  }

  /** Verdicts on the last intervals whose horizon has ended, oldest first. */
  judgements(sessionId: string, limit: number): Judgement[] {
    return this.sql
      .prepare<[string, number], { judged: string }>(
        `SELECT judged FROM decisions WHERE session_id = ? AND judged IS NOT NULL ORDER BY number DESC LIMIT ?`,
      )
      .all(sessionId, limit)
      .reverse()
      .map((row) => decode(judgementSchema, row.judged, `a verdict of ${sessionId}`));
  }

  /**
   * Equity at the decided bars, thinned evenly to at most about `maxPoints`; the last point is always there.
   * @returns columns of equal length, oldest first
   */
  equityCurve(sessionId: string, maxPoints: number): { timeMs: number[]; equity: number[] } {
    const last = this.lastDecision(sessionId)?.number ?? -1;
    const stride = Math.max(1, Math.ceil((last + 1) / maxPoints));
    const rows = this.sql
      .prepare<[string, number, number], { bar_time_ms: number; equity: number }>(
        `SELECT bar_time_ms, equity FROM decisions
         WHERE session_id = ? AND (number % ? = 0 OR number = ?) ORDER BY number`,
      )
      .all(sessionId, stride, last);
    return { timeMs: rows.map((r) => r.bar_time_ms), equity: rows.map((r) => r.equity) };
  }

  /** State of an order; undefined when the journal does not have it. */
  orderState(clientOrderId: string): OrderState | undefined {
    const row = this.sql
      .prepare<[string], { state: string }>('SELECT state FROM order_states WHERE client_order_id = ?')
      .get(clientOrderId);
    return row === undefined ? undefined : orderStateSchema.parse(row.state);
  }

  /** In the order in which they were journaled. */
  orders(sessionId: string): JournaledOrder[] {
    return this.sql
      .prepare<[string], OrderDbRow>(
        'SELECT * FROM current_orders WHERE session_id = ? ORDER BY bar_time_ms, created_ms, client_order_id',
      )
      .all(sessionId)
      .map(orderOf);
  }

  /** Orders that may still change. */
  openOrders(sessionId: string): JournaledOrder[] {
    return this.sql
      .prepare<[string], OrderDbRow>(
        `SELECT * FROM current_orders WHERE session_id = ? AND state NOT IN ('filled', 'rejected', 'cancelled')
         ORDER BY bar_time_ms, created_ms, client_order_id`,
      )
      .all(sessionId)
      .map(orderOf);
  }

  /** Every state an order went through. */
  orderHistory(clientOrderId: string): { state: OrderState; timeMs: number; note: string | undefined }[] {
    return this.sql
      .prepare<[string], { state: string; time_ms: number; note: string | null }>(
        'SELECT state, time_ms, note FROM order_events WHERE client_order_id = ? ORDER BY seq',
      )
      .all(clientOrderId)
      .map((r) => ({ state: orderStateSchema.parse(r.state), timeMs: r.time_ms, note: r.note ?? undefined }));
  }

  /** In the order in which they happened. */
  fills(sessionId: string): Fill[] {
    return this.sql
      .prepare<[string], { fill_id: string; body: string }>(
        'SELECT fill_id, body FROM fills WHERE session_id = ? ORDER BY time_ms, seq',
      )
      .all(sessionId)
      .map((row) => decode(fillSchema, row.body, `fill ${row.fill_id}`));
  }

  /** Time of the newest journaled fill. */
  lastFillMs(sessionId: string): number | undefined {
    const row = this.sql
      .prepare<[string], { t: number | null }>('SELECT max(time_ms) AS t FROM fills WHERE session_id = ?')
      .get(sessionId);
    return row?.t ?? undefined;
  }

  /** Closed round trips, oldest first. */
  trades(sessionId: string): Trade[] {
    return this.sql
      .prepare<[string], { trade_id: string; body: string }>(
        'SELECT trade_id, body FROM trades WHERE session_id = ? ORDER BY seq',
      )
      .all(sessionId)
      .map((row) => decode(tradeSchema, row.body, `trade ${row.trade_id}`));
  }

  /** The newest lines, oldest of them first. */
  logLines(sessionId: string, limit: number): LogRow[] {
    return this.sql
      .prepare<[string, number], LogDbRow>(
        'SELECT seq, time_ms, level, message FROM session_log WHERE session_id = ? ORDER BY seq DESC LIMIT ?',
      )
      .all(sessionId, limit)
      .reverse()
      .map((r) => ({ seq: r.seq, timeMs: r.time_ms, level: r.level, message: r.message }));
  }
}
