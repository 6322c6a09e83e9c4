import { z } from 'zod';
import type { Sqlite } from './database.ts';
import { decode, encode } from './json.ts';

interface Row {
  readonly key: string;
  readonly value: string;
}

/** Settings by dotted name; values are JSON. Secrets never go here. */
export class SettingsRepository {
  readonly #db: Sqlite;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** `undefined` removes the key. */
  set(key: string, value: unknown, nowMs: number): void {
    if (value === undefined) {
      this.#db.prepare('DELETE FROM settings WHERE key = ?').run(key);
      return;
    }
    this.#db
      .prepare(
        `INSERT INTO settings (key, value, updated_ms) VALUES (?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_ms = excluded.updated_ms`,
      )
      .run(key, encode(value), nowMs);
  }

  /** The value checked against its schema, or undefined when it is not set. @throws FrontierError CORRUPT */
  get<S extends z.ZodType>(key: string, schema: S): z.output<S> | undefined {
    const row = this.#db.prepare<[string], Row>('SELECT key, value FROM settings WHERE key = ?').get(key);
    return row === undefined ? undefined : decode(schema, row.value, `setting ${key}`);
  }

  all(): Record<string, unknown> {
    const rows = this.#db.prepare<[], Row>('SELECT key, value FROM settings ORDER BY key').all();
    return Object.fromEntries(rows.map((r) => [r.key, decode(z.unknown(), r.value, `setting ${r.key}`)]));
  }
}
