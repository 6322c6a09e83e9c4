/**
 * What an interval looks at besides the prediction: features of the own instrument, the same stream in training,
 * backtest and live, whatever features the model itself reads.
 */
import { FrontierError } from '../../../src-shared/errors.ts';
import { type BarColumns, barCount } from '../../../src-shared/market/bars.ts';
import type { Instrument } from '../../../src-shared/market/instruments.ts';
import { computeFeatures, IncrementalFeatures } from '../../features/index.ts';

/** Features that tell quiet rows from wild ones: the `local` method learns the size of errors from them. */
export const RESIDUAL_FEATURES: readonly string[] = [
  'volatility_ratio_12_48',
  'volatility_ratio_24_96',
  'hour_sin',
  'hour_cos',
];
/** A residual column that is no feature: the size of the prediction itself. */
export const ABS_PREDICTION = 'abs_prediction';
const TREND_FEATURE = 'ema_distance_48';

/** Columns of a whole history, indexed by bar row; NaN in a feature's warm-up. */
export interface IntervalColumns {
  /** `RESIDUAL_FEATURES` by name. */
  readonly features: ReadonlyMap<string, Float64Array>;
  /** ATR(14) over close: volatility known at the row. */
  readonly volatility: Float64Array;
  /** Close minus its average over 48 bars in units of ATR(14): the trend known at the row. */
  readonly trend: Float64Array;
}

/**
 * Computes the columns of a history.
 * @param names features to include besides those of the regimes
 */
export function intervalColumns(
  bars: BarColumns,
  instrument: Instrument,
  names: readonly string[] = RESIDUAL_FEATURES,
): IntervalColumns {
  const all = [...names.filter((name) => name !== TREND_FEATURE), TREND_FEATURE];
  const { values, atr } = computeFeatures(bars, instrument, all);
  const rows = barCount(bars);
  const column = (index: number): Float64Array =>
    Float64Array.from({ length: rows }, (_, row) => values[row * all.length + index]!);
  return {
    features: new Map(names.map((name) => [name, column(all.indexOf(name))])),
    volatility: Float64Array.from(atr, (range, row) => range / bars.close[row]!),
    trend: column(all.length - 1),
  };
}

/** The same features bar by bar, for the live session; undefined where the interval needs none. */
export function intervalStream(
  instrument: Instrument,
  names: readonly string[],
): IncrementalFeatures | undefined {
  return names.length === 0 ? undefined : new IncrementalFeatures(instrument, names);
}

/** @throws FrontierError BAD_INPUT where the history has no such column */
export function columnOf(columns: IntervalColumns | undefined, name: string): Float64Array {
  const found = columns?.features.get(name);
  if (found) return found;
  throw new FrontierError(
    'BAD_INPUT',
    `The interval needs the column ${name}, which was not computed.`,
    'Compute intervalColumns for the features that intervalFeatures names.',
  );
}
