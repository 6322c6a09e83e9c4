import { describe, expect, it } from 'vitest';
import { FrontierError } from '../errors.ts';
import { instrumentFor } from '../market/instruments.ts';
import { accountFor, COST_PRESETS, costPresetFor, costsFor, venueFor } from './costs.ts';
import { pricingOf, roundTripCost } from './pricing.ts';
import { bar, closeOrder, DEAR, flatBar, openOrder, testSpec, testVenue } from './testing.ts';
import type { Trade, VenueSpec } from './types.ts';

/** A long or short of 0.1 lot from the open of bar 1 (1.1) to the open of bar 2 (1.101). */
function roundTrip(side: 'buy' | 'sell', overrides: Partial<VenueSpec>): { trade: Trade; balance: number } {
  const venue = testVenue(overrides);
  venue.submit(openOrder(side));
  venue.onBar(flatBar(1, 1.1));
  venue.submit(closeOrder(venue));
  const trade = venue.onBar(flatBar(2, 1.101)).trades[0]!;
  return { trade, balance: venue.balance };
}

describe('what a trade costs', () => {
  it('COST-1: the offsets of each price side', () => {
    const offsets = (priceSide: VenueSpec['priceSide']): number[] => {
      const { askOffset, bidOffset } = pricingOf(testSpec({ priceSide, costs: DEAR }));
      return [askOffset, bidOffset].map((o) => Math.round(o * 1e8) / 1e4);
    };
    expect(offsets('bid')).toEqual([2, 0]);
    expect(offsets('mid')).toEqual([1, -1]);
    expect(offsets('ask')).toEqual([0, -2]);
  });

  for (const priceSide of ['bid', 'mid', 'ask'] as const) {
    it(`COST-2: a round trip on ${priceSide} bars pays the spread once, long and short`, () => {
      // 0.1 lot: one dollar per pip, so 2 of spread, 2 of slippage (two market fills), 1 of commission.
      const long = roundTrip('buy', { priceSide, costs: DEAR });
      expect(long.trade).toMatchObject({
        spreadCost: expect.closeTo(2, 9),
        slippageCost: expect.closeTo(2, 9),
      });
      expect(long.trade.netProfit).toBeCloseTo(10 - 2 - 2 - 1, 9);
      const short = roundTrip('sell', { priceSide, costs: DEAR });
      expect(short.trade.spreadCost).toBeCloseTo(2, 9);
      expect(short.trade.netProfit).toBeCloseTo(-10 - 2 - 2 - 1, 9);
      expect(short.balance).toBeCloseTo(10_000 - 15, 9);
    });
  }

  it('COST-3: a target pays no slippage, a stop does', () => {
    const costs = { spreadPips: 0, commissionPerLot: 0, slippagePips: 1 };
    const run = (high: number, low: number): Trade => {
      const venue = testVenue({ costs });
      venue.submit(openOrder('buy'));
      return venue.onBar(bar(1, 1.1, high, low, 1.1)).trades[0]!;
    };
    expect(run(1.106, 1.1)).toMatchObject({ exitReason: 'take-profit', slippageCost: expect.closeTo(1, 9) });
    expect(run(1.106, 1.1).netProfit).toBeCloseTo(40, 9);
    expect(run(1.1, 1.097)).toMatchObject({ exitReason: 'stop-loss', slippageCost: expect.closeTo(2, 9) });
    expect(run(1.1, 1.097).netProfit).toBeCloseTo(-21, 9);
  });

  it('COST-4: commission per lot and per notional, the entry part at the entry', () => {
    const costs = { spreadPips: 0, commissionPerLot: 5, commissionRate: 0.001, slippagePips: 0 };
    const venue = testVenue({ costs });
    venue.submit(openOrder('buy'));
    const { fills } = venue.onBar(flatBar(1, 1.1));
    expect(fills[0]?.commission).toBeCloseTo(0.5 + 11, 9);
    expect(venue.balance).toBeCloseTo(10_000 - 11.5, 9);
    const { trade } = roundTrip('buy', { costs });
    expect(trade.commission).toBeCloseTo(11.5 + 0.5 + 11.01, 9);
  });

  it('COST-5: net profit plus all costs is the profit between the bar prices', () => {
    const { trade } = roundTrip('buy', { priceSide: 'mid', costs: { ...DEAR, commissionRate: 0.0002 } });
    const total = trade.netProfit + trade.commission + trade.spreadCost + trade.slippageCost;
    expect(total).toBeCloseTo(0.001 * 10_000, 9);
    expect(trade.netPips).toBeCloseTo(trade.netProfit, 9);
  });

  it('COST-10: the cost of a round trip is what the venue takes of one that ends where it began', () => {
    // 2 of spread, 1 of slippage twice, 0.5 of commission twice: 5 pips.
    expect(roundTripCost(testSpec({ costs: DEAR }), 1.1)).toBeCloseTo(0.0005, 12);
    const account = { ...testSpec().account, quoteToAccount: 0.8 };
    for (const priceSide of ['bid', 'mid', 'ask'] as const) {
      for (const side of ['buy', 'sell'] as const) {
        const spec = testSpec({ priceSide, account, costs: { ...DEAR, commissionRate: 0.0003 } });
        const venue = testVenue(spec);
        venue.submit(openOrder(side));
        venue.onBar(flatBar(1, 1.1));
        venue.submit(closeOrder(venue));
        const { trades } = venue.onBar(flatBar(2, 1.1));
        const moneyPerUnit = 0.1 * spec.instrument.lotSize * account.quoteToAccount;
        // The venue takes its rate of the fill prices, spread and slippage included: less than 0.005 pips apart.
        expect(-trades[0]!.netProfit / moneyPerUnit).toBeCloseTo(roundTripCost(spec, 1.1), 6);
      }
    }
  });

  it('COST-6: a negative or unknown cost is refused by name', () => {
    const bad = [
      { ...DEAR, spreadPips: -1 },
      { ...DEAR, commissionPerLot: Number.NaN },
      { ...DEAR, slippagePips: Number.POSITIVE_INFINITY },
      { ...DEAR, commissionRate: -0.1 },
    ];
    const names = ['spreadPips', 'commissionPerLot', 'slippagePips', 'commissionRate'];
    for (const [i, costs] of bad.entries()) {
      expect(() => pricingOf(testSpec({ costs }))).toThrow(names[i]!);
      expect(() => pricingOf(testSpec({ costs }))).toThrow(FrontierError);
    }
    const account = { ...testSpec().account, maxLeverage: 0 };
    expect(() => pricingOf(testSpec({ account }))).toThrow('maxLeverage');
  });
});

