import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import type { BarColumns } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { applyScaler, type FeatureMatrix } from '../features/index.ts';
import type { Predictor } from '../models/predictor.ts';
import { ArtifactStore, type LoadedArtifact } from '../store/artifacts.ts';
import { BarStore } from '../store/bars.ts';
import { type ModelManifest, type RegressorManifest, regressorOf } from '../store/manifest.ts';
import { openEngine } from '../tensor/engine.ts';
import { type IntervalColumns, intervalColumns } from '../validation/conformal/columns.ts';
import { intervalFeatures, intervalsOf } from '../validation/conformal/model.ts';
import { homePaths } from './context.ts';
import { matrixOf, type OtherBars, otherSymbols } from './modelFeatures.ts';
import { openModel } from './modelFiles.ts';

/** What a model said about every bar of its history. Indexed like the bars; NaN where it cannot say anything. */
export interface Signals {
  /** Model output: the expected forward return in units of the target, see the manifest. */
  readonly predictions: Float64Array;
  /** Calibrated interval, in units of the target; NaN for models without one. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Average true range at the close of the bar, price units. */
  readonly atr: Float64Array;
}

/** What the model file answered, before calibration. */
export interface Answers {
  readonly predictions: Float64Array;
  /** The model's own ends of the interval, where it learnt quantiles. */
  readonly quantiles: { readonly lower: Float64Array; readonly upper: Float64Array } | undefined;
  /** Raw features of every bar. */
  readonly matrix: FeatureMatrix;
  /** The same as the model reads them, and the last rows of the windows it was asked about. */
  readonly scaled: Float32Array;
  readonly ends: Int32Array;
  /** What a calibrated interval may depend on; computed when first asked for. */
  readonly columns: () => IntervalColumns;
}

/** Names a model and its history, enough to load both in a worker. */
export interface ModelRef {
  readonly home: string;
  readonly modelId: string;
  readonly symbol: string;
  readonly timeframe: ModelManifest['timeframe'];
  readonly version: number;
}

/** Last rows of complete windows: every row of the window has all features. */
export function windowEnds(features: Float32Array, width: number, rows: number, window: number): Int32Array {
  const ends: number[] = [];
  let complete = 0;
  for (let row = 0; row < rows; row++) {
    let known = true;
    for (let f = 0; f < width && known; f++) known = !Number.isNaN(features[row * width + f]!);
    complete = known ? complete + 1 : 0;
    if (complete >= window) ends.push(row);
  }
  return Int32Array.from(ends);
}

/**
 * Runs the model file over a whole history: the same features, scaler, file and call as training and live.
 * @param choose which of the rows it can say something about it is asked about; default all
 */
export async function askModel(
  predictor: Predictor,
  manifest: Pick<ModelManifest, 'features' | 'scaler' | 'windowBars' | 'symbol'>,
  bars: BarColumns,
  others: OtherBars,
  choose: (ends: Int32Array) => Int32Array = (ends) => ends,
): Promise<Answers> {
  const matrix = matrixOf(manifest, bars, others);
  const scaled = applyScaler(manifest.scaler, matrix.values, matrix.rows);
  const ends = choose(windowEnds(scaled, manifest.features.length, matrix.rows, manifest.windowBars));
  const values = await predictor.predictRows(scaled, ends);
  const { outputs } = predictor;
  const column = (index: number): Float64Array => {
    const all = new Float64Array(matrix.rows).fill(Number.NaN);
    for (let i = 0; i < ends.length; i++) all[ends[i]!] = values[i * outputs + index]!;
    return all;
  };
  const quantiles = outputs === 3 ? { lower: column(1), upper: column(2) } : undefined;
  let columns: IntervalColumns | undefined;
  return {
    predictions: column(0),
    quantiles,
    matrix,
    scaled,
    ends,
    columns: () => {
      columns ??= intervalColumns(bars, instrumentFor(manifest.symbol));
      return columns;
    },
  };
}

/** Windows of an autoencoder that are looked at: enough for pictures, few enough for a million bars. */
const MOST_LATENTS = 4000;

