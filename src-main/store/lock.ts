import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { FrontierError } from '../../src-shared/errors.ts';

const LOCK_FILE = 'frontier.lock';
const HOLDER_FILE = 'frontier.lock.json';

/** Who opens the data folder, shown to whoever comes second. */
export interface LockHolder {
  /** `desktop`, `loopback`, `cli`. */
  readonly host: string;
  readonly sinceMs: number;
  /** Where the holder can be reached, e.g. the loopback address. Never a token. */
  readonly address?: string | undefined;
}

export interface HomeLock {
  /** Gives the folder back. Safe to call twice. */
  release(): void;
}

const holderSchema = z.object({
  pid: z.number().int(),
  host: z.string(),
  sinceMs: z.number(),
  address: z.string().optional(),
});
export type LockHolderRecord = z.infer<typeof holderSchema>;

/** Who holds the folder as far as the note beside the lock says; it may be out of date. */
export function readLockHolder(home: string): LockHolderRecord | undefined {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(join(home, HOLDER_FILE), 'utf8')));
  } catch {
    return undefined;
  }
}

function lockedError(home: string): FrontierError {
  const holder = readLockHolder(home);
  const who =
    holder === undefined
      ? 'another process'
      : `process ${holder.pid}, ${holder.host}, since ${new Date(holder.sinceMs).toISOString()}`;
  return new FrontierError(
    'LOCKED',
    `The data folder ${resolve(home)} is already open in Frontier (${who}).`,
    'Use the window that is open, end that process, or choose another folder with --home DIR.',
  );
}

/** Holds the operating system's lock through an SQLite file: it dies with the process, however that ends. */
function holdLockFile(home: string): Database.Database {
  const db = new Database(join(home, LOCK_FILE), { timeout: 0 });
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db.close();
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) throw lockedError(home);
    throw error;
  }
}

function writeHolder(home: string, about: LockHolder): void {
  const file = join(home, HOLDER_FILE);
  const record: LockHolderRecord = {
    pid: process.pid,
    host: about.host,
    sinceMs: about.sinceMs,
    ...(about.address === undefined ? {} : { address: about.address }),
  };
  writeFileSync(`${file}.tmp`, JSON.stringify(record));
  renameSync(`${file}.tmp`, file);
}

/**
 * Makes this process the only one on the data folder. A lock left by a process that was killed is free.
 * @throws FrontierError LOCKED naming the holder
 */
export function acquireHomeLock(home: string, about: LockHolder): HomeLock {
  mkdirSync(home, { recursive: true });
  const db = holdLockFile(home);
  writeHolder(home, about);
  let held = true;
  return {
    release(): void {
      if (!held) return;
      held = false;
      rmSync(join(home, HOLDER_FILE), { force: true });
      db.close();
    },
  };
}
