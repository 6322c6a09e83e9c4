import type { Engine } from '../engine.ts';
import { createOnnxSession } from './onnxruntime.ts';

/**
 * ONNX Runtime's WebGPU provider (any vendor's GPU through Vulkan, Metal or Direct3D 12); operators it lacks
 * run on the CPU provider inside the same session.
 *
 * There is one device: the provider asks Dawn for the high-performance adapter, and the Node.js binding refuses
 * provider options that would choose another (`powerPreference` passed as a session option is read too late and has
 * no effect in 1.30). Graph capture needs every node on the GPU, which a graph with a Loop never has.
 */
export function webgpuEngine(threads: number): Engine {
  return {
    name: 'webgpu',
    threads,
    device: 'webgpu:0',
    createSession: (model, options) =>
      createOnnxSession(
        model,
        { providers: ['webgpu', 'cpu'], threads, label: 'the WebGPU engine' },
        options,
      ),
  };
}
