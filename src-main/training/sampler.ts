import type { TrainIo } from './types.ts';

const INTERVAL_MS = 2000;

/** Hands on what the devices say of themselves, at most every 2 s. */
export class ReadingStream {
  readonly #io: TrainIo;
  readonly #devices: readonly string[];
  #lastMs = Number.NEGATIVE_INFINITY;

  /** @param devices names of the run's devices */
  constructor(io: TrainIo, devices: readonly string[]) {
    this.#io = io;
    this.#devices = devices;
  }

  /** @param step steps done */
  sample(step: number): void {
    const { readDevices, onReading, clock } = this.#io;
    const nowMs = clock.nowMs();
    if (!readDevices || !onReading || nowMs - this.#lastMs < INTERVAL_MS) return;
    this.#lastMs = nowMs;
    for (const reading of readDevices(this.#devices)) onReading({ ...reading, step });
  }
}
