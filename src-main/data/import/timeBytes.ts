import type { TableLayout } from './layout.ts';
import { MOST_BARS } from './rawRows.ts';
import { type EpochUnit, epochMs } from './times.ts';

const ZERO = 48;
/** `strptime` letters whose width is fixed, by digits. */
const WIDTHS: Readonly<Record<string, number>> = { Y: 4, m: 2, d: 2, H: 2, M: 2, S: 2, g: 3, f: 6 };

interface Field {
  readonly letter: string;
  readonly at: number;
  readonly width: number;
}

interface Literal {
  readonly at: number;
  readonly byte: number;
}

/** Splits a pattern of `strptime` with fixed widths into fields and what stands between them. */
function compile(pattern: string): { fields: Field[]; literals: Literal[]; length: number } | undefined {
  const fields: Field[] = [];
  const literals: Literal[] = [];
  let at = 0;
  for (let i = 0; i < pattern.length; i++) {
    const letter = pattern[i]!;
    if (letter !== '%' || pattern[i + 1] === '%') {
      if (letter === '%') i++;
      literals.push({ at: at++, byte: letter.charCodeAt(0) });
      continue;
    }
    i++;
    const width = WIDTHS[pattern[i]!];
    if (width === undefined) return undefined;
    fields.push({ letter: pattern[i]!, at, width });
    at += width;
  }
  return { fields, literals, length: at };
}

/** Digits as a number; -1 where one is none. */
function digits(bytes: Uint8Array, from: number, width: number): number {
  let value = 0;
  for (let i = from; i < from + width; i++) {
    const d = bytes[i]! - ZERO;
    if (!(d >= 0 && d <= 9)) return -1;
    value = value * 10 + d;
  }
  return value;
}

