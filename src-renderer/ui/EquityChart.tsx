import {
  AreaSeries,
  type AutoscaleInfo,
  type IChartApi,
  type ISeriesApi,
  LineSeries,
  LineStyle,
  type Time,
} from 'lightweight-charts';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { EquityDto } from '../../src-shared/contract/backtest.ts';
import { usePreferences } from '../state/preferences.ts';
import styles from './EquityChart.module.css';
import { type CurvePoint, curvePoints } from './equity.ts';
import { formatMoney, formatNumber, formatPct } from './format.ts';
import { Time as Moment } from './Time.tsx';
import { type ChartColors, useChartColors, withAlpha } from './theme.ts';
import { chartTimeMs, createTimeChart, restyleTimeChart } from './timeChart.ts';

export interface EquitySeries {
  readonly name: string;
  readonly equity: EquityDto;
}

export interface EquityChartProps {
  /** One curve, or several over the same or following times. */
  readonly series: readonly EquitySeries[];
  readonly currency: string;
  /** Pixels, or any CSS height; fills its box when absent. */
  readonly height?: number | string;
  readonly testId?: string;
}

interface Drawn {
  readonly line: ISeriesApi<'Line'>;
  readonly drawdown: ISeriesApi<'Area'>;
}

interface Prepared {
  readonly name: string;
  readonly equity: readonly CurvePoint[];
  readonly drawdown: readonly CurvePoint[];
}

/** Later curves are dashed as well as coloured, so that colour is not the only carrier. */
const STYLES = [LineStyle.Solid, LineStyle.Dashed, LineStyle.Dotted] as const;

function colorOf(colors: ChartColors, index: number): string {
  return colors.series[index % colors.series.length]!;
}

/** Without this a curve that hardly moves fills the pane with noise and labels that read the same. */
function atLeastHalfPercent(original: () => AutoscaleInfo | null): AutoscaleInfo | null {
  const info = original();
  if (!info?.priceRange) return info;
  const { minValue, maxValue } = info.priceRange;
  const room = Math.max(0, 0.005 * Math.abs(maxValue) - (maxValue - minValue)) / 2;
  return { ...info, priceRange: { minValue: minValue - room, maxValue: maxValue + room } };
}

function addPair(chart: IChartApi, index: number): Drawn {
  const quiet = { priceLineVisible: false, lastValueVisible: index === 0 };
  const line = chart.addSeries(
    LineSeries,
    {
      ...quiet,
      lineWidth: 2,
      lineStyle: STYLES[Math.min(index, 2)]!,
      crosshairMarkerRadius: 3,
      autoscaleInfoProvider: atLeastHalfPercent,
      priceFormat: { type: 'custom', minMove: 0.01, formatter: (v: number) => formatNumber(v, 0) },
    },
    0,
  );
  const drawdown = chart.addSeries(
    AreaSeries,
    {
      ...quiet,
      lineWidth: 1,
      invertFilledArea: true,
      crosshairMarkerVisible: false,
      priceFormat: { type: 'custom', minMove: 0.01, formatter: (v: number) => formatPct(v, { digits: 1 }) },
    },
    1,
  );
  return { line, drawdown };
}

function paint(drawn: Drawn, color: string): void {
  drawn.line.applyOptions({ color });
  drawn.drawdown.applyOptions({
    lineColor: color,
    topColor: withAlpha(color, 0.06),
    bottomColor: withAlpha(color, 0.3),
  });
}

