import { stat } from 'node:fs/promises';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { ImportDuckdb } from './duckdb.ts';
import { importError } from './errors.ts';
import { detectLayout, type LayoutOptions, type SampleLine, type TableLayout } from './layout.ts';
import { describeParquet, type ParquetLayout } from './parquet.ts';
import type { OpenedFile, Part } from './parts.ts';
import { splitRow } from './split.ts';
import { guessSymbol } from './suggest.ts';
import { sampleLines } from './textLines.ts';
import type { ParsedTime } from './times.ts';

const SAMPLE_LINES = 60;

/** A table whose columns are understood. */
export type Table =
  | {
      readonly kind: 'text';
      readonly part: Part;
      readonly layout: TableLayout;
      readonly sample: readonly SampleLine[];
      /** About so many rows, told from the length of the first ones. */
      readonly expectedRows: number;
    }
  | { readonly kind: 'parquet'; readonly part: Part; readonly parquet: ParquetLayout };

async function tableOf(part: Part, db: ImportDuckdb, options: LayoutOptions): Promise<Table> {
  if (part.content === 'parquet')
    return { kind: 'parquet', part, parquet: await describeParquet(db, part.path, options) };
  const { lines } = await sampleLines(part.path, SAMPLE_LINES);
  // What stands behind the last line end of a cut file must not be taken for a row that others resemble.
  const layout = detectLayout(lines, options);
  const lineBytes = lines.reduce((sum, l) => sum + l.text.length + 1, 0) / Math.max(1, lines.length);
  const { size } = await stat(part.path);
  return { kind: 'text', part, layout, sample: lines, expectedRows: Math.ceil(size / lineBytes) };
}

/** The first time of a table, for putting parts into order. */
function firstTimeOf(table: Table): number {
  if (table.kind === 'parquet') return table.parquet.firstMs;
  const out: ParsedTime = { localMs: 0, offsetMinutes: undefined };
  return table.layout.timeFormat.parse(table.layout.firstTime, out) ? out.localMs : Number.NaN;
}

/** What two tables must share to be parts of one history. */
function shapeOf(table: Table): string {
  const { layout } = table.kind === 'text' ? table : { layout: undefined };
  const columns =
    table.kind === 'text' ? [layout!.separator, layout!.format, ...layout!.roles] : table.parquet.roles;
  return [table.kind, ...columns, guessSymbol(table.part.entry ?? '') ?? ''].join('\u0000');
}

export interface Tables {
  /** In order of time. */
  readonly tables: Table[];
  /** Files of an archive that are no tables of prices. */
  readonly leftOut: string[];
  /** The archive holds tables that do not belong together: one has to be named. */
  readonly mustChoose: boolean;
}

/**
 * The tables of a file: one, or those of an archive, put in order of time.
 * @throws FrontierError IMPORT_FAILED where there is none
 */
export async function tablesOf(
  opened: OpenedFile,
  db: ImportDuckdb,
  options: LayoutOptions,
): Promise<Tables> {
  if (opened.parts.length === 1) {
    return { tables: [await tableOf(opened.parts[0]!, db, options)], leftOut: [], mustChoose: false };
  }
  const tables: Table[] = [];
  const leftOut: string[] = [];
  for (const part of opened.parts) {
    const table = await tableOf(part, db, options).catch((error: unknown) => {
      if (error instanceof FrontierError) return undefined;
      throw error;
    });
    if (table) tables.push(table);
    else leftOut.push(part.entry ?? '');
  }
  if (tables.length === 0) {
    throw importError('No file of the archive is a table of bars or ticks.', 'Check the download.');
  }
  tables.sort((a, b) => firstTimeOf(a) - firstTimeOf(b));
  return { tables, leftOut, mustChoose: new Set(tables.map(shapeOf)).size > 1 };
}

/** The first rows of a table, cell by cell. */
export function sampleCells(table: Table, count: number): string[][] {
  if (table.kind === 'parquet') return table.parquet.sample.slice(0, count);
  const rows = table.layout.hasHeader ? table.sample.slice(1) : table.sample;
  return rows
    .slice(0, count)
    .map((row) => splitRow(row.text, table.layout.separator).map((c) => c.slice(0, 200)));
}