/** Two digits as a number; negative where one is none. */
function two(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - ZERO;
  const ones = bytes[at + 1]! - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

/**
 * Reads the times in front of the rows of a table, where each is written exactly as the first. Rows repeat their
 * date, so it is read only where its bytes differ from those of the row before.
 */
export class TimeBytes {
  readonly #length: number;
  readonly #separator: number;
  readonly #unit: EpochUnit | undefined;
  readonly #literalAt: Int32Array;
  readonly #literalByte: Uint8Array;
  readonly #year: number;
  readonly #month: number;
  readonly #day: number;
  /** Bytes up to the end of the date, and those of the last row. */
  readonly #dateLength: number;
  readonly #lastDate: Uint8Array;
  readonly #hour: number;
  readonly #minute: number;
  readonly #second: number;
  readonly #fraction: Field | undefined;
  #times = new Float64Array(1 << 16);
  #count = 0;
  #dayMs = 0;

  private constructor(
    layout: TableLayout,
    length: number,
    fields: readonly Field[],
    literals: readonly Literal[],
    unit?: EpochUnit,
  ) {
    const at = (letter: string): number => fields.find((f) => f.letter === letter)?.at ?? -1;
    this.#length = length;
    this.#separator = layout.separator.charCodeAt(0);
    this.#unit = unit;
    this.#year = at('Y');
    this.#month = at('m');
    this.#day = at('d');
    this.#dateLength = Math.max(this.#year + 4, this.#month + 2, this.#day + 2);
    this.#lastDate = new Uint8Array(this.#dateLength);
    this.#hour = at('H');
    this.#minute = at('M');
    this.#second = at('S');
    this.#fraction = fields.find((f) => f.letter === 'g' || f.letter === 'f');
    this.#literalAt = Int32Array.from(literals, (l) => l.at);
    this.#literalByte = Uint8Array.from(literals, (l) => l.byte);
  }

  /** Undefined where the time is not in front or its form has no fixed widths. */
  static of(layout: TableLayout, expected = 0): TimeBytes | undefined {
    const found = TimeBytes.#of(layout);
    if (found && expected > found.#times.length)
      found.#times = new Float64Array(Math.min(expected, MOST_BARS));
    return found;
  }

  static #of(layout: TableLayout): TimeBytes | undefined {
    const time = layout.timeFormat.sql(layout.firstTime);
    if (!time || layout.time !== 0 || (layout.clock !== undefined && layout.clock !== 1)) return undefined;
    if (time.kind === 'epoch') return new TimeBytes(layout, time.bytes, [], [], time.unit);
    const compiled = compile(time.pattern);
    if (!compiled || compiled.length !== time.bytes) return undefined;
    const { fields, literals, length } = compiled;
    if (fields.filter((f) => 'Ymd'.includes(f.letter)).length !== 3) return undefined;
    if (layout.clock === undefined) return new TimeBytes(layout, length, fields, literals);
    // Date and time of day are joined by a blank; in the file the separator stands there.
    const separator = layout.separator.charCodeAt(0);
    const gap = layout.firstTime.indexOf(' ');
    const joined = literals.map((l) => (l.at === gap ? { at: gap, byte: separator } : l));
    return new TimeBytes(layout, length, fields, joined);
  }

  /** Takes the row from `start` to `end`. @returns whether its time has the form of the first */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (start + this.#length >= end || bytes[start + this.#length] !== this.#separator) return false;
    const ms =
      this.#unit === undefined ? this.#wallClock(bytes, start) : this.#epoch(bytes, start, this.#unit);
    if (Number.isNaN(ms)) return false;
    if (this.#count === this.#times.length) {
      const longer = new Float64Array(2 * this.#count);
      longer.set(this.#times);
      this.#times = longer;
    }
    this.#times[this.#count++] = ms;
    return true;
  }

  /** Bytes of a time. */
  get length(): number {
    return this.#length;
  }

  /** Times before their zone, one per row. */
  times(): Float64Array {
    return this.#times.subarray(0, this.#count);
  }

  #epoch(bytes: Uint8Array, start: number, unit: EpochUnit): number {
    // A leading zero would be another number of digits.
    const value = bytes[start] === ZERO ? -1 : digits(bytes, start, this.#length);
    return value < 0 ? Number.NaN : epochMs(value, unit);
  }

  #wallClock(bytes: Uint8Array, start: number): number {
    for (let i = 0; i < this.#literalAt.length; i++) {
      if (bytes[start + this.#literalAt[i]!] !== this.#literalByte[i]) return Number.NaN;
    }
    const date = this.#lastDate;
    for (let i = 0; i < date.length; i++) {
      if (bytes[start + i] === date[i]) continue;
      if (!this.#enterDay(bytes, start)) return Number.NaN;
      break;
    }
    if (this.#hour < 0) return this.#dayMs;
    const hour = two(bytes, start + this.#hour);
    const minute = two(bytes, start + this.#minute);
    const second = this.#second < 0 ? 0 : two(bytes, start + this.#second);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return Number.NaN;
    const ms = this.#dayMs + ((hour * 60 + minute) * 60 + second) * 1000;
    const part = this.#fraction;
    if (!part) return ms;
    const value = digits(bytes, start + part.at, part.width);
    if (value < 0) return Number.NaN;
    return ms + (part.letter === 'g' ? value : Math.round(value / 1000));
  }

  #enterDay(bytes: Uint8Array, start: number): boolean {
    const year = digits(bytes, start + this.#year, 4);
    const month = two(bytes, start + this.#month);
    const day = two(bytes, start + this.#day);
    const ms = Date.UTC(year, month - 1, day);
    const back = new Date(ms);
    // Years below 100 are taken for others, and no history is that old.
    const exists = year >= 100 && back.getUTCMonth() === month - 1 && back.getUTCDate() === day;
    if (!exists || back.getUTCFullYear() !== year) return false;
    this.#lastDate.set(bytes.subarray(start, start + this.#dateLength));
    this.#dayMs = ms;
    return true;
  }
}
