import { describe, expect, it } from 'vitest';
import { ENGINES, type EngineName } from '../../src-shared/contract/training.ts';
import type { CpuState, GpuState } from '../ops/hardware.ts';
import { devicesOf, enginesOf, type HardwareTrials } from './hardware.ts';
import type { DeviceTrial } from './jobs/hardware.ts';

const GIB = 1024 ** 3;
const cpu: CpuState = {
  model: 'AMD EPYC',
  cores: 16,
  memoryBytes: 128 * GIB,
  freeBytes: 100 * GIB,
  utilization: 3,
  temperatureC: null,
};
const works = (name: EngineName, milliseconds: number, half = true): DeviceTrial => ({
  probe: { name, available: true, milliseconds },
  half,
});
const fails = (name: EngineName, reason: string): DeviceTrial => ({
  probe: { name, available: false, reason },
  half: false,
});
const gpu = (index: number, vendor: string, name: string, change: Partial<GpuState> = {}): GpuState => ({
  index,
  vendor,
  name,
  driver: null,
  memoryBytes: null,
  freeBytes: null,
  utilization: null,
  temperatureC: null,
  powerWatt: null,
  fanPct: null,
  ...change,
});

const elsewhere = ENGINES.filter((name) => !['cpu', 'webgpu', 'cuda'].includes(name));
const linux = (webgpu: DeviceTrial, cuda: readonly DeviceTrial[], graphics: GpuState[]): HardwareTrials => ({
  devices: new Map([
    ['cpu', works('cpu', 2)],
    ['webgpu:0', webgpu],
    ...cuda.map((trial, i): [string, DeviceTrial] => [`cuda:${i}`, trial]),
    ...elsewhere.map((name): [string, DeviceTrial] => [`${name}:0`, fails(name, 'not on Linux')]),
  ]),
  graphics,
});

describe('the devices of a machine', () => {
  it('names two NVIDIA cards with what they say now; WebGPU is on the one with the most memory', () => {
    const nvidia = [
      gpu(0, 'NVIDIA', 'NVIDIA GeForce RTX 3060', { memoryBytes: 12 * GIB, freeBytes: 11 * GIB }),
      gpu(1, 'NVIDIA', 'NVIDIA H200', { memoryBytes: 140 * GIB, freeBytes: 139 * GIB, powerWatt: 76 }),
    ];
    const listed = [
      gpu(0, 'NVIDIA Corporation', 'GA106 [GeForce RTX 3060]', { memoryBytes: 12 * GIB }),
      gpu(1, 'NVIDIA Corporation', 'GH100 [H200]', { memoryBytes: 140 * GIB }),
      gpu(2, 'ASPEED', 'ASPEED Graphics Family', { memoryBytes: GIB }),
    ];
    const trials = linux(works('webgpu', 1.2), [works('cuda', 0.6), works('cuda', 0.4)], listed);
    const devices = devicesOf(trials, { cpu, nvidia });
    const byId = new Map(devices.map((device) => [device.id, device]));
    expect(byId.get('cuda:1')).toMatchObject({
      name: 'NVIDIA H200',
      available: true,
      memoryBytes: 140 * GIB,
      powerWatt: 76,
      fanPct: null,
      probeMs: 0.4,
      supports: { mixedPrecision: 'yes', graphCapture: false, tf32: true },
    });
    expect(byId.get('webgpu:0')).toMatchObject({ name: 'NVIDIA H200', freeBytes: 139 * GIB });
    expect(byId.get('webgpu:0')?.supports.tf32).toBe(false);
    expect(enginesOf(trials).find(({ name }) => name === 'cuda')).toEqual({
      name: 'cuda',
      available: true,
      detail: 'works (probe 0.6 ms)',
      devices: ['cuda:0', 'cuda:1'],
    });
  });

  it('says plainly that there is no GPU: the CPU with the memory of the machine, and a reason for the rest', () => {
    const trials = linux(fails('webgpu', 'No supported adapters'), [fails('cuda', 'libraries missing')], []);
    const devices = devicesOf(trials, { cpu, nvidia: [] });
    expect(devices.filter(({ available }) => available).map(({ id }) => id)).toEqual(['cpu']);
    expect(devices[0]).toMatchObject({
      name: 'AMD EPYC, 16 cores',
      memoryBytes: 128 * GIB,
      freeBytes: 100 * GIB,
      supports: { mixedPrecision: 'slower' },
    });
    expect(devices[1]).toMatchObject({
      id: 'webgpu:0',
      detail: 'No supported adapters',
      memoryBytes: null,
      supports: { mixedPrecision: 'no', tf32: false },
    });
    const engines = enginesOf(trials);
    expect(engines.map(({ name }) => name)).toEqual([...ENGINES]);
    for (const { available, reason } of engines) expect(reason === undefined).toBe(available);
  });

  it("knows a Mac's GPU by name, without a memory of its own", () => {
    const trials: HardwareTrials = {
      devices: new Map([
        ['cpu', works('cpu', 2)],
        ['webgpu:0', works('webgpu', 0.9)],
        ['coreml:0', works('coreml', 3, false)],
      ]),
      graphics: [gpu(0, 'Apple', 'Apple M2 Pro')],
    };
    const [, webgpu, coreml] = devicesOf(trials, { cpu, nvidia: [] });
    expect(webgpu).toMatchObject({ name: 'Apple M2 Pro', memoryBytes: null });
    expect(coreml).toMatchObject({ name: 'Apple M2 Pro', supports: { mixedPrecision: 'no' } });
  });
});
