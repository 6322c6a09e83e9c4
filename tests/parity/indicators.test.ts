/** The chart's indicators: as fast as a chart needs them, and equal to the features' where they share a formula. */
import { describe, expect, it } from 'vitest';
import { Ema, WilderAtr } from '../../src-main/features/indicators.ts';
import { computeIndicator, INDICATORS, indicatorById } from '../../src-shared/indicators/index.ts';
import { allocateBars, type BarColumns, barAt } from '../../src-shared/market/bars.ts';
import { SeededRng } from '../../src-shared/runtime.ts';

const BARS = 20_000;
const CONTEXT = { calendar: 'fx', timeframe: 'M1' } as const;

function walk(): BarColumns {
  const bars = allocateBars(BARS);
  const rng = new SeededRng(7);
  let price = 1.1;
  for (let i = 0; i < BARS; i++) {
    bars.timeMs[i] = Date.UTC(2024, 0, 8) + i * 60_000;
    bars.open[i] = price;
    price += (rng.next() - 0.5) * 1e-3;
    bars.close[i] = price;
    bars.high[i] = Math.max(bars.open[i]!, price) + rng.next() * 1e-4;
    bars.low[i] = Math.min(bars.open[i]!, price) - rng.next() * 1e-4;
    bars.volume[i] = Math.floor(rng.next() * 500);
  }
  return bars;
}
const bars = walk();

describe('IND-6: 20,000 bars in under 5 ms', () => {
  it.each(INDICATORS.map((d) => [d.id, d] as const))('%s', (_, definition) => {
    // The best of many: the machine does other things at the same time.
    let bestMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 40 && (i < 5 || bestMs >= 5); i++) {
      const from = performance.now();
      computeIndicator(definition, {}, bars, CONTEXT);
      bestMs = Math.min(bestMs, performance.now() - from);
    }
    expect(bestMs).toBeLessThan(5);
  });
});

describe("IND-8: the features' indicators and the chart's are the same", () => {
  it('ATR, to the last bit', () => {
    const [atr] = computeIndicator(indicatorById('atr'), { length: 14 }, bars, CONTEXT);
    const feature = new WilderAtr(14);
    for (let i = 0; i < 2_000; i++) {
      feature.push(barAt(bars, i));
      expect(Object.is(atr!.values[i], feature.value)).toBe(true);
    }
  });

  it('EMA, once its beginning is forgotten', () => {
    // The feature starts at the first close, the chart with the mean of the first n: (1 - 2/21)^400 is 4e-18.
    const [ema] = computeIndicator(indicatorById('ema'), { length: 20 }, bars, CONTEXT);
    const feature = new Ema(20);
    for (let i = 0; i < 3_000; i++) {
      const value = feature.push(bars.close[i]!);
      if (i >= 400) expect(ema!.values[i]).toBeCloseTo(value, 12);
    }
  });
});
