import type { IPrimitivePaneRenderer, IPrimitivePaneView, ISeriesPrimitive, Time } from 'lightweight-charts';
import type { Impact, NewsEvent } from '../../../src-shared/contract/news.ts';
import { formatTime } from '../../ui/format.ts';
import type { ChartColors } from '../../ui/theme.ts';

/** What the marks need of a chart. */
interface Axis {
  timeToX(ms: number): number | null;
}

/** The shape says the impact, the colour repeats it: triangle high, diamond medium, dot low, square holiday. */
function shape(context: CanvasRenderingContext2D, impact: Impact, x: number, y: number): void {
  context.beginPath();
  if (impact === 'high') {
    context.moveTo(x, y - 5.5);
    context.lineTo(x + 5.5, y + 4.5);
    context.lineTo(x - 5.5, y + 4.5);
  } else if (impact === 'medium') {
    context.moveTo(x, y - 5);
    context.lineTo(x + 5, y);
    context.lineTo(x, y + 5);
    context.lineTo(x - 5, y);
  } else if (impact === 'holiday') context.rect(x - 3.5, y - 3.5, 7, 7);
  else context.arc(x, y, 2.5, 0, 2 * Math.PI);
  context.closePath();
}

export function impactColor(colors: ChartColors, impact: Impact): string {
  if (impact === 'high') return colors.error;
  if (impact === 'medium') return colors.warning;
  return colors.dim;
}

/** Centre of the shapes above the bottom of the pane; raised, the strips and names of the sessions have room below. */
const BOTTOM_PX = 12;
const RAISED_PX = 44;
const NEAR_PX = 7;
/** Shapes closer than this would lie on each other: the strongest stands for all. */
const APART_PX = 12;
/** Lines closer than this on average would be a fence in front of the prices. */
const LINES_APART_PX = 16;
const STRENGTH: Readonly<Record<Impact, number>> = { high: 0, medium: 1, low: 2, holiday: 3 };

/** An event and where it lies. */
export interface PlacedEvent {
  readonly event: NewsEvent;
  readonly x: number;
}

/**
 * The events that get a mark: where several lie within a mark's width, the strongest, and of equals the first.
 * @param placed by x, ascending
 */
export function marked(placed: readonly PlacedEvent[]): readonly PlacedEvent[] {
  const marks: PlacedEvent[] = [];
  let beginX = Number.NEGATIVE_INFINITY;
  for (const place of placed) {
    const last = marks.at(-1);
    if (!last || place.x - beginX >= APART_PX) {
      marks.push(place);
      beginX = place.x;
    } else if (STRENGTH[place.event.impact] < STRENGTH[last.event.impact]) marks[marks.length - 1] = place;
  }
  return marks;
}

/** Events as dashed lines with a shape of their impact at the bottom of the price pane. */
export class NewsMarks implements ISeriesPrimitive<Time> {
  private events: readonly NewsEvent[] = [];
  private colors: ChartColors;
  private raised = false;
  private readonly axis: Axis;
  private placed: readonly PlacedEvent[] = [];
  private requestUpdate: (() => void) | undefined;

  constructor(axis: Axis, colors: ChartColors) {
    this.axis = axis;
    this.colors = colors;
  }

  attached({ requestUpdate }: { requestUpdate: () => void }): void {
    this.requestUpdate = requestUpdate;
  }

  detached(): void {
    this.requestUpdate = undefined;
  }

  set(events: readonly NewsEvent[], colors: ChartColors, raised: boolean): void {
    this.events = [...events].sort((a, b) => a.timeMs - b.timeMs);
    this.colors = colors;
    this.raised = raised;
    this.requestUpdate?.();
  }

  /** Events near an x, those of the highest impact first. */
  near(x: number): readonly NewsEvent[] {
    return this.placed
      .filter((p) => Math.abs(p.x - x) <= NEAR_PX)
      .map((p) => p.event)
      .sort((a, b) => STRENGTH[a.impact] - STRENGTH[b.impact]);
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return [
      { renderer: () => this.renderer((...to) => this.drawLines(...to)), zOrder: () => 'bottom' as const },
      { renderer: () => this.renderer((...to) => this.drawShapes(...to)), zOrder: () => 'top' as const },
    ];
  }

  private place(widthPx: number): void {
    const placed: PlacedEvent[] = [];
    for (const event of this.events) {
      const x = this.axis.timeToX(event.timeMs);
      if (x !== null && x >= -NEAR_PX && x <= widthPx + NEAR_PX) placed.push({ event, x });
    }
    this.placed = placed;
  }

  private renderer(draw: (context: CanvasRenderingContext2D, width: number, y: number) => void) {
    return {
      draw: (target) => {
        target.useMediaCoordinateSpace(({ context, mediaSize: { width, height } }) => {
          context.save();
          draw(context, width, height - (this.raised ? RAISED_PX : BOTTOM_PX));
          context.restore();
        });
      },
    } satisfies IPrimitivePaneRenderer;
  }

  private drawLines(context: CanvasRenderingContext2D, width: number, y: number): void {
    this.place(width);
    const marks = marked(this.placed);
    if (marks.length * LINES_APART_PX > width) return;
    context.setLineDash([3, 4]);
    for (const [i, { event, x }] of marks.entries()) {
      if (x - (marks[i - 1]?.x ?? Number.NEGATIVE_INFINITY) < LINES_APART_PX) continue;
      context.strokeStyle = impactColor(this.colors, event.impact);
      context.globalAlpha = event.impact === 'high' ? 0.55 : 0.28;
      context.beginPath();
      context.moveTo(Math.round(x) + 0.5, 0);
      context.lineTo(Math.round(x) + 0.5, y - 8);
      context.stroke();
    }
  }

  private drawShapes(context: CanvasRenderingContext2D, width: number, y: number): void {
    this.place(width);
    for (const { event, x } of marked(this.placed)) {
      context.fillStyle = impactColor(this.colors, event.impact);
      shape(context, event.impact, x, y);
      context.fill();
    }
  }
}

/** An event in one line: when, whose, what, and the figures where there are some. */
export function eventLine(event: NewsEvent): string {
  const when = event.allDay ? `${formatTime(event.timeMs).slice(0, 10)}, all day` : formatTime(event.timeMs);
  const figures = [
    event.actual === null ? '' : `actual ${event.actual}`,
    event.forecast === null ? '' : `forecast ${event.forecast}`,
    event.previous === null ? '' : `previous ${event.previous}`,
  ].filter((text) => text !== '');
  return `${when} · ${event.currency} · ${event.title}${figures.length > 0 ? ` (${figures.join(', ')})` : ''}`;
}
