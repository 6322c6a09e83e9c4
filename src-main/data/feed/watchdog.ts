import type { MarketCalendar } from '../../../src-shared/market/calendars.ts';

export interface WatchdogOptions {
  readonly calendar: MarketCalendar;
  /** Open market for so long without a tick is stale. */
  readonly staleAfterMs: number;
  /** When the feed began. */
  readonly startedMs: number;
}

const LOOK_BACK_MS = 15 * 86_400_000;

/**
 * Notices a feed that has gone quiet while its market is open (FEED-8). It asks no clock: whoever drives it says
 * what time it is, at `nextCheckMs` at the latest.
 */
export class StalenessWatchdog {
  readonly #options: WatchdogOptions;
  #heardMs: number;
  #stale = false;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#heardMs = options.startedMs;
  }

  get stale(): boolean {
    return this.#stale;
  }

  /** A tick came. @returns `recovered` when the feed was stale */
  heard(nowMs: number): 'recovered' | undefined {
    this.#heardMs = Math.max(this.#heardMs, nowMs);
    if (!this.#stale) return undefined;
    this.#stale = false;
    return 'recovered';
  }

  /** @returns `stale` when the feed has just become so, `closed` when the market closed on a stale one */
  check(nowMs: number): 'stale' | 'closed' | undefined {
    const sinceMs = this.#quietSince(nowMs);
    if (sinceMs === undefined) {
      if (!this.#stale) return undefined;
      // Nobody expects ticks now; the next session begins with a clean slate.
      this.#stale = false;
      return 'closed';
    }
    if (this.#stale || nowMs - sinceMs < this.#options.staleAfterMs) return undefined;
    this.#stale = true;
    return 'stale';
  }

  /** When the next check may find something new. */
  nextCheckMs(nowMs: number): number {
    const { calendar, staleAfterMs } = this.#options;
    const sinceMs = this.#quietSince(nowMs);
    if (sinceMs === undefined) return calendar.nextOpen(nowMs) + staleAfterMs;
    if (!this.#stale) return sinceMs + staleAfterMs;
    const session = calendar.sessions(nowMs, nowMs + LOOK_BACK_MS)[0];
    return Math.max(nowMs + 1, session?.closeMs ?? nowMs + LOOK_BACK_MS);
  }

  /** Since when an open market has been quiet; undefined while it is closed. */
  #quietSince(nowMs: number): number | undefined {
    const sessions = this.#options.calendar.sessions(nowMs - LOOK_BACK_MS, nowMs + 1);
    const open = sessions.at(-1);
    if (!open || open.openMs > nowMs || nowMs >= open.closeMs) return undefined;
    return Math.max(this.#heardMs, open.openMs);
  }
}
