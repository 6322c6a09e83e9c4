import { FrontierError } from '../../src-shared/errors.ts';
import { type BarColumns, barCount } from '../../src-shared/market/bars.ts';

/**
 * What a model predicts at the close of bar i: the log return over the next H bars in units of the volatility
 * known at i, ln(close[i+H] / close[i]) / (atr[i] / close[i] * sqrt(H)).
 * @param atr ATR(14) in price units, as in `FeatureMatrix`
 * @returns one value per bar; NaN in the last H bars, where the ATR is missing, and where it is 0
 * @throws FrontierError BAD_INPUT for a horizon that is not a positive whole number
 */
export function forwardTargets(bars: BarColumns, atr: Float64Array, horizonBars: number): Float32Array {
  if (!Number.isInteger(horizonBars) || horizonBars < 1) {
    throw new FrontierError(
      'BAD_INPUT',
      `A horizon of ${horizonBars} bars is not possible.`,
      'Use 1 or more.',
    );
  }
  const rows = barCount(bars);
  const targets = new Float32Array(rows).fill(Number.NaN);
  const root = Math.sqrt(horizonBars);
  for (let i = 0; i + horizonBars < rows; i++) {
    const close = bars.close[i]!;
    const unit = (atr[i]! / close) * root;
    if (unit > 0) targets[i] = Math.log(bars.close[i + horizonBars]! / close) / unit;
  }
  return targets;
}
