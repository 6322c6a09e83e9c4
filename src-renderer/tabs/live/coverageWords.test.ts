import { describe, expect, it } from 'vitest';
import type { LiveCoverage } from '../../../src-shared/contract/live.ts';
import { adaptiveWords, coverageWords, standingOf } from './coverageWords.ts';

const coverage = (low: number, high: number, confidence?: number): LiveCoverage => ({
  target: 0.9,
  horizonBars: 12,
  windows: [
    { last: 50, n: 50, achieved: 0.5, low: 0.1, high: 0.6 },
    { last: 200, n: 180, achieved: 0.85, low, high },
    { last: 0, n: 180, achieved: 0.85, low, high },
  ],
  recent: [true, false],
  ...(confidence === undefined ? {} : { adaptive: { confidence, achieved: 0.9, n: 180 } }),
});

describe('how intervals fare, in words', () => {
  it('is judged by the band of the last 200, not by the figure', () => {
    expect(standingOf(coverage(0.7, 0.95))).toBe('as-aimed');
    expect(coverageWords(coverage(0.7, 0.95))).toBe(
      'As aimed, as far as 180 overlapping forecasts can tell: 70 to 95 %.',
    );
    expect(standingOf(coverage(0.6, 0.89))).toBe('too-narrow');
    expect(coverageWords(coverage(0.6, 0.89))).toContain('Too narrow: the true share is 60 to 89 %');
    expect(standingOf(coverage(0.91, 0.99))).toBe('too-wide');
    expect(coverageWords(coverage(0.91, 0.99))).toContain('Wider than needed');
  });

  it('says what an adaptive interval would need, also where that is everything or nothing', () => {
    expect(adaptiveWords(coverage(0.7, 0.95))).toBeUndefined();
    expect(adaptiveWords(coverage(0.7, 0.95, 0.934))).toBe(
      'To keep 90 %, an adaptive interval would aim at 93.4 % now.',
    );
    expect(adaptiveWords(coverage(0.7, 0.95, 1.002))).toContain('everything');
    expect(adaptiveWords(coverage(0.7, 0.95, -0.1))).toContain('nothing');
  });
});
