import { lowerBound } from './bars.ts';
import { BucketGrid } from './bucketGrid.ts';
import { MARK } from './marks.ts';
import type { ResampleOptions } from './resample.ts';

/** How far from what a source delivered each mark is, the furthest last: a bar made of several has the last of theirs. */
const STRENGTH: readonly number[] = [MARK.none, MARK.refetched, MARK.moved, MARK.clipped, MARK.filled];

/**
 * Marks of resampled bars: each has the strongest of the bars that it was made from. Filled is stronger than clipped,
 * then moved, then refetched.
 * @param timesMs opens of the bars that were resampled, @param marks one for each
 * @param madeMs times of the bars that were made of them
 * @throws FrontierError as `BucketGrid`
 */
export function carryMarks(
  timesMs: Float64Array,
  marks: Uint8Array,
  madeMs: Float64Array,
  { source, target, calendar }: ResampleOptions,
): Uint8Array {
  const carried = new Uint8Array(madeMs.length);
  const grid = new BucketGrid(target, calendar.name, source);
  for (let i = 0; i < timesMs.length; i++) {
    const mark = marks[i]!;
    if (mark === MARK.none) continue;
    grid.seek(timesMs[i]!);
    const at = lowerBound(madeMs, grid.stampMs);
    if (STRENGTH.indexOf(mark) > STRENGTH.indexOf(carried[at]!)) carried[at] = mark;
  }
  return carried;
}
