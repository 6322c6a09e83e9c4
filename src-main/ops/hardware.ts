import { execFile } from 'node:child_process';
import { cpus, freemem, totalmem } from 'node:os';
import { promisify } from 'node:util';
import type { Systeminformation } from 'systeminformation';
import type { Clock } from '../../src-shared/runtime.ts';

/** What a graphics processor says of itself; null where it does not say. */
export interface GpuState {
  /** As `nvidia-smi`, or the operating system, numbers it. */
  readonly index: number;
  readonly vendor: string;
  readonly name: string;
  readonly driver: string | null;
  readonly memoryBytes: number | null;
  readonly freeBytes: number | null;
  /** Percent. */
  readonly utilization: number | null;
  readonly temperatureC: number | null;
  readonly powerWatt: number | null;
  readonly fanPct: number | null;
}

const MIB = 1024 * 1024;
/** `nvidia-smi` answers in a tenth of a second; a driver that hangs must not hold a run up. */
const NVIDIA_TIMEOUT_MS = 4000;
const NVIDIA_FIELDS = [
  'index',
  'name',
  'driver_version',
  'memory.total',
  'memory.free',
  'utilization.gpu',
  'temperature.gpu',
  'power.draw',
  'fan.speed',
] as const;

/** `[N/A]`, `[Not Supported]` and the like are no numbers. */
function numberOf(text: string | undefined): number | null {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

/** Reads the table that `nvidia-smi --query-gpu=… --format=csv,noheader,nounits` prints. */
export function parseNvidia(csv: string): GpuState[] {
  const states: GpuState[] = [];
  for (const line of csv.split('\n')) {
    const [index, name, driver, total, free, utilization, temperature, power, fan] = line.split(/,\s*/);
    if (name === undefined || numberOf(index) === null) continue;
    const mebibytes = (text: string | undefined): number | null => {
      const value = numberOf(text);
      return value === null ? null : value * MIB;
    };
    states.push({
      index: Number(index),
      vendor: 'NVIDIA',
      name,
      driver: driver && !driver.startsWith('[') ? driver : null,
      memoryBytes: mebibytes(total),
      freeBytes: mebibytes(free),
      utilization: numberOf(utilization),
      temperatureC: numberOf(temperature),
      powerWatt: numberOf(power),
      fanPct: numberOf(fan),
    });
  }
  return states;
}

/** Prints the table of `parseNvidia`; rejects where there is no NVIDIA driver. */
export type NvidiaSource = () => Promise<string>;

async function runNvidiaSmi(): Promise<string> {
  const arguments_ = [`--query-gpu=${NVIDIA_FIELDS.join(',')}`, '--format=csv,noheader,nounits'];
  const { stdout } = await promisify(execFile)('nvidia-smi', arguments_, { timeout: NVIDIA_TIMEOUT_MS });
  return stdout;
}

/**
 * The NVIDIA GPUs with what they say of themselves now; none where there is no driver.
 *
 * systeminformation calls the same program, but synchronously, takes a reading of 0 for none, and finds nothing in a
 * container without `lspci`; so it is asked for the other vendors only.
 */
export async function readNvidia(source: NvidiaSource = runNvidiaSmi): Promise<GpuState[]> {
  try {
    return parseNvidia(await source());
  } catch {
    return [];
  }
}

/** The part of systeminformation that Frontier asks; a fake in the tests. */
export interface InformationSource {
  graphics(): Promise<Pick<Systeminformation.GraphicsData, 'controllers'>>;
  cpuTemperature(): Promise<Pick<Systeminformation.CpuTemperatureData, 'main'>>;
  mem(): Promise<Pick<Systeminformation.MemData, 'total' | 'available'>>;
  currentLoad(): Promise<Pick<Systeminformation.CurrentLoadData, 'currentLoad'>>;
}

/** Loaded on first use: nothing that only trades needs it. */
const systemInformation = async (): Promise<InformationSource> => (await import('systeminformation')).default;

/** Graphics controllers as systeminformation lists them. Memory is in mebibytes there. */
export function graphicsStates(controllers: readonly Systeminformation.GraphicsControllerData[]): GpuState[] {
  return controllers.map((controller, index) => {
    const total = controller.memoryTotal ?? controller.vram ?? 0;
    // A Mac's and an integrated GPU use main memory: a size of their own would mislead.
    const shared = controller.vramDynamic && controller.memoryTotal === undefined;
    return {
      index,
      vendor: controller.vendor,
      name: controller.name ?? controller.model,
      driver: controller.driverVersion ?? null,
      memoryBytes: shared || total <= 0 ? null : total * MIB,
      freeBytes: controller.memoryFree === undefined ? null : controller.memoryFree * MIB,
      utilization: controller.utilizationGpu ?? null,
      temperatureC: controller.temperatureGpu ?? null,
      powerWatt: controller.powerDraw ?? null,
      fanPct: controller.fanSpeed ?? null,
    };
  });
}

/** The graphics controllers of any vendor. Slow (a second or more): for the hardware page, never while training. */
export async function readGraphics(source?: InformationSource): Promise<GpuState[]> {
  try {
    const { controllers } = await (source ?? (await systemInformation())).graphics();
    return graphicsStates(controllers);
  } catch {
    return [];
  }
}

/** The machine without its graphics processors. */
export interface CpuState {
  readonly model: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** What programs may still take, caches that the system would give up included. */
  readonly freeBytes: number;
  /** Percent of all cores. */
  readonly utilization: number | null;
  readonly temperatureC: number | null;
}

/** A value that may fail: null then. */
const orNull = async <T>(ask: () => Promise<T>): Promise<T | null> => ask().catch(() => null);

/** Percentages and temperatures that a machine does not know come as null, NaN or 0. */
const known = (value: number | null | undefined, least: number): number | null =>
  value != null && Number.isFinite(value) && value > least ? value : null;

export async function readCpu(source?: InformationSource): Promise<CpuState> {
  const asked = source ?? (await systemInformation());
  const [memory, temperature, load] = await Promise.all([
    orNull(() => asked.mem()),
    orNull(() => asked.cpuTemperature()),
    orNull(() => asked.currentLoad()),
  ]);
  return {
    model: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: memory?.total ?? totalmem(),
    freeBytes: memory?.available ?? freemem(),
    utilization: known(load?.currentLoad, -1),
    temperatureC: known(temperature?.main, 0),
  };
}

/** One device at a moment; `step` of the run is the caller's to add. */
export interface DeviceSample {
  readonly timeMs: number;
  readonly device: string;
  readonly utilization: number | null;
  readonly memoryBytes: number | null;
  readonly temperatureC: number | null;
  readonly powerWatt: number | null;
  readonly fanPct: number | null;
}

export interface SamplerSources {
  readonly nvidia?: NvidiaSource;
  readonly information?: () => Promise<InformationSource>;
  /** CPU time of the process so far, microseconds. */
  readonly cpuTimeUs?: () => number;
  /** Memory of the process. */
  readonly memoryBytes?: () => number;
  readonly cores?: number;
}

/** A sensor of the processor can take a second to read on Windows, and moves slowly. */
const TEMPERATURE_EVERY_MS = 15_000;

function processCpuTimeUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * Readings of a run's devices every few seconds: the processor share, memory and temperature of this process always,
 * and the GPUs where `nvidia-smi` answers. Nothing here blocks: slow questions are asked beside the training and
 * answered by what was last heard, and a question that is still open is not asked again.
 */
export class DeviceSampler {
  readonly #clock: Clock;
  readonly #sources: Required<SamplerSources>;
  #before: { ms: number; us: number };
  #temperature: { value: number | null; ms: number; open: boolean } = {
    value: null,
    ms: Number.NEGATIVE_INFINITY,
    open: false,
  };
  #gpus: { states: readonly GpuState[]; open: boolean; absent: boolean } = {
    states: [],
    open: false,
    absent: false,
  };

  constructor(clock: Clock, sources: SamplerSources = {}) {
    this.#clock = clock;
    this.#sources = {
      nvidia: runNvidiaSmi,
      information: systemInformation,
      cpuTimeUs: processCpuTimeUs,
      memoryBytes: () => process.memoryUsage.rss(),
      cores: cpus().length,
      ...sources,
    };
    this.#before = { ms: clock.nowMs(), us: this.#sources.cpuTimeUs() };
    this.#askGpus();
    this.#askTemperature(clock.nowMs());
  }

  /**
   * What is known now.
   * @param devices names of the run's devices; the processor is always among the readings
   */
  read(devices: readonly string[]): DeviceSample[] {
    const timeMs = this.#clock.nowMs();
    this.#askGpus();
    this.#askTemperature(timeMs);
    const samples = [this.#processor(timeMs)];
    for (const device of devices) {
      const index = /^(?:cuda|webgpu|tfjs):(\d+)$/.exec(device)?.[1];
      const gpu = this.#gpus.states.find((state) => state.index === Number(index));
      if (index === undefined || !gpu) continue;
      const { memoryBytes: total, freeBytes, utilization, temperatureC, powerWatt, fanPct } = gpu;
      const memoryBytes = total === null || freeBytes === null ? null : total - freeBytes;
      samples.push({ timeMs, device, utilization, memoryBytes, temperatureC, powerWatt, fanPct });
    }
    return samples;
  }

  #processor(timeMs: number): DeviceSample {
    const us = this.#sources.cpuTimeUs();
    const elapsedMs = timeMs - this.#before.ms;
    const share = elapsedMs > 0 ? (us - this.#before.us) / 1000 / elapsedMs / this.#sources.cores : null;
    this.#before = { ms: timeMs, us };
    return {
      timeMs,
      device: 'cpu',
      utilization: share === null ? null : Math.min(100, Math.max(0, share * 100)),
      memoryBytes: this.#sources.memoryBytes(),
      temperatureC: this.#temperature.value,
      powerWatt: null,
      fanPct: null,
    };
  }

  /** Once without an answer there is no NVIDIA driver, and there will be none. */
  #askGpus(): void {
    if (this.#gpus.open || this.#gpus.absent) return;
    this.#gpus.open = true;
    void readNvidia(this.#sources.nvidia).then((states) => {
      this.#gpus = { states, open: false, absent: states.length === 0 };
    });
  }

  #askTemperature(timeMs: number): void {
    if (this.#temperature.open || timeMs - this.#temperature.ms < TEMPERATURE_EVERY_MS) return;
    this.#temperature.open = true;
    void this.#sources
      .information()
      .then((source) => source.cpuTemperature())
      .then(
        ({ main }) => {
          this.#temperature = { value: known(main, 0), ms: timeMs, open: false };
        },
        () => {
          this.#temperature = { value: null, ms: timeMs, open: false };
        },
      );
  }
}
