/**
 * Bars after which no position may be opened, whatever the signal: around news, and where the bar was repaired.
 * One object answers for backtest, study and live, so that all of them leave out the same entries (ORD-20, ORD-21).
 */
import type { BlackoutWindow } from '../contract/news.ts';
import { lowerBound } from '../market/bars.ts';
import type { MarketCalendar } from '../market/calendars.ts';
import { type Timeframe, timeframeMs } from '../market/timeframes.ts';

/** Why no entry is allowed after a bar. */
export type EntryBlock =
  | { readonly kind: 'news'; readonly untilMs: number; readonly reasons: readonly string[] }
  | { readonly kind: 'repaired' };

/** `EntryBlock` as a number, for loops that allocate nothing. */
export const BLOCK = { none: 0, news: 1, repaired: 2 } as const;
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
class NewsAndRepairs implements EntryMask {
  readonly #lengthMs: number;
  readonly #windows: readonly BlackoutWindow[];
  /** Closes from and until which a decision is blocked, by window. */
  readonly #fromMs: Float64Array;
  readonly #untilMs: Float64Array;
  readonly #repairedMs: Float64Array;

  constructor(options: EntryMaskOptions) {
    const { calendar } = options;
    this.#lengthMs = timeframeMs(options.timeframe);
    this.#windows = options.windows;
    this.#fromMs = Float64Array.from(options.windows, (w) => tradedUntil(calendar, w.fromMs));
    this.#untilMs = Float64Array.from(options.windows, (w) => tradedUntil(calendar, w.untilMs));
    this.#repairedMs = options.repairedMs;
  }

  at(barTimeMs: number): EntryBlock | undefined {
    const repaired = lowerBound(this.#repairedMs, barTimeMs);
    if (this.#repairedMs[repaired] === barTimeMs) return { kind: 'repaired' };
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
  return options.windows.length === 0 && options.repairedMs.length === 0
    ? undefined
    : new NewsAndRepairs(options);
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
