import type { ScheduleSettings } from './types.ts';

/** What the plateau schedule has seen; part of a run's checkpoint. */
export interface PlateauState {
  /** Best validation loss so far; absent before the first. */
  readonly best?: number;
  /** Epochs in a row without a better one. */
  readonly bad: number;
  /** Times the rate was cut. */
  readonly cuts: number;
}

export const FRESH_PLATEAU: PlateauState = { bad: 0, cuts: 0 };

const DEFAULTS = { factor: 0.5, everyEpochs: 10, patience: 3 } as const;

/** The length of a run, in steps. */
export interface RunLength {
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
}

/** Share of the full rate at a step that lies after the warm-up. */
function shareAt(
  { kind, warmupSteps = 0, factor = DEFAULTS.factor, everyEpochs = DEFAULTS.everyEpochs }: ScheduleSettings,
  { totalSteps, stepsPerEpoch }: RunLength,
  { cuts }: PlateauState,
  step: number,
): number {
  switch (kind) {
    case 'constant':
      return 1;
    case 'cosine':
      return (1 + Math.cos((Math.PI * (step - warmupSteps)) / (totalSteps - warmupSteps))) / 2;
    case 'step':
      return factor ** Math.floor(Math.floor(step / stepsPerEpoch) / everyEpochs);
    case 'plateau':
      return factor ** cuts;
  }
}

/**
 * The learning rate at a step, counted from 0.
 *
 * Warm-up: `rate * (step + 1) / warmupSteps`. Then, with s the steps after the warm-up and S their number: constant;
 * cosine `rate * (1 + cos(pi s / S)) / 2` (Loshchilov and Hutter 2017, without restarts); step
 * `rate * factor^floor(epoch / everyEpochs)`; plateau `rate * factor^cuts`. The same as PyTorch's `LinearLR` (start
 * factor 1 / warmupSteps), `CosineAnnealingLR`, `StepLR` and `ReduceLROnPlateau`.
 */
export function learningRateAt(
  schedule: ScheduleSettings,
  rate: number,
  length: RunLength,
  plateau: PlateauState,
  step: number,
): number {
  const warmup = schedule.warmupSteps ?? 0;
  if (step < warmup) return (rate * (step + 1)) / warmup;
  return rate * shareAt(schedule, length, plateau, step);
}

/**
 * The plateau's state after an epoch: `patience` epochs in a row that are not better than the best cut the rate, and
 * the count begins anew. PyTorch's `ReduceLROnPlateau` waits one epoch more for the same `patience`, and calls an
 * epoch better by a relative threshold that is 0 here.
 */
export function afterEpoch(
  { kind, patience = DEFAULTS.patience }: ScheduleSettings,
  state: PlateauState,
  validationLoss: number,
): PlateauState {
  if (kind !== 'plateau') return state;
  if (state.best === undefined || validationLoss < state.best) {
    return { best: validationLoss, bad: 0, cuts: state.cuts };
  }
  const bad = state.bad + 1;
  return bad < patience ? { ...state, bad } : { ...state, bad: 0, cuts: state.cuts + 1 };
}
