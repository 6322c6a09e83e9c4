import { FrontierError } from '../../../src-shared/errors.ts';

/** A procedure of the contract whose work has not been built yet. */
export function pending(): never {
  throw new FrontierError('UNAVAILABLE', 'This part is not built yet.', 'It comes with the next release.');
}
