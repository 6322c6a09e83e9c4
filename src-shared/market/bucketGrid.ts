import { FrontierError } from '../errors.ts';
import { type DayRule, userDayRule } from './calendarRegistry.ts';
import { newYorkOffsetMs, newYorkToUtcMs } from './newYork.ts';
import { type AnyTimeframe, timeframeMs } from './timeframes.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
const FIRST_MONDAY_MS = 4 * DAY_MS; // 1970-01-05
const INDIA_OFFSET_MS = 5.5 * HOUR_MS;

/** RES-1: the FX trading date D runs from 17:00 New York on the day before to 17:00 on D. */
const FX_ROLL_MS = 7 * HOUR_MS; // from 17:00 to midnight

const FX_DAYS: DayRule = {
  dateOf: (utcMs) => floorTo(utcMs + newYorkOffsetMs(utcMs) + FX_ROLL_MS, DAY_MS),
  startOf: (dateMs) => newYorkToUtcMs(dateMs - FX_ROLL_MS),
  anchorMs: 0,
  stampsDates: false,
};

/** The UTC day. */
const UTC_DAYS: DayRule = {
  dateOf: (utcMs) => floorTo(utcMs, DAY_MS),
  startOf: (dateMs) => dateMs,
  anchorMs: 0,
  stampsDates: false,
};

const NYSE_DAYS: DayRule = {
  dateOf: (utcMs) => floorTo(utcMs + newYorkOffsetMs(utcMs), DAY_MS),
  startOf: newYorkToUtcMs,
  anchorMs: 9.5 * HOUR_MS,
  stampsDates: true,
};

const NSE_DAYS: DayRule = {
  dateOf: (utcMs) => floorTo(utcMs + INDIA_OFFSET_MS, DAY_MS),
  startOf: (dateMs) => dateMs - INDIA_OFFSET_MS,
  anchorMs: 9.25 * HOUR_MS,
  stampsDates: true,
};

const DAY_RULES: Readonly<Record<string, DayRule>> = {
  fx: FX_DAYS,
  always: UTC_DAYS,
  nyse: NYSE_DAYS,
  nse: NSE_DAYS,
};

/** How the days of a market run. @throws FrontierError NOT_FOUND for a calendar that nobody defined */
export function dayRuleOf(market: string): DayRule {
  return (Object.hasOwn(DAY_RULES, market) ? DAY_RULES[market] : undefined) ?? userDayRule(market);
}

function floorTo(value: number, step: number): number {
  return Math.floor(value / step) * step;
}

/** First trading dates of the calendar unit (day, week, month) that holds a date, and of the next one. */
function unitOf(dateMs: number, timeframe: AnyTimeframe): [fromDateMs: number, toDateMs: number] {
  if (timeframe === 'W1') {
    const monday = floorTo(dateMs - FIRST_MONDAY_MS, WEEK_MS) + FIRST_MONDAY_MS;
    return [monday, monday + WEEK_MS];
  }
  if (timeframe === 'MN1') {
    const date = new Date(dateMs);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    return [Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)];
  }
  return [dateMs, dateMs + DAY_MS];
}

/**
 * A cursor over the buckets of a timeframe on a market's calendar (`docs/spec/resampling.md`, RES-1 to RES-3).
 * `seek` moves it; the fields then describe one bucket. It holds the bounds of the current trading day, so a
 * bucket costs a few additions and the zone rules are asked once a day.
 */
export class BucketGrid {
  /** First instant of the bucket, epoch milliseconds UTC. */
  fromMs = Number.NaN;
  /** First instant after the bucket. */
  endMs = Number.NaN;
  /** Time that the bucket's bar carries: `fromMs`, or the trading date (CAL-7). */
  stampMs = Number.NaN;

  readonly #timeframe: AnyTimeframe;
  readonly #rule: DayRule;
  readonly #stepMs: number;
  #dayFromMs = Number.NaN;
  #dayEndMs = Number.NaN;
  #anchorMs = Number.NaN;

  /**
   * @param timeframe length of the buckets
   * @param market name of the calendar that the days follow, or the rule of its days
   * @param source timeframe of the bars that are put into buckets: those of an exchange that last a day or
   *   longer are stamped with dates (CAL-7), so they are sorted by date
   * @throws FrontierError NOT_FOUND for a calendar that is not known
   */
  constructor(timeframe: AnyTimeframe, market: string | DayRule, source: AnyTimeframe) {
    const rule = typeof market === 'string' ? dayRuleOf(market) : market;
    this.#timeframe = timeframe;
    this.#rule = rule.stampsDates && timeframeMs(source) >= DAY_MS ? UTC_DAYS : rule;
    this.#stepMs = timeframeMs(timeframe);
  }

  /**
   * Moves to the bucket that holds an instant.
   * @throws FrontierError BAD_INPUT when the time is not a finite number
   */
  seek(timeMs: number): void {
    if (!Number.isFinite(timeMs)) {
      throw new FrontierError(
        'BAD_INPUT',
        `${timeMs} is not a bar time.`,
        'Check the history and repair it.',
      );
    }
    if (this.#stepMs >= DAY_MS) this.#seekUnit(timeMs);
    else this.#seekIntraday(timeMs);
  }

  #seekIntraday(timeMs: number): void {
    // Written so that the NaN of a new cursor counts as outside.
    if (!(timeMs >= this.#dayFromMs && timeMs < this.#dayEndMs)) {
      const dateMs = this.#rule.dateOf(timeMs);
      this.#dayFromMs = this.#rule.startOf(dateMs);
      this.#dayEndMs = this.#rule.startOf(dateMs + DAY_MS);
      this.#anchorMs = this.#rule.startOf(dateMs + this.#rule.anchorMs);
    }
    const fromMs = this.#anchorMs + floorTo(timeMs - this.#anchorMs, this.#stepMs);
    this.fromMs = Math.max(fromMs, this.#dayFromMs);
    this.endMs = Math.min(fromMs + this.#stepMs, this.#dayEndMs);
    this.stampMs = this.fromMs;
  }

  #seekUnit(timeMs: number): void {
    const [fromDateMs, toDateMs] = unitOf(this.#rule.dateOf(timeMs), this.#timeframe);
    this.fromMs = this.#rule.startOf(fromDateMs);
    this.endMs = this.#rule.startOf(toDateMs);
    this.stampMs = this.#rule.stampsDates ? fromDateMs : this.fromMs;
  }
}
