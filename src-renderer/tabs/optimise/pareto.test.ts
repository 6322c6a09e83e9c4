import { describe, expect, it } from 'vitest';
import type { TrialDto } from '../../../src-shared/contract/optimize.ts';
import { parallelAxes } from './Parallel.tsx';
import {
  chooseAxis,
  DEFAULT_AXES,
  extent,
  MAX_DOMINATED_SHOWN,
  markerSizes,
  meantBy,
  scatterGroups,
} from './pareto.ts';

function trial(number: number, objectives: (number | null)[], more: Partial<TrialDto> = {}): TrialDto {
  return {
    id: `trial_${String(number).padStart(4, '0')}`,
    number,
    genes: { entryThreshold: 0.5, stopAtr: 1, targetAtr: 2, riskFraction: 0.01 * number, maxHoldingBars: 10 },
    objectives,
    feasible: true,
    onFront: false,
    trades: 40,
    ...more,
  };
}

describe('the axes of the Pareto chart', () => {
  it('swaps when a channel takes what another one shows, so that all four objectives stay on show', () => {
    const swapped = chooseAxis(DEFAULT_AXES, 'x', 'maxDrawdownPct');
    expect(swapped).toEqual({ ...DEFAULT_AXES, x: 'maxDrawdownPct', y: 'netReturnPct' });
    expect(chooseAxis(swapped, 'y', 'sharpe')).toEqual({
      x: 'maxDrawdownPct',
      y: 'sharpe',
      color: 'netReturnPct',
      size: 'winRatePct',
    });
    expect(chooseAxis(DEFAULT_AXES, 'x', 'netReturnPct')).toEqual(DEFAULT_AXES);
  });
});

describe('the groups of the Pareto chart', () => {
  it('draws neither infeasible points nor points without a value on an axis', () => {
    const groups = scatterGroups(
      [
        trial(1, [5, 2, 1, 50], { onFront: true }),
        trial(2, [1, 3, 0.2, 45]),
        trial(3, [9, 1, 2, 60], { feasible: false }),
        trial(4, [null, 1, null, null]),
        trial(5, [2, 2, null, 50]),
      ],
      DEFAULT_AXES,
    );
    expect(groups.front.map((t) => t.number)).toEqual([1]);
    expect(groups.dominated.map((t) => t.number)).toEqual([2, 5]);
    expect(groups.infeasible).toBe(2);
  });

  it('keeps the newest dominated points of a long study and says how many there are', () => {
    const many = Array.from({ length: MAX_DOMINATED_SHOWN + 10 }, (_, i) => trial(i, [1, 1, 1, 1]));
    const groups = scatterGroups(many, DEFAULT_AXES);
    expect(groups.dominatedTotal).toBe(MAX_DOMINATED_SHOWN + 10);
    expect(groups.dominated).toHaveLength(MAX_DOMINATED_SHOWN);
    expect(groups.dominated[0]?.number).toBe(10);
  });
});

describe('marker sizes', () => {
  it('grow with the value; unknown is smallest; one single value is in the middle', () => {
    expect(markerSizes([0, 5, 10, undefined, 20], [0, 10], [4, 8])).toEqual([4, 6, 8, 4, 8]);
    expect(markerSizes([3], [3, 3], [4, 8])).toEqual([6]);
  });
  it('take the range of the known values', () => {
    expect(extent([undefined, 3, -1, Number.NaN])).toEqual([-1, 3]);
    expect(extent([undefined])).toBeUndefined();
  });
});

describe('parallel coordinates', () => {
  it('span what the front covers, the risk in per cent', () => {
    const axes = parallelAxes([trial(1, [5, 2, 1, 50]), trial(3, [7, 4, null, 60])]);
    const by = Object.fromEntries(axes.map((a) => [a.key, [a.low, a.high]]));
    expect(by.riskFraction).toEqual([1, 3]);
    expect(by.netReturnPct).toEqual([5, 7]);
    expect(by.sharpe).toEqual([1, 1]);
  });
});

describe('a click on the Pareto chart', () => {
  const front = { onFront: true };
  const trials = [
    trial(1, [0, 1, 1, 50], front),
    trial(2, [10, 3, 1, 50], front),
    trial(3, [10.05, 3.01, 0.9, 49]),
    trial(4, [10, 3, 0.8, 48]),
    trial(5, [5, 2.9, 0.2, 45]),
    trial(6, [10, null, 0.2, 45]),
  ];
  const meant = (number: number) => meantBy(trials, `trial_000${number}`, DEFAULT_AXES);

  it('means the point of the front that covers a dominated one', () => {
    expect(meant(3)).toBe('trial_0002');
    expect(meant(4)).toBe('trial_0002');
  });

  it('means what was clicked where nothing covers it', () => {
    for (const number of [1, 2, 5, 6]) expect(meant(number)).toBe(`trial_000${number}`);
    expect(meantBy(trials, 'trial_gone', DEFAULT_AXES)).toBe('trial_gone');
  });
});
