import { FrontierError } from '../../../src-shared/errors.ts';

/** Where in a file something is wrong. Lines count from 1, the header included; columns from 1. */
export interface Place {
  readonly line: number;
  readonly column?: number;
  readonly columnName?: string;
  /** File of an archive that is read together with others. */
  readonly part?: string;
}

function describe(place: Place): string {
  const line = place.part === undefined ? `Line ${place.line}` : `${place.part}, line ${place.line}`;
  if (place.column === undefined) return line;
  const name = place.columnName ? ` (${place.columnName})` : '';
  return `${line}, column ${place.column}${name}`;
}

/** The refusal of a whole file. @param hint what the user can do, in one sentence */
export function importError(message: string, hint: string, cause?: unknown): FrontierError {
  return new FrontierError('IMPORT_FAILED', `${message} Nothing was imported.`, hint, cause);
}

/** The refusal of a whole file because of one place in it. */
export function importErrorAt(place: Place, message: string, hint: string): FrontierError {
  return importError(`${describe(place)}: ${message}`, hint);
}

/** A cell as it may be shown in a message: short, and without control characters. */
export function shown(cell: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point
  const clean = cell.replace(/[\u0000-\u001f\u007f]/g, '?');
  return `"${clean.length > 40 ? `${clean.slice(0, 40)}…` : clean}"`;
}

/** What a table needs, for hints. */
export const EXPECTED =
  'Expected columns are a time (timestamp, or date and time), open, high, low, close and, optionally, volume; for ticks a time, bid and ask.';

/** A cell that a spreadsheet would run. */
const FORMULA = /^\s*(?:[=@]|[+-](?![\d.,\s]|inf|nan|$))/i;

/** DATA-15: refuses a row with a formula in any cell. @throws FrontierError IMPORT_FAILED */
export function refuseFormulas(cells: readonly string[], placeOf: (cell: number) => Place): void {
  const at = cells.findIndex((cell) => FORMULA.test(cell));
  if (at < 0) return;
  throw importErrorAt(
    placeOf(at),
    `${shown(cells[at]!)} is a formula, and no table of prices holds any.`,
    'Export the values alone, and check where the file comes from.',
  );
}
