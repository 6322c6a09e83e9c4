import { FrontierError } from '../../src-shared/errors.ts';
import { describeFeature, firstBadFeature } from '../tensor/finite.ts';
import type { BadStep } from '../tensor/train-session.ts';
import type { TrainConfig, TrainingData } from './types.ts';

const HINT =
  'Lower the learning rate, set clipNorm to 1, or limit the feature; the last good checkpoint is kept.';

/**
 * The error of a step that cannot be gone on from.
 * @param ends windows of the step's batch
 * @param labelled whether the model learns from targets
 */
export function nonFiniteError(
  data: TrainingData,
  { window }: Pick<TrainConfig, 'window'>,
  { what, value, step }: BadStep,
  ends: Int32Array,
  labelled: boolean,
): FrontierError {
  const became = what === 'loss' ? `the loss became ${value}` : `the gradient's norm became ${value}`;
  const { targetCount = 1, featureNames } = data;
  const found = firstBadFeature({ ...data, targetCount: labelled ? targetCount : 0 }, window, ends);
  const where = found ? `; of its batch, ${describeFeature(found, featureNames)}` : '';
  return new FrontierError('ENGINE_FAILED', `${became} at step ${step + 1}${where}`, HINT);
}
