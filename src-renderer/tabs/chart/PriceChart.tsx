import { type KeyboardEvent, type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import { timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { useDatasets } from '../../state/markets.ts';
import { usePreferences } from '../../state/preferences.ts';
import { formatDate, formatNumber } from '../../ui/format.ts';
import { describeError } from '../../ui/rpc.ts';
import { ErrorState, LoadingState } from '../../ui/states.tsx';
import { useChartColors } from '../../ui/theme.ts';
import { ChartExtras } from './ChartExtras.tsx';
import { barOf, placeForecast } from './forecastPlace.ts';
import { Legend } from './Legend.tsx';
import { PriceView } from './priceView.ts';
import { QuickSwitch } from './QuickSwitch.tsx';
import { beginsTimeframe } from './quickSwitch.ts';
import { type ShownTrade, tradeMarkers } from './tradeMarkers.ts';
import { type BarsView, useForecast } from './useBars.ts';

interface PriceChartProps {
  readonly dataset: DatasetDto;
  readonly view: BarsView;
  readonly modelId: string | undefined;
  readonly trades: readonly ShownTrade[] | undefined;
  /** Market of the chosen trades, where it is another. */
  readonly elsewhere: string | undefined;
  readonly chart: RefObject<PriceView | undefined>;
}

function useView(
  box: RefObject<HTMLDivElement | null>,
  chart: RefObject<PriceView | undefined>,
  bars: BarsView,
) {
  const colors = useChartColors();
  const zone = usePreferences((p) => p.zone);
  const [hoverMs, setHoverMs] = useState<number>();
  const [made, setMade] = useState<PriceView>();
  const newest = useRef(bars);
  newest.current = bars;
  // biome-ignore lint/correctness/useExhaustiveDependencies: palette and zone are taken over below, without a new chart
  useEffect(() => {
    if (!box.current) return;
    const view = new PriceView(box.current, colors, zone);
    view.onCrosshair(setHoverMs);
    view.onRange((visible) => visible.from < 60 && newest.current.older());
    chart.current = view;
    setMade(view);
    return () => {
      chart.current = undefined;
      view.dispose();
    };
  }, [box, chart]);
  useEffect(() => chart.current?.restyle(colors, zone), [chart, colors, zone]);
  return { hoverMs, colors, made };
}

function onChartKey(event: KeyboardEvent, view: PriceView | undefined): string | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || !view) return undefined;
  const step = event.shiftKey ? 0.5 : 0.1;
  const acts: Record<string, () => void> = {
    ArrowLeft: () => view.pan(-step),
    ArrowRight: () => view.pan(step),
    '+': () => view.zoom(0.8),
    '=': () => view.zoom(0.8),
    '-': () => view.zoom(1.25),
    Home: () => view.fit(),
    End: () => view.look({ kind: 'latest' }),
    Escape: () => (event.currentTarget as HTMLElement).blur(),
  };
  const act = acts[event.key];
  if (act) {
    event.preventDefault();
    act();
    return undefined;
  }
  return /^[a-z0-9]$/i.test(event.key) ? event.key : undefined;
}

interface TradesNoteProps {
  readonly trades: readonly ShownTrade[];
  readonly view: BarsView;
  readonly chart: RefObject<PriceView | undefined>;
}

/** How many trades there are and when, with the way to them: a test span may lie far from the newest bars. */
function TradesNote({ trades, view, chart }: TradesNoteProps) {
  const first = trades[0];
  const last = trades.at(-1);
  if (!first || !last) return null;
  const go = async () => {
    const bars = await view.reach(last.entryTimeMs);
    const row = bars && barOf(bars.timeMs, last.entryTimeMs);
    // The chart takes the new bars over when React has drawn them.
    if (row !== undefined)
      requestAnimationFrame(() => chart.current?.look({ kind: 'centre', ms: last.entryTimeMs, bars: 160 }));
  };
  return (
    <span>
      {formatNumber(trades.length)} {trades.length === 1 ? 'trade' : 'trades'},{' '}
      {formatDate(first.entryTimeMs)} to {formatDate(last.exitTimeMs ?? last.entryTimeMs)}{' '}
      <button type="button" className="ft-link" onClick={() => void go()}>
        Go to the last
      </button>
    </span>
  );
}

