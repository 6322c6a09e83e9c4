import { expect } from 'vitest';
import { SeededRng } from '../../../src-shared/runtime.ts';
import { gradients } from '../autodiff.ts';
import type { Engine, HostTensor } from '../engine.ts';
import { Graph, type Shape, sizeOf, type Value } from '../graph.ts';
import { emitModel } from '../onnx/emit.ts';
import { mul, reduceSum } from './index.ts';

const tensor = (shape: Shape, seed: number): HostTensor => {
  const rng = new SeededRng(seed);
  return {
    dtype: 'float32',
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, () => rng.next() - 0.5),
  };
};

/** Largest difference of two results as a share of the largest entry. */
function distance(a: HostTensor, b: HostTensor): number {
  expect(a.shape).toEqual(b.shape);
  const [x, y] = [a.data as Float32Array, b.data as Float32Array];
  const size = y.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-3);
  return x.reduce((most, v, i) => Math.max(most, Math.abs(v - y[i]!)), 0) / size;
}

/**
 * Runs two ways to compute the same of the same inputs and compares results and gradients by all inputs.
 * The loss weights each element of the result by a random number, so every one counts.
 */
export async function expectSame(
  engine: Engine,
  shapes: readonly Shape[],
  one: (inputs: readonly Value[]) => Value,
  other: (inputs: readonly Value[]) => Value,
): Promise<void> {
  const graph = new Graph('g');
  const inputs = shapes.map((shape, i) => graph.input(`in${i}`, 'float32', shape));
  const results = [one(inputs), other(inputs)] as const;
  const weights = graph.input('weights', 'float32', results[0].shape);
  results.forEach((y, i) => {
    graph.output(`y${i}`, y);
    gradients(reduceSum(mul(y, weights)), inputs).forEach((d, j) => {
      graph.output(`d${i}_${j}`, d);
    });
  });
  const session = await engine.createSession(emitModel(graph));
  const feeds = Object.fromEntries(shapes.map((shape, i) => [`in${i}`, tensor(shape, i + 1)]));
  const got = await session.run({ ...feeds, weights: tensor(results[0].shape, 99) });
  await session.release();
  expect(distance(got.y0!, got.y1!)).toBeLessThan(1e-5);
  inputs.forEach((_, j) => {
    expect(distance(got[`d0_${j}`]!, got[`d1_${j}`]!), `gradient of input ${j}`).toBeLessThan(1e-5);
  });
}
