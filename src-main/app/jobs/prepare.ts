import type { SpanName } from '../../../src-shared/contract/common.ts';
import type { TrainInput } from '../../../src-shared/contract/training.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import {
  applyScaler,
  computeFeatures,
  DEFAULT_FEATURES,
  type FeatureMatrix,
  fitScaler,
  forwardTargets,
} from '../../features/index.ts';
import type { ModelManifest } from '../../store/manifest.ts';
import { type ChronologicalSplit, chronologicalSplit, embargoFor } from '../../validation/splits.ts';
import { windowEnds } from '../signals.ts';

/** Shares of the history, oldest first. The last days are kept for the paper session. */
export const SHARES: Readonly<Record<SpanName, number>> = {
  train: 0.5,
  validation: 0.1,
  calibration: 0.1,
  optimisation: 0.15,
  test: 0.1,
  replay: 0.05,
};

/** Ends of usable windows inside a part whose targets are known. */
export function endsIn(
  ends: Int32Array,
  targets: Float32Array,
  range: { from: number; to: number },
): Int32Array {
  return ends.filter((row) => row >= range.from && row < range.to && Number.isFinite(targets[row]));
}

/** A history made ready to learn from. Arrays are indexed by bar row. */
export interface Prepared {
  readonly matrix: FeatureMatrix;
  readonly targets: Float32Array;
  readonly split: ChronologicalSplit;
  readonly scaler: ModelManifest['scaler'];
  readonly scaled: Float32Array;
  readonly ends: Int32Array;
}

/** Features, targets and the chronological split; everything fitted sees the training part only. */
export function prepare(bars: BarColumns, input: TrainInput): Prepared {
  const matrix = computeFeatures(bars, instrumentFor(input.symbol), DEFAULT_FEATURES);
  const targets = forwardTargets(bars, matrix.atr, input.horizonBars);
  const split = chronologicalSplit({
    rows: matrix.rows,
    usableFrom: Math.min(matrix.rows, matrix.warmupBars + input.windowBars - 1),
    embargoBars: embargoFor({ horizonBars: input.horizonBars, windowBars: input.windowBars }),
    shares: SHARES,
  });
  const scaler = fitScaler(matrix, split.train.from, split.train.to);
  const scaled = applyScaler(scaler, matrix.values, matrix.rows);
  return {
    matrix,
    targets,
    split,
    scaler,
    scaled,
    ends: windowEnds(scaled, matrix.names.length, matrix.rows, input.windowBars),
  };
}
