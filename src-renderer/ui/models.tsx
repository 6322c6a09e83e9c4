import { Select } from '@mantine/core';
import type { SpanName } from '../../src-shared/contract/common.ts';
import type { FamilyName, ListedModel, ModelDto } from '../../src-shared/contract/training.ts';
import { useWorkspace } from '../state/workspace.ts';
import { formatDate } from './format.ts';
import { type Query, rpc, useQuery } from './rpc.ts';

/** The model of the given id; else the newest of the market on screen; else the newest of all. */
export function pickModel<M extends ModelDto>(
  models: readonly M[],
  modelId: string | undefined,
  symbol: string | undefined,
  timeframe: string | undefined,
): M | undefined {
  const newest = models.toSorted((a, b) => b.createdMs - a.createdMs);
  return (
    newest.find((m) => m.id === modelId) ??
    newest.find((m) => m.symbol === symbol && m.timeframe === timeframe) ??
    newest[0]
  );
}

export interface ChosenModel {
  /** The models that give a signal: those that predict a return and whose files are there. */
  readonly query: Query<ListedModel[]>;
  readonly model: ListedModel | undefined;
}

/** True for models that a strategy, a study or the chart can work with. */
export function givesSignals(model: Pick<ListedModel, 'role' | 'present'>): boolean {
  return model.role === 'regressor' && model.present;
}

/** The trained models that give a signal and the one that all tabs work with. */
export function useChosenModel(): ChosenModel {
  const all = useQuery('training.models', () => rpc.training.models(), []);
  const query = { ...all, data: all.data?.filter(givesSignals) };
  const modelId = useWorkspace((w) => w.modelId);
  const symbol = useWorkspace((w) => w.symbol);
  const timeframe = useWorkspace((w) => w.timeframe);
  return { query, model: pickModel(query.data ?? [], modelId, symbol, timeframe) };
}

/** Families by the names that fit a list. */
const FAMILY_LABEL: Readonly<Record<FamilyName, string>> = {
  ridge: 'Ridge',
  lasso: 'Lasso',
  elasticNet: 'Elastic net',
  mlp: 'MLP',
  tcn: 'TCN',
  transformer: 'Transformer',
  tcnAutoencoder: 'TCN autoencoder',
  anomaly: 'Anomaly',
  diffusion: 'Diffusion',
  ensemble: 'Ensemble',
  horizons: 'Horizons',
  imported: 'Imported',
};

/** The short name of a family. */
export function familyLabel(family: FamilyName): string {
  return FAMILY_LABEL[family];
}

/** A model in one line. */
export function modelLabel(model: ModelDto): string {
  const market = `${model.symbol} ${model.timeframe}`;
  return `${market} · ${FAMILY_LABEL[model.family]} v${model.version} · ${formatDate(model.createdMs)}`;
}

interface ModelSelectProps {
  readonly models: readonly ModelDto[];
  readonly model: ModelDto;
  readonly disabled?: boolean;
}

/** Chooses the model for this tab and all others. */
export function ModelSelect({ models, model, disabled = false }: ModelSelectProps) {
  const setModelId = useWorkspace((w) => w.setModelId);
  return (
    <Select
      label="Model"
      size="xs"
      data={models
        .toSorted((a, b) => b.createdMs - a.createdMs)
        .map((m) => ({ value: m.id, label: modelLabel(m) }))}
      value={model.id}
      onChange={(id) => id !== null && setModelId(id)}
      allowDeselect={false}
      disabled={disabled}
      comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
    />
  );
}

export interface SpanInfo {
  readonly label: string;
  /** What this part of history was used for. */
  readonly use: string;
  /** True where a good result proves nothing. */
  readonly fitted: boolean;
}

export const SPAN_INFO: Readonly<Record<SpanName, SpanInfo>> = {
  train: { label: 'Train', use: 'The model was fitted on this span.', fitted: true },
  validation: { label: 'Validation', use: 'Training was stopped by its error on this span.', fitted: true },
  calibration: {
    label: 'Calibration',
    use: 'The forecast intervals were calibrated on this span.',
    fitted: true,
  },
  optimisation: { label: 'Optimisation', use: 'Studies choose genes on this span.', fitted: true },
  test: { label: 'Test', use: 'Neither the model nor a study was fitted on this span.', fitted: false },
  replay: { label: 'Replay', use: 'Kept for replayed sessions; nothing was fitted on it.', fitted: false },
};
