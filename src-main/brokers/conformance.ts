/**
 * What every broker adapter must do, whatever stands behind it. An adapter joins by a factory; brokers with a
 * market of their own supply one that a test peer plays.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fill, OrderRequest } from '../../src-shared/trading/types.ts';
import type { Broker, BrokerEvent, OrderReport } from './port.ts';

/** One broker account under test. */
export interface BrokerFixture {
  readonly broker: Broker;
  readonly symbol: string;
  /** Lets the market move on by one bar, so that what waits is executed and events have arrived. */
  tick(): Promise<void>;
  /** A volume that the broker takes, in lots, and a stop distance that cannot be hit within ten ticks. */
  readonly volumeLots: number;
  readonly stopDistance: number;
  /** The process dies and a new one opens the same account; not connected yet. */
  restart(): Promise<BrokerFixture>;
  dispose(): Promise<void>;
}

function openOrder(fixture: BrokerFixture, clientOrderId: string): OrderRequest {
  return {
    clientOrderId,
    symbol: fixture.symbol,
    side: 'buy',
    type: 'market',
    volumeLots: fixture.volumeLots,
    purpose: { kind: 'open' },
    stopDistance: fixture.stopDistance,
    targetDistance: fixture.stopDistance,
    createdMs: 1,
  };
}

async function closeOrder(
  fixture: BrokerFixture,
  clientOrderId: string,
  reason: 'signal' | 'flatten' = 'signal',
): Promise<OrderRequest> {
  const position = (await fixture.broker.positions())[0];
  if (position === undefined) throw new Error('there is no position to close');
  return {
    clientOrderId,
    symbol: fixture.symbol,
    side: position.direction === 'long' ? 'sell' : 'buy',
    type: 'market',
    volumeLots: position.volumeLots,
    purpose: { kind: 'close', positionId: position.id, reason },
    createdMs: 2,
  };
}

const fillsOf = (events: readonly BrokerEvent[]): Fill[] =>
  events.flatMap((e) => (e.type === 'executions' ? e.executions.fills : []));

function fillsInReport(report: OrderReport): readonly Fill[] {
  return report.state === 'not-found' ? [] : report.fills;
}

