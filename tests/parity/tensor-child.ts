import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { ChunkReport, TrainConfig, TrainResult } from '../../src-main/training/trainer.ts';

const FIXTURE = path.join(import.meta.dirname, 'tensor-run-fixture.ts');

export interface RunRequest {
  readonly folder: string;
  readonly family: 'mlp' | 'tcn';
  readonly engine: 'cpu' | 'webgpu';
  readonly epochs: number;
  /** Settings of the run besides. */
  readonly change?: Partial<TrainConfig>;
  readonly env?: Readonly<Record<string, string>>;
}

export type RunOutcome = Omit<TrainResult, 'onnx'> & { onnx: string };

const resultFile = (folder: string): string => path.join(folder, 'result.json');

/** Starts a training run as a process of its own. */
export function startRun(request: RunRequest): ChildProcessWithoutNullStreams {
  const { folder, family, engine, epochs, change = {}, env = {} } = request;
  const where = [FIXTURE, path.join(folder, 'run'), family, engine, String(epochs), resultFile(folder)];
  const args = [...where, JSON.stringify(change)];
  return spawn(process.execPath, args, { env: { ...process.env, ...env } });
}

/** Runs to the end. */
export async function finishRun(
  request: RunRequest,
): Promise<{ outcome: RunOutcome; reports: ChunkReport[] }> {
  const child = startRun(request);
  const reports: ChunkReport[] = [];
  createInterface(child.stdout).on('line', (line) => reports.push(JSON.parse(line) as ChunkReport));
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += String(data);
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`the run ended with ${code}: ${errors}`);
  return { outcome: JSON.parse(await readFile(resultFile(request.folder), 'utf8')) as RunOutcome, reports };
}

/** Runs until a report satisfies `enough`, then kills the process with SIGKILL. */
export async function killRun(
  request: RunRequest,
  enough: (report: ChunkReport) => boolean,
): Promise<number> {
  const child = startRun(request);
  const killed = new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const report = JSON.parse(line) as ChunkReport;
      if (!enough(report)) return;
      child.kill('SIGKILL');
      resolve(report.step);
    });
    child.on('exit', (code) => reject(new Error(`the run ended with ${code} before it was killed`)));
  });
  const exited = new Promise((resolve) => child.on('close', resolve));
  const step = await killed;
  await exited;
  return step;
}
