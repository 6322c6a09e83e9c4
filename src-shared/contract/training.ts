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

/** Kinds of model, in the order they are offered. */
export const FAMILIES = [
  'ridge',
  'lasso',
  'elasticNet',
  'mlp',
  'tcn',
  'transformer',
  'tcnAutoencoder',
  'anomaly',
  'diffusion',
  'ensemble',
  'horizons',
  'imported',
] as const;
export type FamilyName = (typeof FAMILIES)[number];
/** What a model says: a return, a compressed picture of the market, how unusual a window is, or a fan of futures. */
export const MODEL_ROLES = ['regressor', 'autoencoder', 'anomaly', 'diffusion'] as const;
export type ModelRole = (typeof MODEL_ROLES)[number];

export const ENGINES = ['cpu', 'webgpu', 'cuda', 'directml', 'coreml', 'tfjs'] as const;
export type EngineName = (typeof ENGINES)[number];
export const CONFORMAL_METHODS = ['split', 'local', 'cqr'] as const;

/** What the user chooses for a run; every field has a documented default. */
export const trainInputSchema = z.object({
  symbol: symbolSchema,
  timeframe: timeframeSchema,
  /** Further instruments whose features join those of the symbol, on its bars; a closed market leaves bars out. */
  symbols: z.array(symbolSchema).max(39).default([]),
  family: z.enum(FAMILIES).default('mlp'),
  /** Settings of the family; unknown ones are refused. `training.families` lists them with their defaults. */
  model: z.record(z.string(), z.unknown()).default({}),
  /** Names of features; empty takes the default set. */
  features: z.array(z.string().max(64)).max(200).default([]),
  /** Bars ahead whose return is predicted. */
  horizonBars: z.number().int().min(1).max(10_080).default(12),
  /** Bars the network sees. */
  windowBars: z.number().int().min(1).max(2048).default(1),
  epochs: z.number().int().min(1).max(10_000).default(30),
  /** Windows per step and device; with `accumulation` and `devices` it multiplies to the effective batch. */
  batch: z.number().int().min(4).max(65_536).default(128),
  learningRate: z.number().positive().max(1).default(0.0003),
  weightDecay: z.number().min(0).max(1).default(0.3),
  optimizer: z.enum(['adamw', 'adam', 'sgd']).default('adamw'),
  /** Of `sgd`. */
  momentum: z.number().min(0).max(0.999).default(0.9),
  schedule: z.enum(['constant', 'cosine', 'step', 'plateau']).default('cosine'),
  /** Steps over which the learning rate rises to its full value. */
  warmupSteps: z.number().int().min(0).max(1_000_000).default(0),
  /** Largest gradient norm; 0 is no limit. */
  clipNorm: z.number().min(0).max(1000).default(1),
  /** Decay of a moving average of the weights, which is then validated and kept; 0 is none. */
  averageDecay: z.number().min(0).max(0.99999).default(0),
  loss: z.enum(['mse', 'mae', 'huber', 'quantile']).default('huber'),
  patience: z.number().int().min(0).max(1000).default(8),
  seed: z.number().int().min(0).max(0xffffffff).default(7),
  engine: z.enum(['auto', ...ENGINES]).default('auto'),
  /** Device of the engine, as `training.hardware` names it; absent takes the first. */
  device: z.string().max(64).optional(),
  /** CPU threads; 0 takes as many as there are cores, shared by the devices. */
  threads: z.number().int().min(0).max(256).default(0),
  precision: z.enum(['float32', 'mixed']).default('float32'),
  graphOptimization: z.enum(['off', 'basic', 'extended', 'all']).default('all'),
  /** Lets NVIDIA GPUs round the factors of matrix products to 19 bits, which is faster. Of no effect elsewhere. */
  tf32: z.boolean().default(true),
  /** Batches whose gradients are averaged before each update. */
  accumulation: z.number().int().min(1).max(256).default(1),
  checkpointing: z.boolean().default(false),
  attention: z.enum(['standard', 'tiled']).default('standard'),
  /** Blocks of channels are what CPUs with wide registers like; the model's manifest names the one a run used. */
  layout: z
    .enum(['auto', 'channelsFirst', 'channelsLast', 'blocked4', 'blocked8', 'blocked16'])
    .default('auto'),
  /** Data-parallel workers, one per device. */
  devices: z.number().int().min(1).max(16).default(1),
  /** Gradients are averaged each step (1), or weights every so many steps. */
  averageEvery: z.number().int().min(1).max(10_000).default(1),
  /** Checkpoints kept beside the best one. */
  keepCheckpoints: z.number().int().min(1).max(50).default(3),
  /** Standard deviation of noise on the scaled features while training; 0 is none. */
  augmentNoise: z.number().min(0).max(5).default(0),
  /** Largest stretch or squeeze of time in a window, as a share of its length; 0 is none. */
  augmentTimeWarp: z.number().min(0).max(0.5).default(0),
  /** Largest random change of the spread in the targets, in units of the target; 0 is none. */
  augmentSpread: z.number().min(0).max(5).default(0),
  /** Conformal coverage aimed at. */
  confidence: z.number().min(0.5).max(0.995).default(0.9),
  /**
   * How the interval follows the bar: one width (`split`), a width learnt from the size of past errors (`local`), or
   * conformalised quantile regression (`cqr`, needs loss `quantile`).
   */
  conformal: z.enum(CONFORMAL_METHODS).default('split'),
  /** Leave out samples whose window or horizon touches a bar that a repair marked. */
  excludeRepaired: z.boolean().default(true),
});
export type TrainInput = z.infer<typeof trainInputSchema>;

