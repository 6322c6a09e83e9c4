import { useEffect } from 'react';
import type { DatasetDto } from '../../src-shared/contract/data.ts';
import { type Query, rpc, useQuery } from '../ui/rpc.ts';
import { useWorkspace, workspace } from './workspace.ts';

/** The stored histories. */
export function useDatasets(): Query<DatasetDto[]> {
  return useQuery('data.list', () => rpc.data.list(), []);
}

/** The stored history that the workspace looks at, if there is one. */
export function useDataset(): DatasetDto | undefined {
  const { data } = useDatasets();
  const symbol = useWorkspace((w) => w.symbol);
  const timeframe = useWorkspace((w) => w.timeframe);
  return data?.find((d) => d.symbol === symbol && d.timeframe === timeframe);
}

/** The history to look at when the remembered one is not there: same symbol if possible, else the newest. */
export function fallbackDataset(
  datasets: readonly DatasetDto[],
  symbol: string | undefined,
): DatasetDto | undefined {
  const newestFirst = [...datasets].sort((a, b) => b.importedMs - a.importedMs);
  return newestFirst.find((d) => d.symbol === symbol) ?? newestFirst[0];
}

/** Keeps the workspace on a history that exists. Used once, by the frame. */
export function useMarketSelection(): void {
  const { data, loading } = useDatasets();
  const dataset = useDataset();
  useEffect(() => {
    // While the list is asked for again, what was just imported is not in it yet.
    if (!data || loading || dataset) return;
    const { symbol, setMarket } = workspace.getState();
    const next = fallbackDataset(data, symbol);
    if (next) setMarket(next.symbol, next.timeframe);
    else if (symbol !== undefined) setMarket(undefined, undefined);
  }, [data, loading, dataset]);
}
