import type { Drawing } from '../../../../src-shared/contract/chart.ts';
import type { PricePointer, PriceView } from '../priceView.ts';
import { rowAt } from '../timeAxis.ts';
import type { Sketch } from './drawingPrimitive.ts';
import type { Drawings } from './drawingStore.ts';
import {
  type DrawingPoint,
  magnetPrice,
  moved,
  type Pixel,
  pointsOf,
  project,
  type Touch,
  touch,
} from './geometry.ts';

/** A press that moves less is a click, pixels. */
const CLICK_PX = 5;
const MAGNET_PX = 14;

/** What the pointer is doing. */
type Doing =
  | { readonly what: 'nothing' }
  /** Making a drawing: its first point is set, the second follows the pointer. */
  | { readonly what: 'making'; readonly first: DrawingPoint; readonly pressed: Pixel; held: boolean }
  | {
      readonly what: 'moving';
      readonly before: Drawing;
      readonly pixels: readonly Pixel[];
      readonly grip: Touch;
      readonly pressed: Pixel;
      after: Drawing;
    };

type View = Pick<PriceView, 'setGestures' | 'onPointer' | 'bars' | 'chart'>;
type Axis = Pick<PriceView, 'timeToX' | 'xToTime' | 'priceToY' | 'yToPrice'>;

export interface HandInput {
  readonly symbol: string;
  readonly digits: number;
  /** Something changed that is drawn: the draft or what is hovered. */
  readonly onChange: () => void;
}

/** The hand on one chart: makes, chooses and moves drawings with the pointer. Knows nothing of React. */
export class DrawingHand {
  /** The drawing that is being made. */
  draft: Sketch | undefined;
  /** The drawing below the pointer. */
  hovered: string | undefined;
  /** Shape of the pointer; undefined is the chart's own. */
  cursor: string | undefined;
  private readonly view: View;
  private readonly axis: Axis;
  private readonly drawings: Drawings;
  private input: HandInput;
  private doing: Doing = { what: 'nothing' };
  private readonly off: () => void;

  /** @param axis places of instants and prices on that chart */
  constructor(view: View, axis: Axis, drawings: Drawings, input: HandInput) {
    this.view = view;
    this.axis = axis;
    this.drawings = drawings;
    this.input = input;
    this.off = view.onPointer((pointer) => this.hear(pointer));
  }

  /** Takes over another symbol. What was begun on the old one ends. */
  update(input: HandInput): void {
    if (input.symbol !== this.input.symbol) this.cancel();
    this.input = input;
  }

  dispose(): void {
    this.off();
  }

  /** Ends what the pointer is doing without a trace. @returns false when it was doing nothing */
  cancel(): boolean {
    const { doing } = this;
    if (doing.what === 'nothing') return false;
    if (doing.what === 'moving') this.drawings.preview(doing.before);
    this.end();
    return true;
  }

  private end(): void {
    this.doing = { what: 'nothing' };
    this.draft = undefined;
    this.view.setGestures(true);
    this.input.onChange();
  }

  private hear(pointer: PricePointer): void {
    if (pointer.type === 'down' && pointer.event.button !== 0) return;
    const { tool } = this.drawings.store.getState();
    if (this.doing.what === 'moving') this.move(pointer, this.doing);
    else if (tool !== undefined || this.doing.what === 'making') this.make(pointer);
    else if (pointer.type === 'down') this.press(pointer);
    else if (pointer.type === 'move') this.hover(pointer);
    else if (pointer.type === 'leave') this.setHovered(undefined, undefined);
  }

  /** The point below the pointer; with the magnet, the nearest price of the bar there. */
  private point(pointer: PricePointer): DrawingPoint {
    const { bars } = this.view;
    const { magnet } = this.drawings.store.getState();
    const round = (price: number) => Number(price.toFixed(this.input.digits));
    const timeMs = this.axis.xToTime(pointer.x) ?? pointer.timeMs;
    const free = { timeMs: Math.round(timeMs), price: round(pointer.price) };
    if (!magnet || !bars) return free;
    const row = nearestRow(bars.timeMs, pointer.x, (ms) => this.axis.timeToX(ms), timeMs);
    if (row === undefined) return free;
    const prices = [bars.open[row]!, bars.high[row]!, bars.low[row]!, bars.close[row]!];
    const price = magnetPrice(prices, pointer.y, (p) => this.axis.priceToY(p), MAGNET_PX);
    return price === undefined ? free : { timeMs: bars.timeMs[row]!, price };
  }

  private make(pointer: PricePointer): void {
    const { tool, color } = this.drawings.store.getState();
    const { doing } = this;
    if (tool === undefined) {
      this.cancel();
      return;
    }
    this.cursor = 'crosshair';
    const here = this.point(pointer);
    const place = { x: pointer.x, y: pointer.y };
    if (pointer.type === 'down') {
      this.view.setGestures(false);
      if (doing.what === 'making') this.finish([doing.first, here]);
      else if (pointsOf(tool) === 1) this.finish([here]);
      else {
        this.doing = { what: 'making', first: here, pressed: place, held: true };
        this.draft = { kind: tool, points: [here, here], color };
        this.input.onChange();
      }
      return;
    }
    if (doing.what !== 'making') {
      if (pointsOf(tool) === 1 && pointer.type === 'move') this.draft = { kind: tool, points: [here], color };
      if (pointer.type === 'leave') this.draft = undefined;
      this.input.onChange();
      return;
    }
    if (pointer.type === 'up' && doing.held) {
      doing.held = false;
      const far = Math.hypot(place.x - doing.pressed.x, place.y - doing.pressed.y) > CLICK_PX;
      if (far) this.finish([doing.first, here]);
      return;
    }
    if (pointer.type !== 'move') return;
    this.draft = { kind: tool, points: [doing.first, here], color };
    this.input.onChange();
  }

