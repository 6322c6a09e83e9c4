import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import type { ChartSymbol } from '../../../src-shared/market/chartSymbols.ts';
import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';
import { formatDate, formatNumber } from '../../ui/format.ts';
import { describeError } from '../../ui/rpc.ts';
import { ErrorState, LoadingState } from '../../ui/states.tsx';
import type { BarFeed, FeedState } from './barFeed.ts';
import { type ChartCellInfo, ChartExtras } from './ChartExtras.tsx';
import type { CellId } from './chartStore.ts';
import { onPointed, setPointed, usePointed } from './crosshairLink.ts';
import { GoToDate } from './GoToDate.tsx';
import { Legend } from './Legend.tsx';
import { ModelNotes } from './ModelNotes.tsx';
import { eventLine } from './newsMarks.ts';
import type { PriceView } from './priceView.ts';
import { QuickSwitch } from './QuickSwitch.tsx';
import { beginsTimeframe, goesToDate, type QuickMatch } from './quickSwitch.ts';
import { useDrawnForecast, useLayers, useMarkers } from './useCellLayers.ts';
import { type ChartHandle, useChart } from './useCharts.ts';
import { useTrades } from './useTrades.ts';

/** What a chart tells those around it. */
export interface CellReport {
  readonly handle: ChartHandle;
  readonly state: FeedState;
  readonly info: ChartCellInfo;
}

interface ChartCellProps {
  readonly id: CellId;
  readonly info: ChartSymbol;
  readonly symbols: readonly ChartSymbol[];
  readonly timeframe: AnyTimeframe;
  readonly side: PriceSide | undefined;
  /** Changes with the stored bars of the symbol. */
  readonly version: string;
  readonly active: boolean;
  /** Other charts stand beside it. */
  readonly several: boolean;
  readonly onActivate: () => void;
  readonly onChoose: (match: QuickMatch) => void;
  readonly onReport: (id: CellId, report: CellReport | undefined) => void;
  readonly asking: 'date' | undefined;
  readonly onAsked: () => void;
}

