import type { EngineInfo } from '../../src-shared/contract/system.ts';
import { type DeviceDto, ENGINES, type EngineName } from '../../src-shared/contract/training.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { type CpuState, type GpuState, readCpu, readNvidia } from '../ops/hardware.ts';
import { deviceId, engineObstacle } from '../tensor/engine.ts';
import type { EngineContext } from './context.ts';
import type { DeviceTrial } from './jobs/hardware.ts';

/** What was found out by trying, once. */
export interface HardwareTrials {
  /** By name of the device, in the order of the engines. */
  readonly devices: ReadonlyMap<string, DeviceTrial>;
  /** Graphics controllers of any vendor, as the operating system lists them. */
  readonly graphics: readonly GpuState[];
}

/** What the machine says of itself now. */
export interface HardwareNow {
  readonly cpu: CpuState;
  readonly nvidia: readonly GpuState[];
}

const SOFTWARE = /swiftshader|llvmpipe|basic render|virtual|vmware|qxl|cirrus|aspeed|matrox/i;

/** The controller that WebGPU's high-performance adapter most likely is: the one with the most memory of its own. */
function adapter(graphics: readonly GpuState[]): GpuState | undefined {
  const real = graphics.filter(({ name, vendor }) => !SOFTWARE.test(`${vendor} ${name}`));
  return real.reduce<GpuState | undefined>(
    (best, next) => (!best || (next.memoryBytes ?? 0) > (best.memoryBytes ?? 0) ? next : best),
    undefined,
  );
}

/** The controller behind a device; NVIDIA's own tool knows more of its cards than the operating system. */
function gpuOf(
  engine: EngineName,
  index: number,
  { graphics }: HardwareTrials,
  now: HardwareNow,
): GpuState | undefined {
  if (engine === 'cuda' || engine === 'tfjs') return now.nvidia[index];
  const controller = engine === 'directml' ? graphics[index] : adapter(graphics);
  if (engine === 'webgpu' && !controller) return now.nvidia[0];
  const bySameName = now.nvidia.find(({ name }) => controller?.name.includes(name.replace(/^NVIDIA /, '')));
  return bySameName ?? controller;
}

function supportsOf(engine: EngineName, trial: DeviceTrial): DeviceDto['supports'] {
  // TensorFlow.js computes what is asked of it in half precision in single.
  const half = trial.probe.available && trial.half && engine !== 'tfjs';
  return {
    // The CPU has no half-precision arithmetic: ONNX Runtime converts to single and back around each operator.
    mixedPrecision: !half ? 'no' : engine === 'cpu' ? 'slower' : 'yes',
    // Captured graphs may hold no Loop, and a chunk of training steps is one.
    graphCapture: false,
    tf32: trial.probe.available && engine === 'cuda',
  };
}

const NAMES: Readonly<Record<EngineName, string>> = {
  cpu: 'Processor',
  webgpu: 'WebGPU adapter',
  cuda: 'NVIDIA GPU',
  directml: 'Direct3D 12 adapter',
  coreml: 'Apple GPU and Neural Engine',
  tfjs: 'TensorFlow.js',
};

const unknownState = {
  memoryBytes: null,
  freeBytes: null,
  driver: null,
  utilization: null,
  temperatureC: null,
  powerWatt: null,
  fanPct: null,
} as const;

function stateOf({
  memoryBytes,
  freeBytes,
  driver,
  utilization,
  temperatureC,
  powerWatt,
  fanPct,
}: GpuState): Omit<GpuState, 'index' | 'vendor' | 'name'> {
  return { memoryBytes, freeBytes, driver, utilization, temperatureC, powerWatt, fanPct };
}

function detailOf({ probe }: DeviceTrial): string {
  if (!probe.available) return probe.reason ?? 'does not work here';
  return probe.milliseconds === undefined ? 'works' : `works (probe ${probe.milliseconds.toFixed(1)} ms)`;
}

