import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { FrontierError } from '../../src-shared/errors.ts';
import type { BarColumns } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { applyScaler, computeFeatures } from '../features/index.ts';
import { Predictor } from '../models/predictor.ts';
import { ArtifactStore, type LoadedArtifact } from '../store/artifacts.ts';
import { BarStore } from '../store/bars.ts';
import type { ModelManifest } from '../store/manifest.ts';
import { openEngine } from '../tensor/engine.ts';
import { homePaths } from './context.ts';

/** What a model said about every bar of its history. Indexed like the bars; NaN where it cannot say anything. */
export interface Signals {
  /** Model output: the expected forward return in units of the target, see the manifest. */
  readonly predictions: Float64Array;
  /** Average true range at the close of the bar, price units. */
  readonly atr: Float64Array;
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

/** Runs the model file over a whole history: the same features, scaler, file and call as training and live. */
export async function predictHistory(
  onnx: Uint8Array,
  manifest: Pick<ModelManifest, 'features' | 'scaler' | 'windowBars' | 'symbol'>,
  bars: BarColumns,
): Promise<Signals> {
  const matrix = computeFeatures(bars, instrumentFor(manifest.symbol), manifest.features);
  const scaled = applyScaler(manifest.scaler, matrix.values, matrix.rows);
  const ends = windowEnds(scaled, manifest.features.length, matrix.rows, manifest.windowBars);
  const predictions = new Float64Array(matrix.rows).fill(Number.NaN);
  const { engine } = await openEngine('cpu', 2);
  const predictor = await Predictor.load(onnx, engine);
  try {
    const values = await predictor.predictRows(scaled, ends);
    for (let i = 0; i < ends.length; i++) predictions[ends[i]!] = values[i * predictor.outputs]!;
  } finally {
    await predictor.close();
  }
  return { predictions, atr: matrix.atr };
}

const HEADER_BYTES = 64;
const keyOf = (sha256: string, dataHash: string): Buffer =>
  Buffer.from(createHash('sha256').update(`signals 1 ${sha256} ${dataHash}`).digest('hex'), 'latin1');

/** Keeps what a model said beside the model, so that a backtest need not ask it again. */
export function saveSignals(ref: ModelRef, sha256: string, dataHash: string, signals: Signals): void {
  const path = homePaths.signals(ref.home, ref.modelId);
  mkdirSync(dirname(path), { recursive: true });
  const columns = [signals.predictions, signals.atr].map((c) =>
    Buffer.from(c.buffer, c.byteOffset, c.byteLength),
  );
  writeFileSync(`${path}.${process.pid}.tmp`, Buffer.concat([keyOf(sha256, dataHash), ...columns]));
  renameSync(`${path}.${process.pid}.tmp`, path);
}

function readSignals(path: string, key: Buffer, rows: number): Signals | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  if (bytes.length !== HEADER_BYTES + rows * 16 || !bytes.subarray(0, HEADER_BYTES).equals(key))
    return undefined;
  const copy = bytes.buffer.slice(bytes.byteOffset + HEADER_BYTES, bytes.byteOffset + bytes.length);
  return { predictions: new Float64Array(copy, 0, rows), atr: new Float64Array(copy, rows * 8, rows) };
}

export interface ModelOnHistory extends Signals {
  readonly artifact: LoadedArtifact;
  readonly manifest: ModelManifest;
  readonly bars: BarColumns;
  /** Predictions divided by their calibrated scale: what the entry threshold compares. */
  readonly signals: Float64Array;
}

/**
 * A model with the history it was made from and what it says about each bar.
 * @throws FrontierError CONFLICT when the stored history is no longer the one the model was trained on
 */
export async function loadModelOnHistory(ref: ModelRef): Promise<ModelOnHistory> {
  const artifact = new ArtifactStore(ref.home).load(ref.symbol, ref.timeframe, ref.version);
  const { manifest } = artifact;
  const store = new BarStore(homePaths.bars(ref.home));
  try {
    const stored = await store.find(ref.symbol, ref.timeframe);
    if (stored?.dataHash !== manifest.dataHash)
      throw new FrontierError(
        'CONFLICT',
        `The ${ref.symbol} ${ref.timeframe} history is not the one this model was trained on.`,
        'Train a model on the present history, or import the earlier file again.',
      );
    const bars = await store.load(ref.symbol, ref.timeframe);
    const key = keyOf(artifact.sha256, manifest.dataHash);
    let known = readSignals(homePaths.signals(ref.home, ref.modelId), key, bars.timeMs.length);
    if (!known) {
      known = await predictHistory(artifact.model, manifest, bars);
      saveSignals(ref, artifact.sha256, manifest.dataHash, known);
    }
    const scale = manifest.calibration.predictionScale;
    return { artifact, manifest, bars, ...known, signals: known.predictions.map((p) => p / scale) };
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
