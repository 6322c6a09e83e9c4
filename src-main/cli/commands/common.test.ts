import { describe, expect, it } from 'vitest';
import { ALL_TIMEFRAMES, TIMEFRAMES } from '../../../src-shared/market/timeframes.ts';
import { timeframeOf } from './common.ts';

describe('timeframes on the command line', () => {
  it('takes those that are stored, in any case', () => {
    expect(TIMEFRAMES.map((t) => timeframeOf(t.toLowerCase()))).toEqual([...TIMEFRAMES]);
  });

  it('says of the others where they can be had, and of other words what there is', () => {
    const others = ALL_TIMEFRAMES.filter((t) => !(TIMEFRAMES as readonly string[]).includes(t));
    expect(others).toContain('W1');
    for (const timeframe of others)
      expect(() => timeframeOf(timeframe)).toThrow(`Histories of ${timeframe} are not stored`);
    expect(() => timeframeOf('w1')).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT', hint: expect.stringContaining('--as W1') }),
    );
    expect(() => timeframeOf('M7')).toThrow('"M7" is not a timeframe.');
  });
});
