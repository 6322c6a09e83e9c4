import type { BarColumns, PriceSide } from '../../../src-shared/market/bars.ts';
import type { Chunk } from './duckdb.ts';
import type { LocalClock } from './localClock.ts';
import { BarBuilder, type RawRows } from './rawRows.ts';
import type { TickProblem } from './rows.ts';
import { checkCount, TickSink } from './sinks.ts';

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
  /** The file has the newest row first; `raw` has them turned around. */
  readonly isTurned?: true;
  /** First row of each part of an archive. */
  readonly parts: readonly { readonly fromRow: number; readonly name: string }[];
}

type Values = readonly Float64Array[];

/** Instants in place of wall-clock times; `offsetMinutes` where the file states it. */
export function toInstants(
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
export class ChunkSink {
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

export function emptyRaw(bars: BarColumns, clock: LocalClock, offsets: readonly number[]): RawRows {
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

export const NO_BARS = new BarBuilder().columns();
