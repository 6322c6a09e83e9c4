/**
 * What decides, fills or learns takes time, randomness and identifiers from outside, so that backtest,
 * replay and live differ by their wiring only and every run can be repeated.
 */

/** Time in epoch milliseconds UTC. */
export interface Clock {
  nowMs(): number;
}

/** A source of unique identifiers. */
export interface IdSource {
  /** @param prefix short kind tag, e.g. `ord` */
  next(prefix: string): string;
}

/** A seeded generator of uniform numbers in [0, 1). */
export interface Rng {
  next(): number;
}

/** A clock that stands where it was last set; replay and tests move it. */
export class ManualClock implements Clock {
  #nowMs: number;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Moves the clock; never backwards. */
  advanceTo(timeMs: number): void {
    if (timeMs > this.#nowMs) this.#nowMs = timeMs;
  }
}

/**
 * xoshiro128** by Blackman and Vigna (public domain algorithm), seeded through SplitMix32.
 * Period 2^128 - 1; fine for simulation, never for secrets.
 */
export class SeededRng implements Rng {
  readonly #state: Uint32Array;

  /** @param seed any integer; equal seeds give equal sequences */
  constructor(seed: number) {
    let s = seed >>> 0;
    const splitMix = (): number => {
      s = (s + 0x9e3779b9) >>> 0;
      let z = s;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) >>> 0;
    };
    this.#state = Uint32Array.from([splitMix(), splitMix(), splitMix(), splitMix()]);
  }

  next(): number {
    const st = this.#state;
    const s1 = st[1]!;
    const rotated = Math.imul(s1, 5);
    const result = Math.imul((rotated << 7) | (rotated >>> 25), 9) >>> 0;
    const t = s1 << 9;
    st[2]! ^= st[0]!;
    st[3]! ^= s1;
    st[1]! ^= st[2]!;
    st[0]! ^= st[3]!;
    st[2]! ^= t;
    const s3 = st[3]!;
    st[3] = (s3 << 11) | (s3 >>> 21);
    return result / 4294967296;
  }

  /** The four state words, for checkpoints. */
  save(): [number, number, number, number] {
    return [this.#state[0]!, this.#state[1]!, this.#state[2]!, this.#state[3]!];
  }

  /** Continues from a state that `save` returned. */
  restore(state: readonly [number, number, number, number]): void {
    this.#state.set(state);
  }
}

/** A standard normal number by Box and Muller (1958); uses two uniforms and keeps no spare. */
export function normal(rng: Rng): number {
  const u = 1 - rng.next();
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * rng.next());
}

/** An integer in [0, n). */
export function integerBelow(rng: Rng, n: number): number {
  return Math.floor(rng.next() * n);
}

/** Fisher-Yates shuffle in place. */
export function shuffle(rng: Rng, values: { [index: number]: number; length: number }): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = integerBelow(rng, i + 1);
    const held = values[i]!;
    values[i] = values[j]!;
    values[j] = held;
  }
}
