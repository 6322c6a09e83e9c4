import { isAscii } from 'node:buffer';
import { open } from 'node:fs/promises';
import type { TableLayout } from './layout.ts';
import { TimeBytes } from './timeBytes.ts';

const PIECE = 1 << 20;
const LF = 10;
const CR = 13;
const SPACE = 32;

/** What the bytes of a text file say beyond its cells. */
export interface ByteScan {
  /** The last line has no end. */
  readonly unterminated: boolean;
  /** There is something that DuckDB may read in another way than the exact reader. */
  readonly isOdd: boolean;
  /** Times of all rows before their zone, where they were asked for. */
  readonly localMs: Float64Array | undefined;
}

/** Bytes that make the exact reader look at a file. */
function oddBytes(layout: TableLayout, hasTimes: boolean): number[] {
  const odd = [0, '_'.charCodeAt(0)];
  // A quoted number holds no line end; a text that nobody reads may, and times are read without quotes.
  return hasTimes || layout.ignored.length > 0 ? [...odd, '"'.charCodeAt(0)] : odd;
}

/** Looks at one line after the other; lines are found in pieces of the file with what was left of the last piece. */
class LineScan {
  readonly #odd: readonly number[];
  readonly #separator: number;
  readonly #times: TimeBytes | undefined;
  #skip: number;
  isOdd = false;

  constructor(layout: TableLayout, times: TimeBytes | undefined) {
    this.#odd = oddBytes(layout, times !== undefined);
    this.#separator = layout.separator.charCodeAt(0);
    this.#times = times;
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
    const rows = bytes.subarray(start);
    if (!isAscii(rows) || this.#odd.some((byte) => rows.includes(byte))) this.isOdd = true;
    for (let end = bytes.indexOf(LF, start); end >= 0 && !this.isOdd; end = bytes.indexOf(LF, start)) {
      if (!this.#line(bytes, start, end)) this.isOdd = true;
      start = end + 1;
    }
    return start;
  }

  #line(bytes: Uint8Array, start: number, lineEnd: number): boolean {
    const end = bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    // A blank line changes the numbers of those after it; an empty cell at the end is one too many, perhaps.
    if (end <= start || bytes[start] === SPACE || bytes[end - 1] === this.#separator) return false;
    return this.#times?.read(bytes, start, end) ?? true;
  }
}

/**
 * Looks through a file for what DuckDB reads more generously than we do: digits grouped with underscores, bytes that
 * are no ASCII, an empty cell too many at the end of a row, a blank in front of a time, line ends inside quotes; and
 * blank lines. On the way it reads the times of the rows, where they all have the form of the first: that is much
 * cheaper than a pattern of DuckDB's, and runs while DuckDB parses the numbers.
 * @param expectedTimes about how many times are to be read; undefined where none are wanted
 */
export async function scanBytes(
  path: string,
  layout: TableLayout,
  expectedTimes: number | undefined,
): Promise<ByteScan> {
  const times = expectedTimes === undefined ? undefined : TimeBytes.of(layout, expectedTimes);
  const lines = new LineScan(layout, times);
  const handle = await open(path, 'r');
  let buffer = Buffer.allocUnsafe(2 * PIECE);
  let kept = 0;
  let last = LF;
  try {
    for (let at = 0; !lines.isOdd; ) {
      if (kept + PIECE > buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
      if (kept > 1 << 24) return { unterminated: false, isOdd: true, localMs: undefined };
      const { bytesRead } = await handle.read(buffer, kept, PIECE, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      const length = kept + bytesRead;
      last = buffer[length - 1]!;
      const rest = lines.take(buffer.subarray(0, length));
      buffer.copyWithin(0, rest, length);
      kept = length - rest;
    }
    const isCut = last !== LF && kept > 0 && !lines.isOdd;
    if (isCut) {
      buffer[kept] = LF;
      lines.take(buffer.subarray(0, kept + 1));
    }
  } finally {
    await handle.close();
  }
  return { unterminated: last !== LF, isOdd: lines.isOdd, localMs: times?.times() };
}
