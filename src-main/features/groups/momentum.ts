import { memoryBars, sharedReturns } from '../indicators.ts';
import type { FeatureDefinition } from '../types.ts';

const RSI_PERIOD = 14;

/**
 * Relative strength index (Wilder 1978) mapped to [-1, 1]: RSI 50 is 0. The averages of gains and losses
 * start at 0 and are smoothed with 1 / 14; their common start-up bias cancels in the ratio.
 */
const rsi: FeatureDefinition = {
  name: 'rsi_14',
  doc: 'RSI(14) after Wilder, mapped from 0..100 to -1..1.',
  warmupBars: memoryBars(1 / RSI_PERIOD),
  create() {
    let previous = Number.NaN;
    let gain = 0;
    let loss = 0;
    return {
      push(bar) {
        const change = Number.isNaN(previous) ? 0 : bar.close - previous;
        previous = bar.close;
        gain += (Math.max(change, 0) - gain) / RSI_PERIOD;
        loss += (Math.max(-change, 0) - loss) / RSI_PERIOD;
        return gain + loss > 0 ? (gain - loss) / (gain + loss) : 0;
      },
    };
  },
};

/** Signed efficiency ratio (P. Kaufman, "Trading Systems and Methods"): net move over distance travelled. */
function efficiency(window: number): FeatureDefinition {
  return {
    name: `efficiency_${window}`,
    doc: `Net log return over ${window} bars divided by the sum of absolute returns; -1..1.`,
    warmupBars: window,
    create(context) {
      const history = sharedReturns(context).returns;
      return {
        push() {
          const path = history.sumAbs(window);
          return path > 0 ? (history.mean(window) * window) / path : 0;
        },
      };
    },
  };
}

export const MOMENTUM_FEATURES: readonly FeatureDefinition[] = [rsi, efficiency(24), efficiency(96)];
