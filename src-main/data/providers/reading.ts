/** Reads untrusted JSON into bars. Every reader throws `Malformed`, which the adapter turns into its own error. */
import { allocateBars, type Bar, type BarColumns } from '../../../src-shared/market/bars.ts';

/** The body is not what the provider documents. */
export class Malformed extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'Malformed';
  }
}

/** An object, not an array. */
export function readObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new Malformed(`${what} is not an object`);
}

export function readArray(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new Malformed(`${what} is not a list`);
}

export function readString(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new Malformed(`${what} is not text`);
}

const DECIMAL = /^-?\d{1,15}(\.\d{1,15})?([eE][+-]?\d{1,2})?$/;

/** A finite number, given as such or as decimal text. */
export function readDecimal(value: unknown, what: string): number {
  const number = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw new Malformed(`${what} is not a number`);
}

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Epoch milliseconds of an RFC 3339 time with up to nine decimals.
 * Bars open on whole milliseconds; a time that does not is malformed.
 */
export function readInstant(value: unknown, what: string): number {
  const match = typeof value === 'string' ? RFC3339.exec(value) : null;
  if (match) {
    const fraction = (match[3] ?? '').padEnd(9, '0');
    const timeMs = Date.parse(`${match[1]}T${match[2]}${match[4]}`);
    const exists = !Number.isNaN(timeMs) && isoDayExists(match[1]!);
    if (exists && fraction.endsWith('000000')) return timeMs + Number(fraction.slice(0, 3));
  }
  throw new Malformed(`${what} is not a time with a zone`);
}

/** `Date.parse` turns 30 February into 1 March. */
function isoDayExists(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

const UTC_STAMP = /^(\d{4}-\d{2}-\d{2})(?: (\d{2}:\d{2}:\d{2}))?$/;

/** Epoch milliseconds of `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`, in UTC. */
export function readUtcStamp(value: string, what: string): number {
  const match = UTC_STAMP.exec(value);
  const timeMs = match ? Date.parse(`${match[1]}T${match[2] ?? '00:00:00'}Z`) : Number.NaN;
  if (match && !Number.isNaN(timeMs) && isoDayExists(match[1]!)) return timeMs;
  throw new Malformed(`${what} is not a date`);
}

/** Columns from rows. */
export function columnsOf(rows: readonly Bar[]): BarColumns {
  const bars = allocateBars(rows.length);
  rows.forEach((row, i) => {
    bars.timeMs[i] = row.timeMs;
    bars.open[i] = row.open;
    bars.high[i] = row.high;
    bars.low[i] = row.low;
    bars.close[i] = row.close;
    bars.volume[i] = row.volume;
  });
  return bars;
}
