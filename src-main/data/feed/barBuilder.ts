/** Bars from ticks: closed by the next tick or by the clock, aligned to the calendar (FEED-1 to FEED-6). */
import type { Bar, PriceSide } from '../../../src-shared/market/bars.ts';
import { BucketGrid } from '../../../src-shared/market/bucketGrid.ts';
import type { MarketCalendar } from '../../../src-shared/market/calendars.ts';
import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';
import type { BuiltBar, Tick, TickCounts } from './types.ts';

export interface BarBuilderOptions {
  readonly timeframe: AnyTimeframe;
  readonly calendar: MarketCalendar;
  /** Which prices the bars are made of. */
  readonly priceSide: PriceSide;
  /** The clock waits so long after a bar's end for ticks that are under way. Default 0. */
  readonly graceMs?: number | undefined;
  /** From when on every tick is seen; a bar that traded before is not whole. Default: from ever. */
  readonly watchedFromMs?: number | undefined;
  /** Ticks further ahead of the clock are wrong. Default 60,000. */
  readonly maxAheadMs?: number | undefined;
}

/** The bar that is being formed; open and close belong to the earliest and the latest tick. */
interface Forming {
  readonly stampMs: number;
  readonly endMs: number;
  whole: boolean;
  openMs: number;
  closeMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

const REMEMBERED_TICKS = 64;
const MAX_AHEAD_MS = 60_000;

const usable = (price: number | undefined): boolean =>
  price === undefined || (price > 0 && price < Number.POSITIVE_INFINITY);

/** The last quotes, to know those that come again, for instance after a reconnection. */
class Recent {
  readonly #keys: string[] = [];
  readonly #known = new Set<string>();

  /** @returns false when the tick is one of the last ones */
  add({ timeMs, bid, ask }: Tick): boolean {
    const key = `${timeMs} ${bid} ${ask}`;
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    this.#keys.push(key);
    if (this.#keys.length > REMEMBERED_TICKS) this.#known.delete(this.#keys.shift()!);
    return true;
  }
}

/** FEED-3: the price of one side of the quote, where a tick may carry one side only. */
class SidePrice {
  readonly #side: PriceSide;
  #bid: number | undefined;
  #ask: number | undefined;
  #bidMs = Number.NEGATIVE_INFINITY;
  #askMs = Number.NEGATIVE_INFINITY;

  constructor(side: PriceSide) {
    this.#side = side;
  }

