/** Every error that reaches a user: a stable code to branch on, a message, and what to do about it. */
export type ErrorCode =
  | 'BAD_INPUT'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'LOCKED'
  | 'CANCELLED'
  | 'UNAVAILABLE'
  | 'CORRUPT'
  | 'REFUSED'
  | 'IMPORT_FAILED'
  | 'ENGINE_FAILED'
  | 'WORKER_LOST'
  | 'BROKER_REJECTED'
  | 'INTERNAL';

/** Plain form of a `FrontierError`, safe to send over a process boundary. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** An expected failure. Bugs stay ordinary `Error`s and surface as `INTERNAL`. */
export class FrontierError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  /** @param hint what the user can do next, in one sentence */
  constructor(code: ErrorCode, message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'FrontierError';
    this.code = code;
    this.hint = hint;
  }
}

const FULL = /no space left on device|database or disk is full|disk quota exceeded/i;
const FULL_CODES = ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'];
const CLOSED_CODES = ['EROFS', 'EACCES', 'EPERM', 'SQLITE_READONLY', 'SQLITE_CANTOPEN', 'SQLITE_PERM'];

/** What the operating system refuses is no fault of ours, and the user can do something about it. */
function refusedBySystem(error: unknown, message: string): ErrorBody | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (FULL_CODES.includes(code) || FULL.test(message)) {
    return {
      code: 'UNAVAILABLE',
      message: `The disk is full. (${message})`,
      hint: 'Free some space and try again; what was stored before is as it was.',
    };
  }
  if (!CLOSED_CODES.some((closed) => code === closed || code.startsWith(`${closed}_`))) return undefined;
  return {
    code: 'UNAVAILABLE',
    message: `A file or folder cannot be used. (${message})`,
    hint: 'Check that it may be read and written and that its disk is not read-only, or choose another.',
  };
}

/** Turns anything thrown into the body that may cross a boundary: never a stack, never a secret. */
export function errorBody(error: unknown): ErrorBody {
  if (error instanceof FrontierError) {
    return {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  const refused = refusedBySystem(error, message);
  if (refused) return refused;
  return { code: 'INTERNAL', message, hint: 'This is a fault in Frontier; the log has the details.' };
}