/** The chart of one history. */
export function PriceChart({ dataset, view, modelId, trades, elsewhere, chart }: PriceChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const { hoverMs, colors, made } = useView(box, chart, view);
  const { bars, key } = view;
  const { forecast, busy, error } = useForecast(modelId, key, bars);
  const shownKey = useRef<string>(undefined);
  const [typed, setTyped] = useState<string>();
  const { data: stored = [] } = useDatasets();
  const points = useMemo(
    () => (bars && forecast ? placeForecast(bars.timeMs, forecast, timeframeMs(dataset.timeframe)) : []),
    [bars, forecast, dataset.timeframe],
  );
  const markers = useMemo(
    () => (bars && trades ? tradeMarkers(trades, bars.timeMs, colors) : []),
    [bars, trades, colors],
  );
  useEffect(() => {
    if (!bars) return;
    const fresh = shownKey.current !== key;
    shownKey.current = key;
    chart.current?.setBars(
      { bars, digits: dataset.digits, frameMs: timeframeMs(dataset.timeframe), lastPartial: false },
      fresh ? { kind: 'latest' } : { kind: 'keep' },
    );
  }, [chart, key, bars, dataset]);
  // After the bars: the forecast and the marks lie on them.
  useEffect(() => chart.current?.setForecast(points), [chart, points]);
  useEffect(() => chart.current?.setMarkers('trades', markers), [chart, markers]);
  return (
    <div
      className="ft-chart"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the chart is moved, zoomed and searched with keys
      tabIndex={0}
      role="application"
      aria-label={`Price chart of ${dataset.symbol} ${dataset.timeframe}. Arrow keys pan, plus and minus zoom, typing searches a symbol or timeframe.`}
      data-bars={bars?.timeMs.length ?? 0}
      data-forecasts={points.length}
      onKeyDown={(e) => {
        if (typed !== undefined) return;
        // A button inside has the keyboard for itself.
        if (e.target !== e.currentTarget) return;
        const key = onChartKey(e, chart.current);
        if (key === undefined) return;
        if (/\d/.test(key) && !beginsTimeframe(key, stored, dataset)) return;
        e.preventDefault();
        setTyped(key);
      }}
    >
      <div ref={box} className="ft-chart-box" data-testid="price-chart" />
      {bars && made && (
        <ChartExtras
          cell={{
            id: 'a',
            symbol: dataset.symbol,
            timeframe: dataset.timeframe,
            digits: dataset.digits,
            pipSize: dataset.pipSize,
            view: made,
            active: true,
          }}
          bars={bars}
        />
      )}
      {bars && (
        <Legend
          dataset={dataset}
          bars={bars}
          hoverMs={hoverMs}
          forecast={
            forecast && { points, horizonBars: forecast.horizonBars, confidence: forecast.confidence }
          }
        />
      )}
      <div className="ft-chart-notes ft-num">
        {error ? <span className="ft-bad">Forecast: {describeError(error).title}</span> : null}
        {busy && <span>Loading the forecast…</span>}
        {bars && view.error ? (
          <button type="button" className="ft-link ft-bad" onClick={view.retry}>
            Older bars could not be loaded: {describeError(view.error).title} Try again
          </button>
        ) : null}
        {bars && view.busy && <span>Loading older bars…</span>}
        {elsewhere && <span>The chosen trades are of {elsewhere}</span>}
        {bars && trades && trades.length > 0 && <TradesNote trades={trades} view={view} chart={chart} />}
      </div>
      {!bars && (
        <div className="ft-chart-cover">
          {view.error ? (
            <ErrorState error={view.error} onRetry={view.retry} />
          ) : (
            <LoadingState label="Loading bars" />
          )}
        </div>
      )}
      {typed !== undefined && (
        <QuickSwitch
          first={typed}
          onClose={(refocus) => {
            setTyped(undefined);
            if (refocus) box.current?.parentElement?.focus();
          }}
        />
      )}
    </div>
  );
}
