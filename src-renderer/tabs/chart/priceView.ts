import {
  CandlestickSeries,
  createSeriesMarkers,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type LogicalRange,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import type { BarColumnsDto } from '../../../src-shared/contract/data.ts';
import type { ClockZone } from '../../state/preferences.ts';
import type { ChartColors } from '../../ui/colors.ts';
import { formatNumber } from '../../ui/format.ts';
import { chartTimeMs, createTimeChart, restyleTimeChart } from '../../ui/timeChart.ts';
import { type BandOptions, type BandPoint, BandSeries } from './bandSeries.ts';
import type { PlacedForecast } from './forecastPlace.ts';
import type { ChartMarker } from './tradeMarkers.ts';

const BARS_AT_FIRST = 160;
const ROOM_AHEAD_BARS = 16;
/** Older bars are asked for when fewer than this many are left to the left. */
const EDGE_BARS = 60;

function at(ms: number): UTCTimestamp {
  return (ms / 1000) as UTCTimestamp;
}

function compact(v: number): string {
  if (v >= 1e6) return `${formatNumber(v / 1e6, 1)}M`;
  return v >= 1e4 ? `${formatNumber(v / 1e3, 0)}k` : formatNumber(v, 0);
}

export interface PriceViewEvents {
  /** The bar under the pointer, undefined when there is none. */
  readonly onCrosshair: (timeMs: number | undefined) => void;
  /** The user comes near the oldest bar. */
  readonly onNeedOlder: () => void;
  /** The visible range, to come back to. */
  readonly onRange: (range: LogicalRange | null) => void;
}

/** Candles, volume, forecast and trades on one time axis. Wraps the chart library; knows nothing of React. */
export class PriceView {
  private readonly chart: IChartApi;
  private readonly candles: ISeriesApi<'Candlestick'>;
  private readonly volume: ISeriesApi<'Histogram'>;
  private readonly band: ISeriesApi<'Custom', Time>;
  private readonly marks: ISeriesMarkersPluginApi<Time>;
  private colors: ChartColors;
  private bars: BarColumnsDto | undefined;
  private size = { market: '', bars: 0 };

  constructor(box: HTMLElement, colors: ChartColors, zone: ClockZone, events: PriceViewEvents) {
    this.colors = colors;
    this.chart = createTimeChart(box, colors, zone);
    // The pointer must not lift the band over the candles.
    this.chart.applyOptions({ hoveredSeriesOnTop: false });
    // The band comes first: candles are drawn over it.
    this.band = this.chart.addCustomSeries<BandPoint, BandOptions>(
      new BandSeries(),
      { lastValueVisible: false, priceLineVisible: false },
      0,
    );
    this.candles = this.chart.addSeries(
      CandlestickSeries,
      { priceLineVisible: true, borderVisible: false },
      0,
    );
    this.volume = this.chart.addSeries(
      HistogramSeries,
      {
        priceLineVisible: false,
        lastValueVisible: false,
        priceFormat: { type: 'custom', minMove: 1, formatter: compact },
      },
      1,
    );
    this.marks = createSeriesMarkers(this.candles, []);
    this.chart.panes()[0]?.setStretchFactor(5);
    this.chart.panes()[1]?.setStretchFactor(1);
    this.paint();
    this.listen(events);
  }

  private listen(events: PriceViewEvents): void {
    let frame = 0;
    this.chart.subscribeCrosshairMove((event) => {
      const ms = event.time === undefined ? undefined : chartTimeMs(event.time);
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => events.onCrosshair(ms));
    });
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      events.onRange(range);
      if (range && this.bars && range.from < EDGE_BARS) events.onNeedOlder();
    });
    this.chart.subscribeDblClick(() => this.fit());
  }

  private paint(): void {
    const { up, down, forecast, forecastFill } = this.colors;
    this.candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
    this.band.applyOptions({ line: forecast, fill: forecastFill, color: forecast } as Partial<BandOptions>);
  }

  /** Takes over another palette or zone. */
  restyle(colors: ChartColors, zone: ClockZone): void {
    this.colors = colors;
    restyleTimeChart(this.chart, colors, zone);
    this.paint();
    this.drawVolume();
  }

  private drawVolume(): void {
    const { bars, colors } = this;
    if (!bars) return;
    this.volume.setData(
      bars.timeMs.map((ms, i) => ({
        time: at(ms),
        value: bars.volume[i]!,
        color: bars.close[i]! >= bars.open[i]! ? colors.upFaint : colors.downFaint,
      })),
    );
  }

  /**
   * Shows bars. Older bars of the same market leave the picture where it is; another market starts at its newest,
   * or at `range` where that is given.
   */
  setBars(market: string, bars: BarColumnsDto, digits: number, range: LogicalRange | undefined): void {
    const fresh = this.size.market !== market;
    const shift = fresh ? 0 : bars.timeMs.length - this.size.bars;
    const seen = this.chart.timeScale().getVisibleLogicalRange();
    if (fresh) {
      // What belongs to the market before would stretch the time axis of this one.
      this.band.setData([]);
      this.marks.setMarkers([]);
    }
    this.bars = bars;
    this.size = { market, bars: bars.timeMs.length };
    const priceFormat = { type: 'price', precision: digits, minMove: 10 ** -digits } as const;
    this.candles.applyOptions({ priceFormat });
    // The axis takes its format from the first series of the pane.
    this.band.applyOptions({ priceFormat });
    this.candles.setData(
      bars.timeMs.map((ms, i) => ({
        time: at(ms),
        open: bars.open[i]!,
        high: bars.high[i]!,
        low: bars.low[i]!,
        close: bars.close[i]!,
      })),
    );
    this.drawVolume();
    if (fresh) {
      if (range) this.chart.timeScale().setVisibleLogicalRange(range);
      else this.latest();
    } else if (seen && shift !== 0) {
      // The same bars, by their new places.
      this.chart.timeScale().setVisibleLogicalRange({ from: seen.from + shift, to: seen.to + shift });
    }
  }

  setForecast(points: readonly PlacedForecast[]): void {
    this.band.setData(
      points.map(
        (p) => ({ time: at(p.timeMs), lower: p.lower, upper: p.upper, price: p.price }) as BandPoint,
      ),
    );
  }

  setMarkers(markers: readonly ChartMarker[]): void {
    this.marks.setMarkers(
      markers.map(({ timeMs, position, shape, color, text }) => ({
        time: at(timeMs),
        position,
        shape,
        color,
        ...(text === undefined ? {} : { text }),
      })),
    );
  }

  /** Shows everything that is loaded. */
  fit(): void {
    this.chart.timeScale().fitContent();
  }

  /** Goes to the newest bar, with room for the forecast. */
  latest(): void {
    const count = this.size.bars;
    this.chart.timeScale().setVisibleLogicalRange({
      from: Math.max(-2, count - BARS_AT_FIRST),
      to: count + ROOM_AHEAD_BARS,
    });
    this.chart.priceScale('right').applyOptions({ autoScale: true });
  }

  /** Puts the bar at a row into the middle; the number of visible bars stays. */
  centre(row: number): void {
    const scale = this.chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    const half = range ? (range.to - range.from) / 2 : BARS_AT_FIRST / 2;
    scale.setVisibleLogicalRange({ from: row - half, to: row + half });
  }

  /** Moves by a share of what is visible; negative is back in time. */
  pan(share: number): void {
    const scale = this.chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (!range) return;
    const by = (range.to - range.from) * share;
    scale.setVisibleLogicalRange({ from: range.from + by, to: range.to + by });
  }

  /** Shows `factor` times as many bars, the right edge kept. */
  zoom(factor: number): void {
    const scale = this.chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (!range) return;
    const width = Math.max(10, (range.to - range.from) * factor);
    scale.setVisibleLogicalRange({ from: range.to - width, to: range.to });
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

  dispose(): void {
    this.chart.remove();
  }
}
