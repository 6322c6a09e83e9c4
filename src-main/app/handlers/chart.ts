import { FrontierError } from '../../../src-shared/errors.ts';
import { chartSymbols } from '../../../src-shared/market/chartSymbols.ts';
import { ChartWindows } from '../chartWindows.ts';
import type { EngineContext } from '../context.ts';
import { anomaliesBetween, fanAt } from '../overlays.ts';
import type { Implementer } from '../rpc.ts';

/** What charts ask for: bars in any timeframe, what there is, and what was drawn. */
export function chartHandlers(os: Implementer, context: EngineContext) {
  const { datasets, drawings } = context.stores;
  const windows = new ChartWindows({
    bars: context.bars,
    datasets: () => datasets.list(),
    clock: context.clock,
  });
  return {
    window: os.chart.window.handler(({ input }) => windows.window(input)),
    symbols: os.chart.symbols.handler(() => chartSymbols(datasets.list())),
    fan: os.chart.fan.handler(({ input }) => fanAt(context, input.modelId, input.timeMs)),
    anomalies: os.chart.anomalies.handler(({ input }) =>
      anomaliesBetween(context, input.modelId, input.fromMs, input.toMs),
    ),
    drawings: {
      list: os.chart.drawings.list.handler(({ input }) => drawings.list(input.symbol)),
      save: os.chart.drawings.save.handler(({ input }) => {
        const id = input.id ?? context.ids.next('drw');
        const saved = { ...input, id };
        drawings.save(saved, context.clock.nowMs());
        context.hub.notify(`drawings:${input.symbol}`);
        return saved;
      }),
      remove: os.chart.drawings.remove.handler(({ input }) => {
        const drawing = drawings.find(input.id);
        if (!drawing)
          throw new FrontierError('NOT_FOUND', 'That drawing is not there.', 'Load the drawings again.');
        drawings.remove(input.id);
        context.hub.notify(`drawings:${drawing.symbol}`);
      }),
    },
  };
}
