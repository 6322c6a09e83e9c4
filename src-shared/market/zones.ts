import { FrontierError } from '../errors.ts';

/** A time zone: either a fixed offset or one of the IANA database with its daylight-saving changes. */
export interface TimeZone {
  /** `UTC`, `+03:00` or the IANA name. */
  readonly name: string;
  /** Offset from UTC at an instant, milliseconds, east positive. */
  offsetMsAt(utcMs: number): number;
  /**
   * The instants at which the zone's clock shows a wall-clock time (given as if it were UTC), ascending:
   * one normally, none in the hour that is skipped in spring, two in the hour that repeats in autumn.
   */
  utcCandidates(localMs: number): readonly number[];
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;
const FIXED = /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?$/i;

/** Writes an offset in minutes as `+HH:MM`; zero is `UTC`. */
export function offsetName(minutes: number): string {
  if (minutes === 0) return 'UTC';
  const size = Math.abs(minutes);
  const hours = String(Math.floor(size / 60)).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${hours}:${String(size % 60).padStart(2, '0')}`;
}

/** A zone that never changes its clock. @param minutes offset east of UTC */
export function fixedZone(minutes: number): TimeZone {
  const offsetMs = minutes * MINUTE_MS;
  return {
    name: offsetName(minutes),
    offsetMsAt: () => offsetMs,
    utcCandidates: (localMs) => [localMs - offsetMs],
  };
}

/** Offsets of one IANA zone; `Intl` is slow, so it is asked about twice per day that occurs and remembered. */
class IanaZone implements TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #atMidnight = new Map<number, number>();
  readonly #transitions = new Map<number, number>();

  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
    this.name = this.#format.resolvedOptions().timeZone;
  }

  #ask(utcMs: number): number {
    const part = this.#format.formatToParts(utcMs).find((p) => p.type === 'timeZoneName');
    const match = /([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(part?.value ?? '');
    if (!match) return 0; // plain "GMT"
    const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
    return (match[1] === '-' ? -seconds : seconds) * 1000;
  }

  #midnight(dayMs: number): number {
    let offset = this.#atMidnight.get(dayMs);
    if (offset === undefined) {
      offset = this.#ask(dayMs);
      this.#atMidnight.set(dayMs, offset);
    }
    return offset;
  }

  /** First whole minute of a day on which the new offset is in force. */
  #transition(dayMs: number, before: number): number {
    const known = this.#transitions.get(dayMs);
    if (known !== undefined) return known;
    let low = 0;
    let high = DAY_MS / MINUTE_MS;
    while (high - low > 1) {
      const mid = (low + high) >>> 1;
      if (this.#ask(dayMs + mid * MINUTE_MS) === before) low = mid;
      else high = mid;
    }
    this.#transitions.set(dayMs, dayMs + high * MINUTE_MS);
    return dayMs + high * MINUTE_MS;
  }

  offsetMsAt(utcMs: number): number {
    const dayMs = Math.floor(utcMs / DAY_MS) * DAY_MS;
    const before = this.#midnight(dayMs);
    const after = this.#midnight(dayMs + DAY_MS);
    if (before === after) return before;
    return utcMs < this.#transition(dayMs, before) ? before : after;
  }

  utcCandidates(localMs: number): readonly number[] {
    const earlier = this.offsetMsAt(localMs - DAY_MS);
    const later = this.offsetMsAt(localMs + DAY_MS);
    if (earlier === later) return [localMs - earlier];
    const found = [localMs - earlier, localMs - later].filter(
      (utcMs, i) => this.offsetMsAt(utcMs) === (i === 0 ? earlier : later),
    );
    return found.sort((a, b) => a - b);
  }
}

/**
 * Reads a zone: `UTC`, `Z`, a fixed offset (`+03:00`, `-5`, `UTC+2`) or an IANA name (`Europe/Athens`).
 * Note that the IANA names `Etc/GMT+5` count west: it is five hours behind UTC.
 * @throws FrontierError BAD_INPUT for anything else
 */
export function parseZone(text: string): TimeZone {
  const trimmed = text.trim();
  if (/^(?:UTC|GMT|Z)$/i.test(trimmed)) return fixedZone(0);
  const fixed = FIXED.exec(trimmed);
  if (fixed) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3] ?? 0);
    if (minutes <= 14 * 60) return fixedZone(fixed[1] === '-' ? -minutes : minutes);
  } else {
    try {
      return new IanaZone(trimmed);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
    }
  }
  throw new FrontierError(
    'BAD_INPUT',
    `"${text}" is not a time zone.`,
    'Use UTC, an offset such as -05:00, or an IANA name such as Europe/Athens.',
  );
}
