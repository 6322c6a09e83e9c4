import type { Anomaly, Fan } from '../../../src-shared/contract/chart.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { nameWindow, UNNAMED_WINDOW } from '../../../src-shared/indicators/patterns/windowName.ts';
import { type BarColumns, lowerBound } from '../../../src-shared/market/bars.ts';
import { timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { applyScaler } from '../../features/index.ts';
import { FAN_LEVELS } from '../../models/families/diffusion.ts';
import { ArtifactStore, type LoadedArtifact } from '../../store/artifacts.ts';
import { BarStore } from '../../store/bars.ts';
import { openEngine } from '../../tensor/engine.ts';
import { thresholdOf } from '../anomalyRule.ts';
import { homePaths } from '../context.ts';
import { matrixOf } from '../modelFeatures.ts';
import { openModel } from '../modelFiles.ts';
import { forecastPrice, historyOf, type ModelRef, othersOf, signalsOn, windowEnds } from '../signals.ts';

interface OnHistory {
  readonly artifact: LoadedArtifact;
  readonly bars: BarColumns;
  readonly store: BarStore;
}

async function onHistory<R>(ref: ModelRef, work: (on: OnHistory) => Promise<R>): Promise<R> {
  const artifact = new ArtifactStore(ref.home).load(ref.symbol, ref.timeframe, ref.version);
  const store = new BarStore(homePaths.bars(ref.home));
  try {
    const { bars } = await historyOf(store, artifact.manifest);
    return await work({ artifact, bars, store });
  } finally {
    await store.close();
  }
}

export interface FanPayload extends ModelRef {
  /** The fan of the bar that opens at or before this; absent: of the newest. */
  readonly timeMs?: number | undefined;
}

/** Opens of the bars after a row: those there are, then in steps of the timeframe. */
export function timesAhead(timeMs: Float64Array, row: number, count: number, frameMs: number): number[] {
  const last = timeMs.length - 1;
  return Array.from({ length: count }, (_, i) => {
    const at = row + 1 + i;
    return at <= last ? timeMs[at]! : timeMs[last]! + (at - last) * frameMs;
  });
}

/** Row of the last complete window that ends at or before a moment. */
function fanRow(ends: Int32Array, timeMs: Float64Array, wantedMs: number | undefined): number {
  const before = wantedMs === undefined ? timeMs.length : lowerBound(timeMs, wantedMs + 1);
  const row = ends.findLast((end) => end < before);
  if (row !== undefined) return row;
  throw new FrontierError(
    'NOT_FOUND',
    'The model can say nothing of that bar: too few bars lie before it.',
    'Choose a later bar.',
  );
}

/**
 * Draws the fan at the close of one bar: quantiles of the log return up to each bar ahead, turned into prices.
 * @throws FrontierError CONFLICT where the history is another than the model's; NOT_FOUND before the first window
 */
export function fanJob(payload: FanPayload): Promise<Fan> {
  return onHistory(payload, async ({ artifact, bars, store }) => {
    const { manifest } = artifact;
    const matrix = matrixOf(manifest, bars, await othersOf(store, manifest));
    const scaled = applyScaler(manifest.scaler, matrix.values, matrix.rows);
    const ends = windowEnds(scaled, manifest.features.length, matrix.rows, manifest.windowBars);
    const row = fanRow(ends, bars.timeMs, payload.timeMs);
    const { engine } = await openEngine('cpu', 2);
    const predictor = await openModel(artifact, engine);
    const { fan } = await predictor.askRows(scaled, Int32Array.of(row)).finally(() => predictor.close());
    const ahead = manifest.horizonBars;
    if (fan?.length !== FAN_LEVELS.length * ahead) {
      throw new FrontierError('CORRUPT', 'The model file draws no fan.', 'Train the model again.');
    }
    const [close, atr] = [bars.close[row]!, matrix.atr[row]!];
    return {
      madeMs: bars.timeMs[row]!,
      close,
      levels: [...FAN_LEVELS],
      timeMs: timesAhead(bars.timeMs, row, ahead, timeframeMs(manifest.timeframe)),
      // The fan is in units of one bar's volatility, so the horizon of its unit is one bar.
      prices: FAN_LEVELS.map((_, level) =>
        Array.from({ length: ahead }, (_, k) => forecastPrice(close, atr, 1, fan[level * ahead + k]!)),
      ),
    };
  });
}

/** Runs of rows whose error exceeds the threshold, with their largest error. */
export function anomalousRuns(
  errors: Float64Array,
  threshold: number,
): { readonly from: number; readonly to: number; readonly error: number }[] {
  const runs: { from: number; to: number; error: number }[] = [];
  for (let row = 0; row < errors.length; row++) {
    const error = errors[row]!;
    if (!(error > threshold)) continue;
    const last = runs.at(-1);
    if (last && last.to === row - 1) {
      last.to = row;
      last.error = Math.max(last.error, error);
    } else runs.push({ from: row, to: row, error });
  }
  return runs;
}

export interface AnomaliesResult {
  readonly threshold: number;
  readonly windowBars: number;
  readonly markers: Anomaly[];
}

/**
 * Everything an anomaly model flags in its history, a run of flagged bars as one, named by the figure that was
 * completed in its first window: what was not known then does not name it.
 * @throws FrontierError CONFLICT where the history is another than the model's; CORRUPT without a threshold
 */
export function anomaliesJob(ref: ModelRef): Promise<AnomaliesResult> {
  return onHistory(ref, async ({ artifact, bars, store }) => {
    const { manifest } = artifact;
    const threshold = thresholdOf(manifest);
    const { predictions } = await signalsOn(ref, artifact, bars, store);
    const { windowBars } = manifest;
    const markers = anomalousRuns(predictions, threshold).map(({ from, to, error }): Anomaly => {
      const figure = nameWindow(bars, from, windowBars);
      return {
        timeMs: bars.timeMs[from]!,
        toMs: bars.timeMs[to]!,
        error,
        name: figure?.name ?? UNNAMED_WINDOW,
        named: figure !== undefined,
      };
    });
    return { threshold, windowBars, markers };
  });
}
