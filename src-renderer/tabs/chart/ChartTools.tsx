import { ActionIcon, Menu, Select } from '@mantine/core';
import {
  IconArrowBarToRight,
  IconArrowsHorizontal,
  IconCalendarSearch,
  IconDownload,
} from '@tabler/icons-react';
import type { ModelDto } from '../../../src-shared/contract/training.ts';
import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';
import { useWorkspace } from '../../state/workspace.ts';
import { formatDate } from '../../ui/format.ts';
import { familyLabel } from '../../ui/models.tsx';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { chartStore, type TradesFrom, useChart } from './chartStore.ts';

/** Models of the market on the chart, the newest first. */
export function useMarketModels(market: {
  readonly symbol: string;
  readonly timeframe: AnyTimeframe;
}): readonly ModelDto[] {
  const { data = [] } = useQuery('training.models', () => rpc.training.models(), []);
  return data
    .filter((m) => m.present && m.symbol === market.symbol && m.timeframe === market.timeframe)
    .sort((a, b) => b.createdMs - a.createdMs);
}

/** Models that say where the price goes. */
export const forecasting = (models: readonly ModelDto[]): readonly ModelDto[] =>
  models.filter((m) => m.role === 'regressor' || m.role === 'diffusion');

/** The model whose forecast is drawn: the chosen one if it is of this market, else the newest of this market. */
export function useForecastModel(models: readonly ModelDto[]): ModelDto | undefined {
  const show = useChart((c) => c.showForecast);
  const modelId = useWorkspace((w) => w.modelId);
  const able = forecasting(models);
  return show ? (able.find((m) => m.id === modelId) ?? able[0]) : undefined;
}

/** The model whose unusual windows are marked: the chosen one, else the newest of this market. */
export function useAnomalyModel(models: readonly ModelDto[]): ModelDto | undefined {
  const chosen = useChart((c) => c.anomalyModel);
  const able = models.filter((m) => m.role === 'anomaly');
  return chosen === NONE ? undefined : (able.find((m) => m.id === chosen) ?? able[0]);
}

const NONE = 'none';

const nameOf = (m: ModelDto): string => `${familyLabel(m.family)} v${m.version}, ${formatDate(m.createdMs)}`;

/** Shown where there is a model that marks unusual windows. */
export function AnomalySelect({
  models,
  model,
}: {
  readonly models: readonly ModelDto[];
  readonly model: ModelDto | undefined;
}) {
  const able = models.filter((m) => m.role === 'anomaly');
  if (able.length === 0) return null;
  return (
    <Select
      aria-label="Unusual windows of model"
      w={226}
      value={model?.id ?? NONE}
      data={[
        { value: NONE, label: 'No unusual windows' },
        ...able.map((m) => ({ value: m.id, label: `Unusual: ${nameOf(m)}` })),
      ]}
      comboboxProps={{ width: 260, position: 'bottom-end' }}
      onChange={(id) => id !== null && chartStore.setState({ anomalyModel: id })}
    />
  );
}

export function ForecastSelect({
  models,
  model,
}: {
  readonly models: readonly ModelDto[];
  readonly model: ModelDto | undefined;
}) {
  const setModelId = useWorkspace((w) => w.setModelId);
  const able = forecasting(models);
  if (able.length === 0)
    return <span className="ft-dim ft-small ft-ellipsis">No model of this market yet</span>;
  return (
    <Select
      aria-label="Forecast of model"
      w={226}
      value={model?.id ?? NONE}
      data={[
        { value: NONE, label: 'No forecast' },
        ...able.map((m) => ({
          value: m.id,
          label: `${m.role === 'diffusion' ? 'Fan' : 'Forecast'}: ${nameOf(m)}`,
        })),
      ]}
      comboboxProps={{ width: 250, position: 'bottom-end' }}
      onChange={(id) => {
        chartStore.setState({ showForecast: id !== NONE });
        if (id !== null && id !== NONE) setModelId(id);
      }}
    />
  );
}

interface TradesSelectProps {
  readonly from: TradesFrom;
  readonly hasBacktest: boolean;
  readonly hasSession: boolean;
}

export function TradesSelect({ from, hasBacktest, hasSession }: TradesSelectProps) {
  if (!hasBacktest && !hasSession) return null;
  return (
    <Select
      aria-label="Trades shown"
      w={134}
      value={from}
      data={[
        { value: 'none', label: 'No trades' },
        { value: 'backtest', label: 'Backtest trades', disabled: !hasBacktest },
        { value: 'session', label: 'Session trades', disabled: !hasSession },
      ]}
      onChange={(v) => v !== null && chartStore.setState({ tradesFrom: v as TradesFrom })}
    />
  );
}

interface ViewToolsProps {
  readonly onDate: () => void;
  readonly onFit: () => void;
  readonly onLatest: () => void;
  readonly onPng: () => void;
  readonly onCsv: () => void;
}

export function ViewTools({ onDate, onFit, onLatest, onPng, onCsv }: ViewToolsProps) {
  return (
    <>
      <ActionIcon aria-label="Go to a date" title="Go to a date (Ctrl G, or G and Enter)" onClick={onDate}>
        <IconCalendarSearch size={16} stroke={1.7} aria-hidden />
      </ActionIcon>
      <ActionIcon
        aria-label="Fit the whole history"
        title="Fit the whole history (Home, or double-click)"
        onClick={onFit}
      >
        <IconArrowsHorizontal size={16} stroke={1.7} aria-hidden />
      </ActionIcon>
      <ActionIcon aria-label="Go to the latest bar" title="Go to the latest bar (End)" onClick={onLatest}>
        <IconArrowBarToRight size={16} stroke={1.7} aria-hidden />
      </ActionIcon>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label="Export the chart" title="Export">
            <IconDownload size={16} stroke={1.7} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={onPng}>Picture (PNG)</Menu.Item>
          <Menu.Item onClick={onCsv}>Loaded bars (CSV, UTC)</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
