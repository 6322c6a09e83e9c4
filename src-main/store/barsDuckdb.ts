import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  BIGINT,
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBVector,
} from '@duckdb/node-api';
import { allocateBars, type BarColumns, sliceBars } from '../../src-shared/market/bars.ts';
import { type PlainColumn, writePlainParquet } from './barsParquet.ts';

/** Column order of the files and of every query. */
const COLUMNS = ['timeMs', 'open', 'high', 'low', 'close', 'volume'] as const;
const THREADS = '2';
/**
 * Small enough that a window reads little (six weeks of minutes), large enough that dictionaries pay; a multiple of
 * DuckDB's 2048. Snappy with the encodings of format version 2 was the fastest to read of what was tried, and the
 * smallest: 1.3 million bars of minutes take 11 MB, 14 MB with zstd and version 1.
 */
const FORMAT = 'FORMAT parquet, COMPRESSION snappy, PARQUET_VERSION v2, ROW_GROUP_SIZE 30720';

/** Bars and their marks; none where every mark is 0. */
export interface MarkedColumns {
  readonly bars: BarColumns;
  readonly marks: Uint8Array | undefined;
}

/** One file to read. */
export interface BarFile {
  readonly path: string;
  /** Bars that the file was saved with. */
  readonly bars: number;
  /** False for files of releases that knew no marks. */
  readonly hasMarks: boolean;
}

/** Bars of one calendar month (UTC), and those of them that carry a mark. */
export interface MonthCount {
  readonly monthMs: number;
  readonly bars: number;
  readonly marked: number;
}

/** A file has another number of rows than it was saved with. */
export class RowCountError extends Error {}

/** A path as an SQL string. */
export function sqlPath(path: string): string {
  return `'${path.replaceAll("'", "''")}'`;
}

/**
 * The typed array that a vector keeps its values in. It is no part of the documented interface, so that reading
 * falls back to the documented, ten times slower access by item where a release hides it.
 */
function itemsOf(vector: DuckDBVector): Float64Array | Uint8Array | undefined {
  const items: unknown = Reflect.get(vector, 'items');
  return items instanceof Float64Array || items instanceof Uint8Array ? items : undefined;
}

function readColumn(
  vector: DuckDBVector,
  target: Float64Array | Uint8Array,
  offset: number,
  rows: number,
): void {
  const items = itemsOf(vector);
  if (items) target.set(items.subarray(0, rows), offset);
  else for (let i = 0; i < rows; i++) target[offset + i] = Number(vector.getItem(i));
}

/** Rows that a window has room for at first. */
const WINDOW_ROWS = 8192;

/** Columns that are filled from chunks, and grow where it was not known how many rows would come. */
class Columns {
  bars: BarColumns;
  marks: Uint8Array | undefined;
  count = 0;

  constructor(rows: number, withMarks: boolean) {
    this.bars = allocateBars(rows);
    this.marks = withMarks ? new Uint8Array(rows) : undefined;
  }

  /** The same memory from one row to before another, to be filled from its start. */
  part(from: number, to: number): Columns {
    const part = new Columns(0, false);
    part.bars = sliceBars(this.bars, from, to);
    part.marks = this.marks?.subarray(from, to);
    return part;
  }

  take(chunk: DuckDBDataChunk, marked: boolean): void {
    const rows = chunk.rowCount;
    if (this.count + rows > this.bars.timeMs.length) this.#resize(2 * (this.count + rows));
    COLUMNS.forEach((name, c) => {
      readColumn(chunk.getColumnVector(c), this.bars[name], this.count, rows);
    });
    if (marked && this.marks) {
      readColumn(chunk.getColumnVector(COLUMNS.length), this.marks, this.count, rows);
    }
    this.count += rows;
  }

  /** What was filled, in memory of its own size. */
  finish(): MarkedColumns {
    if (this.count < this.bars.timeMs.length) this.#resize(this.count);
    return { bars: this.bars, marks: this.marks };
  }

