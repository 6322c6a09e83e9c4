import type { IdSource } from '../runtime.ts';

/** Identifiers `prefix-1`, `prefix-2`, … counted per prefix: equal runs get equal ids. For backtests and tests. */
export class SequentialIds implements IdSource {
  readonly #counts = new Map<string, number>();

  next(prefix: string): string {
    const n = (this.#counts.get(prefix) ?? 0) + 1;
    this.#counts.set(prefix, n);
    return `${prefix}-${n}`;
  }
}
