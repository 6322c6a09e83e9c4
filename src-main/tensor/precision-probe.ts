import { errorBody, FrontierError } from '../../src-shared/errors.ts';
import type { Engine } from './engine.ts';
import { Graph } from './graph.ts';
import { emitModel } from './onnx/emit.ts';
import { cast, matmul } from './ops/index.ts';

/** Powers of two, whose product is exact in half precision: [[1, 2], [4, 8]] squared. */
const INPUT = [1, 2, 4, 8];
const SQUARE = [9, 18, 36, 72];

function halfProduct(): Uint8Array {
  const graph = new Graph('half');
  const x = cast(graph.input('x', 'float32', [2, 2]), 'float16');
  graph.output('y', cast(matmul(x, x), 'float32'));
  return emitModel(graph);
}

async function product(engine: Engine): Promise<readonly number[]> {
  const session = await engine.createSession(halfProduct());
  try {
    const { y } = await session.run({
      x: { dtype: 'float32', shape: [2, 2], data: Float32Array.from(INPUT) },
    });
    return Array.from(y!.data, Number);
  } finally {
    await session.release();
  }
}

/**
 * Tries an engine for real: a small product in half precision.
 * @throws FrontierError UNAVAILABLE where it fails or is wrong
 */
export async function refuseUnlessHalf(engine: Engine): Promise<void> {
  const hint = 'Train in single precision (precision=float32), or choose another engine.';
  let got: readonly number[];
  try {
    got = await product(engine);
  } catch (error) {
    const message = `the engine ${engine.name} cannot compute in half precision: ${errorBody(error).message}`;
    throw new FrontierError('UNAVAILABLE', message, hint, error);
  }
  if (got.join() === SQUARE.join()) return;
  throw new FrontierError(
    'UNAVAILABLE',
    `the engine ${engine.name} computes wrongly in half precision`,
    hint,
  );
}
