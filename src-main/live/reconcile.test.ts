import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OrderRequest, OrderState } from '../../src-shared/trading/types.ts';
import { fill, orderRequest } from '../../tests/fixtures/journalRows.ts';
import { deployment, HOUR_MS, model, START_MS, sessionRecord } from '../../tests/fixtures/records.ts';
import type { Broker, BrokerPosition, Executions, OrderReport } from '../brokers/port.ts';
import { openStores, type Stores } from '../store/stores.ts';
import { Bookkeeper } from './bookkeeper.ts';
import { acknowledge, type Reconciliation, reconcile } from './reconcile.ts';

const S = 'ses_0001';

/** A distant broker on the wall clock, played by what it would answer. */
class DistantBroker implements Broker {
  readonly name = 'distant';
  readonly capabilities = {
    lockstep: false,
    idempotentSubmit: true,
    maxClientOrderIdLength: 50,
    holdsProtection: true,
  };
  readonly reports = new Map<string, OrderReport>();
  held: BrokerPosition[] = [];
  executed: Executions = { fills: [], trades: [] };
  silent = false;
  askedSinceMs: number | undefined;

  async connect(): Promise<void> {}
  async disconnect(): Promise<void> {}
  async account() {
    return { currency: 'USD', balance: 5, equity: 5 };
  }
  async positions() {
    return this.held;
  }
  async submit(): Promise<never> {
    throw new Error('reconciliation never sends');
  }
  async orderStatus(id: string): Promise<OrderReport> {
    if (this.silent) throw new Error('maintenance');
    return this.reports.get(id) ?? { state: 'not-found' };
  }
  async executions(sinceMs?: number): Promise<Executions> {
    this.askedSinceMs = sinceMs;
    return this.executed;
  }
  async cancel() {
    return false;
  }
  async closeAll() {
    return [];
  }
  subscribe() {
    return () => undefined;
  }
}

