import { sizeOf, type Value } from '../graph.ts';
import { add, mul, scalarLike } from './elementwise.ts';
import { reshape, slice } from './shape.ts';

/**
 * The same value, but not before others are computed: a zero made of one element of each is added to it, because an
 * engine is free to order what does not depend on each other. An infinite or undefined element spreads.
 */
export function after(value: Value, others: readonly Value[]): Value {
  const zero = others
    .map((other) => {
      const flat = reshape(other, [sizeOf(other.shape)]);
      return mul(sizeOf(other.shape) === 1 ? flat : slice(flat, 0, 0, 1), scalarLike(other, 0));
    })
    .reduce(add);
  return add(value, zero);
}
