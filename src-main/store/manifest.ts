import { z } from 'zod';
import { priceSideSchema, spanSchema, timeframeSchema } from '../../src-shared/contract/common.ts';
import {
  CONFORMAL_METHODS,
  conformalSchema,
  MODEL_ROLES,
  namedFigureSchema,
} from '../../src-shared/contract/training.ts';
import { FrontierError } from '../../src-shared/errors.ts';

/** Standardisation of the inputs, fitted on the training span alone. */
export const scalerSchema = z.object({
  names: z.array(z.string()),
  mean: z.array(z.number()),
  std: z.array(z.number()),
  clip: z.number(),
});

/** From raw predictions to intervals (`intervalOf` in validation/conformal) and signals. */
export const calibrationSchema = z.object({
  /**
   * Half width of the interval, in units of the target times the scale of the row; of `cqr` what is added at both ends
   * of the predicted quantiles, below 0 where these were too wide.
   */
  q: z.number(),
  /** Absent for artifacts of releases that knew `split` only. */
  method: z.enum(CONFORMAL_METHODS).optional(),
  confidence: z.number(),
  /** Divides a prediction to give the signal that the entry threshold compares. */
  predictionScale: z.number().positive(),
  /** Of `local`: the scale of a row is exp(sum of weight * (column - mean) / std), kept within the limits. */
  residual: z
    .object({
      /** Names of features, or `abs_prediction`. */
      columns: z.array(z.string()),
      mean: z.array(z.number()),
      std: z.array(z.number().positive()),
      weights: z.array(z.number()),
      minScale: z.number().positive(),
      maxScale: z.number().positive(),
    })
    .optional(),
  /** Calibration scores, ascending, thinned to some hundreds: what an adaptive interval moves along. */
  scores: z.array(z.number()).optional(),
});
/** A calibration without the scale of its signals. */
export type CalibrationBody = Omit<z.infer<typeof calibrationSchema>, 'predictionScale'>;

/** Everything a run depends on: with the data of the hash, it can be repeated from this file alone. */
export const manifestSchema = z.object({
  format: z.literal(1),
  modelId: z.string(),
  symbol: z.string(),
  timeframe: timeframeSchema,
  version: z.number().int().min(1),
  synthetic: z.boolean(),
  createdMs: z.number(),
  family: z.string(),
  /** Absent for artifacts of releases that knew regressors only. */
  role: z.enum(MODEL_ROLES).optional(),
  /** Names of the raw features, in input order. */
  features: z.array(z.string()).min(1),
  scaler: scalerSchema,
  windowBars: z.number().int().min(1),
  horizonBars: z.number().int().min(1),
  /** What the output means, in words with units, e.g. `ln(close[t+12]/close[t]) / (atr/close*sqrt(12))`. */
  target: z.string(),
  /** Names and shapes of the graph's input and output; -1 is any. */
  io: z.object({
    input: z.string(),
    inputShape: z.array(z.number().int()),
    output: z.string(),
    outputShape: z.array(z.number().int()),
  }),
  /** Null for models that predict no number. */
  calibration: calibrationSchema.nullable(),
  conformal: conformalSchema.nullable(),
  spans: z.array(spanSchema),
  priceSide: priceSideSchema,
  /** A close of the training span, from which costs that depend on the price level are made. */
  referencePrice: z.number().positive(),
  dataHash: z.string(),
  bars: z.number().int(),
  codeVersion: z.string(),
  seed: z.number().int(),
  engine: z.string(),
  hyperParameters: z.record(z.string(), z.unknown()),
  parameters: z.number().int(),
  /** By name; null where a span cannot support the figure. */
  metrics: z.record(z.string(), z.number().nullable()),
  /** Data hashes of the other instruments whose features the model reads, by symbol. */
  otherHashes: z.record(z.string(), z.string()).optional(),
  figures: z.array(namedFigureSchema).optional(),
  device: z.string().optional(),
  runId: z.string().optional(),
  /** Models that this one is made of. */
  members: z.array(z.string()).optional(),
  /** A window of scaled features with what the model said of it when it was stored: proof that a file still works. */
  sample: z.object({ x: z.array(z.number()), y: z.array(z.number()) }).optional(),
});
export type ModelManifest = z.infer<typeof manifestSchema>;

/** The manifest of a model that predicts a number with an interval. */
export type RegressorManifest = ModelManifest & {
  readonly calibration: NonNullable<ModelManifest['calibration']>;
};

/** @throws FrontierError REFUSED for a model that predicts no number, such as an autoencoder */
export function regressorOf(manifest: ModelManifest): RegressorManifest {
  const { calibration } = manifest;
  if (calibration && (manifest.role ?? 'regressor') !== 'autoencoder') return { ...manifest, calibration };
  throw new FrontierError(
    'REFUSED',
    `${manifest.modelId} is a model of the kind ${manifest.role ?? manifest.family} and gives no signal to trade on.`,
    'Choose a model that predicts returns.',
  );
}
