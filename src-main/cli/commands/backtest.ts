import type { SpanName } from '../../../src-shared/contract/common.ts';
import { type EntryOptions, entryRulesOf } from '../entryOptions.ts';
import type { CommonOptions } from '../options.ts';
import { num, pct } from '../output.ts';
import { withEngine } from './common.ts';

export interface BacktestOptions extends CommonOptions, EntryOptions {
  readonly span: string;
  readonly threshold?: number | undefined;
  readonly stop?: number | undefined;
  readonly target?: number | undefined;
  readonly risk?: number | undefined;
  readonly holding?: number | undefined;
}

export async function backtestCommand(modelId: string, options: BacktestOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client, signal }) => {
      const { genes } = await client.backtest.defaults({ modelId });
      const chosen = {
        entryThreshold: options.threshold ?? genes.entryThreshold,
        stopAtr: options.stop ?? genes.stopAtr,
        targetAtr: options.target ?? genes.targetAtr,
        riskFraction: options.risk ?? genes.riskFraction,
        maxHoldingBars: options.holding ?? genes.maxHoldingBars,
      };
      const { equity: _, ...result } = await client.backtest.run(
        { modelId, span: options.span as SpanName, genes: chosen, ...entryRulesOf(options) },
        { signal },
      );
      return result;
    },
    (b) =>
      [
        `${b.id}: ${b.symbol} ${b.timeframe}${b.synthetic ? ' [SYNTHETIC]' : ''}, ${b.span} span`,
        b.honesty,
        `return ${pct(b.metrics.netReturnPct)}  Sharpe ${num(b.metrics.sharpe)}  drawdown ${num(b.metrics.maxDrawdownPct)} %  trades ${b.metrics.trades}  win rate ${num(b.metrics.winRatePct, 1)} %  profit factor ${num(b.metrics.profitFactor)}`,
        ...(b.blockedEntries === undefined ? [] : [`${b.blockedEntries} entries left out by the rules`]),
        `cost ${num(b.metrics.totalCost)} ${b.currency} (spread ${num(b.metrics.spreadCost)}, commission ${num(b.metrics.commission)}, slippage ${num(b.metrics.slippageCost)})`,
        `assumption band: ${pct(b.band.stopFirst.netReturnPct)} stop first, ${pct(b.band.targetFirst.netReturnPct)} target first, ${b.band.ambiguousTrades} ambiguous trades`,
      ].join('\n'),
  );
}
