import type { TrainInput } from '../../src-shared/contract/training.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { checkedSettings, FAMILY_NAMES, familyOf } from '../models/registry.ts';
import { checkChoices } from './checks.ts';

const bad = (message: string, hint: string): FrontierError => new FrontierError('BAD_INPUT', message, hint);

function checkSolved(input: TrainInput, title: string): void {
  if (input.loss === 'quantile' || input.conformal === 'cqr')
    throw bad(
      `${title} learns the mean and has no quantiles`,
      'Choose another loss and the conformal method split or local, or a network.',
    );
  if (input.devices > 1)
    throw bad(`${title} is computed at once, on one device`, 'Set devices to 1, or choose a network.');
}

/**
 * Refuses what can be seen to be wrong without the data, before a run is made.
 * @throws FrontierError BAD_INPUT naming the settings that are unknown or contradict, and what to change
 */
export function checkTrainInput(input: TrainInput): void {
  if (input.family === 'imported')
    throw bad('an imported model was trained elsewhere', 'Choose a family that is trained here.');
  // Sets of models are checked by what puts them together, member by member.
  if (!FAMILY_NAMES.includes(input.family)) return;
  const family = familyOf(input.family);
  checkedSettings(family, input.model);
  if (family.fit === 'solved') {
    checkSolved(input, family.title);
    return;
  }
  const { averageEvery, devices, windowBars: window } = input;
  const augment = {
    noise: input.augmentNoise,
    timeWarp: input.augmentTimeWarp,
    spread: input.augmentSpread,
  };
  checkChoices({ averageEvery, devices, window, augment, loss: { kind: input.loss } }, family.role);
  if (input.conformal === 'cqr' && input.loss !== 'quantile' && family.role === 'regressor')
    throw bad(
      `conformalised quantile regression needs a model of quantiles; the loss ${input.loss} learns none`,
      'Choose the loss quantile, or the conformal method split or local.',
    );
}
