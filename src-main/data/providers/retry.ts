/** How long to wait before asking again. All pure: the clock of the machine is not trusted where the server's is known. */
import type { Rng } from '../../../src-shared/runtime.ts';
import type { TransportResponse } from './port.ts';

const BASE_MS = 500;
const LONGEST_MS = 30_000;

/** Exponential backoff of attempt n (from 0), spread evenly over its upper half so that retries do not march in step. */
export function backoffMs(attempt: number, rng: Rng): number {
  const ceilingMs = Math.min(LONGEST_MS, BASE_MS * 2 ** attempt);
  return Math.round(ceilingMs * (0.5 + 0.5 * rng.next()));
}

/** The instant at which the server says it answered; undefined when it does not say. */
export function serverTimeMs(response: TransportResponse): number | undefined {
  const date = response.header('date');
  const timeMs = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/**
 * What the server asks to wait: `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), else
 * `X-RateLimit-Reset` in Unix seconds. Dates are measured against the server's own clock, so that a wrong
 * clock on this machine makes no difference.
 * @returns undefined when it asks for nothing that can be read
 */
export function askedWaitMs(response: TransportResponse, nowMs: number): number | undefined {
  const hereMs = serverTimeMs(response) ?? nowMs;
  const after = response.header('retry-after')?.trim();
  if (after !== undefined && after !== '') {
    if (/^\d{1,9}$/.test(after)) return Number(after) * 1000;
    const untilMs = Date.parse(after);
    if (!Number.isNaN(untilMs)) return Math.max(0, untilMs - hereMs);
  }
  const reset = response.header('x-ratelimit-reset')?.trim();
  if (reset !== undefined && /^\d{9,11}$/.test(reset)) return Math.max(0, Number(reset) * 1000 - hereMs);
  return undefined;
}
