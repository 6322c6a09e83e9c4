import type { BarColumnsDto } from '../../../src-shared/contract/data.ts';

/** A forecast as the engine gives it: known at the close of each bar, for `horizonBars` later. */
export interface Forecast {
  readonly horizonBars: number;
  readonly confidence: number;
  readonly timeMs: readonly number[];
  readonly price: ReadonlyArray<number | null>;
  readonly lower: ReadonlyArray<number | null>;
  readonly upper: ReadonlyArray<number | null>;
}

/** A forecast at the moment it speaks of. */
export interface PlacedForecast {
  readonly timeMs: number;
  readonly price: number;
  readonly lower: number;
  readonly upper: number;
  /** Open of the bar at whose close it was known. */
  readonly madeMs: number;
}

/**
 * Moves each forecast `horizonBars` ahead, to the bar it speaks of. Beyond the last bar, times go on in steps of the
 * timeframe. Forecasts that are not known, or that were made at a bar that is not loaded, are left out.
 * @param timeMs opens of the loaded bars, increasing
 * @param frameMs length of a bar in milliseconds
 */
export function placeForecast(
  timeMs: readonly number[],
  forecast: Forecast,
  frameMs: number,
): PlacedForecast[] {
  const rowOf = new Map<number, number>();
  timeMs.forEach((ms, i) => {
    rowOf.set(ms, i);
  });
  const last = timeMs.length - 1;
  const lastMs = timeMs[last];
  if (lastMs === undefined) return [];
  const placed: PlacedForecast[] = [];
  forecast.timeMs.forEach((madeMs, i) => {
    const row = rowOf.get(madeMs);
    const price = forecast.price[i];
    const lower = forecast.lower[i];
    const upper = forecast.upper[i];
    if (row === undefined || price == null || lower == null || upper == null) return;
    const to = row + forecast.horizonBars;
    const at = timeMs[to] ?? lastMs + (to - last) * frameMs;
    placed.push({ timeMs: at, price, lower, upper, madeMs });
  });
  return placed;
}

/** Joins an older window of columns before a newer one; bars in both are kept once. */
export function joinBars(older: BarColumnsDto, newer: BarColumnsDto): BarColumnsDto {
  const first = newer.timeMs[0] ?? Number.POSITIVE_INFINITY;
  const cut = older.timeMs.findIndex((ms) => ms >= first);
  const keep = cut < 0 ? older.timeMs.length : cut;
  const join = (name: keyof BarColumnsDto) => [...older[name].slice(0, keep), ...newer[name]];
  return {
    timeMs: join('timeMs'),
    open: join('open'),
    high: join('high'),
    low: join('low'),
    close: join('close'),
    volume: join('volume'),
  };
}

/** Number of bars that open at or before a moment, less one; 0 at least. */
export function rowOfTime(timeMs: readonly number[], ms: number): number {
  return barOf(timeMs, ms) ?? 0;
}

/** Row of the bar that a moment falls into; undefined before the first bar. */
export function barOf(timeMs: readonly number[], ms: number): number | undefined {
  let low = 0;
  let high = timeMs.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (timeMs[mid]! <= ms) low = mid + 1;
    else high = mid;
  }
  return low === 0 ? undefined : low - 1;
}
