/** The feature pipeline: what other folders import. */
export {
  computeFeatures,
  type FeatureMatrix,
  type FeatureRow,
  IncrementalFeatures,
} from './pipeline.ts';
export { DEFAULT_FEATURES, FEATURES, featureWarmupBars, resolveFeatures } from './registry.ts';
export { applyScaler, fitScaler, type Scaler } from './scaler.ts';
export { forwardTargets, pathTargets } from './targets.ts';
export type { FeatureContext, FeatureDefinition, FeatureStream, Indicator } from './types.ts';
