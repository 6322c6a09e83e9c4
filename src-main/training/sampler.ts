import type { TrainIo } from './types.ts';

const INTERVAL_MS = 2000;

/** Asks the devices now and then how they are. The run never waits for the answer. */
export class DeviceSampler {
  readonly #io: TrainIo;
  #lastMs = Number.NEGATIVE_INFINITY;
  #asking = false;
  #failed = false;

  constructor(io: TrainIo) {
    this.#io = io;
  }

  /** Asks where 2 s have gone by since the last time, and the last answer has come. */
  sample(step: number): void {
    const { readDevices, onReading, clock } = this.#io;
    if (!readDevices || !onReading || this.#asking || this.#failed) return;
    if (clock.nowMs() - this.#lastMs < INTERVAL_MS) return;
    this.#lastMs = clock.nowMs();
    this.#asking = true;
    readDevices()
      .then((readings) => {
        for (const reading of readings) onReading({ ...reading, step });
      })
      .catch((error: Error) => {
        this.#failed = true;
        this.#io.onLog?.({
          level: 'warning',
          topic: 'hardware',
          message: `The devices cannot be read: ${error.message}`,
        });
      })
      .finally(() => {
        this.#asking = false;
      });
  }
}
