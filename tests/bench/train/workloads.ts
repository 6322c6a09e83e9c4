import { defineModel } from '../../../src-main/models/registry.ts';
import type { Engine, SessionOptions } from '../../../src-main/tensor/engine.ts';
import {
  BUILD_DEFAULTS,
  type BuildOptions,
  type ConvLayout,
  collectParameters,
} from '../../../src-main/tensor/model.ts';
import { OPTIMIZER_DEFAULTS } from '../../../src-main/tensor/optimizer.ts';
import { layOut } from '../../../src-main/tensor/parameters.ts';
import type { TrainGraphSpec } from '../../../src-main/tensor/train-graph.ts';
import { freshState, TrainSession, type TrainTensors } from '../../../src-main/tensor/train-session.ts';
import { tuneLayout } from '../../../src-main/training/tuning.ts';
import { SeededRng } from '../../../src-shared/runtime.ts';

/** One model at one size. */
export interface Workload {
  readonly name: string;
  /** The workload of the PyTorch script that computes the same function. */
  readonly peer: string;
  readonly family: string;
  readonly settings: object;
  readonly window: number;
  readonly features: number;
  /** Columns of the targets. Default 1. */
  readonly targets?: number;
  readonly batch: number;
  /** Steps of one round; rounds of ours and the peer's take turns. */
  readonly steps: number;
  readonly rounds: number;
  /** Least ratio to PyTorch that the project aims at. */
  readonly aim?: number;
  readonly note?: string;
}

const SAME = 'the same arithmetic as the peer: every step of the window is computed';
const TCN = { window: 240, features: 20, batch: 128, family: 'tcn', steps: 3, rounds: 10 } as const;

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'mlp-137-b64',
    peer: 'mlp-137-b64',
    family: 'mlp',
    settings: { hidden: [128, 128] },
    window: 1,
    features: 137,
    batch: 64,
    steps: 200,
    rounds: 8,
    aim: 2,
  },
  {
    name: 'mlp-960-b256',
    peer: 'mlp-960-b256',
    family: 'mlp',
    settings: { hidden: [256, 256, 256] },
    window: 32,
    features: 30,
    batch: 256,
    steps: 30,
    rounds: 8,
    aim: 1.5,
  },
  {
    ...TCN,
    name: 'tcn-240x20-b128, every step computed',
    peer: 'tcn-240x20-b128',
    settings: { channels: 64, levels: 4, steps: 'all' },
    aim: 1.2,
    note: SAME,
  },
  {
    ...TCN,
    name: 'tcn-240x20-b128, two convolutions per level, every step computed',
    peer: 'tcn2-240x20-b128',
    settings: { channels: 64, levels: 4, convsPerLevel: 2, steps: 'all' },
    steps: 2,
    aim: 1.2,
    note: SAME,
  },
  {
    ...TCN,
    name: 'tcn-240x20-b128, as trained (needed steps)',
    peer: 'tcn-240x20-b128',
    settings: { channels: 64, levels: 4 },
    steps: 30,
    rounds: 5,
    note: 'other arithmetic than the peer: the same function and gradients, but steps that the newest output does not depend on are left out',
  },
  {
    name: 'tcnAutoencoder-240x80-b64',
    peer: 'tcnAutoencoder-240x80-b64',
    family: 'tcnAutoencoder',
    settings: {},
    window: 240,
    features: 80,
    batch: 64,
    steps: 2,
    rounds: 10,
    aim: 1.2,
    note: SAME,
  },
  {
    name: 'unet-64-b64',
    peer: 'unet-64-b64',
    family: 'diffusion',
    settings: {
      channels: 64,
      levels: 3,
      groups: 8,
      heads: 4,
      embedding: 128,
      encoderChannels: 32,
      schedule: 'linear',
    },
    window: 64,
    features: 8,
    targets: 64,
    batch: 64,
    steps: 4,
    rounds: 10,
    aim: 1.2,
  },
  {
    name: 'transformer-64x20-b64',
    peer: 'transformer-64x20-b64',
    family: 'transformer',
    settings: { channels: 64, heads: 4, layers: 3, feedForward: 128, pooling: 'mean', causal: true },
    window: 64,
    features: 20,
    batch: 64,
    steps: 8,
    rounds: 8,
  },
];

