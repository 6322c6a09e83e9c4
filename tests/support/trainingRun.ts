import {
  type ChunkReport,
  type LogLine,
  TRAIN_DEFAULTS,
  type TrainConfig,
  type TrainIo,
  type TrainingData,
} from '../../src-main/training/trainer.ts';
import { normal, SeededRng } from '../../src-shared/runtime.ts';

/** Learnable data and a small run, for the tests of training runs. */

export const clock = { nowMs: () => performance.timeOrigin + performance.now() };

/** The next value of the first feature follows the last two of it, plus noise: learnable by any family. */
export function learnable(rows: number, featureCount: number, window: number): TrainingData {
  const rng = new SeededRng(11);
  const features = Float32Array.from({ length: rows * featureCount }, () => normal(rng));
  const at = (row: number): number => features[row * featureCount]!;
  const targets = Float32Array.from({ length: rows }, (_, row) =>
    row === 0 ? 0 : 0.6 * at(row) - 0.5 * at(row - 1) + 0.1 * normal(rng),
  );
  const ends = Int32Array.from({ length: rows - window }, (_, i) => i + window - 1);
  const cut = Math.floor(ends.length * 0.8);
  return {
    features,
    rows,
    featureCount,
    targets,
    trainEnds: ends.slice(0, cut),
    validationEnds: ends.slice(cut + window),
  };
}

export const CONFIG: TrainConfig = {
  ...TRAIN_DEFAULTS,
  family: 'mlp',
  model: { hidden: [16] },
  window: 4,
  batch: 32,
  epochs: 12,
  learningRate: 0.01,
  seed: 7,
  chunkSteps: 8,
  patience: 0,
  engine: 'cpu',
  threads: 2,
};

export interface RecordingIo extends TrainIo {
  readonly reports: ChunkReport[];
  readonly lines: LogLine[];
}

/** Surroundings that write down what they hear. */
export function recordingIo(checkpointDir: string, overrides: Partial<TrainIo> = {}): RecordingIo {
  const reports: ChunkReport[] = [];
  const lines: LogLine[] = [];
  return {
    checkpointDir,
    signal: new AbortController().signal,
    paused: () => false,
    waitWhilePaused: () => Promise.resolve(),
    onChunk: (report) => reports.push(report),
    onLog: (line) => lines.push(line),
    clock,
    reports,
    lines,
    ...overrides,
  };
}
