import type { Bar } from '../../../src-shared/market/bars.ts';
import { ATR_PERIOD, inUnits, memoryBars, sharedAtr } from '../indicators.ts';
import type { FeatureDefinition } from '../types.ts';

function shape(name: string, doc: string, measure: (bar: Bar) => number): FeatureDefinition {
  return {
    name,
    doc: `${doc}, in units of ATR(14).`,
    warmupBars: memoryBars(1 / ATR_PERIOD),
    create(context) {
      const atr = sharedAtr(context);
      return { push: (bar) => inUnits(measure(bar), atr.value) };
    },
  };
}

/** Form of the last candle. */
export const SHAPE_FEATURES: readonly FeatureDefinition[] = [
  shape('candle_body', 'Close minus open', (bar) => bar.close - bar.open),
  shape(
    'upper_wick',
    'High minus the upper end of the body',
    (bar) => bar.high - Math.max(bar.open, bar.close),
  ),
  shape(
    'lower_wick',
    'Lower end of the body minus the low',
    (bar) => Math.min(bar.open, bar.close) - bar.low,
  ),
  shape('bar_range', 'High minus low', (bar) => bar.high - bar.low),
];