describe('reconciliation with a distant broker', () => {
  let home: string;
  let stores: Stores;
  let broker: DistantBroker;
  let books: Bookkeeper;
  const record = sessionRecord(S);
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'frontier-reconcile-'));
    stores = openStores(home);
    stores.models.add(model);
    stores.deployments.add(deployment);
    stores.sessions.add(record);
    broker = new DistantBroker();
    const { journal } = stores;
    books = new Bookkeeper({
      journal,
      sessionId: S,
      digits: 5,
      marketMs: () => START_MS,
      onChange: () => undefined,
    });
  });
  afterEach(() => {
    stores.close();
    rmSync(home, { recursive: true, force: true });
  });
  const run = (): Promise<Reconciliation> =>
    reconcile({ record, journal: stores.journal, broker, books, marketMs: START_MS });
  /** Journals an order and takes it through states. */
  const ordered = (id: string, states: readonly OrderState[], patch: Partial<OrderRequest> = {}): void => {
    const request = { ...orderRequest(id), ...patch };
    stores.journal.recordOrder(S, { request, barTimeMs: START_MS, reason: 'signal' });
    for (const state of states) stores.journal.orderEvent(id, state, START_MS);
  };
  const position: BrokerPosition = {
    id: 'pos-1',
    symbol: 'EURUSD',
    direction: 'long',
    volumeLots: 0.1,
    entryPrice: 1.1,
    entryTimeMs: START_MS,
    stopPrice: 1.09,
    targetPrice: undefined,
    barsHeld: 1,
    initialRisk: 100,
    entryCost: 0.35,
  };

  it('agreement is silent', async () => {
    expect(await run()).toEqual({ unreconciled: [], resend: [] });
    expect(stores.journal.logLines(S, 10)).toEqual([]);
  });

  it('REC-1: executions nobody heard of are journaled, and asked for from the last known one on', async () => {
    broker.executed = { fills: [fill('f1', '')], trades: [] };
    broker.held = [position];
    expect((await run()).unreconciled).toEqual([]);
    expect(stores.journal.fills(S).map((f) => f.fillId)).toEqual(['f1']);
    await run();
    expect(broker.askedSinceMs).toBe(START_MS + HOUR_MS);
    expect(stores.journal.fills(S)).toHaveLength(1);
    expect(stores.journal.logLines(S, 10)).toHaveLength(1);
  });

  it.each(['accepted', 'rejected', 'cancelled'] as const)(
    'REC-2: a sent order that the broker has %s',
    async (state) => {
      ordered('o1', ['sent']);
      broker.reports.set('o1', { state, reason: 'because', fills: [] });
      expect(await run()).toEqual({ unreconciled: [], resend: [] });
      expect(stores.journal.orderHistory('o1').map((e) => e.state)).toEqual([
        'created',
        'sent',
        'unknown',
        state,
      ]);
    },
  );

  it('REC-2: a sent order that was filled brings its fill', async () => {
    ordered('o1', ['sent']);
    broker.reports.set('o1', { state: 'filled', fills: [fill('f1', 'o1')] });
    broker.held = [position];
    expect(await run()).toEqual({ unreconciled: [], resend: [] });
    expect(stores.journal.orderState('o1')).toBe('filled');
    expect(stores.journal.fills(S)).toEqual([fill('f1', 'o1')]);
  });

  it('REC-2: no answer is no outcome: the order stays unknown and is listed', async () => {
    ordered('o1', ['sent']);
    broker.silent = true;
    const { unreconciled, resend } = await run();
    expect(unreconciled).toEqual(['The broker did not say what became of order o1: maintenance']);
    expect(resend).toEqual([]);
    expect(stores.journal.orderState('o1')).toBe('unknown');
  });

  it('REC-4: a distant broker that does not know a sent order gets it from no machine again', async () => {
    ordered('o1', ['sent']);
    const { unreconciled, resend } = await run();
    expect(unreconciled).toEqual(['Order o1 was sent, but the broker does not know it.']);
    expect(resend).toEqual([]);
    acknowledge({ record, journal: stores.journal, books, marketMs: START_MS });
    expect(stores.journal.orderState('o1')).toBe('cancelled');
    expect(await run()).toEqual({ unreconciled: [], resend: [] });
  });

  it('REC-4: an order that was accepted and has vanished is listed', async () => {
    ordered('o1', ['sent', 'accepted']);
    expect((await run()).unreconciled).toEqual([
      'Order o1 was accepted once, but the broker does not know it now.',
    ]);
    expect(stores.journal.orderState('o1')).toBe('unknown');
  });

  it('REC-4: the close of a flatten that never arrived is cancelled and told, not sent by itself', async () => {
    const purpose = { kind: 'close', positionId: 'pos-1', reason: 'flatten' } as const;
    ordered('o1', ['sent'], { purpose });
    expect(await run()).toEqual({ unreconciled: [], resend: [] });
    expect(stores.journal.orderState('o1')).toBe('cancelled');
    expect(stores.journal.logLines(S, 1)[0]!.message).toMatch(/flatten did not reach the broker/);
  });

  it('REC-5: on the wall clock an order that never left is too old', async () => {
    ordered('o1', []);
    expect(await run()).toEqual({ unreconciled: [], resend: [] });
    expect(stores.journal.orderState('o1')).toBe('cancelled');
  });

  it('REC-6: positions are compared both ways', async () => {
    broker.held = [
      { ...position, volumeLots: 0.3 },
      { ...position, id: 'pos-9', symbol: 'GBPUSD' },
    ];
    stores.journal.recordExecutions(S, [fill('f1', ''), { ...fill('f2', ''), positionId: 'pos-2' }], []);
    expect((await run()).unreconciled).toEqual([
      'The broker holds long 0.3 lots (position pos-1), the journal 0.1.',
      'The journal holds position pos-2 of 0.1 lots, which the broker does not have.',
    ]);
  });

  it('REC-8: what the broker confirmed as waiting still waits after a person has looked', async () => {
    ordered('o1', ['sent', 'accepted']);
    acknowledge({ record, journal: stores.journal, books, marketMs: START_MS });
    expect(stores.journal.orderState('o1')).toBe('accepted');
  });
});
