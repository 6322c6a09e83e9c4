import { describe, expect, it } from 'vitest';
import { FrontierError } from '../errors.ts';
import { SequentialIds } from './ids.ts';
import { bar, closeOrder, DEAR, flatBar, openOrder, testSpec, testVenue } from './testing.ts';
import type { VenueSpec } from './types.ts';
import { SimulatedVenue, type VenueEvents, type VenueState } from './venue.ts';

/** A venue with an open position of 0.1 lot entered at the open of bar 1. */
function opened(
  side: 'buy' | 'sell',
  overrides: Partial<VenueSpec> = {},
  price = 1.1,
): { venue: SimulatedVenue; events: VenueEvents } {
  const venue = testVenue(overrides);
  expect(venue.submit(openOrder(side))).toEqual({ accepted: true });
  return { venue, events: venue.onBar(flatBar(1, price)) };
}

describe('market orders', () => {
  it('FILL-1: an order submitted after bar 0 fills at the open of bar 1, gap or not', () => {
    const venue = testVenue();
    venue.onBar(flatBar(0, 1.1));
    venue.submit(openOrder('buy'));
    expect(venue.position).toBeUndefined();
    const { fills } = venue.onBar(bar(1, 1.105, 1.106, 1.104, 1.1055));
    expect(fills).toHaveLength(1);
    expect(fills[0]).toMatchObject({ price: 1.105, timeMs: 3_600_000, effect: 'open', side: 'buy' });
    expect(venue.position).toMatchObject({ direction: 'long', entryPrice: 1.105, barsHeld: 1 });
  });

  const sides = [
    { priceSide: 'bid', buy: 1.1003, sell: 1.0999 },
    { priceSide: 'mid', buy: 1.1002, sell: 1.0998 },
    { priceSide: 'ask', buy: 1.1001, sell: 1.0997 },
  ] as const;
  for (const { priceSide, buy, sell } of sides) {
    it(`FILL-2: on ${priceSide} bars a buy pays the ask plus slippage, a sell gets the bid less slippage`, () => {
      const long = opened('buy', { priceSide, costs: DEAR });
      expect(long.events.fills[0]?.price).toBeCloseTo(buy, 12);
      const short = opened('sell', { priceSide, costs: DEAR });
      expect(short.events.fills[0]?.price).toBeCloseTo(sell, 12);
    });
  }

  it('FILL-3: stop and target lie from the fill price, not from the bar', () => {
    const { venue } = opened('buy', { costs: DEAR });
    expect(venue.position?.stopPrice).toBeCloseTo(1.1003 - 0.002, 12);
    expect(venue.position?.targetPrice).toBeCloseTo(1.1003 + 0.004, 12);
    expect(venue.position?.initialRisk).toBeCloseTo(20, 9);
  });

  it('FILL-3: the stop is live in the entry bar', () => {
    const venue = testVenue();
    venue.submit(openOrder('buy'));
    const { trades } = venue.onBar(bar(1, 1.1, 1.101, 1.097, 1.0975));
    expect(trades).toHaveLength(1);
    expect(trades[0]).toMatchObject({ exitReason: 'stop-loss', barsHeld: 1, ambiguous: false });
    expect(trades[0]?.exitPrice).toBeCloseTo(1.098, 12);
    expect(trades[0]?.netProfit).toBeCloseTo(-20, 9);
  });
});

