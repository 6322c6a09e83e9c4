import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { FrontierError } from '../../src-shared/errors.ts';

const FIRST_WAIT_MS = 2;
const LONGEST_WAIT_MS = 50;
/** A history is locked for as long as a save takes: seconds at the most. */
const DEFAULT_PATIENCE_MS = 60_000;

/** Who is next in this process, by file: first come, first served, and one connection at a time. */
const queues = new Map<string, Promise<void>>();

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The lock of the operating system through SQLite: it dies with the process, however that ends. */
function tryLock(path: string): Database.Database | undefined {
  const db = new Database(path, { timeout: 0 });
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db.close();
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return undefined;
    throw error;
  }
}

async function acquire(path: string, patienceMs: number): Promise<Database.Database> {
  const until = performance.now() + patienceMs;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    const db = tryLock(path);
    if (db) return db;
    if (performance.now() > until) {
      throw new FrontierError(
        'LOCKED',
        `Another process has been changing this history for ${Math.round(patienceMs / 1000)} seconds.`,
        'Wait until it has finished, or end it, and try again.',
      );
    }
    await pause(waitMs);
  }
}

/**
 * Does work that no other process and no other caller in this one does at the same time.
 * @param path lock file, made when it is missing and never removed: removing one that somebody waits for would let
 *   two in
 * @throws FrontierError LOCKED when it is not free within `patienceMs`; whatever the work throws
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  patienceMs = DEFAULT_PATIENCE_MS,
): Promise<T> {
  const before = queues.get(path) ?? Promise.resolve();
  const { promise: mine, resolve: done } = Promise.withResolvers<void>();
  const place = before.then(() => mine);
  queues.set(path, place);
  await before;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const db = await acquire(path, patienceMs);
    try {
      return await work();
    } finally {
      db.close();
    }
  } finally {
    done();
    if (queues.get(path) === place) queues.delete(path);
  }
}
