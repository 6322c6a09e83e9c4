import { useThrottledValue } from '@mantine/hooks';
import {
  CandlestickSeries,
  createSeriesMarkers,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  LineStyle,
  type Time,
} from 'lightweight-charts';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { BarColumnsDto } from '../../../src-shared/contract/data.ts';
import type { SessionDto } from '../../../src-shared/contract/live.ts';
import { type Timeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { usePreferences } from '../../state/preferences.ts';
import { formatPrice } from '../../ui/format.ts';
import { rpc } from '../../ui/rpc.ts';
import { ErrorLine } from '../../ui/states.tsx';
import { type ChartColors, useChartColors } from '../../ui/theme.ts';
import { createTimeChart, restyleTimeChart } from '../../ui/timeChart.ts';
import { candles, fillMarkers } from './candles.ts';
import styles from './Live.module.css';

const SHOWN_BARS = 200;
/** Bars are asked for again at most this often, however fast the replay runs. */
const REFRESH_MS = 700;

interface Parts {
  readonly chart: IChartApi;
  readonly series: ISeriesApi<'Candlestick'>;
  readonly markers: ISeriesMarkersPluginApi<Time>;
}

function candleColors(colors: ChartColors) {
  return {
    upColor: colors.up,
    borderUpColor: colors.up,
    wickUpColor: colors.up,
    downColor: colors.down,
    borderDownColor: colors.down,
    wickDownColor: colors.down,
  };
}

function makeParts(box: HTMLElement, colors: ChartColors, zone: 'utc' | 'local', digits: number): Parts {
  const chart = createTimeChart(box, colors, zone);
  const series = chart.addSeries(CandlestickSeries, {
    ...candleColors(colors),
    priceLineVisible: false,
    priceFormat: {
      type: 'custom',
      minMove: 10 ** -digits,
      formatter: (price: number) => formatPrice(price, digits),
    },
  });
  return { chart, series, markers: createSeriesMarkers(series, []) };
}

/** Entry, stop and target of the open position, as named lines. */
function positionLines(
  series: ISeriesApi<'Candlestick'>,
  session: SessionDto,
  colors: ChartColors,
): IPriceLine[] {
  const { position } = session;
  if (!position) return [];
  const wanted = [
    { title: 'entry', price: position.entryPrice, color: colors.text },
    { title: 'stop', price: position.stopPrice, color: colors.error },
    { title: 'target', price: position.targetPrice, color: colors.accent },
  ];
  return wanted.flatMap(({ title, price, color }) =>
    price === undefined
      ? []
      : [
          series.createPriceLine({
            title,
            price,
            color,
            lineWidth: 1,
            lineStyle: LineStyle.Dashed,
            axisLabelVisible: true,
          }),
        ],
  );
}

interface Bars {
  readonly bars: BarColumnsDto | undefined;
  readonly error: unknown;
}

/** The last bars up to and with the one that opened at a moment, asked for again as the moment moves on. */
function useBarsUntil(symbol: string, timeframe: Timeframe, untilMs: number | undefined): Bars {
  const [state, setState] = useState<Bars>({ bars: undefined, error: undefined });
  const barTimeMs = useThrottledValue(untilMs, REFRESH_MS);
  useEffect(() => {
    if (barTimeMs === undefined) return;
    let overtaken = false;
    rpc.data.bars({ symbol, timeframe, endMs: barTimeMs + timeframeMs(timeframe), count: SHOWN_BARS }).then(
      ({ bars }) => overtaken || setState({ bars, error: undefined }),
      (error: unknown) => overtaken || setState((was) => ({ bars: was.bars, error })),
    );
    return () => {
      overtaken = true;
    };
  }, [symbol, timeframe, barTimeMs]);
  return state;
}

/** The bars up to the session's market time, with its fills and the levels of its position. Never a bar ahead. */
export function PriceChart({ session }: { readonly session: SessionDto }) {
  const box = useRef<HTMLDivElement>(null);
  const parts = useRef<Parts>(undefined);
  const colors = useChartColors();
  const zone = usePreferences((p) => p.zone);
  const { symbol, timeframe, digits, id } = session;
  const { bars, error } = useBarsUntil(symbol, timeframe, session.barTimeMs);

  // biome-ignore lint/correctness/useExhaustiveDependencies: palette and zone are taken over below, without a new chart
  useEffect(() => {
    if (!box.current) return;
    const made = makeParts(box.current, colors, zone, digits);
    parts.current = made;
    return () => {
      parts.current = undefined;
      made.chart.remove();
    };
  }, [digits, id]);

  useEffect(() => {
    if (!parts.current) return;
    restyleTimeChart(parts.current.chart, colors, zone);
    parts.current.series.applyOptions(candleColors(colors));
  }, [colors, zone]);

  const shown = useMemo(() => (bars ? candles(bars) : []), [bars]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another session is another chart, to be filled anew
  useEffect(() => {
    parts.current?.series.setData(shown);
    parts.current?.chart.timeScale().fitContent();
  }, [shown, id]);
  useEffect(() => {
    parts.current?.markers.setMarkers(
      fillMarkers(session.fills, shown, colors, timeframeMs(timeframe) / 1000),
    );
  }, [session.fills, shown, colors, timeframe]);
  const { position } = session;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only the levels of the position move its lines
  useEffect(() => {
    const series = parts.current?.series;
    if (!series) return;
    const lines = positionLines(series, session, colors);
    return () => {
      // The chart may be gone already, and its lines with it.
      if (parts.current?.series === series) for (const line of lines) series.removePriceLine(line);
    };
  }, [position?.id, position?.stopPrice, position?.targetPrice, position?.entryPrice, colors, id]);

  return (
    <div
      className={styles.box}
      role="img"
      aria-label={`Price of ${symbol} up to the session's market time, with fills`}
    >
      {error !== undefined && <ErrorLine error={error} />}
      <div ref={box} className={styles.canvas} data-testid="live-price" />
    </div>
  );
}
