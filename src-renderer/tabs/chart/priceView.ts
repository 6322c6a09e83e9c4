import {
  HistogramSeries,
  type IPaneApi,
  type ISeriesApi,
  type ISeriesPrimitive,
  LineSeries,
  type SeriesType,
  type Time,
} from 'lightweight-charts';
import type { BarColumnsDto } from '../../../src-shared/contract/data.ts';
import type { ClockZone } from '../../state/preferences.ts';
import type { ChartColors } from '../../ui/colors.ts';
import { formatNumber, formatPrice } from '../../ui/format.ts';
import { chartTimeMs, createTimeChart, restyleTimeChart } from '../../ui/timeChart.ts';
import { type BandOptions, type BandPoint, BandSeries } from './bandSeries.ts';
import type { ChartStyle } from './candleStyle.ts';
import { MainSeries } from './mainSeries.ts';
import { PointerWatch, type PricePointer } from './pointerWatch.ts';
import { chartTime, rowAt } from './timeAxis.ts';
import { type Off, type Place, type ShownBars, TimeView } from './timeView.ts';
import type { ChartMarker } from './tradeMarkers.ts';

export type { PricePointer } from './pointerWatch.ts';
export type { Place, ShownBars, Visible } from './timeView.ts';

function compact(v: number): string {
  if (v >= 1e6) return `${formatNumber(v / 1e6, 1)}M`;
  return v >= 1e4 ? `${formatNumber(v / 1e3, 0)}k` : formatNumber(v, 0);
}

/**
 * Price, volume and whatever is laid over them on one time axis. Wraps the chart library; knows nothing of React.
 *
 * For those who draw on it: `chart` is the library's chart, pane 0 has the prices. `series` is the price series and is
 * another one after `setStyle`, so attach primitives through `setPrimitives` and markers through `setMarkers`, which
 * carry over. Times of series data are `chartTime(bars.timeMs[i])`: whole UTC seconds of the opens of the bars on the
 * chart and no others, so that a bar's row is its logical index. Any instant is placed by `timeToX`, also between bars
 * and beyond the ends.
 */
export class PriceView extends TimeView {
  /** What a double click does. */
  onFit: (() => void) | undefined;
  private readonly main: MainSeries;
  private readonly band: ISeriesApi<'Custom', Time>;
  private readonly pointer: PointerWatch;
  private volume: ISeriesApi<'Histogram'> | undefined;
  private other: ISeriesApi<'Line'> | undefined;
  private otherClose: { readonly timeMs: readonly number[]; readonly close: readonly number[] } | undefined;
  private colors: ChartColors;
  private pointedFromOutside = false;
  private readonly crosshairListeners = new Set<(timeMs: number | undefined, price?: number) => void>();

  constructor(box: HTMLElement, colors: ChartColors, zone: ClockZone) {
    super(createTimeChart(box, colors, zone));
    this.colors = colors;
    // The pointer must not lift the band over the candles; views are restored by time, not by the library.
    this.chart.applyOptions({
      hoveredSeriesOnTop: false,
      timeScale: { shiftVisibleRangeOnNewBar: false, minBarSpacing: 0.02 },
    });
    // The band comes first: candles are drawn over it.
    this.band = this.chart.addCustomSeries<BandPoint, BandOptions>(
      new BandSeries(),
      { lastValueVisible: false, priceLineVisible: false },
      0,
    );
    this.main = new MainSeries(this.chart, colors);
    this.pointer = new PointerWatch(box, this);
    this.showVolume(true);
    this.paint();
    this.listen();
  }

