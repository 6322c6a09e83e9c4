import { join } from 'node:path';
import { z } from 'zod';
import type { Fill, OrderRequest, Trade, VenueSpec } from '../../src-shared/trading/types.ts';
import type { VenueState } from '../../src-shared/trading/venueState.ts';
import { openSqlite, type Sqlite, withoutSync } from '../store/database.ts';
import { decode, encode } from '../store/json.ts';
import type { Migration } from '../store/migrate.ts';
import { Statements } from '../store/statements.ts';
import {
  fillSchema,
  orderRequestSchema,
  positionSchema,
  tradeSchema,
  venueSpecSchema,
} from '../store/tradingSchemas.ts';

/** Name of the paper broker's own file in the data folder. */
export const PAPER_FILE = 'paper.sqlite';

const firstPaperSchema: Migration = {
  id: 1,
  name: 'first-paper-schema',
  sql: `
CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  venue TEXT NOT NULL CHECK (json_valid(venue)),
  state TEXT CHECK (state IS NULL OR json_valid(state)),
  counters TEXT NOT NULL CHECK (json_valid(counters)),
  last_close REAL
) STRICT;

CREATE TABLE orders (
  client_order_id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  request TEXT NOT NULL CHECK (json_valid(request)),
  state TEXT NOT NULL CHECK (state IN ('accepted', 'filled', 'rejected', 'cancelled')),
  reason TEXT
) STRICT;
CREATE INDEX orders_by_account ON orders (account_id);

CREATE TABLE fills (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  fill_id TEXT NOT NULL UNIQUE,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  client_order_id TEXT NOT NULL,
  time_ms REAL NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE INDEX fills_by_account ON fills (account_id, time_ms);
CREATE INDEX fills_by_order ON fills (client_order_id);

CREATE TABLE trades (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  trade_id TEXT NOT NULL,
  exit_ms REAL NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body)),
  UNIQUE (account_id, trade_id)
) STRICT;
`,
};

const positionStateSchema = positionSchema.and(
  z.object({
    entrySpreadCost: z.number(),
    entrySlippageCost: z.number(),
    worstPrice: z.number(),
    bestPrice: z.number(),
  }),
);

const stateSchema = z.object({
  version: z.literal(1),
  symbol: z.string(),
  balance: z.number(),
  position: positionStateSchema.nullable(),
  pending: z.array(orderRequestSchema),
  lastBarMs: z.number().nullable(),
});

/** The venue's state without the ids it has seen, which are rows of the ledger. */
export type SavedVenueState = Omit<VenueState, 'seenOrderIds'>;
export type PaperOrderState = 'accepted' | 'filled' | 'rejected' | 'cancelled';

export interface PaperAccountRow {
  readonly venue: VenueSpec;
  readonly state: SavedVenueState | undefined;
  readonly counters: Readonly<Record<string, number>>;
  readonly lastClose: number | undefined;
}

export interface PaperOrderRow {
  readonly request: OrderRequest;
  readonly state: PaperOrderState;
  readonly reason: string | undefined;
}

interface AccountDbRow {
  readonly venue: string;
  readonly state: string | null;
  readonly counters: string;
  readonly last_close: number | null;
}

interface OrderDbRow {
  readonly request: string;
  readonly state: PaperOrderState;
  readonly reason: string | null;
}

/**
 * The paper broker's memory: accounts, orders and executions, in a file of its own because it stands for a
 * distant machine that does not share the engine's transactions.
 */
export class PaperLedger {
  readonly #db: Sqlite;
  readonly #sql: Statements;

  constructor(db: Sqlite) {
    this.#db = db;
    this.#sql = new Statements(db);
  }

