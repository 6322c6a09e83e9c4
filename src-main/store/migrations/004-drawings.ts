import type { Migration } from '../migrate.ts';

/** What the user drew on charts. */
export const drawings: Migration = {
  id: 4,
  name: 'drawings',
  sql: `
CREATE TABLE drawings (
  id TEXT PRIMARY KEY,
  symbol TEXT NOT NULL,
  updated_ms REAL NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE INDEX drawings_by_symbol ON drawings (symbol);
`,
};
