import { existsSync, writeFileSync } from 'node:fs';
import { FrontierError } from '../../../src-shared/errors.ts';
import { resolveUserPath } from '../home.ts';
import type { CommonOptions } from '../options.ts';
import { num } from '../output.ts';
import type { AdoptOptions } from '../trainCommands.ts';
import { timeframeOf, withEngine } from './common.ts';

export async function verifyCommand(modelId: string, options: CommonOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => ({ modelId, ...(await client.training.verifyModel({ modelId })) }),
    ({ checks }) => [`${modelId} is what was stored:`, ...checks.map((check) => `  ${check}`)].join('\n'),
  );
}

export async function pinCommand(modelId: string, pinned: boolean, options: CommonOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => {
      await client.training.pin({ modelId, pinned });
      return { modelId, pinned };
    },
    () => `${modelId} is ${pinned ? 'pinned: its files are never pruned' : 'no longer pinned'}`,
  );
}

export async function exportCommand(
  modelId: string,
  file: string,
  options: CommonOptions & { readonly overwrite?: boolean },
): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => {
      const path = resolveUserPath(file);
      if (existsSync(path) && !options.overwrite) {
        throw new FrontierError('CONFLICT', `${path} exists already.`, 'Add --overwrite, or name another.');
      }
      const { base64 } = await client.training.exportModel({ modelId });
      const bytes = Buffer.from(base64, 'base64');
      writeFileSync(path, bytes);
      return { modelId, path, bytes: bytes.length };
    },
    ({ path, bytes }) => `${modelId} written to ${path} (${bytes} bytes): x is [batch, window, raw features]`,
  );
}

export async function importCommand(file: string, options: AdoptOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client, signal }) =>
      client.training.importModel(
        {
          path: resolveUserPath(file),
          symbol: options.symbol,
          timeframe: timeframeOf(options.timeframe),
          features: options.features.split(',').map((name) => name.trim()),
          horizonBars: options.horizon,
          scale: options.unscaled !== true,
        },
        { signal },
      ),
    (model) =>
      `${model.id}: registered as version ${model.version} of ${model.symbol} ${model.timeframe}; rank correlation on the test span ${num(model.testRankCorrelation, 3)}`,
  );
}
