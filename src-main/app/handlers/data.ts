import type { BarColumnsDto } from '../../../src-shared/contract/data.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import type { EngineContext } from '../context.ts';
import { forecastWindow } from '../forecast.ts';
import { historyOf, removeHistory } from '../histories.ts';
import type { Implementer } from '../rpc.ts';
import { fetchHandlers } from './fetch.ts';
import { historyHandlers } from './histories.ts';
import { importHandlers } from './imports.ts';
import { qualityHandlers } from './quality.ts';

const columnsDto = (bars: BarColumns): BarColumnsDto => ({
  timeMs: Array.from(bars.timeMs),
  open: Array.from(bars.open),
  high: Array.from(bars.high),
  low: Array.from(bars.low),
  close: Array.from(bars.close),
  volume: Array.from(bars.volume),
});

export function dataHandlers(os: Implementer, context: EngineContext) {
  return {
    list: os.data.list.handler(() => context.stores.datasets.list()),
    ...importHandlers(os, context),
    quality: os.data.quality.handler(
      ({ input }) => historyOf(context, input.symbol, input.timeframe, input.priceSide).quality,
    ),
    bars: os.data.bars.handler(async ({ input }) => {
      const { symbol, timeframe, endMs, count } = input;
      const { dataset } = historyOf(context, symbol, timeframe, input.priceSide);
      const bars = await context.bars.loadWindow(
        symbol,
        timeframe,
        endMs ?? Number.POSITIVE_INFINITY,
        count,
        dataset.priceSide,
      );
      return {
        bars: columnsDto(bars),
        firstMs: bars.timeMs[0] ?? null,
        lastMs: bars.timeMs.at(-1) ?? null,
        total: dataset.bars,
      };
    }),
    forecast: os.data.forecast.handler(({ input }) =>
      forecastWindow(context, input.modelId, input.endMs, input.count),
    ),
    remove: os.data.remove.handler(({ input }) => removeHistory(context, input)),
    ...historyHandlers(os, context),
    ...qualityHandlers(os, context),
    fetch: fetchHandlers(os, context),
  };
}
