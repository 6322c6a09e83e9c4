import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DrawingKind,
  distanceToSegment,
  FIBONACCI_LEVELS,
  handles,
  levelPrice,
  magnetPrice,
  moved,
  pointsOf,
  touch,
} from './geometry.ts';

const A = { x: 10, y: 10 };
const B = { x: 110, y: 60 };
const WIDE = 500;
const at = (x: number, y: number) => ({ x, y });

describe('what a pointer touches', () => {
  it('DRAW-1: a line near its stretch, not beyond its ends', () => {
    expect(touch('trend', [A, B], at(60, 35), WIDE, false)).toEqual({ part: 'body' });
    expect(touch('trend', [A, B], at(60, 50), WIDE, false)).toBeUndefined();
    expect(touch('trend', [A, B], at(130, 70), WIDE, false)).toBeUndefined();
  });

  it('DRAW-1: a horizontal line over the whole width', () => {
    expect(touch('horizontal', [A], at(490, 14), WIDE, false)).toEqual({ part: 'body' });
    expect(touch('horizontal', [A], at(490, 20), WIDE, false)).toBeUndefined();
  });

  it('DRAW-1: a rectangle by its edges; by its inside and corners once chosen', () => {
    expect(touch('rectangle', [A, B], at(60, 10), WIDE, false)).toEqual({ part: 'body' });
    expect(touch('rectangle', [A, B], at(60, 35), WIDE, false)).toBeUndefined();
    expect(touch('rectangle', [A, B], at(60, 35), WIDE, true)).toEqual({ part: 'body' });
    expect(touch('rectangle', [A, B], at(110, 10), WIDE, true)).toEqual({ part: 'handle', handle: 2 });
  });

  it('DRAW-1: a retracement by each of its levels', () => {
    for (const level of FIBONACCI_LEVELS) {
      expect(touch('fibonacci', [A, B], at(12, 60 - 50 * level), WIDE, false)).toEqual({ part: 'body' });
    }
    expect(touch('fibonacci', [A, B], at(12, 90), WIDE, false)).toBeUndefined();
  });

  it('DRAW-1: handles only of the chosen one', () => {
    expect(touch('trend', [A, B], at(11, 11), WIDE, false)).toEqual({ part: 'body' });
    expect(touch('trend', [A, B], at(11, 11), WIDE, true)).toEqual({ part: 'handle', handle: 0 });
  });

  it('measures the distance to a stretch, also to one without length', () => {
    expect(distanceToSegment(at(0, 5), at(0, 0), at(10, 0))).toBe(5);
    expect(distanceToSegment(at(13, 4), at(0, 0), at(10, 0))).toBe(5);
    expect(distanceToSegment(at(3, 4), at(0, 0), at(0, 0))).toBe(5);
  });
});

describe('moving', () => {
  const pixel = fc.record({ x: fc.integer({ min: -500, max: 500 }), y: fc.integer({ min: -500, max: 500 }) });
  const kind = fc.constantFrom<DrawingKind>('trend', 'horizontal', 'rectangle', 'fibonacci');

  it('DRAW-2: the body moves every point alike; a handle lands where it was dragged to', () => {
    fc.assert(
      fc.property(kind, pixel, pixel, pixel, fc.nat({ max: 3 }), (k, a, b, by, h) => {
        const pixels = [a, b].slice(0, pointsOf(k));
        const body = moved(k, pixels, { part: 'body' }, by);
        expect(body).toEqual(pixels.map((p) => at(p.x + by.x, p.y + by.y)));
        const all = handles(k, pixels);
        const handle = h % all.length;
        const after = handles(k, moved(k, pixels, { part: 'handle', handle }, by));
        expect(after[handle]).toEqual(at(all[handle]!.x + by.x, all[handle]!.y + by.y));
      }),
    );
  });

  it('DRAW-2: a corner takes its two edges along and leaves the opposite corner', () => {
    expect(moved('rectangle', [A, B], { part: 'handle', handle: 2 }, at(5, -3))).toEqual([
      at(10, 7),
      at(115, 60),
    ]);
    expect(moved('rectangle', [A, B], { part: 'handle', handle: 3 }, at(5, -3))).toEqual([
      at(15, 10),
      at(110, 57),
    ]);
  });
});

describe('levels and magnet', () => {
  it('DRAW-3: level 0 lies at the second point, 1 at the first, 0.5 between', () => {
    expect(levelPrice(1.2, 1.1, 0)).toBeCloseTo(1.1, 12);
    expect(levelPrice(1.2, 1.1, 1)).toBeCloseTo(1.2, 12);
    expect(levelPrice(1.1, 1.3, 0.382)).toBeCloseTo(1.2236, 12);
  });

  it('DRAW-4: the magnet takes the nearest price in reach', () => {
    const y = (price: number) => 200 - price;
    expect(magnetPrice([100, 120, 90, 110], 82, y, 14)).toBe(120);
    expect(magnetPrice([100, 120, 90, 110], 40, y, 14)).toBeUndefined();
  });
});
