import type { FeedEvent } from './types.ts';

/** FEED-7: more than so many events wait only when the consumer is slower than the feed. */
const MOST_WAITING = 4096;

const isDispensable = (event: FeedEvent): boolean =>
  event.type === 'tick' || (event.type === 'bar' && !event.complete);

/** Events between their source and one consumer. When it falls behind, what later events make worthless goes. */
export class EventQueue {
  #events: FeedEvent[] = [];
  #ended = false;
  #error: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  /** Ticks and forming bars that the consumer did not get. */
  skipped = 0;

  push(event: FeedEvent): void {
    if (this.#ended) return;
    if (this.#events.length >= MOST_WAITING && isDispensable(event)) this.#thin();
    this.#events.push(event);
    this.#wake?.();
  }

  #thin(): void {
    const kept = this.#events.filter((event) => !isDispensable(event));
    this.skipped += this.#events.length - kept.length;
    this.#events = kept;
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Ends after what is waiting, with an error. */
  fail(error: unknown): void {
    this.#error ??= { error };
    this.end();
  }

  /** @throws what `fail` was given */
  async *take(signal: AbortSignal): AsyncGenerator<FeedEvent, void, void> {
    const stop = (): void => this.#wake?.();
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted) {
        const batch = this.#events;
        this.#events = [];
        for (const event of batch) {
          if (signal.aborted) return;
          yield event;
        }
        if (batch.length > 0 || this.#events.length > 0) continue;
        if (this.#error) throw this.#error.error;
        if (this.#ended) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          if (signal.aborted) resolve();
        });
        this.#wake = undefined;
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}