/** Coverage of one part of the test span: a regime, or a stretch of time. */
export const coveragePartSchema = z.object({
  name: z.string(),
  fromMs: z.number().optional(),
  n: z.number(),
  achieved: numberOrNull,
  low: numberOrNull,
  high: numberOrNull,
  /** Mean width of the interval, in units of the target. */
  width: numberOrNull,
});

export const conformalSchema = z.object({
  target: z.number(),
  achieved: z.number(),
  /** Test points judged. */
  n: z.number(),
  /** Confidence band of the achieved coverage. */
  low: z.number(),
  high: z.number(),
  /** Absent for models of releases that knew one method only. */
  method: z.enum(CONFORMAL_METHODS).optional(),
  width: numberOrNull.optional(),
  regimes: z.array(coveragePartSchema).optional(),
  overTime: z.array(coveragePartSchema).optional(),
});

/** A figure of a model with its name and unit, for tables. */
export const namedFigureSchema = z.object({
  name: z.string(),
  label: z.string(),
  value: numberOrNull,
  unit: z.string().optional(),
});

export const modelSchema = z.object({
  id: idSchema,
  version: z.number(),
  symbol: z.string(),
  timeframe: timeframeSchema,
  synthetic: z.boolean(),
  family: z.enum(FAMILIES),
  role: z.enum(MODEL_ROLES).default('regressor'),
  createdMs: timeMsSchema,
  horizonBars: z.number(),
  windowBars: z.number(),
  features: z.array(z.string()),
  parameters: z.number(),
  engine: z.string(),
  /** The device in words, where it is known. */
  device: z.string().optional(),
  seed: z.number(),
  dataHash: z.string(),
  /** Of the model file. */
  sha256: z.string(),
  /** Null for models that predict no number. */
  conformal: conformalSchema.nullable(),
  /** On the test span: mean squared error over that of predicting zero is 1 - r2. Null where nothing varies. */
  testR2: numberOrNull,
  /** Spearman rank correlation of prediction and outcome on the test span. */
  testRankCorrelation: numberOrNull,
  /** Samples that touch a repaired bar and were left out; absent for models of releases that knew no repairs. */
  samplesLeftOut: z.number().optional(),
  spans: z.array(spanSchema),
  /** Figures of the kind of model: reconstruction loss, threshold, accuracy by horizon, … */
  figures: z.array(namedFigureSchema).default([]),
  /** The run that made it, and the models it is made of. */
  runId: z.string().optional(),
  members: z.array(z.string()).default([]),
  /** Settings that the result depends on, for the browser. */
  settings: z.record(z.string(), z.unknown()).default({}),
});
/** A stored model. `pinned` and `present` belong to the register, not to the artifact. */
export type ModelDto = z.infer<typeof modelSchema>;

export const listedModelSchema = modelSchema.extend({
  /** Pinned models are never pruned. */
  pinned: z.boolean(),
  /** False where only the record is left: the files were pruned or deleted. */
  present: z.boolean(),
});
export type ListedModel = z.infer<typeof listedModelSchema>;

export const curvePointSchema = z.object({
  step: z.number(),
  train: z.number(),
  validation: z.number().optional(),
  learningRate: z.number().optional(),
  gradientNorm: z.number().optional(),
  stepsPerSecond: z.number().optional(),
});

/** What a device says of itself at a moment; null where it does not say. */
export const deviceReadingSchema = z.object({
  timeMs: timeMsSchema,
  step: z.number(),
  device: z.string(),
  utilization: numberOrNull,
  memoryBytes: numberOrNull,
  temperatureC: numberOrNull,
  powerWatt: numberOrNull,
  fanPct: numberOrNull,
});
export type DeviceReading = z.infer<typeof deviceReadingSchema>;

