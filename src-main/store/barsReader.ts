import { FrontierError } from '../../src-shared/errors.ts';
import { allocateBars, type BarColumns } from '../../src-shared/market/bars.ts';
import { type BarDuckdb, type BarFile, type MonthCount, RowCountError } from './barsDuckdb.ts';
import { corrupt, type DatasetState, fileDigest, type YearFile, yearPath } from './barsFiles.ts';
import { hashBars } from './barsHash.ts';
import type { MarkedBars } from './barsMerge.ts';
import type { TimeRange } from './barsTypes.ts';

const COLUMNS = ['timeMs', 'open', 'high', 'low', 'close', 'volume'] as const;

/** Reads versions of histories and checks that they are what was saved. */
export class BarReader {
  readonly #duckdb: BarDuckdb;
  /** Files that were found whole since this process began: a window does not pay for a year again. */
  readonly #checked = new Set<string>();

  constructor(duckdb: BarDuckdb) {
    this.#duckdb = duckdb;
  }

  /**
   * Every bar, compared with what was saved: file by file, or the bars with their hash where the first release wrote
   * the files. @throws FrontierError CORRUPT
   */
  async whole(folder: string, state: DatasetState, withMarks: boolean): Promise<MarkedBars> {
    const files = state.years.map((year) => fileOf(folder, state, year));
    const checking = this.#guarded(folder, () => Promise.all(files.map((file) => this.#check(file))));
    const reading = this.#guarded(folder, () =>
      this.#duckdb.readWhole(files, withMarks && hasMarks(state.years)),
    );
    const [, read] = await Promise.all([checking, reading]);
    const isChecked = files.every(({ sha256 }) => sha256 !== undefined);
    if (isChecked || hashBars(read.bars) === state.dataHash) return read;
    throw corrupt(
      `The stored bars of ${state.symbol} ${state.timeframe} ${state.priceSide} are not the ones saved.`,
    );
  }

  /** Bars of a range. @throws FrontierError CORRUPT */
  async range(
    folder: string,
    state: DatasetState,
    range: TimeRange,
    withMarks: boolean,
  ): Promise<MarkedBars> {
    const fromMs = Math.max(range.fromMs ?? state.fromMs, state.fromMs);
    const toMs = Math.min(range.toMs ?? state.toMs + 1, state.toMs + 1);
    if (fromMs === state.fromMs && toMs === state.toMs + 1) return this.whole(folder, state, withMarks);
    const years = state.years.filter((y) => y.toMs >= fromMs && y.fromMs < toMs);
    const marks = withMarks && hasMarks(years);
    const parts = await this.#guarded(folder, () =>
      Promise.all(
        years.map(async (year) => {
          const file = fileOf(folder, state, year);
          if (!this.#checked.has(file.path)) await this.#check(file);
          const isWhole = year.fromMs >= fromMs && year.toMs < toMs;
          return isWhole
            ? this.#duckdb.readWhole([file], marks)
            : this.#duckdb.readRange(file, fromMs, toMs, marks);
        }),
      ),
    );
    return joined(parts, marks);
  }

  /** Bars by calendar month. @throws FrontierError CORRUPT */
  async months(folder: string, state: DatasetState): Promise<MonthCount[]> {
    const files = state.years.map((year) => fileOf(folder, state, year));
    return this.#guarded(folder, async () => {
      await Promise.all(
        files.filter(({ path }) => !this.#checked.has(path)).map((file) => this.#check(file)),
      );
      return this.#duckdb.months(files);
    });
  }

  async #check({ path, sha256 }: CheckedFile): Promise<void> {
    if (sha256 === undefined) return;
    if ((await fileDigest(path)) !== sha256) throw corrupt(`${path} is not the file that was saved.`);
    if (this.#checked.size > 10_000) this.#checked.clear();
    this.#checked.add(path);
  }

  async #guarded<T>(folder: string, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (cause) {
      if (cause instanceof FrontierError) throw cause;
      if (cause instanceof RowCountError) throw corrupt(`${cause.message} that were saved.`, cause);
      throw corrupt(`The bar files in ${folder} cannot be read.`, cause);
    }
  }
}

interface CheckedFile extends BarFile {
  readonly sha256: string | undefined;
}

function fileOf(folder: string, state: DatasetState, year: YearFile): CheckedFile {
  return {
    path: yearPath(folder, state, year.year),
    bars: year.bars,
    hasMarks: (year.marked ?? 0) > 0,
    sha256: year.sha256,
  };
}

const hasMarks = (years: readonly YearFile[]): boolean => years.some(({ marked }) => (marked ?? 0) > 0);

function joined(parts: readonly MarkedBars[], withMarks: boolean): MarkedBars {
  const only = parts.length === 1 ? parts[0] : undefined;
  if (only) return only;
  const rows = parts.reduce((sum, { bars }) => sum + bars.timeMs.length, 0);
  const bars: BarColumns = allocateBars(rows);
  const marks = withMarks ? new Uint8Array(rows) : undefined;
  let at = 0;
  for (const part of parts) {
    for (const name of COLUMNS) bars[name].set(part.bars[name], at);
    if (marks && part.marks) marks.set(part.marks, at);
    at += part.bars.timeMs.length;
  }
  return { bars, marks };
}