/** The chart object, made once per box and number of curves. */
function useEquityChart(series: readonly Prepared[]) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<IChartApi>(undefined);
  const drawn = useRef<Drawn[]>([]);
  /** The user zoomed or panned: new points must not throw the view away. */
  const moved = useRef(false);
  const [hoverMs, setHoverMs] = useState<number>();
  const [paneTop, setPaneTop] = useState<number>();
  const colors = useChartColors();
  const zone = usePreferences((p) => p.zone);
  const count = series.length;

  // biome-ignore lint/correctness/useExhaustiveDependencies: palette and zone are taken over below, without a new chart
  useEffect(() => {
    if (!box.current) return;
    const made = createTimeChart(box.current, colors, zone);
    chart.current = made;
    drawn.current = Array.from({ length: count }, (_, i) => addPair(made, i));
    made.panes()[0]?.setStretchFactor(3);
    made.panes()[1]?.setStretchFactor(1.1);
    let frame = 0;
    made.subscribeCrosshairMove((event) => {
      const ms = event.time === undefined ? undefined : chartTimeMs(event.time as Time);
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => setHoverMs(ms));
    });
    moved.current = false;
    const onWheel = () => {
      moved.current = true;
    };
    const onDrag = (event: MouseEvent) => {
      if ((event.buttons & 1) === 1) moved.current = true;
    };
    const onFit = () => {
      moved.current = false;
      made.timeScale().fitContent();
    };
    const element = box.current;
    element.addEventListener('wheel', onWheel, { passive: true });
    element.addEventListener('mousemove', onDrag);
    element.addEventListener('dblclick', onFit);
    const place = () => requestAnimationFrame(() => setPaneTop(chart.current?.panes()[0]?.getHeight()));
    const observer = new ResizeObserver(place);
    observer.observe(box.current);
    place();
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      element.removeEventListener('wheel', onWheel);
      element.removeEventListener('mousemove', onDrag);
      element.removeEventListener('dblclick', onFit);
      chart.current = undefined;
      made.remove();
    };
  }, [count]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another number of curves is another chart, to be painted anew
  useEffect(() => {
    if (chart.current) restyleTimeChart(chart.current, colors, zone);
    drawn.current.forEach((pair, i) => {
      paint(pair, colorOf(colors, i));
    });
  }, [colors, zone, count]);

  const start = series[0]?.equity[0]?.time;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a curve that starts elsewhere is another curve, to be seen whole
  useEffect(() => {
    moved.current = false;
  }, [start]);

  useEffect(() => {
    series.forEach((s, i) => {
      drawn.current[i]?.line.setData([...s.equity]);
      drawn.current[i]?.drawdown.setData([...s.drawdown]);
    });
    if (!moved.current) chart.current?.timeScale().fitContent();
  }, [series]);

  return { box, hoverMs, paneTop, colors };
}

/** The newest point at or before a moment; undefined before the first and after the last. */
function pointAt(points: readonly CurvePoint[], seconds: number): CurvePoint | undefined {
  const last = points.at(-1);
  if (!last || seconds > last.time) return undefined;
  let low = 0;
  let high = points.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (points[mid]!.time <= seconds) low = mid + 1;
    else high = mid;
  }
  return points[low - 1];
}

/** Equity curves over time, and below them the drawdown from the peak. Values at the crosshair stand in the legend. */
export function EquityChart({ series, currency, height = '100%', testId }: EquityChartProps) {
  const prepared = useMemo<Prepared[]>(
    () =>
      series.map((s) => ({
        name: s.name,
        equity: curvePoints(s.equity.timeMs, s.equity.equity),
        drawdown: curvePoints(s.equity.timeMs, s.equity.drawdownPct, -1),
      })),
    [series],
  );
  const { box, hoverMs, paneTop, colors } = useEquityChart(prepared);
  const names = series.map((s) => s.name).join(' and ');
  return (
    <div
      className={styles.box}
      style={{ height }}
      role="img"
      aria-label={`Equity in ${currency} and drawdown: ${names}`}
      data-testid={testId}
    >
      <div className={styles.legend}>
        {prepared.map((s, i) => {
          const point = hoverMs === undefined ? s.equity.at(-1) : pointAt(s.equity, hoverMs / 1000);
          const loss = hoverMs === undefined ? s.drawdown.at(-1) : pointAt(s.drawdown, hoverMs / 1000);
          const color = colorOf(colors, i);
          return (
            <div key={s.name} className={styles.entry}>
              <span
                className={i === 0 ? styles.swatch : styles.dashed}
                style={i === 0 ? { background: color } : { borderColor: color }}
              />
              <span>{s.name}</span>
              <span className={styles.strong}>{formatMoney(point?.value, currency)}</span>
              <span title="Drawdown">DD {formatPct(loss ? Math.abs(loss.value) : undefined)}</span>
            </div>
          );
        })}
        {hoverMs !== undefined && <Moment ms={hoverMs} />}
      </div>
      {paneTop !== undefined && (
        <div className={styles.pane} style={{ top: paneTop + 4 }}>
          Drawdown, %
        </div>
      )}
      <div ref={box} className={styles.canvas} />
    </div>
  );
}
