import { createReadStream, createWriteStream } from 'node:fs';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { FrontierError } from '../../../src-shared/errors.ts';
import { importError } from './errors.ts';
import { decoderFor } from './textLines.ts';

/** Expansion beyond which a file is taken for a bomb; bars compress about 4 to 10 times. */
const LARGEST_RATIO = 100;
const RATIO_AFTER_BYTES = 64 * 1024 * 1024;
/** The most that is unpacked of one file. */
export const MOST_BYTES = 16 * 1024 ** 3;

/** @throws FrontierError IMPORT_FAILED where so many bytes cannot come from an honest archive of that size */
export function checkExpansion(packed: number, unpacked: number): void {
  if (unpacked > RATIO_AFTER_BYTES && unpacked > packed * LARGEST_RATIO) {
    throw importError(
      `The file unpacks to more than ${LARGEST_RATIO} times its size, as no table of bars does.`,
      'Check where the file comes from.',
    );
  }
  if (unpacked <= MOST_BYTES) return;
  throw importError(
    `The file unpacks to more than ${MOST_BYTES / 1024 ** 3} GiB.`,
    'Unpack it and import it in parts.',
  );
}

/** Passes bytes on and stops a bomb. @param packed bytes read so far of what is unpacked */
function guard(packed: () => number): Transform {
  let out = 0;
  return new Transform({
    highWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, done) {
      out += chunk.length;
      try {
        checkExpansion(packed(), out);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

export interface InflateOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the packed file read so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

function named(error: unknown): unknown {
  const code = String((error as NodeJS.ErrnoException | undefined)?.code);
  if (code === 'ENOSPC') {
    return new FrontierError(
      'UNAVAILABLE',
      'The disk is full: the file could not be unpacked. Nothing was imported.',
      'Free some space and import it again.',
      error,
    );
  }
  if (!code.startsWith('Z_')) return error;
  return importError(
    code === 'Z_BUF_ERROR'
      ? 'The gzip file is truncated: it ends in the middle.'
      : `The gzip file is damaged (${(error as Error).message}).`,
    'Download or copy the file again.',
    error,
  );
}

/** Writes a stream to a new file under the guard against bombs. */
export async function writeGuarded(
  source: Readable,
  path: string,
  packed: () => number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const target = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  await pipeline(source, guard(packed), target, ...(signal ? [{ signal }] : []));
}

/** Unpacks a gzip file. @throws FrontierError IMPORT_FAILED for a damaged or cut one, or a bomb */
export async function gunzipTo(path: string, target: string, options: InflateOptions): Promise<void> {
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  const unpacked = createGunzip({ chunkSize: 1 << 20 });
  let bytes = 0;
  file.on('data', (chunk) => {
    bytes += chunk.length;
    options.onBytes?.(bytes);
  });
  file.on('error', (error) => unpacked.destroy(error));
  try {
    await writeGuarded(file.pipe(unpacked), target, () => bytes, options.signal);
  } catch (error) {
    throw named(error);
  } finally {
    file.destroy();
  }
}

/** Writes a UTF-16 text as UTF-8. @throws FrontierError IMPORT_FAILED for bytes that are no text */
export async function toUtf8(path: string, target: string, signal: AbortSignal | undefined): Promise<void> {
  let decoder: ReturnType<typeof decoderFor> | undefined;
  const decode = (bytes: Uint8Array, stream: boolean): string => {
    decoder ??= decoderFor(bytes);
    try {
      return decoder.decode(bytes, { stream });
    } catch (cause) {
      throw importError('The file holds bytes that are not text in UTF-16.', 'Export it as UTF-8.', cause);
    }
  };
  async function* texts(source: AsyncIterable<Buffer>): AsyncGenerator<string> {
    for await (const chunk of source) yield decode(chunk, true);
    yield decode(new Uint8Array(0), false);
  }
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  await pipeline(
    file,
    texts,
    createWriteStream(target, { flags: 'wx', mode: 0o600 }),
    ...(signal ? [{ signal }] : []),
  );
}
