import { describe, expect, it } from 'vitest';
import { integerBelow, SeededRng } from '../../../src-shared/runtime.ts';
import type { TransportResponse } from './port.ts';
import { RateLimiter } from './rateLimit.ts';
import { askedWaitMs, backoffMs, serverTimeMs } from './retry.ts';

const NOW_MS = Date.UTC(2024, 2, 4, 12);

describe('the rate limiter', () => {
  it.each([1, 2, 3, 4, 5])('never exceeds any of its limits in any stretch (seed %i)', (seed) => {
    const limits = [
      { requests: 5, perMs: 1000 },
      { requests: 40, perMs: 20_000 },
    ];
    const limiter = new RateLimiter(limits);
    const rng = new SeededRng(seed);
    const starts: number[] = [];
    let nowMs = NOW_MS;
    for (let i = 0; i < 300; i++) {
      starts.push(nowMs + limiter.reserve(nowMs));
      nowMs += integerBelow(rng, 500);
    }
    expect(starts.every((s, i) => i === 0 || s >= starts[i - 1]!)).toBe(true);
    for (const { requests, perMs } of limits) {
      // The turn that follows `requests` others starts after their stretch has passed.
      for (let i = requests; i < starts.length; i++) {
        expect(starts[i]! - starts[i - requests]!).toBeGreaterThan(perMs);
      }
    }
  });

  it('does not hold back what is within the limits', () => {
    const limiter = new RateLimiter([{ requests: 3, perMs: 1000 }]);
    expect([0, 0, 0].map(() => limiter.reserve(NOW_MS))).toEqual([0, 0, 0]);
    expect(limiter.waitMs(NOW_MS + 400)).toBe(601);
    expect(limiter.reserve(NOW_MS + 1001)).toBe(0);
  });

  it('holds everyone back until the provider said so', () => {
    const limiter = new RateLimiter([]);
    limiter.pauseUntil(NOW_MS + 900);
    limiter.pauseUntil(NOW_MS + 500);
    expect(limiter.reserve(NOW_MS)).toBe(900);
    expect(limiter.reserve(NOW_MS + 950)).toBe(0);
  });
});

describe('waiting before the next attempt', () => {
  const answer = (headers: Record<string, string>): TransportResponse => ({
    status: 429,
    header: (name) => headers[name],
    text: async () => '',
  });
  const date = new Date(NOW_MS).toUTCString();

  it('doubles, within the upper half of each step, up to thirty seconds', () => {
    const rng = new SeededRng(3);
    for (let attempt = 0; attempt < 12; attempt++) {
      const step = Math.min(30_000, 500 * 2 ** attempt);
      const ms = backoffMs(attempt, rng);
      expect(ms).toBeGreaterThanOrEqual(step / 2);
      expect(ms).toBeLessThanOrEqual(step);
    }
    const spread = new Set(Array.from({ length: 20 }, () => backoffMs(6, rng)));
    expect(spread.size).toBeGreaterThan(15);
  });

  it.each([
    [{ 'retry-after': '12' }, 12_000],
    [{ 'retry-after': ' 0 ' }, 0],
    [{ 'retry-after': new Date(NOW_MS + 90_000).toUTCString(), date }, 90_000],
    [{ 'retry-after': new Date(NOW_MS - 90_000).toUTCString(), date }, 0],
    [{ 'x-ratelimit-reset': String(NOW_MS / 1000 + 45), date }, 45_000],
    [{ 'retry-after': '3', 'x-ratelimit-reset': String(NOW_MS / 1000 + 45), date }, 3000],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'x-ratelimit-reset': '-1' }, undefined],
    [{}, undefined],
  ])('reads %o', (headers, expected) => {
    // A clock of this machine that is a day off changes nothing where the server states its own.
    expect(askedWaitMs(answer(headers), NOW_MS + 86_400_000)).toBe(expected);
  });

  it('reads the clock of the server, or none', () => {
    expect(serverTimeMs(answer({ date }))).toBe(NOW_MS);
    expect(serverTimeMs(answer({ date: 'yesterday' }))).toBeUndefined();
    expect(serverTimeMs(answer({}))).toBeUndefined();
  });
});