/**
 * Which rows a model is asked about. Drawing futures takes a thousand times as long as a regression, so a diffusion
 * model is asked about what comes after its training; an autoencoder about a sample of what it has not seen.
 */
export function rowsAsked(
  manifest: Pick<ModelManifest, 'role'> & {
    readonly spans: readonly { name: string; from: number; to: number }[];
  },
): (ends: Int32Array) => Int32Array {
  const { role } = manifest;
  if (role !== 'diffusion' && role !== 'autoencoder') return (ends) => ends;
  const from = manifest.spans.find((span) => span.name === 'calibration')?.from ?? 0;
  if (role === 'diffusion') return (ends) => ends.filter((row) => row >= from);
  return (ends) => {
    const unseen = ends.filter((row) => row >= from);
    const stride = Math.max(1, Math.ceil(unseen.length / MOST_LATENTS));
    return unseen.filter((_, i) => i % stride === 0);
  };
}

/** The answers with the interval that the calibration of the model gives them. */
export function withIntervals(answers: Answers, calibration: ModelManifest['calibration']): Signals {
  const { predictions, quantiles, matrix } = answers;
  const { atr } = matrix;
  if (!calibration) {
    const unknown = new Float64Array(predictions.length).fill(Number.NaN);
    return { predictions, lower: unknown, upper: unknown, atr };
  }
  const columns = intervalFeatures(calibration).length > 0 ? answers.columns() : undefined;
  return { predictions, ...intervalsOf(calibration, { predictions, quantiles, columns }), atr };
}

const HEADER_BYTES = 64;
const COLUMNS = 6;
const ROW_BYTES = COLUMNS * 8;

/** What the file beside a model holds: enough for a forecast without the history itself. */
export interface StoredSignals extends Signals {
  readonly timeMs: Float64Array;
  readonly close: Float64Array;
}

const keyOf = (sha256: string, dataHash: string): Buffer =>
  Buffer.from(createHash('sha256').update(`signals 3 ${sha256} ${dataHash}`).digest('hex'), 'latin1');

/** Keeps what a model said beside the model, so that neither a backtest nor the chart need ask it again. */
export function saveSignals(
  ref: ModelRef,
  sha256: string,
  dataHash: string,
  signals: Signals,
  bars: BarColumns,
): void {
  const path = homePaths.signals(ref.home, ref.modelId);
  mkdirSync(dirname(path), { recursive: true });
  const { predictions, lower, upper, atr } = signals;
  const columns = [predictions, lower, upper, atr, bars.timeMs, bars.close].map((c) =>
    Buffer.from(c.buffer, c.byteOffset, c.byteLength),
  );
  writeFileSync(`${path}.${process.pid}.tmp`, Buffer.concat([keyOf(sha256, dataHash), ...columns]));
  renameSync(`${path}.${process.pid}.tmp`, path);
}

/** @returns undefined where there is no such file, or it is of another model or history */
export async function readSignals(
  ref: ModelRef,
  sha256: string,
  dataHash: string,
): Promise<StoredSignals | undefined> {
  const bytes = await readFile(homePaths.signals(ref.home, ref.modelId)).catch(() => undefined);
  if (!bytes?.subarray(0, HEADER_BYTES).equals(keyOf(sha256, dataHash))) return undefined;
  const rows = (bytes.length - HEADER_BYTES) / ROW_BYTES;
  if (!Number.isInteger(rows)) return undefined;
  const copy = bytes.buffer.slice(bytes.byteOffset + HEADER_BYTES, bytes.byteOffset + bytes.length);
  const column = (index: number): Float64Array => new Float64Array(copy, index * rows * 8, rows);
  return {
    predictions: column(0),
    lower: column(1),
    upper: column(2),
    atr: column(3),
    timeMs: column(4),
    close: column(5),
  };
}

export interface ModelOnHistory extends Signals {
  readonly artifact: LoadedArtifact;
  readonly manifest: RegressorManifest;
  readonly bars: BarColumns;
  /** Marks of the bars; undefined where nothing was repaired. */
  readonly marks: Uint8Array | undefined;
  /** Predictions divided by their calibrated scale: what the entry threshold compares. */
  readonly signals: Float64Array;
}

