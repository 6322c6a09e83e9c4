import { describe, expect, it } from 'vitest';
import type { Anomaly, Fan } from '../../../src-shared/contract/chart.ts';
import { chartColors } from '../../ui/colors.ts';
import { anomalyAt, anomalyColor, anomalyMarkers } from './anomalyMarkers.ts';
import { FanDrawing, fanColor, fanLines } from './fanDrawing.ts';
import { fanBar } from './useModelOverlays.ts';

const FAN: Fan = {
  madeMs: 100,
  close: 10,
  levels: [0.05, 0.5, 0.95],
  timeMs: [110, 120],
  prices: [
    [9, 8],
    [10.5, 11],
    [12, 14],
  ],
};
const colors = chartColors('dark', 'blue-orange');
const anomaly = (timeMs: number, toMs: number, name = 'Unusual window'): Anomaly => ({
  timeMs,
  toMs,
  error: 3,
  name,
  named: name !== 'Unusual window',
});

describe('the fan', () => {
  it('opens from the close of its bar', () => {
    expect(fanLines(FAN)[2]).toEqual([
      { timeMs: 100, price: 10 },
      { timeMs: 110, price: 12 },
      { timeMs: 120, price: 14 },
    ]);
  });

  it('keeps its prices on the scale while a part of it is visible, and no longer', () => {
    const shown = { fromMs: 0, toMs: 105 };
    const drawing = new FanDrawing(
      { timeToX: (ms) => ms, priceToY: (price) => price, visible: () => shown },
      colors,
    );
    expect(drawing.autoscaleInfo()).toBeNull();
    expect(drawing.paneViews()).toHaveLength(0);
    drawing.set(FAN, colors);
    expect(drawing.autoscaleInfo()).toEqual({ priceRange: { minValue: 8, maxValue: 14 } });
    expect(drawing.paneViews()).toHaveLength(1);
    shown.toMs = 99;
    expect(drawing.autoscaleInfo()).toBeNull();
    Object.assign(shown, { fromMs: 121, toMs: 200 });
    expect(drawing.autoscaleInfo()).toBeNull();
  });

  it('is that of the last visible bar, or of a clicked one while it is visible', () => {
    const times = [0, 10, 20, 30];
    expect(fanBar(times, undefined, { fromMs: 0, toMs: 25 })).toBe(20);
    expect(fanBar(times, undefined, { fromMs: 0, toMs: 99 })).toBe(30);
    expect(fanBar(times, 10, { fromMs: 0, toMs: 25 })).toBe(10);
    expect(fanBar(times, 10, { fromMs: 15, toMs: 25 })).toBe(20);
    expect(fanBar(times, undefined, { fromMs: -20, toMs: -5 })).toBeUndefined();
    expect(fanBar(times, undefined, undefined)).toBe(30);
  });

  it('has a colour of its own in both schemes', () => {
    for (const scheme of ['dark', 'light'] as const) {
      const palette = chartColors(scheme, 'blue-orange');
      const used = [palette.up, palette.down, palette.forecast, fanColor(palette), anomalyColor(palette)];
      expect(new Set(used).size).toBe(5);
    }
  });
});

describe('marks of unusual windows', () => {
  it('carry their names while they are few', () => {
    const few = anomalyMarkers([anomaly(1, 3, 'Double top')], colors);
    expect(few).toMatchObject([{ timeMs: 1, position: 'aboveBar', shape: 'circle', text: 'Double top' }]);
    const many = anomalyMarkers(
      Array.from({ length: 500 }, (_, i) => anomaly(10 * i, 10 * i)),
      colors,
    );
    expect(many).toHaveLength(400);
    expect(many[0]).toMatchObject({ timeMs: 1000 });
    expect(many.some((m) => m.text !== undefined)).toBe(false);
  });

  it('tell of the stretch under the pointer', () => {
    const list = [anomaly(10, 30), anomaly(20, 20, 'Double top'), anomaly(50, 60)];
    expect(anomalyAt(list, 20)?.name).toBe('Double top');
    expect(anomalyAt(list, 30)?.timeMs).toBe(10);
    expect(anomalyAt(list, 40)).toBeUndefined();
    expect(anomalyAt(list, undefined)).toBeUndefined();
  });
});
