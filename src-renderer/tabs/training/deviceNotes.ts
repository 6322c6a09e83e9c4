import type { DeviceDto, FamilyInfo, FamilyName } from '../../../src-shared/contract/training.ts';
import type { Draft } from './fieldTypes.ts';

/** The device a run would take: the chosen one, else the first usable one of the engine; none while it is automatic. */
export function deviceOf(
  devices: readonly DeviceDto[],
  engine: string,
  device: string,
): DeviceDto | undefined {
  if (device !== '') return devices.find((d) => d.id === device);
  if (engine === 'auto') return undefined;
  return devices.find((d) => d.engine === engine && d.available);
}

export interface SwitchNote {
  readonly text: string;
  readonly tone: 'dim' | 'warn';
}

type SwitchName =
  | 'precision'
  | 'tf32'
  | 'graphOptimization'
  | 'checkpointing'
  | 'attention'
  | 'layout'
  | 'threads'
  | 'devices'
  | 'averageEvery';

const WITH_ATTENTION: ReadonlySet<FamilyName> = new Set(['transformer', 'diffusion']);
const WITH_LAYOUTS: ReadonlySet<FamilyName> = new Set(['tcn', 'tcnAutoencoder', 'diffusion']);
/** Made of blocks that can be computed again in the backward pass. */
const WITH_BLOCKS: ReadonlySet<FamilyName> = new Set([
  'tcn',
  'transformer',
  'tcnAutoencoder',
  'anomaly',
  'diffusion',
]);

function precisionNote(draft: Draft, device: DeviceDto): SwitchNote | undefined {
  const support = device.supports.mixedPrecision;
  if (support === 'yes') return undefined;
  const tone = draft.precision === 'mixed' ? 'warn' : 'dim';
  if (support === 'slower') return { text: `Slower here: ${device.name} has no fast float16 units.`, tone };
  return { text: `No effect on this engine: ${device.name} computes in float32.`, tone };
}

function ofDevice(draft: Draft, device: DeviceDto): Partial<Record<SwitchName, SwitchNote>> {
  const precision = precisionNote(draft, device);
  return {
    ...(precision ? { precision } : {}),
    ...(device.supports.tf32
      ? {}
      : { tf32: { text: `No effect on this engine: ${device.name} has no TF32.`, tone: 'dim' } }),
    ...(device.engine === 'cpu' || device.engine === 'webgpu'
      ? {}
      : {
          threads: { text: 'Little effect here: only what is prepared on the CPU uses them.', tone: 'dim' },
        }),
    ...(device.engine === 'tfjs'
      ? { graphOptimization: { text: 'No effect on this engine: TensorFlow.js has its own.', tone: 'dim' } }
      : {}),
  };
}

function ofFamily(family: FamilyInfo): Partial<Record<SwitchName, SwitchNote>> {
  const none = (what: string): SwitchNote => ({ text: `No effect: ${what}.`, tone: 'dim' });
  if (family.fit === 'solved') {
    const note = none(`${family.title} is computed at once, on the CPU`);
    const names = [
      'precision',
      'tf32',
      'graphOptimization',
      'checkpointing',
      'attention',
      'layout',
      'devices',
      'averageEvery',
    ];
    return Object.fromEntries(names.map((name) => [name, note]));
  }
  if (family.fit === 'composed') return {};
  return {
    ...(WITH_ATTENTION.has(family.name) ? {} : { attention: none('this family has no attention') }),
    ...(WITH_LAYOUTS.has(family.name) ? {} : { layout: none('this family has one layout') }),
    ...(WITH_BLOCKS.has(family.name) ? {} : { checkpointing: none('this family has no blocks') }),
  };
}

/** What the switches do on this device with this family, where it is not what their explanation says. */
export function switchNotes(
  draft: Draft,
  family: FamilyInfo | undefined,
  device: DeviceDto | undefined,
): Partial<Record<SwitchName, SwitchNote>> {
  const single = Number(draft.devices) === 1;
  return {
    ...(single ? { averageEvery: { text: 'No effect with one device.', tone: 'dim' as const } } : {}),
    ...(device ? ofDevice(draft, device) : {}),
    ...(family ? ofFamily(family) : {}),
  };
}
