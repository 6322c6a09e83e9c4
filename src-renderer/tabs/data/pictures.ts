import type { QualityDto } from '../../../src-shared/contract/data.ts';

type Pictures = NonNullable<QualityDto['pictures']>;
export type Ranges = Pictures['ranges'];
export type HourProfile = Pictures['hourProfile'];

/** Place of a range among the classes of a histogram, in classes from the left; the open last class counts as one. */
export function placeAmong(edges: readonly number[], pips: number): number {
  const last = edges.length - 1;
  if (last < 0 || pips <= edges[0]!) return 0;
  for (let i = 0; i < last; i++) {
    const [from, to] = [edges[i]!, edges[i + 1]!];
    if (pips < to) return i + (pips - from) / (to - from);
  }
  return last + 0.5;
}

/** Height of a class from 0 to 1 on a logarithmic scale: the few wide ranges are what is looked for. */
export function logHeight(count: number, most: number): number {
  return most <= 0 ? 0 : Math.log1p(count) / Math.log1p(most);
}

/** Hours as per cent of their season's mean hour, so that a shift shows whatever the level; null where unknown. */
export function inPerCent(hours: ReadonlyArray<number | null>): Array<number | null> {
  const known = hours.filter((v) => v !== null);
  const mean = known.reduce((a, b) => a + b, 0) / known.length;
  return hours.map((v) => (v === null || !(mean > 0) ? null : (v / mean) * 100));
}

/** A line through values as an SVG path, broken where one is unknown. */
export function linePath(
  values: ReadonlyArray<number | null>,
  x: (i: number) => number,
  y: (v: number) => number,
): string {
  let path = '';
  let pen = false;
  for (const [i, v] of values.entries()) {
    if (v !== null) path += `${pen ? 'L' : 'M'}${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
    pen = v !== null;
  }
  return path;
}
