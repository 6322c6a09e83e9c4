import { SeededRng } from '../../src-shared/runtime.ts';
import type { HostTensor } from './engine.ts';
import { sizeOf } from './graph.ts';
import { stepInputPort, stepInputsOf, type TrainGraphSpec } from './train-graph.ts';

/** Steps beyond any training run, whose draws the evaluation uses. */
export const EVALUATION_DRAWS = 0x7000_0000;

/** Multipliers after Knuth and the golden ratio spread neighbouring steps over the seed space. */
const drawSeed = (seed: number, input: number, step: number): number =>
  (seed ^ Math.imul(input + 1, 0x85ebca6b) ^ Math.imul(step + 1, 0x9e3779b1)) >>> 0;

/**
 * Step inputs of some steps, by port.
 * @param first step, counted from the start of training
 * @param lead extents in front of the input's own, the steps included where there are several
 */
export function drawsOf(
  spec: TrainGraphSpec,
  first: number,
  steps: number,
  lead: readonly number[],
): Record<string, HostTensor> {
  const { seed, shard = { index: 0, count: 1 } } = spec;
  const feeds: Record<string, HostTensor> = {};
  stepInputsOf(spec).forEach((input, i) => {
    const shape = [...lead, ...input.shape];
    const each = sizeOf(shape) / steps;
    const make = (length: number): Float32Array | Int32Array =>
      input.dtype === 'int32' ? new Int32Array(length) : new Float32Array(length);
    const data = make(steps * each);
    const everyone = make(shard.count * each);
    for (let s = 0; s < steps; s++) {
      input.draw(new SeededRng(drawSeed(seed, i, first + s)), everyone);
      data.set(everyone.subarray(shard.index * each, (shard.index + 1) * each), s * each);
    }
    feeds[stepInputPort(input.name)] = { dtype: input.dtype, shape, data };
  });
  return feeds;
}
