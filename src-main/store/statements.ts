import type Database from 'better-sqlite3';
import type { Sqlite } from './database.ts';

/** Prepares each statement once: parsing SQL costs more than running it where a row is written per bar. */
export class Statements {
  readonly #db: Sqlite;
  readonly #prepared = new Map<string, unknown>();

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** As `db.prepare`, remembered by the text. A mode set on the statement (`pluck`) stays with that text. */
  prepare<P extends unknown[] = unknown[], R = unknown>(sql: string): Database.Statement<P, R> {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known as Database.Statement<P, R>;
    const made = this.#db.prepare<P, R>(sql);
    this.#prepared.set(sql, made);
    return made;
  }
}