/** Registers the suite for one adapter. */
export function brokerConformance(name: string, create: () => Promise<BrokerFixture>): void {
  describe(`broker conformance: ${name}`, () => {
    let fixture: BrokerFixture;
    let events: BrokerEvent[];

    beforeEach(async () => {
      fixture = await create();
      events = [];
      await fixture.broker.connect();
      fixture.broker.subscribe((event) => events.push(event));
      await fixture.tick();
    });
    afterEach(() => fixture.dispose());

    it('BRK-1: refuses to work while not connected', async () => {
      await fixture.broker.disconnect();
      const { broker } = fixture;
      await expect(broker.account()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await expect(broker.submit(openOrder(fixture, 'a'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await broker.connect();
      expect(await broker.orderStatus('a')).toEqual({ state: 'not-found' });
    });

    it('BRK-2: an accepted order fills once, at the next market event, and tells it once', async () => {
      const { broker } = fixture;
      const answer = await broker.submit(openOrder(fixture, 'open-1'));
      expect(answer).toEqual({ state: 'accepted', duplicate: false });
      await fixture.tick();
      await fixture.tick();
      const fills = fillsOf(events);
      expect(fills).toHaveLength(1);
      expect(fills[0]).toMatchObject({
        clientOrderId: 'open-1',
        effect: 'open',
        volumeLots: fixture.volumeLots,
      });
      const report = await broker.orderStatus('open-1');
      expect(report.state).toBe('filled');
      expect(fillsInReport(report)).toEqual(fills);
    });

    it('BRK-3: the position appears with the fill and is gone after the close', async () => {
      const { broker } = fixture;
      expect(await broker.positions()).toEqual([]);
      await broker.submit(openOrder(fixture, 'open-1'));
      await fixture.tick();
      const [position] = await broker.positions();
      expect(position).toMatchObject({
        symbol: fixture.symbol,
        direction: 'long',
        volumeLots: fixture.volumeLots,
      });
      expect(await broker.submit(await closeOrder(fixture, 'close-1'))).toMatchObject({ state: 'accepted' });
      await fixture.tick();
      expect(await broker.positions()).toEqual([]);
      const effects = fillsOf(events).map((f) => [f.effect, f.positionId]);
      expect(effects).toEqual([
        ['open', position!.id],
        ['close', position!.id],
      ]);
    });

    it('BRK-4: the same id again gives the first outcome and no second fill', async () => {
      const { broker } = fixture;
      await broker.submit(openOrder(fixture, 'open-1'));
      expect(await broker.submit(openOrder(fixture, 'open-1'))).toEqual({
        state: 'accepted',
        duplicate: true,
      });
      await fixture.tick();
      expect(await broker.submit(openOrder(fixture, 'open-1'))).toEqual({
        state: 'accepted',
        duplicate: true,
      });
      await fixture.tick();
      expect(fillsOf(events)).toHaveLength(1);
      expect((await broker.positions())[0]?.volumeLots).toBe(fixture.volumeLots);
    });

    it('BRK-5: a bad order is rejected with a reason, and stays rejected', async () => {
      const { broker } = fixture;
      const bad = { ...openOrder(fixture, 'bad-1'), volumeLots: -1 };
      const answer = await broker.submit(bad);
      expect(answer).toMatchObject({
        state: 'rejected',
        reason: expect.stringMatching(/\S/),
        duplicate: false,
      });
      expect(await broker.orderStatus('bad-1')).toMatchObject({ state: 'rejected' });
      expect(await broker.submit(openOrder(fixture, 'bad-1'))).toMatchObject({
        state: 'rejected',
        duplicate: true,
      });
      await fixture.tick();
      expect(fillsOf(events)).toEqual([]);
    });

    it('BRK-6: an order that never came is not found', async () => {
      expect(await fixture.broker.orderStatus('never')).toEqual({ state: 'not-found' });
    });

    it('BRK-7: closing a position that is not there is rejected', async () => {
      const order = { ...openOrder(fixture, 'close-x'), side: 'sell' as const };
      const purpose = { kind: 'close' as const, positionId: 'nothing', reason: 'signal' as const };
      expect(await fixture.broker.submit({ ...order, purpose })).toMatchObject({ state: 'rejected' });
      await fixture.tick();
      expect(fillsOf(events)).toEqual([]);
    });

    it('BRK-8: closeAll executes at once and only once', async () => {
      const { broker } = fixture;
      await broker.submit(openOrder(fixture, 'open-1'));
      await fixture.tick();
      const order = await closeOrder(fixture, 'flat-1', 'flatten');
      expect(await broker.closeAll([order])).toEqual([{ state: 'accepted', duplicate: false }]);
      expect(await broker.positions()).toEqual([]);
      expect(await broker.orderStatus('flat-1')).toMatchObject({ state: 'filled' });
      expect(await broker.closeAll([order])).toEqual([{ state: 'accepted', duplicate: true }]);
      expect(fillsOf(events).map((f) => f.exitReason)).toEqual([undefined, 'flatten']);
    });

    it('BRK-9: a cancelled order never fills; nothing is left to cancel afterwards', async (context) => {
      const { broker } = fixture;
      context.skip(!broker.capabilities.lockstep, 'market orders of this broker do not wait');
      await broker.submit(openOrder(fixture, 'open-1'));
      expect(await broker.cancel('open-1')).toBe(true);
      expect(await broker.cancel('open-1')).toBe(false);
      await fixture.tick();
      expect(fillsOf(events)).toEqual([]);
      expect(await broker.orderStatus('open-1')).toMatchObject({ state: 'cancelled', fills: [] });
    });

    it('BRK-10: account, position, orders and executions survive a restart', async () => {
      await fixture.broker.submit(openOrder(fixture, 'open-1'));
      await fixture.tick();
      const before = {
        account: await fixture.broker.account(),
        positions: await fixture.broker.positions(),
        executions: await fixture.broker.executions(),
        report: await fixture.broker.orderStatus('open-1'),
      };
      fixture = await fixture.restart();
      await fixture.broker.connect();
      expect({
        account: await fixture.broker.account(),
        positions: await fixture.broker.positions(),
        executions: await fixture.broker.executions(),
        report: await fixture.broker.orderStatus('open-1'),
      }).toEqual(before);
    });

    it('BRK-11: an order that waits at a restart fills after it, once', async () => {
      await fixture.broker.submit(openOrder(fixture, 'open-1'));
      fixture = await fixture.restart();
      await fixture.broker.connect();
      await fixture.tick();
      await fixture.tick();
      const { fills } = await fixture.broker.executions();
      expect(fills.map((f) => f.clientOrderId)).toEqual(['open-1']);
    });

    it('BRK-12: executions since a time include that time and leave out what came before', async () => {
      const { broker } = fixture;
      await broker.submit(openOrder(fixture, 'open-1'));
      await fixture.tick();
      await broker.submit(await closeOrder(fixture, 'close-1'));
      await fixture.tick();
      const all = (await broker.executions()).fills;
      expect(all).toHaveLength(2);
      const since = await broker.executions(all[1]!.timeMs);
      expect(since.fills.map((f) => f.fillId)).toContain(all[1]!.fillId);
      expect((await broker.executions(all[1]!.timeMs + 1)).fills).toEqual([]);
    });

    it('BRK-13: balance moves by gross profit less commission of the fills', async () => {
      const { broker } = fixture;
      const before = (await broker.account()).balance;
      await broker.submit(openOrder(fixture, 'open-1'));
      await fixture.tick();
      await broker.submit(await closeOrder(fixture, 'close-1'));
      await fixture.tick();
      const earned = fillsOf(events).reduce((sum, f) => sum + f.grossProfit - f.commission, 0);
      const account = await broker.account();
      expect(account.balance).toBeCloseTo(before + earned, 6);
      expect(account.equity).toBeCloseTo(account.balance, 6);
    });
  });
}
