import { describe, expect, it } from 'vitest';
import { shareOf, stepOf, yearsOf } from './coverage.ts';

const month = (year: number, m: number, bars: number, expected: number) => ({
  monthMs: Date.UTC(year, m, 1),
  bars,
  expected,
  marked: 0,
});

describe('the coverage map', () => {
  it('has twelve places in every year from the first to the last, also in years without a bar', () => {
    const years = yearsOf([month(2015, 10, 50, 100), month(2017, 0, 100, 100)]);
    expect(years.map((y) => [y.year, y.months.length])).toEqual([
      [2015, 12],
      [2016, 12],
      [2017, 12],
    ]);
    expect(years[0]?.months[10]?.share).toBe(0.5);
    expect(years[1]?.months.every((m) => m === null)).toBe(true);
    expect(years[2]?.months[0]?.share).toBe(1);
    expect(yearsOf([])).toEqual([]);
  });

  it('counts bars that nobody expects as no more than whole', () => {
    expect(shareOf({ bars: 120, expected: 100 })).toBe(1);
    expect(shareOf({ bars: 3, expected: 0 })).toBe(1);
    expect(shareOf({ bars: 0, expected: 0 })).toBeUndefined();
  });

  it('steps at 50, 90, 97 and 99.5 %', () => {
    expect([0, 0.49, 0.5, 0.9, 0.969, 0.97, 0.995, 1].map(stepOf)).toEqual([0, 0, 1, 2, 2, 3, 4, 4]);
    expect(stepOf(undefined)).toBeUndefined();
  });
});
