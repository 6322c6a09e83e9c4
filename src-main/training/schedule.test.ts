import { describe, expect, it } from 'vitest';
import { afterEpoch, FRESH_PLATEAU, learningRateAt } from './schedule.ts';
import type { ScheduleSettings } from './types.ts';

const RATE = 0.1;

/** Rates of all steps of a run whose epochs end with the given validation losses. */
function rates(schedule: ScheduleSettings, totalSteps: number, stepsPerEpoch: number, losses: number[] = []) {
  let plateau = FRESH_PLATEAU;
  return Array.from({ length: totalSteps }, (_, step) => {
    const rate = learningRateAt(schedule, RATE, { totalSteps, stepsPerEpoch }, plateau, step);
    const ended = (step + 1) % stepsPerEpoch === 0;
    if (ended) plateau = afterEpoch(schedule, plateau, losses[(step + 1) / stepsPerEpoch - 1] ?? 1);
    return rate;
  });
}

function expectRates(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((rate, i) => {
    expect(actual[i]).toBeCloseTo(rate, 11);
  });
}

// PyTorch 1.13: the rate before each of a number of steps of an SGD optimiser with lr 0.1.
const COSINE_8 = [
  0.1, 0.09619397663, 0.08535533906, 0.06913417162, 0.05, 0.03086582838, 0.01464466094, 0.003806023374,
];

describe('the learning rate', () => {
  it('is constant', () => {
    expectRates(rates({ kind: 'constant' }, 3, 1), [0.1, 0.1, 0.1]);
  });

  it('falls along a half cosine as CosineAnnealingLR(T_max=8)', () => {
    expectRates(rates({ kind: 'cosine' }, 8, 2), COSINE_8);
  });

  it('rises linearly first, as SequentialLR of LinearLR(1/4, total_iters=3) and CosineAnnealingLR(8)', () => {
    const expected = [0.025, 0.05, 0.075, 0.1, ...COSINE_8];
    expectRates(rates({ kind: 'cosine', warmupSteps: 4 }, 12, 3), expected);
  });

  it('falls in steps as StepLR(step_size=3, gamma=0.5) per epoch', () => {
    const byEpoch = [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025];
    expectRates(
      rates({ kind: 'step', everyEpochs: 3 }, 18, 2),
      byEpoch.flatMap((r) => [r, r]),
    );
    expectRates(rates({ kind: 'step', everyEpochs: 1, factor: 0.1 }, 3, 1), [0.1, 0.01, 0.001]);
  });

  it('falls where the validation loss does, as ReduceLROnPlateau(factor=0.5, patience=2, threshold=0)', () => {
    const losses = [1.0, 0.8, 0.9, 0.85, 0.81, 0.79, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8];
    const expected = [0.1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025];
    expectRates(rates({ kind: 'plateau', patience: 3 }, 12, 1, losses), expected);
  });

  it('cuts nothing while warming up', () => {
    const falling = rates({ kind: 'step', everyEpochs: 1, warmupSteps: 4 }, 6, 2);
    expectRates(falling, [0.025, 0.05, 0.075, 0.1, 0.025, 0.025]);
  });
});
