import { FrontierError } from '../../src-shared/errors.ts';
import { type Bar, type BarColumns, barAt, barCount } from '../../src-shared/market/bars.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';

/** A source of closed bars: a replay or a broker; a live session cannot tell which. */
export interface BarFeed {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  /** Closed bars in order. Ends when the source does or when `signal` fires. */
  bars(signal: AbortSignal): AsyncIterable<Bar>;
}

/** What a replay needs. */
export interface ReplayOptions {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly bars: BarColumns;
  /** First bar delivered. */
  readonly from: number;
  /** One after the last bar delivered. */
  readonly to: number;
  /** Bars per second; Infinity as fast as they are taken. */
  readonly barsPerSecond: number;
  /** Waits; may resolve early or reject when the signal fires. Injected, so that tests need no time. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Below this a timer costs more than it waits; shorter waits are added up. */
const SHORTEST_SLEEP_MS = 5;
/** At unlimited speed the event loop still gets its turn this often. */
const BARS_PER_TURN = 128;

/** Stored history delivered bar by bar through the interface that live feeds have. */
export class ReplayFeed implements BarFeed {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly #options: ReplayOptions;
  #barsPerSecond: number;
  #next: number;
  #owedMs = 0;
  #sinceTurn = 0;
  #started = false;
  /** Ends the wait in progress when the speed changes or the replay is paused. */
  #wake = new AbortController();
  #paused: { promise: Promise<void>; open: () => void } | undefined;

  /** @throws FrontierError BAD_INPUT for a range outside the bars or a speed that is not above 0 */
  constructor(options: ReplayOptions) {
    const count = barCount(options.bars);
    const { from, to } = options;
    if (!(Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= count)) {
      throw new FrontierError(
        'BAD_INPUT',
        `Bars ${from} to ${to} cannot be replayed from a history of ${count} bars.`,
        'Choose a range inside the history.',
      );
    }
    this.symbol = options.symbol;
    this.timeframe = options.timeframe;
    this.#options = options;
    this.#barsPerSecond = checkedSpeed(options.barsPerSecond);
    this.#next = from;
  }

  /** Index of the next bar to be delivered. */
  get position(): number {
    return this.#next;
  }

  /** Bars still to come. */
  get remaining(): number {
    return this.#options.to - this.#next;
  }

  get paused(): boolean {
    return this.#paused !== undefined;
  }

  get barsPerSecond(): number {
    return this.#barsPerSecond;
  }

  /** Takes effect at once, also for a wait in progress. @throws FrontierError BAD_INPUT unless above 0 */
  setSpeed(barsPerSecond: number): void {
    this.#barsPerSecond = checkedSpeed(barsPerSecond);
    this.#owedMs = 0;
    this.#interrupt();
  }

  /** Holds back the next bar until `resume`. */
  pause(): void {
    if (this.#paused) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#paused = { promise, open: resolve };
    this.#interrupt();
  }

  resume(): void {
    this.#paused?.open();
    this.#paused = undefined;
  }

  #interrupt(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** @throws FrontierError CONFLICT when called twice: a replay has one position */
  async *bars(signal: AbortSignal): AsyncGenerator<Bar> {
    if (this.#started) {
      throw new FrontierError('CONFLICT', 'This replay is already running.', 'Make another replay.');
    }
    this.#started = true;
    while (this.#next < this.#options.to) {
      await this.#pace(signal);
      if (signal.aborted) return;
      yield barAt(this.#options.bars, this.#next++);
    }
  }

  /** Waits for as long as one bar lasts at the current speed, and while paused. */
  async #pace(signal: AbortSignal): Promise<void> {
    this.#owedMs += 1000 / this.#barsPerSecond;
    this.#sinceTurn++;
    while (!signal.aborted) {
      if (this.#paused) {
        await untilAborted(this.#paused.promise, signal);
        continue;
      }
      if (this.#owedMs < SHORTEST_SLEEP_MS && this.#sinceTurn < BARS_PER_TURN) return;
      if (await this.#sleep(this.#owedMs, signal)) {
        this.#owedMs = 0;
        this.#sinceTurn = 0;
        return;
      }
    }
  }

  /** @returns false when the wait was interrupted by a change of speed or a pause */
  async #sleep(ms: number, signal: AbortSignal): Promise<boolean> {
    const wake = this.#wake.signal;
    try {
      await this.#options.sleep(ms, AbortSignal.any([signal, wake]));
    } catch (error) {
      if (!signal.aborted && !wake.aborted) throw error;
    }
    return !wake.aborted;
  }
}

function checkedSpeed(barsPerSecond: number): number {
  if (barsPerSecond > 0) return barsPerSecond;
  throw new FrontierError(
    'BAD_INPUT',
    `${barsPerSecond} bars per second is no speed.`,
    'Use a number above 0, or pause the replay.',
  );
}

/** Resolves when the promise does or the signal fires, whichever is first. */
async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const onAbort = () => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) resolve();
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
