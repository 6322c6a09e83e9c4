import { FrontierError } from '../../../src-shared/errors.ts';
import { ChunkSink, emptyRaw, NO_BARS, type ReadOptions, type ReadTables, toInstants } from './chunkSink.ts';
import { csvQuery, type ImportDuckdb, scaleEpochs } from './duckdb.ts';
import { LocalClock } from './localClock.ts';
import { oldestFirst } from './newestFirst.ts';
import { readPlain } from './plainRows.ts';
import { BarBuilder, isClean, MOST_BARS, type RawRows, type RowDefect } from './rawRows.ts';
import { readParquet } from './readParquet.ts';
import { RowReader } from './rows.ts';
import { scanBytes } from './scan.ts';
import { BarSink, TickSink } from './sinks.ts';
import type { Table } from './tables.ts';
import { readLines } from './textLines.ts';
import { TimeBytes } from './timeBytes.ts';
import type { ParsedTime } from './times.ts';

export type { ReadOptions, ReadTables } from './chunkSink.ts';

/** Room for rows that are shorter than the first ones. */
const RESERVE = 1.1;

/** A reason to look again with the exact reader. */
const EXACT = Symbol('exact');

type TextTable = Extract<Table, { kind: 'text' }>;

function offsetOf(table: TextTable): number | undefined {
  const out: ParsedTime = { localMs: 0, offsetMinutes: undefined };
  table.layout.timeFormat.parse(table.layout.firstTime, out);
  return out.offsetMinutes ?? table.layout.headerOffset;
}

/** Reads text tables from their bytes; undefined where one is not plain, EXACT where a row is no bar in order. */
async function readBytes(
  tables: readonly TextTable[],
  options: ReadOptions,
): Promise<ReadTables | typeof EXACT | undefined> {
  const clock = new LocalClock(options.zone);
  const builder = new BarBuilder();
  const expected = tables.reduce((sum, t) => sum + t.expectedRows, 0);
  const offsets = new Set(tables.map(offsetOf));
  if (offsets.size > 1) return undefined;
  const [offset] = offsets;
  builder.reserve(Math.min(MOST_BARS, Math.ceil(expected * RESERVE)));
  const parts: { fromRow: number; name: string }[] = [];
  let unterminated = false;
  let last = Number.NEGATIVE_INFINITY;
  for (const { layout, part, expectedRows } of tables) {
    const fromRow = builder.count;
    parts.push({ fromRow, name: part.entry ?? '' });
    const read = await readPlain(part.path, layout, builder, {
      expectedRows: Math.ceil(expectedRows * RESERVE),
      signal: options.signal,
      onRows: (rows) => options.onRows(rows, Math.min(1, rows / expected)),
    });
    if (!read) return undefined;
    last = toInstants(read.localMs, offset, clock, last);
    builder.columns().timeMs.set(read.localMs, fromRow);
    unterminated = read.unterminated;
  }
  const bars = builder.columns();
  if (!isClean(bars)) return EXACT;
  const raw = emptyRaw(bars, clock, offset === undefined ? [] : [offset]);
  const zoneName = clock.zone.name;
  return { raw, isClean: true, ticks: undefined, rows: builder.count, unterminated, zoneName, parts };
}

/** Reads text tables with DuckDB; EXACT where anything is not as it should be. */
async function readFast(
  tables: readonly TextTable[],
  db: ImportDuckdb,
  options: ReadOptions,
): Promise<ReadTables | typeof EXACT> {
  const clock = new LocalClock(options.zone);
  const { content } = tables[0]!.layout;
  const sink = new ChunkSink(content, options.tickSide);
  const expected = tables.reduce((sum, t) => sum + t.expectedRows, 0);
  // Memory that is set aside and not written costs nothing; columns that grow are held twice for a moment.
  sink.bars?.reserve(Math.min(MOST_BARS, Math.ceil(expected * RESERVE)));
  const offsets = new Set(tables.map(offsetOf));
  if (offsets.size > 1) return EXACT;
  const [offset] = offsets;
  const parts: { fromRow: number; name: string }[] = [];
  let unterminated = false;
  let last = Number.NEGATIVE_INFINITY;
  for (const table of tables) {
    const { layout, part } = table;
    // Times of bars are read from the bytes where they can be; those of ticks are needed row by row.
    const fromBytes = content === 'bars' && TimeBytes.of(layout) !== undefined;
    const sql = csvQuery(part.path, layout, !fromBytes);
    if (sql === undefined) return EXACT;
    const columns = {
      values: layout.values.length,
      hasVolume: layout.volume !== undefined,
      hasTime: !fromBytes,
      expectedRows: table.expectedRows,
    };
    const fromRow = sink.rows;
    parts.push({ fromRow: sink.rows, name: part.entry ?? '' });
    const scan = scanBytes(
      part.path,
      layout,
      fromBytes ? Math.ceil(table.expectedRows * RESERVE) : undefined,
    );
    scan.catch(() => undefined);
    try {
      for await (const chunk of db.chunks(sql, columns)) {
        if (!fromBytes) {
          scaleEpochs(chunk.timeMs, layout);
          last = toInstants(chunk.timeMs, offset, clock, last);
        }
        sink.take(chunk);
        if (sink.problem) return EXACT;
        options.onRows(sink.rows, Math.min(1, sink.rows / expected));
      }
    } catch (error) {
      // DuckDB names neither line nor column as we do; the exact reader finds the place again.
      if (error instanceof FrontierError) throw error;
      if (options.signal?.aborted) throw error;
      return EXACT;
    }
    const { isOdd, unterminated: cut, localMs } = await scan;
    if (isOdd) return EXACT;
    if (localMs) {
      if (localMs.length !== sink.rows - fromRow) return EXACT;
      last = toInstants(localMs, offset, clock, last);
      sink.bars?.columns().timeMs.set(localMs, fromRow);
    }
    unterminated = cut;
  }
  const bars = sink.bars?.columns() ?? NO_BARS;
  if (!isClean(bars)) return EXACT;
  return {
    raw: emptyRaw(bars, clock, offset === undefined ? [] : [offset]),
    isClean: true,
    ticks: sink.ticks,
    rows: sink.rows,
    unterminated,
    zoneName: clock.zone.name,
    parts,
  };
}

