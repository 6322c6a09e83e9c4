import { join } from 'node:path';
import yauzl from 'yauzl';
import { importError } from './errors.ts';
import { checkExpansion, type InflateOptions, writeGuarded } from './inflate.ts';

/** A file inside an archive. */
export interface ZipFile {
  readonly name: string;
  readonly bytes: number;
  readonly packedBytes: number;
}

const MOST_ENTRIES = 1000;
const NOT_THERE = /^__MACOSX\/|(^|\/)\.[^/]*$/;
const UNSAFE = 'Check where the archive comes from, or unpack it yourself and import the file inside.';
const ENCRYPTED = 1;
const TYPE_MASK = 0o170000;
const SYMLINK = 0o120000;

function refuse(what: string): never {
  throw importError(`The zip archive ${what}.`, UNSAFE);
}

/** @throws FrontierError IMPORT_FAILED for an entry that an honest archive of tables does not have */
function checkEntry(entry: yauzl.Entry): void {
  const name = entry.fileName;
  const parts = name.split(/[\\/]/);
  if (name.includes('\0') || /^([\\/]|[A-Za-z]:)/.test(name) || parts.includes('..')) {
    refuse(`holds a file whose name leads out of it (${JSON.stringify(name.slice(0, 80))})`);
  }
  if (((entry.externalFileAttributes >>> 16) & TYPE_MASK) === SYMLINK) refuse('holds a symbolic link');
  if ((entry.generalPurposeBitFlag & ENCRYPTED) !== 0) refuse('is encrypted');
}

function openZip(path: string): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    const options = { lazyEntries: true, autoClose: false, strictFileNames: true, validateEntrySizes: true };
    yauzl.open(path, options, (error, zip) => (error ? reject(damaged(error)) : resolve(zip)));
  });
}

function damaged(error: Error): Error {
  if (/invalid characters|absolute path|invalid relative path/i.test(error.message)) {
    return importError('The zip archive holds a file whose name leads out of it.', UNSAFE, error);
  }
  return importError(
    `The zip archive is damaged (${error.message}).`,
    'Download or copy the file again.',
    error,
  );
}

/** Walks over the entries until `visit` returns true. */
function walk(zip: yauzl.ZipFile, visit: (entry: yauzl.Entry) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    zip.on('entry', (entry: yauzl.Entry) => {
      try {
        checkEntry(entry);
        if (visit(entry)) resolve();
        else zip.readEntry();
      } catch (error) {
        reject(error);
      }
    });
    zip.on('end', resolve);
    zip.on('error', (error: Error) => reject(damaged(error)));
    zip.readEntry();
  });
}

/**
 * The files of an archive, without folders and what operating systems add.
 * @throws FrontierError IMPORT_FAILED for a damaged or encrypted archive, one with names that lead out of it, links,
 *   more than a thousand files, or sizes that no honest archive has
 */
export async function listZip(path: string, packedBytes: number): Promise<ZipFile[]> {
  const zip = await openZip(path);
  const files: ZipFile[] = [];
  let total = 0;
  try {
    if (zip.entryCount > MOST_ENTRIES)
      refuse(`holds ${zip.entryCount} files; at most ${MOST_ENTRIES} are read`);
    await walk(zip, (entry) => {
      total += entry.uncompressedSize;
      checkExpansion(packedBytes, total);
      if (!entry.fileName.endsWith('/') && !NOT_THERE.test(entry.fileName)) {
        files.push({
          name: entry.fileName,
          bytes: entry.uncompressedSize,
          packedBytes: entry.compressedSize,
        });
      }
      return false;
    });
    return files;
  } finally {
    zip.close();
  }
}

/** Unpacks one file of an archive into a folder, under a name of ours. @returns its path */
export async function unzipTo(
  path: string,
  name: string,
  folder: string,
  as: string,
  options: InflateOptions,
): Promise<string> {
  const zip = await openZip(path);
  try {
    let found: yauzl.Entry | undefined;
    await walk(zip, (entry) => {
      if (entry.fileName !== name) return false;
      found = entry;
      return true;
    });
    const entry = found;
    if (!entry)
      throw importError(`The archive holds no file ${JSON.stringify(name)}.`, 'Choose one that it holds.');
    const stream = await new Promise<import('node:stream').Readable>((resolve, reject) => {
      zip.openReadStream(entry, (error, s) => (error ? reject(damaged(error)) : resolve(s)));
    });
    const target = join(folder, as);
    await writeGuarded(stream, target, () => Math.max(1, entry.compressedSize), options.signal).catch(
      (error: unknown) => {
        const code = String((error as NodeJS.ErrnoException).code);
        if (error instanceof Error && (code.startsWith('Z_') || /bytes in the stream/.test(error.message)))
          throw damaged(error);
        throw error;
      },
    );
    return target;
  } finally {
    zip.close();
  }
}
