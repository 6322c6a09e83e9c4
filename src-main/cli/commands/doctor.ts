import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { rendererDir } from '../../ops/paths.ts';
import type { CommonOptions } from '../options.ts';
import { table } from '../output.ts';
import { withEngine } from './common.ts';

/** What works on this machine and what does not, each tried for real. */
export async function doctor(options: CommonOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => {
      const info = await client.system.info();
      const interfaceBuilt = existsSync(join(rendererDir(), 'index.html'));
      return {
        ...info,
        interfaceBuilt,
        datasets: (await client.data.list()).length,
        models: (await client.training.models()).length,
      };
    },
    (i) =>
      table([
        ['Frontier', `${i.version} on Node ${i.nodeVersion}, ${i.platform}`],
        ['Machine', `${i.cpuModel}, ${i.cpuCores} cores, ${(i.memoryBytes / 1024 ** 3).toFixed(1)} GiB`],
        ['Data folder', `${i.home} (${i.datasets} histories, ${i.models} models)`],
        ...i.engines.map((e) => [`Engine ${e.name}`, e.available ? e.detail : `not available: ${e.detail}`]),
        ['Secrets', i.secretStore],
        ['Interface', i.interfaceBuilt ? 'built' : 'not built: npm run build'],
      ]),
  );
}
