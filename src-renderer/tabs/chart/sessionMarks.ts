import type { IPrimitivePaneRenderer, IPrimitivePaneView, ISeriesPrimitive, Time } from 'lightweight-charts';
import { type FxCentre, type FxSession, fxSessions } from '../../../src-shared/market/fxSessions.ts';
import { type ChartColors, withAlpha } from '../../ui/theme.ts';
import type { Visible } from './priceView.ts';

interface Axis {
  timeToX(ms: number): number | null;
  visible(): Visible | undefined;
}

/** With more days in the picture, stripes of hours are noise. */
const MOST_DAYS = 21;
const DAY_MS = 86_400_000;
const SHADE = 0.04;
const ORDER: readonly FxCentre[] = ['Sydney', 'Tokyo', 'London', 'New York'];
const STRIP_PX = 3;
const SHORT: Partial<Record<FxCentre, string>> = { London: 'LDN', 'New York': 'NY' };
/** New York opens after five of London's nine hours: from these widths on, its name begins where London's has ended. */
const LEAST_FULL_PX = 88;
const LEAST_SHORT_PX = 52;

/** The name that a strip has room for; the night centres have none, their strips are the upper two. */
function nameFor(centre: FxCentre, widthPx: number): string | undefined {
  if (SHORT[centre] === undefined || widthPx < LEAST_SHORT_PX) return undefined;
  return widthPx < LEAST_FULL_PX ? SHORT[centre] : centre;
}

/** The business hours of the FX centres: London and New York as shades, all four as strips with their names on top. */
export class SessionMarks implements ISeriesPrimitive<Time> {
  private readonly axis: Axis;
  private colors: ChartColors;
  private requestUpdate: (() => void) | undefined;

  constructor(axis: Axis, colors: ChartColors) {
    this.axis = axis;
    this.colors = colors;
  }

  attached({ requestUpdate }: { requestUpdate: () => void }): void {
    this.requestUpdate = requestUpdate;
  }

  set(colors: ChartColors): void {
    this.colors = colors;
    this.requestUpdate?.();
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return [{ renderer: () => this.renderer(), zOrder: () => 'bottom' as const }];
  }

  private renderer(): IPrimitivePaneRenderer | null {
    const visible = this.axis.visible();
    if (!visible || visible.toMs - visible.fromMs > MOST_DAYS * DAY_MS) return null;
    const sessions = fxSessions(visible.fromMs, visible.toMs);
    return {
      draw: (target) => {
        target.useMediaCoordinateSpace(({ context, mediaSize }) => {
          for (const session of sessions) this.draw(context, session, mediaSize.height);
        });
      },
    };
  }

  private draw(
    context: CanvasRenderingContext2D,
    { centre, openMs, closeMs }: FxSession,
    height: number,
  ): void {
    const from = this.axis.timeToX(openMs);
    const to = this.axis.timeToX(closeMs);
    if (from === null || to === null || to - from < 1) return;
    const row = ORDER.indexOf(centre);
    const color = this.colors.series[row + 1] ?? this.colors.dim;
    if (row >= 2) {
      context.fillStyle = withAlpha(color, SHADE);
      context.fillRect(from, 0, to - from, height);
    }
    const y = height - 4 - (ORDER.length - row) * (STRIP_PX + 1);
    context.fillStyle = withAlpha(color, 0.75);
    context.fillRect(from, y, to - from, STRIP_PX);
    const name = nameFor(centre, to - from);
    if (name === undefined) return;
    context.fillStyle = this.colors.dim;
    context.font = "10px 'Inter Variable', system-ui, sans-serif";
    context.fillText(name, from + 4, height - 24);
  }
}
