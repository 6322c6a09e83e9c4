import type { EngineName } from '../../src-shared/contract/training.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import type { Clock } from '../../src-shared/runtime.ts';
import { cpuEngine } from './engines/cpu.ts';
import { probeEngine } from './engines/probe.ts';
import { webgpuEngine } from './engines/webgpu.ts';
import type { DataType } from './graph.ts';

export type { EngineName };
export type EngineChoice = 'auto' | EngineName;

/** What a session is opened with besides the model. */
export interface SessionOptions {
  /** How far ONNX Runtime rewrites the graph; default all. */
  readonly graphOptimization?: 'off' | 'basic' | 'extended' | 'all';
  /** Optimisers of ONNX Runtime that must leave the graph alone, e.g. where recomputation is wanted. */
  readonly disabledOptimizers?: readonly string[];
}

/** A tensor in main memory. The data is borrowed by `run` until it resolves. */
export interface HostTensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;
}

export interface PortInfo {
  readonly name: string;
  readonly dtype: string;
  /** Extents; a name stands for a dynamic one. */
  readonly shape: readonly (number | string)[];
}

/** A loaded model. */
export interface EngineSession {
  readonly inputs: readonly PortInfo[];
  readonly outputs: readonly PortInfo[];
  /** @throws FrontierError ENGINE_FAILED where the engine refuses or fails */
  run(feeds: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>>;
  release(): Promise<void>;
}

/** Something that runs ONNX models. */
export interface Engine {
  readonly name: EngineName;
  readonly threads: number;
  /** @throws FrontierError ENGINE_FAILED where the model cannot be loaded */
  createSession(model: Uint8Array, options?: SessionOptions): Promise<EngineSession>;
}

export interface OpenedEngine {
  readonly engine: Engine;
  readonly requested: EngineChoice;
  /** Why the engine is not the one asked for (or, for `auto`, not the accelerator). */
  readonly degradedReason?: string;
}

export interface EngineProbe {
  readonly name: EngineName;
  readonly available: boolean;
  /** Why it is not available. */
  readonly reason?: string;
  /** Mean milliseconds of one run of the probe graph after a warm-up run, where it was timed. */
  readonly milliseconds?: number;
}

function makeEngine(name: EngineName, threads: number): Engine {
  return name === 'cpu' ? cpuEngine(threads) : webgpuEngine(threads);
}

/**
 * Tries an engine for real: creates a session and runs a small training-like loop.
 * @param threads CPU threads
 * @param clock where given, the loop is also timed
 */
export async function probe(name: EngineName, threads: number, clock?: Clock): Promise<EngineProbe> {
  return probeEngine(makeEngine(name, threads), clock);
}

/**
 * Opens the engine asked for, or the CPU with the reason where that one does not work here.
 * `auto` takes WebGPU where it works and runs the probe graph faster than the CPU.
 * @param threads CPU threads, at least 1
 * @param clock times the engines; needed for `auto`
 * @throws FrontierError BAD_INPUT on a thread count below 1; ENGINE_FAILED where even the CPU engine fails
 */
export async function openEngine(choice: EngineName, threads?: number, clock?: Clock): Promise<OpenedEngine>;
export async function openEngine(choice: EngineChoice, threads: number, clock: Clock): Promise<OpenedEngine>;
export async function openEngine(choice: EngineChoice, threads = 1, clock?: Clock): Promise<OpenedEngine> {
  if (!Number.isInteger(threads) || threads < 1) {
    const message = `threads must be a whole number from 1, got ${threads}`;
    throw new FrontierError('BAD_INPUT', message, 'Set threads to 1 or more.');
  }
  const timer = choice === 'auto' ? clock : undefined;
  const cpu = await probe('cpu', threads, timer);
  if (!cpu.available) {
    const hint = 'Reinstall the packages: the onnxruntime-node binary did not load or run.';
    throw new FrontierError('ENGINE_FAILED', `the CPU engine does not work: ${cpu.reason}`, hint);
  }
  const onCpu = { engine: makeEngine('cpu', threads), requested: choice };
  if (choice === 'cpu') return onCpu;
  const gpu = await probe('webgpu', threads, timer);
  if (!gpu.available) return { ...onCpu, degradedReason: `WebGPU is not available: ${gpu.reason}` };
  if (timer && gpu.milliseconds! >= cpu.milliseconds!) {
    const times = `${gpu.milliseconds!.toFixed(1)} ms against ${cpu.milliseconds!.toFixed(1)} ms`;
    return { ...onCpu, degradedReason: `WebGPU works but is slower here (probe ${times})` };
  }
  return { engine: makeEngine('webgpu', threads), requested: choice };
}
