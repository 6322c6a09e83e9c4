/** The last rows of features, as the model sees them. */
export class FeatureWindow {
  readonly #bars: number;
  readonly #rows: Float32Array[] = [];

  /** @param bars rows of the window */
  constructor(bars: number) {
    this.#bars = bars;
  }

  /** Adds the newest row and drops the oldest. */
  push(row: Float32Array): void {
    this.#rows.push(row);
    if (this.#rows.length > this.#bars) this.#rows.shift();
  }

  /**
   * The window [bars, features], oldest row first.
   * @returns undefined while it is not full or holds a value that is not known yet
   */
  view(): Float32Array | undefined {
    const [first] = this.#rows;
    if (first === undefined || this.#rows.length < this.#bars) return undefined;
    const window = new Float32Array(this.#bars * first.length);
    this.#rows.forEach((row, i) => {
      window.set(row, i * first.length);
    });
    return window.some(Number.isNaN) ? undefined : window;
  }
}
