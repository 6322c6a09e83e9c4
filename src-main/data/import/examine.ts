import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { importErrorAt, type Place } from './errors.ts';
import type { TableLayout } from './layout.ts';
import { isPlausibleTime, type RawRows, type RowDefect } from './rawRows.ts';
import { REPAIR_HINT } from './rows.ts';
import { isoTime } from './times.ts';

const PRICES = ['open', 'high', 'low', 'close'] as const;

/** What an exact look at the rows of a table found. */
export interface Examined {
  /** Every row that cannot be stored as it stands, in the order of the file. */
  readonly defects: RowDefect[];
  /** Indices of the rows that are bars in order, ascending in time. */
  readonly sound: number[];
  /** For each duplicate the sound row that holds its time. */
  readonly twins: ReadonlyMap<number, number>;
}

/** Where a row's values stand in the file. */
type PlaceOf = (row: number, column: 'time' | 'volume' | (typeof PRICES)[number]) => Place;

/** Where the rows of a file of an archive begin. */
export interface RowPart {
  readonly fromRow: number;
  readonly name: string;
}

function placesOf(raw: RawRows, layout: TableLayout | undefined, parts: readonly RowPart[]): PlaceOf {
  const partOf = (row: number): Pick<Place, 'part'> => {
    const name = parts.length > 1 ? parts.findLast((p) => p.fromRow <= row)?.name : undefined;
    return name === undefined ? {} : { part: name };
  };
  return (row, column) => {
    const line = { line: raw.lines?.[row] ?? row + 1, ...partOf(row) };
    if (!layout) return line;
    const price = PRICES.indexOf(column as (typeof PRICES)[number]);
    const at = column === 'time' ? layout.time : column === 'volume' ? layout.volume : layout.values[price];
    return at === undefined ? line : { ...line, column: at + 1, columnName: layout.columns[at] ?? column };
  };
}

interface Found {
  readonly kind: string;
  readonly column: Parameters<PlaceOf>[1];
  readonly message: string;
}

/** DATA-5: prices above zero, low <= open, close <= high, no negative volume. */
function valueProblem(bars: BarColumns, i: number): Found | undefined {
  if (!isPlausibleTime(bars.timeMs[i]!)) {
    const message = `${isoTime(bars.timeMs[i]!)} is no time of a bar: it is before 1800 or after 2199.`;
    return { kind: 'bad_time', column: 'time', message };
  }
  const nan = ([...PRICES, 'volume'] as const).find((name) => !Number.isFinite(bars[name][i]!));
  if (nan) return { kind: 'nan_cell', column: nan, message: 'the cell is empty or not a number.' };
  const zero = PRICES.find((name) => !(bars[name][i]! > 0));
  if (zero) {
    return { kind: 'zero_price_row', column: zero, message: `the price ${bars[zero][i]} is not above zero.` };
  }
  const [high, low] = [bars.high[i]!, bars.low[i]!];
  if (high < low) {
    return { kind: 'high_below_low', column: 'high', message: `the high ${high} is below the low ${low}.` };
  }
  const outside = (['open', 'close'] as const).find((n) => bars[n][i]! > high || bars[n][i]! < low);
  if (outside) {
    const value = bars[outside][i];
    const message = `the ${outside} ${value} is outside the bar's range ${low} to ${high}.`;
    return { kind: 'outside_range', column: outside, message };
  }
  const volume = bars.volume[i]!;
  if (volume >= 0) return undefined;
  return { kind: 'negative_volume', column: 'volume', message: `the volume ${volume} is negative.` };
}

/**
 * The largest set of rows whose times strictly increase, so that one misplaced row is one row out of order wherever
 * it went (longest increasing subsequence by patience sorting, run from the end so that of two equal choices the
 * earlier row stays).
 */
