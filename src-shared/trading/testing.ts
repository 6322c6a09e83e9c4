/** Small worlds for the tests of rules: a round instrument, a venue, bars and orders with few words. */
import type { Bar } from '../market/bars.ts';
import { instrumentFor } from '../market/instruments.ts';
import { SequentialIds } from './ids.ts';
import type { CostModel, OrderRequest, Side, VenueSpec } from './types.ts';
import { SimulatedVenue } from './venue.ts';

export const FREE: CostModel = { spreadPips: 0, commissionPerLot: 0, slippagePips: 0 };
/** 2 pips of spread, 1 pip of slippage, 5 dollars per lot and side. */
export const DEAR: CostModel = { spreadPips: 2, commissionPerLot: 5, slippagePips: 1 };

/** EURUSD in dollars: one lot is 100,000, one pip of one lot is 10 dollars. */
export function testSpec(overrides: Partial<VenueSpec> = {}): VenueSpec {
  return {
    instrument: instrumentFor('EURUSD'),
    priceSide: 'bid',
    costs: FREE,
    account: { currency: 'USD', initialBalance: 10_000, quoteToAccount: 1, maxLeverage: 30 },
    intrabar: 'stop-first',
    ...overrides,
  };
}

/** A venue of `testSpec`. */
export function testVenue(overrides: Partial<VenueSpec> = {}): SimulatedVenue {
  return new SimulatedVenue(testSpec(overrides), new SequentialIds());
}

/** Bar number n of an hourly history. */
export function bar(n: number, open: number, high: number, low: number, close: number): Bar {
  return { timeMs: n * 3_600_000, open, high, low, close, volume: 100 };
}

/** A bar on which nothing moves. */
export function flatBar(n: number, price: number): Bar {
  return bar(n, price, price, price, price);
}

/** An opening market order of 0.1 lot, 20 pips to the stop and 40 to the target. */
export function openOrder(side: Side, overrides: Partial<OrderRequest> = {}): OrderRequest {
  return {
    clientOrderId: `open-${side}`,
    symbol: 'EURUSD',
    side,
    type: 'market',
    volumeLots: 0.1,
    purpose: { kind: 'open' },
    stopDistance: 0.002,
    targetDistance: 0.004,
    createdMs: 0,
    ...overrides,
  };
}

/** The market order that closes the venue's position. */
export function closeOrder(venue: SimulatedVenue, overrides: Partial<OrderRequest> = {}): OrderRequest {
  const position = venue.position;
  return {
    clientOrderId: 'close-1',
    symbol: 'EURUSD',
    side: position?.direction === 'short' ? 'buy' : 'sell',
    type: 'market',
    volumeLots: position?.volumeLots ?? 0.1,
    purpose: { kind: 'close', positionId: position?.id ?? 'none', reason: 'signal' },
    createdMs: 0,
    ...overrides,
  };
}