function deviceOf(id: string, trial: DeviceTrial, trials: HardwareTrials, now: HardwareNow): DeviceDto {
  const engine = trial.probe.name;
  const index = Number(id.split(':')[1] ?? 0);
  const common = {
    id,
    engine,
    available: trial.probe.available,
    detail: detailOf(trial),
    probeMs: trial.probe.milliseconds ?? null,
    supports: supportsOf(engine, trial),
  };
  if (engine === 'cpu') {
    const { model, cores, memoryBytes, freeBytes, utilization, temperatureC } = now.cpu;
    return {
      ...common,
      ...unknownState,
      name: `${model}, ${cores} cores`,
      memoryBytes,
      freeBytes,
      utilization,
      temperatureC,
    };
  }
  const gpu = gpuOf(engine, index, trials, now);
  return { ...common, name: gpu?.name ?? NAMES[engine], ...(gpu ? stateOf(gpu) : unknownState) };
}

/** The devices as the interface shows them: what was tried once, with what the machine says of itself now. */
export function devicesOf(trials: HardwareTrials, now: HardwareNow): DeviceDto[] {
  return [...trials.devices].map(([id, trial]) => deviceOf(id, trial, trials, now));
}

/** One row per engine: available where one of its devices is. */
export function enginesOf(trials: HardwareTrials): EngineInfo[] {
  return ENGINES.map((name) => {
    const own = [...trials.devices].filter(([, { probe }]) => probe.name === name);
    const working = own.filter(([, { probe }]) => probe.available);
    const [, shown] = working[0] ?? own[0]!;
    const detail = detailOf(shown);
    const devices = working.map(([id]) => id);
    return working.length > 0
      ? { name, available: true, detail, devices }
      : { name, available: false, detail, reason: detail, devices };
  });
}

/** Names of the devices to try: one per engine, more where the machine has more NVIDIA or Direct3D adapters. */
function candidates(nvidia: readonly GpuState[], graphics: readonly GpuState[]): string[] {
  const count: Partial<Record<EngineName, number>> = { cuda: nvidia.length, directml: graphics.length };
  return ENGINES.flatMap((engine) =>
    Array.from({ length: Math.max(1, count[engine] ?? 1) }, (_, index) => deviceId({ engine, index })),
  );
}

/** Runs a hardware job once; a driver that takes its worker with it is not tried again. */
async function runTrial<T>(context: EngineContext, device: string): Promise<T> {
  const job = context.jobs.submit('hardware', { device }, { maxRestarts: 0 });
  context.titles.set(job.id, `Try ${device}`);
  return (await job.result) as T;
}

async function tryDevice(context: EngineContext, id: string): Promise<DeviceTrial> {
  const name = ENGINES.find((engine) => engine === id.split(':')[0])!;
  const reason = engineObstacle(name);
  if (reason !== undefined) return { probe: { name, available: false, reason }, half: false };
  try {
    return await runTrial<DeviceTrial>(context, id);
  } catch (error) {
    const lost = error instanceof FrontierError && error.code === 'WORKER_LOST';
    const why = lost ? 'its driver ended the process that tried it' : (error as Error).message;
    return { probe: { name, available: false, reason: why }, half: false };
  }
}

/** The hardware of this machine. Trying takes seconds and is done once, when somebody first asks. */
export class Hardware {
  readonly #context: EngineContext;
  #trials: Promise<HardwareTrials> | undefined;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** @param again tries everything anew */
  trials(again = false): Promise<HardwareTrials> {
    if (again) this.#trials = undefined;
    this.#trials ??= this.#try().catch((error: unknown) => {
      this.#trials = undefined;
      throw error;
    });
    return this.#trials;
  }

  async #try(): Promise<HardwareTrials> {
    const context = this.#context;
    const [nvidia, graphics] = await Promise.all([
      readNvidia(),
      runTrial<GpuState[]>(context, 'graphics').catch(() => []),
    ]);
    const ids = candidates(nvidia, graphics);
    const devices = await Promise.all(ids.map(async (id) => [id, await tryDevice(context, id)] as const));
    return { devices: new Map(devices), graphics };
  }

  async devices(again = false): Promise<DeviceDto[]> {
    const trials = await this.trials(again);
    const [cpu, nvidia] = await Promise.all([readCpu(), readNvidia()]);
    return devicesOf(trials, { cpu, nvidia });
  }

  async engines(): Promise<EngineInfo[]> {
    return enginesOf(await this.trials());
  }
}

const known = new WeakMap<EngineContext, Hardware>();

/** The one view of the hardware that the handlers of an engine share. */
export function hardwareOf(context: EngineContext): Hardware {
  const found = known.get(context) ?? new Hardware(context);
  known.set(context, found);
  return found;
}
