import type { Migration } from '../migrate.ts';

/** One history per side of the quote, and the changes made to histories, which can be taken back. */
export const marketData: Migration = {
  id: 2,
  name: 'market data',
  sql: `
CREATE TABLE datasets_by_side (
  symbol TEXT NOT NULL,
  timeframe TEXT NOT NULL,
  price_side TEXT NOT NULL CHECK (price_side IN ('bid', 'ask', 'mid')),
  imported_ms REAL NOT NULL,
  data_hash TEXT NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body)),
  quality TEXT NOT NULL CHECK (json_valid(quality)),
  notes TEXT NOT NULL CHECK (json_valid(notes)),
  PRIMARY KEY (symbol, timeframe, price_side)
) STRICT;
INSERT INTO datasets_by_side
  SELECT symbol, timeframe, json_extract(body, '$.priceSide'), imported_ms, data_hash,
    json_set(body, '$.updatedMs', imported_ms, '$.markedBars', 0, '$.providerId', NULL), quality, notes
  FROM datasets;
DROP TABLE datasets;
ALTER TABLE datasets_by_side RENAME TO datasets;

CREATE TABLE dataset_changes (
  id TEXT PRIMARY KEY,
  symbol TEXT NOT NULL,
  timeframe TEXT NOT NULL,
  price_side TEXT NOT NULL,
  made_ms REAL NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('import', 'fetch', 'repair', 'resample', 'remove')),
  summary TEXT NOT NULL,
  detail TEXT NOT NULL CHECK (json_valid(detail)),
  version_before TEXT,
  version_after TEXT,
  record_before TEXT CHECK (record_before IS NULL OR json_valid(record_before)),
  undone_ms REAL
) STRICT;
CREATE INDEX dataset_changes_by_history ON dataset_changes (symbol, timeframe, price_side, made_ms);
`,
};
