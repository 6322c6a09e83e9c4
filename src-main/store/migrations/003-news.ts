import type { Migration } from '../migrate.ts';

/** The economic calendar and headlines. */
export const news: Migration = {
  id: 3,
  name: 'news',
  sql: `
CREATE TABLE news_events (
  id TEXT PRIMARY KEY,
  time_ms REAL NOT NULL,
  currency TEXT NOT NULL,
  impact TEXT NOT NULL CHECK (impact IN ('low', 'medium', 'high', 'holiday')),
  title TEXT NOT NULL,
  actual TEXT,
  forecast TEXT,
  previous TEXT,
  all_day INTEGER NOT NULL CHECK (all_day IN (0, 1)),
  source TEXT NOT NULL,
  updated_ms REAL NOT NULL
) STRICT;
CREATE INDEX news_events_by_time ON news_events (time_ms);

CREATE TABLE headlines (
  id TEXT PRIMARY KEY,
  time_ms REAL NOT NULL,
  title TEXT NOT NULL,
  summary TEXT NOT NULL,
  source TEXT NOT NULL,
  url TEXT,
  symbols TEXT NOT NULL CHECK (json_valid(symbols)),
  sentiment REAL,
  updated_ms REAL NOT NULL
) STRICT;
CREATE INDEX headlines_by_time ON headlines (time_ms);
`,
};
