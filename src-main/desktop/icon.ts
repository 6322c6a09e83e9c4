/**
 * Frontier's mark, painted from its geometry: a rising frontier of three joined points on a dark rounded
 * square. The same painter makes the application icons (`build/make-icons.ts`) and the tray's.
 */

type Rgb = readonly [number, number, number];

/** An image of `size` × `size` pixels, 4 bytes each: red, green, blue, alpha (not premultiplied). */
export interface Painted {
  readonly size: number;
  readonly rgba: Uint8ClampedArray;
}

const BACKGROUND_TOP: Rgb = [24, 34, 52];
const BACKGROUND_BOTTOM: Rgb = [11, 15, 23];
const LINE: Rgb = [88, 166, 255];
const POINT: Rgb = [255, 255, 255];
const ACCENT: Rgb = [255, 166, 87];

/** The frontier's points in a unit square, y downwards; the last is the one that was chosen. */
const POINTS: readonly (readonly [number, number])[] = [
  [0.2, 0.74],
  [0.36, 0.46],
  [0.58, 0.34],
  [0.8, 0.27],
];
const CORNER = 0.22;
const LINE_HALF_WIDTH = 0.034;
const POINT_RADIUS = 0.068;
const BADGE_RADIUS = 0.2;
const BADGE_CENTRE = 0.78;

/** Colour of the tray's badge by session; idle has none. */
export const BADGES = {
  paper: [56, 139, 253],
  live: [248, 81, 73],
  shadow: [139, 148, 158],
} as const satisfies Record<string, Rgb>;

/**
 * Paints the mark.
 * @param size edge in pixels
 * @param badge colour of a dot in the lower right corner
 */
export function paintMark(size: number, badge?: Rgb): Painted {
  const rgba = new Uint8ClampedArray(size * size * 4);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const pixel = shade((column + 0.5) / size, (row + 0.5) / size, 1 / size, badge);
      rgba.set(pixel, (row * size + column) * 4);
    }
  }
  return { size, rgba };
}

/** Colour at a point of the unit square; `px` is the width of a pixel, over which edges are smoothed. */
function shade(x: number, y: number, px: number, badge: Rgb | undefined): [number, number, number, number] {
  const cover = (distance: number): number => Math.min(1, Math.max(0, 0.5 - distance / px));
  let colour = blend(BACKGROUND_TOP, BACKGROUND_BOTTOM, y);
  let alpha = cover(roundedSquare(x, y));
  for (let i = 1; i < POINTS.length; i++) {
    colour = blend(colour, LINE, cover(segment(x, y, POINTS[i - 1]!, POINTS[i]!) - LINE_HALF_WIDTH));
  }
  POINTS.forEach(([cx, cy], i) => {
    const last = i === POINTS.length - 1;
    const radius = last ? POINT_RADIUS * 1.35 : POINT_RADIUS;
    colour = blend(colour, last ? ACCENT : POINT, cover(Math.hypot(x - cx, y - cy) - radius));
  });
  if (badge !== undefined) {
    const distance = Math.hypot(x - BADGE_CENTRE, y - BADGE_CENTRE) - BADGE_RADIUS;
    colour = blend(colour, BACKGROUND_BOTTOM, cover(distance - 0.05));
    colour = blend(colour, badge, cover(distance));
    alpha = Math.max(alpha, cover(distance));
  }
  return [colour[0], colour[1], colour[2], Math.round(alpha * 255)];
}

function blend(under: Rgb, over: Rgb, share: number): Rgb {
  const mix = (i: 0 | 1 | 2): number => under[i] + (over[i] - under[i]) * share;
  return [mix(0), mix(1), mix(2)];
}

/** Signed distance to the rounded square: negative inside. */
function roundedSquare(x: number, y: number): number {
  const dx = Math.abs(x - 0.5) - (0.5 - CORNER);
  const dy = Math.abs(y - 0.5) - (0.5 - CORNER);
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - CORNER;
}

/** Distance to a line segment. */
function segment(x: number, y: number, a: readonly [number, number], b: readonly [number, number]): number {
  const [ax, ay] = a;
  const [dx, dy] = [b[0] - ax, b[1] - ay];
  const along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy);
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

/** The pixels as Electron's `createFromBitmap` takes them: blue, green, red, alpha, premultiplied. */
export function toBitmap(image: Painted): Buffer {
  const out = Buffer.alloc(image.rgba.length);
  for (let i = 0; i < out.length; i += 4) {
    const alpha = image.rgba[i + 3]! / 255;
    out[i] = Math.round(image.rgba[i + 2]! * alpha);
    out[i + 1] = Math.round(image.rgba[i + 1]! * alpha);
    out[i + 2] = Math.round(image.rgba[i]! * alpha);
    out[i + 3] = image.rgba[i + 3]!;
  }
  return out;
}
