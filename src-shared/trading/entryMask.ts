/**
 * Bars after which no position may be opened, whatever the signal: around news, where the bar was repaired, where the
 * forecast interval does not clear the cost, and where the window is unusual. One object answers for backtest, study and
 * live, so that all of them leave out the same entries (ORD-20 to ORD-24).
 */
import type { BlackoutWindow } from '../contract/news.ts';
import { lowerBound } from '../market/bars.ts';
import type { MarketCalendar } from '../market/calendars.ts';
import { type Timeframe, timeframeMs } from '../market/timeframes.ts';

/** Why no entry is allowed after a bar. */
export type EntryBlock =
  | { readonly kind: 'news'; readonly untilMs: number; readonly reasons: readonly string[] }
  | { readonly kind: 'repaired' }
  /**
   * `reach`: from the close to the near end of the forecast interval, in price units, positive in the direction of the
   * trade; NaN where there is no interval. `cost`: of a round trip, price units.
   */
  | { readonly kind: 'interval'; readonly reach: number; readonly cost: number }
  /**
   * `error`: how far the anomaly model is from giving the window of the bar back, NaN where it cannot say; `threshold`:
   * what is still usual, in the same unit. `figure`: name of the figure completed in the window, undefined without one;
   * a function, because it is told with few decisions and finding it takes longer than all the rest.
   */
  | {
      readonly kind: 'anomaly';
      readonly error: number;
      readonly threshold: number;
      readonly figure: () => string | undefined;
    };

/** `EntryBlock` as a number, for loops that allocate nothing. */
export const BLOCK = { none: 0, news: 1, repaired: 2, interval: 3, anomaly: 4 } as const;
export type BlockCode = (typeof BLOCK)[keyof typeof BLOCK];

/** The code of a block. */
export function blockCode(block: EntryBlock | undefined): BlockCode {
  return block === undefined ? BLOCK.none : BLOCK[block.kind];
}

/** Says of any bar whether entries are blocked after it. */
export interface EntryMask {
  /** @param barTimeMs open of the closed bar that is decided on */
  at(barTimeMs: number): EntryBlock | undefined;
}

export interface EntryMaskOptions {
  readonly timeframe: Timeframe;
  /** Calendar of the instrument: an order that is decided on at a close fills when the market trades next. */
  readonly calendar: MarketCalendar;
  /** In order, without overlap, as `blackoutWindows` gives them. */
  readonly windows: readonly BlackoutWindow[];
  /** Opens of repaired bars, ascending. */
  readonly repairedMs: Float64Array;
  /** Whether the forecast interval of a bar forbids the entry (ORD-22); absent where none is asked for. */
  readonly interval?: BarRule | undefined;
  /** Whether the window that ends with a bar is unusual (ORD-24); absent where it is not asked. */
  readonly anomaly?: BarRule | undefined;
}

/** A rule that looks at a closed bar by its open; undefined where it allows entries. */
export type BarRule = (barTimeMs: number) => EntryBlock | undefined;

/** The forecast of one bar as prices. */
export interface ForecastPrices {
  readonly close: number;
  /** Sign of the prediction: the direction in which it may be traded. */
  readonly sign: number;
  readonly lower: number;
  readonly upper: number;
}

/**
 * ORD-22: the interval clears the cost when even its near end lies further from the close than a round trip costs.
 * @param cost `roundTripCost` at the close, price units
 * @returns undefined where it does; a bar whose interval is not known is blocked
 */
export function intervalBlock(forecast: ForecastPrices, cost: number): EntryBlock | undefined {
  const { close, sign, lower, upper } = forecast;
  const reach = sign > 0 ? lower - close : close - upper;
  return reach > cost ? undefined : { kind: 'interval', reach, cost };
}

/**
 * ORD-24: a window is unusual when its error lies above the threshold of the anomaly model, as the markers on the chart.
 * @param error of the window; NaN where the model cannot say, which forbids the entry as well
 * @param figure see `EntryBlock`
 */