function onChartKey(event: KeyboardEvent, handle: ChartHandle | undefined): string | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || !handle) return undefined;
  const { view, feed } = handle;
  const step = event.shiftKey ? 0.5 : 0.1;
  const acts: Record<string, () => void> = {
    ArrowLeft: () => view.pan(-step),
    ArrowRight: () => view.pan(step),
    '+': () => view.zoom(0.8),
    '=': () => view.zoom(0.8),
    '-': () => view.zoom(1.25),
    Home: () => feed.fit(),
    End: () => feed.latest(),
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

/** Hands the pointer on to linked charts, and follows theirs. @returns the instant that the legend is to show */
function useCrosshair(id: CellId, symbol: string, view: PriceView | undefined): number | undefined {
  const pointed = usePointed();
  useEffect(() => {
    if (!view) return;
    const off = view.onCrosshair((timeMs, price) =>
      setPointed(timeMs === undefined ? undefined : { cell: id, symbol, timeMs, price }),
    );
    const offLink = onPointed((p) => {
      if (p?.cell === id) return;
      view.point(p?.timeMs, p?.symbol === symbol ? p?.price : undefined);
    });
    return () => {
      off();
      offLink();
      setPointed(undefined);
    };
  }, [id, symbol, view]);
  return pointed?.timeMs;
}

/** How many trades there are and when, with the way to them: a test span may lie far from the newest bars. */
function TradesNote({
  trades,
  feed,
}: {
  readonly trades: NonNullable<ReturnType<typeof useTrades>['trades']>;
  readonly feed: BarFeed;
}) {
  const first = trades[0];
  const last = trades.at(-1);
  if (!first || !last) return null;
  return (
    <span>
      {formatNumber(trades.length)} {trades.length === 1 ? 'trade' : 'trades'},{' '}
      {formatDate(first.entryTimeMs)} to {formatDate(last.exitTimeMs ?? last.entryTimeMs)}{' '}
      <button type="button" className="ft-link" onClick={() => feed.goTo(last.entryTimeMs)}>
        Go to the last
      </button>
    </span>
  );
}

function Notes({ children }: { readonly children: ReactNode }) {
  return <div className="ft-chart-notes ft-num">{children}</div>;
}

/** One chart: a market in a timeframe, with everything that lies on it, and the keyboard. */
export function ChartCell(props: ChartCellProps) {
  const { id, info, symbols, timeframe, side, version, active, several, onReport, asking } = props;
  const { symbol, digits, pipSize } = info;
  const root = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const { handle, state } = useChart(box, {
    symbol,
    timeframe,
    priceSide: side,
    digits,
    available: info.timeframes,
    version,
  });
  const { window } = state;
  const hoverMs = useCrosshair(id, symbol, handle?.view);
  const { trades, elsewhere } = useTrades({ symbol, timeframe });
  const forecast = useDrawnForecast(handle, window, symbol, timeframe, version);
  useMarkers(handle, window, trades);
  const { other, near, traded } = useLayers(handle, window, info, version);
  const [typed, setTyped] = useState<string>();
  const [date, setDate] = useState<string>();
  const view = handle?.view;
  const shownFrame = window?.timeframe ?? timeframe;
  const cell = useMemo(
    (): ChartCellInfo | undefined =>
      view && { id, symbol, timeframe: shownFrame, digits, pipSize, view, active },
    [view, id, symbol, shownFrame, digits, pipSize, active],
  );
  useEffect(() => {
    onReport(id, handle && cell && { handle, state, info: cell });
  }, [onReport, id, handle, state, cell]);
  useEffect(() => () => onReport(id, undefined), [onReport, id]);
  useEffect(() => {
    if (asking !== 'date') return;
    setDate('');
    props.onAsked();
  }, [asking, props.onAsked]);
  const refocus = () => root.current?.focus();
  return (
    <div
      ref={root}
      className="ft-chart"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the chart is moved, zoomed and searched with keys
      tabIndex={0}
      role="application"
      aria-label={`Price chart of ${symbol} ${timeframe}. Arrow keys pan, plus and minus zoom, typing searches a symbol, a timeframe or a date.`}
      data-cell={id}
      data-active={several && active}
      data-bars={window?.bars.timeMs.length ?? 0}
      data-shown={window ? `${symbol} ${window.timeframe}` : ''}
      data-forecasts={forecast.points.length}
      onFocus={props.onActivate}
      onPointerDownCapture={props.onActivate}
      onKeyDown={(e) => {
        if (typed !== undefined) return;
        // A button inside has the keyboard for itself.
        if (e.target !== e.currentTarget) return;
        if (date !== undefined) {
          // The dialogue is on its way: nothing typed meanwhile is lost, or taken for a key of the frame.
          if (e.key.length > 1 || e.ctrlKey || e.metaKey || e.altKey) return;
          e.preventDefault();
          setDate(date + e.key);
          return;
        }
        if ((e.altKey || e.ctrlKey || e.metaKey) && !e.shiftKey && e.code === 'KeyG') {
          e.preventDefault();
          setDate('');
          return;
        }
        const key = onChartKey(e, handle);
        if (key === undefined) return;
        if (/\d/.test(key) && !beginsTimeframe(key)) return;
        e.preventDefault();
        if (goesToDate(key, symbols)) setDate('');
        else setTyped(key);
      }}
    >
      <div ref={box} className="ft-chart-box" data-testid="price-chart" />
      {window && cell && <ChartExtras cell={cell} bars={window.bars} />}
      {window && (
        <Legend
          name={several ? `${symbol} ${timeframe}` : undefined}
          synthetic={info.synthetic}
          chosen={timeframe}
          window={window}
          digits={digits}
          pipSize={pipSize}
          other={other}
          traded={traded}
          hoverMs={hoverMs}
          forecast={forecast.legend}
        >
          <ModelNotes fan={forecast.fan} anomalies={forecast.anomalies} hoverMs={hoverMs} digits={digits} />
          <Notes>
            {forecast.error ? (
              <span className="ft-bad">Forecast: {describeError(forecast.error).title}</span>
            ) : null}
            {forecast.busy && <span>Loading the forecast…</span>}
            {state.error ? (
              <button type="button" className="ft-link ft-bad" onClick={() => handle?.feed.retry()}>
                More bars could not be loaded: {describeError(state.error).title} Try again
              </button>
            ) : null}
            {!several && elsewhere && <span>The chosen trades are of {elsewhere}</span>}
            {handle && trades && trades.length > 0 && <TradesNote trades={trades} feed={handle.feed} />}
          </Notes>
        </Legend>
      )}
      {near && (
        <div
          className="ft-chart-event ft-num"
          role="status"
          style={
            near.x > (box.current?.clientWidth ?? 0) / 2
              ? { right: `calc(100% - ${near.x - 10}px)` }
              : { left: near.x + 10 }
          }
        >
          {near.events.map((event) => (
            <div key={event.id} data-impact={event.impact}>
              {eventLine(event)}
            </div>
          ))}
          {near.more > 0 && <div className="ft-dim">and {formatNumber(near.more)} more here</div>}
        </div>
      )}
      {!window && (
        <div className="ft-chart-cover">
          {state.error ? (
            <ErrorState error={state.error} onRetry={() => handle?.feed.retry()} />
          ) : (
            <LoadingState label="Loading bars" />
          )}
        </div>
      )}
      {typed !== undefined && (
        <QuickSwitch
          first={typed}
          symbols={symbols}
          now={{ symbol, timeframe }}
          onChoose={props.onChoose}
          onDate={setDate}
          onClose={(focus) => {
            setTyped(undefined);
            if (focus) refocus();
          }}
        />
      )}
      {date !== undefined && (
        <GoToDate
          text={date}
          onText={setDate}
          firstMs={window?.firstMs ?? null}
          lastMs={window?.lastMs ?? null}
          onGo={(ms) => handle?.feed.goTo(ms)}
          onClose={() => {
            setDate(undefined);
            refocus();
          }}
        />
      )}
    </div>
  );
}
