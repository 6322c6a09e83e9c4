import { cpuEngine } from '../tensor/engines/cpu.ts';
import { BUILD_DEFAULTS } from '../tensor/model.ts';
import { OPTIMIZER_DEFAULTS } from '../tensor/optimizer.ts';
import { freshState, TrainSession } from '../tensor/train-session.ts';
import { specOf } from './parallelProtocol.ts';

// Trains a few steps in a process of its own and sends the most memory that it held.

const { family, settings, size, batch } = JSON.parse(process.argv[2]!) as {
  family: string;
  settings: object;
  size: [number, number];
  batch: number;
};
const [window, features] = size;
const ROWS = 10_000;
const STEPS = 2;

const spec = specOf(
  { family, settings, given: { window, features, outputs: 1 }, options: BUILD_DEFAULTS },
  { targetColumns: 1, rows: ROWS, batch, loss: { kind: 'mse' }, optimizer: OPTIMIZER_DEFAULTS, seed: 1 },
);
const data = {
  features: new Float32Array(ROWS * features).fill(0.1),
  targets: new Float32Array(ROWS).fill(0.2),
};
const session = await TrainSession.open(cpuEngine(1), spec, data);
session.load(freshState(spec.layout, 1, spec), 0);
for (let run = 0; run < 3; run++)
  await session.run(new Int32Array(STEPS * batch).fill(window + 3), STEPS, () => 1e-3);
process.send!(process.resourceUsage().maxRSS * 1024);
await session.release();
process.disconnect();
