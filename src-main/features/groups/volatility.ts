import { sharedReturns } from '../indicators.ts';
import type { FeatureDefinition } from '../types.ts';

function volatilityRatio(short: number, long: number): FeatureDefinition {
  return {
    name: `volatility_ratio_${short}_${long}`,
    doc: `Natural log of the root-mean-square return over ${short} bars to the one over ${long} bars.`,
    warmupBars: long,
    create(context) {
      const history = sharedReturns(context).returns;
      return {
        push() {
          const recent = history.meanSquare(short);
          const usual = history.meanSquare(long);
          return recent > 0 && usual > 0 ? 0.5 * Math.log(recent / usual) : 0;
        },
      };
    },
  };
}

/** Whether the market is calmer or wilder than lately. */
export const VOLATILITY_FEATURES: readonly FeatureDefinition[] = [
  volatilityRatio(12, 48),
  volatilityRatio(24, 96),
];
