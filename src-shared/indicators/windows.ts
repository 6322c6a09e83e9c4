/**
 * The last n numbers and what is known of them. Sums are taken anew over the window at every step: the result then
 * depends on these n numbers alone, never on what was there before, so that loading older bars changes nothing.
 */
export class Window {
  readonly length: number;
  readonly #values: Float64Array;
  #next = 0;
  #count = 0;

  constructor(length: number) {
    // Twice the length and every number written twice, so that the window is contiguous.
    this.#values = new Float64Array(2 * length);
    this.length = length;
  }

  push(x: number): void {
    this.#values[this.#next] = x;
    this.#values[this.#next + this.length] = x;
    this.#next = this.#next + 1 === this.length ? 0 : this.#next + 1;
    if (this.#count < this.length) this.#count++;
  }

  /** Whether `length` numbers were seen. */
  get full(): boolean {
    return this.#count === this.length;
  }

  /** The oldest number; meaningful once full. */
  get oldest(): number {
    return this.#values[this.#next]!;
  }

  /** Sum. Four partial sums keep the processor's adders busy: a sum of 200 costs a quarter. */
  sum(): number {
    const v = this.#values;
    const end = this.#next + this.length;
    let i = this.#next;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (; i + 3 < end; i += 4) {
      a += v[i]!;
      b += v[i + 1]!;
      c += v[i + 2]!;
      d += v[i + 3]!;
    }
    for (; i < end; i++) a += v[i]!;
    return a + b + (c + d);
  }

  mean(): number {
    return this.sum() / this.length;
  }

  /** Sum of |x - centre|. */
  sumAbsFrom(centre: number): number {
    const v = this.#values;
    const end = this.#next + this.length;
    let i = this.#next;
    let a = 0;
    let b = 0;
    for (; i + 1 < end; i += 2) {
      a += Math.abs(v[i]! - centre);
      b += Math.abs(v[i + 1]! - centre);
    }
    if (i < end) a += Math.abs(v[i]! - centre);
    return a + b;
  }

  /** Population variance about a centre. */
  varianceFrom(centre: number): number {
    const v = this.#values;
    const end = this.#next + this.length;
    let i = this.#next;
    let a = 0;
    let b = 0;
    for (; i + 1 < end; i += 2) {
      const x = v[i]! - centre;
      const y = v[i + 1]! - centre;
      a += x * x;
      b += y * y;
    }
    if (i < end) a += (v[i]! - centre) ** 2;
    return (a + b) / this.length;
  }

  /** Mean with weights 1 (oldest) to n (newest). */
  weightedMean(): number {
    const v = this.#values;
    const { length } = this;
    const start = this.#next;
    let k = 0;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (; k + 3 < length; k += 4) {
      a += (k + 1) * v[start + k]!;
      b += (k + 2) * v[start + k + 1]!;
      c += (k + 3) * v[start + k + 2]!;
      d += (k + 4) * v[start + k + 3]!;
    }
    for (; k < length; k++) a += (k + 1) * v[start + k]!;
    return (2 * (a + b + (c + d))) / (length * (length + 1));
  }
}

/**
 * Largest or smallest of the last n numbers in constant time per step: a queue of candidates, each beaten by none
 * that came after it (a number that equals an older one takes its place).
 */
export class Extreme {
  readonly #length: number;
  readonly #sign: 1 | -1;
  readonly #values: Float64Array;
  readonly #places: Float64Array;
  #head = 0;
  #size = 0;
  #seen = 0;

  /** @param which 1 for the largest, -1 for the smallest */
  constructor(length: number, which: 1 | -1) {
    this.#length = length;
    this.#sign = which;
    this.#values = new Float64Array(length);
    this.#places = new Float64Array(length);
  }

  #slot(k: number): number {
    const at = this.#head + k;
    return at >= this.#length ? at - this.#length : at;
  }

  /** Takes a number. @returns the extreme; NaN until n numbers were seen */
  next(x: number): number {
    const signed = this.#sign * x;
    while (this.#size > 0 && this.#values[this.#slot(this.#size - 1)]! <= signed) this.#size--;
    if (this.#size > 0 && this.#places[this.#head]! <= this.#seen - this.#length) {
      this.#head = this.#slot(1);
      this.#size--;
    }
    const slot = this.#slot(this.#size);
    this.#values[slot] = signed;
    this.#places[slot] = this.#seen;
    this.#size++;
    this.#seen++;
    return this.value;
  }

  /** The extreme; NaN until n numbers were seen. */
  get value(): number {
    return this.#seen < this.#length ? Number.NaN : this.#sign * this.#values[this.#head]!;
  }

  /** Steps since the extreme was seen last; 0 is the newest number. */
  get age(): number {
    return this.#seen - 1 - this.#places[this.#head]!;
  }
}
