import { isAscii } from 'node:buffer';
import { open } from 'node:fs/promises';
import type { TableLayout } from './layout.ts';

const PIECE = 1 << 20;
const LF = 10;

/** What the bytes of a text file say beyond its cells. */
export interface ByteScan {
  /** The last line has no end. */
  readonly unterminated: boolean;
  /** There is something that DuckDB may read in another way than the exact reader. */
  readonly isOdd: boolean;
}

/**
 * Looks through a file for what DuckDB reads more generously than we do: digits grouped with underscores, bytes that
 * are no ASCII, an empty cell too many at the end of a row, a blank in front of a time, line ends inside quotes; and blank lines, which change the numbers of those after them.
 * Cheap: each is one search of the bytes, made while DuckDB parses them.
 */
export async function scanBytes(path: string, layout: TableLayout): Promise<ByteScan> {
  const patterns = [
    '_',
    '\0',
    `${layout.separator}\n`,
    `${layout.separator}\r`,
    '\n ',
    '\n\n',
    '\n\r',
    '"',
  ].map((p) => Buffer.from(p));
  // Quotes matter only around texts that nobody reads: a number or a time holds no line end.
  if (layout.ignored.length === 0) patterns.pop();
  const handle = await open(path, 'r');
  const buffer = Buffer.allocUnsafe(PIECE);
  let isOdd = false;
  let last = LF;
  let isFirst = true;
  try {
    for (let at = 0; ; ) {
      const { bytesRead } = await handle.read(buffer, 0, PIECE, at);
      if (bytesRead === 0) break;
      const piece = buffer.subarray(isFirst && layout.hasHeader ? buffer.indexOf(LF) : 0, bytesRead);
      isFirst = false;
      isOdd ||= !isAscii(piece) || patterns.some((p) => piece.includes(p));
      last = buffer[bytesRead - 1]!;
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
  return { unterminated: last !== LF, isOdd };
}
