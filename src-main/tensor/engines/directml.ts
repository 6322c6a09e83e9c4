import type { Engine } from '../engine.ts';
import { createOnnxSession } from './onnxruntime.ts';

/**
 * ONNX Runtime's DirectML provider on one Direct3D 12 adapter; operators it lacks run on the CPU provider in the
 * same session. DirectML allocates by itself: memory planning must be off and execution sequential.
 * @param index as DXGI numbers the adapters
 */
export function directmlEngine(threads: number, index: number): Engine {
  const providers = [{ name: 'dml', deviceId: index }, 'cpu'];
  const label = `the DirectML engine (device ${index})`;
  return {
    name: 'directml',
    threads,
    device: `directml:${index}`,
    createSession: (model, options) =>
      createOnnxSession(model, { providers, threads, label, memoryPattern: false }, options),
  };
}
