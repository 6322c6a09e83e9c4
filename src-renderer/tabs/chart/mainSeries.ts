import {
  BarSeries,
  CandlestickSeries,
  createSeriesMarkers,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type ISeriesPrimitive,
  LineSeries,
  type SeriesType,
  type Time,
} from 'lightweight-charts';
import type { ChartColors } from '../../ui/colors.ts';
import { type ChartStyle, heikinAshi } from './candleStyle.ts';
import type { ShownBars } from './priceView.ts';
import { chartTime } from './timeAxis.ts';
import type { ChartMarker } from './tradeMarkers.ts';

type Owned<T> = Map<string, readonly T[]>;

/** The price series in one of its styles, with markers and primitives that survive a change of style. */
export class MainSeries {
  series: ISeriesApi<SeriesType>;
  private style: ChartStyle = 'candles';
  private marks: ISeriesMarkersPluginApi<Time>;
  private colors: ChartColors;
  private readonly chart: IChartApi;
  private readonly markers: Owned<ChartMarker> = new Map();
  private readonly primitives: Owned<ISeriesPrimitive<Time>> = new Map();

  constructor(chart: IChartApi, colors: ChartColors) {
    this.chart = chart;
    this.colors = colors;
    this.series = this.make();
    this.marks = createSeriesMarkers(this.series, []);
  }

  private make(): ISeriesApi<SeriesType> {
    const common = { priceLineVisible: true } as const;
    if (this.style === 'line') return this.chart.addSeries(LineSeries, { ...common, lineWidth: 2 }, 0);
    if (this.style === 'bars') return this.chart.addSeries(BarSeries, { ...common, thinBars: false }, 0);
    return this.chart.addSeries(CandlestickSeries, { ...common, borderVisible: false }, 0);
  }

  /** @returns false when it has that style already, or one that is drawn with the same series and other values */
  setStyle(style: ChartStyle): boolean {
    if (style === this.style) return false;
    const kind = (s: ChartStyle) => (s === 'heikin' ? 'candles' : s);
    const same = kind(style) === kind(this.style);
    this.style = style;
    if (same) return true;
    for (const list of this.primitives.values()) for (const p of list) this.series.detachPrimitive(p);
    this.marks.detach();
    const old = this.series;
    const order = old.seriesOrder();
    this.series = this.make();
    this.series.setSeriesOrder(order);
    this.chart.removeSeries(old);
    this.marks = createSeriesMarkers(this.series, []);
    for (const list of this.primitives.values()) for (const p of list) this.series.attachPrimitive(p);
    this.paint(this.colors);
    this.drawMarkers();
    return true;
  }

  paint(colors: ChartColors): void {
    this.colors = colors;
    const { up, down, accent } = colors;
    if (this.style === 'line') this.series.applyOptions({ color: accent });
    else if (this.style === 'bars') this.series.applyOptions({ upColor: up, downColor: down });
    else this.series.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
  }

  /** A bar that is still being made is drawn faint. */
  setBars({ bars, lastPartial, endsNow }: ShownBars, colors: ChartColors): void {
    const { timeMs } = bars;
    // Somewhere in the past, the last loaded close is no price to draw a line at.
    this.series.applyOptions({ priceLineVisible: endsNow });
    const last = timeMs.length - 1;
    if (this.style === 'line') {
      this.series.setData(timeMs.map((ms, i) => ({ time: chartTime(ms), value: bars.close[i]! })));
      return;
    }
    const { open, high, low, close } = this.style === 'heikin' ? heikinAshi(bars) : bars;
    this.series.setData(
      timeMs.map((ms, i) => {
        const item = { time: chartTime(ms), open: open[i]!, high: high[i]!, low: low[i]!, close: close[i]! };
        if (!lastPartial || i !== last) return item;
        const faint = close[i]! >= open[i]! ? colors.upFaint : colors.downFaint;
        return { ...item, color: faint, wickColor: faint };
      }),
    );
  }

  setMarkers(owner: string, markers: readonly ChartMarker[]): void {
    if (markers.length === 0 && !this.markers.has(owner)) return;
    if (markers.length === 0) this.markers.delete(owner);
    else this.markers.set(owner, markers);
    this.drawMarkers();
  }

  /** Takes all markers away: their bars go. */
  clearMarkers(): void {
    if (this.markers.size === 0) return;
    this.markers.clear();
    this.drawMarkers();
  }

  private drawMarkers(): void {
    const all = [...this.markers.values()].flat().sort((a, b) => a.timeMs - b.timeMs);
    this.marks.setMarkers(
      all.map(({ timeMs, position, shape, color, text, size }) => ({
        time: chartTime(timeMs),
        position,
        shape,
        color,
        ...(text === undefined ? {} : { text }),
        ...(size === undefined ? {} : { size }),
      })),
    );
  }

  setPrimitives(owner: string, primitives: readonly ISeriesPrimitive<Time>[]): void {
    for (const old of this.primitives.get(owner) ?? [])
      if (!primitives.includes(old)) this.series.detachPrimitive(old);
    const had = this.primitives.get(owner) ?? [];
    for (const fresh of primitives) if (!had.includes(fresh)) this.series.attachPrimitive(fresh);
    if (primitives.length === 0) this.primitives.delete(owner);
    else this.primitives.set(owner, primitives);
  }
}
