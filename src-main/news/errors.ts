import { FrontierError } from '../../src-shared/errors.ts';

/** The refusal of a whole file of news. */
export function newsError(message: string, hint: string, cause?: unknown): FrontierError {
  return new FrontierError('IMPORT_FAILED', `${message} Nothing was imported.`, hint, cause);
}

/** The refusal of a whole file because of one line; the header is line 1. */
export function newsErrorAt(line: number, message: string, hint: string): FrontierError {
  return newsError(`Line ${line}: ${message}`, hint);
}

/** A cell as it may be shown in a message. */
export function shown(cell: string): string {
  const clean = cell.replace(/\p{Cc}/gu, '?');
  return `"${clean.length > 40 ? `${clean.slice(0, 40)}…` : clean}"`;
}
