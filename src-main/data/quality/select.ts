/** Order statistics without sorting. */

/**
 * Puts the k-th smallest value of [from, to) at index k, smaller ones before and larger ones after it
 * (Hoare's FIND, 1961). @returns that value
 */
export function selectInPlace(values: Float64Array, from: number, to: number, k: number): number {
  let low = from;
  let high = to - 1;
  while (low < high) {
    const pivot = values[k]!;
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const swap = values[i]!;
      values[i] = values[j]!;
      values[j] = swap;
      i++;
      j--;
    }
    if (j < k) low = i;
    if (k < i) high = j;
  }
  return values[k]!;
}

/** Median of the first `count` values, which are reordered; the mean of the middle two when there are two. */
export function medianInPlace(values: Float64Array, count: number): number {
  const middle = count >>> 1;
  const upper = selectInPlace(values, 0, count, middle);
  if (count % 2 === 1) return upper;
  let lower = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < middle; i++) if (values[i]! > lower) lower = values[i]!;
  return (lower + upper) / 2;
}
