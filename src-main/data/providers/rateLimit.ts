/** Keeping a provider's limits by itself is cheaper than being told off: some block a key for a day. */
import type { RateLimit } from './port.ts';

/**
 * Token buckets in the form of the generic cell rate algorithm (ITU-T I.371): each bucket is one number, the
 * time at which it is full again. Parallel requests reserve turns in the order in which they ask.
 */
export class RateLimiter {
  readonly #limits: readonly RateLimit[];
  readonly #fullAtMs: number[];
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(limits: readonly RateLimit[]) {
    this.#limits = limits;
    this.#fullAtMs = limits.map(() => Number.NEGATIVE_INFINITY);
  }

  /** Milliseconds until a request could start, without taking its turn. */
  waitMs(nowMs: number): number {
    let startMs = Math.max(nowMs, this.#notBeforeMs);
    this.#limits.forEach(({ requests, perMs }, i) => {
      startMs = Math.max(startMs, this.#fullAtMs[i]! - perMs + perMs / requests);
    });
    return startMs - nowMs;
  }

  /** Takes a turn. @returns milliseconds to wait before the request may start */
  reserve(nowMs: number): number {
    const waitMs = this.waitMs(nowMs);
    this.#limits.forEach(({ requests, perMs }, i) => {
      this.#fullAtMs[i] = Math.max(this.#fullAtMs[i]!, nowMs + waitMs) + perMs / requests;
    });
    return waitMs;
  }

  /** No turn starts before this instant: the provider asked everyone to wait. */
  pauseUntil(timeMs: number): void {
    this.#notBeforeMs = Math.max(this.#notBeforeMs, timeMs);
  }
}
