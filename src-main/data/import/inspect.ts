import { basename } from 'node:path';
import type { QualityIssueDto } from '../../../src-shared/contract/history.ts';
import type { Inspection } from '../../../src-shared/contract/import.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { type Instrument, instrumentFor } from '../../../src-shared/market/instruments.ts';
import { detectTimeframe, type Timeframe } from '../../../src-shared/market/timeframes.ts';
import { checkQuality, MOST_ISSUES, type QualityReport, qualityScore } from '../quality.ts';
import {
  describeTable,
  type ImportOptions,
  type ImportProgress,
  notesOf,
  type ReadFile,
  statedZone,
  suggestZone,
  withReadFile,
} from './file.ts';
import { choicesOf } from './repairs.ts';
import { guessSymbol } from './suggest.ts';
import { sampleCells, type Table } from './tables.ts';
import { withTradingDates } from './tradingDates.ts';

const SAMPLE_ROWS = 20;
/** Rules of FX for a file whose symbol nobody knows. */
const UNKNOWN_SYMBOL = 'UNKNOWN';

/** Rows that are bars, and the line of each. */
interface Sound {
  readonly bars: BarColumns;
  readonly lineOf: ((row: number) => number) | undefined;
}

function soundOf(
  { read, examined, tables }: ReadFile,
  timeframe: Timeframe | undefined,
  instrument: Instrument,
): Sound {
  if (read.ticks) return { bars: read.ticks.finish(timeframe ?? 'M1', instrument), lineOf: undefined };
  const { bars, lines } = read.raw;
  const [table] = tables.tables;
  if (read.isClean) {
    const first = table?.kind === 'text' && table.layout.hasHeader ? 2 : 1;
    // Rows that follow each other without a gap; the lines of several files are no places.
    const lineOf = (row: number): number => lines?.[row] ?? first + row;
    return { bars, lineOf: tables.tables.length > 1 ? undefined : lineOf };
  }
  const { sound } = examined;
  const of = (column: Float64Array) => Float64Array.from(sound, (i) => column[i]!);
  const { timeMs, open, high, low, close, volume } = bars;
  return {
    bars: {
      timeMs: of(timeMs),
      open: of(open),
      high: of(high),
      low: of(low),
      close: of(close),
      volume: of(volume),
    },
    lineOf: (row) => lines?.[sound[row]!] ?? sound[row]! + 1,
  };
}

/** The rows that cannot be stored, as issues. A row without a time is shown at that of the row before it. */
function rowIssues({ examined }: ReadFile): QualityIssueDto[] {
  let lastMs = 0;
  return examined.defects.map(({ kind, line, timeMs, error }) => {
    if (Number.isFinite(timeMs)) lastMs = timeMs;
    const message = error.message.replace(/ Nothing was imported\.$/, '');
    return { kind, severity: 'error' as const, timeMs: lastMs, count: 1, line, message };
  });
}

const NOTHING: QualityReport = {
  score: 0,
  bars: 0,
  issues: [],
  missingBars: 0,
  missingPct: 0,
  meanRangePips: 0,
  p99RangePips: 0,
  issuesLeftOut: 0,
};

/** What the check finds in the rows that are bars, and the rows that are none. */
function qualityOf(
  file: ReadFile,
  sound: Sound,
  instrument: Instrument,
  timeframe: Timeframe | null,
): QualityReport {
  const { bars, lineOf } = sound;
  const toldMs = file.examined.defects.map((d) => d.timeMs).filter(Number.isFinite);
  const found =
    timeframe && bars.timeMs.length > 0
      ? checkQuality(bars, instrument, timeframe, { lineOf, toldMs })
      : NOTHING;
  const defects = rowIssues(file);
  const rows = file.read.ticks ? bars.timeMs.length : file.read.rows;
  if (defects.length === 0) return { ...found, bars: rows };
  const counts = [...file.counts].map(([kind, count]) => ({ kind, severity: 'error' as const, count }));
  const total = counts.reduce((sum, c) => sum + c.count, 0);
  const issues = [...defects.slice(0, MOST_ISSUES), ...found.issues];
  return {
    ...found,
    bars: rows,
    issues,
    score: qualityScore(rows, found.missingPct, [...counts, ...found.issues]),
    issuesLeftOut: found.issuesLeftOut + total - Math.min(MOST_ISSUES, defects.length),
  };
}

