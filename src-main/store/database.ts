import { existsSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { FrontierError } from '../../src-shared/errors.ts';
import { type Migration, migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';

export type Sqlite = Database.Database;

/** Name of the state database inside the data folder. */
export const STATE_FILE = 'frontier.sqlite';

function configure(db: Sqlite): void {
  db.pragma('journal_mode = WAL');
  // Whatever must survive a power cut reaches the disk before its commit returns; see `withoutSync`.
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  db.pragma('busy_timeout = 5000');
  db.pragma('trusted_schema = OFF');
}

/**
 * Runs a write that does not wait for the disk: for facts whose loss in a power cut is made good by
 * reconciliation (JRN-8). A killed process loses nothing either way, and the next waiting commit takes these
 * along. Not inside a transaction.
 */
export function withoutSync<T>(db: Sqlite, write: () => T): T {
  db.pragma('synchronous = NORMAL');
  try {
    return write();
  } finally {
    db.pragma('synchronous = FULL');
  }
}

function unreadable(file: string, cause: unknown): FrontierError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new FrontierError(
    'CORRUPT',
    `${basename(file)} cannot be opened: ${why}.`,
    'Restore the data folder from a backup, or open another one with --home.',
    cause,
  );
}

/**
 * Opens (or creates) an SQLite file in WAL mode, durable at every commit, foreign keys on, and migrates it.
 * @throws FrontierError CORRUPT for a file that is no database, REFUSED for one of a newer Frontier
 */
export function openSqlite(file: string, migrations: readonly Migration[]): Sqlite {
  mkdirSync(dirname(file), { recursive: true });
  let db: Sqlite | undefined;
  try {
    db = new Database(file);
    configure(db);
    migrate(db, migrations, basename(file));
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof FrontierError) throw error;
    throw unreadable(file, error);
  }
}

/** Opens the state database of a data folder. @throws FrontierError as `openSqlite` */
export function openStateDatabase(home: string): Sqlite {
  return openSqlite(join(home, STATE_FILE), MIGRATIONS);
}

/** True when the folder already holds a state database. */
export function hasStateDatabase(home: string): boolean {
  return existsSync(join(home, STATE_FILE));
}