function inOrder(timeMs: Float64Array, rows: readonly number[]): number[] {
  const tails: number[] = [];
  const next = new Map<number, number>();
  for (let k = rows.length - 1; k >= 0; k--) {
    const row = rows[k]!;
    let [low, high] = [0, tails.length];
    while (low < high) {
      const mid = (low + high) >>> 1;
      if (timeMs[tails[mid]!]! > timeMs[row]!) low = mid + 1;
      else high = mid;
    }
    if (low > 0) next.set(row, tails[low - 1]!);
    tails[low] = row;
  }
  const kept: number[] = [];
  for (let row = tails.at(-1); row !== undefined; row = next.get(row)) kept.push(row);
  return kept;
}

function isIncreasing(timeMs: Float64Array, rows: readonly number[]): boolean {
  for (let k = 1; k < rows.length; k++) if (!(timeMs[rows[k]!]! > timeMs[rows[k - 1]!]!)) return false;
  return true;
}

/** Looks at every row for itself and at its place among the others. Nothing is changed. */
export function examine(raw: RawRows, layout: TableLayout | undefined, parts: readonly RowPart[]): Examined {
  const { bars } = raw;
  const placeOf = placesOf(raw, layout, parts);
  const unreadable = new Set(raw.defects.filter((d) => !Number.isNaN(d.timeMs)).map((d) => d.row));
  const defects = [...raw.defects];
  const note = (row: number, { kind, column, message }: Found, hint: string): void => {
    const place = placeOf(row, column);
    const error = importErrorAt(place, message, hint);
    defects.push({ kind, row, line: place.line, timeMs: bars.timeMs[row]!, error });
  };
  const good: number[] = [];
  for (let i = 0; i < bars.timeMs.length; i++) {
    if (unreadable.has(i)) continue;
    const problem = valueProblem(bars, i);
    // Of a ruined file only the first unreadable rows are listed; the others are counted already.
    if (problem?.kind === 'nan_cell' && raw.more.size > 0) continue;
    if (problem) note(i, problem, REPAIR_HINT);
    else good.push(i);
  }
  const sound = isIncreasing(bars.timeMs, good) ? good : inOrder(bars.timeMs, good);
  const twins = new Map<number, number>();
  if (sound.length < good.length) noteMisplaced(bars, good, sound, twins, note, placeOf);
  // In the order of the file; the lines of several files are no order.
  defects.sort((a, b) => a.row - b.row || a.line - b.line);
  return { defects, sound, twins };
}

const COLUMNS = ['open', 'high', 'low', 'close', 'volume'] as const;

/** DATA-6: rows at a time that is taken, and rows after a later one. */
function noteMisplaced(
  bars: BarColumns,
  good: readonly number[],
  sound: readonly number[],
  twins: Map<number, number>,
  note: (row: number, found: Found, hint: string) => void,
  placeOf: PlaceOf,
): void {
  const kept = new Set(sound);
  const holder = new Map(sound.map((row) => [bars.timeMs[row]!, row]));
  let previous = -1;
  for (const row of good) {
    if (kept.has(row)) {
      previous = row;
      continue;
    }
    const time = isoTime(bars.timeMs[row]!);
    const twin = holder.get(bars.timeMs[row]!);
    if (twin !== undefined) {
      twins.set(row, twin);
      const same = COLUMNS.every((name) => bars[name][twin] === bars[name][row]);
      const message = `duplicate timestamp: ${time} is already on line ${placeOf(twin, 'time').line}.`;
      const hint = 'Remove one of the two rows; if they differ, find out which is right.';
      note(row, { kind: same ? 'duplicate_exact' : 'duplicate_conflict', column: 'time', message }, hint);
      continue;
    }
    holder.set(bars.timeMs[row]!, row);
    const isLate = previous >= 0 && bars.timeMs[previous]! > bars.timeMs[row]!;
    const other = isLate ? previous : (sound.find((r) => r > row) ?? row);
    const where = `${isLate ? 'after' : 'before'} ${isoTime(bars.timeMs[other]!)} on line ${placeOf(other, 'time').line}`;
    const isReversed = sound.length <= good.length / 2;
    note(
      row,
      { kind: 'out_of_order', column: 'time', message: `out of order: ${time} comes ${where}.` },
      `Sort the file by time, oldest bar first${isReversed ? ' (is the newest bar first?)' : ''}.`,
    );
  }
}
