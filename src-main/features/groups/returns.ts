import { ATR_PERIOD, inUnits, memoryBars, Ring, sharedAtr } from '../indicators.ts';
import type { FeatureDefinition } from '../types.ts';

/** The ATR is in the denominator, so a return needs the ATR's memory. */
const ATR_MEMORY = memoryBars(1 / ATR_PERIOD);

function lagReturn(lag: number): FeatureDefinition {
  return {
    name: `return_${lag}`,
    doc: `Log return over ${lag} bar${lag === 1 ? '' : 's'}, in units of ATR(14) / close * sqrt(${lag}).`,
    warmupBars: Math.max(lag, ATR_MEMORY),
    create(context) {
      const atr = sharedAtr(context);
      const closes = new Ring(lag + 1);
      const scale = Math.sqrt(lag);
      return {
        push(bar) {
          closes.push(bar.close);
          if (!closes.full) return Number.NaN;
          return inUnits(Math.log(bar.close / closes.at(0)), (atr.value / bar.close) * scale);
        },
      };
    },
  };
}

/** Momentum over several lags, scaled by volatility so that calm and wild years look alike. */
export const RETURN_FEATURES: readonly FeatureDefinition[] = [1, 3, 6, 12, 24, 48].map(lagReturn);