function columnsOf(table: Table): Inspection['columns'] {
  const { columns, roles } = table.kind === 'text' ? table.layout : table.parquet;
  return columns.map((name, i) => ({ name: name.slice(0, 200), role: roles[i] ?? 'ignore' }));
}

function tableFacts(table: Table) {
  const layout = table.kind === 'text' ? table.layout : undefined;
  return {
    content: layout?.content ?? (table.kind === 'parquet' ? table.parquet.content : 'bars'),
    format: describeTable(table).format,
    separator: layout?.separator ?? null,
    hasHeader: layout?.hasHeader ?? true,
    decimalComma: layout?.decimalComma ?? false,
    columns: columnsOf(table),
    sample: sampleCells(table, SAMPLE_ROWS),
  };
}

export interface InspectOptions extends Omit<ImportOptions, 'symbol'> {
  readonly symbol?: string | undefined;
}

function inspectionOf(
  file: ReadFile,
  options: ImportOptions,
  fileName: string,
  guess: string | null,
): Inspection {
  const { read, opened, tables, counts } = file;
  const table = tables.tables[0]!;
  const instrument = instrumentFor(options.symbol);
  const asRead = soundOf(file, options.timeframe, instrument);
  const timeframe = read.ticks
    ? (options.timeframe ?? 'M1')
    : (options.timeframe ?? detectTimeframe(asRead.bars.timeMs) ?? null);
  const sound = { ...asRead, bars: withTradingDates(asRead.bars, timeframe, instrument) };
  const { timeMs } = sound.bars;
  const suggested = suggestZone(
    file,
    options.zone,
    options.symbol === UNKNOWN_SYMBOL ? undefined : instrument,
  );
  const choose = `The archive holds ${opened.entries.length} files that do not belong together; this is ${table.part.entry}.`;
  const content = read.ticks ? 'ticks' : 'bars';
  return {
    fileName,
    bytes: opened.bytes,
    entries: opened.entries.map(({ name, bytes }) => ({ name, bytes })),
    ...tableFacts(table),
    firstMs: timeMs[0] ?? null,
    lastMs: timeMs.at(-1) ?? null,
    rows: read.rows,
    timeframe,
    symbolGuess: guess,
    priceSideGuess: file.priceSide.from === 'file' ? file.priceSide.side : null,
    statedZone: statedZone(read) ?? null,
    suggestedZone: suggested ?? null,
    zone: statedZone(read) ?? read.zoneName,
    ambiguousTimes: read.raw.ambiguous,
    impossibleTimes: read.raw.impossible,
    notes: [...(tables.mustChoose ? [choose] : []), ...notesOf(file, options, suggested)],
    quality: qualityOf(file, sound, instrument, timeframe),
    repairable: [...counts].map(([kind, rows]) => ({ kind, rows, choices: [...choicesOf(kind, content)] })),
  };
}

/**
 * What a file holds and what is wrong with it, as an import with the same options would read it. Nothing is stored,
 * and rows that an import refuses are issues here.
 * @throws FrontierError IMPORT_FAILED for a file that is no table of bars or ticks; otherwise as `importFile`
 */
export async function inspectFile(
  path: string,
  options: InspectOptions,
  onProgress?: (progress: ImportProgress) => void,
): Promise<Inspection> {
  const fileName = options.fileName ?? basename(path);
  const guess = guessSymbol(fileName);
  const named = { ...options, symbol: options.symbol ?? guess ?? UNKNOWN_SYMBOL };
  return withReadFile(path, named, onProgress, (file) => {
    const symbol = guess ?? guessSymbol(file.tables.tables[0]?.part.entry ?? '');
    return inspectionOf(
      file,
      { ...named, symbol: options.symbol ?? symbol ?? UNKNOWN_SYMBOL },
      fileName,
      symbol,
    );
  });
}
