import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import { useDatasets } from '../../state/markets.ts';
import { pick, recall, remember } from '../../state/remember.ts';
import { useWorkspace, workspace } from '../../state/workspace.ts';

export type Section = 'quality' | 'repairs' | 'coverage' | 'changes';
export type Intake = 'import' | 'download';

interface DataView {
  /** What is shown of the chosen history. */
  readonly section: Section;
  /** How history is brought in. */
  readonly intake: Intake;
  /** The catalogue, or the file that waits for confirmation. */
  readonly main: 'catalogue' | 'review';
  /** Side of the chosen history; symbol and timeframe are the workspace's. */
  readonly side: PriceSide | undefined;
}

const SECTIONS: readonly unknown[] = ['quality', 'repairs', 'coverage', 'changes'];

/** What the Data tab shows. */
export const dataView = createStore<DataView>(() => ({
  main: 'catalogue' as const,
  side: undefined,
  ...pick<Pick<DataView, 'section' | 'intake'>>(
    recall('data'),
    { section: 'quality', intake: 'import' },
    { section: (v) => SECTIONS.includes(v), intake: (v) => v === 'import' || v === 'download' },
  ),
}));
dataView.subscribe(({ section, intake }) => remember('data', { section, intake }));

/** What the Data tab shows, or a part of it. */
export function useDataView<T>(select: (view: DataView) => T): T {
  return useStore(dataView, select);
}

/** Names a stored history among others. */
export function historyKey(d: Pick<DatasetDto, 'symbol' | 'timeframe' | 'priceSide'>): string {
  return `${d.symbol} ${d.timeframe} ${d.priceSide}`;
}

/** Chooses a history; all tabs look at its symbol and timeframe then. */
export function chooseHistory(d: Pick<DatasetDto, 'symbol' | 'timeframe' | 'priceSide'>): void {
  dataView.setState({ side: d.priceSide });
  workspace.getState().setMarket(d.symbol, d.timeframe);
}

/** Sides in the order in which a history without a named side is looked for. */
const SIDE_ORDER: readonly PriceSide[] = ['bid', 'mid', 'ask'];

/** The history that a symbol, timeframe and side name; the usual side where that one is not stored. */
export function historyIn(
  datasets: readonly DatasetDto[],
  symbol: string | undefined,
  timeframe: string | undefined,
  side: PriceSide | undefined,
): DatasetDto | undefined {
  const sides = datasets
    .filter((d) => d.symbol === symbol && d.timeframe === timeframe)
    .sort((a, b) => SIDE_ORDER.indexOf(a.priceSide) - SIDE_ORDER.indexOf(b.priceSide));
  return sides.find((d) => d.priceSide === side) ?? sides[0];
}

/** The history that the tab is about. */
export function useHistory(): DatasetDto | undefined {
  const { data } = useDatasets();
  const symbol = useWorkspace((w) => w.symbol);
  const timeframe = useWorkspace((w) => w.timeframe);
  const side = useDataView((v) => v.side);
  return data && historyIn(data, symbol, timeframe, side);
}

/** What the engine is asked with about a history. */
export function refOf(d: Pick<DatasetDto, 'symbol' | 'timeframe' | 'priceSide'>) {
  return { symbol: d.symbol, timeframe: d.timeframe, priceSide: d.priceSide };
}
