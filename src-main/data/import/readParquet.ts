import { FrontierError } from '../../../src-shared/errors.ts';
import { ChunkSink, emptyRaw, NO_BARS, type ReadOptions, type ReadTables, toInstants } from './chunkSink.ts';
import type { ImportDuckdb } from './duckdb.ts';
import { importError } from './errors.ts';
import { LocalClock } from './localClock.ts';
import type { ParquetLayout } from './parquet.ts';
import { isClean, type RawRows, type RowDefect } from './rawRows.ts';
import { checkCount } from './sinks.ts';
import type { Table } from './tables.ts';
import { epochMs } from './times.ts';

/** Reads Parquet tables; their rows count from 1. */
export async function readParquet(
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
