import { Button } from '@mantine/core';
import { IconChartCandle } from '@tabler/icons-react';
import { useMemo, useRef } from 'react';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import { type Command, useCommands } from '../../state/commands.ts';
import { useDataset, useDatasets } from '../../state/markets.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { formatNumber } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { EmptyState, ErrorState, LoadingState } from '../../ui/states.tsx';
import { loadDemoMarket } from '../data/importTask.ts';
import { openImport } from '../data/openImport.ts';
import { ForecastSelect, TradesSelect, useForecastModel, useMarketModels, ViewTools } from './ChartTools.tsx';
import { saveBars, savePicture } from './exports.ts';
import { PriceChart } from './PriceChart.tsx';
import type { PriceView } from './priceView.ts';
import { useBars } from './useBars.ts';
import { useTrades } from './useTrades.ts';
import './chart.css';

function MarketChart({ dataset }: { readonly dataset: DatasetDto }) {
  const chart = useRef<PriceView>(undefined);
  const view = useBars(dataset);
  const models = useMarketModels(dataset);
  const model = useForecastModel(models);
  const { trades, elsewhere, ...sources } = useTrades(dataset);
  const name = `${dataset.symbol}_${dataset.timeframe}`;
  const { bars } = view;
  const tools = useMemo(
    () => ({
      onFit: () => chart.current?.fit(),
      onLatest: () => chart.current?.look({ kind: 'latest' }),
      onPng: () => chart.current && savePicture(name, chart.current.picture()),
      onCsv: () => bars && saveBars(name, bars),
    }),
    [name, bars],
  );
  useCommands(
    useMemo((): Command[] => {
      const make = (id: string, label: string, run: () => void) => ({
        id: `chart.${id}`,
        label,
        group: 'Chart',
        run,
      });
      return [
        make('fit', 'Fit all loaded bars', tools.onFit),
        make('latest', 'Go to the latest bar', tools.onLatest),
        make('png', 'Save the chart as PNG', tools.onPng),
        make('csv', 'Save the loaded bars as CSV', tools.onCsv),
      ];
    }, [tools]),
  );
  return (
    <Panel
      flush
      title={
        <>
          {dataset.symbol} {dataset.timeframe}
          {dataset.synthetic && <SyntheticBadge />}
          <span className="ft-dim ft-chart-side ft-num ft-ellipsis">
            {dataset.priceSide} prices
            {bars && `, ${formatNumber(bars.timeMs.length)} of ${formatNumber(view.total)} bars loaded`}
          </span>
        </>
      }
      actions={
        <>
          <ForecastSelect models={models} model={model} />
          <TradesSelect {...sources} />
          <ViewTools {...tools} />
        </>
      }
    >
      <PriceChart
        dataset={dataset}
        view={view}
        modelId={model?.id}
        trades={trades}
        elsewhere={elsewhere}
        chart={chart}
      />
    </Panel>
  );
}

/** Candles, volume, forecast and trades of the chosen market. */
export function ChartTab() {
  const { data, error, reload } = useDatasets();
  const dataset = useDataset();
  if (dataset) return <MarketChart dataset={dataset} />;
  if (!data)
    return error ? (
      <ErrorState error={error} onRetry={reload} />
    ) : (
      <LoadingState label="Reading the stored histories" />
    );
  if (data.length > 0) return <LoadingState label="Choosing a market" />;
  return (
    <EmptyState
      icon={<IconChartCandle size={34} stroke={1.2} aria-hidden />}
      title="No history to draw yet"
      text="Import a file of bars to see them as candles, or load the demo market: generated, labelled SYNTHETIC, good for a first look."
      action={
        <>
          <Button variant="filled" onClick={openImport}>
            Import history
          </Button>
          <Button onClick={() => void loadDemoMarket()}>Load the demo market</Button>
        </>
      }
    />
  );
}
