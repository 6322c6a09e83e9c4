import { FrontierError } from '../../src-shared/errors.ts';
import type { OrderState } from '../../src-shared/trading/types.ts';

/** JRN-4: the steps an order may take. From `unknown` it may be sent again only under its own id (REC-4). */
const NEXT: Readonly<Record<OrderState, readonly OrderState[]>> = {
  created: ['sent', 'cancelled'],
  sent: ['accepted', 'filled', 'rejected', 'cancelled', 'unknown'],
  unknown: ['sent', 'accepted', 'filled', 'rejected', 'cancelled'],
  accepted: ['filled', 'rejected', 'cancelled', 'unknown'],
  filled: [],
  rejected: [],
  // A cancel and a fill may cross on the wire: the broker's fill is a fact.
  cancelled: ['filled'],
};

/** @throws FrontierError CONFLICT for a step that no order takes */
export function assertTransition(clientOrderId: string, from: OrderState, to: OrderState): void {
  if (NEXT[from].includes(to)) return;
  throw new FrontierError(
    'CONFLICT',
    `Order ${clientOrderId} is ${from} and cannot become ${to}.`,
    'Compare the journal with the statement of the broker before trading on.',
  );
}
