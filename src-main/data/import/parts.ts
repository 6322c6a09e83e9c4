import { randomBytes } from 'node:crypto';
import { mkdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FrontierError } from '../../../src-shared/errors.ts';
import { contentOf } from './content.ts';
import { importError } from './errors.ts';
import { gunzipTo, type InflateOptions, toUtf8 } from './inflate.ts';
import { listZip, unzipTo, type ZipFile } from './zip.ts';

/** A plain file that can be read as a table. */
export interface Part {
  readonly path: string;
  readonly content: 'text' | 'parquet';
  /** Its name inside an archive. */
  readonly entry: string | undefined;
}

/** A folder for what is unpacked, made when something is. */
export class WorkFolder {
  readonly #path: string;
  #made = false;
  #files = 0;

  /** @param parent where it is made; a folder that a start of the engine clears, or the system's for such things */
  constructor(parent: string | undefined) {
    this.#path = join(parent ?? tmpdir(), `frontier-import-${randomBytes(8).toString('hex')}`);
  }

  async path(): Promise<string> {
    await mkdir(this.#path, { recursive: true, mode: 0o700 });
    this.#made = true;
    return this.#path;
  }

  /** Where the folder is or would be, for whoever makes it when it needs it. */
  get reserved(): string {
    this.#made = true;
    return this.#path;
  }

  /** A name that nothing in the folder has. */
  next(): string {
    return `part-${this.#files++}`;
  }

  async remove(): Promise<void> {
    if (this.#made) await rm(this.#path, { recursive: true, force: true });
  }
}

export interface OpenOptions extends InflateOptions {
  readonly entry?: string | undefined;
}

/** Files that an archive holds, or the one file. */
export interface OpenedFile {
  readonly bytes: number;
  readonly parts: Part[];
  /** What an archive holds; empty for a plain file. */
  readonly entries: ZipFile[];
}

/** @throws FrontierError NOT_FOUND, BAD_INPUT */
export async function fileSize(path: string): Promise<number> {
  try {
    const info = await stat(path);
    if (info.isFile()) return info.size;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw cause;
    throw new FrontierError('NOT_FOUND', `There is no file ${path}.`, 'Check the path.', cause);
  }
  throw new FrontierError('BAD_INPUT', `${path} is not a file.`, 'Name one file with bars.');
}

/** Makes UTF-8 or Parquet of what is one file; `packed` says that it came out of an archive. */
async function plainPart(
  path: string,
  entry: string | undefined,
  work: WorkFolder,
  options: OpenOptions,
): Promise<Part> {
  const content = await contentOf(path);
  if (content === 'gzip' || content === 'zip') {
    throw importError(
      `${entry === undefined ? 'The packed file' : JSON.stringify(entry)} is itself an archive (${content}).`,
      'Unpack it and import the file inside.',
    );
  }
  if (content !== 'utf-16') return { path, content, entry };
  const target = join(await work.path(), work.next());
  await toUtf8(path, target, options.signal);
  return { path: target, content: 'text', entry };
}

/**
 * Unpacks what is packed, under limits that no honest file reaches.
 * @throws FrontierError NOT_FOUND, BAD_INPUT for a bad path; IMPORT_FAILED for a file that is no table and a damaged
 *   or dangerous archive
 */
export async function openFile(path: string, work: WorkFolder, options: OpenOptions): Promise<OpenedFile> {
  const bytes = await fileSize(path);
  if (bytes === 0) throw importError('The file is empty.', 'Give a file with at least two bars.');
  const content = await contentOf(path);
  if (content === 'gzip') {
    const target = join(await work.path(), work.next());
    await gunzipTo(path, target, options);
    return { bytes, parts: [await plainPart(target, undefined, work, options)], entries: [] };
  }
  if (content !== 'zip')
    return { bytes, parts: [await plainPart(path, undefined, work, options)], entries: [] };
  const entries = await listZip(path, bytes);
  if (entries.length === 0) throw importError('The zip archive holds no file.', 'Check the download.');
  const wanted = options.entry === undefined ? entries : [{ name: options.entry }];
  const parts: Part[] = [];
  for (const { name } of wanted) {
    const target = await unzipTo(path, name, await work.path(), work.next(), options);
    parts.push(await plainPart(target, name, work, options));
  }
  return { bytes, parts, entries };
}