/** Reads text tables row by row, keeping what is wrong with each. */
async function readExact(tables: readonly TextTable[], options: ReadOptions): Promise<ReadTables> {
  const clock = new LocalClock(options.zone);
  const isBars = tables[0]!.layout.content === 'bars';
  const bars = new BarSink();
  const ticks = new TickSink(options.tickSide);
  const sink = isBars ? bars : ticks;
  const defects: RowDefect[] = [];
  const more = new Map<string, number>();
  const offsets = new Set<number>();
  const parts: { fromRow: number; name: string }[] = [];
  let unterminated = false;
  let rows = 0;
  for (const [k, { layout, part }] of tables.entries()) {
    parts.push({ fromRow: sink.count, name: part.entry ?? '' });
    const reader = new RowReader(layout, clock, sink, tables.length > 1 ? part.entry : undefined);
    unterminated = await readTable(part.path, layout, reader, options, () =>
      options.onRows(rows + reader.rows, (k + 0.5) / tables.length),
    );
    rows += reader.rows;
    for (const defect of reader.defects) defects.push(defect);
    for (const [kind, n] of reader.more) more.set(kind, (more.get(kind) ?? 0) + n);
    for (const offset of reader.offsets) offsets.add(offset);
  }
  const columns = isBars ? bars.columns() : { bars: NO_BARS, lines: undefined };
  const raw: RawRows = {
    ...columns,
    defects,
    more,
    offsets: [...offsets],
    ambiguous: clock.ambiguous,
    impossible: clock.impossible,
  };
  return {
    raw,
    isClean: defects.length === 0 && isClean(columns.bars),
    ticks: isBars ? undefined : ticks,
    rows,
    unterminated,
    zoneName: clock.zone.name,
    parts,
  };
}

/** @returns whether the last line has no end */
async function readTable(
  path: string,
  layout: Extract<Table, { kind: 'text' }>['layout'],
  reader: RowReader,
  options: ReadOptions,
  onBatch: () => void,
): Promise<boolean> {
  let line = 0;
  let unterminated = false;
  const firstRow = layout.hasHeader ? layout.headLine + 1 : layout.headLine;
  for await (const batch of readLines(path, { signal: options.signal })) {
    for (const [i, given] of batch.lines.entries()) {
      line++;
      const text = line === 1 ? given.replace(/^\uFEFF/, '') : given;
      if (text.trim() === '') continue;
      const cut = batch.unterminated && i === batch.lines.length - 1;
      unterminated ||= cut;
      if (line >= firstRow) reader.read(text, line, cut);
    }
    onBatch();
  }
  return unterminated;
}

const isText = (table: Table): table is TextTable => table.kind === 'text';
const isParquet = (table: Table): table is Extract<Table, { kind: 'parquet' }> => table.kind === 'parquet';

async function readAsIs(
  tables: readonly Table[],
  db: ImportDuckdb,
  options: ReadOptions,
): Promise<ReadTables> {
  const texts = tables.filter(isText);
  if (texts.length < tables.length) return readParquet(tables.filter(isParquet), db, options);
  const fast = (await readBytes(texts, options)) ?? (await readFast(texts, db, options));
  return fast === EXACT ? readExact(texts, options) : fast;
}

/**
 * Reads the tables of a file, one after the other, as one history: plain ones from their bytes, all others with DuckDB,
 * and again row by row where DuckDB does not read everything or a row is no bar. Tables that have the newest row first are turned around.
 */
export async function readTables(
  tables: readonly Table[],
  db: ImportDuckdb,
  options: ReadOptions,
): Promise<ReadTables> {
  const read = await readAsIs(tables, db, options);
  return oldestFirst(read) ?? read;
}
