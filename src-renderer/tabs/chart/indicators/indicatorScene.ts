import { type IPaneApi, type ISeriesApi, LineSeries, type Time } from 'lightweight-charts';
import type { BarColumnsDto } from '../../../../src-shared/contract/data.ts';
import type { ChartColors } from '../../../ui/colors.ts';
import type { PriceView } from '../priceView.ts';
import { chartTime } from '../timeAxis.ts';
import { IndicatorPrimitive } from './indicatorPrimitive.ts';
import { formatValue, type ShownIndicator } from './shown.ts';

const OWNER = 'indicators';
/** Height of a pane, and of all of them together, relative to the prices' 5. */
const PANE_WEIGHT = 1.4;
const PANES_WEIGHT = 4.6;

export interface SceneInput {
  readonly shown: readonly ShownIndicator[];
  readonly bars: BarColumnsDto;
  readonly colors: ChartColors;
  readonly digits: number;
}

/**
 * A pane below the candles with one indicator. Its only series has a single point that is not drawn: the library gives
 * a pane a price scale through a series, and the primitive on it draws the indicator and sets the scale.
 */
class PaneHost {
  readonly pane: IPaneApi<Time>;
  private readonly view: PriceView;
  private readonly anchor: ISeriesApi<'Line'>;
  private readonly primitive = new IndicatorPrimitive();
  private shown: ShownIndicator;

  constructor(view: PriceView, shown: ShownIndicator, digits: number) {
    this.view = view;
    this.shown = shown;
    this.pane = view.addPane();
    this.anchor = view.chart.addSeries(
      LineSeries,
      {
        lineVisible: false,
        pointMarkersVisible: false,
        crosshairMarkerVisible: false,
        lastValueVisible: false,
        priceLineVisible: false,
        priceFormat: {
          type: 'custom',
          minMove: 10 ** -(digits + 1),
          formatter: (value: number) => formatValue(value, this.shown.definition, digits),
        },
        autoscaleInfoProvider: () => this.range(),
      },
      this.pane.paneIndex(),
    );
    this.anchor.priceScale().applyOptions({ scaleMargins: { top: 0.14, bottom: 0.1 } });
    this.anchor.attachPrimitive(this.primitive);
  }

  /** A fixed scale, or what the indicator reaches on the screen. */
  private range() {
    const { scale } = this.shown.definition;
    if (scale) return { priceRange: { minValue: scale[0], maxValue: scale[1] } };
    const visible = this.view.chart.timeScale().getVisibleLogicalRange();
    return visible && this.primitive.autoscaleInfo(visible.from, visible.to);
  }

  set(shown: ShownIndicator, input: SceneInput, rising: (row: number) => boolean): void {
    this.shown = shown;
    const lastMs = input.bars.timeMs.at(-1);
    // The chart empties its series when bars go; and a point that is there already costs nothing.
    const anchored = this.anchor.data().at(-1)?.time;
    if (lastMs !== undefined && anchored !== chartTime(lastMs)) {
      this.anchor.setData([{ time: chartTime(lastMs), value: 0 }]);
    }
    this.primitive.show({
      indicators: [shown],
      colors: input.colors,
      rising,
      label: (s, value) => formatValue(value, s.definition, input.digits),
    });
  }

  dispose(): void {
    this.view.chart.removeSeries(this.anchor);
    this.view.removePane(this.pane);
  }
}

/** All indicators of one chart: those over the candles in one primitive, each of the others in its pane. */
export class IndicatorScene {
  private readonly view: PriceView;
  private readonly overlay = new IndicatorPrimitive();
  private readonly panes = new Map<string, PaneHost>();
  private attached = false;
  private digits = -1;
  private weighed = 0;

  constructor(view: PriceView) {
    this.view = view;
  }

  /** Draws these and no others. */
  set(input: SceneInput): void {
    const { bars } = input;
    const rising = (row: number) => bars.close[row]! >= bars.open[row]!;
    const overlays = input.shown.filter((s) => s.definition.group === 'overlay');
    if (overlays.length > 0 !== this.attached) {
      this.attached = !this.attached;
      this.view.setPrimitives(OWNER, this.attached ? [this.overlay] : []);
    }
    this.overlay.show({ indicators: overlays, colors: input.colors, rising });
    this.setPanes(input, rising);
  }

  private setPanes(input: SceneInput, rising: (row: number) => boolean): void {
    const wanted = input.shown.filter((s) => s.definition.group === 'pane');
    const ids = new Set(wanted.map((s) => s.instance.id));
    // The axis of a pane is made for the digits of its instrument.
    const sameDigits = this.digits === input.digits;
    this.digits = input.digits;
    for (const [id, host] of [...this.panes]) {
      if (sameDigits && ids.has(id)) continue;
      host.dispose();
      this.panes.delete(id);
    }
    const before = this.panes.size;
    for (const shown of wanted) {
      const { id } = shown.instance;
      let host = this.panes.get(id);
      if (!host) {
        host = new PaneHost(this.view, shown, input.digits);
        this.panes.set(id, host);
      }
      host.set(shown, input, rising);
    }
    if (this.panes.size !== this.weighed || this.panes.size !== before) this.weigh();
  }

  /** Shares the room anew when panes came or went; until then the heights that the user dragged stay. */
  private weigh(): void {
    this.weighed = this.panes.size;
    const weight = Math.min(PANE_WEIGHT, PANES_WEIGHT / Math.max(1, this.panes.size));
    for (const { pane } of this.panes.values()) pane.setStretchFactor(weight);
  }

  /** The element of an indicator's pane, once the chart has made it; that of the candles for one that lies over them. */
  paneElement(id: string): HTMLElement | null {
    const pane = this.panes.get(id)?.pane ?? this.view.chart.panes()[0];
    return pane?.getHTMLElement() ?? null;
  }
}

/** A chart may lose and get back its bars, and with them what is mounted on it; its panes stay. */
const scenes = new WeakMap<PriceView, IndicatorScene>();

/** The scene of a chart. It goes with the chart. */
export function sceneOf(view: PriceView): IndicatorScene {
  let scene = scenes.get(view);
  if (!scene) {
    scene = new IndicatorScene(view);
    scenes.set(view, scene);
  }
  return scene;
}
