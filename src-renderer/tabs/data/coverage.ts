import type { CoverageDto } from '../../../src-shared/contract/data.ts';

type Month = CoverageDto['months'][number];

/** A month of the map; null where the history has none. */
export interface CoverageCell {
  readonly monthMs: number;
  readonly bars: number;
  readonly expected: number;
  readonly marked: number;
  /** Share of the expected bars that are present, 0 to 1; undefined where none is expected. */
  readonly share: number | undefined;
}

export interface CoverageYear {
  readonly year: number;
  /** Twelve, January first. */
  readonly months: ReadonlyArray<CoverageCell | null>;
}

/** Bars where none is expected do not make a month more than whole. */
export function shareOf({ bars, expected }: Pick<Month, 'bars' | 'expected'>): number | undefined {
  if (expected <= 0) return bars > 0 ? 1 : undefined;
  return Math.min(1, bars / expected);
}

/** Months in rows of years, every year from the first to the last. */
export function yearsOf(months: readonly Month[]): CoverageYear[] {
  if (months.length === 0) return [];
  const byMonth = new Map(months.map((m) => [m.monthMs, m]));
  const years = months.map((m) => new Date(m.monthMs).getUTCFullYear());
  const first = Math.min(...years);
  const last = Math.max(...years);
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const year = first + i;
    const cells = Array.from({ length: 12 }, (__, month) => {
      const found = byMonth.get(Date.UTC(year, month, 1));
      return found ? { ...found, share: shareOf(found) } : null;
    });
    return { year, months: cells };
  });
}

/** Limits of the steps of colour: what is worth telling apart is near the top. */
export const STEPS = [0.5, 0.9, 0.97, 0.995] as const;
export const STEP_WORDS = [
  'below 50 %',
  '50 to 90 %',
  '90 to 97 %',
  '97 to 99.5 %',
  '99.5 % and more',
] as const;

/** Step of colour of a share, 0 (least) to 4 (whole); undefined where nothing is expected. */
export function stepOf(share: number | undefined): number | undefined {
  if (share === undefined) return undefined;
  return STEPS.filter((limit) => share >= limit).length;
}
