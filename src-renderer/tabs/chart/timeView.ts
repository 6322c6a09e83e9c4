import type { IChartApi, Logical } from 'lightweight-charts';
import type { BarColumnsDto } from '../../../src-shared/contract/data.ts';
import { logicalOf, timeAt } from './timeAxis.ts';

/** Bars on the screen when a market is opened. */
export const BARS_AT_FIRST = 160;
const ROOM_AHEAD_SHARE = 0.1;
const LEAST_BARS = 10;
const LEAST_BARS_AT_FIRST = 24;

/** Bars and what is to be known to draw them. */
export interface ShownBars {
  readonly bars: BarColumnsDto;
  /** Length of a bar in milliseconds, for the axis beyond its ends. */
  readonly frameMs: number;
  readonly digits: number;
  /** The last bar is still being made. */
  readonly lastPartial: boolean;
  /** The last bar is the newest of the history: its close is the price of the market. */
  readonly endsNow: boolean;
}

/** Where to look once bars are taken over. Times may lie between and beyond bars. */
export type Place =
  | { readonly kind: 'keep' }
  | { readonly kind: 'latest'; readonly bars?: number }
  | { readonly kind: 'span'; readonly fromMs: number; readonly toMs: number }
  /** Around an instant, `bars` wide. */
  | { readonly kind: 'centre'; readonly ms: number; readonly bars: number };

/** What is visible: logical indices, rows of the bars where those are. */
export interface Visible {
  readonly from: number;
  readonly to: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly widthPx: number;
}

export type Off = () => void;
interface Range {
  readonly from: number;
  readonly to: number;
}

/** A chart over bars: where it looks and where instants lie on it. */
export class TimeView {
  readonly chart: IChartApi;
  protected shown: ShownBars | undefined;
  private target: Range | undefined;
  private disposed = false;
  private readonly rangeListeners = new Set<(visible: Visible) => void>();

  constructor(chart: IChartApi) {
    this.chart = chart;
    chart.timeScale().subscribeVisibleLogicalRangeChange(() => this.tellRange());
  }

  /** Goes to a place. */
  look(place: Exclude<Place, { kind: 'keep' }>): void {
    const { shown } = this;
    if (!shown || shown.bars.timeMs.length === 0) return;
    const { timeMs } = shown.bars;
    const set = (from: number, to: number) => this.setRange({ from, to });
    if (place.kind === 'latest') {
      const wide = place.bars ?? BARS_AT_FIRST;
      // A short history stands at the right, where the next bar will be, and not in a corner.
      const to = timeMs.length + Math.max(2, Math.min(wide, timeMs.length) * ROOM_AHEAD_SHARE);
      set(Math.min(Math.max(-2, timeMs.length - wide), to - LEAST_BARS_AT_FIRST), to);
      this.chart.priceScale('right').applyOptions({ autoScale: true });
    } else if (place.kind === 'span') {
      const { frameMs } = shown;
      set(logicalOf(timeMs, place.fromMs, frameMs), logicalOf(timeMs, place.toMs, frameMs));
    } else {
      const middle = logicalOf(timeMs, place.ms, shown.frameMs);
      set(middle - place.bars / 2, middle + place.bars / 2);
    }
  }

  /** The library applies a range with its next frame; until then `range` gives what is on its way. */
  private setRange(range: Range): void {
    this.target = range;
    this.chart.timeScale().setVisibleLogicalRange({ from: range.from as Logical, to: range.to as Logical });
    // Asked for after the library's own frame, so that it runs after it.
    requestAnimationFrame(() => {
      if (this.target !== range) return;
      this.target = undefined;
      this.tellRange();
    });
  }

  private range(): Range | null {
    return this.target ?? this.chart.timeScale().getVisibleLogicalRange();
  }

  private tellRange(): void {
    if (this.disposed) return;
    const visible = this.visible();
    if (visible) for (const listener of this.rangeListeners) listener(visible);
  }

  /** What is visible, or will be with the next frame; undefined without bars. */
  visible(): Visible | undefined {
    const range = this.range();
    if (!range || !this.shown || this.shown.bars.timeMs.length === 0) return undefined;
    const { bars, frameMs } = this.shown;
    return {
      from: range.from,
      to: range.to,
      fromMs: timeAt(bars.timeMs, range.from, frameMs),
      toMs: timeAt(bars.timeMs, range.to, frameMs),
      widthPx: this.chart.timeScale().width(),
    };
  }

  /** Hears what is visible, whenever that changes. */
  onRange(listener: (visible: Visible) => void): Off {
    this.rangeListeners.add(listener);
    return () => this.rangeListeners.delete(listener);
  }

  /** X of an instant in pixels from the left of the pane; null without bars. */
  timeToX(ms: number): number | null {
    if (!this.shown || this.shown.bars.timeMs.length === 0) return null;
    return this.logicalToX(logicalOf(this.shown.bars.timeMs, ms, this.shown.frameMs));
  }

  /** The library places whole indices alone; in between the axis is straight. */
  private logicalToX(logical: number): number | null {
    const scale = this.chart.timeScale();
    const x0 = scale.logicalToCoordinate(0 as Logical);
    const x1 = scale.logicalToCoordinate(1 as Logical);
    return x0 === null || x1 === null ? null : x0 + logical * (x1 - x0);
  }

  /** The instant at an x; null without bars. */
  xToTime(x: number): number | null {
    const x0 = this.logicalToX(0);
    const x1 = this.logicalToX(1);
    if (!this.shown || x0 === null || x1 === null || x1 === x0) return null;
    return timeAt(this.shown.bars.timeMs, (x - x0) / (x1 - x0), this.shown.frameMs);
  }

  /** Moves by a share of what is visible; negative is back in time. */
  pan(share: number): void {
    const range = this.range();
    if (!range) return;
    const by = (range.to - range.from) * share;
    this.setRange({ from: range.from + by, to: range.to + by });
  }

  /** Shows `factor` times as many bars, the right edge kept. */
  zoom(factor: number): void {
    const range = this.range();
    if (!range) return;
    const width = Math.max(LEAST_BARS, (range.to - range.from) * factor);
    this.setRange({ from: range.to - width, to: range.to });
  }

  dispose(): void {
    this.disposed = true;
    this.rangeListeners.clear();
    this.chart.remove();
  }
}
