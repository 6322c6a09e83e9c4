import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Predictor } from '../../../src-main/models/predictor.ts';
import type { Engine } from '../../../src-main/tensor/engine.ts';
import { inferenceModel } from '../../../src-main/tensor/model.ts';
import { initialParameters } from '../../../src-main/tensor/parameters.ts';
import { dataOf, specOf, type Variation, type Workload } from './workloads.ts';

/** A model with fresh weights, loaded as live sessions load it. */
async function loaded(workload: Workload, engine: Engine): Promise<Predictor> {
  const { model, size, layout } = specOf(workload);
  return Predictor.load(inferenceModel(model.forward, size, layout, initialParameters(layout, 1)), engine);
}

export interface Latency {
  readonly p50: number;
  readonly p95: number;
}

/** Milliseconds of `Predictor.predict` for `batch` windows, over `count` calls after some to warm up. */
export async function latencyOf(
  workload: Workload,
  engine: Engine,
  batch: number,
  count: number,
): Promise<Latency> {
  const predictor = await loaded(workload, engine);
  const { features } = dataOf(workload);
  const x = Float32Array.from(
    { length: batch * workload.window * workload.features },
    (_, i) => features[i % features.length]!,
  );
  const times: number[] = [];
  for (let i = 0; i < count + 50; i++) {
    const started = performance.now();
    await predictor.predict(x, batch);
    if (i >= 50) times.push(performance.now() - started);
  }
  await predictor.close();
  times.sort((a, b) => a - b);
  return { p50: times[Math.floor(count / 2)]!, p95: times[Math.floor(count * 0.95)]! };
}

export interface ChildFigures {
  readonly msPerStep: number;
  readonly peakMb: number;
}

/**
 * Trains a workload in a process of its own.
 * @returns undefined where the system does not tell a process's peak memory
 */
export async function trainInChild(
  workload: Workload,
  variation: Variation,
  rounds: number,
  threads: number,
): Promise<ChildFigures | undefined> {
  if (!existsSync('/proc/self/status')) return undefined;
  const script = path.join(import.meta.dirname, 'child.ts');
  const args = [script, workload.name, JSON.stringify(variation), String(rounds), String(threads)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as ChildFigures;
}