describe('presets', () => {
  it('COST-7: every instrument class has its preset', () => {
    const presets = ['EURUSD', 'GBPJPY', 'USDTRY', 'BTCUSDT', 'GOOG', 'SYNFX'].map((symbol) =>
      costPresetFor(instrumentFor(symbol)),
    );
    expect(presets).toEqual([
      'fx-retail',
      'fx-cross',
      'fx-exotic',
      'crypto-taker',
      'stock-retail',
      'fx-retail',
    ]);
    expect(costsFor(instrumentFor('EURUSD'))).toEqual({
      spreadPips: 1.2,
      commissionPerLot: 3.5,
      slippagePips: 0.3,
    });
    expect(costsFor(instrumentFor('GBPJPY')).spreadPips).toBe(4);
  });

  it('COST-7: no preset and no instrument is free', () => {
    for (const preset of Object.values(COST_PRESETS)) {
      const rate = 'commissionRate' in preset ? preset.commissionRate : 0;
      expect(preset.spreadPips + preset.commissionPerLot + rate).toBeGreaterThan(0);
    }
    for (const symbol of ['EURUSD', 'GBPJPY', 'EURSEK', 'USDZAR', 'UNIUSDT', 'INFY', 'SYNX']) {
      const costs = costsFor(instrumentFor(symbol));
      expect(costs.spreadPips + costs.commissionPerLot + (costs.commissionRate ?? 0)).toBeGreaterThan(0);
    }
  });

  it('COST-7: a coin with a known price quotes its spread in proportion', () => {
    const btc = costsFor(instrumentFor('BTCUSDT'), 50_000);
    expect(btc.spreadPips).toBeCloseTo(1500, 9);
    expect(btc.slippagePips).toBeCloseTo(1000, 9);
    expect(costsFor(instrumentFor('BTCUSDT')).commissionRate).toBe(0.0015);
    expect(costsFor(instrumentFor('UNIUSDT'), 5).spreadPips).toBe(1);
  });

  it('COST-8: a currency without a stated commission pays through the spread', () => {
    expect(costsFor(instrumentFor('EURSEK'))).toMatchObject({ commissionPerLot: 0, spreadPips: 30.8 });
    expect(costsFor(instrumentFor('USDJPY'))).toMatchObject({ commissionPerLot: 500, spreadPips: 1.3 });
  });

  it('COST-9: the account is kept in the quote currency', () => {
    expect(accountFor(instrumentFor('GBPJPY'))).toEqual({
      currency: 'JPY',
      initialBalance: 1_000_000,
      quoteToAccount: 1,
      maxLeverage: 30,
    });
    expect(accountFor(instrumentFor('EURGBP'))).toMatchObject({ currency: 'GBP', initialBalance: 10_000 });
    expect(venueFor(instrumentFor('EURUSD'), 'bid')).toMatchObject({
      intrabar: 'stop-first',
      priceSide: 'bid',
    });
  });
});
