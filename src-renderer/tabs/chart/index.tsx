import { Button } from '@mantine/core';
import { IconChartCandle } from '@tabler/icons-react';
import { useCallback, useMemo, useState } from 'react';
import { type ChartSymbol, chartSymbols } from '../../../src-shared/market/chartSymbols.ts';
import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';
import { useDatasets } from '../../state/markets.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { formatNumber } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { EmptyState, ErrorState, LoadingState } from '../../ui/states.tsx';
import { loadDemoMarket } from '../data/importTask.ts';
import { openImport } from '../data/openImport.ts';
import type { BarWindow } from './barWindow.ts';
import { type CellReport, ChartCell } from './ChartCell.tsx';
import { ToolbarExtras } from './ChartExtras.tsx';
import { FrameStrip, LayersMenu, LayoutTools, SideSwitch, StyleMenu } from './ChartStrip.tsx';
import {
  AnomalySelect,
  ForecastSelect,
  TradesSelect,
  useAnomalyModel,
  useForecastModel,
  useMarketModels,
  ViewTools,
} from './ChartTools.tsx';
import { CELL_IDS, type CellId, shownCells, useChart } from './chartStore.ts';
import { saveBars, savePicture } from './exports.ts';
import { useChartCommands } from './useChartCommands.ts';
import { useChartTarget } from './useChartTarget.ts';
import { activate, chooseMarket, useMarketOfCharts } from './useMarketOfCharts.ts';
import { useTrades } from './useTrades.ts';
import './chart.css';

/** Which chart was asked for something that it asks the user about. */
type Asking = { readonly cell: CellId; readonly what: 'date' } | undefined;

/** Charts that have reported themselves, by cell. */
function useReports() {
  const [reports, setReports] = useState<Partial<Record<CellId, CellReport>>>({});
  const report = useCallback(
    (id: CellId, next: CellReport | undefined) =>
      setReports((all) => {
        const rest = { ...all };
        if (next) rest[id] = next;
        else delete rest[id];
        return rest;
      }),
    [],
  );
  return { reports, report };
}

function useTools(report: CellReport | undefined, name: string, ask: () => void) {
  const bars = report?.state.window?.bars;
  const handle = report?.handle;
  return useMemo(
    () => ({
      onDate: ask,
      onFit: () => handle?.feed.fit(),
      onLatest: () => handle?.feed.latest(),
      onPng: () => handle && savePicture(name, handle.view.picture()),
      onCsv: () => bars && saveBars(name, bars),
    }),
    [handle, name, bars, ask],
  );
}

/** How much of the history the chart holds. */
function loadedText(window: BarWindow, chosen: AnyTimeframe): string {
  const { bars, total, priceSide, timeframe, madeFrom, before, after } = window;
  const about = timeframe !== madeFrom && (before || after) ? 'about ' : '';
  const counted = `${formatNumber(bars.timeMs.length)} of ${about}${formatNumber(total)} bars`;
  return `${priceSide} prices, ${counted}${timeframe === chosen ? '' : ` of ${timeframe}`} loaded`;
}

interface ChartsProps {
  readonly symbols: readonly ChartSymbol[];
  /** Of each symbol: changes with its stored bars. */
  readonly versions: ReadonlyMap<string, string>;
}

