import { cpus } from 'node:os';
import { ENGINES, type EngineName } from '../../src-shared/contract/training.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import type { Clock } from '../../src-shared/runtime.ts';
import { readGraphics, readNvidia } from '../ops/hardware.ts';
import { coremlEngine } from './engines/coreml.ts';
import { cpuEngine } from './engines/cpu.ts';
import { cudaEngine, cudaObstacle } from './engines/cuda.ts';
import { directmlEngine } from './engines/directml.ts';
import type { GraphCache } from './engines/graphCache.ts';
import { onnxRuntimeVersion } from './engines/onnxruntime.ts';
import { probeEngine } from './engines/probe.ts';
import { tfjsEngine, tfjsObstacle } from './engines/tfjs.ts';
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
  /** Keeps freed memory for the next run, which is faster; off returns it to the system. Default on. */
  readonly memoryArena?: boolean;
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
  /** The device it runs on, e.g. `cuda:1`; what `device` of a run takes. Absent: the engine has one only. */
  readonly device?: string;
  /** @throws FrontierError ENGINE_FAILED where the model cannot be loaded; it names an operator that is missing */
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

/** An engine and the number of its device. */
export interface DeviceRef {
  readonly engine: EngineName;
  readonly index: number;
}

/** Engines with one device, whose number says nothing. */
const SINGLE: readonly EngineName[] = ['cpu', 'tfjs', 'webgpu', 'coreml'];

/** Name of a device: `cpu`, `webgpu:0`, `cuda:1`. */
export const deviceId = ({ engine, index }: DeviceRef): string =>
  engine === 'cpu' ? engine : `${engine}:${index}`;

/**
 * The device that a name means; an engine alone means its first device.
 * @throws FrontierError BAD_INPUT where it is no name of a device
 */
export function parseDevice(id: string): DeviceRef {
  const [, name, digits] = /^([a-z]+)(?::(\d{1,3}))?$/.exec(id) ?? [];
  const engine = ENGINES.find((known) => known === name);
  const ref = engine && { engine, index: Number(digits ?? 0) };
  if (ref && (digits === undefined || engine !== 'cpu')) return ref;
  throw new FrontierError(
    'BAD_INPUT',
    `"${id}" is no device`,
    `Name one as training.hardware lists them, e.g. cpu, webgpu:0 or cuda:1; engines: ${ENGINES.join(', ')}.`,
  );
}

/** What an engine is opened with besides its threads. */
export interface EngineOptions {
  /** Lets NVIDIA GPUs round matrix products to 19 bits, which is several times faster. Default true. */
  readonly tf32?: boolean;
  /** Folder for optimised graphs; absent: none are kept. */
  readonly cacheFolder?: string;
}

function makeEngine({ engine, index }: DeviceRef, threads: number, options: EngineOptions = {}): Engine {
  switch (engine) {
    case 'cpu':
      return cpuEngine(threads, cpuGraphCache(options.cacheFolder));
    case 'webgpu':
      return webgpuEngine(threads);
    case 'cuda':
      return cudaEngine(threads, index, options.tf32 ?? true);
    case 'directml':
      return directmlEngine(threads, index);
    case 'coreml':
      return coremlEngine(threads);
    case 'tfjs':
      return tfjsEngine(threads);
  }
}

/** Rewritten graphs are made for one processor: its vector width decides on the layout of convolutions. */
function cpuGraphCache(folder: string | undefined): GraphCache | undefined {
  if (folder === undefined) return undefined;
  const environment = [onnxRuntimeVersion(), 'cpu', process.platform, process.arch, cpus()[0]?.model].join(
    '|',
  );
  return { folder, environment };
}

/** Why an engine cannot work here, where that is known without trying. */
export function engineObstacle(engine: EngineName): string | undefined {
  const { platform } = process;
  if (engine === 'cuda') return cudaObstacle();
  if (engine === 'directml' && platform !== 'win32') return 'DirectML is part of Windows';
  if (engine === 'coreml' && platform !== 'darwin') return 'CoreML is part of macOS';
  return engine === 'tfjs' ? tfjsObstacle() : undefined;
}

/**
 * Tries an engine for real: creates a session and runs a small training-like loop.
 * @param device an engine, or one of its devices, e.g. `cuda:1`
 * @param threads CPU threads
 * @param clock where given, the loop is also timed
 * @throws FrontierError BAD_INPUT where there is no such engine
 */
export async function probe(device: string, threads: number, clock?: Clock): Promise<EngineProbe> {
  const ref = parseDevice(device);
  const reason = engineObstacle(ref.engine);
  if (reason !== undefined) return { name: ref.engine, available: false, reason };
  return probeEngine(makeEngine(ref, threads), clock);
}

/** As a person says it. */
export const ENGINE_TITLES: Readonly<Record<EngineName, string>> = {
  cpu: 'CPU',
  webgpu: 'WebGPU',
  cuda: 'CUDA',
  directml: 'DirectML',
  coreml: 'CoreML',
  tfjs: 'TensorFlow.js',
};

