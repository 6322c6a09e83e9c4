/** Shapes of drawings in pixels of the price pane: where they are, and what of them a pointer touches. */
import type { Drawing } from '../../../../src-shared/contract/chart.ts';

export type DrawingKind = Drawing['kind'];
export interface DrawingPoint {
  readonly timeMs: number;
  readonly price: number;
}
export interface Pixel {
  readonly x: number;
  readonly y: number;
}
/** Places of instants and prices. */
export interface Projection {
  timeToX(timeMs: number): number | null;
  priceToY(price: number): number | null;
}

/**
 * Levels of a retracement: the ratios of neighbouring and next Fibonacci numbers, the half, and the square root of
 * 0.618. Level 0 lies at the second point, 1 at the first.
 */
export const FIBONACCI_LEVELS = [0, 0.236, 0.382, 0.5, 0.618, 0.786, 1] as const;

/** How near the pointer must come, pixels. */
export const TOUCH_PX = 6;
/** A handle is easier to take than a line. */
const HANDLE_PX = 9;

/** Points that a kind has. */
export function pointsOf(kind: DrawingKind): 1 | 2 {
  return kind === 'horizontal' ? 1 : 2;
}

/** Price of a level between the two points of a retracement. */
export function levelPrice(first: number, second: number, level: number): number {
  return second + (first - second) * level;
}

/** The points of a drawing in pixels; undefined where the chart cannot place one. */
export function project(points: readonly DrawingPoint[], on: Projection): Pixel[] | undefined {
  const pixels: Pixel[] = [];
  for (const point of points) {
    const x = on.timeToX(point.timeMs);
    const y = on.priceToY(point.price);
    if (x === null || y === null) return undefined;
    pixels.push({ x, y });
  }
  return pixels;
}

/** Where a drawing is taken hold of: its points, and the other two corners of a rectangle. */
export function handles(kind: DrawingKind, pixels: readonly Pixel[]): Pixel[] {
  const [a, b] = pixels;
  if (!a || !b || kind !== 'rectangle') return [...pixels];
  return [a, b, { x: b.x, y: a.y }, { x: a.x, y: b.y }];
}

/** Distance of a point from a stretch of a line. */
export function distanceToSegment(p: Pixel, a: Pixel, b: Pixel): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const square = dx * dx + dy * dy;
  const along = square === 0 ? 0 : ((p.x - a.x) * dx + (p.y - a.y) * dy) / square;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

function edgesOf(
  kind: DrawingKind,
  pixels: readonly Pixel[],
  widthPx: number,
): Array<readonly [Pixel, Pixel]> {
  const [a, b] = pixels;
  if (!a) return [];
  if (kind === 'horizontal') {
    return [
      [
        { x: 0, y: a.y },
        { x: widthPx, y: a.y },
      ],
    ];
  }
  if (!b) return [];
  if (kind === 'trend') return [[a, b]];
  if (kind === 'rectangle') {
    const [c, d] = [
      { x: b.x, y: a.y },
      { x: a.x, y: b.y },
    ];
    return [
      [a, c],
      [c, b],
      [b, d],
      [d, a],
    ];
  }
  const levels = FIBONACCI_LEVELS.map((level) => {
    const y = b.y + (a.y - b.y) * level;
    return [
      { x: a.x, y },
      { x: b.x, y },
    ] as const;
  });
  return [[a, b], ...levels];
}

/** What of a drawing is touched: a handle by its number, or the body. */
export type Touch = { readonly part: 'handle'; readonly handle: number } | { readonly part: 'body' };

/**
 * What of a drawing a pointer touches. Handles count only on the chosen drawing, which alone shows them; the inside of
 * a rectangle only then too, so that an unchosen one does not keep the chart from being dragged.
 */
export function touch(
  kind: DrawingKind,
  pixels: readonly Pixel[],
  pointer: Pixel,
  widthPx: number,
  chosen: boolean,
): Touch | undefined {
  if (chosen) {
    const all = handles(kind, pixels);
    const near = all.findIndex((h) => Math.hypot(h.x - pointer.x, h.y - pointer.y) <= HANDLE_PX);
    if (near >= 0) return { part: 'handle', handle: near };
    const [a, b] = pixels;
    if (kind === 'rectangle' && a && b) {
      const inX = pointer.x >= Math.min(a.x, b.x) && pointer.x <= Math.max(a.x, b.x);
      const inY = pointer.y >= Math.min(a.y, b.y) && pointer.y <= Math.max(a.y, b.y);
      if (inX && inY) return { part: 'body' };
    }
  }
  const onEdge = edgesOf(kind, pixels, widthPx).some(
    ([a, b]) => distanceToSegment(pointer, a, b) <= TOUCH_PX,
  );
  return onEdge ? { part: 'body' } : undefined;
}

/** The pixels of a drawing whose handle or body was moved. A corner of a rectangle takes its two edges along. */
export function moved(kind: DrawingKind, pixels: readonly Pixel[], what: Touch, by: Pixel): Pixel[] {
  const shift = (p: Pixel, x: boolean, y: boolean) => ({ x: p.x + (x ? by.x : 0), y: p.y + (y ? by.y : 0) });
  if (what.part === 'body') {
    // A horizontal line has no place in time that anyone sees, but its label and its start have.
    return pixels.map((p) => shift(p, true, true));
  }
  const { handle } = what;
  if (kind !== 'rectangle' || handle < 2) {
    return pixels.map((p, i) => (i === handle ? shift(p, true, true) : p));
  }
  const [a, b] = pixels as readonly [Pixel, Pixel];
  return handle === 2
    ? [shift(a, false, true), shift(b, true, false)]
    : [shift(a, true, false), shift(b, false, true)];
}

/** The price of a bar that is nearest to a pointer, at most `withinPx` away; undefined when none is. */
export function magnetPrice(
  prices: readonly number[],
  y: number,
  priceToY: (price: number) => number | null,
  withinPx: number,
): number | undefined {
  let best: number | undefined;
  let least = withinPx;
  for (const price of prices) {
    const place = priceToY(price);
    if (place === null || Math.abs(place - y) > least) continue;
    least = Math.abs(place - y);
    best = price;
  }
  return best;
}

const NAMES: Readonly<Record<DrawingKind, string>> = {
  trend: 'Trend line',
  horizontal: 'Horizontal line',
  rectangle: 'Rectangle',
  fibonacci: 'Fibonacci retracement',
};

/** Name of a kind of drawing. */
export function kindName(kind: DrawingKind): string {
  return NAMES[kind];
}
