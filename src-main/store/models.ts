import { type ListedModel, type ModelDto, modelSchema } from '../../src-shared/contract/training.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import type { Sqlite } from './database.ts';
import { conflictOnDuplicate, decode, encode, found } from './json.ts';

interface Row {
  readonly id: string;
  readonly body: string;
  readonly pinned: number;
  readonly present: number;
}

const COLUMNS = 'id, body, pinned, present';

const modelOf = (row: Row): ListedModel => ({
  ...decode(modelSchema, row.body, `model ${row.id}`),
  pinned: row.pinned === 1,
  present: row.present === 1,
});

/** The register of trained models; their files are in the artifact store. */
export class ModelRepository {
  readonly #db: Sqlite;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** @throws FrontierError CONFLICT when the id or the version is taken */
  add(model: ModelDto): void {
    const insert = this.#db.prepare(
      'INSERT INTO models (id, symbol, timeframe, version, created_ms, sha256, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    conflictOnDuplicate(
      () =>
        insert.run(
          model.id,
          model.symbol,
          model.timeframe,
          model.version,
          model.createdMs,
          model.sha256,
          encode(modelSchema.parse(model)),
        ),
      `Model ${model.id} (${model.symbol} ${model.timeframe} version ${model.version}) is already registered.`,
      'Train again to get a new version.',
    );
  }

  /** @throws FrontierError NOT_FOUND */
  get(id: string): ListedModel {
    const row = this.#db.prepare<[string], Row>(`SELECT ${COLUMNS} FROM models WHERE id = ?`).get(id);
    return modelOf(found(row, `model ${id}`, 'List the models to see their ids, or train one.'));
  }

  /** Newest first. */
  list(): ListedModel[] {
    return this.#db
      .prepare<[], Row>(`SELECT ${COLUMNS} FROM models ORDER BY created_ms DESC, id DESC`)
      .all()
      .map(modelOf);
  }

  /** The newest model of a symbol and timeframe. */
  latest(symbol: string, timeframe: Timeframe): ListedModel | undefined {
    const row = this.#db
      .prepare<[string, string], Row>(
        `SELECT ${COLUMNS} FROM models WHERE symbol = ? AND timeframe = ? ORDER BY version DESC LIMIT 1`,
      )
      .get(symbol, timeframe);
    return row === undefined ? undefined : modelOf(row);
  }

  /** Pinned models are never pruned. @throws FrontierError NOT_FOUND */
  pin(id: string, pinned: boolean): void {
    this.get(id);
    this.#db.prepare('UPDATE models SET pinned = ? WHERE id = ?').run(pinned ? 1 : 0, id);
  }

  /** Notes that the files of a model are gone; its record stays for what was made with it. */
  markAbsent(id: string): void {
    this.#db.prepare('UPDATE models SET present = 0 WHERE id = ?').run(id);
  }
}