/** Devices that `auto` weighs against the CPU. CoreML trains mostly on the CPU; TensorFlow.js is for who asks. */
function accelerators(): readonly EngineName[] {
  const native = { linux: 'cuda', win32: 'directml' } as const;
  const own = process.platform in native ? [native[process.platform as keyof typeof native]] : [];
  return [...own, 'webgpu'];
}

/** How many devices an engine has here. Asked only where a device beyond the first is named. */
async function deviceCount(engine: EngineName): Promise<number> {
  if (SINGLE.includes(engine)) return 1;
  if (engine === 'cuda') return Math.max(1, (await readNvidia()).length);
  return Math.max(1, (await readGraphics()).length);
}

/** Names of an engine's devices here. */
export async function deviceNames(engine: EngineName): Promise<readonly string[]> {
  const count = await deviceCount(engine);
  return Array.from({ length: count }, (_, index) => deviceId({ engine, index }));
}

/** The device that a run names, checked. */
async function chosenDevice(choice: EngineChoice, id: string | undefined): Promise<DeviceRef | undefined> {
  if (id === undefined) return choice === 'auto' ? undefined : { engine: choice, index: 0 };
  const ref = parseDevice(id);
  if (choice !== 'auto' && ref.engine !== choice) {
    throw new FrontierError(
      'BAD_INPUT',
      `device ${id} does not belong to the engine ${choice}`,
      `Leave the device out, or set the engine to ${ref.engine}.`,
    );
  }
  const count = ref.index === 0 ? 1 : await deviceCount(ref.engine);
  if (ref.index < count) return ref;
  const known = Array.from({ length: count }, (_, index) => deviceId({ engine: ref.engine, index }));
  throw new FrontierError(
    'BAD_INPUT',
    `there is no device ${id} on this machine`,
    `Devices of ${ENGINE_TITLES[ref.engine]}: ${known.join(', ')}.`,
  );
}

/** The fastest of the accelerators that work, where it beats the CPU; else the reason for the CPU. */
async function automatic(
  cpu: EngineProbe,
  threads: number,
  clock: Clock,
): Promise<{ readonly ref: DeviceRef; readonly reason?: string }> {
  const reasons: string[] = [];
  let best: EngineProbe = cpu;
  for (const engine of accelerators()) {
    const found = await probe(engine, threads, clock);
    const title = ENGINE_TITLES[engine];
    if (!found.available) reasons.push(`${title} is not available: ${found.reason}`);
    else if (found.milliseconds! < best.milliseconds!) best = found;
    else {
      const times = `${found.milliseconds!.toFixed(1)} ms against ${best.milliseconds!.toFixed(1)} ms`;
      reasons.push(`${title} works but is slower here (probe ${times})`);
    }
  }
  const ref = { engine: best.name, index: 0 };
  return best === cpu ? { ref, reason: reasons.join('; ') } : { ref };
}

/**
 * Opens the engine asked for, or the CPU with the reason where that one does not work here.
 * `auto` takes the accelerator that runs the probe graph fastest, where it beats the CPU.
 * @param threads CPU threads, at least 1
 * @param clock times the engines; needed for `auto`
 * @param device e.g. `cuda:1`; absent takes the engine's first
 * @throws FrontierError BAD_INPUT on a thread count below 1 or a device that is not there (it names those that are);
 *   ENGINE_FAILED where even the CPU engine fails
 */
export async function openEngine(
  choice: EngineName,
  threads?: number,
  clock?: Clock,
  device?: string,
  options?: EngineOptions,
): Promise<OpenedEngine>;
export async function openEngine(
  choice: EngineChoice,
  threads: number,
  clock: Clock,
  device?: string,
  options?: EngineOptions,
): Promise<OpenedEngine>;
export async function openEngine(
  choice: EngineChoice,
  threads = 1,
  clock?: Clock,
  device?: string,
  options: EngineOptions = {},
): Promise<OpenedEngine> {
  if (!Number.isInteger(threads) || threads < 1) {
    const message = `threads must be a whole number from 1, got ${threads}`;
    throw new FrontierError('BAD_INPUT', message, 'Set threads to 1 or more.');
  }
  const chosen = await chosenDevice(choice, device);
  const cpu = await probe('cpu', threads, chosen ? undefined : clock);
  if (!cpu.available) {
    const hint = 'Reinstall the packages: the onnxruntime-node binary did not load or run.';
    throw new FrontierError('ENGINE_FAILED', `the CPU engine does not work: ${cpu.reason}`, hint);
  }
  const open = (ref: DeviceRef): OpenedEngine => ({
    engine: makeEngine(ref, threads, options),
    requested: choice,
  });
  if (!chosen) {
    const { ref, reason } = await automatic(cpu, threads, clock!);
    return { ...open(ref), ...(reason ? { degradedReason: reason } : {}) };
  }
  if (chosen.engine === 'cpu') return open(chosen);
  const found = await probe(deviceId(chosen), threads);
  if (found.available) return open(chosen);
  const reason = `${ENGINE_TITLES[chosen.engine]} is not available: ${found.reason}`;
  return { ...open({ engine: 'cpu', index: 0 }), degradedReason: reason };
}
