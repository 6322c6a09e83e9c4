import { useEffect } from 'react';
import { useStore } from 'zustand/react';
import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';
import { chartTarget } from '../../state/chartTarget.ts';
import type { CellReport } from './ChartCell.tsx';

/** The request that was followed last: a chart that is opened again later stays where it was left. */
let followed = 0;

/**
 * Takes the chart to the moment that another tab has asked for, once it shows the symbol and timeframe that were
 * asked for with it.
 */
export function useChartTarget(
  report: CellReport | undefined,
  symbol: string,
  timeframe: AnyTimeframe,
): void {
  const target = useStore(chartTarget, (s) => s.target);
  const ready = report?.state.window !== undefined;
  const feed = report?.handle.feed;
  useEffect(() => {
    if (!target || target.request <= followed || !ready || !feed) return;
    if (target.symbol !== symbol || target.timeframe !== timeframe) return;
    followed = target.request;
    feed.goTo(target.timeMs);
  }, [target, ready, feed, symbol, timeframe]);
}
