import { useEffect } from 'react';
import type { ChartSymbol } from '../../../src-shared/market/chartSymbols.ts';
import type { AnyTimeframe, Timeframe } from '../../../src-shared/market/timeframes.ts';
import { timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { useWorkspace, workspace } from '../../state/workspace.ts';
import { type CellId, type CellMarket, type ChartChoices, chartStore, placeMarket } from './chartStore.ts';

const nameOf = (symbol: string | undefined, timeframe: string | undefined): string =>
  `${symbol} ${timeframe}`;

/** The stored timeframe that stands for one that is made: the longest that is no longer, else the shortest. */
export function storedFor(stored: readonly Timeframe[], timeframe: AnyTimeframe): Timeframe | undefined {
  const byLength = [...stored].sort((a, b) => timeframeMs(a) - timeframeMs(b));
  return byLength.findLast((t) => timeframeMs(t) <= timeframeMs(timeframe)) ?? byLength[0];
}

/** Shows another market in a chart, and lets the rest of the workstation know of it. */
export function chooseMarket(id: CellId, market: Partial<CellMarket>, symbols: readonly ChartSymbol[]): void {
  chartStore.setState((state) => {
    const placed: ChartChoices = { ...state, ...placeMarket(state, id, market) };
    return { cells: placed.cells, ...followed(placed, symbols) };
  });
}

/** Gives a chart the keyboard; the workstation looks at its market. */
export function activate(id: CellId, symbols: readonly ChartSymbol[]): void {
  if (chartStore.getState().active === id) return;
  chartStore.setState((state) => ({ active: id, ...followed({ ...state, active: id }, symbols) }));
}

/** The workspace names stored histories; a timeframe that is made stands under the one it is made from. */
function followed(state: ChartChoices, symbols: readonly ChartSymbol[]): Partial<ChartChoices> {
  const { symbol, timeframe } = state.cells[state.active];
  const info = symbols.find((s) => s.symbol === symbol);
  const stored = info && timeframe && storedFor(info.stored, timeframe);
  if (!info || !stored) return {};
  const taken = nameOf(info.symbol, stored);
  const now = workspace.getState();
  if (nameOf(now.symbol, now.timeframe) !== taken) queueMicrotask(() => now.setMarket(info.symbol, stored));
  return { taken };
}

/** Takes over the market that was chosen elsewhere: in the top bar, in another tab, from the palette. */
export function useMarketOfCharts(): void {
  const symbol = useWorkspace((w) => w.symbol);
  const timeframe = useWorkspace((w) => w.timeframe);
  useEffect(() => {
    const name = nameOf(symbol, timeframe);
    const state = chartStore.getState();
    if (symbol === undefined || timeframe === undefined || state.taken === name) return;
    chartStore.setState({ ...placeMarket(state, state.active, { symbol, timeframe }), taken: name });
  }, [symbol, timeframe]);
}
