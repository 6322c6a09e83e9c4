import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrainConfig } from '../../src-main/training/trainer.ts';
import { finishRun } from './tensor-child.ts';

/** Debian's chromium brings a Vulkan driver that runs on the CPU, and a Vulkan loader beside it. */
const CHROMIUM = '/usr/lib/chromium';
const DRIVER = path.join(CHROMIUM, 'libvk_swiftshader.so');
const REASON = existsSync(DRIVER) ? undefined : `${DRIVER} is not installed (Debian package chromium)`;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'frontier-webgpu-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Environment of a process in which Vulkan finds SwiftShader and nothing else. */
async function swiftShader(): Promise<Record<string, string>> {
  const icd = path.join(root, 'swiftshader.json');
  const description = { file_format_version: '1.0.0', ICD: { library_path: DRIVER, api_version: '1.1.0' } };
  await writeFile(icd, JSON.stringify(description));
  return {
    VK_DRIVER_FILES: icd,
    VK_ICD_FILENAMES: icd,
    LD_LIBRARY_PATH: [CHROMIUM, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
  };
}

/** One family as the engine does it by itself, one with another level of graph optimisation. */
const CHANGES: Readonly<Record<'mlp' | 'tcn', Partial<TrainConfig>>> = {
  mlp: { graphOptimization: 'off' },
  tcn: {},
};

describe('training on WebGPU through SwiftShader', () => {
  it.for(['mlp', 'tcn'] as const)(
    '%s follows the CPU engine',
    { timeout: 120_000 },
    async (family, { skip }) => {
      skip(REASON !== undefined, REASON);
      const run = async (engine: 'cpu' | 'webgpu', env: Record<string, string>) => {
        const folder = path.join(root, engine);
        await mkdir(folder);
        return finishRun({ folder, family, engine, epochs: 1, change: CHANGES[family], env });
      };
      const gpu = await run('webgpu', await swiftShader());
      const cpu = await run('cpu', {});
      expect(gpu.outcome).toMatchObject({ engine: 'webgpu', device: 'webgpu:0' });
      expect(gpu.outcome.engineDegradedReason).toBeUndefined();
      const [onGpu, onCpu] = [gpu, cpu].map(({ reports }) => reports.flatMap((report) => report.losses));
      expect(onGpu).toHaveLength(onCpu!.length);
      onCpu!.forEach((loss, i) => {
        expect(Math.abs(onGpu![i]! - loss) / loss, `step ${i + 1}`).toBeLessThan(2e-3);
      });
      expect(gpu.outcome.bestValidationLoss! / cpu.outcome.bestValidationLoss!).toBeCloseTo(1, 2);
      // It learnt: the agreement is not that of two engines standing still.
      expect(onCpu!.at(-1)!).toBeLessThan(0.7 * onCpu![0]!);
    },
  );
});
