import type { Fill } from '../../src-shared/trading/types.ts';
import type { BrokerEvent, Executions } from '../brokers/port.ts';
import type { Journal } from '../store/journal.ts';

export interface BookkeeperOptions {
  readonly journal: Journal;
  readonly sessionId: string;
  /** Decimals of a price. */
  readonly digits: number;
  /** Market time now, which log lines carry. */
  readonly marketMs: () => number;
  readonly onChange: () => void;
}

function fillText(fill: Fill, digits: number): string {
  const price = fill.price.toFixed(digits);
  const deal = `${fill.side === 'buy' ? 'Bought' : 'Sold'} ${fill.volumeLots} lots at ${price}`;
  if (fill.effect === 'open') return `${deal}: position opened.`;
  const profit = fill.grossProfit.toFixed(2);
  return `${deal}: position closed (${fill.exitReason ?? 'signal'}), ${profit} before commission.`;
}

/** Writes what the broker tells into the journal, and says it in words. */
export class Bookkeeper {
  readonly #options: BookkeeperOptions;

  constructor(options: BookkeeperOptions) {
    this.#options = options;
  }

  /** @throws FrontierError CORRUPT or CONFLICT when the broker contradicts the journal */
  onEvent(event: BrokerEvent): void {
    const { journal, onChange } = this.#options;
    if (event.type === 'executions') {
      this.executed(event.executions);
    } else if (event.type === 'order') {
      if (journal.orderEvent(event.clientOrderId, event.state, event.timeMs, event.reason)) {
        this.log('warning', `Order ${event.clientOrderId} was ${event.state}: ${event.reason}.`);
      }
    } else {
      this.log(event.state === 'connected' ? 'info' : 'warning', `Broker ${event.state}: ${event.reason}.`);
    }
    onChange();
  }

  /** Records executions and writes a line for each fill that was new. @throws as `onEvent` */
  executed({ fills, trades }: Executions): void {
    const { journal, sessionId, digits } = this.#options;
    for (const fill of journal.recordExecutions(sessionId, fills, trades))
      this.log('info', fillText(fill, digits));
  }

  log(level: 'info' | 'warning' | 'error', message: string): void {
    const { journal, sessionId, marketMs, onChange } = this.#options;
    journal.log(sessionId, marketMs(), level, message);
    onChange();
  }
}
