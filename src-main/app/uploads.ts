import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import type { Clock } from '../../src-shared/runtime.ts';

interface Upload {
  readonly path: string;
  readonly fileName: string;
  readonly handle: number;
  received: number;
  open: boolean;
  /** When the last piece came. */
  touchedMs: number;
}

const MAX_BYTES = 4 * 1024 ** 3;
const MAX_OPEN = 32;
/** A page that was closed in the middle of an upload sends nothing more; its slot is free after this. */
const ABANDONED_MS = 5 * 60_000;
/** A file that was looked at and then neither imported nor discarded is forgotten after this. */
const FORGOTTEN_MS = 2 * 3_600_000;

function problemOf(received: number, offset: number, length: number): FrontierError | undefined {
  if (offset !== received)
    return new FrontierError(
      'BAD_INPUT',
      `offset: Expected byte ${received}, got ${offset}.`,
      'Choose the file again.',
    );
  if (offset + length <= MAX_BYTES) return undefined;
  return new FrontierError(
    'REFUSED',
    'The file is larger than 4 GiB.',
    'Import it in parts, or by path with `frontier import`.',
  );
}

/** Files that clients send in pieces before they are imported. Kept in the data folder, removed after use. */
export class Uploads {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #uploads = new Map<string, Upload>();

  /** Removes what an earlier run left behind. */
  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
    rmSync(folder, { recursive: true, force: true });
  }

  /**
   * Takes one piece. Pieces must follow each other without gap; the first that does not ends the upload, and
   * what had arrived of it is removed.
   * @throws FrontierError BAD_INPUT for a piece out of order, NOT_FOUND for an upload that has ended, REFUSED beyond
   *   4 GiB or 32 files at once
   */
  receive(
    uploadId: string | undefined,
    fileName: string,
    offset: number,
    bytes: Uint8Array,
  ): { uploadId: string; received: number } {
    const id = uploadId ?? this.#begin(fileName);
    const upload = this.#uploads.get(id);
    if (!upload?.open)
      throw new FrontierError('NOT_FOUND', 'That upload is not open.', 'Choose the file again.');
    const problem = problemOf(upload.received, offset, bytes.length);
    if (problem) {
      this.remove(id);
      throw problem;
    }
    writeSync(upload.handle, bytes, 0, bytes.length, offset);
    upload.received += bytes.length;
    upload.touchedMs = this.#clock.nowMs();
    return { uploadId: id, received: upload.received };
  }

  /** The finished file and its name as the user knows it. @throws FrontierError NOT_FOUND */
  take(uploadId: string): { path: string; fileName: string } {
    const upload = this.#uploads.get(uploadId);
    if (!upload) throw new FrontierError('NOT_FOUND', 'That upload is not known.', 'Choose the file again.');
    if (upload.open) closeSync(upload.handle);
    upload.open = false;
    upload.touchedMs = this.#clock.nowMs();
    return { path: upload.path, fileName: upload.fileName };
  }

  remove(uploadId: string): void {
    const upload = this.#uploads.get(uploadId);
    if (!upload) return;
    if (upload.open) closeSync(upload.handle);
    rmSync(upload.path, { force: true });
    this.#uploads.delete(uploadId);
  }

  #begin(fileName: string): string {
    const nowMs = this.#clock.nowMs();
    for (const [id, upload] of this.#uploads)
      if (nowMs - upload.touchedMs > (upload.open ? ABANDONED_MS : FORGOTTEN_MS)) this.remove(id);
    if (this.#uploads.size >= MAX_OPEN)
      throw new FrontierError(
        'REFUSED',
        'Too many files are being sent at once.',
        'Import them one after the other.',
      );
    mkdirSync(this.#folder, { recursive: true });
    const id = `upl_${randomBytes(9).toString('hex')}`;
    const path = join(this.#folder, id);
    const name = basename(fileName.replaceAll('\\', '/'));
    this.#uploads.set(id, {
      path,
      fileName: name,
      handle: openSync(path, 'wx', 0o600),
      received: 0,
      open: true,
      touchedMs: nowMs,
    });
    return id;
  }
}
