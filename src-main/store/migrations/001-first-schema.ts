import type { Migration } from '../migrate.ts';

/** Tables whose rows are facts: written once, never changed, never removed (JRN-1). */
const APPEND_ONLY = ['decisions', 'orders', 'order_events', 'fills', 'trades', 'session_log', 'deployments'];

const tables = `
CREATE TABLE datasets (
  symbol TEXT NOT NULL,
  timeframe TEXT NOT NULL,
  imported_ms REAL NOT NULL,
  data_hash TEXT NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body)),
  quality TEXT NOT NULL CHECK (json_valid(quality)),
  notes TEXT NOT NULL CHECK (json_valid(notes)),
  PRIMARY KEY (symbol, timeframe)
) STRICT;

CREATE TABLE training_runs (
  id TEXT PRIMARY KEY,
  job_id TEXT NOT NULL,
  state TEXT NOT NULL,
  started_ms REAL NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;

CREATE TABLE training_curve (
  run_id TEXT NOT NULL REFERENCES training_runs (id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  train REAL NOT NULL,
  validation REAL,
  learning_rate REAL,
  PRIMARY KEY (run_id, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE models (
  id TEXT PRIMARY KEY,
  symbol TEXT NOT NULL,
  timeframe TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_ms REAL NOT NULL,
  sha256 TEXT NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body)),
  UNIQUE (symbol, timeframe, version)
) STRICT;

CREATE TABLE backtests (
  id TEXT PRIMARY KEY,
  model_id TEXT NOT NULL REFERENCES models (id),
  created_ms REAL NOT NULL,
  parameter_hash TEXT NOT NULL,
  summary TEXT NOT NULL CHECK (json_valid(summary)),
  detail TEXT NOT NULL CHECK (json_valid(detail))
) STRICT;
CREATE INDEX backtests_by_model ON backtests (model_id, created_ms);

CREATE TABLE studies (
  id TEXT PRIMARY KEY,
  job_id TEXT NOT NULL,
  model_id TEXT NOT NULL REFERENCES models (id),
  state TEXT NOT NULL,
  started_ms REAL NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body)),
  checkpoint TEXT CHECK (checkpoint IS NULL OR json_valid(checkpoint))
) STRICT;

CREATE TABLE trials (
  id TEXT PRIMARY KEY,
  study_id TEXT NOT NULL REFERENCES studies (id),
  number INTEGER NOT NULL,
  genes TEXT NOT NULL CHECK (json_valid(genes)),
  objectives TEXT NOT NULL CHECK (json_valid(objectives)),
  feasible INTEGER NOT NULL CHECK (feasible IN (0, 1)),
  on_front INTEGER NOT NULL CHECK (on_front IN (0, 1)),
  trades INTEGER NOT NULL,
  UNIQUE (study_id, number)
) STRICT;

CREATE TABLE deployments (
  id TEXT PRIMARY KEY,
  created_ms REAL NOT NULL,
  model_id TEXT NOT NULL REFERENCES models (id),
  parameter_hash TEXT NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;

CREATE TABLE live_sessions (
  id TEXT PRIMARY KEY,
  deployment_id TEXT NOT NULL REFERENCES deployments (id),
  broker TEXT NOT NULL,
  feed TEXT NOT NULL,
  badge TEXT NOT NULL,
  venue TEXT NOT NULL CHECK (json_valid(venue)),
  source TEXT NOT NULL CHECK (json_valid(source)),
  started_ms REAL NOT NULL,
  bars_total INTEGER NOT NULL,
  initial_balance REAL NOT NULL,
  state TEXT NOT NULL,
  ended_ms REAL,
  speed REAL NOT NULL,
  balance REAL NOT NULL,
  equity REAL NOT NULL,
  last_price REAL,
  position TEXT CHECK (position IS NULL OR json_valid(position)),
  unreconciled TEXT NOT NULL CHECK (json_valid(unreconciled)),
  error TEXT CHECK (error IS NULL OR json_valid(error))
) STRICT;
CREATE INDEX live_sessions_by_start ON live_sessions (started_ms);

CREATE TABLE decisions (
  session_id TEXT NOT NULL REFERENCES live_sessions (id),
  bar_time_ms REAL NOT NULL,
  number INTEGER NOT NULL,
  signal REAL,
  atr REAL,
  intent TEXT CHECK (intent IS NULL OR json_valid(intent)),
  explanation TEXT NOT NULL,
  close REAL NOT NULL,
  balance REAL NOT NULL,
  equity REAL NOT NULL,
  PRIMARY KEY (session_id, bar_time_ms),
  UNIQUE (session_id, number)
) STRICT;

CREATE TABLE orders (
  client_order_id TEXT PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES live_sessions (id),
  bar_time_ms REAL NOT NULL,
  created_ms REAL NOT NULL,
  reason TEXT NOT NULL,
  request TEXT NOT NULL CHECK (json_valid(request))
) STRICT;
CREATE INDEX orders_by_session ON orders (session_id, bar_time_ms);

CREATE TABLE order_events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  client_order_id TEXT NOT NULL REFERENCES orders (client_order_id),
  state TEXT NOT NULL
    CHECK (state IN ('created', 'sent', 'accepted', 'filled', 'rejected', 'cancelled', 'unknown')),
  time_ms REAL NOT NULL,
  note TEXT
) STRICT;
CREATE INDEX order_events_by_order ON order_events (client_order_id, seq);

CREATE TABLE fills (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  fill_id TEXT NOT NULL UNIQUE,
  session_id TEXT NOT NULL REFERENCES live_sessions (id),
  client_order_id TEXT,
  position_id TEXT NOT NULL,
  time_ms REAL NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE INDEX fills_by_session ON fills (session_id, seq);

CREATE TABLE trades (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id TEXT NOT NULL REFERENCES live_sessions (id),
  trade_id TEXT NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body)),
  UNIQUE (session_id, trade_id)
) STRICT;

CREATE TABLE session_log (
  session_id TEXT NOT NULL REFERENCES live_sessions (id),
  seq INTEGER NOT NULL,
  time_ms REAL NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('info', 'warning', 'error')),
  message TEXT NOT NULL,
  PRIMARY KEY (session_id, seq)
) STRICT, WITHOUT ROWID;

-- The newest event of each order, kept by the trigger: a session asks for its open orders at every decision.
CREATE TABLE order_states (
  client_order_id TEXT PRIMARY KEY REFERENCES orders (client_order_id),
  session_id TEXT NOT NULL,
  state TEXT NOT NULL,
  time_ms REAL NOT NULL,
  note TEXT
) STRICT;
CREATE INDEX order_states_open ON order_states (session_id)
  WHERE state NOT IN ('filled', 'rejected', 'cancelled');
CREATE TRIGGER order_events_newest AFTER INSERT ON order_events
BEGIN
  INSERT INTO order_states (client_order_id, session_id, state, time_ms, note)
  SELECT o.client_order_id, o.session_id, NEW.state, NEW.time_ms, NEW.note
  FROM orders o WHERE o.client_order_id = NEW.client_order_id
  ON CONFLICT (client_order_id) DO UPDATE
    SET state = excluded.state, time_ms = excluded.time_ms, note = excluded.note;
END;

CREATE VIEW current_orders AS
SELECT o.client_order_id, o.session_id, o.bar_time_ms, o.created_ms, o.reason, o.request,
       s.state, s.time_ms AS state_ms, s.note
FROM order_states s JOIN orders o ON o.client_order_id = s.client_order_id;

CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL CHECK (json_valid(value)),
  updated_ms REAL NOT NULL
) STRICT;

CREATE TABLE reports (
  id TEXT PRIMARY KEY,
  path TEXT NOT NULL UNIQUE,
  created_ms REAL NOT NULL,
  title TEXT NOT NULL,
  sources TEXT NOT NULL CHECK (json_valid(sources))
) STRICT;
`;

const triggers = APPEND_ONLY.map(
  (table) => `
CREATE TRIGGER ${table}_no_update BEFORE UPDATE ON ${table}
BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;
CREATE TRIGGER ${table}_no_delete BEFORE DELETE ON ${table}
BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;`,
).join('\n');

/** The schema of the first release. Never edited again: changes are new migrations. */
export const firstSchema: Migration = { id: 1, name: 'first-schema', sql: `${tables}\n${triggers}` };