describe('stop and target', () => {
  it('FILL-4: a stop slips, a target does not', () => {
    const stopped = opened('buy', { costs: DEAR }).venue.onBar(bar(2, 1.1, 1.1, 1.098, 1.099)).trades[0];
    expect(stopped?.exitPrice).toBeCloseTo(1.0983 - 0.0001, 12);
    // Slippage of one pip at entry and exit: 0.1 lot is one dollar per pip.
    expect(stopped?.slippageCost).toBeCloseTo(2, 9);
    const reached = opened('buy', { costs: DEAR }).venue.onBar(bar(2, 1.1, 1.105, 1.1, 1.1)).trades[0];
    expect(reached?.exitPrice).toBeCloseTo(1.1043, 12);
    expect(reached?.slippageCost).toBeCloseTo(1, 9);
  });

  it('FILL-4: a short stop slips upwards, and its loss is hand-computed', () => {
    const { venue } = opened('sell', { costs: DEAR });
    // Entry at bid less slippage 1.0999; stop 1.1019 on the ask, reached when the bid is 1.1017.
    const { trades } = venue.onBar(bar(2, 1.1, 1.1017, 1.1, 1.1));
    expect(trades[0]?.exitPrice).toBeCloseTo(1.102, 12);
    expect(trades[0]?.netProfit).toBeCloseTo(-21 - 1, 9);
    expect(trades[0]?.rMultiple).toBeCloseTo(-22 / 20, 9);
  });

  it('FILL-5: a long position exits on the bid, so bid bars trigger it at their own prices', () => {
    const { venue } = opened('buy', { costs: DEAR });
    expect(venue.onBar(bar(2, 1.1, 1.1042, 1.0984, 1.1)).trades).toHaveLength(0);
    expect(venue.onBar(bar(3, 1.1, 1.1044, 1.1, 1.1)).trades[0]?.exitReason).toBe('take-profit');
  });

  it('FILL-5: a short position exits on the ask: its target needs the bid to fall a spread further', () => {
    const { venue } = opened('sell', { costs: DEAR });
    // Entry 1.0999, target 1.0959 on the ask: the bid must reach 1.0957.
    expect(venue.onBar(bar(2, 1.1, 1.1, 1.0958, 1.1)).trades).toHaveLength(0);
    expect(venue.onBar(bar(3, 1.1, 1.1, 1.09569, 1.1)).trades[0]?.exitReason).toBe('take-profit');
  });

  it('FILL-5: on ask bars the long side is the shifted one', () => {
    const { venue } = opened('buy', { costs: DEAR, priceSide: 'ask' });
    // Entry 1.1001, stop 1.0981 on the bid, which is the bar less two pips.
    expect(venue.onBar(bar(2, 1.1, 1.1, 1.09835, 1.1)).trades).toHaveLength(0);
    expect(venue.onBar(bar(3, 1.1, 1.1, 1.0982, 1.1)).trades[0]?.exitReason).toBe('stop-loss');
  });

  it('FILL-5: a touch counts', () => {
    const { venue } = opened('buy', {}, 1);
    const stop = venue.position!.stopPrice!;
    expect(venue.onBar(bar(2, 1, 1, stop, 1)).trades[0]).toMatchObject({
      exitReason: 'stop-loss',
      exitPrice: stop,
    });
  });

  it('FILL-6: a gap through the stop fills at the open with slippage', () => {
    const long = opened('buy', { costs: DEAR }).venue.onBar(bar(2, 1.09, 1.11, 1.089, 1.1)).trades[0];
    expect(long).toMatchObject({ exitReason: 'stop-loss', ambiguous: false, barsHeld: 1 });
    expect(long?.exitPrice).toBeCloseTo(1.0899, 12);
    const short = opened('sell', { costs: DEAR }).venue.onBar(bar(2, 1.11, 1.111, 1.09, 1.1)).trades[0];
    expect(short?.exitPrice).toBeCloseTo(1.11 + 0.0002 + 0.0001, 12);
    expect(short?.netProfit).toBeCloseTo(-(1.1103 - 1.0999) * 10_000 - 1, 9);
  });

  it('FILL-7: a gap through the target fills at the target, not at the better open', () => {
    const long = opened('buy').venue.onBar(bar(2, 1.12, 1.121, 1.09, 1.1)).trades[0];
    expect(long).toMatchObject({ exitReason: 'take-profit', ambiguous: false, barsHeld: 1 });
    expect(long?.exitPrice).toBeCloseTo(1.104, 12);
    const short = opened('sell').venue.onBar(bar(2, 1.08, 1.12, 1.079, 1.1)).trades[0];
    expect(short?.exitPrice).toBeCloseTo(1.096, 12);
  });

  it('FILL-8: a bar with stop and target follows the policy and is marked', () => {
    const both = bar(2, 1.1, 1.105, 1.097, 1.1);
    const worst = opened('buy').venue.onBar(both).trades[0];
    expect(worst).toMatchObject({ exitReason: 'stop-loss', ambiguous: true });
    expect(worst?.netProfit).toBeCloseTo(-20, 9);
    const best = opened('buy', { intrabar: 'target-first' }).venue.onBar(both).trades[0];
    expect(best).toMatchObject({ exitReason: 'take-profit', ambiguous: true });
    expect(best?.netProfit).toBeCloseTo(40, 9);
  });

  it('FILL-8: target-first still takes the stop where only the stop is reached', () => {
    const { venue } = opened('buy', { intrabar: 'target-first' });
    expect(venue.onBar(bar(2, 1.1, 1.1039, 1.097, 1.1)).trades[0]).toMatchObject({
      exitReason: 'stop-loss',
      ambiguous: false,
    });
  });

  it('FILL-9: a waiting close comes before a stop in the same bar', () => {
    const { venue } = opened('buy');
    venue.submit(closeOrder(venue));
    const { trades, fills } = venue.onBar(bar(2, 1.0995, 1.1, 1.09, 1.095));
    expect(fills).toHaveLength(1);
    expect(trades[0]).toMatchObject({ exitReason: 'signal', exitPrice: 1.0995, barsHeld: 1 });
  });

  it('FILL-9: a close at an open through the stop is still the close', () => {
    const { venue } = opened('buy');
    venue.submit(closeOrder(venue));
    expect(venue.onBar(bar(2, 1.09, 1.1, 1.09, 1.095)).trades[0]).toMatchObject({
      exitReason: 'signal',
      exitPrice: 1.09,
    });
  });
});

