import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import { aimChart } from '../../state/chartTarget.ts';
import { workspace } from '../../state/workspace.ts';
import { chooseHistory } from './dataStore.ts';

/** Opens the chart of a history at a moment. */
export function showOnChart(dataset: DatasetDto, timeMs: number): void {
  chooseHistory(dataset);
  aimChart(dataset.symbol, dataset.timeframe, timeMs);
  workspace.getState().setTab('chart');
}
