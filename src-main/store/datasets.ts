import { z } from 'zod';
import {
  type DatasetDto,
  datasetSchema,
  type QualityDto,
  qualitySchema,
} from '../../src-shared/contract/data.ts';
import type { PriceSide } from '../../src-shared/market/bars.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import type { Sqlite } from './database.ts';
import { decode, encode } from './json.ts';

/** A stored history with what the check found. */
export interface DatasetRecord {
  readonly dataset: DatasetDto;
  readonly quality: QualityDto;
  readonly notes: readonly string[];
}

interface Row {
  readonly symbol: string;
  readonly timeframe: string;
  readonly body: string;
  readonly quality: string;
  readonly notes: string;
}

function recordOf(row: Row): DatasetRecord {
  const where = `data set ${row.symbol} ${row.timeframe}`;
  return {
    dataset: decode(datasetSchema, row.body, where),
    quality: decode(qualitySchema, row.quality, where),
    notes: decode(z.array(z.string()), row.notes, where),
  };
}

/** What is known about each stored history; the bars themselves are in the bar store. */
export class DatasetRepository {
  readonly #db: Sqlite;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** Adds or replaces the data set of a symbol, timeframe and side. */
  save(record: DatasetRecord): void {
    const { dataset, quality, notes } = record;
    this.#db
      .prepare(
        `INSERT INTO datasets (symbol, timeframe, price_side, imported_ms, data_hash, body, quality, notes)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (symbol, timeframe, price_side) DO UPDATE SET imported_ms = excluded.imported_ms,
           data_hash = excluded.data_hash, body = excluded.body, quality = excluded.quality, notes = excluded.notes`,
      )
      .run(
        dataset.symbol,
        dataset.timeframe,
        dataset.priceSide,
        dataset.importedMs,
        dataset.dataHash,
        encode(dataset),
        encode(quality),
        encode(notes),
      );
  }

  /** Without a side: bid where it is stored, else mid, else ask. */
  find(symbol: string, timeframe: Timeframe, side?: PriceSide): DatasetRecord | undefined {
    const row = this.#db
      .prepare<[string, string, string | null], Row>(
        `SELECT * FROM datasets WHERE symbol = ? AND timeframe = ? AND price_side = ifnull(?, price_side)
         ORDER BY CASE price_side WHEN 'bid' THEN 0 WHEN 'mid' THEN 1 ELSE 2 END`,
      )
      .get(symbol, timeframe, side ?? null);
    return row === undefined ? undefined : recordOf(row);
  }

  /** By symbol, then timeframe, then side. */
  list(): DatasetDto[] {
    return this.#db
      .prepare<[], Row>('SELECT * FROM datasets ORDER BY symbol, timeframe, price_side')
      .all()
      .map((row) => recordOf(row).dataset);
  }

  /** @returns false when there was none */
  remove(symbol: string, timeframe: Timeframe, side: PriceSide): boolean {
    return (
      this.#db
        .prepare('DELETE FROM datasets WHERE symbol = ? AND timeframe = ? AND price_side = ?')
        .run(symbol, timeframe, side).changes > 0
    );
  }
}
