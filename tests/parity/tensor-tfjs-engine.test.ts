import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, it } from 'vitest';
import { cpuEngine } from '../../src-main/tensor/engines/cpu.ts';
import { probeEngine } from '../../src-main/tensor/engines/probe.ts';
import { tfjsEngine, tfjsEntry, tfjsObstacle } from '../../src-main/tensor/engines/tfjs.ts';
import { BUILD_DEFAULTS } from '../../src-main/tensor/model.ts';
import { OPTIMIZER_DEFAULTS } from '../../src-main/tensor/optimizer.ts';
import type { TfModule, TfTensor } from '../../src-main/tensor/tfjs.ts';
import { freshState, TrainSession } from '../../src-main/tensor/train-session.ts';
import { specOf } from '../../src-main/training/parallel.ts';
import { normal, SeededRng } from '../../src-shared/runtime.ts';

const ROWS = 120;
/** The pure-JavaScript backend in the place of the package that a user installs. */
const engine = () => tfjsEngine(1, async () => tf as unknown as TfModule<TfTensor>);

describe('TensorFlow.js as an engine', () => {
  it('finds the package that is installed, the one with a GPU first', () => {
    const only =
      (...names: string[]) =>
      (name: string) => {
        if (names.includes(name)) return `/modules/${name}/index.js`;
        throw new Error(`Cannot find module ${name}`);
      };
    const both = only('@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu');
    expect(tfjsEntry(both)?.name).toBe('@tensorflow/tfjs-node-gpu');
    expect(tfjsEntry(only('@tensorflow/tfjs-node'))?.name).toBe('@tensorflow/tfjs-node');
    expect(tfjsObstacle(only())).toMatch(/neither .+ was found/);
    expect(tfjsObstacle(both)).toBeUndefined();
  });

  it('passes the probe of the engines', async () => {
    await tf.setBackend('cpu');
    expect(await probeEngine(engine())).toEqual({ name: 'tfjs', available: true });
  });

  it.for(['mlp', 'tcn'] as const)('trains %s as the CPU engine does', async (family) => {
    await tf.setBackend('cpu');
    const settings = family === 'mlp' ? { hidden: [12] } : { channels: 6, levels: 2 };
    const given = { window: 8, features: 3, outputs: 1 };
    const spec = specOf(
      { family, settings, given, options: BUILD_DEFAULTS },
      {
        targetColumns: 1,
        rows: ROWS,
        batch: 16,
        loss: { kind: 'mse' },
        optimizer: OPTIMIZER_DEFAULTS,
        seed: 1,
      },
    );
    const rng = new SeededRng(4);
    const data = {
      features: Float32Array.from({ length: ROWS * 3 }, () => normal(rng)),
      targets: Float32Array.from({ length: ROWS }, () => normal(rng)),
    };
    const ends = Int32Array.from({ length: 6 * 16 }, () => 8 + Math.floor(rng.next() * (ROWS - 8)));
    const losses: Float32Array[] = [];
    for (const used of [engine(), cpuEngine(1)]) {
      const session = await TrainSession.open(used, spec, data);
      session.load(freshState(spec.layout, 1, spec), 0);
      losses.push((await session.run(ends, 6, () => 0.01)).losses);
      await session.release();
    }
    losses[0]!.forEach((loss, i) => {
      expect(loss).toBeCloseTo(losses[1]![i]!, 4);
    });
    expect(losses[1]![5]!).not.toBeCloseTo(losses[1]![0]!, 2);
  });

  it('refuses a model file, and a module that does not load, saying so', async () => {
    await expect(engine().createSession(Uint8Array.of(1, 2))).rejects.toThrow(/not model files/);
    const broken = tfjsEngine(1, () => Promise.reject(new Error('libtensorflow.so.2: cannot open')));
    expect(await probeEngine(broken)).toEqual({
      name: 'tfjs',
      available: false,
      reason: 'TensorFlow.js did not load: libtensorflow.so.2: cannot open',
    });
  });
});
