import type { Engine } from './engine.ts';
import { apply, Graph } from './graph.ts';
import { emitModel } from './onnx/emit.ts';
// Fills the operator table.
import './ops/index.ts';

/** More than any block: 16 floats fill the widest vector register there is. */
const CHANNELS = 64;

const BLOCKS = [4, 8, 16] as const;

/**
 * How many channels the engine's blocked convolution kernels hold together (16 with AVX-512, 8 with AVX2, 4 on ARM),
 * found by letting the engine reorder two steps of numbered channels.
 * @returns undefined where the engine has no such kernels
 */
export async function channelBlockOf(engine: Engine): Promise<4 | 8 | 16 | undefined> {
  if (engine.name !== 'cpu') return undefined;
  const graph = new Graph('block');
  const x = graph.input('x', 'float32', [1, CHANNELS, 1, 2]);
  graph.output('y', apply('NchwcFromPlanes', [x]));
  try {
    const session = await engine.createSession(emitModel(graph));
    try {
      const data = Float32Array.from({ length: 2 * CHANNELS }, (_, i) => i);
      const { y } = await session.run({ x: { dtype: 'float32', shape: [1, CHANNELS, 1, 2], data } });
      // The second step of channel 0 comes after the first steps of a whole block of channels.
      const block = Array.from(y!.data, Number).indexOf(1);
      return BLOCKS.find((known) => known === block);
    } finally {
      await session.release();
    }
  } catch {
    // The provider was built without these kernels, or for a processor that has none.
    return undefined;
  }
}
