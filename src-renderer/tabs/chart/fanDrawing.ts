import type {
  AutoscaleInfo,
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  SeriesAttachedParameter,
  Time,
} from 'lightweight-charts';
import type { Fan } from '../../../src-shared/contract/chart.ts';
import { type ChartColors, withAlpha } from '../../ui/colors.ts';

/** What the fan needs of a chart. */
interface Scales {
  timeToX(ms: number): number | null;
  priceToY(price: number): number | null;
  visible(): { readonly fromMs: number; readonly toMs: number } | undefined;
}

/** A line of the fan: the close it opens from, then a price per bar ahead. */
export type FanLine = readonly { readonly timeMs: number; readonly price: number }[];

/** Lines of a fan by level, all opening from the close of its bar. */
export function fanLines(fan: Fan): FanLine[] {
  return fan.prices.map((prices) => [
    { timeMs: fan.madeMs, price: fan.close },
    ...prices.map((price, i) => ({ timeMs: fan.timeMs[i]!, price })),
  ]);
}

/** The colour of fans: neither that of rising or falling prices nor that of the forecast's band. */
export const fanColor = (colors: ChartColors): string => colors.series[3] ?? colors.accent;

/** Opacity of the area between the outermost levels, and of each one further in. */
const BAND_ALPHA = 0.17;

/**
 * Quantiles of the futures ahead of a bar: areas that grow denser towards the middle, the median as a line, the outer
 * edges dashed. Told apart by density and dashes, not by hue.
 */
export class FanDrawing implements ISeriesPrimitive<Time> {
  private fan: Fan | undefined;
  private lines: readonly FanLine[] = [];
  private colors: ChartColors;
  private readonly scales: Scales;
  private requestUpdate: (() => void) | undefined;
  private readonly view: IPrimitivePaneView = {
    zOrder: () => 'bottom',
    renderer: () => this.renderer,
  };
  private readonly renderer: IPrimitivePaneRenderer = {
    draw: (target) =>
      target.useMediaCoordinateSpace(({ context }) => {
        context.save();
        this.draw(context);
        context.restore();
      }),
  };

  constructor(scales: Scales, colors: ChartColors) {
    this.scales = scales;
    this.colors = colors;
  }

  attached({ requestUpdate }: SeriesAttachedParameter<Time>): void {
    this.requestUpdate = requestUpdate;
  }

  detached(): void {
    this.requestUpdate = undefined;
  }

  set(fan: Fan | undefined, colors: ChartColors): void {
    this.fan = fan;
    this.lines = fan ? fanLines(fan) : [];
    this.colors = colors;
    this.requestUpdate?.();
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.fan ? [this.view] : [];
  }

  /** The whole fan stays on the scale of prices while a part of it is visible. */
  autoscaleInfo(): AutoscaleInfo | null {
    const seen = this.scales.visible();
    const { fan } = this;
    if (!fan || !seen || fan.madeMs > seen.toMs || (fan.timeMs.at(-1) ?? 0) < seen.fromMs) return null;
    const prices = fan.prices.flat();
    return { priceRange: { minValue: Math.min(...prices), maxValue: Math.max(...prices) } };
  }

  private draw(context: CanvasRenderingContext2D): void {
    const color = fanColor(this.colors);
    const placed = this.lines.map((line) => this.place(line));
    const last = placed.length - 1;
    context.fillStyle = withAlpha(color, BAND_ALPHA);
    for (let level = 0; level < last - level; level++) fill(context, placed[level]!, placed[last - level]!);
    context.strokeStyle = color;
    context.lineWidth = 1;
    context.setLineDash([2, 3]);
    for (const edge of [placed[0], placed[last]]) if (edge) stroke(context, edge);
    context.setLineDash([]);
    context.lineWidth = 1.8;
    const middle = placed[last / 2];
    if (middle) stroke(context, middle);
  }

  private place(line: FanLine): Point[] {
    return line.flatMap(({ timeMs, price }) => {
      const [x, y] = [this.scales.timeToX(timeMs), this.scales.priceToY(price)];
      return x === null || y === null ? [] : [{ x, y }];
    });
  }
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function stroke(context: CanvasRenderingContext2D, line: readonly Point[]): void {
  context.beginPath();
  for (const { x, y } of line) context.lineTo(x, y);
  context.stroke();
}

function fill(context: CanvasRenderingContext2D, below: readonly Point[], above: readonly Point[]): void {
  context.beginPath();
  for (const { x, y } of below) context.lineTo(x, y);
  for (const { x, y } of above.toReversed()) context.lineTo(x, y);
  context.closePath();
  context.fill();
}
