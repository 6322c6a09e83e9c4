import { FrontierError } from '../../src-shared/errors.ts';
import { CALENDAR_FEATURES } from './groups/calendar.ts';
import { MOMENTUM_FEATURES } from './groups/momentum.ts';
import { RETURN_FEATURES } from './groups/returns.ts';
import { SHAPE_FEATURES } from './groups/shape.ts';
import { TREND_FEATURES } from './groups/trend.ts';
import { VOLATILITY_FEATURES } from './groups/volatility.ts';
import { VOLUME_FEATURES } from './groups/volume.ts';
import type { FeatureDefinition } from './types.ts';

/** Every feature group under its name for the interface; a new group is one file and one line here. */
export const FEATURE_GROUPS: Readonly<Record<string, readonly FeatureDefinition[]>> = {
  Returns: RETURN_FEATURES,
  Momentum: MOMENTUM_FEATURES,
  Trend: TREND_FEATURES,
  Volatility: VOLATILITY_FEATURES,
  'Candle shape': SHAPE_FEATURES,
  Calendar: CALENDAR_FEATURES,
  Volume: VOLUME_FEATURES,
};

/** All features by name. */
export const FEATURES: ReadonlyMap<string, FeatureDefinition> = new Map(
  Object.values(FEATURE_GROUPS)
    .flat()
    .map((feature) => [feature.name, feature]),
);

/** The features a model uses unless told otherwise: scale-free, so that they mean the same in every year. */
export const DEFAULT_FEATURES: readonly string[] = [
  'return_1',
  'return_3',
  'return_6',
  'return_12',
  'return_24',
  'rsi_14',
  'efficiency_24',
  'ema_distance_12',
  'ema_distance_48',
  'range_position_24',
  'range_position_96',
  'volatility_ratio_12_48',
  'candle_body',
  'upper_wick',
  'lower_wick',
  'hour_sin',
  'hour_cos',
  'weekday_sin',
  'weekday_cos',
  'volume_z_48',
];

/** Names that share the longest start with a wrong one, best first. */
function closeMatches(name: string): string[] {
  const shared = (other: string): number => {
    let i = 0;
    while (i < name.length && name[i] === other[i]) i++;
    return i;
  };
  return [...FEATURES.keys()]
    .filter((other) => shared(other) > 2)
    .sort((a, b) => shared(b) - shared(a))
    .slice(0, 3);
}

/** @throws FrontierError BAD_INPUT for an unknown name (with the nearest ones), a repeated one, or none at all */
export function resolveFeatures(names: readonly string[]): FeatureDefinition[] {
  if (names.length === 0) {
    throw new FrontierError('BAD_INPUT', 'No features were named.', 'Name at least one feature.');
  }
  if (new Set(names).size !== names.length) {
    throw new FrontierError('BAD_INPUT', 'A feature is named twice.', 'Name each feature once.');
  }
  return names.map((name) => {
    const feature = FEATURES.get(name);
    if (feature) return feature;
    const near = closeMatches(name);
    const hint =
      near.length > 0 ? `Did you mean ${near.join(', ')}?` : `Known: ${[...FEATURES.keys()].join(', ')}.`;
    throw new FrontierError('BAD_INPUT', `There is no feature "${name}".`, hint);
  });
}

/** Bars without a value at the start of a history, for a set of features. @throws as `resolveFeatures` */
export function featureWarmupBars(names: readonly string[]): number {
  return Math.max(ATR_WARMUP_BARS, ...resolveFeatures(names).map((f) => f.warmupBars));
}

/** ATR(14) exists from the 14th bar on. */
const ATR_WARMUP_BARS = 13;
