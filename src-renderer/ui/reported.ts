import { type ErrorCode, FrontierError } from '../../src-shared/errors.ts';

/** An error that the engine reports as part of a run or a session, as something the error views take. */
export function reportedError(body: {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}): FrontierError {
  return new FrontierError(body.code as ErrorCode, body.message, body.hint);
}
