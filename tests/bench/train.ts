import { execFile } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { defineModel } from '../../src-main/models/registry.ts';
import { openEngine } from '../../src-main/tensor/engine.ts';
import { collectParameters } from '../../src-main/tensor/model.ts';
import { OPTIMIZER_DEFAULTS } from '../../src-main/tensor/optimizer.ts';
import { initialParameters, layOut } from '../../src-main/tensor/parameters.ts';
import { TrainSession } from '../../src-main/tensor/train-session.ts';
import { SeededRng } from '../../src-shared/runtime.ts';

/** Milliseconds per training step of ours against PyTorch on the same work: two threads each, best round. */

const THREADS = 2;
const BENCH = 'train';

interface Workload {
  readonly name: string;
  /** The workload of the PyTorch script that computes the same function. */
  readonly peer: string;
  readonly family: string;
  readonly settings: object;
  readonly window: number;
  readonly features: number;
  readonly batch: number;
  readonly steps: number;
  readonly rounds: number;
  /** ms/step published for the prototype on another quiet 2-core machine: ONNX Runtime and PyTorch. */
  readonly reference: { readonly prototype: number; readonly pytorch: number };
  readonly note?: string;
}

const TCN = { window: 240, features: 20, batch: 128, peer: 'tcn-240x20-b128', family: 'tcn' } as const;

const WORKLOADS: readonly Workload[] = [
  {
    name: 'mlp-137-b64',
    peer: 'mlp-137-b64',
    family: 'mlp',
    settings: { hidden: [128, 128] },
    window: 1,
    features: 137,
    batch: 64,
    steps: 300,
    rounds: 5,
    reference: { prototype: 0.28, pytorch: 0.49 },
  },
  {
    name: 'mlp-960-b256',
    peer: 'mlp-960-b256',
    family: 'mlp',
    settings: { hidden: [256, 256, 256] },
    window: 32,
    features: 30,
    batch: 256,
    steps: 50,
    rounds: 5,
    reference: { prototype: 3.4, pytorch: 4.6 },
  },
  {
    ...TCN,
    name: 'tcn-240x20-b128, every step computed',
    settings: { channels: 64, levels: 4, steps: 'all' },
    steps: 12,
    rounds: 4,
    reference: { prototype: 57, pytorch: 59 },
    note: 'the same arithmetic as the peer',
  },
  {
    ...TCN,
    name: 'tcn-240x20-b128, as trained (needed steps)',
    settings: { channels: 64, levels: 4 },
    steps: 50,
    rounds: 4,
    reference: { prototype: 57, pytorch: 59 },
    note: 'the same function and gradients; steps that the newest output does not depend on are left out',
  },
];

async function stepMs(workload: Workload): Promise<number> {
  const { window, features, batch, steps, rounds } = workload;
  const size = { window, features, outputs: 1 };
  const { forward } = defineModel(workload.family, workload.settings, size);
  const layout = layOut(collectParameters(forward, size));
  const rows = batch * steps + window;
  const rng = new SeededRng(1);
  const matrix = Float32Array.from({ length: rows * features }, () => rng.next() - 0.5);
  const targets = Float32Array.from({ length: rows }, (_, row) => 2 * matrix[row * features + features - 1]!);
  const { engine } = await openEngine('cpu', THREADS);
  const spec = {
    model: { forward },
    size,
    targetColumns: 1,
    seed: 1,
    layout,
    rows,
    batch,
    loss: { kind: 'mse' } as const,
    optimizer: OPTIMIZER_DEFAULTS,
  };
  const session = await TrainSession.open(engine, spec, { features: matrix, targets });
  const zeros = (): Float32Array => new Float32Array(layout.total);
  session.load({ parameters: initialParameters(layout, 1), slots: [zeros(), zeros()] }, 0);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const ends = Int32Array.from(
      { length: steps * batch },
      () => window - 1 + Math.floor(rng.next() * (rows - window)),
    );
    const started = performance.now();
    await session.run(ends, steps, () => 1e-3);
    best = Math.min(best, (performance.now() - started) / steps);
  }
  await session.release();
  return best;
}

type PeerFigures = Readonly<Record<string, number>> & { readonly version: string };

/** PyTorch's figures, or undefined where no Python with PyTorch is installed (Debian: python3-torch). */
async function pytorch(): Promise<PeerFigures | undefined> {
  const script = path.join(import.meta.dirname, 'train_torch.py');
  const env = { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: String(THREADS) };
  // The distribution's Python has Debian's package also where another Python comes first in the path.
  for (const python of ['python3', '/usr/bin/python3']) {
    const installed = await promisify(execFile)(python, ['-c', 'import torch']).then(
      () => true,
      () => false,
    );
    if (!installed) continue;
    const { stdout } = await promisify(execFile)(python, [script, String(THREADS)], { env });
    return JSON.parse(stdout) as PeerFigures;
  }
  return undefined;
}

const round = (value: number): number => Number(value.toPrecision(4));

/** Runs the benchmark and prints one JSON line per workload. */
export async function run(): Promise<void> {
  const peer = await pytorch();
  const env = {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    threads: THREADS,
    node: process.version,
    engine: 'onnxruntime-node cpu',
  };
  for (const workload of WORKLOADS) {
    const value = await stepMs(workload);
    const peerValue = peer?.[workload.peer];
    const line = {
      bench: BENCH,
      name: workload.name,
      value: round(value),
      unit: 'ms/step',
      peer: peer ? `PyTorch ${peer.version} CPU` : null,
      peerValue: peerValue === undefined ? null : round(peerValue),
      ratio: peerValue === undefined ? null : round(peerValue / value),
      env,
      reference: workload.reference,
      ...(workload.note === undefined ? {} : { note: workload.note }),
    };
    console.log(JSON.stringify(line));
  }
}
