import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns, PriceSide } from '../../../src-shared/market/bars.ts';
import { type Chunk, csvQuery, type ImportDuckdb, scaleEpochs } from './duckdb.ts';
import { importError } from './errors.ts';
import { LocalClock } from './localClock.ts';
import type { ParquetLayout } from './parquet.ts';
import { BarBuilder, isClean, MOST_BARS, type RawRows, type RowDefect } from './rawRows.ts';
import { RowReader, type TickProblem } from './rows.ts';
import { scanBytes } from './scan.ts';
import { BarSink, checkCount, TickSink } from './sinks.ts';
import type { Table } from './tables.ts';
import { readLines } from './textLines.ts';
import { TimeBytes } from './timeBytes.ts';
import { epochMs, type ParsedTime } from './times.ts';

export interface ReadOptions {
  readonly zone: string | undefined;
  /** Side whose bars are made of ticks. */
  readonly tickSide: PriceSide;
  readonly signal: AbortSignal | undefined;
  /** @param fraction of the tables read */
  readonly onRows: (rows: number, fraction: number) => void;
}

/** What was read of all tables of a file. */
export interface ReadTables {
  readonly raw: RawRows;
  /** Nothing is wrong with any row. */
  readonly isClean: boolean;
  /** Where ticks were read; its bars are the history. */
  readonly ticks: TickSink | undefined;
  readonly rows: number;
  readonly unterminated: boolean;
  readonly zoneName: string;
  /** First row of each part of an archive. */
  readonly parts: readonly { readonly fromRow: number; readonly name: string }[];
}

/** Room for rows that are shorter than the first ones. */
const RESERVE = 1.1;

/** A reason to look again with the exact reader. */
const EXACT = Symbol('exact');

type Values = readonly Float64Array[];

/** Instants in place of wall-clock times; `offsetMinutes` where the file states it. */
function toInstants(
  timeMs: Float64Array,
  offsetMinutes: number | undefined,
  clock: LocalClock,
  last: number,
): number {
  if (offsetMinutes !== undefined) {
    if (offsetMinutes !== 0) for (let i = 0; i < timeMs.length; i++) timeMs[i]! -= offsetMinutes * 60_000;
    return timeMs.at(-1) ?? last;
  }
  let lastMs = last;
  for (let i = 0; i < timeMs.length; i++) {
    lastMs = clock.toUtc(timeMs[i]!, lastMs);
    timeMs[i] = lastMs;
  }
  return lastMs;
}

const COLUMNS = ['open', 'high', 'low', 'close'] as const;

/** Collects the columns of bars, or the bars of ticks. */
class ChunkSink {
  readonly bars: BarBuilder | undefined;
  readonly ticks: TickSink | undefined;
  problem: TickProblem | undefined;

  constructor(content: 'bars' | 'ticks', side: PriceSide) {
    if (content === 'bars') this.bars = new BarBuilder();
    else this.ticks = new TickSink(side);
  }

  get rows(): number {
    return this.bars?.count ?? this.ticks!.count;
  }

  take(chunk: Chunk): void {
    if (this.bars) this.#takeBars(this.bars, chunk);
    else this.#takeTicks(this.ticks!, chunk.timeMs, chunk.values);
  }

  #takeBars(builder: BarBuilder, { rows, timeMs, values, volume }: Chunk): void {
    const at = builder.count;
    checkCount(at + rows);
    const bars = builder.reserve(at + rows);
    if (timeMs.length > 0) bars.timeMs.set(timeMs, at);
    COLUMNS.forEach((column, k) => {
      bars[column].set(values[k]!, at);
    });
    if (volume) bars.volume.set(volume, at);
    else bars.volume.fill(0, at, at + rows);
    builder.count = at + rows;
  }

  #takeTicks(ticks: TickSink, timeMs: Float64Array, [bids, asks]: Values): void {
    for (let i = 0; i < timeMs.length && !this.problem; i++) {
      const [bid, ask] = [bids![i]!, asks![i]!];
      if (bid === Number.POSITIVE_INFINITY || ask === Number.POSITIVE_INFINITY) {
        this.problem = { kind: 'bad_cell', message: 'a price is not a finite number.' };
      } else this.problem = ticks.push(timeMs[i]!, bid, ask);
    }
  }
}

function emptyRaw(bars: BarColumns, clock: LocalClock, offsets: readonly number[]): RawRows {
  return {
    bars,
    lines: undefined,
    defects: [],
    more: new Map(),
    offsets,
    ambiguous: clock.ambiguous,
    impossible: clock.impossible,
  };
}

const NO_BARS = new BarBuilder().columns();

