import type Database from 'better-sqlite3';
import { FrontierError } from '../../src-shared/errors.ts';

/** One numbered step of a database's schema. */
export interface Migration {
  /** Counts up from 1 without holes. */
  readonly id: number;
  readonly name: string;
  readonly sql: string;
}

interface AppliedRow {
  readonly id: number;
  readonly name: string;
}

function appliedMigrations(db: Database.Database): AppliedRow[] {
  const exists = db
    .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'")
    .get();
  if (exists === undefined) return [];
  return db.prepare<[], AppliedRow>('SELECT id, name FROM schema_migrations ORDER BY id').all();
}

function assertKnown(applied: readonly AppliedRow[], migrations: readonly Migration[], file: string): void {
  const newest = applied.at(-1)?.id ?? 0;
  const known = migrations.at(-1)?.id ?? 0;
  if (newest > known) {
    throw new FrontierError(
      'REFUSED',
      `${file} was written by a newer Frontier (schema ${newest}; this one knows schemas up to ${known}).`,
      'Update Frontier, or open another data folder with --home.',
    );
  }
  for (const row of applied) {
    const own = migrations.find((m) => m.id === row.id);
    if (own?.name === row.name) continue;
    throw new FrontierError(
      'CORRUPT',
      `${file} records migration ${row.id} as "${row.name}", which this build knows as "${own?.name ?? 'nothing'}".`,
      'The file belongs to another build; open another data folder with --home.',
    );
  }
}

/**
 * Brings a database to the newest schema. All pending migrations are one transaction: when one fails, the
 * file keeps the schema and the rows it had.
 * @param file name for messages
 * @throws FrontierError REFUSED for a newer database, CORRUPT when its history is not ours, INTERNAL when a
 *   migration fails
 */
export function migrate(db: Database.Database, migrations: readonly Migration[], file: string): void {
  migrations.forEach((m, i) => {
    if (m.id !== i + 1) throw new Error(`migration ${m.name} has id ${m.id}, expected ${i + 1}`);
  });
  const run = db.transaction(() => {
    const applied = appliedMigrations(db);
    assertKnown(applied, migrations, file);
    if (applied.length === migrations.length) return;
    db.exec(
      'CREATE TABLE IF NOT EXISTS schema_migrations (id INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_ms REAL NOT NULL) STRICT',
    );
    const record = db.prepare(
      "INSERT INTO schema_migrations (id, name, applied_ms) VALUES (?, ?, round(unixepoch('subsec') * 1000))",
    );
    for (const m of migrations.slice(applied.length)) {
      try {
        db.exec(m.sql);
      } catch (cause) {
        throw new FrontierError(
          'INTERNAL',
          `Migration ${m.id} (${m.name}) of ${file} failed: ${cause instanceof Error ? cause.message : String(cause)}`,
          'The data is as it was before. Keep a copy of the file and report this with the log.',
          cause,
        );
      }
      record.run(m.id, m.name);
    }
  });
  run.immediate();
}
