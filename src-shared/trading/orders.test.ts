import { describe, expect, it } from 'vitest';
import { orderFromIntent } from './orders.ts';
import { positionSizeLots, roundVolumeDown } from './sizing.ts';
import { bar, closeOrder, DEAR, flatBar, openOrder, testSpec, testVenue } from './testing.ts';
import type { OrderRequest } from './types.ts';

/** The reason for which a fresh dear venue refuses an opening order. */
function refusal(overrides: Partial<OrderRequest>): string | undefined {
  const answer = testVenue({ costs: DEAR }).submit(openOrder('buy', overrides));
  return answer.accepted ? undefined : answer.reason;
}

describe('orders that are refused', () => {
  it('ORD-1: a repeated clientOrderId is a duplicate while it waits, after its fill and after a cancel', () => {
    const venue = testVenue();
    const order = openOrder('buy');
    expect(venue.submit(order)).toEqual({ accepted: true });
    expect(venue.submit(order)).toEqual({ accepted: false, reason: 'duplicate' });
    expect(venue.cancelPending()).toEqual([order]);
    expect(venue.submit(order)).toEqual({ accepted: false, reason: 'duplicate' });
    venue.submit(openOrder('buy', { clientOrderId: 'b' }));
    venue.onBar(flatBar(1, 1.1));
    expect(venue.submit(openOrder('buy', { clientOrderId: 'b' }))).toEqual({
      accepted: false,
      reason: 'duplicate',
    });
    expect(refusal({ clientOrderId: '' })).toBe('an order needs a clientOrderId');
  });

  it('ORD-1: the id of a refused order may be used again', () => {
    const venue = testVenue();
    expect(venue.submit(openOrder('buy', { volumeLots: 0 })).accepted).toBe(false);
    expect(venue.submit(openOrder('buy')).accepted).toBe(true);
  });

  it('ORD-2: another symbol', () => {
    expect(refusal({ symbol: 'GBPUSD' })).toMatch(/GBPUSD is not traded here/);
  });

  it('ORD-3: volume below the minimum or off the step', () => {
    expect(refusal({ volumeLots: 0.001 })).toMatch(/below the minimum of 0.01/);
    expect(refusal({ volumeLots: -0.1 })).toMatch(/below the minimum/);
    expect(refusal({ volumeLots: Number.NaN })).toMatch(/below the minimum/);
    expect(refusal({ volumeLots: 0.105 })).toMatch(/not a multiple/);
    expect(refusal({ volumeLots: 0.07 })).toBeUndefined();
    expect(refusal({ volumeLots: 0.29 })).toBeUndefined();
  });

  it('ORD-4: an opening order without a stop', () => {
    expect(refusal({ stopDistance: undefined })).toMatch(/needs a stop/);
  });

  it('ORD-5: a stop within spread and slippage', () => {
    expect(refusal({ stopDistance: 0.0002 })).toMatch(/does not exceed spread and slippage/);
    expect(refusal({ stopDistance: Number.NaN })).toMatch(/does not exceed/);
    expect(refusal({ stopDistance: 0.00031 })).toBeUndefined();
  });

  it('ORD-6: a target that is not above zero; none is allowed', () => {
    expect(refusal({ targetDistance: 0 })).toMatch(/target distance 0/);
    expect(refusal({ targetDistance: -1 })).toMatch(/target distance/);
    const venue = testVenue();
    venue.submit(openOrder('buy', { targetDistance: undefined }));
    venue.onBar(bar(1, 1.1, 2, 1.1, 1.9));
    expect(venue.position).toMatchObject({ targetPrice: undefined, barsHeld: 1 });
  });

  it('ORD-7: a close of another position, side or volume', () => {
    const venue = testVenue();
    venue.submit(openOrder('buy'));
    venue.onBar(flatBar(1, 1.1));
    const wrong: [Partial<OrderRequest>, RegExp][] = [
      [{ purpose: { kind: 'close', positionId: 'pos-9', reason: 'signal' } }, /pos-9 is not open/],
      [{ side: 'buy' }, /does not close a long/],
      [{ volumeLots: 0.05 }, /only whole positions/],
    ];
    for (const [overrides, reason] of wrong) {
      const answer = venue.submit(closeOrder(venue, overrides));
      expect(answer).toMatchObject({ accepted: false, reason: expect.stringMatching(reason) });
    }
    expect(venue.submit(closeOrder(venue)).accepted).toBe(true);
  });

  it('ORD-8: never two positions, never two waiting orders of a kind', () => {
    const venue = testVenue();
    venue.submit(openOrder('buy'));
    expect(venue.submit(openOrder('sell'))).toEqual({
      accepted: false,
      reason: 'another open is already waiting',
    });
    venue.onBar(flatBar(1, 1.1));
    expect(venue.submit(openOrder('sell'))).toEqual({
      accepted: false,
      reason: 'a position is already open',
    });
    venue.submit(closeOrder(venue));
    expect(venue.submit(closeOrder(venue, { clientOrderId: 'close-2' }))).toMatchObject({ accepted: false });
    // Even with a close on its way the open is refused: flat first.
    expect(venue.submit(openOrder('sell'))).toMatchObject({ accepted: false });
  });

  it('ORD-9: a close whose position was flattened meanwhile is rejected at the fill', () => {
    const venue = testVenue();
    venue.submit(openOrder('buy'));
    venue.onBar(flatBar(1, 1.1));
    venue.submit(closeOrder(venue));
    venue.executeNow(closeOrder(venue, { clientOrderId: 'flatten' }), 1.1, 1);
    expect(venue.onBar(flatBar(2, 1.1)).rejections).toEqual([
      { clientOrderId: 'close-1', reason: 'position pos-1 is not open' },
    ]);
  });

  it('ORD-9: notional beyond the leverage is rejected at the fill and costs nothing', () => {
    const venue = testVenue({ costs: DEAR });
    // 10,000 at 30:1 carries 300,000; 2.8 lots at 1.1 are 308,000, at 1.05 they are 294,000.
    venue.submit(openOrder('buy', { volumeLots: 2.8 }));
    const { rejections, fills } = venue.onBar(flatBar(1, 1.1));
    expect(fills).toHaveLength(0);
    expect(rejections).toEqual([{ clientOrderId: 'open-buy', reason: 'the margin does not cover 2.8 lots' }]);
    expect(venue.balance).toBe(10_000);
    venue.submit(openOrder('buy', { clientOrderId: 'b', volumeLots: 2.8 }));
    expect(venue.onBar(flatBar(2, 1.05)).fills).toHaveLength(1);
  });
});

