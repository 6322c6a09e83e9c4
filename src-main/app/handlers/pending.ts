import { FrontierError } from '../../../src-shared/errors.ts';

/** Refuses what is being built. */
export function pending(): never {
  throw new FrontierError('UNAVAILABLE', 'This is not part of this build yet.');
}
