const TARGET_MS = 150;
const FIRST_STEPS = 8;
const MAX_GROWTH = 4;
/** Numbers fed per run of the engine (window ends and draws): 16 MB. */
const MAX_FED = 1 << 22;

/**
 * How many steps the next run of the engine takes: as many as last about 150 ms, so that progress is smooth for slow
 * models and what happens between runs costs nothing for fast ones.
 */
export class ChunkPace {
  readonly #fixed: boolean;
  readonly #most: number;
  #steps: number;

  /**
   * @param fixed steps of every chunk, or 0 to follow the speed
   * @param fedPerStep numbers that the host feeds for a step
   */
  constructor(fixed: number, fedPerStep: number) {
    this.#fixed = fixed > 0;
    this.#most = Math.max(1, Math.floor(MAX_FED / fedPerStep));
    this.#steps = this.#fixed ? fixed : Math.min(FIRST_STEPS, this.#most);
  }

  get steps(): number {
    return this.#steps;
  }

  /**
   * Learns from a chunk. One that ended with its epoch before it was full tells the speed as well.
   * @param ms time of the engine alone, without validation and checkpoints
   */
  measured(steps: number, ms: number): void {
    if (this.#fixed) return;
    const wanted = ms > 0 ? (steps * TARGET_MS) / ms : Number.POSITIVE_INFINITY;
    const limited = Math.min(wanted, this.#steps * MAX_GROWTH, this.#most);
    this.#steps = Math.max(1, Math.floor(limited));
  }
}

const SHORTEST_MEASURE_MS = 20;

/** Steps per millisecond, smoothed, so that the time left does not jump with each epoch's validation. */
export class SpeedMeter {
  #stepsPerMs = 0;
  #unmeasured = { steps: 0, ms: 0 };

  /** 0 before the first measurement. */
  get stepsPerMs(): number {
    return this.#stepsPerMs;
  }

  /** @param ms time of the steps with all that belongs to them */
  measured(steps: number, ms: number): void {
    this.#unmeasured.steps += steps;
    this.#unmeasured.ms += ms;
    const { ms: elapsed, steps: done } = this.#unmeasured;
    // A clock of whole milliseconds cannot time a chunk that takes less than a few of them.
    if (elapsed < SHORTEST_MEASURE_MS && this.#stepsPerMs > 0) return;
    const speed = done / Math.max(elapsed, 1);
    this.#stepsPerMs = this.#stepsPerMs === 0 ? speed : 0.8 * this.#stepsPerMs + 0.2 * speed;
    this.#unmeasured = { steps: 0, ms: 0 };
  }
}
