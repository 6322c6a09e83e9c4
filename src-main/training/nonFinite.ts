import { FrontierError } from '../../src-shared/errors.ts';
import type { BadStep } from '../tensor/train-session.ts';
import { featureLabel } from './checks.ts';
import type { TrainConfig, TrainingData } from './types.ts';

const HINT =
  'Lower the learning rate, set clipNorm to 1, or limit the feature; the last good checkpoint is kept.';

/** The largest value, by size, that a batch saw, in words. */
export function mostExtreme(data: TrainingData, window: number, ends: Int32Array): string {
  const { features, featureCount } = data;
  let at = 0;
  let most = -1;
  for (const end of ends) {
    for (let i = (end - window + 1) * featureCount; i < (end + 1) * featureCount; i++) {
      const size = Math.abs(features[i]!);
      if (size <= most) continue;
      most = size;
      at = i;
    }
  }
  const row = Math.floor(at / featureCount);
  return `${featureLabel(data, at % featureCount)} of row ${row} (${features[at]!.toPrecision(4)})`;
}

/** The error of a step that cannot be gone on from. @param ends windows of the step's batch */
export function nonFiniteError(
  data: TrainingData,
  config: TrainConfig,
  { what, value, step }: BadStep,
  ends: Int32Array,
): FrontierError {
  const became = what === 'loss' ? `the loss became ${value}` : `the gradient's norm became ${value}`;
  const extreme = mostExtreme(data, config.window, ends);
  const message = `${became} at step ${step + 1}; the most extreme value of its batch is ${extreme}`;
  return new FrontierError('ENGINE_FAILED', message, HINT);
}
