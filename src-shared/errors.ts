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
  return { code: 'INTERNAL', message, hint: 'This is a fault in Frontier; the log has the details.' };
}
