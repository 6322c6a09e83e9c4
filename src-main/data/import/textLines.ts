import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';
import { importError, importErrorAt } from './errors.ts';

/** A line longer than this is not a row of prices. */
const LONGEST_LINE = 16_384;
const EXPECTED_HINT =
  'Give a text table of bars or ticks (CSV) or a Parquet file, plain or in a gzip or zip file.';

export interface LineOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the file read so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Some lines of a file, in order. */
export interface LineBatch {
  readonly lines: string[];
  /** Whether the last line of the file is in this batch and has no line end. */
  readonly unterminated: boolean;
}

/** Decoder for the byte order mark a file starts with; UTF-8 without one. Malformed text throws. */
export function decoderFor(head: Uint8Array): TextDecoder {
  const utf16 = head[0] === 0xff && head[1] === 0xfe;
  const utf16be = head[0] === 0xfe && head[1] === 0xff;
  return new TextDecoder(utf16 ? 'utf-16le' : utf16be ? 'utf-16be' : 'utf-8', { fatal: true });
}

/** Cuts a text stream into lines and refuses what cannot be a table. */
class LineCutter {
  #rest = '';
  #line = 1;
  readonly #decoder: TextDecoder;

  constructor(decoder: TextDecoder) {
    this.#decoder = decoder;
  }

  take(bytes: Uint8Array): string[] {
    const text = this.#rest + this.#decode(bytes, true);
    const lines = text.split('\n');
    this.#rest = lines.pop() ?? '';
    return this.#finish(lines);
  }

  end(): LineBatch {
    const text = this.#rest + this.#decode(new Uint8Array(0), false);
    const unterminated = text.length > 0;
    return { lines: this.#finish(unterminated ? [text] : []), unterminated };
  }

  #decode(bytes: Uint8Array, stream: boolean): string {
    try {
      return this.#decoder.decode(bytes, { stream });
    } catch (cause) {
      throw importError(
        `Near line ${this.#line} the file holds bytes that are not text: it is binary or in another encoding.`,
        'Export it as a text table in UTF-8.',
        cause,
      );
    }
  }

  #finish(lines: string[]): string[] {
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i]!;
      if (line.length > LONGEST_LINE) this.#tooLong();
      if (line.includes('\0')) {
        throw importErrorAt(
          { line: this.#line + i },
          'the file holds zero bytes: it is binary.',
          EXPECTED_HINT,
        );
      }
      if (line.endsWith('\r')) lines[i] = line.slice(0, -1);
    }
    this.#line += lines.length;
    if (this.#rest.length > LONGEST_LINE) this.#tooLong();
    return lines;
  }

  #tooLong(): never {
    throw importErrorAt(
      { line: this.#line },
      `the line is longer than ${LONGEST_LINE} characters: this is no table of bars, or its line ends are lost.`,
      EXPECTED_HINT,
    );
  }
}

/**
 * The lines of a plain text file in batches, so that a file of any size needs little memory.
 * @throws FrontierError IMPORT_FAILED for text that is not UTF-8 or UTF-16 with a byte order mark, zero bytes, or an
 *   absurdly long line
 */
export async function* readLines(path: string, options: LineOptions = {}): AsyncGenerator<LineBatch> {
  const file = createReadStream(path, { highWaterMark: 256 * 1024, signal: options.signal });
  let cutter: LineCutter | undefined;
  let bytes = 0;
  for await (const chunk of file as AsyncIterable<Buffer>) {
    cutter ??= new LineCutter(decoderFor(chunk));
    bytes += chunk.length;
    options.onBytes?.(bytes);
    yield { lines: cutter.take(chunk), unterminated: false };
  }
  if (cutter) yield cutter.end();
}

/** The first lines of a file that are not blank, and their numbers. */
export async function sampleLines(
  path: string,
  count: number,
): Promise<{ lines: { text: string; line: number }[]; unterminated: boolean }> {
  const lines: { text: string; line: number }[] = [];
  let line = 0;
  let unterminated = false;
  for await (const batch of readLines(path)) {
    unterminated = batch.unterminated;
    for (const text of batch.lines) {
      line++;
      if (text.trim() !== '') lines.push({ text: line === 1 ? text.replace(/^\uFEFF/, '') : text, line });
      if (lines.length === count) return { lines, unterminated };
    }
  }
  return { lines, unterminated };
}