export const LOG_LEVELS = ['info', 'decision', 'warning', 'error'] as const;
export const logEntrySchema = z.object({
  timeMs: timeMsSchema,
  level: z.enum(LOG_LEVELS),
  /** What it is about: engine, memory, batch, checkpoint, data, worker, … */
  topic: z.string(),
  message: z.string(),
});
export type TrainLogEntry = z.infer<typeof logEntrySchema>;

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
  /** Steps of one epoch, so that a second bar can show the epoch. */
  stepsPerEpoch: z.number().optional(),
  stepsPerSecond: z.number().optional(),
  etaMs: z.number().optional(),
  engine: z.string().optional(),
  device: z.string().optional(),
  /** Why another engine than the one asked for is used. */
  engineNote: z.string().optional(),
  curve: z.array(curvePointSchema),
  /** Times the worker was lost and the run went on from its checkpoint. */
  restarts: z.number(),
  /** Workers at work, of a data-parallel run. */
  workers: z.number().optional(),
  bestStep: z.number().optional(),
  bestValidation: z.number().optional(),
  savedStep: z.number().optional(),
  modelId: idSchema.optional(),
  finalLoss: z.number().optional(),
  seconds: z.number().optional(),
  /** As of the model. */
  samplesLeftOut: z.number().optional(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).optional(),
});
export type TrainingRunDto = z.infer<typeof trainingRunSchema>;

export const deviceSchema = z.object({
  /** e.g. `cpu`, `webgpu:0`, `cuda:1`; what `device` of a run takes. */
  id: z.string(),
  engine: z.enum(ENGINES),
  name: z.string(),
  available: z.boolean(),
  /** Why not, or on what it runs. */
  detail: z.string(),
  memoryBytes: numberOrNull,
  freeBytes: numberOrNull,
  driver: z.string().nullable(),
  utilization: numberOrNull,
  temperatureC: numberOrNull,
  powerWatt: numberOrNull,
  fanPct: numberOrNull,
  /** Milliseconds of the probe graph, where it was timed. */
  probeMs: numberOrNull,
  /** What a switch of the dialog does on this device. */
  supports: z.object({
    mixedPrecision: z.enum(['yes', 'slower', 'no']),
    graphCapture: z.boolean(),
    tf32: z.boolean(),
  }),
});
export type DeviceDto = z.infer<typeof deviceSchema>;

export const estimateSchema = z.object({
  parameters: z.number(),
  trainWindows: z.number(),
  stepsPerEpoch: z.number(),
  totalSteps: z.number(),
  effectiveBatch: z.number(),
  /** Batch that Auto would take. */
  autoBatch: z.number(),
  memoryBytes: z.number(),
  memoryLimitBytes: z.number(),
  /** From a short trial where one was made. */
  msPerStep: numberOrNull,
  seconds: numberOrNull,
  device: z.string(),
  /** Each choice that was made for the user with its reason. */
  decisions: z.array(z.string()),
  warnings: z.array(z.string()),
  /** Why the run cannot fit or cannot work; null where it can. */
  refusal: z.string().nullable(),
});
export type EstimateDto = z.infer<typeof estimateSchema>;

export const familyInfoSchema = z.object({
  name: z.enum(FAMILIES),
  title: z.string(),
  description: z.string(),
  role: z.enum(MODEL_ROLES),
  /** `gradient` families have epochs and a learning rate, `solved` ones are computed at once. */
  fit: z.enum(['gradient', 'solved', 'composed']),
  /** JSON schema of the settings, and their defaults. */
  schema: z.unknown(),
  defaults: z.record(z.string(), z.unknown()),
  /** Defaults of the run that suit the family, e.g. a window. */
  runDefaults: z.record(z.string(), z.unknown()),
});
export type FamilyInfo = z.infer<typeof familyInfoSchema>;

/** A feature that a model can see. */
export const featureInfoSchema = z.object({
  name: z.string(),
  /** What it measures, with its unit. */
  doc: z.string(),
  /** Group in words, e.g. `Momentum`. */
  group: z.string(),
  /** Bars before its first value. */
  warmupBars: z.number(),
  /** Part of the default set. */
  standard: z.boolean(),
});
export type FeatureInfo = z.infer<typeof featureInfoSchema>;

