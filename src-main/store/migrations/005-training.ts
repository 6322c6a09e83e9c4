import type { Migration } from '../migrate.ts';

/** What a training run tells beside its losses, and which models are kept. */
export const training: Migration = {
  id: 5,
  name: 'training',
  sql: `
ALTER TABLE training_curve ADD COLUMN gradient_norm REAL;
ALTER TABLE training_curve ADD COLUMN steps_per_second REAL;

CREATE TABLE training_readings (
  run_id TEXT NOT NULL REFERENCES training_runs (id) ON DELETE CASCADE,
  time_ms REAL NOT NULL,
  device TEXT NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body)),
  PRIMARY KEY (run_id, time_ms, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE training_log (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES training_runs (id) ON DELETE CASCADE,
  time_ms REAL NOT NULL,
  level TEXT NOT NULL,
  topic TEXT NOT NULL,
  message TEXT NOT NULL
) STRICT;
CREATE INDEX training_log_by_run ON training_log (run_id, id);

ALTER TABLE models ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE models ADD COLUMN present INTEGER NOT NULL DEFAULT 1;
`,
};
