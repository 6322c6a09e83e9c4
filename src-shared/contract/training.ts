import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import {
  base,
  idSchema,
  jobStateSchema,
  numberOrNull,
  spanSchema,
  symbolSchema,
  timeframeSchema,
  timeMsSchema,
} from './common.ts';

/** What the user chooses for a run; every field has a documented default. */
export const trainInputSchema = z.object({
  symbol: symbolSchema,
  timeframe: timeframeSchema,
  family: z.enum(['mlp', 'tcn']).default('mlp'),
  /** Bars ahead whose return is predicted. */
  horizonBars: z.number().int().min(1).max(240).default(12),
  /** Bars the network sees. */
  windowBars: z.number().int().min(1).max(512).default(1),
  epochs: z.number().int().min(1).max(1000).default(30),
  batch: z.number().int().min(8).max(4096).default(128),
  learningRate: z.number().positive().max(1).default(0.0003),
  weightDecay: z.number().min(0).max(1).default(0.3),
  loss: z.enum(['mse', 'huber']).default('huber'),
  patience: z.number().int().min(0).max(1000).default(8),
  seed: z.number().int().min(0).max(0xffffffff).default(7),
  engine: z.enum(['auto', 'cpu', 'webgpu']).default('auto'),
  /** Conformal coverage aimed at. */
  confidence: z.number().min(0.5).max(0.995).default(0.9),
  /** Leave out samples whose window or horizon touches a bar that a repair marked. */
  excludeRepaired: z.boolean().default(true),
});
export type TrainInput = z.infer<typeof trainInputSchema>;

export const conformalSchema = z.object({
  target: z.number(),
  achieved: z.number(),
  /** Test points judged. */
  n: z.number(),
  /** Confidence band of the achieved coverage. */
  low: z.number(),
  high: z.number(),
});

export const modelSchema = z.object({
  id: idSchema,
  version: z.number(),
  symbol: z.string(),
  timeframe: timeframeSchema,
  synthetic: z.boolean(),
  family: z.enum(['mlp', 'tcn']),
  createdMs: timeMsSchema,
  horizonBars: z.number(),
  windowBars: z.number(),
  features: z.array(z.string()),
  parameters: z.number(),
  engine: z.string(),
  seed: z.number(),
  dataHash: z.string(),
  /** Of the model file. */
  sha256: z.string(),
  conformal: conformalSchema,
  /** On the test span: mean squared error over that of predicting zero is 1 - r2. Null where nothing varies. */
  testR2: numberOrNull,
  /** Spearman rank correlation of prediction and outcome on the test span. */
  testRankCorrelation: numberOrNull,
  /** Samples that touch a repaired bar and were left out; absent for models of releases that knew no repairs. */
  samplesLeftOut: z.number().optional(),
  spans: z.array(spanSchema),
});
export type ModelDto = z.infer<typeof modelSchema>;

export const curvePointSchema = z.object({
  step: z.number(),
  train: z.number(),
  validation: z.number().optional(),
  learningRate: z.number().optional(),
});

export const trainingRunSchema = z.object({
  id: idSchema,
  jobId: z.string(),
  input: trainInputSchema,
  state: jobStateSchema,
  startedMs: timeMsSchema,
  endedMs: timeMsSchema.optional(),
  step: z.number(),
  totalSteps: z.number(),
  epoch: z.number(),
  stepsPerSecond: z.number().optional(),
  etaMs: z.number().optional(),
  engine: z.string().optional(),
  /** Why another engine than the one asked for is used. */
  engineNote: z.string().optional(),
  curve: z.array(curvePointSchema),
  /** Times the worker was lost and the run went on from its checkpoint. */
  restarts: z.number(),
  modelId: idSchema.optional(),
  finalLoss: z.number().optional(),
  seconds: z.number().optional(),
  /** As of the model. */
  samplesLeftOut: z.number().optional(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).optional(),
});
export type TrainingRunDto = z.infer<typeof trainingRunSchema>;

const runId = z.object({ runId: idSchema });

export const trainingContract = {
  start: base.input(trainInputSchema).output(z.object({ runId: idSchema })),
  list: base.output(z.array(trainingRunSchema)),
  get: base.input(runId).output(trainingRunSchema),
  pause: base.input(runId).output(z.void()),
  resume: base.input(runId).output(z.void()),
  stop: base.input(runId).output(z.void()),
  /** The run as it is, then again whenever it changes, until it ends. */
  watch: base.input(runId).output(eventIterator(trainingRunSchema)),
  models: base.output(z.array(modelSchema)),
  model: base.input(z.object({ modelId: idSchema })).output(modelSchema),
};
