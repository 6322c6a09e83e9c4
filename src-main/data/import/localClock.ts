import { parseZone, type TimeZone } from '../../../src-shared/market/zones.ts';

const DAY_MS = 86_400_000;

/**
 * Turns the wall-clock times of one file, row by row, into instants. Most days have one offset, which is asked for
 * once; the hours around a change of the clock are looked at one by one.
 */
export class LocalClock {
  readonly zone: TimeZone;
  /** Times that occur twice, told apart by the order of the rows. */
  ambiguous = 0;
  /** Times that the zone's clock never shows. */
  impossible = 0;
  #dayFrom = Number.NaN;
  #dayTo = Number.NaN;
  #offset = 0;

  constructor(zone: string | undefined) {
    this.zone = parseZone(zone ?? 'UTC');
  }

  /**
   * @param localMs wall-clock time as if it were UTC
   * @param lastMs instant of the row before: the first of two candidates after it is taken
   * @returns the instant; NaN for a time that does not exist in the zone
   */
  toUtc(localMs: number, lastMs: number): number {
    if (localMs >= this.#dayFrom && localMs < this.#dayTo) return localMs - this.#offset;
    if (!Number.isFinite(localMs)) return Number.NaN;
    if (this.#enterDay(localMs)) return localMs - this.#offset;
    const candidates = this.zone.utcCandidates(localMs);
    if (candidates.length === 0) {
      this.impossible++;
      return Number.NaN;
    }
    if (candidates.length === 1) return candidates[0]!;
    this.ambiguous++;
    return candidates[0]! > lastMs ? candidates[0]! : candidates[1]!;
  }

  /** Whether the day of a time, and the days around it, have one offset. */
  #enterDay(localMs: number): boolean {
    const from = Math.floor(localMs / DAY_MS) * DAY_MS;
    const before = this.zone.offsetMsAt(from - DAY_MS);
    if (before !== this.zone.offsetMsAt(from + 2 * DAY_MS)) {
      this.#dayTo = Number.NaN;
      return false;
    }
    this.#dayFrom = from;
    this.#dayTo = from + DAY_MS;
    this.#offset = before;
    return true;
  }
}
