import { createStore } from 'zustand/vanilla';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';

/** A moment that a chart is to show, asked for by another tab. */
export interface ChartTarget {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly timeMs: number;
  /** Counts the requests, so that the same moment can be asked for twice. */
  readonly request: number;
}

/** What was asked for last; the chart takes it and shows it in the middle. */
export const chartTarget = createStore<{ readonly target: ChartTarget | undefined }>(() => ({
  target: undefined,
}));

/** Asks the chart of a symbol and timeframe to show a moment. */
export function aimChart(symbol: string, timeframe: Timeframe, timeMs: number): void {
  const request = (chartTarget.getState().target?.request ?? 0) + 1;
  chartTarget.setState({ target: { symbol, timeframe, timeMs, request } });
}
