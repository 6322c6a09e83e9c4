import { FrontierError } from '../errors.ts';
import type { MarketCalendar } from './calendars.ts';

/** Which neighbouring bars may share a window. The rules are numbered in `docs/spec/resampling.md`. */
export interface SessionRunOptions {
  /** SIX-2: largest distance between the opens of neighbouring bars, in milliseconds. */
  readonly maxGapMs: number;
  /** SIX-3: no window reaches over a close of this market. Without it, gaps alone decide. */
  readonly calendar?: MarketCalendar | undefined;
  /** SIX-4: rows whose value is not 0 are in no window, for example repaired bars. As long as the times. */
  readonly excluded?: Uint8Array | undefined;
}

export interface SessionIndexOptions extends SessionRunOptions {
  /** Bars in a window. */
  readonly windowBars: number;
}

/** Longest stretches of rows without a break, in order. Run k is the rows [startRow[k], startRow[k] + rowCount[k]). */
export interface SessionRuns {
  readonly startRow: Int32Array;
  readonly rowCount: Int32Array;
}

function badInput(message: string, hint: string): FrontierError {
  return new FrontierError('BAD_INPUT', message, hint);
}

function assertRunOptions(rows: number, { maxGapMs, excluded }: SessionRunOptions): void {
  if (!(maxGapMs > 0))
    throw badInput('The largest gap must be above 0 ms.', 'One bar length admits no gap at all.');
  if (excluded && excluded.length !== rows) {
    throw badInput(
      `${excluded.length} marks of excluded rows for ${rows} bars.`,
      'Pass one mark for every bar, 0 for those that count.',
    );
  }
}

/**
 * Stretches of bars that belong together: no gap above the limit, no market close, no excluded row. One pass;
 * the windows of any length follow from them (`windowStarts`).
 * @param timesMs bar opens, strictly increasing, epoch milliseconds UTC
 * @throws FrontierError BAD_INPUT when times do not increase or an option cannot be meant
 */
export function sessionRuns(timesMs: Float64Array, options: SessionRunOptions): SessionRuns {
  const { maxGapMs, calendar, excluded } = options;
  const count = timesMs.length;
  assertRunOptions(count, options);
  const sessions = calendar && count > 0 ? calendar.sessions(timesMs[0]!, timesMs[count - 1]! + 1) : [];
  const starts: number[] = [];
  const lengths: number[] = [];
  let session = 0;
  let start = -1;
  let limitMs = Number.NEGATIVE_INFINITY; // rows from here on need another look at the calendar
  let previousMs = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < count; row++) {
    const timeMs = timesMs[row]!;
    const distanceMs = timeMs - previousMs;
    const excludes = excluded !== undefined && excluded[row] !== 0;
    if (distanceMs <= maxGapMs && distanceMs > 0 && timeMs < limitMs && !excludes) {
      previousMs = timeMs;
      continue;
    }
    if (!(distanceMs > 0) || !Number.isFinite(timeMs)) throw outOfOrder(row, timeMs, previousMs);
    if (start >= 0) {
      starts.push(start);
      lengths.push(row - start);
    }
    while (session < sessions.length && sessions[session]!.closeMs <= timeMs) session++;
    const current = sessions[session];
    const opens = calendar === undefined || (current !== undefined && current.openMs <= timeMs);
    start = opens && !excludes ? row : -1;
    limitMs = start < 0 ? Number.NEGATIVE_INFINITY : (current?.closeMs ?? Number.POSITIVE_INFINITY);
    previousMs = timeMs;
  }
  if (start >= 0) {
    starts.push(start);
    lengths.push(count - start);
  }
  return { startRow: Int32Array.from(starts), rowCount: Int32Array.from(lengths) };
}

function outOfOrder(row: number, timeMs: number, previousMs: number): FrontierError {
  return badInput(
    `Bar times must increase: row ${row} has ${timeMs} after ${previousMs} (epoch milliseconds).`,
    'Check the quality of the history and repair it first.',
  );
}

function assertWindow(windowBars: number): void {
  if (Number.isSafeInteger(windowBars) && windowBars > 0) return;
  throw badInput(`A window of ${windowBars} bars is not possible.`, 'Use a whole number of bars from 1 up.');
}

/**
 * Number of windows that lie wholly in one run.
 * @throws FrontierError BAD_INPUT when `windowBars` is not a whole number from 1 up
 */
export function windowCount(runs: SessionRuns, windowBars: number): number {
  assertWindow(windowBars);
  return runs.rowCount.reduce((sum, rows) => sum + Math.max(0, rows - windowBars + 1), 0);
}

/**
 * First row of every window that lies wholly in one run, ascending.
 * @throws FrontierError BAD_INPUT when `windowBars` is not a whole number from 1 up
 */
export function windowStarts(runs: SessionRuns, windowBars: number): Int32Array {
  const starts = new Int32Array(windowCount(runs, windowBars));
  let at = 0;
  for (let run = 0; run < runs.startRow.length; run++) {
    const first = runs.startRow[run]!;
    const end = first + runs.rowCount[run]! - windowBars + 1;
    for (let row = first; row < end; row++) starts[at++] = row;
  }
  return starts;
}

/**
 * First row of every window of `windowBars` bars with no gap above the limit, no market close inside and no
 * excluded row: what episodes of reinforcement learning are drawn from.
 * @param timesMs bar opens, strictly increasing, epoch milliseconds UTC
 * @returns ascending rows; the window is [row, row + windowBars)
 * @throws FrontierError BAD_INPUT when times do not increase or an option cannot be meant
 */
export function sessionIndex(timesMs: Float64Array, options: SessionIndexOptions): Int32Array {
  assertWindow(options.windowBars);
  return windowStarts(sessionRuns(timesMs, options), options.windowBars);
}
