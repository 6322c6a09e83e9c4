import { writeFile } from 'node:fs/promises';
import {
  TRAIN_DEFAULTS,
  type TrainConfig,
  type TrainingData,
  train,
} from '../../src-main/training/trainer.ts';
import { normal, SeededRng } from '../../src-shared/runtime.ts';

// A training run as a process of its own: the fault test kills it, the WebGPU test gives it another Vulkan driver.
// Arguments: checkpoint folder, family, engine, epochs, file for the result, and
// further settings as JSON. Each chunk is a line of JSON.

const [checkpointDir, family, engine, epochs, resultFile, change = '{}'] = process.argv.slice(2) as [
  string,
  'mlp' | 'tcn',
  'cpu' | 'webgpu',
  string,
  string,
  string | undefined,
];

const WINDOW = 12;
const ROWS = 2400;
const FEATURES = 4;

function data(): TrainingData {
  const rng = new SeededRng(3);
  const features = Float32Array.from({ length: ROWS * FEATURES }, () => normal(rng));
  const targets = Float32Array.from(
    { length: ROWS },
    (_, row) => 0.7 * (features[row * FEATURES] ?? 0) - 0.4 * (features[(row - 2) * FEATURES + 1] ?? 0),
  );
  const ends = Int32Array.from({ length: ROWS - WINDOW }, (_, i) => i + WINDOW - 1);
  return {
    features,
    rows: ROWS,
    featureCount: FEATURES,
    targets,
    trainEnds: ends.slice(0, 2000),
    validationEnds: ends.slice(2020),
  };
}

const config: TrainConfig = {
  ...TRAIN_DEFAULTS,
  family,
  model: family === 'mlp' ? { hidden: [128, 128] } : { channels: 16, levels: 2 },
  window: WINDOW,
  batch: 64,
  epochs: Number(epochs),
  learningRate: 0.003,
  seed: 5,
  chunkSteps: 8,
  patience: 0,
  engine,
  threads: 2,
  ...(JSON.parse(change) as Partial<TrainConfig>),
};

const result = await train(data(), config, {
  checkpointDir,
  signal: new AbortController().signal,
  paused: () => false,
  waitWhilePaused: () => Promise.resolve(),
  onChunk: (report) => process.stdout.write(`${JSON.stringify(report)}\n`),
  clock: { nowMs: () => performance.timeOrigin + performance.now() },
  checkpointIntervalMs: 20,
});
const { onnx, ...rest } = result;
await writeFile(resultFile, JSON.stringify({ ...rest, onnx: Buffer.from(onnx).toString('base64') }));
