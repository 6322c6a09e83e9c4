import { describe, expect, it } from 'vitest';
import type { Drawing } from '../../../../src-shared/contract/chart.ts';
import type { PricePointer } from '../priceView.ts';
import { DrawingHand } from './drawingHand.ts';
import { Drawings } from './drawingStore.ts';

const HOUR = 3_600_000;
const SYMBOL = 'EURUSD';

/** A chart whose pixel x is ten per hour and whose pixel y is 1000 - price. */
function world(kept: Drawing[] = []) {
  let hear: (pointer: PricePointer) => void = () => {};
  const listeners = new Set<(pointer: PricePointer) => void>();
  hear = (pointer) => {
    for (const listener of [...listeners]) listener(pointer);
  };
  const gestures: boolean[] = [];
  const timeMs = Array.from({ length: 50 }, (_, i) => i * HOUR);
  const column = (add: number) => timeMs.map((_, i) => 500 + i + add);
  const view = {
    timeToX: (ms: number) => (ms / HOUR) * 10,
    xToTime: (x: number) => (x / 10) * HOUR,
    priceToY: (price: number) => 1_000 - price,
    yToPrice: (y: number) => 1_000 - y,
    setGestures: (on: boolean) => void gestures.push(on),
    onPointer(listener: (pointer: PricePointer) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    bars: { timeMs, open: column(0), high: column(8), low: column(-8), close: column(2), volume: column(0) },
    chart: { timeScale: () => ({ width: () => 800 }) },
  };
  let next = 1;
  const saved: Drawing[] = [];
  const drawings = new Drawings(
    {
      list: async () => kept,
      save: async (d) => {
        const drawing = { ...d, id: d.id ?? `d${next++}` };
        saved.push(drawing);
        return drawing;
      },
      remove: async () => {},
    },
    { magnet: false, color: '#5b93f2' },
    (error) => {
      throw error;
    },
  );
  const chart = view as unknown as ConstructorParameters<typeof DrawingHand>[0];
  const hand = new DrawingHand(chart, view, drawings, {
    symbol: SYMBOL,
    digits: 1,
    onChange: () => {},
  });
  const point = (type: PricePointer['type'], x: number, y: number) =>
    hear({
      type,
      x,
      y,
      timeMs: view.xToTime(x),
      price: view.yToPrice(y),
      event: { button: 0, buttons: type === 'down' ? 1 : 0 } as PointerEvent,
    });
  const click = (x: number, y: number) => {
    point('down', x, y);
    point('up', x, y);
  };
  const drag = (x0: number, y0: number, x1: number, y1: number) => {
    point('down', x0, y0);
    point('move', (x0 + x1) / 2, (y0 + y1) / 2);
    point('move', x1, y1);
    point('up', x1, y1);
  };
  const settle = async () => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  return { hand, drawings, saved, gestures, point, click, drag, settle };
}
const trend: Drawing = {
  id: 'a',
  symbol: SYMBOL,
  kind: 'trend',
  points: [
    { timeMs: 10 * HOUR, price: 600 },
    { timeMs: 20 * HOUR, price: 500 },
  ],
  color: '#5b93f2',
};

describe('the hand', () => {
  it('DRAW-8: draws with two clicks, the second point following the pointer', async () => {
    const w = world();
    w.drawings.use('trend');
    w.click(100, 400);
    w.point('move', 150, 450);
    expect(w.hand.draft?.points[1]).toEqual({ timeMs: 15 * HOUR, price: 550 });
    w.click(200, 500);
    await w.settle();
    expect(w.drawings.of(SYMBOL)).toEqual([{ ...trend, id: 'd1' }]);
    expect(w.drawings.store.getState()).toMatchObject({ tool: undefined, chosen: 'd1' });
    expect(w.gestures.at(-1)).toBe(true);
  });

  it('DRAW-8: draws with one drag, and a horizontal line with one click', async () => {
    const w = world();
    w.drawings.use('rectangle');
    w.drag(100, 400, 200, 500);
    w.drawings.use('horizontal');
    w.click(300, 250);
    await w.settle();
    expect(w.saved.map((d) => [d.kind, d.points])).toEqual([
      ['rectangle', trend.points],
      ['horizontal', [{ timeMs: 30 * HOUR, price: 750 }]],
    ]);
  });

  it('DRAW-8: cancelled, leaves nothing', async () => {
    const w = world();
    w.drawings.use('fibonacci');
    w.click(100, 400);
    expect(w.hand.cancel()).toBe(true);
    expect(w.hand.draft).toBeUndefined();
    expect(w.gestures.at(-1)).toBe(true);
    await w.settle();
    expect(w.saved).toEqual([]);
    expect(w.hand.cancel()).toBe(false);
  });

  it('DRAW-2: moves what it takes hold of, and keeps it when let go', async () => {
    const w = world([trend]);
    await w.drawings.load(SYMBOL);
    w.drag(150, 450, 170, 430);
    await w.settle();
    const moved = [
      { timeMs: 12 * HOUR, price: 620 },
      { timeMs: 22 * HOUR, price: 520 },
    ];
    expect(w.drawings.of(SYMBOL)[0]!.points).toEqual(moved);
    expect(w.saved.map((d) => d.points)).toEqual([moved]);
    // Chosen by the press: its anchor is a handle now.
    w.drag(120, 380, 50, 300);
    await w.settle();
    expect(w.drawings.of(SYMBOL)[0]!.points).toEqual([{ timeMs: 5 * HOUR, price: 700 }, moved[1]]);
    await w.drawings.undo(SYMBOL);
    await w.drawings.undo(SYMBOL);
    expect(w.drawings.of(SYMBOL)[0]!.points).toEqual(trend.points);
  });

  it('DRAW-2: a click chooses without moving; a press beside it lets go and leaves the chart its gestures', async () => {
    const w = world([trend]);
    await w.drawings.load(SYMBOL);
    w.click(150, 450);
    expect(w.drawings.store.getState().chosen).toBe('a');
    await w.settle();
    expect(w.saved).toEqual([]);
    const before = w.gestures.length;
    w.click(400, 100);
    expect(w.drawings.store.getState().chosen).toBeUndefined();
    expect(w.gestures.length).toBe(before);
  });

  it('DRAW-9: a locked drawing can be chosen and not moved', async () => {
    const w = world([{ ...trend, locked: true }]);
    await w.drawings.load(SYMBOL);
    w.drag(150, 450, 170, 430);
    await w.settle();
    expect(w.drawings.store.getState().chosen).toBe('a');
    expect(w.drawings.of(SYMBOL)[0]!.points).toEqual(trend.points);
    expect(w.gestures.at(-1)).toBe(true);
  });

  it('DRAW-4: with the magnet, points take a price and the open of the bar below', async () => {
    const w = world();
    w.drawings.store.setState({ magnet: true });
    w.drawings.use('horizontal');
    // Bar 20 has low 512, open 520, close 522, high 528; y 470 is price 530, x 203 nearest to bar 20.
    w.click(203, 470);
    await w.settle();
    expect(w.saved[0]!.points).toEqual([{ timeMs: 20 * HOUR, price: 528 }]);
  });

  it('DRAW-8: a move that is cancelled puts the drawing back', async () => {
    const w = world([trend]);
    await w.drawings.load(SYMBOL);
    w.point('down', 150, 450);
    w.point('move', 170, 430);
    expect(w.drawings.of(SYMBOL)[0]!.points).not.toEqual(trend.points);
    w.hand.cancel();
    w.point('up', 170, 430);
    await w.settle();
    expect(w.drawings.of(SYMBOL)[0]!.points).toEqual(trend.points);
    expect(w.saved).toEqual([]);
  });
});
