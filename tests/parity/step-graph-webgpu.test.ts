import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** Debian's chromium brings a Vulkan driver that runs on the CPU, and a Vulkan loader beside it. */
const CHROMIUM = '/usr/lib/chromium';
const DRIVER = path.join(CHROMIUM, 'libvk_swiftshader.so');
const REASON = existsSync(DRIVER) ? undefined : `${DRIVER} is not installed (Debian package chromium)`;
const FIXTURE = path.join(import.meta.dirname, 'step-graph-fixture.ts');

interface Outcome {
  readonly losses: number[];
  readonly skipped: number;
  readonly norm: number;
  readonly weights: number[];
}
interface Line {
  readonly form: string;
  readonly engine: string;
  readonly gpu: Outcome | { readonly error: { readonly code: string; readonly message: string } };
  readonly cpu: Outcome;
}

it('every form of the step graph follows the CPU engine on WebGPU, or is refused', {
  timeout: 120_000,
}, async ({ skip }) => {
  skip(REASON !== undefined, REASON);
  const root = await mkdtemp(path.join(os.tmpdir(), 'frontier-step-'));
  try {
    const icd = path.join(root, 'swiftshader.json');
    const description = { file_format_version: '1.0.0', ICD: { library_path: DRIVER, api_version: '1.1.0' } };
    await writeFile(icd, JSON.stringify(description));
    const paths = [CHROMIUM, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
    const env = { ...process.env, VK_DRIVER_FILES: icd, VK_ICD_FILENAMES: icd, LD_LIBRARY_PATH: paths };
    const { stdout } = await promisify(execFile)(process.execPath, [FIXTURE], { env });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    expect(lines.map(({ form }) => form)).toEqual(['accumulated', 'augmented', 'averaged', 'mixed']);
    for (const { form, engine, gpu, cpu } of lines) {
      expect(engine).toBe('webgpu');
      if ('error' in gpu) {
        // SwiftShader has no half precision; a driver that has must follow.
        expect(form).toBe('mixed');
        expect(gpu.error).toMatchObject({
          code: 'UNAVAILABLE',
          message: expect.stringMatching(/half precision/),
        });
        continue;
      }
      const tolerance = form === 'mixed' ? 2e-2 : 1e-4;
      for (const [name, i] of [...cpu.losses.keys()].map((step) => [`${form} step ${step}`, step] as const))
        expect(Math.abs(gpu.losses[i]! / cpu.losses[i]! - 1), name).toBeLessThan(tolerance);
      expect(Math.abs(gpu.norm / cpu.norm - 1), form).toBeLessThan(10 * tolerance);
      gpu.weights.forEach((weight, i) => {
        expect(Math.abs(weight - cpu.weights[i]!), `${form} weight ${i}`).toBeLessThan(tolerance);
      });
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
