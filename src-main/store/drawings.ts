import { type Drawing, drawingSchema } from '../../src-shared/contract/chart.ts';
import type { Sqlite } from './database.ts';
import { decode, encode } from './json.ts';

interface Row {
  readonly id: string;
  readonly body: string;
}

/** What the user drew on charts. */
export class DrawingRepository {
  readonly #db: Sqlite;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** Adds a drawing, or replaces the one with its id. */
  save(drawing: Drawing, nowMs: number): void {
    this.#db
      .prepare(
        `INSERT INTO drawings (id, symbol, updated_ms, body) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET symbol = excluded.symbol, updated_ms = excluded.updated_ms,
           body = excluded.body`,
      )
      .run(drawing.id, drawing.symbol, nowMs, encode(drawing));
  }

  find(id: string): Drawing | undefined {
    const row = this.#db.prepare<[string], Row>('SELECT id, body FROM drawings WHERE id = ?').get(id);
    return row && decode(drawingSchema, row.body, `drawing ${row.id}`);
  }

  /** Drawings on a symbol in the order in which they were first made. */
  list(symbol: string): Drawing[] {
    return this.#db
      .prepare<[string], Row>('SELECT id, body FROM drawings WHERE symbol = ? ORDER BY rowid')
      .all(symbol)
      .map((row) => decode(drawingSchema, row.body, `drawing ${row.id}`));
  }

  /** @returns false when there was none */
  remove(id: string): boolean {
    return this.#db.prepare('DELETE FROM drawings WHERE id = ?').run(id).changes > 0;
  }
}
