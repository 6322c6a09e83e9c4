import type { Engine } from '../engine.ts';
import type { GraphCache } from './graphCache.ts';
import { createOnnxSession } from './onnxruntime.ts';

/** ONNX Runtime's CPU provider. Same model, threads and feeds give the same bits. */
export function cpuEngine(threads: number, cache?: GraphCache): Engine {
  return {
    name: 'cpu',
    threads,
    device: 'cpu',
    createSession: (model, options) =>
      createOnnxSession(model, { providers: ['cpu'], threads, label: 'the CPU engine', cache }, options),
  };
}
