import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import { type BarColumns, lowerBound, type PriceSide, sliceBars } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { TIMEFRAMES, type Timeframe } from '../../src-shared/market/timeframes.ts';
import { BarDuckdb } from './barsDuckdb.ts';
import {
  corrupt,
  type DatasetManifest,
  datasetFolder,
  readManifest,
  removeUnused,
  syncPath,
  temporaryFolder,
  writeManifest,
  type YearFile,
  yearPath,
} from './barsFiles.ts';
import { hashBars } from './barsHash.ts';

/** Names a dataset; there is one per symbol and timeframe. */
export interface DatasetKey {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly priceSide: PriceSide;
}

/** A stored dataset. */
export interface StoredDataset extends DatasetKey {
  /** SHA-256 of the bars, see `hashBars`. */
  readonly dataHash: string;
  readonly bars: number;
  /** Open of the first and of the last bar, epoch milliseconds UTC. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Bars whose open is at or after `fromMs` and before `toMs`, epoch milliseconds UTC. */
export interface TimeRange {
  readonly fromMs?: number;
  readonly toMs?: number;
}

/**
 * History on disk: Parquet files by symbol, timeframe and year (`docs/spec/data.md`). A save writes to a
 * temporary folder, renames it and then replaces one small manifest, so that a kill at any moment leaves the
 * old dataset or the new one. Prices come back bit for bit.
 */
export class BarStore {
  readonly #folder: string;
  readonly #duckdb = new BarDuckdb();

