import { type DuckDBConnection, DuckDBInstance, type DuckDBVector } from '@duckdb/node-api';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { TableLayout } from './layout.ts';
import { epochMs } from './times.ts';

const THREADS = '2';
/** Reading needs some tens of megabytes; beyond this DuckDB writes to the work folder or gives up. */
const MEMORY = '1GB';

/** Some rows of a table, column by column. */
export interface Chunk {
  readonly rows: number;
  /** Wall-clock times as if UTC, or instants where the layout's times are; NaN where there is none. Empty if unasked. */
  readonly timeMs: Float64Array;
  /** NaN where there is no number. */
  readonly values: readonly Float64Array[];
  readonly volume: Float64Array | undefined;
}

/** A text as an SQL string. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** DuckDB reads these characters of a path as a pattern of several files. */
export function isPlainPath(path: string): boolean {
  return !/[*?[\]{}]/.test(path);
}

/**
 * The values of a vector. The typed array behind it is no part of the documented interface, so the documented
 * access by item is the way where a release hides it.
 */
function itemsOf(vector: DuckDBVector, rows: number): Float64Array {
  const items: unknown = Reflect.get(vector, 'items');
  if (items instanceof Float64Array) return items.subarray(0, rows);
  return Float64Array.from({ length: rows }, (_, i) => Number(vector.getItem(i)));
}

const NO_TIMES = new Float64Array(0);
/** Rows that are held in DuckDB's memory as well as in ours: 40 bytes each. */
const MOST_AT_ONCE = 5_000_000;

/** What a query gives. */
export interface ChunkColumns {
  readonly values: number;
  readonly hasVolume: boolean;
  readonly hasTime: boolean;
  /** About so many rows. */
  readonly expectedRows: number;
}

/** One in-memory database for the files of one import. */
export class ImportDuckdb {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #signal: AbortSignal | undefined;
  readonly #interrupt = (): void => this.#connection.interrupt();

  private constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    signal: AbortSignal | undefined,
  ) {
    this.#instance = instance;
    this.#connection = connection;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#interrupt);
  }

  /** @param folder for what does not fit into memory */
  static async open(folder: string, signal: AbortSignal | undefined): Promise<ImportDuckdb> {
    const instance = await DuckDBInstance.create(':memory:', {
      threads: THREADS,
      memory_limit: MEMORY,
      temp_directory: folder,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    return new ImportDuckdb(instance, await instance.connect(), signal);
  }

  /** The rows of a query as texts, for few rows. */
  async texts(sql: string): Promise<(string | undefined)[][]> {
    const reader = await this.#connection.runAndReadAll(sql);
    return reader.getRows().map((row) => row.map((v) => (v === null ? undefined : String(v))));
  }

  /**
   * Columns of doubles in the order of the file: a time if asked for, some values and perhaps a volume. Few rows are
   * made at once, which DuckDB does on every thread; more come as a stream, in bounded memory and on one.
   */
  async *chunks(sql: string, columns: ChunkColumns): AsyncGenerator<Chunk> {
    const { values, hasVolume, hasTime, expectedRows } = columns;
    const first = hasTime ? 1 : 0;
    const isSmall = expectedRows <= MOST_AT_ONCE;
    const result = await (isSmall ? this.#connection.run(sql) : this.#connection.stream(sql));
    for (;;) {
      if (this.#signal?.aborted) throw new FrontierError('CANCELLED', 'The import was cancelled.');
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) return;
      const rows = chunk.rowCount;
      const at = (i: number): Float64Array => itemsOf(chunk.getColumnVector(i), rows);
      yield {
        rows,
        timeMs: hasTime ? at(0) : NO_TIMES,
        values: Array.from({ length: values }, (_, i) => at(i + first)),
        volume: hasVolume ? at(values + first) : undefined,
      };
    }
  }

  close(): void {
    this.#signal?.removeEventListener('abort', this.#interrupt);
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

const NAN = "'nan'::DOUBLE";
const column = (i: number): string => `c${i}`;

/** A text of an ignored column that a spreadsheet would run makes the exact reader look at the file. */
function noFormula(i: number): string {
  return `coalesce(NOT regexp_matches(${column(i)}, '^\\s*([=@]|[+-][^0-9.,])'), true)`;
}

/**
 * The query for a text table, or undefined where only the exact reader can read it. Every cell that DuckDB does not
 * read becomes NaN or an error of the query; times must be exactly as long as the first.
 * @param hasTime whether DuckDB reads the times
 */
export function csvQuery(path: string, layout: TableLayout, hasTime: boolean): string | undefined {
  const time = layout.timeFormat.sql(layout.firstTime);
  if (!time || !isPlainPath(path) || layout.headLine !== 1) return undefined;
  const { clock, values, volume } = layout;
  const numeric = new Set([...values, ...(volume === undefined ? [] : [volume])]);
  const names = layout.columns.map((_, i) => `'${column(i)}': '${numeric.has(i) ? 'DOUBLE' : 'VARCHAR'}'`);
  const text =
    clock === undefined ? column(layout.time) : `${column(layout.time)} || ' ' || ${column(clock)}`;
  const guards: string[] = [];
  layout.roles.forEach((role, i) => {
    if (role === 'ignore' && !numeric.has(i)) guards.push(noFormula(i));
  });
  const read =
    time.kind === 'pattern'
      ? `epoch_ms(try_strptime(${text}, ${quoted(time.pattern)}))`
      : `TRY_CAST(${text} AS BIGINT)`;
  const when = `CASE WHEN ${[`strlen(${text}) = ${time.bytes}`, ...guards].join(' AND ')} THEN ${read} END`;
  const cells = values.map((v) => (v < 0 ? NAN : `coalesce(${column(v)}, ${NAN})`));
  if (hasTime) cells.unshift(`coalesce((${when})::DOUBLE, ${NAN})`);
  else if (guards.length > 0) cells[0] = `CASE WHEN ${guards.join(' AND ')} THEN ${cells[0]} ELSE ${NAN} END`;
  if (volume !== undefined) cells.push(`coalesce(${column(volume)}, ${NAN})`);
  const options = [
    'auto_detect = false',
    'header = false',
    `skip = ${layout.hasHeader ? 1 : 0}`,
    `delim = ${quoted(layout.separator)}`,
    `quote = '"'`,
    `escape = '"'`,
    "nullstr = ''",
    'strict_mode = true',
    "compression = 'none'",
    `decimal_separator = '${layout.decimalComma ? ',' : '.'}'`,
    `columns = {${names.join(', ')}}`,
  ];
  return `SELECT ${cells.join(', ')} FROM read_csv(${quoted(path)}, ${options.join(', ')})`;
}

/** Makes milliseconds of epoch numbers, in place; NaN for a number of fewer digits than the first had. */
export function scaleEpochs(timeMs: Float64Array, layout: TableLayout): void {
  const time = layout.timeFormat.sql(layout.firstTime);
  if (time?.kind !== 'epoch') return;
  const least = 10 ** (time.bytes - 1);
  for (let i = 0; i < timeMs.length; i++) {
    timeMs[i] = timeMs[i]! >= least ? epochMs(timeMs[i]!, time.unit) : Number.NaN;
  }
}
