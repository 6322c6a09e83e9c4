/** Below this a timer costs more than it waits; shorter waits are added up. */
const SHORTEST_SLEEP_MS = 5;
/** At unlimited speed the event loop still gets its turn this often. */
const STEPS_PER_TURN = 128;

/** Waits; may resolve early or reject when the signal fires. Injected, so that tests need no time. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** The pace of a replay: waits that can be cut short by another speed, and held by a pause. */
export class Pacer {
  readonly #sleep: Sleep;
  #owedMs = 0;
  #sinceTurn = 0;
  /** Ends the wait in progress when the speed changes or the replay is paused. */
  #wake = new AbortController();
  #paused: { promise: Promise<void>; open: () => void } | undefined;

  constructor(sleep: Sleep) {
    this.#sleep = sleep;
  }

  get paused(): boolean {
    return this.#paused !== undefined;
  }

  /** Holds back the next step until `resume`. */
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

  /** Forgets what is still to be waited for: the speed has changed. */
  restart(): void {
    this.#owedMs = 0;
    this.#interrupt();
  }

  #interrupt(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** Waits for one step, and while paused. */
  async step(ms: number, signal: AbortSignal): Promise<void> {
    this.#owedMs += ms;
    this.#sinceTurn++;
    while (!signal.aborted) {
      if (this.#paused) {
        await untilAborted(this.#paused.promise, signal);
        continue;
      }
      if (this.#owedMs < SHORTEST_SLEEP_MS && this.#sinceTurn < STEPS_PER_TURN) return;
      if (await this.#wait(this.#owedMs, signal)) {
        this.#owedMs = 0;
        this.#sinceTurn = 0;
        return;
      }
    }
  }

  /** @returns false when the wait was interrupted by a change of speed or a pause */
  async #wait(ms: number, signal: AbortSignal): Promise<boolean> {
    const wake = this.#wake.signal;
    try {
      await this.#sleep(ms, AbortSignal.any([signal, wake]));
    } catch (error) {
      if (!signal.aborted && !wake.aborted) throw error;
    }
    return !wake.aborted;
  }
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
