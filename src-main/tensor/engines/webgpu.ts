import type { Engine } from '../engine.ts';
import { createOnnxSession } from './onnxruntime.ts';

/**
 * ONNX Runtime's WebGPU provider (any vendor's GPU through Vulkan, Metal or Direct3D 12); operators it lacks
 * run on the CPU provider inside the same session.
 */
export function webgpuEngine(threads: number): Engine {
  return {
    name: 'webgpu',
    threads,
    createSession: (model) =>
      createOnnxSession(model, { providers: ['webgpu', 'cpu'], threads, label: 'the WebGPU engine' }),
  };
}
