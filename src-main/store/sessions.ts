import { z } from 'zod';
import { type SessionState, sessionStateSchema } from '../../src-shared/contract/live.ts';
import type { ErrorBody } from '../../src-shared/errors.ts';
import type { OpenPosition, VenueSpec } from '../../src-shared/trading/types.ts';
import type { Sqlite } from './database.ts';
import { conflictOnDuplicate, decode, decodeOptional, encode, found } from './json.ts';
import { positionSchema, venueSpecSchema } from './tradingSchemas.ts';

/** Which bars a session trades on, so that it can be opened again after a restart. */
export const sessionSourceSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('replay'),
    /** Open of the first and of the last bar that is decided on. */
    fromMs: z.number(),
    toMs: z.number(),
    dataHash: z.string(),
    /** SHA-256 of the news windows it trades with; absent without a blackout policy. */
    blackouts: z.string().optional(),
  }),
]);
export type SessionSource = z.infer<typeof sessionSourceSchema>;

/** What a session is: fixed at its start. */
export interface SessionIdentity {
  readonly id: string;
  readonly deploymentId: string;
  readonly broker: string;
  /** The feed in words. */
  readonly feed: string;
  readonly badge: 'PAPER' | 'LIVE' | 'SHADOW';
  readonly venue: VenueSpec;
  readonly source: SessionSource;
  readonly startedMs: number;
  readonly barsTotal: number;
  readonly initialBalance: number;
}

/** Where a session stands: follows the journal. */
export interface SessionStanding {
  readonly state: SessionState;
  readonly endedMs: number | undefined;
  /** Bars per second; 0 runs as fast as it goes. */
  readonly speed: number;
  readonly balance: number;
  readonly equity: number;
  readonly lastPrice: number | undefined;
  readonly position: OpenPosition | undefined;
  readonly unreconciled: readonly string[];
  readonly error: ErrorBody | undefined;
}

export type SessionRecord = SessionIdentity & SessionStanding;

interface Row {
  readonly id: string;
  readonly deployment_id: string;
  readonly broker: string;
  readonly feed: string;
  readonly badge: string;
  readonly venue: string;
  readonly source: string;
  readonly started_ms: number;
  readonly bars_total: number;
  readonly initial_balance: number;
  readonly state: string;
  readonly ended_ms: number | null;
  readonly speed: number;
  readonly balance: number;
  readonly equity: number;
  readonly last_price: number | null;
  readonly position: string | null;
  readonly unreconciled: string;
  readonly error: string | null;
}

const badgeSchema = z.enum(['PAPER', 'LIVE', 'SHADOW']);
const errorSchema = z.custom<ErrorBody>(
  (v) => typeof v === 'object' && v !== null && 'code' in v && 'message' in v,
);

function recordOf(row: Row): SessionRecord {
  const where = `session ${row.id}`;
  return {
    id: row.id,
    deploymentId: row.deployment_id,
    broker: row.broker,
    feed: row.feed,
    badge: badgeSchema.parse(row.badge),
    venue: decode(venueSpecSchema, row.venue, where),
    source: decode(sessionSourceSchema, row.source, where),
    startedMs: row.started_ms,
    barsTotal: row.bars_total,
    initialBalance: row.initial_balance,
    state: sessionStateSchema.parse(row.state),
    endedMs: row.ended_ms ?? undefined,
    speed: row.speed,
    balance: row.balance,
    equity: row.equity,
    lastPrice: row.last_price ?? undefined,
    position: decodeOptional(positionSchema, row.position, where),
    unreconciled: decode(z.array(z.string()), row.unreconciled, where),
    error: decodeOptional(errorSchema, row.error, where),
  };
}

const optionalJson = (value: unknown): string | null => (value === undefined ? null : encode(value));

function standingColumns(s: SessionStanding): Record<string, string | number | null> {
  return {
    state: s.state,
    ended_ms: s.endedMs ?? null,
    speed: s.speed,
    balance: s.balance,
    equity: s.equity,
    last_price: s.lastPrice ?? null,
    position: optionalJson(s.position),
    unreconciled: encode(s.unreconciled),
    error: optionalJson(s.error),
  };
}

/** Live sessions: what they are and where they stand. */
export class SessionRepository {
  readonly #db: Sqlite;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** @throws FrontierError CONFLICT when the id is taken */
  add(session: SessionRecord): void {
    const insert = this.#db.prepare(
      `INSERT INTO live_sessions (id, deployment_id, broker, feed, badge, venue, source, started_ms, bars_total,
         initial_balance, state, ended_ms, speed, balance, equity, last_price, position, unreconciled, error)
       VALUES (@id, @deployment_id, @broker, @feed, @badge, @venue, @source, @started_ms, @bars_total,
         @initial_balance, @state, @ended_ms, @speed, @balance, @equity, @last_price, @position, @unreconciled, @error)`,
    );
    conflictOnDuplicate(
      () =>
        insert.run({
          id: session.id,
          deployment_id: session.deploymentId,
          broker: session.broker,
          feed: session.feed,
          badge: session.badge,
          venue: encode(session.venue),
          source: encode(session.source),
          started_ms: session.startedMs,
          bars_total: session.barsTotal,
          initial_balance: session.initialBalance,
          ...standingColumns(session),
        }),
      `Session ${session.id} exists.`,
      'Start a new session.',
    );
  }

  /** Replaces the named parts of the standing. */
  update(id: string, patch: Partial<SessionStanding>): void {
    const now = { ...this.get(id), ...patch };
    this.#db
      .prepare(
        `UPDATE live_sessions SET state = @state, ended_ms = @ended_ms, speed = @speed, balance = @balance,
           equity = @equity, last_price = @last_price, position = @position, unreconciled = @unreconciled,
           error = @error WHERE id = @id`,
      )
      .run({ id, ...standingColumns(now) });
  }

  /** @throws FrontierError NOT_FOUND */
  get(id: string): SessionRecord {
    const row = this.#db.prepare<[string], Row>('SELECT * FROM live_sessions WHERE id = ?').get(id);
    return recordOf(found(row, `session ${id}`, 'List the sessions to see their ids.'));
  }

  /** Newest first. */
  list(): SessionRecord[] {
    return this.#db
      .prepare<[], Row>('SELECT * FROM live_sessions ORDER BY started_ms DESC, rowid DESC')
      .all()
      .map(recordOf);
  }
}
