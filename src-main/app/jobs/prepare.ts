import type { SpanName } from '../../../src-shared/contract/common.ts';
import type { TrainInput } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import {
  applyScaler,
  DEFAULT_FEATURES,
  type FeatureMatrix,
  fitScaler,
  forwardTargets,
} from '../../features/index.ts';
import { ANOMALY_CLIP } from '../../models/families/anomaly.ts';
import { roleOf } from '../../models/registry.ts';
import type { ModelManifest } from '../../store/manifest.ts';
import {
  type ChronologicalSplit,
  chronologicalSplit,
  DEFAULT_MINIMUM_ROWS,
  embargoFor,
} from '../../validation/splits.ts';
import { featureName, matrixOf, type OtherBars } from '../modelFeatures.ts';
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
  /** Samples of the parts that models are fitted and judged on that touch a repaired bar and are left out. */
  readonly samplesLeftOut: number;
}

/** Parts that take samples; the others replay the strategy bar by bar. */
const SAMPLE_PARTS = ['train', 'validation', 'calibration', 'test'] as const;

/** Names of the features a run reads: those of its own instrument, then the same of each further one. */
export function featuresOf(input: TrainInput): string[] {
  const own = input.features.length > 0 ? input.features : DEFAULT_FEATURES;
  const symbols = input.symbols.filter((symbol) => symbol !== input.symbol);
  return [...own, ...symbols.flatMap((symbol) => own.map((feature) => featureName(symbol, feature)))];
}

/** EXC-1: whether a mark lies in [row - windowBars + 1, row + horizonBars], by row. */
function touched(marks: Uint8Array, { windowBars, horizonBars }: TrainInput): (row: number) => boolean {
  const rows = marks.length;
  const before = new Int32Array(rows + 1);
  for (let row = 0; row < rows; row++) before[row + 1] = before[row]! + (marks[row] === 0 ? 0 : 1);
  return (row) => before[Math.min(rows, row + horizonBars + 1)]! > before[Math.max(0, row - windowBars + 1)]!;
}

/** The features without those of marked bars, so that nothing is fitted on them. */
function withoutMarked(matrix: FeatureMatrix, marks: Uint8Array): FeatureMatrix {
  const values = matrix.values.slice();
  const width = matrix.names.length;
  for (let row = 0; row < marks.length; row++) {
    if (marks[row] !== 0) values.fill(Number.NaN, row * width, (row + 1) * width);
  }
  return { ...matrix, values };
}

/** Why samples may be missing, and what to change. */
const LACKS = {
  still: [
    'have a target: elsewhere the price stands still',
    'Use another history; a price that does not move cannot be learnt from.',
  ],
  repaired: ['touch no repaired bar', 'Bring a better history, or train with the repaired bars included.'],
  unknown: [
    'have all features in every bar of their window',
    'Use a longer history, a shorter window, or instruments that trade at the same times.',
  ],
} as const;

/** @throws FrontierError REFUSED when too little is left of a part */
function assertEnough(
  ends: Int32Array,
  targets: Float32Array,
  split: ChronologicalSplit,
  [what, hint]: (typeof LACKS)[keyof typeof LACKS],
): void {
  for (const part of SAMPLE_PARTS) {
    const left = endsIn(ends, targets, split[part]).length;
    if (left >= DEFAULT_MINIMUM_ROWS[part]) continue;
    throw new FrontierError(
      'REFUSED',
      `Only ${left} samples of the ${part} part ${what}; ${DEFAULT_MINIMUM_ROWS[part]} are needed.`,
      hint,
    );
  }
}

/**
 * Features, targets and the chronological split; everything fitted sees the training part only.
 * @param marks one of `MARK` per bar; samples that touch a marked bar are left out unless the input says otherwise
 * @throws FrontierError REFUSED when too few samples are left, or a part would be too small
 */
export function prepare(
  bars: BarColumns,
  input: TrainInput,
  marks?: Uint8Array,
  others: OtherBars = new Map(),
): Prepared {
  const excluded = input.excludeRepaired && marks?.some((mark) => mark !== 0) ? marks : undefined;
  const matrix = matrixOf({ symbol: input.symbol, features: featuresOf(input) }, bars, others);
  const targets = forwardTargets(bars, matrix.atr, input.horizonBars);
  const split = chronologicalSplit({
    rows: matrix.rows,
    usableFrom: Math.min(matrix.rows, matrix.warmupBars + input.windowBars - 1),
    embargoBars: embargoFor({ horizonBars: input.horizonBars, windowBars: input.windowBars }),
    shares: SHARES,
  });
  const scaler = fitScaler(
    excluded ? withoutMarked(matrix, excluded) : matrix,
    split.train.from,
    split.train.to,
    roleOf(input.family) === 'anomaly' ? ANOMALY_CLIP : undefined,
  );
  const scaled = applyScaler(scaler, matrix.values, matrix.rows);
  const all = windowEnds(scaled, matrix.names.length, matrix.rows, input.windowBars);
  const isTouched = excluded ? touched(excluded, input) : () => false;
  const ends = excluded ? all.filter((row) => !isTouched(row)) : all;
  const samples = (of: Int32Array) =>
    SAMPLE_PARTS.reduce((sum, part) => sum + endsIn(of, targets, split[part]).length, 0);
  assertEnough(
    all,
    targets.map(() => 0),
    split,
    LACKS.unknown,
  );
  assertEnough(all, targets, split, LACKS.still);
  if (excluded) assertEnough(ends, targets, split, LACKS.repaired);
  return {
    matrix,
    targets,
    split,
    scaler,
    scaled,
    ends,
    samplesLeftOut: excluded ? samples(all) - samples(ends) : 0,
  };
}
