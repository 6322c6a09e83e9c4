import { FrontierError } from '../../src-shared/errors.ts';

const LETTER = { open: 'o', close: 'c', flatten: 'f' } as const;

/** The shortest limit among the brokers we know (cTrader). */
const LONGEST = 50;

/**
 * JRN-6: the client order id follows from session, bar and purpose alone. A session that decides on a bar
 * again after a crash arrives at the same id, which journal and broker take only once.
 * @param attempt counts flattens on one bar, whose first close may have been refused
 * @throws FrontierError BAD_INPUT for a session id that leaves no room
 */
export function clientOrderIdFor(
  sessionId: string,
  barTimeMs: number,
  purpose: keyof typeof LETTER,
  attempt = 1,
): string {
  const id = `${sessionId}-${barTimeMs.toString(36)}-${LETTER[purpose]}${attempt === 1 ? '' : attempt}`;
  if (id.length <= LONGEST) return id;
  throw new FrontierError(
    'BAD_INPUT',
    `The order id ${id} is longer than the ${LONGEST} characters that brokers take.`,
    'Session ids must stay below 36 characters.',
  );
}
