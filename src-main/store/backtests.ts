import {
  type BacktestDto,
  type BacktestSummary,
  backtestSchema,
  backtestSummarySchema,
} from '../../src-shared/contract/backtest.ts';
import type { Sqlite } from './database.ts';
import { conflictOnDuplicate, decode, encode, found } from './json.ts';

interface Row {
  readonly id: string;
  readonly summary: string;
  readonly detail: string;
}

const detailSchema = backtestSchema.omit(
  Object.fromEntries(Object.keys(backtestSummarySchema.shape).map((key) => [key, true])) as Record<
    keyof BacktestSummary,
    true
  >,
);

const summaryOf = (row: Pick<Row, 'id' | 'summary'>): BacktestSummary =>
  decode(backtestSummarySchema, row.summary, `backtest ${row.id}`);

/** Finished backtests: the figures to list, and curve and trades to open. */
export class BacktestRepository {
  readonly #db: Sqlite;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** @throws FrontierError CONFLICT when the id is taken */
  add(backtest: BacktestDto): void {
    const insert = this.#db.prepare(
      'INSERT INTO backtests (id, model_id, created_ms, parameter_hash, summary, detail) VALUES (?, ?, ?, ?, ?, ?)',
    );
    conflictOnDuplicate(
      () =>
        insert.run(
          backtest.id,
          backtest.modelId,
          backtest.createdMs,
          backtest.parameterHash,
          encode(backtestSummarySchema.parse(backtest)),
          encode(detailSchema.parse(backtest)),
        ),
      `Backtest ${backtest.id} is already stored.`,
      'Run it again to get a new one.',
    );
  }

  /** @throws FrontierError NOT_FOUND */
  get(id: string): BacktestDto {
    const row = this.#db
      .prepare<[string], Row>('SELECT id, summary, detail FROM backtests WHERE id = ?')
      .get(id);
    const known = found(row, `backtest ${id}`, 'List the backtests to see their ids.');
    return { ...summaryOf(known), ...decode(detailSchema, known.detail, `backtest ${id}`) };
  }

  /** Newest first. */
  list(): BacktestSummary[] {
    return this.#db
      .prepare<[], Row>('SELECT id, summary FROM backtests ORDER BY created_ms DESC, id DESC')
      .all()
      .map(summaryOf);
  }
}