  private listen(): void {
    let frame = 0;
    this.chart.subscribeCrosshairMove((event) => {
      if (event.sourceEvent) this.pointedFromOutside = false;
      // Only what the user points at: a crosshair that was set from outside would be handed on for ever.
      if (this.pointedFromOutside) return;
      const ms = event.time === undefined ? undefined : chartTimeMs(event.time);
      const price = event.point && this.series.coordinateToPrice(event.point.y);
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => {
        for (const listener of this.crosshairListeners) listener(ms, price ?? undefined);
      });
    });
    this.chart.subscribeDblClick(() => this.onFit?.());
  }

  private paint(): void {
    const { forecast, forecastFill, series } = this.colors;
    this.main.paint(this.colors);
    this.band.applyOptions({ line: forecast, fill: forecastFill, color: forecast } as Partial<BandOptions>);
    this.other?.applyOptions({ color: series[3] ?? forecast });
  }

  /** The price series: candles, bars or a line. Another one after `setStyle`. */
  get series(): ISeriesApi<SeriesType> {
    return this.main.series;
  }

  /** The bars on the chart. */
  get bars(): BarColumnsDto | undefined {
    return this.shown?.bars;
  }

  /** Whether a button of the pointer is held on the chart: then bars at the right end stay as they are. */
  get held(): boolean {
    return this.pointer.held;
  }

  /** Takes over another palette or zone. */
  restyle(colors: ChartColors, zone: ClockZone): void {
    this.colors = colors;
    restyleTimeChart(this.chart, colors, zone);
    this.chart.applyOptions({ timeScale: { minBarSpacing: 0.02 } });
    this.paint();
    if (this.shown) this.main.setBars(this.shown, colors);
    this.drawVolume();
  }

  setStyle(style: ChartStyle): void {
    if (this.main.setStyle(style) && this.shown) this.main.setBars(this.shown, this.colors);
    this.applyPrecision();
  }

  /** Volume in a pane of its own below the prices. */
  showVolume(show: boolean): void {
    if (show === (this.volume !== undefined)) return;
    if (!show) {
      const pane = this.volume?.getPane();
      if (this.volume) this.chart.removeSeries(this.volume);
      this.volume = undefined;
      if (pane && pane.getSeries().length === 0) this.removePane(pane);
      return;
    }
    const pane = this.addPane(1);
    this.volume = pane.addSeries(HistogramSeries, {
      priceLineVisible: false,
      lastValueVisible: false,
      priceFormat: { type: 'custom', minMove: 1, formatter: compact },
    });
    if (pane.paneIndex() > 1) pane.moveTo(1);
    this.drawVolume();
  }

  private drawVolume(): void {
    const { shown, colors } = this;
    if (!shown || !this.volume) return;
    const { timeMs, open, close, volume } = shown.bars;
    this.volume.setData(
      timeMs.map((ms, i) => ({
        time: chartTime(ms),
        value: volume[i]!,
        color: close[i]! >= open[i]! ? colors.upFaint : colors.downFaint,
      })),
    );
  }

  /** A pane below the others. @param weight its height relative to the prices' 5 */
  addPane(weight = 1.4): IPaneApi<Time> {
    const pane = this.chart.addPane(true);
    pane.setStretchFactor(weight);
    this.chart.panes()[0]?.setStretchFactor(5);
    return pane;
  }

  removePane(pane: IPaneApi<Time>): void {
    const index = this.chart.panes().indexOf(pane);
    if (index > 0) this.chart.removePane(index);
  }

  /** Takes over bars and looks at a place; `keep` stays at the instants that are visible now. */
  setBars(shown: ShownBars, place: Place): void {
    const before = this.visible();
    if (!this.isWithin(shown)) this.clearOthers();
    this.shown = shown;
    this.main.setBars(shown, this.colors);
    this.applyPrecision();
    this.drawVolume();
    this.drawOther();
    if (place.kind !== 'keep') this.look(place);
    else if (before) this.look({ kind: 'span', fromMs: before.fromMs, toMs: before.toMs });
  }

  /** Whether every bar on the chart stays, and is as long as it was. */
  private isWithin({ bars: { timeMs }, frameMs }: ShownBars): boolean {
    const held = this.shown?.bars.timeMs;
    if (!held || this.shown?.frameMs !== frameMs) return false;
    return (timeMs[0] ?? 0) <= (held[0] ?? 0) && (timeMs.at(-1) ?? 0) >= (held.at(-1) ?? 0);
  }

  /**
   * Empties what others drew on bars that go: a time that any series has stays on the axis, and rows would no longer
   * be places on it. They draw again when they hear of the new bars, before the next frame.
   */
  private clearOthers(): void {
    this.main.clearMarkers();
    for (const pane of this.chart.panes()) {
      for (const series of pane.getSeries()) if (series !== this.series) series.setData([]);
    }
  }

  private applyPrecision(): void {
    const digits = this.shown?.digits;
    if (digits === undefined) return;
    const priceFormat = {
      type: 'custom',
      minMove: 10 ** -digits,
      formatter: (price: number) => formatPrice(price, digits),
    } as const;
    this.series.applyOptions({ priceFormat });
    // The axis takes its format from the first series of the pane.
    this.band.applyOptions({ priceFormat });
    this.other?.applyOptions({ priceFormat });
  }

  /** The close of the other side of the quote as a line; undefined takes it away. */
  setOther(
    close: { readonly timeMs: readonly number[]; readonly close: readonly number[] } | undefined,
  ): void {
    this.otherClose = close;
    if (close && !this.other) {
      this.other = this.chart.addSeries(
        LineSeries,
        { lineWidth: 1, priceLineVisible: false, lastValueVisible: true, crosshairMarkerVisible: false },
        0,
      );
      this.paint();
      this.applyPrecision();
    } else if (!close && this.other) {
      this.chart.removeSeries(this.other);
      this.other = undefined;
    }
    this.drawOther();
  }

  /** Only at opens of the bars on the chart: others would widen the axis. */
  private drawOther(): void {
    const { other, otherClose, shown } = this;
    if (!other || !otherClose || !shown) return;
    const closes = new Map(otherClose.timeMs.map((ms, i) => [ms, otherClose.close[i]!]));
    other.setData(
      shown.bars.timeMs.map((ms) => {
        const value = closes.get(ms);
        return value === undefined ? { time: chartTime(ms) } : { time: chartTime(ms), value };
      }),
    );
  }

  setForecast(
    points: readonly {
      readonly timeMs: number;
      readonly price: number;
      readonly lower: number;
      readonly upper: number;
    }[],
  ): void {
    this.band.setData(
      points.map(
        (p) => ({ time: chartTime(p.timeMs), lower: p.lower, upper: p.upper, price: p.price }) as BandPoint,
      ),
    );
  }

  /** Markers of one owner (`trades`, `marked`, `patterns`); they lie beside those of the others, by time. */
  setMarkers(owner: string, markers: readonly ChartMarker[]): void {
    this.main.setMarkers(owner, markers);
  }

  /** Primitives of one owner on the price series; replaces what the owner had. */
  setPrimitives(owner: string, primitives: readonly ISeriesPrimitive<Time>[]): void {
    this.main.setPrimitives(owner, primitives);
  }

  /** Hears the pointer on the price pane, in time and price; see `PricePointer`. */
  onPointer(listener: (pointer: PricePointer) => void): Off {
    return this.pointer.listen(listener);
  }

  /** Whether dragging and wheel move the chart; off while something is drawn or dragged on it. */
  setGestures(on: boolean): void {
    this.chart.applyOptions({ handleScroll: on, handleScale: on });
  }

  /** Hears which bar is under the user's pointer (undefined when it leaves), once a frame. */
  onCrosshair(listener: (timeMs: number | undefined, price?: number) => void): Off {
    this.crosshairListeners.add(listener);
    return () => this.crosshairListeners.delete(listener);
  }

  /** Y of a price in pixels from the top of the price pane. */
  priceToY(price: number): number | null {
    return this.series.priceToCoordinate(price);
  }

  yToPrice(y: number): number | null {
    return this.series.coordinateToPrice(y);
  }

  /** Shows the crosshair at the bar of an instant, without telling anyone; undefined takes it away. */
  point(ms: number | undefined, price?: number): void {
    this.pointedFromOutside = true;
    const bars = this.shown?.bars;
    const row = bars && ms !== undefined && this.reaches(ms) ? rowAt(bars.timeMs, ms) : -1;
    const time = bars?.timeMs[row];
    if (!bars || time === undefined) this.chart.clearCrosshairPosition();
    else this.chart.setCrosshairPosition(price ?? bars.close[row]!, chartTime(time), this.series);
  }

  /** Whether an instant is no later than the end of the last bar. */
  private reaches(ms: number): boolean {
    const lastMs = this.shown?.bars.timeMs.at(-1);
    return lastMs !== undefined && ms < lastMs + this.shown!.frameMs;
  }

  /** The chart as a picture, on its own ground. */
  picture(): HTMLCanvasElement {
    const drawn = this.chart.takeScreenshot(true);
    const canvas = document.createElement('canvas');
    canvas.width = drawn.width;
    canvas.height = drawn.height;
    const context = canvas.getContext('2d');
    if (context) {
      context.fillStyle = this.colors.background;
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.drawImage(drawn, 0, 0);
    }
    return canvas;
  }

  override dispose(): void {
    this.pointer.dispose();
    this.crosshairListeners.clear();
    super.dispose();
  }
}
