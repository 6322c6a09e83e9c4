import { readFileSync } from 'node:fs';
import { defineModel } from '../../src-main/models/registry.ts';
import { cpuEngine } from '../../src-main/tensor/engines/cpu.ts';
import { BUILD_DEFAULTS, collectParameters } from '../../src-main/tensor/model.ts';
import { OPTIMIZER_DEFAULTS } from '../../src-main/tensor/optimizer.ts';
import { layOut } from '../../src-main/tensor/parameters.ts';
import { freshState, TrainSession } from '../../src-main/tensor/train-session.ts';

// Run as a process of its own: `node train-memory-fixture.ts CASE kept|checkpointed`. Does two training steps of a
// family and prints {megabytes, losses, weights}: by how much the largest resident set grew, and what came out.

interface Case {
  readonly family: string;
  readonly settings: object;
  readonly window: number;
  readonly batch: number;
  readonly targets?: number;
}

export const CASES: Readonly<Record<string, Case>> = {
  tcn: {
    family: 'tcn',
    settings: { channels: 32, levels: 8, convsPerLevel: 2, steps: 'all' },
    window: 240,
    batch: 64,
  },
  tcnAutoencoder: { family: 'tcnAutoencoder', settings: { channels: 48 }, window: 240, batch: 64 },
  transformer: {
    family: 'transformer',
    settings: { channels: 32, heads: 4, layers: 6, feedForward: 64 },
    window: 96,
    batch: 64,
  },
  diffusion: {
    family: 'diffusion',
    settings: { channels: 32, levels: 3 },
    window: 32,
    batch: 256,
    targets: 64,
  },
};

const ROWS = 600;
const FEATURES = 6;
const STEPS = 2;

/** Of this process: `VmRSS` now, `VmHWM` at most. */
const megabytesOf = (field: string): number =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;

const { family, settings, window, batch, targets = 1 } = CASES[process.argv[2]!]!;
const given = { window, features: FEATURES, outputs: targets, targets };
const checkpointing = process.argv[3] === 'checkpointed';
const model = defineModel(family, settings, given, { ...BUILD_DEFAULTS, checkpointing });
const layout = layOut(collectParameters(model, model.size));
const session = await TrainSession.open(
  cpuEngine(1),
  {
    model,
    size: model.size,
    layout,
    targetColumns: targets,
    rows: ROWS,
    batch,
    loss: { kind: 'mse' },
    optimizer: OPTIMIZER_DEFAULTS,
    seed: 3,
  },
  {
    features: Float32Array.from({ length: ROWS * FEATURES }, (_, i) => Math.sin(1.7 * i)),
    targets: Float32Array.from({ length: ROWS * targets }, (_, i) => Math.sin(0.3 * i)),
  },
);
session.load(freshState(layout, 9, { optimizer: OPTIMIZER_DEFAULTS }), 0);
const ends = Int32Array.from({ length: STEPS * batch }, (_, i) => window - 1 + (i % (ROWS - window)));
const before = megabytesOf('VmRSS');
const { losses } = await session.run(ends, STEPS, () => 1e-3);
const megabytes = megabytesOf('VmHWM') - before;
const weights = [...session.weights()].filter((_, i) => i % 97 === 0);
process.stdout.write(JSON.stringify({ megabytes, losses: [...losses], weights }));
await session.release();
