import type { Engine } from '../engine.ts';
import { createOnnxSession } from './onnxruntime.ts';

/** COREML_FLAG_ENABLE_ON_SUBGRAPH | COREML_FLAG_CREATE_MLPROGRAM: also inside the training Loop, newest format. */
const FLAGS = 0x002 | 0x010;

/**
 * ONNX Runtime's CoreML provider (GPU and Neural Engine of a Mac). It knows fewer operators than the others, and
 * what it lacks runs on the CPU provider in the same session; for training WebGPU uses the same GPU more fully.
 */
export function coremlEngine(threads: number): Engine {
  const providers = [{ name: 'coreml', coreMlFlags: FLAGS }, 'cpu'];
  return {
    name: 'coreml',
    threads,
    device: 'coreml:0',
    createSession: (model, options) =>
      createOnnxSession(model, { providers, threads, label: 'the CoreML engine' }, options),
  };
}
