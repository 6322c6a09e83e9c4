/** Where and when intervals hold: coverage by regime and over time. CONF-11 and CONF-12 in docs/spec/validation.md. */
import type { z } from 'zod';
import type { coveragePartSchema } from '../../../src-shared/contract/training.ts';
import { clopperPearson } from '../../../src-shared/metrics/binomial.ts';

export type CoveragePart = z.infer<typeof coveragePartSchema>;

/** Rows that were judged, in order of time; equal lengths. */
export interface JudgedRows {
  readonly timeMs: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  readonly lower: ArrayLike<number>;
  readonly upper: ArrayLike<number>;
}

export interface PartOptions {
  /** As of `coverage`: the band is that of n / overlapBars independent rows. */
  readonly overlapBars: number;
  /** Of the band. Default 0.95. */
  readonly confidence?: number | undefined;
}

const VOLATILITY = ['calm', 'normal', 'wild'] as const;
const TREND = ['falling', 'sideways', 'rising'] as const;

/** Cuts of a column into three parts of equal size; from the training span, so that the test span cannot move them. */
export interface RegimeCuts {
  readonly volatility: readonly [number, number];
  readonly trend: readonly [number, number];
}

/** The values below which a third and two thirds of the finite ones lie (nearest rank); NaN where none is. */
export function tercileCuts(values: ArrayLike<number>): [number, number] {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return [at(1 / 3), at(2 / 3)];
}

/** 0, 1 or 2; a value on a cut belongs below it. -1 where it is not known. */
function third(value: number, [low, high]: readonly [number, number]): number {
  if (!Number.isFinite(value) || Number.isNaN(low)) return -1;
  return value <= low ? 0 : value <= high ? 1 : 2;
}

/** Coverage of the rows that a predicate picks; figures are null where there is none. */
function partOf(
  name: string,
  rows: JudgedRows,
  options: PartOptions,
  picks: (row: number) => boolean,
): CoveragePart {
  let n = 0;
  let covered = 0;
  let width = 0;
  for (let i = 0; i < rows.targets.length; i++) {
    if (!picks(i)) continue;
    n++;
    width += rows.upper[i]! - rows.lower[i]!;
    if (rows.targets[i]! >= rows.lower[i]! && rows.targets[i]! <= rows.upper[i]!) covered++;
  }
  if (n === 0) return { name, n, achieved: null, low: null, high: null, width: null };
  const overlap = Math.max(1, options.overlapBars);
  const band = clopperPearson(covered / overlap, n / overlap, options.confidence ?? 0.95);
  return { name, n, achieved: covered / n, low: band.low, high: band.high, width: width / n };
}

/**
 * Coverage by volatility, by trend, and by both.
 * @param volatility, trend of each judged row, known at the row
 */
export function coverageByRegime(
  rows: JudgedRows,
  volatility: ArrayLike<number>,
  trend: ArrayLike<number>,
  cuts: RegimeCuts,
  options: PartOptions,
): CoveragePart[] {
  const v = Int8Array.from(volatility, (value) => third(value, cuts.volatility));
  const t = Int8Array.from(trend, (value) => third(value, cuts.trend));
  const part = (name: string, picks: (row: number) => boolean) => partOf(name, rows, options, picks);
  return [
    ...VOLATILITY.map((name, k) => part(name, (i) => v[i] === k)),
    ...TREND.map((name, k) => part(name, (i) => t[i] === k)),
    ...VOLATILITY.flatMap((calm, a) =>
      TREND.map((way, b) => part(`${calm}, ${way}`, (i) => v[i] === a && t[i] === b)),
    ),
  ];
}

const BLOCKS = 20;

/** Coverage of about 20 stretches of equal numbers of rows, each of them at least two horizons long. */
export function coverageOverTime(rows: JudgedRows, options: PartOptions): CoveragePart[] {
  const n = rows.targets.length;
  const most = Math.floor(n / (2 * Math.max(1, options.overlapBars)));
  const blocks = Math.max(1, Math.min(BLOCKS, most));
  const day = (row: number): string => new Date(rows.timeMs[row]!).toISOString().slice(0, 10);
  return Array.from({ length: n === 0 ? 0 : blocks }, (_, b) => {
    const from = Math.floor((b * n) / blocks);
    const to = Math.floor(((b + 1) * n) / blocks);
    const part = partOf(day(from), rows, options, (i) => i >= from && i < to);
    return { ...part, fromMs: rows.timeMs[from]! };
  });
}
