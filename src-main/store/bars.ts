import { join } from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import { type BarColumns, type PriceSide, sliceBars } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { TIMEFRAMES, type Timeframe } from '../../src-shared/market/timeframes.ts';
import { adoptReleased, hasReleasedLayout, setDamagedAside } from './barsAdopt.ts';
import { checkBars, checkMarks } from './barsCheck.ts';
import { BarDuckdb, type MonthCount } from './barsDuckdb.ts';
import {
  type DatasetState,
  datasetFolder,
  entriesOf,
  folderOf,
  lockPath,
  readCurrent,
  readRemoved,
  readVersion,
  SIDES,
  type SourceSpan,
  timeframeFolder,
  versionOf,
  writeVersion,
} from './barsFiles.ts';
import { hashBars } from './barsHash.ts';
import { withFileLock } from './barsLock.ts';
import { type MarkedBars, mergeBars } from './barsMerge.ts';
import { BarReader } from './barsReader.ts';
import { removeExpired } from './barsRemoved.ts';
import { joinSpans } from './barsSpans.ts';
import {
  type DatasetKey,
  type MergedDataset,
  type MergeOptions,
  type SavedDataset,
  type SaveOptions,
  type StoredDataset,
  storedOf,
  type TimeRange,
} from './barsTypes.ts';
import {
  type Before,
  commitVersion,
  putInUse,
  removeVersion,
  restoreVersion,
  stateBefore,
} from './barsVersions.ts';
import { manifestOf, writeYears, type YearPlan, yearPlans } from './barsYears.ts';

export type { SourceSpan } from './barsFiles.ts';

export type {
  DatasetKey,
  MergedDataset,
  MergeOptions,
  SavedDataset,
  SaveOptions,
  StoredDataset,
  TimeRange,
} from './barsTypes.ts';

/**
 * History on disk: Parquet files by symbol, timeframe, side and year (`docs/spec/data.md`). Every change writes a
 * version to a temporary folder, renames it and then replaces one small file, so that a kill at any moment leaves
 * the old history or the new one. Prices come back bit for bit. Any number of processes may read and write.
 */
export class BarStore {
  readonly #folder: string;
  readonly #duckdb = new BarDuckdb();
  readonly #reader = new BarReader(this.#duckdb);
  readonly #nowMs: () => number;

  /**
   * @param folder made on the first save
   * @param nowMs says when a history is removed
   */
  constructor(folder: string, nowMs: () => number = Date.now) {
    this.#folder = folder;
    this.#nowMs = nowMs;
  }