  private finish(points: DrawingPoint[]): void {
    const { tool, color } = this.drawings.store.getState();
    if (tool === undefined) return;
    const made = { symbol: this.input.symbol, kind: tool, points, color };
    this.drawings.use(undefined);
    this.cursor = undefined;
    // The sketch stays until the drawing takes its place: nothing blinks.
    const sketch: Sketch = { kind: tool, points, color };
    this.end();
    this.draft = sketch;
    this.input.onChange();
    void this.drawings.add(made).finally(() => {
      if (this.draft === sketch) this.draft = undefined;
      this.input.onChange();
    });
  }

  private find(pointer: Pixel): { drawing: Drawing; grip: Touch; pixels: Pixel[] } | undefined {
    const { chosen } = this.drawings.store.getState();
    const width = this.view.chart.timeScale().width();
    const all = this.drawings.of(this.input.symbol);
    // The chosen one first, then the newest: it lies on top.
    const order = [...all.filter((d) => d.id === chosen), ...all.filter((d) => d.id !== chosen).reverse()];
    for (const drawing of order) {
      const pixels = project(drawing.points, this.axis);
      const grip = pixels && touch(drawing.kind, pixels, pointer, width, drawing.id === chosen);
      if (grip) return { drawing, grip, pixels };
    }
    return undefined;
  }

  private press(pointer: PricePointer): void {
    const found = this.find(pointer);
    this.drawings.choose(found?.drawing.id);
    if (!found) return;
    const { drawing, grip, pixels } = found;
    // The chart hears of the press after us, and lets it be.
    this.view.setGestures(false);
    if (drawing.locked) {
      const off = this.view.onPointer(({ type }) => {
        if (type !== 'up') return;
        off();
        this.view.setGestures(true);
      });
      return;
    }
    const pressed = { x: pointer.x, y: pointer.y };
    this.doing = { what: 'moving', before: drawing, after: drawing, pixels, grip, pressed };
  }

  private move(pointer: PricePointer, doing: Extract<Doing, { what: 'moving' }>): void {
    if (pointer.type === 'leave') return;
    const by = { x: pointer.x - doing.pressed.x, y: pointer.y - doing.pressed.y };
    if (pointer.type === 'move') {
      const points = this.pointsAfter(pointer, doing, by);
      if (!points) return;
      doing.after = { ...doing.before, points };
      this.drawings.preview(doing.after);
      return;
    }
    const { before, after } = doing;
    this.end();
    const still =
      Math.hypot(by.x, by.y) < 2 || JSON.stringify(before.points) === JSON.stringify(after.points);
    if (still) this.drawings.preview(before);
    else void this.drawings.change(before, after);
  }

  /** The points of what is moved. A single anchor follows the magnet; whole drawings and corners move freely. */
  private pointsAfter(
    pointer: PricePointer,
    { before, pixels, grip }: Extract<Doing, { what: 'moving' }>,
    by: Pixel,
  ): DrawingPoint[] | undefined {
    const anchor = grip.part === 'handle' && grip.handle < before.points.length ? grip.handle : undefined;
    if (anchor !== undefined) {
      const here = this.point(pointer);
      return before.points.map((p, i) => (i === anchor ? here : p));
    }
    const points: DrawingPoint[] = [];
    for (const [i, pixel] of moved(before.kind, pixels, grip, by).entries()) {
      const was = pixels[i]!;
      const timeMs = this.axis.xToTime(pixel.x);
      const price = this.axis.yToPrice(pixel.y);
      if (timeMs === null || price === null) return undefined;
      // What was not moved keeps its exact place.
      points.push({
        timeMs: pixel.x === was.x ? before.points[i]!.timeMs : Math.round(timeMs),
        price: pixel.y === was.y ? before.points[i]!.price : Number(price.toFixed(this.input.digits)),
      });
    }
    return points;
  }

  private hover(pointer: PricePointer): void {
    const found = pointer.event.buttons === 0 ? this.find(pointer) : undefined;
    const grab = found?.drawing.locked ? 'pointer' : found?.grip.part === 'handle' ? 'grab' : 'move';
    this.setHovered(found?.drawing.id, found && grab);
  }

  private setHovered(id: string | undefined, cursor: string | undefined): void {
    if (id === this.hovered && cursor === this.cursor) return;
    this.hovered = id;
    this.cursor = cursor;
    this.input.onChange();
  }
}

/** The bar whose column is nearest to an x; undefined beyond the ends. */
function nearestRow(
  timeMs: readonly number[],
  x: number,
  timeToX: (ms: number) => number | null,
  pointerMs: number,
): number | undefined {
  const row = rowAt(timeMs, pointerMs);
  const candidates = [row, row + 1].filter((r) => timeMs[r] !== undefined);
  const far = (r: number) => Math.abs((timeToX(timeMs[r]!) ?? Number.POSITIVE_INFINITY) - x);
  return candidates.sort((a, b) => far(a) - far(b))[0];
}