  /**
   * One transaction.
   * @param waits for the disk; not needed for a bar on which nothing happened (JRN-8)
   */
  transaction<T>(write: () => T, waits: boolean): T {
    const run = (): T => this.#db.transaction(write).immediate();
    return waits ? run() : withoutSync(this.#db, run);
  }

  account(id: string): PaperAccountRow | undefined {
    const row = this.#sql.prepare<[string], AccountDbRow>('SELECT * FROM accounts WHERE id = ?').get(id);
    if (row === undefined) return undefined;
    const where = `paper account ${id}`;
    return {
      venue: decode(venueSpecSchema, row.venue, where),
      state: row.state === null ? undefined : decode(stateSchema, row.state, where),
      counters: decode(z.record(z.string(), z.number().int()), row.counters, where),
      lastClose: row.last_close ?? undefined,
    };
  }

  openAccount(id: string, venue: VenueSpec): void {
    this.#sql
      .prepare(
        "INSERT INTO accounts (id, venue, state, counters, last_close) VALUES (?, ?, NULL, '{}', NULL)",
      )
      .run(id, encode(venue));
  }

  saveAccount(
    id: string,
    state: SavedVenueState,
    counters: Readonly<Record<string, number>>,
    lastClose: number | undefined,
  ): void {
    this.#sql
      .prepare('UPDATE accounts SET state = ?, counters = ?, last_close = ? WHERE id = ?')
      .run(encode(state), encode(counters), lastClose ?? null, id);
  }

  /** An order of any account: ids are unique for ever. */
  order(clientOrderId: string): PaperOrderRow | undefined {
    const row = this.#sql
      .prepare<[string], OrderDbRow>('SELECT request, state, reason FROM orders WHERE client_order_id = ?')
      .get(clientOrderId);
    if (row === undefined) return undefined;
    const request = decode(orderRequestSchema, row.request, `paper order ${clientOrderId}`);
    return { request, state: row.state, reason: row.reason ?? undefined };
  }

  orderIds(accountId: string): string[] {
    return this.#sql
      .prepare<[string], string>('SELECT client_order_id FROM orders WHERE account_id = ?')
      .pluck()
      .all(accountId);
  }

  addOrder(accountId: string, request: OrderRequest, state: PaperOrderState, reason?: string): void {
    this.#sql
      .prepare(
        'INSERT INTO orders (client_order_id, account_id, request, state, reason) VALUES (?, ?, ?, ?, ?)',
      )
      .run(request.clientOrderId, accountId, encode(request), state, reason ?? null);
  }

  setOrder(clientOrderId: string, state: PaperOrderState, reason?: string): void {
    this.#sql
      .prepare('UPDATE orders SET state = ?, reason = ? WHERE client_order_id = ?')
      .run(state, reason ?? null, clientOrderId);
  }

  addFill(accountId: string, fill: Fill): void {
    this.#sql
      .prepare(
        'INSERT INTO fills (fill_id, account_id, client_order_id, time_ms, body) VALUES (?, ?, ?, ?, ?)',
      )
      .run(fill.fillId, accountId, fill.clientOrderId, fill.timeMs, encode(fill));
  }

  addTrade(accountId: string, trade: Trade): void {
    this.#sql
      .prepare('INSERT INTO trades (account_id, trade_id, exit_ms, body) VALUES (?, ?, ?, ?)')
      .run(accountId, trade.id, trade.exitTimeMs, encode(trade));
  }

  fillsOfOrder(clientOrderId: string): Fill[] {
    return this.#sql
      .prepare<[string], string>('SELECT body FROM fills WHERE client_order_id = ? ORDER BY seq')
      .pluck()
      .all(clientOrderId)
      .map((body) => decode(fillSchema, body, `fill of paper order ${clientOrderId}`));
  }

  fillsSince(accountId: string, timeMs: number): Fill[] {
    return this.#sql
      .prepare<[string, number], string>(
        'SELECT body FROM fills WHERE account_id = ? AND time_ms >= ? ORDER BY seq',
      )
      .pluck()
      .all(accountId, timeMs)
      .map((body) => decode(fillSchema, body, `fill of paper account ${accountId}`));
  }

  tradesSince(accountId: string, timeMs: number): Trade[] {
    return this.#sql
      .prepare<[string, number], string>(
        'SELECT body FROM trades WHERE account_id = ? AND exit_ms >= ? ORDER BY seq',
      )
      .pluck()
      .all(accountId, timeMs)
      .map((body) => decode(tradeSchema, body, `trade of paper account ${accountId}`));
  }

  close(): void {
    this.#db.close();
  }
}

/** Opens the paper broker's file in a data folder. @throws FrontierError CORRUPT or REFUSED, see `openSqlite` */
export function openPaperLedger(home: string): PaperLedger {
  return new PaperLedger(openSqlite(join(home, PAPER_FILE), [firstPaperSchema]));
}