/** The stored history was replaced since the model was trained. */
export function otherHistory(symbol: string, timeframe: string): FrontierError {
  return new FrontierError(
    'CONFLICT',
    `The ${symbol} ${timeframe} history is not the one this model was trained on.`,
    'Train a model on the present history, or import the earlier file again.',
  );
}

/** What is kept, where it fits the history; else the model is asked again and the answer kept. */
export async function signalsOn(
  ref: ModelRef,
  artifact: LoadedArtifact,
  bars: BarColumns,
  store: BarStore,
): Promise<Signals> {
  const { manifest, sha256 } = artifact;
  const kept = await readSignals(ref, sha256, manifest.dataHash);
  if (kept?.timeMs.length === bars.timeMs.length) return kept;
  const others = await othersOf(store, manifest);
  const { engine } = await openEngine('cpu', 2);
  const predictor = await openModel(artifact, engine);
  const answers = await askModel(predictor, manifest, bars, others, rowsAsked(manifest)).finally(() =>
    predictor.close(),
  );
  const made = withIntervals(answers, manifest.calibration);
  saveSignals(ref, sha256, manifest.dataHash, made, bars);
  return made;
}

/**
 * Bars of the other instruments that a model reads.
 * @throws FrontierError CONFLICT where one is not stored any more as it was when the model was trained
 */
export async function othersOf(
  store: BarStore,
  manifest: Pick<ModelManifest, 'features' | 'timeframe' | 'otherHashes'>,
): Promise<OtherBars> {
  const others = new Map<string, BarColumns>();
  for (const symbol of otherSymbols(manifest.features)) {
    const stored = await store.find(symbol, manifest.timeframe);
    const expected = manifest.otherHashes?.[symbol];
    if (!stored || (expected !== undefined && stored.dataHash !== expected))
      throw otherHistory(symbol, manifest.timeframe);
    others.set(symbol, await store.load(symbol, manifest.timeframe, {}, stored.priceSide));
  }
  return others;
}

/** The history that a model was trained on, with its marks where it has any. @throws as `loadModelOnHistory` */
export async function historyOf(
  store: BarStore,
  manifest: Pick<ModelManifest, 'symbol' | 'timeframe' | 'priceSide' | 'dataHash'>,
): Promise<{ bars: BarColumns; marks: Uint8Array | undefined }> {
  const { symbol, timeframe, priceSide } = manifest;
  const stored = await store.find(symbol, timeframe, priceSide);
  if (stored?.dataHash !== manifest.dataHash) throw otherHistory(symbol, timeframe);
  if (stored.markedBars > 0) return store.loadMarked(symbol, timeframe, {}, priceSide);
  return { bars: await store.load(symbol, timeframe, {}, priceSide), marks: undefined };
}

/**
 * A model with the history it was made from and what it says about each bar.
 * @throws FrontierError CONFLICT when the stored history is no longer the one the model was trained on
 */
export async function loadModelOnHistory(ref: ModelRef): Promise<ModelOnHistory> {
  const artifact = new ArtifactStore(ref.home).load(ref.symbol, ref.timeframe, ref.version);
  const manifest = regressorOf(artifact.manifest);
  const store = new BarStore(homePaths.bars(ref.home));
  try {
    const { bars, marks } = await historyOf(store, manifest);
    const made = await signalsOn(ref, artifact, bars, store);
    const scale = manifest.calibration.predictionScale;
    return { artifact, manifest, bars, marks, ...made, signals: made.predictions.map((p) => p / scale) };
  } finally {
    await store.close();
  }
}

/**
 * Turns a prediction into prices: the target is the log return over the horizon in units of
 * `atr / close * sqrt(horizon)`, so price = close * exp(y * atr / close * sqrt(horizon)).
 */
export function forecastPrice(close: number, atr: number, horizonBars: number, y: number): number {
  return close * Math.exp(((y * atr) / close) * Math.sqrt(horizonBars));
}
