import type { BacktestDto } from '../../../src-shared/contract/backtest.ts';
import { DEFAULT_GENES } from '../../../src-shared/trading/parameters.ts';
import { assertAnomalyModel } from '../anomalyRule.ts';
import { type EngineContext, runJob } from '../context.ts';
import { ruleFields } from '../entryRules.ts';
import { modelRef } from '../forecast.ts';
import { type BacktestJobResult, type BacktestPayload, venueOf } from '../jobs/backtest.ts';
import type { Implementer } from '../rpc.ts';

export function backtestHandlers(os: Implementer, context: EngineContext) {
  return {
    run: os.backtest.run.handler(async ({ input, signal }): Promise<BacktestDto> => {
      const model = context.stores.models.get(input.modelId);
      assertAnomalyModel(context.stores.models, input.avoidAnomalies, model);
      const payload: BacktestPayload = {
        ...modelRef(context, model),
        span: input.span,
        genes: input.genes ?? DEFAULT_GENES,
        costs: input.costs,
        ...ruleFields(input),
      };
      const title = `Backtest ${model.symbol} ${model.timeframe} (${input.span})`;
      const result = await runJob<BacktestJobResult>(context, 'backtest', title, payload, signal);
      const backtest = { ...result, id: context.ids.next('bt'), createdMs: context.clock.nowMs() };
      context.stores.backtests.add(backtest);
      return backtest;
    }),
    list: os.backtest.list.handler(() => context.stores.backtests.list()),
    get: os.backtest.get.handler(({ input }) => context.stores.backtests.get(input.backtestId)),
    defaults: os.backtest.defaults.handler(({ input }) => {
      const model = context.stores.models.get(input.modelId);
      const { manifest } = context.artifacts.load(model.symbol, model.timeframe, model.version);
      const { costs, account } = venueOf(manifest);
      const { currency, initialBalance } = account;
      return { genes: DEFAULT_GENES, costs, currency, initialBalance };
    }),
  };
}
