import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBVector,
} from '@duckdb/node-api';
import { allocateBars, type BarColumns, sliceBars } from '../../src-shared/market/bars.ts';

/** Column order of the files and of every query. */
const COLUMNS = ['timeMs', 'open', 'high', 'low', 'close', 'volume'] as const;
/** DuckDB's vectors hold 2048 values. */
const CHUNK_ROWS = 2048;
const THREADS = '2';

/** A path as an SQL string. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", "''")}'`;
}

function fileList(paths: readonly string[]): string {
  return `[${paths.map(quoted).join(', ')}]`;
}

/**
 * The typed array that a vector keeps its values in. It is no part of the documented interface, so both
 * directions fall back to the documented, ten times slower access by item where a release hides it.
 */
function itemsOf(vector: DuckDBVector): Float64Array | undefined {
  const items: unknown = Reflect.get(vector, 'items');
  return items instanceof Float64Array ? items : undefined;
}

function readColumn(vector: DuckDBVector, target: Float64Array, offset: number, rows: number): void {
  const items = itemsOf(vector);
  if (items) target.set(items.subarray(0, rows), offset);
  else for (let i = 0; i < rows; i++) target[offset + i] = Number(vector.getItem(i));
}

function writeColumn(vector: DuckDBVector, source: Float64Array): void {
  const items = itemsOf(vector);
  if (items) items.set(source);
  else for (let i = 0; i < source.length; i++) vector.setItem(i, source[i]!);
  vector.flush();
}

/** Bars in and out of Parquet through an in-memory DuckDB: no database file that two processes could share. */
export class BarDuckdb {
  #instance: Promise<DuckDBInstance> | undefined;
  #open = new Set<DuckDBConnection>();

  async #connect(): Promise<DuckDBConnection> {
    this.#instance ??= DuckDBInstance.create(':memory:', { threads: THREADS });
    const connection = await (await this.#instance).connect();
    this.#open.add(connection);
    return connection;
  }

  #release(connection: DuckDBConnection): void {
    this.#open.delete(connection);
    connection.closeSync();
  }

  /** Writes one Parquet file; times become TIMESTAMP_MS so that any other tool reads them as times. */
  async write(path: string, bars: BarColumns): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const connection = await this.#connect();
    try {
      const columns = COLUMNS.map((name) => `${name} DOUBLE`).join(', ');
      await connection.run(`CREATE TEMP TABLE bars (${columns})`);
      await append(connection, bars);
      await connection.run(
        `COPY (SELECT make_timestamp_ms(timeMs::BIGINT) AS time, open, high, low, close, volume
               FROM bars ORDER BY timeMs) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`,
      );
      await connection.run('DROP TABLE bars');
    } finally {
      this.#release(connection);
    }
  }

  /** Bars of some files whose open is in [fromMs, toMs], in time order. */
  async read(paths: readonly string[], fromMs: number, toMs: number): Promise<BarColumns> {
    if (paths.length === 0) return allocateBars(0);
    const connection = await this.#connect();
    try {
      const result = await connection.stream(
        `SELECT t, open, high, low, close, volume FROM (
           SELECT epoch_ms(time)::DOUBLE AS t, * FROM read_parquet(${fileList(paths)}))
         WHERE t BETWEEN $from AND $to ORDER BY t`,
        { from: fromMs, to: toMs },
        { from: DOUBLE, to: DOUBLE },
      );
      let bars = allocateBars(CHUNK_ROWS * 8);
      let rows = 0;
      for (
        let chunk = await result.fetchChunk();
        chunk && chunk.rowCount > 0;
        chunk = await result.fetchChunk()
      ) {
        if (rows + chunk.rowCount > bars.timeMs.length) bars = grown(bars);
        for (let c = 0; c < COLUMNS.length; c++) {
          readColumn(chunk.getColumnVector(c), bars[COLUMNS[c]!], rows, chunk.rowCount);
        }
        rows += chunk.rowCount;
      }
      return sliceBars(bars, 0, rows);
    } finally {
      this.#release(connection);
    }
  }

  /** Rows that the footers of some files state, in the order given. */
  async rowCounts(paths: readonly string[]): Promise<number[]> {
    const connection = await this.#connect();
    try {
      const reader = await connection.runAndReadAll(
        `SELECT file_name, num_rows::DOUBLE FROM parquet_file_metadata(${fileList(paths)})`,
      );
      const counts = new Map(reader.getRows().map((row) => [String(row[0]), Number(row[1])]));
      return paths.map((path) => counts.get(path) ?? -1);
    } finally {
      this.#release(connection);
    }
  }

  /** Ends the database. Calls in progress fail. */
  async close(): Promise<void> {
    const instance = await this.#instance;
    this.#instance = undefined;
    for (const connection of this.#open) connection.closeSync();
    this.#open.clear();
    instance?.closeSync();
  }
}

async function append(connection: DuckDBConnection, bars: BarColumns): Promise<void> {
  const appender = await connection.createAppender('bars');
  const types = COLUMNS.map(() => DOUBLE);
  for (let from = 0; from < bars.timeMs.length; from += CHUNK_ROWS) {
    const rows = Math.min(CHUNK_ROWS, bars.timeMs.length - from);
    const chunk = DuckDBDataChunk.create(types, rows);
    for (let c = 0; c < COLUMNS.length; c++) {
      writeColumn(chunk.getColumnVector(c), bars[COLUMNS[c]!].subarray(from, from + rows));
    }
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

function grown(bars: BarColumns): BarColumns {
  const bigger = allocateBars(bars.timeMs.length * 2);
  for (const name of COLUMNS) bigger[name].set(bars[name]);
  return bigger;
}
