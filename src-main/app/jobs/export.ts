import { type BarColumns, lowerBound, type PriceSide, sliceBars } from '../../../src-shared/market/bars.ts';
import { calendarOf } from '../../../src-shared/market/calendars.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { resample } from '../../../src-shared/market/resample.ts';
import { carryMarks } from '../../../src-shared/market/resampleMarks.ts';
import type { AnyTimeframe, Timeframe } from '../../../src-shared/market/timeframes.ts';
import type { JobContext } from '../../jobs/port.ts';
import { BarStore } from '../../store/bars.ts';
import { type ExportFormat, exportBars } from '../../store/barsExport.ts';
import { homePaths } from '../context.ts';

export interface ExportPayload {
  readonly home: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly priceSide: PriceSide;
  /** Timeframe of the file; the history's own when absent. */
  readonly as?: AnyTimeframe | undefined;
  readonly format: ExportFormat;
  /** Bars of the file whose open is in [fromMs, toMs). */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly path: string;
  readonly overwrite: boolean;
}

export interface ExportResultData {
  readonly bars: number;
  readonly bytes: number;
}

interface Marked {
  readonly bars: BarColumns;
  readonly marks: Uint8Array;
}

/** The history in the timeframe of the file. Bars are cut after resampling, so that the first one is whole. */
async function historyOf(store: BarStore, payload: ExportPayload): Promise<Marked> {
  const { symbol, timeframe, priceSide, as } = payload;
  const source = await store.loadMarked(symbol, timeframe, {}, priceSide);
  if (as === undefined || as === timeframe) return source;
  const options = { source: timeframe, target: as, calendar: calendarOf(instrumentFor(symbol)) };
  const { bars } = resample(source.bars, options);
  return { bars, marks: carryMarks(source.bars.timeMs, source.marks, bars.timeMs, options) };
}

/**
 * Writes a history to a file.
 * @throws FrontierError as `exportBars`, `resample` and the bar store
 */
export async function exportJob(payload: ExportPayload, context: JobContext): Promise<ExportResultData> {
  const store = new BarStore(homePaths.bars(payload.home));
  try {
    const { bars, marks } = await historyOf(store, payload);
    context.report({ fraction: 0.3 });
    const from = lowerBound(bars.timeMs, payload.fromMs ?? Number.NEGATIVE_INFINITY);
    const to = Math.max(from, lowerBound(bars.timeMs, payload.toMs ?? Number.POSITIVE_INFINITY));
    const part = { bars: sliceBars(bars, from, to), marks: marks.subarray(from, to) };
    const { overwrite } = payload;
    const bytes = await exportBars(payload.path, payload.format, part, { overwrite, signal: context.signal });
    return { bars: to - from, bytes };
  } finally {
    await store.close();
  }
}
