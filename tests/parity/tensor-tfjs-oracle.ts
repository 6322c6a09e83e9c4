import { registerHooks } from 'node:module';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

// TensorFlow.js keeps its gradients in ES modules beside the bundle that Node loads, and those import each other
// without file extensions, as bundlers allow and Node does not. They enter the same global registry.
const hooks = registerHooks({
  resolve(specifier, context, nextResolve) {
    const inside = context.parentURL?.includes('/@tensorflow/tfjs-core/dist/') && specifier.startsWith('.');
    if (!inside || specifier.endsWith('.js')) return nextResolve(specifier, context);
    try {
      return nextResolve(`${specifier}.js`, context);
    } catch {
      return nextResolve(`${specifier}/index.js`, context);
    }
  },
  load(url, context, nextLoad) {
    const gradient = url.includes('/@tensorflow/tfjs-core/dist/') && !url.endsWith('.node.js');
    return nextLoad(url, gradient ? { ...context, format: 'module' } : context);
  },
});
const GRADIENTS = '@tensorflow/tfjs-core/dist/register_all_gradients.js';
await import(GRADIENTS);
hooks.deregister();
await tf.setBackend('cpu');

export { tf };