  /**
   * Stores a history in place of the one that was there, which is kept as a version.
   * @throws FrontierError BAD_INPUT for no bars, times that do not strictly increase or are no whole milliseconds,
   *   values that are not finite, marks that do not fit, or a bad symbol; LOCKED when another process does not
   *   finish
   */
  save(key: DatasetKey, bars: BarColumns, options: SaveOptions = {}): Promise<SavedDataset> {
    return this.#changing(key, async (folder) => {
      checkBars(bars);
      checkMarks(options.marks, bars.timeMs.length);
      return this.#commit(key, folder, await stateBefore(folder), {
        whole: { bars, marks: options.marks },
        years: yearPlans(bars),
        spans: options.spans ?? [],
      });
    });
  }

  /**
   * Adds bars to what is stored; without a history it is `save`. Only files of years that change are written. No
   * bars are allowed where there is a history: then the span alone is noted.
   * @throws FrontierError CONFLICT under `refuse` when stored bars have other values; as `save` and `load`
   */
  merge(key: DatasetKey, bars: BarColumns, options: MergeOptions): Promise<MergedDataset> {
    return this.#changing(key, async (folder) => {
      const before = await stateBefore(folder);
      const state = before.isRemoved ? undefined : before.state;
      if (bars.timeMs.length > 0 || !state) checkBars(bars);
      checkMarks(options.marks, bars.timeMs.length);
      const spans = joinSpans([...(state?.spans ?? []), ...(options.span ? [options.span] : [])]);
      const incoming: MarkedBars = { bars, marks: options.marks };
      if (!state) {
        const commit = { whole: incoming, years: yearPlans(bars), spans };
        const saved = await this.#commit(key, folder, before, commit);
        return { ...saved, addedBars: bars.timeMs.length, replacedBars: 0 };
      }
      const merged = mergeBars(await this.#reader.whole(folder, state, true), incoming, options.onConflict);
      const counts = { addedBars: merged.added, replacedBars: merged.replaced };
      if (merged.years.size === 0) {
        const same = { ...state, spans };
        await writeVersion(join(folder, state.folder), same);
        await putInUse(folder, same);
        return { ...storedOf(same), replaced: versionOf(state.folder), ...counts };
      }
      const unchanged = state.years.filter(({ year }) => !merged.years.has(year));
      const commit = { whole: merged, years: yearPlans(merged.bars, { state, unchanged }), spans };
      return { ...(await this.#commit(key, folder, before, commit, options.supersede)), ...counts };
    });
  }

  /**
   * Loads bars in time order; all of them without a range. The number of rows in the files is checked
   * against what was saved, and a whole history against its hash.
   * @param side absent: bid where it is stored, else mid, else ask
   * @throws FrontierError NOT_FOUND without such a history, CORRUPT when the files are not what was saved
   */
  async load(
    symbol: string,
    timeframe: Timeframe,
    range: TimeRange = {},
    side?: PriceSide,
  ): Promise<BarColumns> {
    return (await this.#read(symbol, timeframe, range, side, false)).bars;
  }

  /** As `load`, with the mark of each bar. */
  async loadMarked(
    symbol: string,
    timeframe: Timeframe,
    range: TimeRange = {},
    side?: PriceSide,
  ): Promise<{ bars: BarColumns; marks: Uint8Array }> {
    const { bars, marks } = await this.#read(symbol, timeframe, range, side, true);
    return { bars, marks: marks ?? new Uint8Array(bars.timeMs.length) };
  }

  /** Bars and marked bars by calendar month (UTC), without loading them. @throws as `load` */
  async months(symbol: string, timeframe: Timeframe, side?: PriceSide): Promise<MonthCount[]> {
    const { state, folder } = await this.#known(symbol, timeframe, side);
    return this.#reader.months(folder, state);
  }

  /** The last `count` bars. @throws as `load` */
  loadTail(symbol: string, timeframe: Timeframe, count: number, side?: PriceSide): Promise<BarColumns> {
    return this.loadWindow(symbol, timeframe, Number.POSITIVE_INFINITY, count, side);
  }

  /** The last `count` bars whose open is before `endMs`; reads little more than them. @throws as `load` */
  async loadWindow(
    symbol: string,
    timeframe: Timeframe,
    endMs: number,
    count: number,
    side?: PriceSide,
  ): Promise<BarColumns> {
    const { state } = await this.#known(symbol, timeframe, side);
    const toMs = Math.min(endMs, state.toMs + 1);
    const msPerBar = (state.toMs - state.fromMs) / Math.max(1, state.bars - 1);
    // A guess from the average distance of bars and a long weekend; a history with long gaps takes several.
    for (let spanMs = 1.2 * count * msPerBar + 4 * 86_400_000; ; spanMs *= 4) {
      const fromMs = Math.floor(toMs - spanMs);
      const bars = await this.load(symbol, timeframe, { fromMs, toMs }, state.priceSide);
      const rows = bars.timeMs.length;
      if (rows >= count || fromMs <= state.fromMs) return sliceBars(bars, Math.max(0, rows - count), rows);
    }
  }

  /** What is stored about a history; undefined without it. @throws FrontierError CORRUPT */
  async find(symbol: string, timeframe: Timeframe, side?: PriceSide): Promise<StoredDataset | undefined> {
    const found = await this.#find(symbol, timeframe, side);
    return found && storedOf(found.state);
  }

  /** Every stored history, by symbol, from the shortest timeframe, bid first. @throws FrontierError CORRUPT */
  async list(): Promise<StoredDataset[]> {
    const found: StoredDataset[] = [];
    const symbols = (await entriesOf(this.#folder)).map((entry) => /^symbol=(.+)$/.exec(entry)?.[1]);
    for (const symbol of symbols.filter((s) => s !== undefined).sort()) {
      for (const timeframe of TIMEFRAMES) {
        for (const side of SIDES) {
          const dataset = await this.find(symbol, timeframe, side);
          if (dataset) found.push(dataset);
        }
      }
    }
    return found;
  }

  /** Versions that `restore` can bring back, the one in use (or removed) first. @throws FrontierError CORRUPT */
  async versions(key: DatasetKey): Promise<{ version: string; dataHash: string }[]> {
    const folder = datasetFolder(this.#folder, key.symbol, key.timeframe, key.priceSide);
    const state = (await readCurrent(folder)) ?? (await readRemoved(folder));
    const kept: { version: string; dataHash: string }[] = [];
    for (const name of state ? [state.folder, ...(state.earlier ?? [])] : []) {
      const manifest = await readVersion(folder, name);
      if (manifest) kept.push({ version: versionOf(name), dataHash: manifest.dataHash });
    }
    return kept;
  }

  /**
   * Takes a history away. It can be brought back with `restore` for 30 days, or until 20 others are removed.
   * @returns whether there was one
   */
  async remove(key: DatasetKey): Promise<boolean> {
    const isThere = await this.#find(key.symbol, key.timeframe, key.priceSide).then(
      (found) => found !== undefined,
      (error: unknown) => {
        // What cannot be read can still be removed.
        if (isCorrupt(error)) return true;
        throw error;
      },
    );
    if (!isThere) return false;
    await this.#changing(key, (folder) => removeVersion(folder, this.#nowMs()));
    await removeExpired(this.#folder, this.#nowMs());
    return true;
  }

  /**
   * Puts a kept version in use again, in one step; a removed history comes back.
   * @throws FrontierError NOT_FOUND when the version is no longer kept, BAD_INPUT when it names none
   */
  restore(key: DatasetKey, version: string): Promise<StoredDataset> {
    return this.#changing(key, async (folder) => storedOf(await restoreVersion(folder, folderOf(version))));
  }

  /** Ends the store; loads in progress fail. */
  close(): Promise<void> {
    return this.#duckdb.close();
  }

  /** Work on a history that nobody else changes meanwhile. */
  async #changing<T>(key: DatasetKey, work: (folder: string) => Promise<T>): Promise<T> {
    const folder = datasetFolder(this.#folder, key.symbol, key.timeframe, key.priceSide);
    return withFileLock(lockPath(this.#folder, key.symbol, key.timeframe), async () => {
      const parent = timeframeFolder(this.#folder, key.symbol, key.timeframe);
      await adoptReleased(parent).catch((error: unknown) => {
        if (!isCorrupt(error)) throw error;
        return setDamagedAside(parent);
      });
      return work(folder);
    });
  }

  async #commit(
    key: DatasetKey,
    folder: string,
    before: Before,
    next: { whole: MarkedBars; years: YearPlan[]; spans: readonly SourceSpan[] },
    supersede?: string,
  ): Promise<SavedDataset> {
    const state = await commitVersion(folder, {
      before,
      supersede: supersede === undefined ? undefined : folderOf(supersede),
      write: async (temporary) => {
        const writing = writeYears(this.#duckdb, folder, temporary, next.whole, next.years);
        // The hash is computed while DuckDB writes on its own threads.
        const dataHash = hashBars(next.whole.bars);
        return manifestOf(key, next.whole.bars, dataHash, await writing, next.spans);
      },
    });
    const replaced = before.isRemoved || !before.state ? null : versionOf(before.state.folder);
    return { ...storedOf(state), replaced };
  }

  async #find(
    symbol: string,
    timeframe: Timeframe,
    side: PriceSide | undefined,
  ): Promise<{ state: DatasetState; folder: string } | undefined> {
    const parent = timeframeFolder(this.#folder, symbol, timeframe);
    if (await hasReleasedLayout(parent)) {
      await withFileLock(lockPath(this.#folder, symbol, timeframe), () => adoptReleased(parent));
    }
    for (const priceSide of side === undefined ? SIDES : [side]) {
      const folder = datasetFolder(this.#folder, symbol, timeframe, priceSide);
      const state = await readCurrent(folder);
      if (state) return { state, folder };
    }
    return undefined;
  }

  async #known(symbol: string, timeframe: Timeframe, side: PriceSide | undefined) {
    const found = await this.#find(symbol, timeframe, side);
    if (found) return found;
    const what = `${instrumentFor(symbol).symbol} ${timeframe}${side === undefined ? '' : ` ${side}`}`;
    throw new FrontierError('NOT_FOUND', `There is no ${what} history.`, 'Import a file with it first.');
  }

  async #read(
    symbol: string,
    timeframe: Timeframe,
    range: TimeRange,
    side: PriceSide | undefined,
    withMarks: boolean,
  ): Promise<MarkedBars> {
    for (;;) {
      const { state, folder } = await this.#known(symbol, timeframe, side);
      try {
        return await this.#reader.range(folder, state, range, withMarks);
      } catch (error) {
        // A change elsewhere may have dropped the files since the state was read: then read the new ones.
        const now = await readCurrent(folder);
        if (now?.folder === state.folder) throw error;
      }
    }
  }
}

function isCorrupt(error: unknown): boolean {
  return error instanceof FrontierError && error.code === 'CORRUPT';
}
