import {
  type CustomData,
  type CustomSeriesOptions,
  type CustomSeriesPricePlotValues,
  type CustomSeriesWhitespaceData,
  customSeriesDefaultOptions,
  type ICustomSeriesPaneRenderer,
  type ICustomSeriesPaneView,
  type PaneRendererCustomData,
  type PriceToCoordinateConverter,
  type Time,
} from 'lightweight-charts';

export interface BandPoint extends CustomData<Time> {
  readonly lower: number;
  readonly upper: number;
  readonly price: number;
}
export interface BandOptions extends CustomSeriesOptions {
  readonly fill: string;
  readonly line: string;
}

type Target = Parameters<ICustomSeriesPaneRenderer['draw']>[0];

/** A gap this many bars wide breaks the band: it is not drawn across what was never forecast. */
const LARGEST_STEP_BARS = 3;

/** Bars narrower than this are drawn without the edges of the band. */
const CROWDED_PX = 2.5;

class BandRenderer implements ICustomSeriesPaneRenderer {
  data: PaneRendererCustomData<Time, BandPoint> | undefined;
  options: BandOptions | undefined;

  draw(target: Target, toY: PriceToCoordinateConverter): void {
    const { data, options } = this;
    const range = data?.visibleRange;
    if (!data || !options || !range) return;
    // Coordinates are kept up to date for the visible rows alone; the library counts one beyond each edge among them.
    const shown = data.bars.slice(range.from, range.to);
    // biome-ignore lint/correctness/useHookAtTopLevel: the canvas library's name, no hook of React
    target.useMediaCoordinateSpace(({ context }) => {
      for (const run of unbroken(shown)) {
        context.fillStyle = options.fill;
        fillBetween(context, run, toY);
        context.strokeStyle = options.line;
        context.setLineDash([]);
        context.lineWidth = data.barSpacing < CROWDED_PX ? 1 : 1.6;
        stroke(context, run, (p) => toY(p.price));
        // With bars this close the edges would run together and bury the candles.
        if (data.barSpacing < CROWDED_PX) continue;
        context.lineWidth = 1;
        context.setLineDash([3, 3]);
        stroke(context, run, (p) => toY(p.upper));
        stroke(context, run, (p) => toY(p.lower));
        context.setLineDash([]);
      }
    });
  }
}

type Bars = PaneRendererCustomData<Time, BandPoint>['bars'];

function unbroken(bars: Bars): Bars[] {
  const runs: Array<Array<Bars[number]>> = [];
  let before: Bars[number] | undefined;
  for (const bar of bars) {
    if (!before || bar.time - before.time > LARGEST_STEP_BARS) runs.push([]);
    runs.at(-1)?.push(bar);
    before = bar;
  }
  return runs;
}

function fillBetween(context: CanvasRenderingContext2D, run: Bars, toY: PriceToCoordinateConverter): void {
  context.beginPath();
  for (const bar of run) context.lineTo(bar.x, toY(bar.originalData.upper) ?? 0);
  for (let i = run.length - 1; i >= 0; i--) {
    const bar = run[i];
    if (bar) context.lineTo(bar.x, toY(bar.originalData.lower) ?? 0);
  }
  context.closePath();
  context.fill();
}

function stroke(context: CanvasRenderingContext2D, run: Bars, y: (point: BandPoint) => number | null): void {
  context.beginPath();
  for (const bar of run) context.lineTo(bar.x, y(bar.originalData) ?? 0);
  context.stroke();
}

/** A price line inside an area between two bounds: a forecast with its interval. */
export class BandSeries implements ICustomSeriesPaneView<Time, BandPoint, BandOptions> {
  private readonly painter = new BandRenderer();

  renderer(): ICustomSeriesPaneRenderer {
    return this.painter;
  }

  update(data: PaneRendererCustomData<Time, BandPoint>, options: BandOptions): void {
    this.painter.data = data;
    this.painter.options = options;
  }

  priceValueBuilder(point: BandPoint): CustomSeriesPricePlotValues {
    return [point.lower, point.upper, point.price];
  }

  isWhitespace(
    point: BandPoint | CustomSeriesWhitespaceData<Time>,
  ): point is CustomSeriesWhitespaceData<Time> {
    return !('price' in point);
  }

  defaultOptions(): BandOptions {
    return { ...customSeriesDefaultOptions, fill: 'transparent', line: 'transparent' };
  }
}