  /** @param folder made on the first save */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Stores a history in place of the one that was there.
   * @throws FrontierError BAD_INPUT for no bars, times that do not strictly increase or are no whole
   *   milliseconds, values that are not finite, or a bad symbol
   */
  async save(dataset: DatasetKey, bars: BarColumns): Promise<StoredDataset> {
    checkBars(bars);
    const folder = datasetFolder(this.#folder, dataset.symbol, dataset.timeframe);
    const { temporary, name } = await temporaryFolder(folder);
    const years = splitYears(bars);
    try {
      for (const { year, from, to } of years) {
        const path = yearPath(temporary, { folder: '' }, year);
        await this.#duckdb.write(path, sliceBars(bars, from, to));
        await syncPath(path);
      }
      await rename(temporary, join(folder, name));
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      throw error;
    }
    const manifest = manifestOf(dataset, name, bars, years);
    const replaced = await readManifest(folder).catch(ignoreCorrupt);
    await writeManifest(folder, manifest);
    await removeUnused(folder, name, replaced?.folder);
    return storedOf(manifest);
  }

  /**
   * Loads bars in time order; all of them without a range. The number of rows in the files is checked
   * against what was saved, and a whole dataset against its hash.
   * @throws FrontierError NOT_FOUND without such a dataset, CORRUPT when the files are not what was saved
   */
  async load(symbol: string, timeframe: Timeframe, range: TimeRange = {}): Promise<BarColumns> {
    const folder = datasetFolder(this.#folder, symbol, timeframe);
    for (;;) {
      const manifest = await this.#manifest(folder, symbol, timeframe);
      try {
        return await this.#loadYears(folder, manifest, range);
      } catch (error) {
        // A save elsewhere may have replaced the files since the manifest was read: then read the new ones.
        const now = await readManifest(folder);
        if (now === undefined || now.folder === manifest.folder) throw error;
      }
    }
  }

  /** The last `count` bars. @throws as `load` */
  loadTail(symbol: string, timeframe: Timeframe, count: number): Promise<BarColumns> {
    return this.loadWindow(symbol, timeframe, Number.POSITIVE_INFINITY, count);
  }

  /** The last `count` bars whose open is before `endMs`. @throws as `load` */
  async loadWindow(symbol: string, timeframe: Timeframe, endMs: number, count: number): Promise<BarColumns> {
    const folder = datasetFolder(this.#folder, symbol, timeframe);
    const manifest = await this.#manifest(folder, symbol, timeframe);
    let enough = 0;
    let fromMs = manifest.fromMs;
    for (const file of manifest.years.toReversed()) {
      if (file.fromMs >= endMs) continue;
      fromMs = file.fromMs;
      // A year that ends after endMs contributes an unknown part, so it is read but not counted.
      if (file.toMs < endMs) enough += file.bars;
      if (enough >= count) break;
    }
    const bars = await this.load(symbol, timeframe, { fromMs, toMs: endMs });
    return sliceBars(bars, Math.max(0, bars.timeMs.length - count), bars.timeMs.length);
  }

  /** What is stored about one dataset; undefined without it. @throws FrontierError CORRUPT */
  async find(symbol: string, timeframe: Timeframe): Promise<StoredDataset | undefined> {
    const manifest = await readManifest(datasetFolder(this.#folder, symbol, timeframe));
    return manifest && storedOf(manifest);
  }

  /** Every stored dataset, by symbol, then from the shortest timeframe. @throws FrontierError CORRUPT */
  async list(): Promise<StoredDataset[]> {
    const found: StoredDataset[] = [];
    for (const entry of await entriesOf(this.#folder)) {
      const symbol = /^symbol=(.+)$/.exec(entry)?.[1];
      if (symbol === undefined) continue;
      for (const timeframe of TIMEFRAMES) {
        const dataset = await this.find(symbol, timeframe);
        if (dataset) found.push(dataset);
      }
    }
    return found.sort((a, b) => (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : 0));
  }

  /** @returns whether there was such a dataset */
  async remove(symbol: string, timeframe: Timeframe): Promise<boolean> {
    const folder = datasetFolder(this.#folder, symbol, timeframe);
    const existed = (await entriesOf(folder)).length > 0;
    // The manifest goes first: a kill in between leaves files that no one lists.
    await rm(join(folder, 'dataset.json'), { force: true });
    await rm(folder, { recursive: true, force: true });
    return existed;
  }

  /** Ends the store; loads in progress fail. */
  close(): Promise<void> {
    return this.#duckdb.close();
  }

  async #manifest(folder: string, symbol: string, timeframe: Timeframe): Promise<DatasetManifest> {
    const manifest = await readManifest(folder);
    if (manifest) return manifest;
    throw new FrontierError(
      'NOT_FOUND',
      `There is no ${timeframe} history of ${instrumentFor(symbol).symbol}.`,
      'Import a file with it first.',
    );
  }

  async #loadYears(folder: string, manifest: DatasetManifest, range: TimeRange): Promise<BarColumns> {
    const fromMs = range.fromMs ?? Number.NEGATIVE_INFINITY;
    const toMs = range.toMs ?? Number.POSITIVE_INFINITY;
    const years = manifest.years.filter((y) => y.toMs >= fromMs && y.fromMs < toMs);
    const paths = years.map((y) => yearPath(folder, manifest, y.year));
    const bars = await this.#read(folder, paths, years, fromMs, toMs);
    const whole = fromMs <= manifest.fromMs && toMs > manifest.toMs;
    if (whole && hashBars(bars) !== manifest.dataHash) {
      throw corrupt(`The stored bars of ${manifest.symbol} ${manifest.timeframe} are not the ones saved.`);
    }
    return bars;
  }

  async #read(
    folder: string,
    paths: string[],
    years: readonly YearFile[],
    fromMs: number,
    toMs: number,
  ): Promise<BarColumns> {
    if (paths.length === 0) return this.#duckdb.read([], 0, 0);
    let counts: number[];
    let bars: BarColumns;
    try {
      counts = await this.#duckdb.rowCounts(paths);
      bars = await this.#duckdb.read(paths, fromMs, toMs);
    } catch (cause) {
      throw corrupt(`The bar files in ${folder} cannot be read.`, cause);
    }
    years.forEach((y, i) => {
      if (counts[i] === y.bars) return;
      throw corrupt(`${paths[i]} holds ${counts[i]} bars, not the ${y.bars} that were saved.`);
    });
    return sliceBars(bars, 0, lowerBound(bars.timeMs, toMs));
  }
}

interface YearSlice {
  readonly year: number;
  readonly from: number;
  readonly to: number;
}

function splitYears(bars: BarColumns): YearSlice[] {
  const slices: YearSlice[] = [];
  for (let from = 0; from < bars.timeMs.length; ) {
    const year = new Date(bars.timeMs[from]!).getUTCFullYear();
    const to = lowerBound(bars.timeMs, Date.UTC(year + 1, 0, 1));
    slices.push({ year, from, to });
    from = to;
  }
  return slices;
}

function manifestOf(
  dataset: DatasetKey,
  folder: string,
  bars: BarColumns,
  years: readonly YearSlice[],
): DatasetManifest {
  const last = bars.timeMs.length - 1;
  return {
    version: 1,
    symbol: instrumentFor(dataset.symbol).symbol,
    timeframe: dataset.timeframe,
    priceSide: dataset.priceSide,
    folder,
    dataHash: hashBars(bars),
    bars: bars.timeMs.length,
    fromMs: bars.timeMs[0]!,
    toMs: bars.timeMs[last]!,
    years: years.map(({ year, from, to }) => ({
      year,
      bars: to - from,
      fromMs: bars.timeMs[from]!,
      toMs: bars.timeMs[to - 1]!,
    })),
  };
}

function storedOf(manifest: DatasetManifest): StoredDataset {
  const { symbol, timeframe, priceSide, dataHash, bars, fromMs, toMs } = manifest;
  return { symbol, timeframe, priceSide, dataHash, bars, fromMs, toMs };
}

/** A damaged manifest must not keep a new import from replacing it. */
function ignoreCorrupt(error: unknown): undefined {
  if (!(error instanceof FrontierError) || error.code !== 'CORRUPT') throw error;
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function checkBars(bars: BarColumns): void {
  const fail = (message: string) =>
    new FrontierError('BAD_INPUT', message, 'Store only histories that passed the import.');
  const rows = bars.timeMs.length;
  if (rows === 0) throw fail('There are no bars to store.');
  for (const [name, column] of Object.entries(bars) as [string, Float64Array][]) {
    if (column.length !== rows) throw fail(`The ${name} column has ${column.length} values, not ${rows}.`);
    for (let i = 0; i < rows; i++) {
      if (!Number.isFinite(column[i]!)) throw fail(`The ${name} of bar ${i} is ${column[i]}.`);
    }
  }
  for (let i = 0; i < rows; i++) {
    if (!Number.isInteger(bars.timeMs[i]!)) throw fail(`The time of bar ${i} is no whole millisecond.`);
    if (i > 0 && bars.timeMs[i]! <= bars.timeMs[i - 1]!) throw fail(`Bar ${i} is not after the one before.`);
  }
}
