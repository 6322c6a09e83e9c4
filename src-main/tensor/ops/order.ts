import type { Value } from '../graph.ts';
import { add, mul, scalarLike } from './elementwise.ts';
import { reshape, slice } from './shape.ts';

/**
 * A zero made of one element of each value: what it is added to cannot be computed before them. An engine is free to
 * order what does not depend on each other. An infinite or undefined element spreads.
 * @returns [1] or a scalar
 */
export function zeroAfter(values: readonly Value[]): Value {
  const zeros = values.map((value) => {
    // By -1, because the batch is not known in an inference graph.
    const first = value.shape.length === 0 ? value : slice(reshape(value, [-1]), 0, 0, 1);
    return mul(first, scalarLike(value, 0));
  });
  return zeros.reduce(add);
}

/** The same value, but not before others are computed; see `zeroAfter`. */
export const after = (value: Value, others: readonly Value[]): Value => add(value, zeroAfter(others));
