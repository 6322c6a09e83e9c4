import type { Engine } from '../engine.ts';
import { createOnnxSession } from './onnxruntime.ts';

/** ONNX Runtime's CPU provider. Same model, threads and feeds give the same bits. */
export function cpuEngine(threads: number): Engine {
  return {
    name: 'cpu',
    threads,
    createSession: (model) =>
      createOnnxSession(model, { providers: ['cpu'], threads, label: 'the CPU engine' }),
  };
}
