import { randomBytes } from 'node:crypto';
import type { Clock, IdSource } from '../../src-shared/runtime.ts';

const ALPHABET = '0123456789abcdefghijkmnpqrstuvwxyz';

/** Identifiers that sort by time: prefix, nine characters of milliseconds, seven of chance. */
export class TimeIds implements IdSource {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(prefix: string): string {
    const chance = [...randomBytes(7)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
    return `${prefix}_${this.#clock.nowMs().toString(36).padStart(9, '0')}${chance}`;
  }
}

/** The machine's clock: the one place where Frontier asks what time it is. */
export const systemClock: Clock = { nowMs: () => Date.now() };
