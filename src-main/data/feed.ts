import { FrontierError } from '../../src-shared/errors.ts';
import { type Bar, type BarColumns, barAt, barCount } from '../../src-shared/market/bars.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import { Pacer, type Sleep } from './feed/pacer.ts';

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
  readonly sleep: Sleep;
}

/** Stored history delivered bar by bar through the interface that live feeds have. */
export class ReplayFeed implements BarFeed {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly #options: ReplayOptions;
  #barsPerSecond: number;
  #next: number;
  readonly #pacer: Pacer;
  #started = false;

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
    this.#pacer = new Pacer(options.sleep);
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
    return this.#pacer.paused;
  }

  get barsPerSecond(): number {
    return this.#barsPerSecond;
  }

  /** Takes effect at once, also for a wait in progress. @throws FrontierError BAD_INPUT unless above 0 */
  setSpeed(barsPerSecond: number): void {
    this.#barsPerSecond = checkedSpeed(barsPerSecond);
    this.#pacer.restart();
  }

  /** Holds back the next bar until `resume`. */
  pause(): void {
    this.#pacer.pause();
  }

  resume(): void {
    this.#pacer.resume();
  }

  /** @throws FrontierError CONFLICT when called twice: a replay has one position */
  async *bars(signal: AbortSignal): AsyncGenerator<Bar> {
    if (this.#started) {
      throw new FrontierError('CONFLICT', 'This replay is already running.', 'Make another replay.');
    }
    this.#started = true;
    while (this.#next < this.#options.to) {
      await this.#pacer.step(1000 / this.#barsPerSecond, signal);
      if (signal.aborted) return;
      yield barAt(this.#options.bars, this.#next++);
    }
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
