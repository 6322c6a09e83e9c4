import type { ColumnRole } from '../../../src-shared/contract/import.ts';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import { type ImportDuckdb, isPlainPath, quoted } from './duckdb.ts';
import { importError, importErrorAt, shown } from './errors.ts';
import { type LayoutOptions, MOST_COLUMNS } from './layout.ts';
import { headerRoles, unknownColumns } from './layoutHeader.ts';
import { detectTimeFormat, type EpochUnit, type ParsedTime } from './times.ts';

/** How the times of a Parquet file are stored. */
type ParquetTime =
  | { readonly kind: 'instant' }
  | { readonly kind: 'wall clock' }
  | { readonly kind: 'epoch'; readonly unit: EpochUnit }
  | {
      readonly kind: 'text';
      readonly pattern: string;
      readonly bytes: number;
      readonly offsetMinutes: number | undefined;
    };

/** What a Parquet file holds. */
export interface ParquetLayout {
  readonly content: 'bars' | 'ticks';
  readonly format: string;
  readonly columns: readonly string[];
  readonly roles: readonly ColumnRole[];
  readonly time: ParquetTime;
  /** Time, values and perhaps a volume as doubles, in the order of the file. */
  readonly query: string;
  readonly values: number;
  readonly hasVolume: boolean;
  readonly rows: number;
  readonly sample: string[][];
  /** The first time, before its zone. */
  readonly firstMs: number;
  readonly priceSide: PriceSide | undefined;
}

const HINT = 'Give a Parquet file with a time, open, high, low, close and, optionally, volume.';
const SAMPLE_ROWS = 20;

async function ask<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw importError(
      'The Parquet file is damaged or not complete.',
      'Download or copy the file again.',
      cause,
    );
  }
}

const name = (column: string): string => `"${column.replaceAll('"', '""')}"`;

function timeOf(type: string, first: string): ParquetTime | undefined {
  if (type === 'TIMESTAMP WITH TIME ZONE') return { kind: 'instant' };
  if (type.startsWith('TIMESTAMP') || type === 'DATE') return { kind: 'wall clock' };
  const format = detectTimeFormat(first);
  const sql = format?.sql(first);
  const isNumber = /INT|DOUBLE|FLOAT|DECIMAL/.test(type);
  if (sql?.kind === 'epoch') return { kind: 'epoch', unit: sql.unit };
  if (isNumber || sql?.kind !== 'pattern') return undefined;
  const out: ParsedTime = { localMs: 0, offsetMinutes: undefined };
  format!.parse(first, out);
  return { kind: 'text', pattern: sql.pattern, bytes: sql.bytes, offsetMinutes: out.offsetMinutes };
}

function timeSql(time: ParquetTime, column: string): string {
  if (time.kind === 'instant') return `epoch_ms(${column})`;
  if (time.kind === 'wall clock') return `epoch_ms(${column}::TIMESTAMP)`;
  if (time.kind === 'epoch') return `${column}::BIGINT`;
  return `CASE WHEN strlen(${column}) = ${time.bytes} THEN epoch_ms(try_strptime(${column}, ${quoted(time.pattern)})) END`;
}

function rolesFor(columns: readonly string[], sample: readonly string[][], options: LayoutOptions) {
  if (options.columns?.length === columns.length) return { roles: options.columns, priceSide: undefined };
  const found = headerRoles(columns, sample[0], options.priceSide);
  if ('missing' in found) throw unknownColumns(columns, 1, found.missing);
  return { roles: found.roles, priceSide: found.priceSide };
}

/**
 * Reads what a Parquet file of any tool holds: columns by name, a pandas index included, times as timestamps with or
 * without zone, dates, epoch numbers or text.
 * @throws FrontierError IMPORT_FAILED for a damaged file or columns that are not understood
 */
export async function describeParquet(
  db: ImportDuckdb,
  path: string,
  options: LayoutOptions,
): Promise<ParquetLayout> {
  if (!isPlainPath(path)) {
    throw importError(
      'The path has characters that stand for several files (* ? [ ] { }).',
      'Rename the file.',
    );
  }
  const from = `read_parquet(${quoted(path)})`;
  const described = await ask(db.texts(`DESCRIBE SELECT * FROM ${from}`));
  const columns = described.map((row) => row[0] ?? '');
  const types = described.map((row) => row[1] ?? '');
  if (columns.length > MOST_COLUMNS)
    throw importError(`${columns.length} columns are no table of bars.`, HINT);
  const counted = await ask(db.texts(`SELECT count(*) FROM ${from}`));
  const texts = columns.map((c) => `${name(c)}::VARCHAR`).join(', ');
  const sample = (await ask(db.texts(`SELECT ${texts} FROM ${from} LIMIT ${SAMPLE_ROWS}`))).map((row) =>
    row.map((cell) => cell ?? ''),
  );
  const { roles, priceSide } = rolesFor(columns, sample, options);
  const at = (role: ColumnRole): string | undefined => columns[roles.indexOf(role)];
  const timeColumn = at('time') ?? at('date');
  if (timeColumn === undefined || at('clock') !== undefined)
    throw importError('No one column is the time.', HINT);
  const index = columns.indexOf(timeColumn);
  const first = sample[0]?.[index] ?? '';
  const time = timeOf(types[index]!, first.replace(/\.0$/, ''));
  if (sample.length > 0 && !time) {
    throw importErrorAt(
      { line: 1, column: index + 1, columnName: timeColumn },
      `${shown(first)} is not a time.`,
      HINT,
    );
  }
  const used = time ?? { kind: 'wall clock' };
  const isBars = at('open') !== undefined;
  const wanted = isBars ? (['open', 'high', 'low', 'close'] as const) : (['bid', 'ask'] as const);
  const double = (c: string | undefined): string =>
    c === undefined ? "'nan'::DOUBLE" : `coalesce(TRY_CAST(${name(c)} AS DOUBLE), 'nan')`;
  const cells = wanted.map((role) => double(at(role)));
  const volume = at('volume');
  if (volume !== undefined) cells.push(double(volume));
  const query = `SELECT coalesce(CAST(${timeSql(used, name(timeColumn))} AS DOUBLE), 'nan'), ${cells.join(', ')} FROM ${from}`;
  const firstRow = await ask(db.texts(`${query} LIMIT 1`));
  return {
    content: isBars ? 'bars' : 'ticks',
    format: `Parquet, time as ${used.kind}`,
    columns,
    roles,
    time: used,
    query,
    values: wanted.length,
    hasVolume: volume !== undefined,
    rows: Number(counted[0]?.[0] ?? 0),
    sample,
    firstMs: Number(firstRow[0]?.[0]),
    priceSide,
  };
}
