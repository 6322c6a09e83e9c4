/** Pages that came and are not stored yet: a store write per page would cost more than the download. */
import { allocateBars, type BarColumns, barCount } from '../../src-shared/market/bars.ts';
import type { FetchedPage } from '../data/providers/incremental.ts';
import type { Span } from '../data/providers/pages.ts';

const MOST_BARS = 100_000;
const LONGEST_MS = 5000;
/** Storing and checking may take a tenth of the time; large histories are written less often. */
const PAUSE_PER_WRITE = 10;

/** Bars of several stretches that follow each other, as one. */
export function joinBars(parts: readonly BarColumns[]): BarColumns {
  const all = allocateBars(parts.reduce((sum, part) => sum + barCount(part), 0));
  let at = 0;
  for (const part of parts) {
    for (const name of ['timeMs', 'open', 'high', 'low', 'close', 'volume'] as const)
      all[name].set(part[name], at);
    at += barCount(part);
  }
  return all;
}

/** Collects pages whose stretches follow each other. */
export class PageBuffer {
  #parts: BarColumns[] = [];
  #bars = 0;
  #span: Span | undefined;
  #dueMs: number;

  constructor(nowMs: number) {
    this.#dueMs = nowMs + LONGEST_MS;
  }

  /** Whether a page goes on where the last one ended; else what is here has to be stored first. */
  follows(span: Span): boolean {
    return this.#span === undefined || this.#span.toMs === span.fromMs;
  }

  add({ bars, span }: Pick<FetchedPage, 'bars' | 'span'>): void {
    this.#parts.push(bars);
    this.#bars += barCount(bars);
    this.#span = { fromMs: this.#span?.fromMs ?? span.fromMs, toMs: span.toMs };
  }

  isDue(nowMs: number): boolean {
    return this.#bars >= MOST_BARS || nowMs >= this.#dueMs;
  }

  /** What is here; no span when there is nothing. */
  peek(): { bars: BarColumns; span: Span | undefined } {
    return { bars: joinBars(this.#parts), span: this.#span };
  }

  /** Forgets what was stored. */
  clear(startedMs: number, nowMs: number): void {
    this.#parts = [];
    this.#bars = 0;
    this.#span = undefined;
    this.#dueMs = nowMs + Math.max(LONGEST_MS, PAUSE_PER_WRITE * (nowMs - startedMs));
  }
}
