import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Bar } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import type { OrderRequest, VenueSpec } from '../../src-shared/trading/types.ts';
import { type BrokerFixture, brokerConformance } from './conformance.ts';
import { PaperBroker } from './paper.ts';
import { openPaperLedger, type PaperLedger } from './paperLedger.ts';

const venue: VenueSpec = {
  instrument: instrumentFor('EURUSD'),
  priceSide: 'bid',
  costs: { spreadPips: 1.2, commissionPerLot: 3.5, slippagePips: 0.3 },
  account: { currency: 'USD', initialBalance: 10_000, quoteToAccount: 1, maxLeverage: 30 },
  intrabar: 'stop-first',
};
const HOUR = 3_600_000;

function barNumber(n: number): Bar {
  const open = 1.1 + 0.0001 * n;
  return {
    timeMs: n * HOUR,
    open,
    high: open + 0.0003,
    low: open - 0.0003,
    close: open + 0.0001,
    volume: 10,
  };
}

function fixtureAt(home: string, ledger: PaperLedger, start: number): BrokerFixture {
  const broker = new PaperBroker({ ledger, accountId: 'ses_test', venue });
  let next = start;
  return {
    broker,
    symbol: 'EURUSD',
    volumeLots: 0.1,
    stopDistance: 0.05,
    tick: () => broker.onBar(barNumber(next++)),
    async restart() {
      ledger.close();
      return fixtureAt(home, openPaperLedger(home), next);
    },
    async dispose() {
      ledger.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function newFixture(): BrokerFixture {
  const home = mkdtempSync(join(tmpdir(), 'frontier-paper-'));
  return fixtureAt(home, openPaperLedger(home), 1);
}

brokerConformance('paper', async () => newFixture());

describe('paper broker', () => {
  let home = '';
  let ledger: PaperLedger | undefined;
  afterEach(() => {
    ledger?.close();
    rmSync(home, { recursive: true, force: true });
  });
  const open = async (): Promise<PaperBroker> => {
    home = mkdtempSync(join(tmpdir(), 'frontier-paper-'));
    ledger = openPaperLedger(home);
    const broker = new PaperBroker({ ledger, accountId: 'acc', venue });
    await broker.connect();
    return broker;
  };
  const order: OrderRequest = {
    clientOrderId: 'o1',
    symbol: 'EURUSD',
    side: 'buy',
    type: 'market',
    volumeLots: 0.1,
    purpose: { kind: 'open' },
    stopDistance: 0.01,
    targetDistance: 0.02,
    createdMs: 0,
  };

  it('PAP-1: a bar that was processed changes nothing when it comes again, also after a restart', async () => {
    const broker = await open();
    await broker.onBar(barNumber(1));
    await broker.submit(order);
    await broker.onBar(barNumber(2));
    const [before] = await broker.positions();
    await broker.onBar(barNumber(2));
    expect(await broker.positions()).toEqual([before]);
    const again = new PaperBroker({ ledger: ledger!, accountId: 'acc', venue });
    await again.connect();
    await again.onBar(barNumber(2));
    await again.onBar(barNumber(1));
    expect(await again.positions()).toEqual([before]);
    expect(again.lastBarMs).toBe(2 * HOUR);
  });

  it('PAP-2: ids go on counting after a restart, so no fill id comes twice', async () => {
    const broker = await open();
    await broker.onBar(barNumber(1));
    await broker.submit(order);
    await broker.onBar(barNumber(2));
    const again = new PaperBroker({ ledger: ledger!, accountId: 'acc', venue });
    await again.connect();
    const [position] = await again.positions();
    await again.closeAll([
      {
        ...order,
        clientOrderId: 'o2',
        side: 'sell',
        purpose: { kind: 'close', positionId: position!.id, reason: 'flatten' },
      },
    ]);
    const ids = (await again.executions()).fills.map((f) => f.fillId);
    expect(ids).toEqual(['acc-fill-1', 'acc-fill-2']);
  });

  it('PAP-3: an account keeps its terms', async () => {
    await open();
    const other = { ...venue, costs: { ...venue.costs, spreadPips: 0.1 } };
    expect(() => new PaperBroker({ ledger: ledger!, accountId: 'acc', venue: other })).toThrow(/other terms/);
    const sameInOtherOrder = Object.fromEntries(Object.entries(venue).reverse()) as unknown as VenueSpec;
    expect(
      () => new PaperBroker({ ledger: ledger!, accountId: 'acc', venue: sameInOtherOrder }),
    ).not.toThrow();
  });

  it('PAP-4: when the disk refuses, memory goes back to what the disk holds', async () => {
    const broker = await open();
    await broker.onBar(barNumber(1));
    await broker.submit(order);
    const addFill = ledger!.addFill.bind(ledger);
    ledger!.addFill = () => {
      throw new Error('disk full');
    };
    await expect(broker.onBar(barNumber(2))).rejects.toThrow('disk full');
    expect(await broker.positions()).toEqual([]);
    expect(broker.lastBarMs).toBe(HOUR);
    ledger!.addFill = addFill;
    await broker.onBar(barNumber(2));
    expect(await broker.positions()).toHaveLength(1);
  });

  it('PAP-5: equity is marked at the side the position would close on', async () => {
    const broker = await open();
    await broker.onBar(barNumber(1));
    await broker.submit(order);
    await broker.onBar(barNumber(2));
    const { balance, equity } = await broker.account();
    // Bought at open + 1.2 + 0.3 pips; bid bars close one pip above the open; 0.1 lot moves 1 USD a pip.
    expect(equity - balance).toBeCloseTo(1 - 1.5, 6);
  });
});
