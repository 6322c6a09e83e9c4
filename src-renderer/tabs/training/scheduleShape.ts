/** What shapes the learning rate over a run. */
export interface ShapeInput {
  readonly schedule: string;
  readonly warmupSteps: number;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
}

/** Epochs after which the step schedule halves the rate. */
export const HALVED_EVERY = 10;

/**
 * Share of the full learning rate by step, as far as it is known before the run: warm-up by (step + 1) / warm-up;
 * then constant, half a cosine to zero, or halved every ten epochs. A plateau is met by the validation loss alone, so
 * that schedule is shown flat.
 */
export function shareOfRate(input: ShapeInput, step: number): number {
  const { schedule, warmupSteps, totalSteps, stepsPerEpoch } = input;
  if (step < warmupSteps) return (step + 1) / warmupSteps;
  if (schedule === 'cosine') {
    return (1 + Math.cos((Math.PI * (step - warmupSteps)) / Math.max(1, totalSteps - warmupSteps))) / 2;
  }
  if (schedule === 'step') return 0.5 ** Math.floor(Math.floor(step / stepsPerEpoch) / HALVED_EVERY);
  return 1;
}
