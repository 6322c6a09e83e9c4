/** Lets a loop through while open; waits while closed. */
export class Gate {
  #closed: { readonly promise: Promise<void>; readonly open: () => void } | undefined;

  get isOpen(): boolean {
    return this.#closed === undefined;
  }

  close(): void {
    if (this.#closed !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = { promise, open: resolve };
  }

  open(): void {
    this.#closed?.open();
    this.#closed = undefined;
  }

  /** Resolves once the gate is open or the signal has fired. */
  async pass(signal: AbortSignal): Promise<void> {
    if (this.#closed === undefined || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const onAbort = (): void => resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([this.#closed.promise, promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
    await this.pass(signal);
  }
}