  #resize(rows: number): void {
    const bars = allocateBars(rows);
    for (const name of COLUMNS) bars[name].set(this.bars[name].subarray(0, this.count));
    this.bars = bars;
    if (!this.marks) return;
    const marks = new Uint8Array(rows);
    marks.set(this.marks.subarray(0, this.count));
    this.marks = marks;
  }
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

  /**
   * Writes one Parquet file; times become TIMESTAMP_MS so that any other tool reads them as times. The bars go
   * through an uncompressed file beside it, which DuckDB reads three times as fast as it takes appended chunks.
   */
  async write(path: string, { bars, marks }: MarkedColumns): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const plain = `${path}.plain`;
    const columns: PlainColumn[] = COLUMNS.map((name) => ({ name, values: bars[name] }));
    if (marks) columns.push({ name: 'mark', values: Int32Array.from(marks) });
    const connection = await this.#connect();
    try {
      await writePlainParquet(plain, columns);
      await connection.run(
        `COPY (SELECT make_timestamp_ms(timeMs::BIGINT) AS time, open, high, low, close, volume,
                 ${marks ? 'mark' : '0'}::UTINYINT AS mark
               FROM read_parquet(${sqlPath(plain)})) TO ${sqlPath(path)} (${FORMAT})`,
      );
    } finally {
      this.#release(connection);
      await rm(plain, { force: true });
    }
  }

  /**
   * Whole files in the order given, read side by side.
   * @throws RowCountError when one holds another number of rows than it was saved with
   */
  async readWhole(files: readonly BarFile[], withMarks: boolean): Promise<MarkedColumns> {
    const total = files.reduce((sum, file) => sum + file.bars, 0);
    const into = new Columns(total, withMarks);
    let offset = 0;
    const reads = files.map((file) => {
      const part = into.part(offset, offset + file.bars);
      offset += file.bars;
      return () => this.#stream(file, undefined, part);
    });
    await aFewAtATime(reads);
    return { bars: into.bars, marks: into.marks };
  }

  /**
   * Bars of one file whose open is in [fromMs, toMs); only the row groups that hold them are read.
   * @throws RowCountError when its footer states another number of rows than it was saved with
   */
  async readRange(file: BarFile, fromMs: number, toMs: number, withMarks: boolean): Promise<MarkedColumns> {
    // A window is small beside its year: room for it is made as it comes.
    const into = new Columns(Math.min(file.bars, WINDOW_ROWS), withMarks);
    await this.#stream(file, { fromMs, toMs }, into);
    return into.finish();
  }

  /** Bars and marked bars by calendar month (UTC), in order of time; counted inside DuckDB, on its own threads. */
  async months(files: readonly BarFile[]): Promise<MonthCount[]> {
    const connection = await this.#connect();
    try {
      const parts = files.map(
        ({ path, hasMarks }) =>
          `SELECT date_trunc('month', time) AS month, ${hasMarks ? 'mark' : '0'} AS mark FROM read_parquet(${sqlPath(path)})`,
      );
      const reader = await connection.runAndReadAll(
        `SELECT epoch_ms(month)::DOUBLE, count(*)::DOUBLE, (count(*) FILTER (mark <> 0))::DOUBLE
         FROM (${parts.join(' UNION ALL ')}) GROUP BY month ORDER BY month`,
      );
      return reader.getRows().map(([month, bars, marked]) => ({
        monthMs: Number(month),
        bars: Number(bars),
        marked: Number(marked),
      }));
    } finally {
      this.#release(connection);
    }
  }

  async #stream(
    file: BarFile,
    range: { readonly fromMs: number; readonly toMs: number } | undefined,
    into: Columns,
  ): Promise<void> {
    const connection = await this.#connect();
    try {
      if (range) await checkRows(connection, file);
      const marked = into.marks !== undefined && file.hasMarks;
      const where = range
        ? 'WHERE time >= make_timestamp_ms($from) AND time < make_timestamp_ms($to) ORDER BY time'
        : '';
      const sql = `SELECT epoch_ms(time)::DOUBLE AS t, open, high, low, close, volume ${marked ? ', mark' : ''}
        FROM read_parquet(${sqlPath(file.path)}) ${where}`;
      const result = range
        ? await connection.stream(
            sql,
            { from: BigInt(Math.ceil(range.fromMs)), to: BigInt(Math.ceil(range.toMs)) },
            { from: BIGINT, to: BIGINT },
          )
        : await connection.stream(sql);
      // DuckDB decodes the next chunk while this thread copies the one before.
      for (let next = result.fetchChunk(); ; ) {
        const chunk = await next;
        if (!chunk || chunk.rowCount === 0) break;
        next = result.fetchChunk();
        // Whoever leaves the loop by an error does not wait for it.
        next.catch(() => undefined);
        if (into.count + chunk.rowCount > file.bars) {
          throw new RowCountError(`${file.path} holds more than the ${file.bars} bars`);
        }
        into.take(chunk, marked);
      }
      if (!range && into.count !== file.bars) {
        throw new RowCountError(`${file.path} holds ${into.count} bars, not the ${file.bars}`);
      }
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

async function checkRows(connection: DuckDBConnection, file: BarFile): Promise<void> {
  const reader = await connection.runAndReadAll(
    `SELECT num_rows::DOUBLE FROM parquet_file_metadata(${sqlPath(file.path)})`,
  );
  const rows = Number(reader.getRows()[0]?.[0]);
  if (rows !== file.bars) throw new RowCountError(`${file.path} holds ${rows} bars, not the ${file.bars}`);
}

/** Files read side by side: while one waits for its next chunk, the copying thread has another's. */
const SIDE_BY_SIDE = 3;

/** Runs tasks a few at a time; the first failure ends it. */
async function aFewAtATime(tasks: readonly (() => Promise<unknown>)[]): Promise<void> {
  const queue = tasks.values();
  const worker = async (): Promise<void> => {
    for (const task of queue) await task();
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
}
