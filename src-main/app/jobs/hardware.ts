import { type GpuState, readGraphics } from '../../ops/hardware.ts';
import { type EngineProbe, openEngine, parseDevice, probe } from '../../tensor/engine.ts';
import { refuseUnlessHalf } from '../../tensor/precision-probe.ts';
import { systemClock } from '../ids.ts';

export interface HardwarePayload {
  /** Device to try, e.g. `webgpu:0`; or `graphics` to list the graphics controllers. */
  readonly device: string;
}

/** What a device's trial told. */
export interface DeviceTrial {
  readonly probe: EngineProbe;
  /** Whether it computes in half precision. */
  readonly half: boolean;
}

const THREADS = 2;

async function tryDevice(device: string): Promise<DeviceTrial> {
  const found = await probe(device, THREADS, systemClock);
  if (!found.available) return { probe: found, half: false };
  const { engine } = await openEngine(parseDevice(device).engine, THREADS, undefined, device);
  const half = await refuseUnlessHalf(engine).then(
    () => true,
    () => false,
  );
  return { probe: found, half };
}

/**
 * Tries one device for real, or lists the graphics controllers. In a worker, because a graphics driver that fails may
 * take its process with it, and because listing blocks for a second.
 */
export async function hardwareJob({ device }: HardwarePayload): Promise<DeviceTrial | GpuState[]> {
  return device === 'graphics' ? readGraphics() : tryDevice(device);
}
