import type { ColumnRole } from '../../../src-shared/contract/import.ts';
import type { Roles } from './layout.ts';
import { detectTimeFormat, type ParsedTime } from './times.ts';

/** A time of day on its own. */
export const CLOCK = /^\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/;

/** A date as YYYYMMDD and a time of day as HHMMSS beside it, as MetaStock files have them. */
export function isPackedClock(date: string, clock: string): boolean {
  return /^\d{8}$/.test(date) && /^\d{6}$/.test(clock) && detectTimeFormat(`${date} ${clock}`) !== undefined;
}

export function isNumber(cell: string): boolean {
  return /^[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?$/.test(cell.trim());
}

const numberOf = (cell: string | undefined): number =>
  cell === undefined || !isNumber(cell) ? Number.NaN : Number(cell.replace(',', '.'));

/** Share of the rows looked at that must fit: a dirty row must not hide what the others say. */
const ENOUGH = 0.75;
/** The same where the order of the columns is guessed. */
const CLEAR = 0.95;
/** Four prices of one bar lie within this share of each other, a volume beside them hardly ever does. */
const SAME_SCALE = 0.5;

/** Whether four columns are open, high, low and close in nearly all rows. */
function areBars(rows: readonly (readonly number[])[], at: readonly number[], enough: number): boolean {
  const fits = rows.filter((row) => {
    const [open, high, low, close] = at.map((i) => row[i]!) as [number, number, number, number];
    return (
      low > 0 &&
      low >= high * (1 - SAME_SCALE) &&
      low <= Math.min(open, close) &&
      high >= Math.max(open, close)
    );
  });
  return fits.length >= enough * rows.length;
}

/** Mean distance from a close to the next open: near zero for the right columns. */
function meanGap(rows: readonly (readonly number[])[], open: number, close: number): number {
  let sum = 0;
  for (let i = 1; i < rows.length; i++) sum += Math.abs(rows[i]![open]! - rows[i - 1]![close]!);
  return sum / Math.max(1, rows.length - 1);
}

const LEAST_ROWS_TO_GUESS = 8;
/** The wrong order of open and close leaves gaps this many times larger. */
const CLEARLY = 2;

/** Every way to see bars in columns whose order is unknown. */
function orders(rows: readonly (readonly number[])[], count: number): number[][] {
  const found: number[][] = [];
  const all = Array.from({ length: count }, (_, i) => i);
  for (const high of all)
    for (const low of all)
      for (const open of all)
        for (const close of all) {
          if (new Set([open, high, low, close]).size === 4 && areBars(rows, [open, high, low, close], CLEAR))
            found.push([open, high, low, close]);
        }
  return found;
}

/**
 * The order of prices where it is not the usual one: only one column can be the high and one the low, and opens
 * continue closes clearly better than the other way round.
 */
function guessOrder(rows: readonly (readonly number[])[], count: number): number[] | undefined {
  if (rows.length < LEAST_ROWS_TO_GUESS || count > 8) return undefined;
  const ways = orders(rows, count);
  if (ways.length !== 2) return undefined;
  const [a, b] = ways as [number[], number[]];
  const [gapA, gapB] = [meanGap(rows, a[0]!, a[3]!), meanGap(rows, b[0]!, b[3]!)];
  if (gapA * CLEARLY < gapB) return a;
  return gapB * CLEARLY < gapA ? b : undefined;
}

/** Two columns that are bid and ask: close to each other, the ask seldom below. */
function areQuotes(rows: readonly (readonly number[])[]): boolean {
  const fits = rows.filter(([bid, ask]) => bid! > 0 && ask! >= bid! && ask! <= bid! * 1.05);
  return fits.length >= ENOUGH * rows.length;
}

interface Front {
  readonly roles: ColumnRole[];
  readonly names: string[];
  readonly timeName: string;
}

/** The columns of the time, which stands in front. */
function frontOf(first: readonly string[]): Front | undefined {
  const apart = CLOCK.test(first[1] ?? '');
  const timeFormat = detectTimeFormat(apart ? `${first[0]} ${first[1]}` : (first[0] ?? ''));
  if (!timeFormat) return undefined;
  return apart
    ? { roles: ['date', 'clock'], names: ['date', 'time'], timeName: timeFormat.name }
    : { roles: ['time'], names: ['time'], timeName: timeFormat.name };
}

function kindOf(front: Front, content: string): string {
  if (content === 'ticks') return 'ticks without header';
  if (front.roles.length === 2) return 'MetaTrader without header';
  return front.timeName === 'YYYYMMDD HHMMSS'
    ? 'histdata / NinjaTrader without header'
    : 'CSV without header';
}

function build(
  front: Front,
  count: number,
  at: Readonly<Record<number, ColumnRole>>,
  content: string,
): Roles {
  const rest = Array.from({ length: count }, (_, i): ColumnRole => at[i] ?? 'ignore');
  const roles = [...front.roles, ...rest];
  const names = rest.map((role, i) => (role === 'ignore' ? `column ${front.roles.length + i + 1}` : role));
  return { kind: kindOf(front, content), roles, columns: [...front.names, ...names] };
}

/** Whether the last of some rows is older than the first. */
function isNewestFirst(rows: readonly (readonly string[])[], timeCells: number): boolean {
  const timeOf = (row: readonly string[] | undefined): number => {
    const text = row?.slice(0, timeCells).join(' ') ?? '';
    const out: ParsedTime = { localMs: Number.NaN, offsetMinutes: undefined };
    return detectTimeFormat(text)?.parse(text, out) ? out.localMs : Number.NaN;
  };
  return timeOf(rows.at(-1)) < timeOf(rows[0]);
}

/**
 * Roles of a table without a header, which starts with a time and goes on with numbers; undefined for any other.
 * @param table cells of the first rows
 */
export function bareRoles(table: readonly (readonly string[])[]): Roles | undefined {
  const first = table[0] ?? [];
  const front = frontOf(first);
  if (!front) return undefined;
  const skip = front.roles.length;
  const numbers = first.slice(skip);
  const count = numbers.length;
  if (count < 2 || !numbers.slice(0, Math.min(count, 4)).every(isNumber)) return undefined;
  const same = table.filter((row) => row.length === first.length);
  const rows = same.map((row) => row.slice(skip).map(numberOf));
  const volume: Record<number, ColumnRole> =
    numbers[4] !== undefined && isNumber(numbers[4]) ? { 4: 'volume' } : {};
  const usual = { 0: 'open', 1: 'high', 2: 'low', 3: 'close', ...volume } as const;
  if (count >= 4 && areBars(rows, [0, 1, 2, 3], ENOUGH)) return build(front, count, usual, 'bars');
  if (areQuotes(rows)) return build(front, count, { 0: 'bid', 1: 'ask' }, 'ticks');
  // Opens continue closes in the order of time, which need not be that of the file.
  const order = guessOrder(isNewestFirst(same, skip) ? rows.toReversed() : rows, count);
  if (order) {
    const at: Record<number, ColumnRole> = {};
    (['open', 'high', 'low', 'close'] as const).forEach((role, i) => {
      at[order[i]!] = role;
    });
    const left = Array.from({ length: count }, (_, i) => i).filter((i) => at[i] === undefined);
    if (left.length === 1 && rows.every((row) => row[left[0]!]! >= 0)) at[left[0]!] = 'volume';
    return build(front, count, at, 'bars');
  }
  // Too few rows to tell: the usual order is tried, and its rows are refused one by one where it is not.
  return (count === 4 || count === 5) && numbers.every(isNumber)
    ? build(front, count, usual, 'bars')
    : undefined;
}
