import { ATR_PERIOD, Ema, inUnits, memoryBars, Ring, sharedAtr } from '../indicators.ts';
import type { FeatureDefinition } from '../types.ts';

const ATR_MEMORY = memoryBars(1 / ATR_PERIOD);

function emaDistance(period: number): FeatureDefinition {
  return {
    name: `ema_distance_${period}`,
    doc: `Close minus its exponential average over ${period} bars, in units of ATR(14).`,
    warmupBars: Math.max(memoryBars(2 / (period + 1)), ATR_MEMORY),
    create(context) {
      const atr = sharedAtr(context);
      const ema = new Ema(period);
      return { push: (bar) => inUnits(bar.close - ema.push(bar.close), atr.value) };
    },
  };
}

function rangePosition(window: number): FeatureDefinition {
  return {
    name: `range_position_${window}`,
    doc: `Where the close lies in the range of the last ${window} bars: -1 at the low, 1 at the high.`,
    warmupBars: window - 1,
    create() {
      const highs = new Ring(window);
      const lows = new Ring(window);
      return {
        push(bar) {
          highs.push(bar.high);
          lows.push(bar.low);
          if (!highs.full) return Number.NaN;
          const low = lows.min(window);
          const range = highs.max(window) - low;
          return range > 0 ? (2 * (bar.close - low)) / range - 1 : 0;
        },
      };
    },
  };
}

/** Where the price stands against its own recent past. */
export const TREND_FEATURES: readonly FeatureDefinition[] = [
  emaDistance(12),
  emaDistance(24),
  emaDistance(48),
  rangePosition(24),
  rangePosition(96),
];