  /** @returns undefined where the tick says nothing about the side, or the other half of the mid is not known yet */
  of({ timeMs, bid, ask }: Tick): number | undefined {
    if (bid !== undefined && timeMs >= this.#bidMs) {
      this.#bid = bid;
      this.#bidMs = timeMs;
    }
    if (ask !== undefined && timeMs >= this.#askMs) {
      this.#ask = ask;
      this.#askMs = timeMs;
    }
    if (this.#side === 'bid') return bid;
    if (this.#side === 'ask') return ask;
    const [low, high] = [bid ?? this.#bid, ask ?? this.#ask];
    return low === undefined || high === undefined ? undefined : (low + high) / 2;
  }
}

/** Bars of one instrument and timeframe from its ticks. It asks no clock: whoever drives it says what time it is. */
export class BarBuilder {
  readonly #options: BarBuilderOptions;
  readonly #grid: BucketGrid;
  readonly #price: SidePrice;
  readonly #recent = new Recent();
  readonly #graceMs: number;
  readonly #maxAheadMs: number;
  #watchedFromMs: number;
  #forming: Forming | undefined;
  /** Ticks before this are late: their bar is closed, or was passed over. */
  #closedUntilMs = Number.NEGATIVE_INFINITY;
  #refusedLast = false;
  readonly #counts = {
    ticks: 0,
    reordered: 0,
    late: 0,
    latestByMs: 0,
    duplicates: 0,
    invalid: 0,
    ahead: 0,
  };

  /** @throws FrontierError NOT_FOUND for a calendar that is not known */
  constructor(options: BarBuilderOptions) {
    this.#options = options;
    this.#grid = new BucketGrid(options.timeframe, options.calendar.name, 'M1');
    this.#price = new SidePrice(options.priceSide);
    this.#graceMs = options.graceMs ?? 0;
    this.#maxAheadMs = options.maxAheadMs ?? MAX_AHEAD_MS;
    this.#watchedFromMs = options.watchedFromMs ?? Number.NEGATIVE_INFINITY;
  }

  get counts(): TickCounts {
    return { ...this.#counts };
  }

  /** Whether the last tick was wrong or came again, so that nobody should use it. Late ones are not. */
  get refusedLast(): boolean {
    return this.#refusedLast;
  }

  /** When the clock closes the bar that is being formed; undefined while there is none. */
  get closesAtMs(): number | undefined {
    return this.#forming && this.#forming.endMs + this.#graceMs;
  }

  /** The bar that is being formed, as it stands. */
  forming(): BuiltBar | undefined {
    return this.#forming && built(this.#forming, false);
  }

  /**
   * Takes a tick.
   * @param nowMs what time it is; without it nothing can be ahead of time
   * @returns the bar that it closed, if it did
   */
  push(tick: Tick, nowMs: number = tick.timeMs): BuiltBar | undefined {
    this.#counts.ticks++;
    this.#refusedLast = !this.#isUsable(tick, nowMs);
    if (this.#refusedLast) return undefined;
    const { timeMs } = tick;
    if (timeMs < this.#closedUntilMs) {
      this.#counts.late++;
      this.#counts.latestByMs = Math.max(this.#counts.latestByMs, this.#closedUntilMs - timeMs);
      return undefined;
    }
    const closed = this.#forming && timeMs >= this.#forming.endMs ? this.#close() : undefined;
    const price = this.#price.of(tick);
    if (price === undefined) return closed;
    if (this.#forming) this.#merge(this.#forming, timeMs, price);
    else this.#begin(timeMs, price);
    return closed;
  }

  /**
   * Says what time it is, so that a bar without a further tick closes.
   * @returns the bar whose time (and grace) is over, if it is
   */
  advanceTo(nowMs: number): BuiltBar | undefined {
    const closesAtMs = this.closesAtMs;
    return closesAtMs !== undefined && nowMs >= closesAtMs ? this.#close() : undefined;
  }

  /** FEED-5: ticks may have been missed up to an instant: bars that traded before it are not whole. */
  interruptedUntil(timeMs: number): void {
    this.#watchedFromMs = Math.max(this.#watchedFromMs, timeMs);
    if (this.#forming) this.#forming.whole = false;
  }

  #isUsable(tick: Tick, nowMs: number): boolean {
    const { timeMs, bid, ask } = tick;
    const quoted = bid !== undefined || ask !== undefined;
    if (!Number.isFinite(timeMs) || !quoted || !usable(bid) || !usable(ask)) {
      this.#counts.invalid++;
      return false;
    }
    if (timeMs > nowMs + this.#maxAheadMs) {
      this.#counts.ahead++;
      return false;
    }
    if (this.#recent.add(tick)) return true;
    this.#counts.duplicates++;
    return false;
  }

  #begin(timeMs: number, price: number): void {
    this.#grid.seek(timeMs);
    const { fromMs, endMs, stampMs } = this.#grid;
    this.#forming = {
      stampMs,
      endMs,
      whole: this.#sawAllFrom(fromMs),
      openMs: timeMs,
      closeMs: timeMs,
      open: price,
      high: price,
      low: price,
      close: price,
      volume: 1,
    };
    this.#closedUntilMs = fromMs;
  }

  #sawAllFrom(fromMs: number): boolean {
    if (this.#watchedFromMs <= fromMs) return true;
    return this.#options.calendar.openMsBetween(fromMs, this.#watchedFromMs) === 0;
  }

  /** FEED-2: the bar is that of its ticks in the order of their times; of equal times the later arrival is later. */
  #merge(forming: Forming, timeMs: number, price: number): void {
    if (timeMs < forming.openMs) {
      forming.open = price;
      forming.openMs = timeMs;
    }
    if (timeMs >= forming.closeMs) {
      forming.close = price;
      forming.closeMs = timeMs;
    } else this.#counts.reordered++;
    if (price > forming.high) forming.high = price;
    if (price < forming.low) forming.low = price;
    forming.volume++;
  }

  #close(): BuiltBar {
    const closed = this.#forming!;
    this.#forming = undefined;
    this.#closedUntilMs = closed.endMs;
    return built(closed, true);
  }
}

function built(forming: Forming, complete: boolean): BuiltBar {
  const { stampMs: timeMs, open, high, low, close, volume, whole } = forming;
  const bar: Bar = { timeMs, open, high, low, close, volume };
  return { bar, complete, whole };
}