/** One picture or table of a model's report. */
export const reportPartSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('figures'),
    title: z.string(),
    note: z.string().optional(),
    figures: z.array(namedFigureSchema),
  }),
  z.object({
    kind: z.literal('table'),
    title: z.string(),
    note: z.string().optional(),
    columns: z.array(z.string()),
    rows: z.array(z.array(z.union([z.string(), z.number(), z.null()]))),
  }),
  z.object({
    kind: z.literal('lines'),
    title: z.string(),
    note: z.string().optional(),
    xTitle: z.string(),
    yTitle: z.string(),
    /** Times are epoch milliseconds where `xIsTime`. */
    xIsTime: z.boolean().optional(),
    series: z.array(z.object({ name: z.string(), x: z.array(z.number()), y: z.array(numberOrNull) })),
  }),
  z.object({
    kind: z.literal('scatter'),
    title: z.string(),
    note: z.string().optional(),
    xTitle: z.string(),
    yTitle: z.string(),
    x: z.array(z.number()),
    y: z.array(z.number()),
    /** Colours the points. */
    value: z.array(z.number()).optional(),
    valueTitle: z.string().optional(),
  }),
]);
export type ReportPart = z.infer<typeof reportPartSchema>;

/** A model made elsewhere. */
export const importModelSchema = z.object({
  /** A file of an upload, or a path on this machine. */
  uploadId: z.string().optional(),
  path: z.string().optional(),
  symbol: symbolSchema,
  timeframe: timeframeSchema,
  features: z.array(z.string()).min(1),
  horizonBars: z.number().int().min(1).max(10_080),
  /** Whether the file expects features scaled to mean 0 and deviation 1 over the training span. */
  scale: z.boolean().default(true),
  confidence: z.number().min(0.5).max(0.995).default(0.9),
});

const modelRef = z.object({ modelId: idSchema });
const fileSchema = z.object({
  name: z.string(),
  mime: z.string(),
  base64: z.string(),
});

const runId = z.object({ runId: idSchema });

export const trainingContract = {
  families: base.output(z.array(familyInfoSchema)),
  /** All features by group, in the order they are offered. */
  features: base.output(z.array(featureInfoSchema)),
  /** Devices with what they say of themselves now. `probe` tries each engine for real, which takes seconds. */
  hardware: base.input(z.object({ probe: z.boolean().default(false) })).output(z.array(deviceSchema)),
  /** What a run would take. `trial` trains a few steps to measure them. */
  estimate: base
    .input(z.object({ input: trainInputSchema, trial: z.boolean().default(false) }))
    .output(estimateSchema),
  start: base.input(trainInputSchema).output(z.object({ runId: idSchema })),
  list: base.output(z.array(trainingRunSchema)),
  get: base.input(runId).output(trainingRunSchema),
  pause: base.input(runId).output(z.void()),
  resume: base.input(runId).output(z.void()),
  stop: base.input(runId).output(z.void()),
  /** Writes a checkpoint now; the run goes on. */
  save: base.input(runId).output(z.void()),
  /** Removes an ended run with its curve, log and checkpoints; its model stays. */
  remove: base.input(runId).output(z.void()),
  /** The run as it is, then again whenever it changes, until it ends. */
  watch: base.input(runId).output(eventIterator(trainingRunSchema)),
  log: base.input(runId).output(z.array(logEntrySchema)),
  readings: base.input(runId).output(z.array(deviceReadingSchema)),
  /** Curve, readings and log as a file: JSON, CSV of the curve, or a TensorBoard event file. */
  exportRun: base
    .input(z.object({ runId: idSchema, format: z.enum(['json', 'csv', 'tensorboard']) }))
    .output(fileSchema),
  models: base.output(z.array(listedModelSchema)),
  model: base.input(modelRef).output(listedModelSchema),
  /** Pictures and tables of a model, made when it was trained. */
  modelReport: base.input(modelRef).output(z.array(reportPartSchema)),
  pin: base.input(z.object({ modelId: idSchema, pinned: z.boolean() })).output(z.void()),
  /** Reads the files again: checksums, schema, features, engine and the stored sample inference. */
  verifyModel: base.input(modelRef).output(z.object({ ok: z.literal(true), checks: z.array(z.string()) })),
  /** The model as one `.onnx` file that takes raw features: its scaler is part of the graph. */
  exportModel: base.input(modelRef).output(fileSchema),
  /** Registers an ONNX file made elsewhere, `[batch, window, features]` (or `[batch, features]`) to `[batch, 1]`. */
  importModel: base.input(importModelSchema).output(modelSchema),
  /**
   * Predictions of a model over the history it was trained on, or over a file of bars, written as CSV:
   * timestamp,prediction,lower,upper, the return over the horizon with its interval as fractions of the price.
   */
  predict: base
    .input(
      z.object({
        modelId: idSchema,
        /** A file of bars on this machine, of the model's timeframe. */
        path: z.string().optional(),
        /** Where to write; absent: a file that `data.readExport` gives out in pieces. */
        out: z.string().optional(),
        overwrite: z.boolean().default(false),
      }),
    )
    .output(z.object({ rows: z.number(), path: z.string(), exportId: z.string().nullable() })),
};
