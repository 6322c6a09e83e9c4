/** The common table, read from its bytes: a time of one form in front, then prices as plain decimals. */
import { open } from 'node:fs/promises';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import type { TableLayout } from './layout.ts';
import type { BarBuilder } from './rawRows.ts';
import { checkCount } from './sinks.ts';
import { TimeBytes } from './timeBytes.ts';

const PIECE = 1 << 20;
const [LF, CR, ZERO, NINE] = [10, 13, 48, 57];
/** Whole numbers of so many digits, and so many powers of ten, are doubles without loss. */
const MOST_DIGITS = 15;
const POWERS = Float64Array.of(
  1,
  10,
  100,
  1e3,
  1e4,
  1e5,
  1e6,
  1e7,
  1e8,
  1e9,
  1e10,
  1e11,
  1e12,
  1e13,
  1e14,
  1e15,
);
/** Rows for which room is made at once. */
const ROOM = 1 << 16;

const VALUES = ['open', 'high', 'low', 'close'] as const;

/** The column that each cell behind the time goes to; undefined for a table with other cells. */
function cellsOf(layout: TableLayout): (keyof BarColumns)[] | undefined {
  const { clock, values, volume, columns, content } = layout;
  const first = clock === undefined ? 1 : 2;
  const cells: (keyof BarColumns)[] = [];
  values.forEach((at, i) => {
    if (at >= first) cells[at - first] = VALUES[i]!;
  });
  if (volume !== undefined && volume >= first) cells[volume - first] = 'volume';
  const wanted = volume === undefined ? 4 : 5;
  const isPlain = content === 'bars' && layout.headLine === 1 && columns.length === first + wanted;
  return isPlain && Object.keys(cells).length === wanted ? cells : undefined;
}

/** Reads rows until one is not plain. */
class PlainRows {
  readonly #times: TimeBytes;
  readonly #cells: readonly (keyof BarColumns)[];
  readonly #builder: BarBuilder;
  readonly #separator: number;
  readonly #decimal: number;
  #targets: Float64Array[] = [];
  #room = 0;
  #skip: number;
  isPlain = true;

  constructor(
    layout: TableLayout,
    times: TimeBytes,
    cells: readonly (keyof BarColumns)[],
    builder: BarBuilder,
  ) {
    this.#times = times;
    this.#cells = cells;
    this.#builder = builder;
    this.#separator = layout.separator.charCodeAt(0);
    this.#decimal = (layout.decimalComma ? ',' : '.').charCodeAt(0);
    this.#skip = layout.hasHeader ? 1 : 0;
  }

  /** Takes the whole lines of `bytes`. @returns where the rest begins */
  take(bytes: Buffer): number {
    let start = 0;
    for (; this.#skip > 0; this.#skip--) {
      const end = bytes.indexOf(LF);
      if (end < 0) return 0;
      start = end + 1;
    }
    const end = bytes.lastIndexOf(LF) + 1;
    while (start < end && this.isPlain) {
      if (this.#builder.count === this.#room) this.#makeRoom();
      const next = this.#row(bytes, start, end);
      if (next < 0) this.isPlain = false;
      else start = next;
    }
    return Math.max(start, end);
  }

  #makeRoom(): void {
    const { count } = this.#builder;
    checkCount(count + 1);
    const bars = this.#builder.reserve(count + 1);
    this.#room = Math.min(bars.timeMs.length, count + ROOM);
    this.#targets = this.#cells.map((name) => bars[name]);
  }

  /** @returns where the next row begins; -1 for a row that is not plain */
  #row(bytes: Uint8Array, start: number, end: number): number {
    if (!this.#times.read(bytes, start, end)) return -1;
    const row = this.#builder.count;
    const last = this.#targets.length - 1;
    let at = start + this.#times.length + 1;
    for (let k = 0; k <= last; k++) {
      const first = at;
      let value = 0;
      let c = bytes[at]!;
      while (c >= ZERO && c <= NINE) {
        value = value * 10 + (c - ZERO);
        c = bytes[++at]!;
      }
      let digits = at - first;
      if (digits === 0 || (digits > 1 && bytes[first] === ZERO)) return -1;
      if (c === this.#decimal) {
        const point = at;
        c = bytes[++at]!;
        while (c >= ZERO && c <= NINE) {
          value = value * 10 + (c - ZERO);
          c = bytes[++at]!;
        }
        const places = at - point - 1;
        digits += places;
        if (places === 0 || digits > MOST_DIGITS) return -1;
        // Both numbers are exact, so their quotient is the double nearest to the decimal (Clinger, 1990).
        value /= POWERS[places]!;
      } else if (digits > MOST_DIGITS) return -1;
      if (k === last && c === CR) c = bytes[++at]!;
      if (c !== (k === last ? LF : this.#separator)) return -1;
      at++;
      this.#targets[k]![row] = value;
    }
    this.#builder.count = row + 1;
    return at;
  }
}

export interface PlainRead {
  /** The last line has no end. */
  readonly unterminated: boolean;
  /** Times of the rows before their zone. */
  readonly localMs: Float64Array;
}

export interface PlainOptions {
  /** About how many rows there are. */
  readonly expectedRows: number;
  readonly signal: AbortSignal | undefined;
  readonly onRows: (rows: number) => void;
}

/**
 * Appends the rows of a text table to `builder`, their times left out, in one pass over its bytes: twice as fast as
 * a general parser, and bit for bit what it would read. Whatever is not plain (quotes, blanks, signs, exponents, empty
 * cells, other columns, more than 15 digits, times of another form) makes it give up, for DuckDB or the exact reader.
 * @returns undefined where a row is not plain; `builder` then has rows of no meaning
 * @throws FrontierError IMPORT_FAILED beyond the largest history, CANCELLED by the signal
 */
export async function readPlain(
  path: string,
  layout: TableLayout,
  builder: BarBuilder,
  options: PlainOptions,
): Promise<PlainRead | undefined> {
  const cells = cellsOf(layout);
  const times = TimeBytes.of(layout, options.expectedRows);
  if (!cells || !times) return undefined;
  const rows = new PlainRows(layout, times, cells, builder);
  const handle = await open(path, 'r');
  const buffer = Buffer.allocUnsafe(2 * PIECE);
  let kept = 0;
  try {
    for (let at = 0; rows.isPlain; ) {
      if (options.signal?.aborted) throw new FrontierError('CANCELLED', 'The import was cancelled.');
      // A line longer than a piece is no row of plain numbers.
      if (kept > PIECE) return undefined;
      const { bytesRead } = await handle.read(buffer, kept, PIECE, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      const rest = rows.take(buffer.subarray(0, kept + bytesRead));
      buffer.copyWithin(0, rest, kept + bytesRead);
      kept += bytesRead - rest;
      options.onRows(builder.count);
    }
    const unterminated = kept > 0 && rows.isPlain;
    if (unterminated) {
      buffer[kept] = LF;
      rows.take(buffer.subarray(0, kept + 1));
    }
    return rows.isPlain ? { unterminated, localMs: times.times() } : undefined;
  } finally {
    await handle.close();
  }
}
