import { open } from 'node:fs/promises';
import { importError } from './errors.ts';

export type Content = 'gzip' | 'zip' | 'parquet' | 'utf-16' | 'text';

const MAGIC: readonly [Content, readonly number[]][] = [
  ['gzip', [0x1f, 0x8b]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['zip', [0x50, 0x4b, 0x05, 0x06]],
  ['parquet', [0x50, 0x41, 0x52, 0x31]],
  ['utf-16', [0xff, 0xfe]],
  ['utf-16', [0xfe, 0xff]],
];
const REFUSED: readonly [string, readonly number[]][] = [
  ['an SQLite database', [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65]],
  ['a PDF', [0x25, 0x50, 0x44, 0x46]],
  ['an image', [0x89, 0x50, 0x4e, 0x47]],
  ['an old Excel workbook', [0xd0, 0xcf, 0x11, 0xe0]],
  ['a 7-Zip archive', [0x37, 0x7a, 0xbc, 0xaf]],
  ['a RAR archive', [0x52, 0x61, 0x72, 0x21]],
  ['an xz archive', [0xfd, 0x37, 0x7a, 0x58]],
  ['a bzip2 archive', [0x42, 0x5a, 0x68]],
  ['a Zstandard file', [0x28, 0xb5, 0x2f, 0xfd]],
];

const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, i) => bytes[i] === byte);

/** What a file is, told from its first bytes. @throws FrontierError IMPORT_FAILED for what is no table for sure */
export async function contentOf(path: string): Promise<Content> {
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(16);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    const head = buffer.subarray(0, bytesRead);
    const refused = REFUSED.find(([, magic]) => startsWith(head, magic));
    if (refused) {
      throw importError(
        `The file is ${refused[0]}, not a table.`,
        'Give a text table of bars or ticks (CSV) or a Parquet file, plain or in a gzip or zip file.',
      );
    }
    return MAGIC.find(([, magic]) => startsWith(head, magic))?.[0] ?? 'text';
  } finally {
    await handle.close();
  }
}
