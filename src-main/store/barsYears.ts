import { dirname } from 'node:path';
import { type BarColumns, lowerBound, sliceBars } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import type { BarDuckdb } from './barsDuckdb.ts';
import {
  type DatasetManifest,
  fileDigest,
  type SourceSpan,
  syncPath,
  type YearFile,
  yearPath,
} from './barsFiles.ts';
import type { MarkedBars } from './barsMerge.ts';
import type { DatasetKey } from './barsTypes.ts';
import { linkOrCopy } from './barsVersions.ts';

/** What becomes of a calendar year (UTC) of a history: bars [from, to) are written, or the old file stays. */
export interface YearPlan {
  readonly year: number;
  readonly from: number;
  readonly to: number;
  readonly same?: { readonly file: YearFile; readonly folder: string } | undefined;
}

/** The years of a history. Files of years that did not change are taken over from the version before. */
export function yearPlans(
  bars: BarColumns,
  keep?: { readonly state: DatasetManifest; readonly unchanged: readonly YearFile[] },
): YearPlan[] {
  const plans: YearPlan[] = [];
  for (let from = 0; from < bars.timeMs.length; ) {
    const year = new Date(bars.timeMs[from]!).getUTCFullYear();
    const to = lowerBound(bars.timeMs, Date.UTC(year + 1, 0, 1));
    const file = keep?.unchanged.find((f) => f.year === year);
    plans.push({ year, from, to, same: keep && file && { file, folder: keep.state.folder } });
    from = to;
  }
  return plans;
}

function markedIn(marks: Uint8Array | undefined): number {
  let marked = 0;
  for (const mark of marks ?? []) if (mark !== 0) marked++;
  return marked;
}

/** Writes the files of a version. `folder` is where the version before lies. */
export async function writeYears(
  duckdb: BarDuckdb,
  folder: string,
  temporary: string,
  { bars, marks }: MarkedBars,
  plans: readonly YearPlan[],
): Promise<YearFile[]> {
  const files: YearFile[] = [];
  for (const { year, from, to, same } of plans) {
    const path = yearPath(temporary, { folder: '' }, year);
    if (same) {
      await linkOrCopy(yearPath(folder, same, year), path);
      await syncPath(dirname(path));
      files.push(same.file);
      continue;
    }
    const part = { bars: sliceBars(bars, from, to), marks: marks?.subarray(from, to) };
    await duckdb.write(path, part);
    await syncPath(path);
    await syncPath(dirname(path));
    files.push({
      year,
      bars: to - from,
      fromMs: bars.timeMs[from]!,
      toMs: bars.timeMs[to - 1]!,
      marked: markedIn(part.marks),
      sha256: await fileDigest(path),
    });
  }
  return files;
}

/** What a version holds. */
export function manifestOf(
  key: DatasetKey,
  bars: BarColumns,
  dataHash: string,
  years: readonly YearFile[],
  spans: readonly SourceSpan[],
): Omit<DatasetManifest, 'folder'> {
  return {
    version: 2,
    symbol: instrumentFor(key.symbol).symbol,
    timeframe: key.timeframe,
    priceSide: key.priceSide,
    dataHash,
    bars: bars.timeMs.length,
    fromMs: bars.timeMs[0]!,
    toMs: bars.timeMs.at(-1)!,
    years,
    spans,
  };
}
