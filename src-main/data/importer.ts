import type { RowRepairs } from '../../src-shared/contract/import.ts';
import type { BarColumns, PriceSide } from '../../src-shared/market/bars.ts';
import { type Instrument, instrumentFor } from '../../src-shared/market/instruments.ts';
import { detectTimeframe, type Timeframe, timeframeMs } from '../../src-shared/market/timeframes.ts';
import { importError } from './import/errors.ts';
import {
  describeTable,
  type ImportOptions,
  type ImportProgress,
  notesOf,
  type ReadFile,
  statedZone,
  suggestZone,
  withReadFile,
} from './import/file.ts';
import { applyRepairs, checkRepairs } from './import/repairs.ts';
import { withTradingDates } from './import/tradingDates.ts';

export type { ImportOptions, ImportProgress } from './import/file.ts';
export { inspectFile } from './import/inspect.ts';

/** A row that was left out, moved or preferred to another. */
export interface RepairedRow {
  readonly kind: string;
  readonly line: number;
  /** The row as it stands in the file, where it could not be read. */
  readonly text?: string | undefined;
}

/** A whole, checked history. */
export interface ImportResult {
  instrument: Instrument;
  timeframe: Timeframe;
  priceSide: PriceSide;
  bars: BarColumns;
  /** One of `MARK` per bar; undefined where none is marked. */
  marks: Uint8Array | undefined;
  /** What the file was read as, e.g. `generic CSV, ISO time`. */
  format: string;
  /** Zone the times were read in. */
  zone: string;
  /** What was assumed, left out or repaired, in sentences for the user. */
  notes: string[];
  /** Rows repaired by kind, and the first 10,000 of them. */
  repaired: { counts: Record<string, number>; rows: RepairedRow[] };
  /** Rows of the file: bars, or ticks. */
  rows: number;
}

/** DATA-7: the timeframe stated, or the most frequent distance between bars. */
/** What a choice did, in the words of the notes. */
const REPAIR_DONE: Readonly<Record<RowRepairs[string], string>> = {
  drop: 'left out',
  'keep-first': 'the first was kept',
  'keep-last': 'the last was kept',
  move: 'put in its place and marked',
};

function timeframeOf(bars: BarColumns, stated: Timeframe | undefined): Timeframe {
  const detected = detectTimeframe(bars.timeMs);
  if (stated === undefined) {
    if (detected) return detected;
    throw importError(
      'The distance between bars fits no known timeframe.',
      'Name the timeframe, one of M1, M5, M15, M30, H1, H4 and D1.',
    );
  }
  for (let i = 1; i < bars.timeMs.length; i++) {
    if (bars.timeMs[i]! - bars.timeMs[i - 1]! < timeframeMs(stated)) {
      throw importError(
        `The bars are closer together than ${stated}${detected ? `; they look like ${detected}` : ''}.`,
        'Leave the timeframe out to have it detected, or name the right one.',
      );
    }
  }
  return stated;
}

/** The bars of a file with its repairs done. @throws FrontierError IMPORT_FAILED for a kind without a repair */
function finishBars(file: ReadFile, options: ImportOptions, instrument: Instrument) {
  const { read, examined, counts } = file;
  const repairs = options.repairs ?? {};
  checkRepairs(examined.defects, counts, repairs, read.ticks ? 'ticks' : 'bars');
  if (read.ticks) {
    return { bars: read.ticks.finish(options.timeframe ?? 'M1', instrument), marks: undefined };
  }
  if (read.isClean) return { bars: read.raw.bars, marks: undefined };
  return applyRepairs(read.raw, examined, repairs);
}

function repairedOf({ examined, counts }: ReadFile, options: ImportOptions) {
  const rows = examined.defects.slice(0, 10_000).map(({ kind, line, text }) => ({ kind, line, text }));
  const notes = [...counts].map(
    ([kind, n]) =>
      `${n} ${n === 1 ? 'row' : 'rows'} with ${kind}: ${REPAIR_DONE[options.repairs?.[kind] ?? 'drop']}.`,
  );
  return { repaired: { counts: Object.fromEntries(counts), rows }, notes };
}

function checkRows(bars: BarColumns, rows: number): void {
  const count = bars.timeMs.length;
  if (count >= 2) return;
  const found =
    count === rows ? `${count === 1 ? '1 row' : `${count} rows`}` : `${count} bars in ${rows} rows`;
  throw importError(
    `The file has ${found}; a history needs at least 2.`,
    'Give a file with at least two bars.',
  );
}

/**
 * Reads a file of bars or ticks, whole or not at all. The rules are numbered in `docs/spec/data.md`.
 * @param onProgress called after each stretch read
 * @throws FrontierError IMPORT_FAILED naming line and column; NOT_FOUND, BAD_INPUT for a bad path, symbol, zone or
 *   repair; CANCELLED when `options.signal` fires
 */
export async function importFile(
  path: string,
  options: ImportOptions,
  onProgress?: (progress: ImportProgress) => void,
): Promise<ImportResult> {
  const instrument = instrumentFor(options.symbol);
  return withReadFile(path, options, onProgress, (file) => {
    const { read, tables, opened } = file;
    if (tables.mustChoose) {
      throw importError(
        `The archive holds ${opened.entries.length} files that do not belong together.`,
        `Name the one to import: ${opened.entries
          .map((e) => e.name)
          .slice(0, 20)
          .join(', ')}.`,
      );
    }
    const { bars, marks } = finishBars(file, options, instrument);
    checkRows(bars, read.rows);
    const timeframe = read.ticks ? (options.timeframe ?? 'M1') : timeframeOf(bars, options.timeframe);
    const table = tables.tables[0]!;
    const { repaired, notes } = repairedOf(file, options);
    const suggested = suggestZone(file, options.zone, instrument);
    return {
      instrument,
      timeframe,
      priceSide: file.priceSide.side,
      bars: withTradingDates(bars, timeframe, instrument),
      marks,
      format: describeTable(table).format,
      zone: statedZone(read) ?? read.zoneName,
      notes: [...notesOf(file, options, suggested), ...notes],
      repaired,
      rows: read.rows,
    };
  });
}
