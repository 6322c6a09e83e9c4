import type {
  AutoscaleInfo,
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  ISeriesPrimitiveAxisView,
  Logical,
  SeriesAttachedParameter,
  Time,
} from 'lightweight-charts';
import type { ChartColors } from '../../../ui/colors.ts';
import { paintIndicator, type Scales, valueRange } from './paint.ts';
import type { ShownIndicator } from './shown.ts';

/** What is drawn: the indicators of one pane. */
export interface Scene {
  readonly indicators: readonly ShownIndicator[];
  readonly colors: ChartColors;
  readonly rising: (row: number) => boolean;
  /** Text of a value on the price axis; without it the axis has no labels. */
  readonly label?: (shown: ShownIndicator, value: number) => string;
}

type Target = Parameters<IPrimitivePaneRenderer['draw']>[0];

/** Black or white, whichever reads better on a colour `#rrggbb`. */
export function inkOn(color: string): string {
  const n = Number.parseInt(color.slice(1), 16);
  const luminance = 0.299 * ((n >> 16) & 255) + 0.587 * ((n >> 8) & 255) + 0.114 * (n & 255);
  return luminance > 140 ? '#0d1014' : '#ffffff';
}

/**
 * Indicators of one pane, drawn from their arrays. They are no series of the chart: giving the library 20,000 points per
 * line costs more than a frame, drawing the visible ones costs a fraction of a millisecond.
 */
export class IndicatorPrimitive
  implements ISeriesPrimitive<Time>, IPrimitivePaneView, IPrimitivePaneRenderer
{
  private scene: Scene | undefined;
  private on: SeriesAttachedParameter<Time> | undefined;
  private readonly views = [this];
  private labels: ISeriesPrimitiveAxisView[] = [];

  /** Takes over what is to be drawn. */
  show(scene: Scene): void {
    this.scene = scene;
    this.labels = this.makeLabels(scene);
    this.on?.requestUpdate();
  }

  attached(on: SeriesAttachedParameter<Time>): void {
    this.on = on;
  }

  detached(): void {
    this.on = undefined;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.views;
  }

  priceAxisViews(): readonly ISeriesPrimitiveAxisView[] {
    return this.labels;
  }

  zOrder(): 'normal' {
    return 'normal';
  }

  renderer(): IPrimitivePaneRenderer {
    return this;
  }

  draw(target: Target): void {
    const { scene } = this;
    if (!scene) return;
    // biome-ignore lint/correctness/useHookAtTopLevel: the canvas library's name, no hook of React
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      const scales = this.scales(mediaSize.width);
      if (!scales) return;
      for (const shown of scene.indicators)
        paintIndicator(context, shown, scales, scene.colors, scene.rising);
    });
  }

  private scales(width: number): Scales | undefined {
    if (!this.on) return undefined;
    const scale = this.on.chart.timeScale();
    const x0 = scale.logicalToCoordinate(0 as Logical);
    const x1 = scale.logicalToCoordinate(1 as Logical);
    if (x0 === null || x1 === null) return undefined;
    const { series } = this.on;
    return { x0, dx: x1 - x0, width, y: (value) => series.priceToCoordinate(value) };
  }

  /** The last value of every line, on the axis. */
  private makeLabels(scene: Scene): ISeriesPrimitiveAxisView[] {
    const { label } = scene;
    if (!label) return [];
    return scene.indicators.flatMap((shown) =>
      shown.instance.visible
        ? shown.outputs.flatMap(({ definition, values, color }) => {
            const value = values.at(-1);
            if (definition.style !== 'line' || value === undefined || Number.isNaN(value)) return [];
            return [
              {
                coordinate: () => this.on?.series.priceToCoordinate(value) ?? -1_000,
                text: () => label(shown, value),
                textColor: () => inkOn(color),
                backColor: () => color,
              },
            ];
          })
        : [],
    );
  }

  autoscaleInfo(from: Logical, to: Logical): AutoscaleInfo | null {
    const outputs = (this.scene?.indicators ?? [])
      .filter((s) => s.instance.visible && s.definition.scales !== false)
      .flatMap((s) => s.outputs);
    const priceRange = valueRange(outputs, from, to);
    return priceRange ? { priceRange } : null;
  }
}
