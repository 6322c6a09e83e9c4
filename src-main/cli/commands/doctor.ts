import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceDto } from '../../../src-shared/contract/training.ts';
import { rendererDir } from '../../ops/paths.ts';
import type { CommonOptions } from '../options.ts';
import { table } from '../output.ts';
import { withEngine } from './common.ts';

const gib = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;

/** What a device says of itself; what it does not say is left out. */
function describe(d: DeviceDto): string {
  const memory = d.memoryBytes === null ? [] : [`${gib(d.memoryBytes)} memory`];
  const free = d.freeBytes === null ? [] : [`${gib(d.freeBytes)} free`];
  const figures: readonly (readonly [number | null, string, number])[] = [
    [d.utilization, ' % busy', 0],
    [d.temperatureC, ' °C', 0],
    [d.powerWatt, ' W', 0],
    [d.fanPct, ' % fan', 0],
  ];
  const readings = figures.flatMap(([value, unit, digits]) =>
    value === null ? [] : [`${value.toFixed(digits)}${unit}`],
  );
  const driver = d.driver === null ? [] : [`driver ${d.driver}`];
  return [d.name, ...memory, ...free, ...driver, ...readings].join(', ');
}

/** What works on this machine and what does not, each tried for real. */
export async function doctor(options: CommonOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => {
      const info = await client.system.info();
      const interfaceBuilt = existsSync(join(rendererDir(), 'index.html'));
      return {
        ...info,
        devices: await client.training.hardware({ probe: false }),
        interfaceBuilt,
        datasets: (await client.data.list()).length,
        models: (await client.training.models()).length,
      };
    },
    (i) =>
      table([
        ['Frontier', `${i.version} on Node ${i.nodeVersion}, ${i.platform}`],
        ['Machine', `${i.cpuModel}, ${i.cpuCores} cores, ${gib(i.memoryBytes)}`],
        ['Data folder', `${i.home} (${i.datasets} histories, ${i.models} models)`],
        ...i.engines.map((e) => [`Engine ${e.name}`, e.available ? e.detail : `not available: ${e.detail}`]),
        ...i.devices.filter((d) => d.available).map((d) => [`Device ${d.id}`, describe(d)]),
        ...(i.devices.some((d) => d.available && d.engine !== 'cpu')
          ? []
          : [['GPU', 'none that an engine can use: training runs on the CPU']]),
        ['Secrets', i.secretStore],
        ['Interface', i.interfaceBuilt ? 'built' : 'not built: npm run build'],
      ]),
  );
}