/** What may be varied of a workload. */
export interface Variation {
  readonly layout?: ConvLayout;
  readonly attention?: BuildOptions['attention'];
  readonly checkpointing?: boolean;
  readonly precision?: 'float32' | 'mixed';
  readonly accumulation?: number;
  readonly graphOptimization?: NonNullable<SessionOptions['graphOptimization']>;
}

const ROWS = 4096;

/** Random features and a target that depends on the newest row. */
export function dataOf({ features, targets: columns = 1 }: Workload): TrainTensors {
  const rng = new SeededRng(1);
  const matrix = Float32Array.from({ length: ROWS * features }, () => rng.next() - 0.5);
  const targets = Float32Array.from(
    { length: ROWS * columns },
    (_, i) => 2 * matrix[Math.floor(i / columns) * features + features - 1]!,
  );
  return { features: matrix, targets };
}

export function modelOf(workload: Workload, { layout, attention, checkpointing }: Variation = {}) {
  const { window, features, targets = 1 } = workload;
  return defineModel(
    workload.family,
    workload.settings,
    { window, features, outputs: targets, targets },
    {
      layout: layout ?? BUILD_DEFAULTS.layout,
      attention: attention ?? BUILD_DEFAULTS.attention,
      checkpointing: checkpointing ?? BUILD_DEFAULTS.checkpointing,
    },
  );
}

export function specOf(workload: Workload, variation: Variation = {}): TrainGraphSpec {
  const model = modelOf(workload, variation);
  const { precision, accumulation } = variation;
  return {
    model,
    size: model.size,
    layout: layOut(collectParameters(model, model.size)),
    targetColumns: workload.targets ?? 1,
    rows: ROWS,
    batch: workload.batch / (accumulation ?? 1),
    loss: { kind: 'mse' },
    optimizer: OPTIMIZER_DEFAULTS,
    seed: 1,
    ...(precision === undefined ? {} : { precision }),
    ...(accumulation === undefined ? {} : { accumulation }),
  };
}

const allEnds = ({ window }: Workload): Int32Array =>
  Int32Array.from({ length: ROWS - window }, (_, i) => window + i);

/** The layout of convolutions that a run would take on this machine. */
export async function layoutOf(workload: Workload, engine: Engine): Promise<ConvLayout> {
  const { layout } = await tuneLayout({
    engine,
    build: (candidate) => specOf(workload, { layout: candidate }),
    data: dataOf(workload),
    trainEnds: allEnds(workload),
    clock: { nowMs: () => performance.now() },
    key: workload.name,
  });
  return layout;
}

/** A workload made ready to train. */
export interface OpenWorkload {
  /** Trains one round: milliseconds per step. */
  round(steps?: number): Promise<number>;
  readonly parameters: number;
  release(): Promise<void>;
}

export async function openWorkload(
  workload: Workload,
  engine: Engine,
  variation: Variation = {},
): Promise<OpenWorkload> {
  const spec = specOf(workload, variation);
  const { graphOptimization } = variation;
  const options = graphOptimization === undefined ? {} : { graphOptimization };
  const session = await TrainSession.open(engine, spec, dataOf(workload), options);
  await session.load(freshState(spec.layout, 1, spec), 0);
  const rng = new SeededRng(2);
  const { window, batch } = workload;
  return {
    parameters: spec.layout.total,
    async round(steps = workload.steps) {
      const ends = Int32Array.from(
        { length: steps * batch },
        () => window + Math.floor(rng.next() * (ROWS - window)),
      );
      const started = performance.now();
      await session.run(ends, steps, () => 1e-3);
      return (performance.now() - started) / steps;
    },
    release: () => session.release(),
  };
}
