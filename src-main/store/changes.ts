import { z } from 'zod';
import { type ChangeDto, datasetSchema, qualitySchema } from '../../src-shared/contract/data.ts';
import type { PriceSide } from '../../src-shared/market/bars.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import type { Sqlite } from './database.ts';
import type { DatasetRecord } from './datasets.ts';
import { conflictOnDuplicate, decode, decodeOptional, encode, found } from './json.ts';

/** Names a history. */
export interface HistoryName {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly priceSide: PriceSide;
}

/** One change of a stored history, and what it takes to take it back. */
export interface ChangeRecord extends HistoryName {
  readonly id: string;
  readonly madeMs: number;
  readonly kind: ChangeDto['kind'];
  /** One sentence for the user. */
  readonly summary: string;
  /** What was done, for the log: repairs by bar, spans fetched. Plain JSON. */
  readonly detail: unknown;
  /** Versions of the bar store; null where there is no history. */
  readonly versionBefore: string | null;
  readonly versionAfter: string | null;
  /** What was known about the history before; undefined where there was none. */
  readonly recordBefore: DatasetRecord | undefined;
  readonly undoneMs: number | null;
}

/** Which changes; everything when nothing is named. */
export interface ChangeFilter {
  readonly symbol?: string | undefined;
  readonly timeframe?: Timeframe | undefined;
  readonly priceSide?: PriceSide | undefined;
}

interface Row {
  readonly id: string;
  readonly symbol: string;
  readonly timeframe: string;
  readonly price_side: string;
  readonly made_ms: number;
  readonly kind: string;
  readonly summary: string;
  readonly detail: string;
  readonly version_before: string | null;
  readonly version_after: string | null;
  readonly record_before: string | null;
  readonly undone_ms: number | null;
}

const recordSchema = z.object({
  dataset: datasetSchema,
  quality: qualitySchema,
  notes: z.array(z.string()),
});

function changeOf(row: Row): ChangeRecord {
  const where = `change ${row.id}`;
  return {
    id: row.id,
    symbol: row.symbol,
    // Written by this repository alone.
    timeframe: row.timeframe as Timeframe,
    priceSide: row.price_side as PriceSide,
    madeMs: row.made_ms,
    kind: row.kind as ChangeDto['kind'],
    summary: row.summary,
    detail: decode(z.unknown(), row.detail, where),
    versionBefore: row.version_before,
    versionAfter: row.version_after,
    recordBefore: decodeOptional(recordSchema, row.record_before, where),
    undoneMs: row.undone_ms,
  };
}

/** What was done to the stored histories. */
export class ChangeRepository {
  readonly #db: Sqlite;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** @throws FrontierError CONFLICT for an id that exists */
  add(change: ChangeRecord): void {
    const { recordBefore } = change;
    conflictOnDuplicate(
      () =>
        this.#db
          .prepare(
            `INSERT INTO dataset_changes (id, symbol, timeframe, price_side, made_ms, kind, summary, detail,
               version_before, version_after, record_before, undone_ms)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          )
          .run(
            change.id,
            change.symbol,
            change.timeframe,
            change.priceSide,
            change.madeMs,
            change.kind,
            change.summary,
            encode(change.detail ?? null),
            change.versionBefore,
            change.versionAfter,
            recordBefore === undefined ? null : encode(recordBefore),
            change.undoneMs,
          ),
      `There is a change ${change.id} already.`,
      'This is a fault in Frontier; nothing was recorded twice.',
    );
  }

  /** A change that went on: where it has led to by now. @throws FrontierError NOT_FOUND */
  extend(id: string, now: Pick<ChangeRecord, 'summary' | 'detail' | 'versionAfter'>): void {
    this.get(id);
    this.#db
      .prepare('UPDATE dataset_changes SET summary = ?, detail = ?, version_after = ? WHERE id = ?')
      .run(now.summary, encode(now.detail ?? null), now.versionAfter, id);
  }

  /** Notes that a change was taken back. @throws FrontierError NOT_FOUND */
  markUndone(id: string, undoneMs: number): void {
    this.get(id);
    this.#db.prepare('UPDATE dataset_changes SET undone_ms = ? WHERE id = ?').run(undoneMs, id);
  }

  /** @throws FrontierError NOT_FOUND */
  get(id: string): ChangeRecord {
    const row = this.#db.prepare<[string], Row>('SELECT * FROM dataset_changes WHERE id = ?').get(id);
    return changeOf(found(row, `change ${id}`, 'List the changes to see their ids.'));
  }

  /** The newest first. */
  list(filter: ChangeFilter, limit: number): ChangeRecord[] {
    return this.#db
      .prepare<[string | null, string | null, string | null, number], Row>(
        `SELECT * FROM dataset_changes
         WHERE symbol = ifnull(?, symbol) AND timeframe = ifnull(?, timeframe) AND price_side = ifnull(?, price_side)
         ORDER BY made_ms DESC, rowid DESC LIMIT ?`,
      )
      .all(filter.symbol ?? null, filter.timeframe ?? null, filter.priceSide ?? null, limit)
      .map(changeOf);
  }

  /** The newest change of a history that holds: the one that can be taken back. */
  newest(history: HistoryName): ChangeRecord | undefined {
    const row = this.#db
      .prepare<[string, string, string], Row>(
        `SELECT * FROM dataset_changes WHERE symbol = ? AND timeframe = ? AND price_side = ? AND undone_ms IS NULL
         ORDER BY made_ms DESC, rowid DESC LIMIT 1`,
      )
      .get(history.symbol, history.timeframe, history.priceSide);
    return row && changeOf(row);
  }
}
