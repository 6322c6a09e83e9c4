import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';
import { importError, importErrorAt } from './errors.ts';

/** A line longer than this is not a row of prices. */
const LONGEST_LINE = 16_384;
/** Expansion of a gzip member beyond which it is taken for a bomb; bars compress about 4 to 6 times. */
const LARGEST_RATIO = 100;
const RATIO_AFTER_BYTES = 64 * 1024 * 1024;

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

const KNOWN_BINARY: readonly [string, readonly number[]][] = [
  ['a zip archive', [0x50, 0x4b, 0x03, 0x04]],
  ['a Parquet file', [0x50, 0x41, 0x52, 0x31]],
  ['an SQLite database', [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65]],
  ['a PDF', [0x25, 0x50, 0x44, 0x46]],
  ['an image', [0x89, 0x50, 0x4e, 0x47]],
  ['an old Excel workbook', [0xd0, 0xcf, 0x11, 0xe0]],
];

async function firstBytes(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const head = Buffer.alloc(16);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function startsWith(bytes: Buffer, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

const EXPECTED_HINT = 'Give a text table of bars (CSV), plain or compressed with gzip.';

function refuseBinary(head: Buffer): void {
  const known = KNOWN_BINARY.find(([, magic]) => startsWith(head, magic));
  if (!known) return;
  const hint = known[0] === 'a zip archive' ? 'Unpack it and import the file inside.' : EXPECTED_HINT;
  throw importError(`The file is ${known[0]}, not a text table.`, hint);
}

/** Decoder for the byte order mark a file starts with; UTF-8 without one. Malformed text throws. */
function decoderFor(head: Buffer): TextDecoder {
  const utf16 = startsWith(head, [0xff, 0xfe]);
  return new TextDecoder(utf16 ? 'utf-16le' : 'utf-8', { fatal: true });
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

/** The byte stream of a file, unpacked if it is gzip, with the compressed bytes counted. */
function byteStream(path: string, gzip: boolean, options: LineOptions): AsyncIterable<Buffer> {
  const file = createReadStream(path, { highWaterMark: 256 * 1024, signal: options.signal });
  let bytes = 0;
  file.on('data', (chunk) => {
    bytes += chunk.length;
    options.onBytes?.(bytes);
  });
  if (!gzip) return file;
  const unpacked = createGunzip({ chunkSize: 256 * 1024 });
  file.on('error', (error) => unpacked.destroy(error));
  let out = 0;
  unpacked.on('data', (chunk: Buffer) => {
    out += chunk.length;
    if (out > RATIO_AFTER_BYTES && out > bytes * LARGEST_RATIO) {
      unpacked.destroy(
        importError(
          `The file unpacks to more than ${LARGEST_RATIO} times its size, as no table of bars does.`,
          'Check where the file comes from.',
        ),
      );
    }
  });
  return file.pipe(unpacked);
}

function isZlibError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && String((error as NodeJS.ErrnoException).code).startsWith('Z_');
}

/**
 * The lines of a text file in batches, gzip (told by its content, not its name) unpacked on the way, so
 * that a file of any size needs little memory.
 * @throws FrontierError IMPORT_FAILED for binary content, text that is not UTF-8 or UTF-16 with a byte order
 *   mark, a damaged or truncated gzip stream, or an absurdly long line
 */
export async function* readLines(path: string, options: LineOptions = {}): AsyncGenerator<LineBatch> {
  const head = await firstBytes(path);
  refuseBinary(head);
  const gzip = startsWith(head, [0x1f, 0x8b]);
  let cutter: LineCutter | undefined = gzip ? undefined : new LineCutter(decoderFor(head));
  try {
    for await (const chunk of byteStream(path, gzip, options)) {
      if (!cutter) {
        refuseBinary(chunk);
        cutter = new LineCutter(decoderFor(chunk));
      }
      yield { lines: cutter.take(chunk), unterminated: false };
    }
  } catch (error) {
    if (!isZlibError(error)) throw error;
    const cut = error.code === 'Z_BUF_ERROR';
    throw importError(
      cut
        ? 'The gzip file is truncated: it ends in the middle.'
        : `The gzip file is damaged (${error.message}).`,
      'Download or copy the file again.',
      error,
    );
  }
  if (cutter) yield cutter.end();
}
