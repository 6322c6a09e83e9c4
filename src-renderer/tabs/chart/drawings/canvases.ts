import type { PriceView } from '../priceView.ts';
import { DrawingHand } from './drawingHand.ts';
import { DrawingPrimitive } from './drawingPrimitive.ts';
import { drawings } from './drawings.ts';
import { TradingAxis } from './tradingAxis.ts';

/** A chart's hand and what it draws on. They go with the chart, which may lose and get back its bars meanwhile. */
interface Canvas {
  readonly hand: DrawingHand;
  readonly primitive: DrawingPrimitive;
  readonly axis: TradingAxis;
}
const canvases = new WeakMap<PriceView, Canvas>();

/** The canvas of a chart; made when it is asked for first. */
export function canvasOf(view: PriceView, symbol: string, digits: number): Canvas {
  let canvas = canvases.get(view);
  if (!canvas) {
    const axis = new TradingAxis(view);
    const primitive = new DrawingPrimitive(axis);
    view.setPrimitives('drawings', [primitive]);
    const input = { symbol, digits, onChange: () => undefined };
    canvas = { primitive, axis, hand: new DrawingHand(view, axis, drawings, input) };
    canvases.set(view, canvas);
  }
  return canvas;
}

/** The hand on a chart, if it has one already. */
export function handOf(view: PriceView): DrawingHand | undefined {
  return canvases.get(view)?.hand;
}
