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

/**
 * The way to the horizon, step by step: column k of row i is the log return of bar i+k+1 in units of the volatility
 * known at i, ln(close[i+k+1] / close[i+k]) / (atr[i] / close[i]). The sum of a row over sqrt(H) is its
 * `forwardTargets`.
 * @returns [bars, horizonBars]; NaN where `forwardTargets` is
 * @throws FrontierError as `forwardTargets`
 */
export function pathTargets(bars: BarColumns, atr: Float64Array, horizonBars: number): Float32Array {
  const whole = forwardTargets(bars, atr, horizonBars);
  const paths = new Float32Array(whole.length * horizonBars).fill(Number.NaN);
  for (let i = 0; i < whole.length; i++) {
    if (!Number.isFinite(whole[i])) continue;
    const unit = atr[i]! / bars.close[i]!;
    for (let k = 0; k < horizonBars; k++) {
      paths[i * horizonBars + k] = Math.log(bars.close[i + k + 1]! / bars.close[i + k]!) / unit;
    }
  }
  return paths;
}
