import type {
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  ISeriesPrimitiveAxisView,
  SeriesAttachedParameter,
  Time,
} from 'lightweight-charts';
import type { Drawing } from '../../../../src-shared/contract/chart.ts';
import { type ChartColors, withAlpha } from '../../../ui/colors.ts';
import { formatPrice } from '../../../ui/format.ts';
import { SANS } from '../../../ui/theme.ts';
import { inkOn } from '../indicators/indicatorPrimitive.ts';
import { FIBONACCI_LEVELS, handles, levelPrice, type Pixel, type Projection, project } from './geometry.ts';

/** A drawing, or one that is being made. */
export type Sketch = Pick<Drawing, 'kind' | 'points' | 'color' | 'text' | 'locked'> & {
  readonly id?: string;
};

/** What is on a chart. */
export interface DrawingScene {
  readonly sketches: readonly Sketch[];
  readonly chosen: string | undefined;
  readonly hovered: string | undefined;
  readonly colors: ChartColors;
  readonly digits: number;
}

type Target = Parameters<IPrimitivePaneRenderer['draw']>[0];
const FONT = `11px ${SANS}`;

/** Draws the drawings of a chart over its candles. */
export class DrawingPrimitive implements ISeriesPrimitive<Time>, IPrimitivePaneView, IPrimitivePaneRenderer {
  private readonly on: Projection;
  private scene: DrawingScene | undefined;
  private attachedTo: SeriesAttachedParameter<Time> | undefined;
  private readonly views = [this];
  private labels: ISeriesPrimitiveAxisView[] = [];

  constructor(on: Projection) {
    this.on = on;
  }

  show(scene: DrawingScene): void {
    this.scene = scene;
    this.labels = scene.sketches
      .filter((s) => s.kind === 'horizontal')
      .map(({ points, color }) => ({
        coordinate: () => this.on.priceToY(points[0]?.price ?? Number.NaN) ?? -1_000,
        text: () => formatPrice(points[0]?.price, scene.digits),
        textColor: () => inkOn(color),
        backColor: () => color,
      }));
    this.attachedTo?.requestUpdate();
  }

  attached(to: SeriesAttachedParameter<Time>): void {
    this.attachedTo = to;
  }

  detached(): void {
    this.attachedTo = undefined;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.views;
  }

  priceAxisViews(): readonly ISeriesPrimitiveAxisView[] {
    return this.labels;
  }

  zOrder(): 'top' {
    return 'top';
  }

  renderer(): IPrimitivePaneRenderer {
    return this;
  }

  draw(target: Target): void {
    const { scene } = this;
    if (!scene) return;
    // biome-ignore lint/correctness/useHookAtTopLevel: the canvas library's name, no hook of React
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      for (const sketch of scene.sketches) {
        const pixels = project(sketch.points, this.on);
        if (!pixels) continue;
        const chosen = sketch.id !== undefined && sketch.id === scene.chosen;
        const strong = chosen || (sketch.id !== undefined && sketch.id === scene.hovered);
        context.lineWidth = strong ? 2 : 1.4;
        drawShape(context, sketch, pixels, { width: mediaSize.width, strong, scene });
        drawText(context, sketch, pixels, scene.colors);
        if (chosen) drawHandles(context, sketch, pixels, scene.colors);
      }
    });
  }
}

type Context = CanvasRenderingContext2D;

function line(context: Context, a: Pixel, b: Pixel, dash: number[] = []): void {
  context.setLineDash(dash);
  context.beginPath();
  context.moveTo(a.x, a.y);
  context.lineTo(b.x, b.y);
  context.stroke();
  context.setLineDash([]);
}

interface How {
  readonly width: number;
  /** Chosen, or below the pointer. */
  readonly strong: boolean;
  readonly scene: DrawingScene;
}