function offsetOf(table: Extract<Table, { kind: 'text' }>): number | undefined {
  const out: ParsedTime = { localMs: 0, offsetMinutes: undefined };
  table.layout.timeFormat.parse(table.layout.firstTime, out);
  return out.offsetMinutes ?? table.layout.headerOffset;
}

/** Reads text tables with DuckDB; EXACT where anything is not as it should be. */
async function readFast(
  tables: readonly Extract<Table, { kind: 'text' }>[],
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
async function readExact(
  tables: readonly Extract<Table, { kind: 'text' }>[],
  options: ReadOptions,
): Promise<ReadTables> {
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

/** Reads Parquet tables; their rows count from 1. */
async function readParquet(
  tables: readonly Extract<Table, { kind: 'parquet' }>[],
  db: ImportDuckdb,
  options: ReadOptions,
): Promise<ReadTables> {
  const clock = new LocalClock(options.zone);
  const sink = new ChunkSink(tables[0]!.parquet.content, options.tickSide);
  const parts: { fromRow: number; name: string }[] = [];
  const total = tables.reduce((sum, t) => sum + t.parquet.rows, 0);
  if (sink.bars) checkCount(total);
  let last = Number.NEGATIVE_INFINITY;
  for (const { parquet, part } of tables) {
    parts.push({ fromRow: sink.rows, name: part.entry ?? '' });
    try {
      for await (const chunk of db.chunks(parquet.query, {
        ...parquet,
        hasTime: true,
        expectedRows: parquet.rows,
      })) {
        scaleTimes(chunk.timeMs, parquet);
        last = toInstants(chunk.timeMs, statedOffset(parquet), clock, last);
        sink.take(chunk);
        if (sink.problem)
          throw importError(`Row ${sink.rows + 1}: ${sink.problem.message}`, 'Correct the file.');
        options.onRows(sink.rows, sink.rows / Math.max(1, total));
      }
    } catch (error) {
      if (error instanceof FrontierError || options.signal?.aborted) throw error;
      throw importError('The Parquet file is damaged.', 'Download or copy the file again.', error);
    }
  }
  const bars = sink.bars?.columns() ?? NO_BARS;
  const offset = statedOffset(tables[0]!.parquet);
  const raw = emptyRaw(bars, clock, offset === undefined ? [] : [offset]);
  return {
    raw: raw.impossible > 0 || !isClean(bars) ? withBadTimes(raw) : raw,
    isClean: isClean(bars),
    ticks: sink.ticks,
    rows: sink.rows,
    unterminated: false,
    zoneName: clock.zone.name,
    parts,
  };
}

function statedOffset({ time }: ParquetLayout): number | undefined {
  if (time.kind === 'text') return time.offsetMinutes;
  return time.kind === 'wall clock' ? undefined : 0;
}

function scaleTimes(timeMs: Float64Array, { time }: ParquetLayout): void {
  if (time.kind !== 'epoch') return;
  for (let i = 0; i < timeMs.length; i++) timeMs[i] = epochMs(timeMs[i]!, time.unit);
}

/** Rows without a time that can be used cannot take a place among the others: they are listed as defects. */
function withBadTimes(raw: RawRows): RawRows {
  const { timeMs } = raw.bars;
  const kept: number[] = [];
  const defects: RowDefect[] = [];
  for (let i = 0; i < timeMs.length; i++) {
    if (Number.isInteger(timeMs[i])) kept.push(i);
    else {
      const error = importError(
        `Row ${i + 1}: the time is missing or cannot be used.`,
        'Correct or remove this row.',
      );
      defects.push({ kind: 'bad_time', row: kept.length, line: i + 1, timeMs: Number.NaN, error });
    }
  }
  const of = (column: Float64Array) => Float64Array.from(kept, (i) => column[i]!);
  const { open, high, low, close, volume } = raw.bars;
  return {
    ...raw,
    bars: {
      timeMs: of(timeMs),
      open: of(open),
      high: of(high),
      low: of(low),
      close: of(close),
      volume: of(volume),
    },
    lines: Float64Array.from(kept, (i) => i + 1),
    defects,
  };
}

const isText = (table: Table): table is Extract<Table, { kind: 'text' }> => table.kind === 'text';
const isParquet = (table: Table): table is Extract<Table, { kind: 'parquet' }> => table.kind === 'parquet';

/**
 * Reads the tables of a file, one after the other, as one history: with DuckDB, and again row by row where DuckDB
 * does not read everything or a row is no bar.
 */
export async function readTables(
  tables: readonly Table[],
  db: ImportDuckdb,
  options: ReadOptions,
): Promise<ReadTables> {
  const texts = tables.filter(isText);
  if (texts.length < tables.length) return readParquet(tables.filter(isParquet), db, options);
  const fast = await readFast(texts, db, options);
  return fast === EXACT ? readExact(texts, options) : fast;
}
