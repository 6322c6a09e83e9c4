/** Realistic cost presets and the account of an instrument (docs/spec/costs.md). */
import type { Instrument } from '../market/instruments.ts';
import type { AccountSpec, CostModel, IntrabarPolicy, VenueSpec } from './types.ts';

/**
 * What a retail trader pays per class of instrument, in round figures of the size that fee tables of
 * commission accounts state (a starting point: set your own broker's). Money is in US dollars; `costsFor` restates it in the
 * account's currency. No preset is free.
 */
export const COST_PRESETS = {
  /** The dollar majors. */
  'fx-retail': { spreadPips: 1.2, commissionPerLot: 3.5, slippagePips: 0.3 },
  /** Crosses such as GBPJPY, whose two legs both cost. */
  'fx-cross': { spreadPips: 4, commissionPerLot: 3.5, slippagePips: 0.5 },
  /** Pairs with a currency that trades thinly (TRY, ZAR, MXN, SEK, NOK, DKK, PLN, HKD, SGD, CNH). */
  'fx-exotic': { spreadPips: 30, commissionPerLot: 3.5, slippagePips: 3 },
  /** Taker fee of 0.1 % per side; spread and slippage are pips of a coin whose price is known. */
  'crypto-taker': { spreadPips: 2, commissionPerLot: 0, commissionRate: 0.001, slippagePips: 1 },
  /** A coin whose price level is unknown: spread and slippage of 0.05 % per side folded into the fee. */
  'crypto-all-in': { spreadPips: 0, commissionPerLot: 0, commissionRate: 0.0015, slippagePips: 0 },
  /** Per-share commission; a lot is one share. */
  'stock-retail': { spreadPips: 2, commissionPerLot: 0.005, slippagePips: 1 },
} as const satisfies Record<string, CostModel>;

export type CostPresetName = keyof typeof COST_PRESETS;

/** Spreads that differ from their preset, in pips. */
const FX_SPREADS: Readonly<Record<string, number>> = {
  EURUSD: 1.2,
  USDJPY: 1.3,
  GBPUSD: 1.6,
  AUDUSD: 1.4,
  USDCHF: 1.7,
  USDCAD: 1.8,
  NZDUSD: 1.8,
  EURGBP: 1.6,
  EURJPY: 2,
  EURCHF: 2.2,
  AUDJPY: 2.4,
  GBPJPY: 4,
};

/**
 * Commission per lot and side of an account in each currency, in the size that fee tables state. These are round
 * prices, not conversions at a rate; a currency that is not listed gets an account without commission (COST-8).
 */
const COMMISSION_BY_CURRENCY: Readonly<Record<string, number>> = {
  USD: 3.5,
  EUR: 3.25,
  GBP: 2.75,
  CHF: 3.3,
  AUD: 5,
  NZD: 5.5,
  CAD: 4.75,
  JPY: 500,
};

/** Wider spread of an account without commission: 3.5 per 100,000 and side is 0.35 pip, twice. */
const ALL_IN_EXTRA_PIPS = 0.8;

const THIN = /TRY|ZAR|MXN|SEK|NOK|DKK|PLN|HKD|SGD|CNH/;

/** Share of the price that coins with a known price quote as spread, and slip by. */
const CRYPTO_SPREAD_RATE = 0.0003;
const CRYPTO_SLIPPAGE_RATE = 0.0002;

/** COST-7: the preset that an instrument belongs to. */
export function costPresetFor(instrument: Instrument): CostPresetName {
  if (instrument.assetClass === 'crypto') return 'crypto-taker';
  if (instrument.assetClass === 'stock') return 'stock-retail';
  if (instrument.assetClass === 'synthetic') return 'fx-retail';
  if (THIN.test(instrument.symbol)) return 'fx-exotic';
  return instrument.symbol.includes('USD') ? 'fx-retail' : 'fx-cross';
}

function fxCosts(instrument: Instrument, preset: CostModel): CostModel {
  const spreadPips = FX_SPREADS[instrument.symbol] ?? preset.spreadPips;
  const commissionPerLot = COMMISSION_BY_CURRENCY[instrument.quoteCurrency];
  if (commissionPerLot !== undefined) return { ...preset, spreadPips, commissionPerLot };
  return { ...preset, spreadPips: spreadPips + ALL_IN_EXTRA_PIPS, commissionPerLot: 0 };
}

function cryptoCosts(instrument: Instrument, referencePrice: number | undefined): CostModel {
  if (referencePrice === undefined) return COST_PRESETS['crypto-all-in'];
  const pips = (rate: number): number => Math.max(1, (rate * referencePrice) / instrument.pipSize);
  return {
    ...COST_PRESETS['crypto-taker'],
    spreadPips: pips(CRYPTO_SPREAD_RATE),
    slippagePips: pips(CRYPTO_SLIPPAGE_RATE),
  };
}

/**
 * The realistic default costs of an instrument, commission in the currency of `accountFor(instrument)`.
 * @param referencePrice typical price, from which the spread of a coin follows; without it coins get one
 *   all-in fee
 */
export function costsFor(instrument: Instrument, referencePrice?: number): CostModel {
  const preset = COST_PRESETS[costPresetFor(instrument)];
  if (instrument.assetClass === 'crypto') return cryptoCosts(instrument, referencePrice);
  if (instrument.assetClass === 'stock') return preset;
  return fxCosts(instrument, preset);
}

/** COST-9: money is counted in the quote currency, so that no conversion rate has to be invented. */
export function accountFor(instrument: Instrument): AccountSpec {
  return {
    currency: instrument.quoteCurrency,
    initialBalance: instrument.quoteCurrency === 'JPY' ? 1_000_000 : 10_000,
    quoteToAccount: 1,
    maxLeverage: 30,
  };
}

/** The default venue of an instrument: its own costs and account, stop first inside an ambiguous bar. */
export function venueFor(
  instrument: Instrument,
  priceSide: VenueSpec['priceSide'],
  options: {
    readonly costs?: CostModel | undefined;
    readonly intrabar?: IntrabarPolicy | undefined;
    readonly referencePrice?: number | undefined;
  } = {},
): VenueSpec {
  return {
    instrument,
    priceSide,
    costs: options.costs ?? costsFor(instrument, options.referencePrice),
    account: accountFor(instrument),
    intrabar: options.intrabar ?? 'stop-first',
  };
}
