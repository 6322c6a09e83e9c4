import { useEffect, useMemo, useRef } from 'react';
import type { ChartSymbol } from '../../../src-shared/market/chartSymbols.ts';
import { type AnyTimeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { useChartColors } from '../../ui/theme.ts';
import type { BarWindow } from './barWindow.ts';
import { useAnomalyModel, useForecastModel, useMarketModels } from './ChartTools.tsx';
import { useChart as useChoice } from './chartStore.ts';
import { placeForecast } from './forecastPlace.ts';
import { tradeMarkers } from './tradeMarkers.ts';
import { repairMarkers, useNews, useNewsMarks, useOtherSide, useSessionMarks } from './useChartLayers.ts';
import type { ChartHandle } from './useCharts.ts';
import { useForecast } from './useForecast.ts';
import { useDrawnAnomalies, useDrawnFan } from './useModelOverlays.ts';
import type { useTrades } from './useTrades.ts';

/** The forecast of the chosen model, drawn while its own timeframe is on the screen. */
export function useDrawnForecast(
  handle: ChartHandle | undefined,
  window: BarWindow | undefined,
  symbol: string,
  timeframe: AnyTimeframe,
  version: string,
) {
  const models = useMarketModels({ symbol, timeframe });
  const model = useForecastModel(models);
  const fan = useDrawnFan(handle?.view, window, model);
  const anomalies = useDrawnAnomalies(handle?.view, window, useAnomalyModel(models));
  const times = model && window?.timeframe === model.timeframe ? window.bars.timeMs : undefined;
  const view = useForecast(model?.id, version, times);
  const points = useMemo(
    () => (times && view.forecast ? placeForecast(times, view.forecast, timeframeMs(timeframe)) : NO_POINTS),
    [times, view.forecast, timeframe],
  );
  useEffect(() => handle?.view.setForecast(points), [handle, points]);
  const drawn = times && view.forecast;
  return {
    ...view,
    points,
    fan,
    anomalies,
    legend: drawn && { points, horizonBars: drawn.horizonBars, confidence: drawn.confidence },
  };
}
const NO_POINTS: ReturnType<typeof placeForecast> = [];

/** Trades and repaired bars on the bars that are held. */
export function useMarkers(
  handle: ChartHandle | undefined,
  window: BarWindow | undefined,
  trades: ReturnType<typeof useTrades>['trades'],
): void {
  const colors = useChartColors();
  const repaired = useChoice((c) => c.repaired);
  const times = window?.bars.timeMs;
  useEffect(() => {
    handle?.view.setMarkers('trades', times && trades ? tradeMarkers(trades, times, colors) : []);
  }, [handle, times, trades, colors]);
  useEffect(() => {
    handle?.view.setMarkers('marked', window && repaired ? repairMarkers(window.marked, colors.warning) : []);
  }, [handle, window, repaired, colors]);
}

/** The choices that apply to every chart: style, volume, the other side, news, sessions. */
export function useLayers(
  handle: ChartHandle | undefined,
  window: BarWindow | undefined,
  info: ChartSymbol,
  version: string,
) {
  const colors = useChartColors();
  const style = useChoice((c) => c.style);
  const volume = useChoice((c) => c.volume);
  const wantsOther = useChoice((c) => c.otherSide);
  const wantsNews = useChoice((c) => c.news);
  const sessions = useChoice((c) => c.sessions);
  useEffect(() => handle?.view.setStyle(style), [handle, style]);
  const traded = useTraded(info.symbol, window);
  useEffect(() => handle?.view.showVolume(volume && traded), [handle, volume, traded]);
  const shownSide = window?.priceSide;
  const otherSide = wantsOther ? info.sides.find((s) => s !== shownSide && s !== 'mid') : undefined;
  const other = useOtherSide(info.symbol, window, shownSide && otherSide, version);
  useEffect(() => handle?.view.setOther(other), [handle, other]);
  const events = useNews(info.symbol, window, wantsNews);
  const near = useNewsMarks(handle?.view, events, colors, sessions);
  useSessionMarks(handle?.view, sessions, colors);
  return { other, near, traded };
}

/** Whether the history says what was traded. Once it did, that holds: a quiet stretch does not take the pane away. */
function useTraded(symbol: string, window: BarWindow | undefined): boolean {
  const of = window && `${symbol} ${window.madeFrom} ${window.priceSide}`;
  const seen = useRef('');
  return useMemo(() => {
    if (!window || of === undefined || seen.current === of) return true;
    if (!window.bars.volume.some((v) => v > 0)) return false;
    seen.current = of;
    return true;
  }, [of, window]);
}
