import type { Systeminformation } from 'systeminformation';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src-shared/runtime.ts';
import {
  DeviceSampler,
  graphicsStates,
  type InformationSource,
  parseNvidia,
  readCpu,
  readGraphics,
  readNvidia,
} from './hardware.ts';

const GIB = 1024 ** 3;

/** As `nvidia-smi` 550 prints it for two cards: one with every sensor, one without fan and power meter, idle. */
const NVIDIA = [
  '0, NVIDIA GeForce RTX 4090, 550.54.14, 24564, 20012, 87, 64, 318.42, 45',
  '1, NVIDIA H200, 550.54.14, 143771, 143771, 0, 27, [N/A], [N/A]',
  '',
].join('\n');

/** Controllers as systeminformation gives them on a laptop with two GPUs, and on a Mac. */
const laptop: Systeminformation.GraphicsControllerData[] = [
  {
    vendor: 'Intel Corporation',
    model: 'Alder Lake-P GT2 [Iris Xe Graphics]',
    bus: 'Onboard',
    vram: 256,
    vramDynamic: true,
  },
  {
    vendor: 'Advanced Micro Devices, Inc. [AMD/ATI]',
    model: 'Navi 33 [Radeon RX 7600M]',
    bus: 'PCI',
    vram: 8192,
    vramDynamic: false,
    driverVersion: '24.1',
  },
];
const mac: Systeminformation.GraphicsControllerData[] = [
  {
    vendor: 'Apple',
    model: 'Apple M2 Pro',
    bus: 'Built-In',
    vramDynamic: true,
    vram: null,
    cores: 19,
    metalVersion: 'Metal 3',
  },
];

const source = (change: Partial<InformationSource> = {}): InformationSource => ({
  graphics: async () => ({ controllers: laptop }),
  cpuTemperature: async () => ({ main: 51 }),
  mem: async () => ({ total: 32 * GIB, available: 20 * GIB }),
  currentLoad: async () => ({ currentLoad: 12.5 }),
  ...change,
});

describe('what graphics processors say of themselves', () => {
  it('reads the table of nvidia-smi; a sensor that is missing is null, a reading of 0 is 0', async () => {
    const [first, second] = parseNvidia(NVIDIA);
    expect(first).toEqual({
      index: 0,
      vendor: 'NVIDIA',
      name: 'NVIDIA GeForce RTX 4090',
      driver: '550.54.14',
      memoryBytes: 24564 * 1024 ** 2,
      freeBytes: 20012 * 1024 ** 2,
      utilization: 87,
      temperatureC: 64,
      powerWatt: 318.42,
      fanPct: 45,
    });
    expect(second).toMatchObject({ index: 1, utilization: 0, powerWatt: null, fanPct: null });
    expect(parseNvidia('NVIDIA-SMI has failed because it could not communicate with the driver.')).toEqual(
      [],
    );
    expect(await readNvidia(() => Promise.reject(new Error('spawn nvidia-smi ENOENT')))).toEqual([]);
  });

  it('takes other vendors from the operating system; shared memory is not a size of their own', async () => {
    expect(graphicsStates(laptop)).toMatchObject([
      { name: 'Alder Lake-P GT2 [Iris Xe Graphics]', memoryBytes: null, driver: null },
      { name: 'Navi 33 [Radeon RX 7600M]', memoryBytes: 8 * GIB, driver: '24.1', utilization: null },
    ]);
    expect(graphicsStates(mac)).toMatchObject([{ index: 0, name: 'Apple M2 Pro', memoryBytes: null }]);
    expect(await readGraphics(source({ graphics: () => Promise.reject(new Error('no lspci')) }))).toEqual([]);
  });

  it('reads the processor; what cannot be read is null', async () => {
    expect(await readCpu(source())).toMatchObject({
      memoryBytes: 32 * GIB,
      freeBytes: 20 * GIB,
      temperatureC: 51,
      utilization: 12.5,
    });
    // systeminformation's answer in a container and on a Mac without the sensor package.
    const silent = source({
      cpuTemperature: async () => ({ main: null as unknown as number }),
      mem: () => Promise.reject(new Error('no /proc')),
      currentLoad: async () => ({ currentLoad: Number.NaN }),
    });
    const state = await readCpu(silent);
    expect(state).toMatchObject({ temperatureC: null, utilization: null });
    expect(state.memoryBytes).toBeGreaterThan(0);
  });
});

describe('readings while training', () => {
  it('gives the share of the processor since the last time, memory, and the GPUs of the run', async () => {
    const clock = new ManualClock(1000);
    let cpuTimeUs = 0;
    let asked = 0;
    const sampler = new DeviceSampler(clock, {
      nvidia: async () => {
        asked += 1;
        return NVIDIA;
      },
      information: async () => source(),
      cpuTimeUs: () => cpuTimeUs,
      memoryBytes: () => 500,
      cores: 2,
    });
    await new Promise((resolve) => setImmediate(resolve));
    clock.advanceTo(3000);
    cpuTimeUs = 3_000_000;
    // 3 s of processor time in 2 s on 2 cores.
    const readings = sampler.read(['cuda:1']);
    expect(readings).toEqual([
      {
        timeMs: 3000,
        device: 'cpu',
        utilization: 75,
        memoryBytes: 500,
        temperatureC: 51,
        powerWatt: null,
        fanPct: null,
      },
      {
        timeMs: 3000,
        device: 'cuda:1',
        utilization: 0,
        memoryBytes: 0,
        temperatureC: 27,
        powerWatt: null,
        fanPct: null,
      },
    ]);
    expect(asked).toBe(2);
  });

  it('never waits: an open question is not asked again, and a machine without a driver is asked once', async () => {
    const clock = new ManualClock(0);
    let asked = 0;
    const hanging = new DeviceSampler(clock, {
      nvidia: () => {
        asked += 1;
        return new Promise(() => undefined);
      },
      information: () => new Promise(() => undefined),
    });
    for (let i = 1; i <= 5; i++) {
      clock.advanceTo(i * 20_000);
      expect(hanging.read(['cuda:0'])).toMatchObject([{ device: 'cpu', temperatureC: null }]);
    }
    expect(asked).toBe(1);
    let tried = 0;
    const without = new DeviceSampler(clock, {
      nvidia: () => {
        tried += 1;
        return Promise.reject(new Error('ENOENT'));
      },
      information: () => Promise.reject(new Error('not there')),
    });
    await new Promise((resolve) => setImmediate(resolve));
    without.read([]);
    without.read([]);
    expect(tried).toBe(1);
  });
});