function drawShape(context: Context, sketch: Sketch, pixels: readonly Pixel[], how: How): void {
  const { width } = how;
  const [a, b] = pixels;
  if (!a) return;
  context.strokeStyle = sketch.color;
  if (sketch.kind === 'horizontal') line(context, { x: 0, y: a.y }, { x: width, y: a.y });
  else if (!b) return;
  else if (sketch.kind === 'trend') line(context, a, b);
  else if (sketch.kind === 'rectangle') {
    context.fillStyle = withAlpha(sketch.color, 0.1);
    context.fillRect(Math.min(a.x, b.x), Math.min(a.y, b.y), Math.abs(b.x - a.x), Math.abs(b.y - a.y));
    context.strokeRect(Math.min(a.x, b.x), Math.min(a.y, b.y), Math.abs(b.x - a.x), Math.abs(b.y - a.y));
  } else drawFibonacci(context, sketch, a, b, how);
}

/** Prices of levels stand where they have room; in a figure narrower than this, only while it is looked at. */
const LABELS_FROM_PX = 56;
const LABEL_HEIGHT_PX = 12;

function drawFibonacci(context: Context, sketch: Sketch, a: Pixel, b: Pixel, { scene, strong }: How): void {
  const [first, second] = sketch.points;
  if (!first || !second) return;
  const [left, right] = [Math.min(a.x, b.x), Math.max(a.x, b.x)];
  line(context, a, b, [3, 4]);
  context.font = FONT;
  context.textBaseline = 'bottom';
  context.textAlign = 'left';
  const labels = strong || right - left >= LABELS_FROM_PX;
  let labelled = Number.NaN;
  let before: number | undefined;
  for (const [i, level] of FIBONACCI_LEVELS.entries()) {
    const y = b.y + (a.y - b.y) * level;
    if (before !== undefined) {
      context.fillStyle = withAlpha(sketch.color, i % 2 ? 0.09 : 0.04);
      context.fillRect(left, Math.min(before, y), right - left, Math.abs(y - before));
    }
    before = y;
    line(context, { x: left, y }, { x: right, y });
    if (!labels || Math.abs(y - labelled) < LABEL_HEIGHT_PX) continue;
    labelled = y;
    const price = formatPrice(levelPrice(first.price, second.price, level), scene.digits);
    write(context, `${level}  ${price}`, left + 4, y - 2, scene.colors);
  }
}

/** Text that reads over candles: on a ground of its own, as the legends. Bottom left at (x, y). */
function write(context: Context, text: string, x: number, y: number, colors: ChartColors): void {
  context.fillStyle = withAlpha(colors.background, 0.75);
  context.fillRect(x - 2, y - 13, context.measureText(text).width + 4, 13);
  context.fillStyle = colors.text;
  context.fillText(text, x, y);
}

/** The label: above a line, inside an area. */
function drawText(context: Context, sketch: Sketch, pixels: readonly Pixel[], colors: ChartColors): void {
  const [a, b] = pixels;
  if (!sketch.text || !a) return;
  context.font = FONT;
  context.fillStyle = colors.text;
  context.textAlign = 'left';
  context.textBaseline = 'bottom';
  if (sketch.kind === 'horizontal') write(context, sketch.text, 12, a.y - 3, colors);
  else if (!b) return;
  else if (sketch.kind === 'trend') {
    const [from, to] = a.x <= b.x ? [a, b] : [b, a];
    context.save();
    context.translate((from.x + to.x) / 2, (from.y + to.y) / 2);
    context.rotate(Math.atan2(to.y - from.y, to.x - from.x));
    context.textAlign = 'center';
    context.fillText(sketch.text, 0, -5);
    context.restore();
  } else {
    context.textBaseline = 'top';
    context.fillText(sketch.text, Math.min(a.x, b.x) + 6, Math.min(a.y, b.y) + 5);
  }
}

function drawHandles(context: Context, sketch: Sketch, pixels: readonly Pixel[], colors: ChartColors): void {
  context.lineWidth = 1.6;
  context.strokeStyle = sketch.color;
  // A locked drawing shows full handles: they cannot be taken.
  context.fillStyle = sketch.locked ? sketch.color : colors.background;
  for (const { x, y } of handles(sketch.kind, pixels)) {
    context.beginPath();
    context.arc(x, y, 4.5, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}
