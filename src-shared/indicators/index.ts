import { FrontierError } from '../errors.ts';
import { momentum, roc, trix } from './momentum.ts';
import { cci, macd, rsi, stochastic, stochRsi, williams } from './oscillators.ts';
import { bollinger, dema, donchian, ema, hma, ichimoku, keltner, sma, wma } from './overlays.ts';
import { pivots, vwap } from './periods.ts';
import { adx, aroon, atr, stdDev } from './strength.ts';
import { psar, superTrend } from './trend.ts';
import type { IndicatorDef } from './types.ts';
import { cmf, mfi, obv, volumeAverage } from './volume.ts';

export { type ComputedOutput, computeIndicator, openIndicator } from './compute.ts';
export { checkedValues, defaultValues, indicatorTitle, paramProblem, paramReader } from './params.ts';
export type {
  BarSeries,
  ChoiceParam,
  FillDef,
  IndicatorContext,
  IndicatorDef,
  IndicatorStream,
  NumberParam,
  OutputDef,
  ParamDef,
  ParamReader,
  ParamValues,
} from './types.ts';

/** Every indicator, in the order of the menu. A new one is one definition and one entry here. */
export const INDICATORS: readonly IndicatorDef[] = [
  sma,
  ema,
  wma,
  dema,
  hma,
  vwap,
  bollinger,
  keltner,
  donchian,
  ichimoku,
  psar,
  superTrend,
  pivots,
  rsi,
  macd,
  stochastic,
  stochRsi,
  cci,
  williams,
  adx,
  aroon,
  momentum,
  roc,
  trix,
  atr,
  stdDev,
  mfi,
  obv,
  cmf,
  volumeAverage,
];

const byId = new Map(INDICATORS.map((d) => [d.id, d]));

/** The definition with an id. @throws FrontierError NOT_FOUND when there is none */
export function indicatorById(id: string): IndicatorDef {
  const found = byId.get(id);
  if (found) return found;
  throw new FrontierError(
    'NOT_FOUND',
    `There is no indicator ${id}.`,
    `Known are ${INDICATORS.map((d) => d.id).join(', ')}.`,
  );
}
