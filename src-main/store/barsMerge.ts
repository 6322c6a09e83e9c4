import { FrontierError } from '../../src-shared/errors.ts';
import { allocateBars, type BarColumns, lowerBound } from '../../src-shared/market/bars.ts';

/** What happens to a bar that is stored already with other values. Equal ones are never a conflict. */
export type OnConflict = 'refuse' | 'keep' | 'replace';

/** Two histories made one. */
export interface MergedBars {
  readonly bars: BarColumns;
  /** A mark for each bar; undefined where none has one. */
  readonly marks: Uint8Array | undefined;
  /** Bars that were not there. */
  readonly added: number;
  /** Bars that were there with other values or another mark, and were replaced. */
  readonly replaced: number;
  /** Calendar years (UTC) in which something changed. */
  readonly years: ReadonlySet<number>;
}

/** Bars with their marks; no marks means none. */
export interface MarkedBars {
  readonly bars: BarColumns;
  readonly marks: Uint8Array | undefined;
}

const VALUES = ['open', 'high', 'low', 'close', 'volume'] as const;
const COLUMNS = ['timeMs', ...VALUES] as const;

const yearOf = (timeMs: number): number => new Date(timeMs).getUTCFullYear();

function equalAt(a: BarColumns, i: number, b: BarColumns, j: number): boolean {
  return VALUES.every((name) => a[name][i] === b[name][j]);
}

function shown(bars: BarColumns, i: number): string {
  return VALUES.map((name) => bars[name][i]).join(' ');
}

/** Counts bars that both hold with different values. */
function conflicts(stored: BarColumns, incoming: BarColumns): { count: number; first: string } {
  let count = 0;
  let first = '';
  for (let j = 0, i = 0; j < incoming.timeMs.length; j++) {
    const timeMs = incoming.timeMs[j]!;
    while (i < stored.timeMs.length && stored.timeMs[i]! < timeMs) i++;
    if (stored.timeMs[i] !== timeMs || equalAt(stored, i, incoming, j)) continue;
    if (count++ === 0) {
      const at = new Date(timeMs).toISOString();
      first = `at ${at} the stored bar is ${shown(stored, i)} and the new one ${shown(incoming, j)}`;
    }
  }
  return { count, first };
}

function refuseConflicts(stored: BarColumns, incoming: BarColumns): void {
  const { count, first } = conflicts(stored, incoming);
  if (count === 0) return;
  throw new FrontierError(
    'CONFLICT',
    `${count} bars are stored with other values (open high low close volume): ${first}.`,
    'Say which are right: replace the stored history, or keep the stored bars.',
  );
}

/** Columns that are filled from stretches of others. */
class Joiner {
  readonly bars: BarColumns;
  readonly marks: Uint8Array;
  count = 0;

  constructor(capacity: number) {
    this.bars = allocateBars(capacity);
    this.marks = new Uint8Array(capacity);
  }

  take({ bars, marks }: MarkedBars, from: number, to: number): void {
    if (from >= to) return;
    for (const name of COLUMNS) this.bars[name].set(bars[name].subarray(from, to), this.count);
    if (marks) this.marks.set(marks.subarray(from, to), this.count);
    this.count += to - from;
  }

  finish(): MarkedBars {
    const bars = allocateBars(this.count);
    for (const name of COLUMNS) bars[name].set(this.bars[name].subarray(0, this.count));
    const marks = this.marks.slice(0, this.count);
    return { bars, marks: marks.some((m) => m !== 0) ? marks : undefined };
  }
}

/** First index from `from` on whose time is not before `timeMs`. */
function indexFrom(timesMs: Float64Array, from: number, timeMs: number): number {
  return from + lowerBound(timesMs.subarray(from), timeMs);
}

function addYears(years: Set<number>, fromMs: number, toMs: number): void {
  for (let year = yearOf(fromMs); year <= yearOf(toMs); year++) years.add(year);
}

/**
 * Puts bars into a history. Both in strictly increasing order of time.
 * @throws FrontierError CONFLICT under `refuse` when bars at the same time differ
 */
export function mergeBars(stored: MarkedBars, incoming: MarkedBars, onConflict: OnConflict): MergedBars {
  if (onConflict === 'refuse') refuseConflicts(stored.bars, incoming.bars);
  const here = stored.bars.timeMs;
  const there = incoming.bars.timeMs;
  const joined = new Joiner(here.length + there.length);
  const years = new Set<number>();
  let added = 0;
  let replaced = 0;
  let i = 0;
  for (let j = 0; j < there.length; ) {
    const at = indexFrom(here, i, there[j]!);
    joined.take(stored, i, at);
    i = at;
    const end = i === here.length ? there.length : indexFrom(there, j, here[i]!);
    if (end > j) {
      // Years without a bar between two new ones have no file, so that naming them costs nothing.
      addYears(years, there[j]!, there[end - 1]!);
      joined.take(incoming, j, end);
      added += end - j;
      j = end;
    }
    for (; i < here.length && j < there.length && here[i] === there[j]; i++, j++) {
      const differs = onConflict === 'replace' && !sameMarked(stored, i, incoming, j);
      joined.take(differs ? incoming : stored, differs ? j : i, (differs ? j : i) + 1);
      if (!differs) continue;
      replaced++;
      years.add(yearOf(there[j]!));
    }
  }
  joined.take(stored, i, here.length);
  return { ...joined.finish(), added, replaced, years };
}

function sameMarked(a: MarkedBars, i: number, b: MarkedBars, j: number): boolean {
  return equalAt(a.bars, i, b.bars, j) && (a.marks?.[i] ?? 0) === (b.marks?.[j] ?? 0);
}
