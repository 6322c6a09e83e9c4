import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Engine } from '../engine.ts';
import { createOnnxSession } from './onnxruntime.ts';

const LIBRARY = 'libonnxruntime_providers_cuda.so';

/** Folder of ONNX Runtime's libraries, or undefined where the package lies elsewhere than it is published. */
function libraryFolder(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
    return path.join(path.dirname(entry), '..', 'bin', 'napi-v6', process.platform, process.arch);
  } catch {
    return undefined;
  }
}

/**
 * Why CUDA cannot work here, known without trying: trying prints the loader's complaints.
 * @param folder of ONNX Runtime's libraries
 */
export function cudaObstacle(
  platform: string = process.platform,
  arch: string = process.arch,
  folder = libraryFolder(),
): string | undefined {
  if (platform !== 'linux' || arch !== 'x64') return 'ONNX Runtime offers CUDA to Node.js on Linux x64 only';
  if (!folder || !existsSync(folder) || existsSync(path.join(folder, LIBRARY))) return undefined;
  return `ONNX Runtime's CUDA libraries are not installed (${LIBRARY} is missing)`;
}

/**
 * ONNX Runtime's CUDA provider on one NVIDIA GPU; operators it lacks run on the CPU provider in the same session.
 *
 * The Node.js binding hands the provider the device number and nothing else. TF32, which the provider uses by
 * default, is therefore switched off for the whole process through NVIDIA's own variable, before the CUDA libraries
 * load; CUDA graphs cannot be switched on, and would refuse a graph with a Loop.
 * @param index as `nvidia-smi` numbers the GPUs
 */
export function cudaEngine(threads: number, index: number, tf32: boolean): Engine {
  const label = `the CUDA engine (device ${index})`;
  return {
    name: 'cuda',
    threads,
    device: `cuda:${index}`,
    createSession(model, options) {
      // CUDA by itself numbers the fastest GPU 0; nvidia-smi, and so our readings, go by the bus.
      process.env.CUDA_DEVICE_ORDER ??= 'PCI_BUS_ID';
      if (!tf32) process.env.NVIDIA_TF32_OVERRIDE = '0';
      const providers = [{ name: 'cuda', deviceId: index }, 'cpu'];
      return createOnnxSession(model, { providers, threads, label }, options);
    },
  };
}