function Charts({ symbols, versions }: ChartsProps) {
  const active = useChart((c) => c.active);
  const cells = useChart((c) => c.cells);
  const layout = useChart((c) => c.layout);
  const { reports, report } = useReports();
  const [asking, setAsking] = useState<Asking>();
  const market = cells[active];
  const info = symbols.find((s) => s.symbol === market.symbol) ?? symbols[0]!;
  const timeframe =
    market.timeframe && info.timeframes.includes(market.timeframe) ? market.timeframe : info.timeframes[0]!;
  const shown = reports[active];
  const window = shown?.state.window;
  const models = useMarketModels({ symbol: info.symbol, timeframe });
  const model = useForecastModel(models);
  const anomalyModel = useAnomalyModel(models);
  const { trades: _, elsewhere: __, ...sources } = useTrades({ symbol: info.symbol, timeframe });
  const ask = useCallback(() => setAsking({ cell: active, what: 'date' }), [active]);
  const tools = useTools(shown, `${info.symbol}_${window?.timeframe ?? timeframe}`, ask);
  const choose = useCallback(
    (next: Parameters<typeof chooseMarket>[1]) => chooseMarket(active, next, symbols),
    [active, symbols],
  );
  useChartCommands(tools, info, choose);
  useChartTarget(shown, info.symbol, timeframe);
  const ids = shownCells({ layout });
  return (
    <Panel
      flush
      title={
        <>
          {info.symbol} {timeframe}
          {info.synthetic && <SyntheticBadge />}
          <span className="ft-dim ft-chart-side ft-num ft-ellipsis">
            {window && loadedText(window, timeframe)}
          </span>
        </>
      }
      actions={
        <>
          <ForecastSelect models={models} model={model} />
          <AnomalySelect models={models} model={anomalyModel} />
          <TradesSelect {...sources} />
          <ViewTools {...tools} />
        </>
      }
    >
      <div className="ft-charts">
        <div className="ft-chart-strip" role="toolbar" aria-label="Chart">
          <FrameStrip
            timeframes={info.timeframes}
            chosen={timeframe}
            onChoose={(t) => choose({ timeframe: t })}
          />
          <span className="ft-strip-gap" />
          <StyleMenu />
          <LayersMenu />
          <SideSwitch sides={info.sides} shown={window?.priceSide} onChoose={(side) => choose({ side })} />
          {shown && window && <ToolbarExtras cell={shown.info} bars={window.bars} />}
          <span className="ft-grow" />
          <LayoutTools />
        </div>
        <div className="ft-chart-grid" data-layout={layout}>
          {CELL_IDS.filter((id) => ids.includes(id)).map((id) => (
            <Cell
              key={id}
              id={id}
              symbols={symbols}
              versions={versions}
              several={ids.length > 1}
              active={id === active}
              asking={asking?.cell === id ? asking.what : undefined}
              onAsked={() => setAsking(undefined)}
              onReport={report}
            />
          ))}
        </div>
      </div>
    </Panel>
  );
}

interface CellProps extends ChartsProps {
  readonly id: CellId;
  readonly several: boolean;
  readonly active: boolean;
  readonly asking: 'date' | undefined;
  readonly onAsked: () => void;
  readonly onReport: (id: CellId, report: CellReport | undefined) => void;
}

function Cell({ id, symbols, versions, ...rest }: CellProps) {
  const market = useChart((c) => c.cells[id]);
  const info = symbols.find((s) => s.symbol === market.symbol) ?? symbols[0]!;
  const timeframe =
    market.timeframe && info.timeframes.includes(market.timeframe) ? market.timeframe : info.timeframes[0]!;
  return (
    <ChartCell
      {...rest}
      id={id}
      info={info}
      symbols={symbols}
      timeframe={timeframe}
      side={market.side && info.sides.includes(market.side) ? market.side : undefined}
      version={versions.get(info.symbol) ?? ''}
      onActivate={() => activate(id, symbols)}
      onChoose={(match) => chooseMarket(id, { symbol: match.symbol, timeframe: match.timeframe }, symbols)}
    />
  );
}

/** Calendars that the user gave to symbols, in words that change with them: longer bars follow the calendar. */
function useAssignedRules(): ReadonlyMap<string, string> {
  const { data } = useQuery('markets.calendars', () => rpc.markets.calendars.list(), []);
  return useMemo(
    () =>
      new Map(
        data?.assigned.map(({ symbol, calendar }) => [
          symbol,
          JSON.stringify(data.custom.find((c) => c.name === calendar) ?? calendar),
        ]),
      ),
    [data],
  );
}

/** The charts: bars, volume, forecast, trades, events, indicators and drawings of the chosen markets. */
export function ChartTab() {
  const { data: datasets, error, reload } = useDatasets();
  const data = useMemo(() => datasets && chartSymbols(datasets), [datasets]);
  useMarketOfCharts();
  const chosen = useChart((c) => c.cells[c.active].symbol !== undefined);
  const rules = useAssignedRules();
  const versions = useMemo(() => {
    const bySymbol = new Map<string, string>();
    for (const d of datasets ?? []) {
      const before = bySymbol.get(d.symbol) ?? rules.get(d.symbol) ?? '';
      bySymbol.set(d.symbol, `${before} ${d.dataHash} ${d.updatedMs}`);
    }
    return bySymbol;
  }, [datasets, rules]);
  if (data && data.length > 0 && chosen) return <Charts symbols={data} versions={versions} />;
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
