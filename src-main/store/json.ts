import { z } from 'zod';
import { FrontierError } from '../../src-shared/errors.ts';

/** JSON for a column. `undefined` members vanish and NaN becomes null, as JSON has neither. */
export function encode(value: unknown): string {
  return JSON.stringify(value);
}

/**
 * Reads a JSON column and checks it, so that a row spoilt on disk is found where it is read.
 * @param where names the row for the message, e.g. `backtest bt_12`
 * @throws FrontierError CORRUPT
 */
export function decode<S extends z.ZodType>(schema: S, text: string, where: string): z.output<S> {
  const corrupt = (why: string, cause?: unknown): FrontierError =>
    new FrontierError(
      'CORRUPT',
      `The stored ${where} cannot be read: ${why}`,
      'Restore the data folder from a backup; the other rows are not affected.',
      cause,
    );
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw corrupt('it is not JSON.', cause);
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw corrupt(z.prettifyError(parsed.error), parsed.error);
  return parsed.data;
}

/** `decode` for a column that may be NULL. */
export function decodeOptional<S extends z.ZodType>(
  schema: S,
  text: string | null,
  where: string,
): z.output<S> | undefined {
  return text === null ? undefined : decode(schema, text, where);
}

/** The row, or NOT_FOUND. */
export function found<T>(row: T | undefined, what: string, hint: string): T {
  if (row === undefined) throw new FrontierError('NOT_FOUND', `There is no ${what}.`, hint);
  return row;
}

/** Turns SQLite's complaint about a repeated key into CONFLICT; anything else passes. */
export function conflictOnDuplicate<T>(write: () => T, message: string, hint: string): T {
  try {
    return write();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'SQLITE_CONSTRAINT_UNIQUE' && code !== 'SQLITE_CONSTRAINT_PRIMARYKEY') throw error;
    throw new FrontierError('CONFLICT', message, hint, error);
  }
}
