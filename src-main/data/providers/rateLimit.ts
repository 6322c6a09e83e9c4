/** Keeping a provider's limits by oneself is cheaper than being told off: some block a key for a day. */
import type { RateLimit } from './port.ts';

/**
 * Holds several limits at once. Parallel requests reserve turns in the order in which they ask. It remembers
 * the last `requests` starts of each limit instead of filling a token bucket, because a bucket lets almost
 * twice the limit through in the stretch after a rest, which providers that count exactly punish.
 */
export class RateLimiter {
  readonly #limits: readonly RateLimit[];
  /** For every limit the starts of its last turns, oldest first. */
  readonly #startsMs: number[][];
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(limits: readonly RateLimit[]) {
    this.#limits = limits;
    this.#startsMs = limits.map(() => []);
  }

  /** Milliseconds until a request could start, without taking its turn. */
  waitMs(nowMs: number): number {
    let startMs = Math.max(nowMs, this.#notBeforeMs);
    this.#limits.forEach(({ requests, perMs }, i) => {
      const starts = this.#startsMs[i]!;
      const oldest = starts[starts.length - requests];
      // One millisecond more, because a stretch that ends exactly there still holds both turns.
      if (oldest !== undefined) startMs = Math.max(startMs, oldest + perMs + 1);
    });
    return startMs - nowMs;
  }

  /** Takes a turn. @returns milliseconds to wait before the request may start */
  reserve(nowMs: number): number {
    const waitMs = this.waitMs(nowMs);
    this.#limits.forEach(({ requests }, i) => {
      const starts = this.#startsMs[i]!;
      starts.push(nowMs + waitMs);
      if (starts.length > requests) starts.shift();
    });
    return waitMs;
  }

  /** No later turn starts before this instant: the provider asked to wait. */
  pauseUntil(timeMs: number): void {
    this.#notBeforeMs = Math.max(this.#notBeforeMs, timeMs);
  }
}
