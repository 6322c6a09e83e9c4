import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import { pick, recall, remember } from '../../state/remember.ts';

export type TradesFrom = 'none' | 'backtest' | 'session';

interface ChartChoices {
  readonly showForecast: boolean;
  readonly tradesFrom: TradesFrom;
}

/** What the chart shows besides the bars. */
export const chartStore = createStore<ChartChoices>(() =>
  pick<ChartChoices>(
    recall('chart'),
    { showForecast: true, tradesFrom: 'backtest' },
    {
      showForecast: (v) => typeof v === 'boolean',
      tradesFrom: (v) => v === 'none' || v === 'backtest' || v === 'session',
    },
  ),
);
chartStore.subscribe((state) => remember('chart', state));

export function useChart<T>(select: (state: ChartChoices) => T): T {
  return useStore(chartStore, select);
}
