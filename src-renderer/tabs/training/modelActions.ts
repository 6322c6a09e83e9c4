import { useState } from 'react';
import type { ListedModel } from '../../../src-shared/contract/training.ts';
import { type TabName, workspace } from '../../state/workspace.ts';
import { downloadFile } from '../../ui/download.ts';
import { saveExported } from '../../ui/exported.ts';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { chartStore } from '../chart/chartStore.ts';

/** Opens the chart on a model that gives no signal: its fan of futures, or the windows that it flags. */
export function showOnChart(model: ListedModel): void {
  const { setMarket, setModelId, setTab } = workspace.getState();
  if (model.role === 'diffusion') setModelId(model.id);
  else chartStore.setState({ anomalyModel: model.id });
  setMarket(model.symbol, model.timeframe);
  setTab('chart');
}

/** Opens another tab on a model and its market. */
export function openIn(tab: TabName, model: ListedModel): void {
  const { setMarket, setModelId, setTab } = workspace.getState();
  setMarket(model.symbol, model.timeframe);
  setModelId(model.id);
  setTab(tab);
}

export type ModelAction = 'verify' | 'export' | 'predict' | 'pin';

export interface ModelActions {
  readonly run: (action: ModelAction) => Promise<void>;
  readonly busy: ModelAction | undefined;
  readonly error: unknown;
  /** What the last verification looked at. */
  readonly checks: readonly string[] | undefined;
}

/** What can be done with a model besides using it. */
export function useModelActions(model: ListedModel): ModelActions {
  const [busy, setBusy] = useState<ModelAction>();
  const [error, setError] = useState<unknown>();
  const [checks, setChecks] = useState<readonly string[]>();
  const modelId = model.id;
  const work: Readonly<Record<ModelAction, () => Promise<void>>> = {
    verify: async () => setChecks((await rpc.training.verifyModel({ modelId })).checks),
    export: async () => downloadFile(await rpc.training.exportModel({ modelId })),
    predict: async () => {
      const { exportId } = await rpc.training.predict({ modelId });
      const fileName = `${model.symbol}_${model.timeframe}_v${model.version}_predictions.csv`;
      await saveExported(exportId, fileName, 'text/csv;charset=utf-8');
    },
    pin: async () => {
      await rpc.training.pin({ modelId, pinned: !model.pinned });
      invalidate('training.model');
    },
  };
  const run = async (action: ModelAction) => {
    setBusy(action);
    setError(undefined);
    if (action === 'verify') setChecks(undefined);
    try {
      await work[action]();
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(undefined);
    }
  };
  return { run, busy, error, checks };
}