describe('books', () => {
  it('FILL-10: excursions are taken on the closing side; of the exit bar only open and exit count', () => {
    const { venue } = opened('buy', { costs: { ...DEAR, slippagePips: 0 } });
    // Entry 1.1002. Bar 2 goes 12 pips against and 18 for it; bar 3 opens 8 pips for it and stops out.
    venue.onBar(bar(2, 1.1, 1.102, 1.099, 1.1));
    expect(venue.position?.barsHeld).toBe(2);
    const { trades } = venue.onBar(bar(3, 1.101, 1.104, 1.098, 1.099));
    expect(trades[0]?.exitReason).toBe('stop-loss');
    expect(trades[0]?.maePips).toBeCloseTo(20, 9);
    expect(trades[0]?.mfePips).toBeCloseTo(18, 9);
    expect(trades[0]?.barsHeld).toBe(3);
  });

  it('FILL-10: a fresh long has already moved against itself by spread and slippage', () => {
    const { venue } = opened('buy', { costs: DEAR });
    const { trades } = venue.executeNow(closeOrder(venue), 1.1, 3_600_000);
    expect(trades[0]?.maePips).toBeCloseTo(4, 9);
    expect(trades[0]?.mfePips).toBe(0);
  });

  it('FILL-11: executeNow closes at the quote with spread side and slippage', () => {
    const { venue } = opened('sell', { costs: DEAR });
    const { fills, trades } = venue.executeNow(closeOrder(venue), 1.095, 7_000_000);
    expect(fills[0]).toMatchObject({
      effect: 'close',
      side: 'buy',
      timeMs: 7_000_000,
      clientOrderId: 'close-1',
    });
    expect(fills[0]?.price).toBeCloseTo(1.0953, 12);
    // 1.0999 - 1.0953 = 46 pips of one dollar, less half a dollar of commission per side.
    expect(trades[0]?.netProfit).toBeCloseTo(45, 9);
    expect(venue.position).toBeUndefined();
  });

  it('FILL-11: executeNow refuses a quote that is no price, and rejects what submit would refuse', () => {
    const { venue } = opened('buy');
    expect(() => venue.executeNow(closeOrder(venue), Number.NaN, 1)).toThrow(FrontierError);
    expect(venue.executeNow(openOrder('buy'), 1.1, 1).rejections).toEqual([
      { clientOrderId: 'open-buy', reason: 'duplicate' },
    ]);
    const again = openOrder('buy', { clientOrderId: 'second' });
    expect(venue.executeNow(again, 1.1, 1).rejections[0]?.reason).toBe('a position is already open');
  });

  it('FILL-12: equity marks a long at the bid and a short at the ask, after the entry commission', () => {
    const long = opened('buy', { costs: DEAR }).venue;
    expect(long.balance).toBeCloseTo(9_999.5, 9);
    expect(long.equityAt(1.1)).toBeCloseTo(9_999.5 - 3, 9);
    const short = opened('sell', { costs: DEAR }).venue;
    expect(short.equityAt(1.1)).toBeCloseTo(9_999.5 - 3, 9);
    expect(short.equityAt(1.09)).toBeCloseTo(9_999.5 + 97, 9);
  });

  it('FILL-14: bars out of order, repeated or impossible are refused and fill nothing', () => {
    const venue = testVenue();
    venue.onBar(flatBar(1, 1.1));
    venue.submit(openOrder('buy'));
    expect(() => venue.onBar(flatBar(1, 1.1))).toThrow(/does not follow/);
    expect(() => venue.onBar(flatBar(0, 1.1))).toThrow(/does not follow/);
    const bad = [
      bar(2, 1.1, 1.09, 1.08, 1.1),
      bar(2, 1.1, 1.2, 1.15, 1.15),
      bar(2, 1.1, 1.1, 1.1, Number.NaN),
      bar(2, Number.NaN, 1.1, 1.1, 1.1),
      bar(2, -1, -1, -1, -1),
      bar(2, 1, Number.POSITIVE_INFINITY, 1, 1),
    ];
    for (const broken of bad) expect(() => venue.onBar(broken)).toThrow(/epoch ms/);
    expect(venue.position).toBeUndefined();
    expect(venue.pending).toHaveLength(1);
  });

  it('FILL-15: a snapshot survives JSON with position, waiting orders and seen ids', () => {
    const spec = testSpec({ costs: DEAR });
    const { venue } = opened('buy', { costs: DEAR });
    venue.onBar(bar(2, 1.1, 1.101, 1.0995, 1.1));
    venue.submit(closeOrder(venue));
    const saved = JSON.parse(JSON.stringify(venue.snapshot())) as VenueState;
    const restored = new SimulatedVenue(spec, new SequentialIds(), saved);
    expect(restored.position).toEqual(venue.position);
    expect(restored.pending).toEqual(venue.pending);
    expect(restored.submit(openOrder('buy'))).toEqual({ accepted: false, reason: 'duplicate' });
    const next = bar(3, 1.1, 1.11, 1.09, 1.1);
    const [a, b] = [venue.onBar(next).trades[0], restored.onBar(next).trades[0]];
    expect(a).toBeDefined();
    expect(b).toEqual(a);
  });

  it('FILL-15: a state of another symbol, version or without sense is corrupt', () => {
    const { venue } = opened('buy');
    const state = venue.snapshot();
    const broken: VenueState[] = [
      { ...state, symbol: 'GBPUSD' },
      { ...state, version: 2 as 1 },
      { ...state, balance: Number.NaN },
      { ...state, position: { ...state.position!, volumeLots: 0 } },
    ];
    for (const bad of broken) {
      expect(() => new SimulatedVenue(testSpec(), new SequentialIds(), bad)).toThrow(/saved venue state/);
    }
  });
});
