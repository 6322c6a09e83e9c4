import { Select } from '@mantine/core';
import type { SpanName } from '../../src-shared/contract/common.ts';
import type { ModelDto } from '../../src-shared/contract/training.ts';
import { useWorkspace } from '../state/workspace.ts';
import { formatDate } from './format.ts';
import { type Query, rpc, useQuery } from './rpc.ts';

/** The model of the given id; else the newest of the market on screen; else the newest of all. */
export function pickModel(
  models: readonly ModelDto[],
  modelId: string | undefined,
  symbol: string | undefined,
  timeframe: string | undefined,
): ModelDto | undefined {
  const newest = models.toSorted((a, b) => b.createdMs - a.createdMs);
  return (
    newest.find((m) => m.id === modelId) ??
    newest.find((m) => m.symbol === symbol && m.timeframe === timeframe) ??
    newest[0]
  );
}

export interface ChosenModel {
  readonly query: Query<ModelDto[]>;
  readonly model: ModelDto | undefined;
}

/** The trained models and the one that all tabs work with. */
export function useChosenModel(): ChosenModel {
  const query = useQuery('training.models', () => rpc.training.models(), []);
  const modelId = useWorkspace((w) => w.modelId);
  const symbol = useWorkspace((w) => w.symbol);
  const timeframe = useWorkspace((w) => w.timeframe);
  return { query, model: pickModel(query.data ?? [], modelId, symbol, timeframe) };
}

/** A model in one line. */
export function modelLabel(model: ModelDto): string {
  const market = `${model.symbol} ${model.timeframe}`;
  return `${market} · ${model.family.toUpperCase()} v${model.version} · ${formatDate(model.createdMs)}`;
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
