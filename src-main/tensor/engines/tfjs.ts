import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { Engine } from '../engine.ts';
import { graphOf } from '../onnx/emit.ts';
import type { TfModule, TfTensor } from '../tfjs.ts';
import { tensorFlowSession } from '../tfjs-session.ts';
import { firstLine } from './onnxruntime.ts';

/** Packages that a user may have installed, the one with a GPU first. They are never dependencies of ours. */
const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

type Resolve = (name: string) => string;

/** The file of the installed package, or undefined. */
export function tfjsEntry(
  resolve: Resolve = createRequire(import.meta.url).resolve,
): { readonly name: string; readonly file: string } | undefined {
  for (const name of PACKAGES) {
    try {
      return { name, file: resolve(name) };
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

/** Why TensorFlow.js cannot work here, known without trying. */
export function tfjsObstacle(resolve?: Resolve): string | undefined {
  if (tfjsEntry(resolve) !== undefined) return undefined;
  return `TensorFlow.js is not installed (neither ${PACKAGES.join(' nor ')} was found)`;
}

type InstalledModule = TfModule<TfTensor> & { ready(): Promise<void> };

async function loadInstalled(): Promise<TfModule<TfTensor>> {
  const entry = tfjsEntry();
  if (!entry) throw new FrontierError('UNAVAILABLE', tfjsObstacle()!, `Install ${PACKAGES[0]}.`);
  const loaded = (await import(pathToFileURL(entry.file).href)) as { readonly default: InstalledModule };
  // Its backend starts beside the import.
  await loaded.default.ready();
  return loaded.default;
}

/**
 * TensorFlow.js where a user has installed it with libtensorflow. It interprets the same graphs operator by operator,
 * the training Loop included: tensors stay on the device for a chunk of steps, but each operator is a call, so small
 * networks train slower than on ONNX Runtime. It reads no `.onnx` files: it runs what was built in this process.
 * @param load gives the module; the tests bring the pure-JavaScript backend
 */
export function tfjsEngine(threads: number, load: () => Promise<TfModule<TfTensor>> = loadInstalled): Engine {
  return {
    name: 'tfjs',
    threads,
    device: 'tfjs:0',
    async createSession(model) {
      const graph = graphOf(model);
      if (!graph) {
        throw new FrontierError(
          'ENGINE_FAILED',
          'the TensorFlow.js engine runs graphs that Frontier builds, not model files',
          'Use the CPU engine for stored models.',
        );
      }
      let tf: TfModule<TfTensor>;
      try {
        tf = await load();
      } catch (error) {
        const message = `TensorFlow.js did not load: ${firstLine(error)}`;
        throw new FrontierError('ENGINE_FAILED', message, 'Install it again, or use another engine.', error);
      }
      return tensorFlowSession(tf, graph);
    },
  };
}
