import type { Engine } from '../engine.ts';
import type { GraphCache } from './graphCache.ts';
import { createOnnxSession } from './onnxruntime.ts';

/**
 * ONNX Runtime's CPU provider. Same model, threads and feeds give the same bits.
 *
 * Memory planning is off: a planned block comes on top of what the first run left in the arena. Without it a wide MLP
 * at batch 8192 took 360 MB instead of 445, and no training step became slower (4 networks, minima of 40 rounds).
 */
export function cpuEngine(threads: number, cache?: GraphCache): Engine {
  return {
    name: 'cpu',
    threads,
    device: 'cpu',
    createSession: (model, options) =>
      createOnnxSession(
        model,
        { providers: ['cpu'], threads, label: 'the CPU engine', memoryPattern: false, cache },
        options,
      ),
  };
}
