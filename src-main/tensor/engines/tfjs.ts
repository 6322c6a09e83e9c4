import { createRequire } from 'node:module';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { Engine } from '../engine.ts';

/** Packages that a user may have installed, the one with a GPU first. */
const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** The installed package, or undefined. */
export function tfjsPackage(resolve?: (name: string) => string): string | undefined {
  const find = resolve ?? createRequire(import.meta.url).resolve;
  return PACKAGES.find((name) => {
    try {
      find(name);
      return true;
    } catch {
      return false;
    }
  });
}

/** Why TensorFlow.js cannot work here, known without trying. */
export function tfjsObstacle(): string | undefined {
  if (tfjsPackage() !== undefined) return undefined;
  return `TensorFlow.js is not installed (neither ${PACKAGES.join(' nor ')} was found)`;
}

export function tfjsEngine(threads: number): Engine {
  return {
    name: 'tfjs',
    threads,
    device: 'tfjs:0',
    createSession: () =>
      Promise.reject(
        new FrontierError('ENGINE_FAILED', tfjsObstacle() ?? 'TensorFlow.js did not load', 'Choose cpu.'),
      ),
  };
}
