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

const BOTTOM_PX = 12;
const NEAR_PX = 7;

/** Marks at most this many in a picture: more are a smear. */
const MOST_MARKS = 400;

/** Events as dashed lines with a shape of their impact at the bottom of the price pane. */
export class NewsMarks implements ISeriesPrimitive<Time> {
  private events: readonly NewsEvent[] = [];
  private colors: ChartColors;
  private readonly axis: Axis;
  private placed: ReadonlyArray<{ readonly event: NewsEvent; readonly x: number }> = [];
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

  set(events: readonly NewsEvent[], colors: ChartColors): void {
    this.events = events;
    this.colors = colors;
    this.requestUpdate?.();
  }

  /** Events near an x, those of the highest impact first. */
  near(x: number): readonly NewsEvent[] {
    const order: Record<Impact, number> = { high: 0, medium: 1, low: 2, holiday: 3 };
    return this.placed
      .filter((p) => Math.abs(p.x - x) <= NEAR_PX)
      .map((p) => p.event)
      .sort((a, b) => order[a.impact] - order[b.impact]);
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return [{ renderer: () => this.renderer(), zOrder: () => 'bottom' as const }];
  }

  private place(widthPx: number): void {
    const placed: Array<{ event: NewsEvent; x: number }> = [];
    for (const event of this.events) {
      const x = this.axis.timeToX(event.timeMs);
      if (x !== null && x >= -NEAR_PX && x <= widthPx + NEAR_PX) placed.push({ event, x });
    }
    const strong = placed.length > MOST_MARKS ? placed.filter((p) => p.event.impact === 'high') : placed;
    this.placed = strong.slice(-MOST_MARKS);
  }

  private renderer(): IPrimitivePaneRenderer {
    return {
      draw: (target) => {
        target.useMediaCoordinateSpace(({ context, mediaSize: { width, height } }) => {
          this.place(width);
          for (const { event, x } of this.placed) {
            const color = impactColor(this.colors, event.impact);
            context.save();
            context.strokeStyle = color;
            context.fillStyle = color;
            context.globalAlpha = event.impact === 'high' ? 0.55 : 0.28;
            context.setLineDash([3, 4]);
            context.beginPath();
            context.moveTo(x, 0);
            context.lineTo(x, height - 2 * BOTTOM_PX + 4);
            context.stroke();
            context.setLineDash([]);
            context.globalAlpha = 1;
            shape(context, event.impact, x, height - BOTTOM_PX);
            context.fill();
            context.restore();
          }
        });
      },
    };
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
