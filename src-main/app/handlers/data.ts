import type { BarColumnsDto, DatasetDto, QualityDto } from '../../../src-shared/contract/data.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import type { EngineContext } from '../context.ts';
import { dropForecastCache, forecastWindow } from '../forecast.ts';
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

/** The data set of a symbol and timeframe. @throws FrontierError NOT_FOUND */
export function datasetOf(
  context: EngineContext,
  symbol: string,
  timeframe: Timeframe,
): { dataset: DatasetDto; quality: QualityDto } {
  const record = context.stores.datasets.find(symbol, timeframe);
  if (record) return record;
  throw new FrontierError('NOT_FOUND', `There is no ${symbol} ${timeframe} history.`, 'Import it first.');
}

export function dataHandlers(os: Implementer, context: EngineContext) {
  return {
    list: os.data.list.handler(() => context.stores.datasets.list()),
    ...importHandlers(os, context),
    quality: os.data.quality.handler(
      ({ input }) => datasetOf(context, input.symbol, input.timeframe).quality,
    ),
    bars: os.data.bars.handler(async ({ input }) => {
      const { dataset } = datasetOf(context, input.symbol, input.timeframe);
      const bars = await (input.endMs === undefined
        ? context.bars.loadTail(input.symbol, input.timeframe, input.count)
        : context.bars.loadWindow(input.symbol, input.timeframe, input.endMs, input.count));
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
    remove: os.data.remove.handler(async ({ input }) => {
      const { dataset } = datasetOf(context, input.symbol, input.timeframe);
      await context.bars.remove({ ...input, priceSide: dataset.priceSide });
      context.stores.datasets.remove(input.symbol, input.timeframe);
      dropForecastCache();
      context.hub.notify('data');
      return { changeId: context.ids.next('chg') };
    }),
    ...historyHandlers(os, context),
    ...qualityHandlers(os, context),
    fetch: fetchHandlers(os, context),
  };
}
