import type { Value } from '../../tensor/graph.ts';
import { concat, gather, max, min, reshape, slice } from '../../tensor/ops/index.ts';

/**
 * Sorts along axis 1 with a bitonic network (Batcher 1968): only minima, maxima and copies, which every engine has,
 * and whose order of work does not depend on the values.
 * @param x [rows, count, width], count a power of 2
 */
export function sortPaths(x: Value): Value {
  const [count, width] = [x.shape[1]!, x.shape[2]!];
  let sorted = x;
  for (let size = 2; size <= count; size *= 2) {
    // The second half read backwards makes each block of `size` rise and then fall.
    sorted = exchange(sorted, size, width, true);
    for (let reach = size / 2; reach > 1; reach /= 2) sorted = exchange(sorted, reach, width, false);
  }
  return reshape(sorted, [-1, count, width]);
}

/** Within each block of `size`, the smaller of each pair goes to the first half. */
function exchange(x: Value, size: number, width: number, mirrored: boolean): Value {
  const half = size / 2;
  const blocks = reshape(x, [-1, 2, half, width]);
  const first = slice(blocks, 1, 0, 1);
  const second = slice(blocks, 1, 1, 2);
  const backwards = Array.from({ length: half }, (_, i) => half - 1 - i);
  const other =
    mirrored && half > 1 ? gather(second, x.graph.constant('int32', [half], backwards), 2) : second;
  return concat([min(first, other), max(first, other)], 1);
}

/**
 * Weights that take quantiles of `count` sorted values, [count, levels]: linear between the order statistics around
 * (count - 1) level, definition 7 of Hyndman and Fan (1996).
 */
export function quantileWeights(count: number, levels: readonly number[]): Float32Array {
  const weights = new Float32Array(count * levels.length);
  levels.forEach((level, column) => {
    const place = (count - 1) * level;
    const below = Math.min(count - 1, Math.floor(place));
    const share = place - below;
    weights[below * levels.length + column]! += 1 - share;
    if (share > 0) weights[(below + 1) * levels.length + column]! += share;
  });
  return weights;
}