export function anomalyBlock(
  error: number,
  threshold: number,
  figure: () => string | undefined,
): EntryBlock | undefined {
  return error <= threshold ? undefined : { kind: 'anomaly', error, threshold, figure };
}

const DAY_MS = 86_400_000;
const LOOK_BACK_MS = [15 * DAY_MS, 60 * DAY_MS, 400 * DAY_MS];

/** The last instant up to which the market traded before (or at) `timeMs`; `timeMs` itself while it trades. */
function tradedUntil(calendar: MarketCalendar, timeMs: number): number {
  for (const backMs of LOOK_BACK_MS) {
    const last = calendar.sessions(timeMs - backMs, timeMs).at(-1);
    if (last) return Math.min(last.closeMs, timeMs);
  }
  return timeMs;
}

/**
 * ORD-20: an entry is decided on at a close and filled at the next trading. So the window of fills [from, until)
 * is moved to the closes that lead to them: a decision on Friday evening fills on Sunday, perhaps inside of one.
 */
class Rules implements EntryMask {
  readonly #lengthMs: number;
  readonly #windows: readonly BlackoutWindow[];
  /** Closes from and until which a decision is blocked, by window. */
  readonly #fromMs: Float64Array;
  readonly #untilMs: Float64Array;
  readonly #repairedMs: Float64Array;
  readonly #interval: BarRule | undefined;
  readonly #anomaly: BarRule | undefined;

  constructor(options: EntryMaskOptions) {
    const { calendar } = options;
    this.#lengthMs = timeframeMs(options.timeframe);
    this.#windows = options.windows;
    this.#fromMs = Float64Array.from(options.windows, (w) => tradedUntil(calendar, w.fromMs));
    this.#untilMs = Float64Array.from(options.windows, (w) => tradedUntil(calendar, w.untilMs));
    this.#repairedMs = options.repairedMs;
    this.#interval = options.interval;
    this.#anomaly = options.anomaly;
  }

  at(barTimeMs: number): EntryBlock | undefined {
    const repaired = lowerBound(this.#repairedMs, barTimeMs);
    if (this.#repairedMs[repaired] === barTimeMs) return { kind: 'repaired' };
    return this.#news(barTimeMs) ?? this.#interval?.(barTimeMs) ?? this.#anomaly?.(barTimeMs);
  }

  #news(barTimeMs: number): EntryBlock | undefined {
    const closeMs = barTimeMs + this.#lengthMs;
    // The ends ascend: the first window that ends after the close is the only one that can hold it.
    const next = lowerBound(this.#untilMs, closeMs + 1);
    if (next >= this.#windows.length || !(this.#fromMs[next]! <= closeMs)) return undefined;
    const { untilMs, reasons } = this.#windows[next]!;
    return { kind: 'news', untilMs, reasons };
  }
}

/** The mask; undefined where nothing is ever blocked, so that a run without it is what it always was. */
export function entryMask(options: EntryMaskOptions): EntryMask | undefined {
  const { windows, repairedMs, interval, anomaly } = options;
  const asked =
    windows.length > 0 || repairedMs.length > 0 || interval !== undefined || anomaly !== undefined;
  return asked ? new Rules(options) : undefined;
}

/** Codes of many bars at once. @param timesMs opens of the bars */
export function blockCodes(mask: EntryMask, timesMs: Float64Array): Uint8Array {
  const codes = new Uint8Array(timesMs.length);
  for (let i = 0; i < codes.length; i++) codes[i] = blockCode(mask.at(timesMs[i]!));
  return codes;
}

/** Opens of the bars that carry any mark: those that are not as their source delivered them. */
export function repairedTimes(timesMs: Float64Array, marks: Uint8Array): Float64Array {
  return timesMs.filter((_, i) => marks[i] !== 0);
}
