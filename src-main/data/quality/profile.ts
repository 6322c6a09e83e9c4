import { newYorkOffsetMs } from '../../../src-shared/market/newYork.ts';
import type { CheckContext } from './types.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const STANDARD_MS = -5 * HOUR_MS;

/** How active a market is by hour of the UTC day, apart for New York's standard and daylight time. */
export interface HourProfile {
  readonly of: 'volume' | 'range';
  /** Mean per bar by hour; null where no bar falls. Ranges are price units. */
  readonly standard: (number | null)[];
  readonly daylight: (number | null)[];
  /** Days with bars in each season. */
  readonly standardDays: number;
  readonly daylightDays: number;
}

/** Sums of one season. */
class Season {
  readonly volume = new Float64Array(24);
  readonly range = new Float64Array(24);
  readonly bars = new Float64Array(24);
  days = 0;
  #dayMs = Number.NaN;

  add(hour: number, dayMs: number, bars: number, volume: number, range: number): void {
    this.volume[hour]! += volume;
    this.range[hour]! += range;
    this.bars[hour]! += bars;
    if (dayMs !== this.#dayMs) this.days++;
    this.#dayMs = dayMs;
  }

  means(of: 'volume' | 'range'): (number | null)[] {
    return Array.from(this[of], (sum, hour) => (this.bars[hour]! > 0 ? sum / this.bars[hour]! : null));
  }
}

/** Measures activity by hour in one pass; the calendar is asked once per hour of history. */
export function hourProfile({ bars }: Pick<CheckContext, 'bars'>, ranges: Float64Array): HourProfile {
  const { timeMs, volume } = bars;
  const rows = timeMs.length;
  const standard = new Season();
  const daylight = new Season();
  let anyVolume = false;
  for (let i = 0; i < rows; ) {
    const hourMs = Math.floor(timeMs[i]! / HOUR_MS) * HOUR_MS;
    const endMs = hourMs + HOUR_MS;
    const from = i;
    let volumes = 0;
    let sum = 0;
    for (; i < rows && timeMs[i]! < endMs; i++) {
      volumes += volume[i]!;
      sum += ranges[i]!;
    }
    if (volumes > 0) anyVolume = true;
    const season = newYorkOffsetMs(hourMs) === STANDARD_MS ? standard : daylight;
    const dayMs = Math.floor(hourMs / DAY_MS) * DAY_MS;
    season.add((hourMs - dayMs) / HOUR_MS, dayMs, i - from, volumes, sum);
  }
  const of = anyVolume ? 'volume' : 'range';
  return {
    of,
    standard: standard.means(of),
    daylight: daylight.means(of),
    standardDays: standard.days,
    daylightDays: daylight.days,
  };
}
