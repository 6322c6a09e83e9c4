import type { CoverageDto, DatasetDto, DatasetRef } from '../../../src-shared/contract/data.ts';
import { calendarOf } from '../../../src-shared/market/calendars.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { timeframeMs } from '../../../src-shared/market/timeframes.ts';
import type { MonthCount } from '../../store/barsDuckdb.ts';
import type { EngineContext } from '../context.ts';
import { historyOf } from '../histories.ts';
import { applyRepair, previewRepair, repairChoices } from '../repairs.ts';
import type { Implementer } from '../rpc.ts';

/** First instant of the calendar month after the one that starts at an instant, UTC. */
function nextMonth(monthMs: number): number {
  const month = new Date(monthMs);
  return Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 1);
}

/** Histories whose counts are kept; a map of all of them asks for many again. */
const KEPT = 64;
const counted = new WeakMap<EngineContext, Map<string, readonly MonthCount[]>>();

/** Bars by month, counted once for every version of a history. */
async function countsOf(context: EngineContext, dataset: DatasetDto): Promise<readonly MonthCount[]> {
  const { symbol, timeframe, priceSide, dataHash, updatedMs, markedBars } = dataset;
  const key = JSON.stringify([symbol, timeframe, priceSide, dataHash, updatedMs, markedBars]);
  const kept = counted.get(context) ?? new Map<string, readonly MonthCount[]>();
  counted.set(context, kept);
  const counts = kept.get(key) ?? (await context.bars.months(symbol, timeframe, priceSide));
  kept.delete(key);
  kept.set(key, counts);
  for (const oldest of kept.keys()) if (kept.size > KEPT) kept.delete(oldest);
  return counts;
}

/**
 * Bars by month against what the calendar expects between the first and the last bar. Months without any bar are
 * there too.
 */
async function coverage(context: EngineContext, ref: DatasetRef): Promise<CoverageDto> {
  const { dataset } = historyOf(context, ref.symbol, ref.timeframe, ref.priceSide);
  const { symbol, timeframe, priceSide, fromMs, toMs } = dataset;
  const counts = await countsOf(context, dataset);
  const calendar = calendarOf(instrumentFor(symbol));
  const endMs = toMs + timeframeMs(timeframe);
  const byMonth = new Map(counts.map((count) => [count.monthMs, count]));
  const months: CoverageDto['months'] = [];
  const first = new Date(fromMs);
  let monthMs = Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), 1);
  for (; monthMs <= toMs; monthMs = nextMonth(monthMs)) {
    const inside = [Math.max(monthMs, fromMs), Math.min(nextMonth(monthMs), endMs)] as const;
    const { bars, marked } = byMonth.get(monthMs) ?? { bars: 0, marked: 0 };
    months.push({ monthMs, bars, expected: calendar.expectedBars(...inside, timeframe), marked });
  }
  return { symbol, timeframe, priceSide, months };
}

/** What the check found in a history, where it has bars, and repairs. */
export function qualityHandlers(os: Implementer, context: EngineContext) {
  return {
    coverage: os.data.coverage.handler(({ input }) => coverage(context, input)),
    repairs: {
      choices: os.data.repairs.choices.handler(({ input, signal }) => repairChoices(context, input, signal)),
      preview: os.data.repairs.preview.handler(({ input, signal }) => previewRepair(context, input, signal)),
      apply: os.data.repairs.apply.handler(({ input, signal }) => applyRepair(context, input, signal)),
    },
  };
}
