import type { BarColumns } from '../../../src-shared/market/bars.ts';
import type { ReadTables } from './chunkSink.ts';
import { LocalClock } from './localClock.ts';
import { isClean } from './rawRows.ts';

const VALUES = ['open', 'high', 'low', 'close', 'volume'] as const;

/**
 * Instants of the rows of one part, turned around. Which of two times with the same reading is meant depends on the
 * order of the rows, so wall-clock times are read once more, oldest first.
 * @returns undefined where the rows are not in order that way either
 */
function turnedTimes(timeMs: Float64Array, clock: LocalClock | undefined): Float64Array | undefined {
  const turned = timeMs.toReversed();
  let last = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < turned.length; i++) {
    const t = turned[i]!;
    const instant = clock ? clock.toUtc(t + clock.zone.offsetMsAt(t), last) : t;
    if (!(instant > last)) return undefined;
    turned[i] = instant;
    last = instant;
  }
  return turned;
}

/**
 * DATA-19: a table whose every row is older than the one before is in order, read from its end; of an archive each
 * part has to be. The rows keep their lines. Anything less than strict order stays as it is, to be refused.
 * @returns undefined where the rows are not that, or where some of them could not be read
 */
export function oldestFirst(read: ReadTables): ReadTables | undefined {
  const { raw, parts } = read;
  const count = raw.bars.timeMs.length;
  if (read.isClean || read.ticks || count < 2 || raw.defects.length > 0 || raw.more.size > 0)
    return undefined;
  const clock = raw.ambiguous > 0 ? new LocalClock(read.zoneName) : undefined;
  const lines = raw.lines ?? Float64Array.from({ length: count }, (_, i) => i + 1);
  const timeMs = new Float64Array(count);
  for (const [k, { fromRow }] of parts.entries()) {
    const toRow = parts[k + 1]?.fromRow ?? count;
    const turned = turnedTimes(raw.bars.timeMs.subarray(fromRow, toRow), clock);
    if (!turned) return undefined;
    timeMs.set(turned, fromRow);
  }
  // What was read is not needed in its old order any more; turned in place, a large history is held once.
  const bars: BarColumns = { ...raw.bars, timeMs };
  for (const [k, { fromRow }] of parts.entries()) {
    const toRow = parts[k + 1]?.fromRow ?? count;
    for (const name of VALUES) bars[name].subarray(fromRow, toRow).reverse();
    lines.subarray(fromRow, toRow).reverse();
  }
  return {
    ...read,
    raw: { ...raw, bars, lines, ambiguous: clock?.ambiguous ?? raw.ambiguous },
    isClean: isClean(bars),
    isTurned: true,
  };
}
