/**
 * Change notices between the parts of the engine and the streams that clients watch. A notice carries no data:
 * whoever hears it reads the newest state, so that a slow client skips states and never falls behind.
 */
export class Hub {
  readonly #listeners = new Map<string, Set<() => void>>();

  readonly #atClose: (() => void)[] = [];

  #closed = false;

  /** True once the engine is closing: streams end before the stores do. */
  get closed(): boolean {
    return this.#closed;
  }

  /** How many listen: streams of clients that are gone must not add up. */
  get listenerCount(): number {
    return [...this.#listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  /** Ends every stream. */
  close(): void {
    this.#closed = true;
    for (const topic of [...this.#listeners.keys()]) this.notify(topic);
    for (const act of this.#atClose) act();
  }

  /** Parts of the engine that must not begin anything once it closes; nobody who comes and goes. */
  onClose(act: () => void): void {
    this.#atClose.push(act);
  }

  /** Tells everyone who watches the topic. */
  notify(topic: string): void {
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) listener();
  }

  subscribe(topic: string, listener: () => void): () => void {
    const set = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, set);
    set.add(listener);
    return () => {
      set.delete(listener);
      if (set.size === 0) this.#listeners.delete(topic);
    };
  }
}

export interface WatchOptions<T> {
  readonly read: () => T | Promise<T>;
  /** Ends the stream after this value. */
  readonly isLast?: ((value: T) => boolean) | undefined;
  readonly signal: AbortSignal | undefined;
  /** Shortest time between two values. Default 100. */
  readonly minIntervalMs?: number | undefined;
  /** A value at least this often, also without a notice. */
  readonly maxIntervalMs?: number | undefined;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The present value, then the newest one after each notice of the topics, at a bounded rate. */
export async function* watch<T>(
  hub: Hub,
  topics: readonly string[],
  options: WatchOptions<T>,
): AsyncGenerator<T, void, void> {
  let dirty = true;
  let wake: (() => void) | undefined;
  const mark = (): void => {
    dirty = true;
    wake?.();
  };
  const unsubscribe = topics.map((topic) => hub.subscribe(topic, mark));
  options.signal?.addEventListener('abort', mark);
  const timer = options.maxIntervalMs === undefined ? undefined : setInterval(mark, options.maxIntervalMs);
  try {
    while (!options.signal?.aborted && !hub.closed) {
      if (!dirty) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      dirty = false;
      const value = await options.read();
      yield value;
      if (options.isLast?.(value)) return;
      await wait(options.minIntervalMs ?? 100);
    }
  } finally {
    clearInterval(timer);
    for (const stop of unsubscribe) stop();
  }
}