describe('size', () => {
  const spec = testSpec();
  const base = { equity: 10_000, riskFraction: 0.01, stopDistance: 0.002, price: 1.1 };

  it('ORD-10: the stop loses the risked share: 100 dollars over 20 pips are 0.5 lots', () => {
    expect(positionSizeLots(base, spec)).toBe(0.5);
    expect(positionSizeLots({ ...base, riskFraction: 0.005 }, spec)).toBe(0.25);
  });

  it('ORD-10: the quote-to-account rate enters', () => {
    const account = { ...spec.account, quoteToAccount: 0.5 };
    expect(positionSizeLots(base, { ...spec, account })).toBe(1);
  });

  it('ORD-11: leverage bounds the size, with five per cent of room', () => {
    // 10,000 * 30 * 0.95 / 110,000 = 2.5909… lots, although the risk would allow 10.
    expect(positionSizeLots({ ...base, stopDistance: 0.0001 }, spec)).toBe(2.59);
  });

  it('ORD-12: rounds down to the step, never up, and to 0 below the minimum', () => {
    expect(positionSizeLots({ ...base, stopDistance: 0.0021 }, spec)).toBe(0.47);
    expect(positionSizeLots({ ...base, equity: 100, stopDistance: 0.02 }, spec)).toBe(0);
    for (let step = 1; step <= 500; step++) {
      expect(roundVolumeDown(step * 0.01, spec.instrument)).toBe(Number((step / 100).toFixed(2)));
      expect(roundVolumeDown(step * 0.01 + 0.0099, spec.instrument)).toBe(Number((step / 100).toFixed(2)));
    }
  });

  it('ORD-12: nothing for equity, stop or price that make no sense', () => {
    for (const bad of [0, -1, Number.NaN]) {
      expect(positionSizeLots({ ...base, equity: bad }, spec)).toBe(0);
      expect(positionSizeLots({ ...base, stopDistance: bad }, spec)).toBe(0);
      expect(positionSizeLots({ ...base, price: bad }, spec)).toBe(0);
    }
  });
});

describe('orders from intents', () => {
  const context = { clientOrderId: 'x', symbol: 'EURUSD', createdMs: 5 };
  const intent = {
    type: 'open',
    volumeLots: 0.1,
    stopDistance: 0.002,
    targetDistance: 0.004,
    reason: 'signal',
  } as const;

  it('a long opens with a buy, a short with a sell', () => {
    const order = orderFromIntent({ ...intent, direction: 'long' }, { ...context, position: undefined });
    expect(order).toEqual({ ...openOrder('buy'), clientOrderId: 'x', createdMs: 5 });
    const short = orderFromIntent({ ...intent, direction: 'short' }, { ...context, position: undefined });
    expect(short?.side).toBe('sell');
  });

  it('a close takes side and volume from the position, and is nothing without one', () => {
    const position = { id: 'p', direction: 'short', volumeLots: 0.3 } as const;
    const order = orderFromIntent({ type: 'close', reason: 'flatten' }, { ...context, position });
    expect(order).toMatchObject({
      side: 'buy',
      volumeLots: 0.3,
      purpose: { kind: 'close', positionId: 'p', reason: 'flatten' },
    });
    expect(
      orderFromIntent({ type: 'close', reason: 'flatten' }, { ...context, position: undefined }),
    ).toBeUndefined();
  });
});
