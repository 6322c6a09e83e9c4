/**
 * From a bar's price to the price that is really paid or received, and from prices to money.
 * Bars are quoted on one side (bid, ask or mid); every order executes on the other side of the spread from
 * the one that would flatter it (rules COST-1 to COST-6 in docs/spec/costs.md).
 */
import { FrontierError } from '../errors.ts';
import type { CostModel, VenueSpec } from './types.ts';

/** FILL-5: a level this near counts as touched, so that binary rounding (1.1017 + 0.0002) does not decide. */
export const TOUCH_TOLERANCE_PIPS = 1e-6;

/** Distances and factors of one venue, worked out once so that the bar loop only adds and multiplies. */
export interface Pricing {
  /** Bar price plus this is the ask (what buyers pay), in price units. */
  readonly askOffset: number;
  /** Bar price plus this is the bid (what sellers get), in price units; never positive. */
  readonly bidOffset: number;
  /** Adverse slippage of market and stop fills, in price units. */
  readonly slippage: number;
  /** Full bid-ask distance in price units. */
  readonly spread: number;
  /** `TOUCH_TOLERANCE_PIPS` in price units. */
  readonly touchTolerance: number;
  /** Account currency per lot and unit of price. */
  readonly moneyPerLot: number;
  /** Account currency per lot and pip. */
  readonly pipValuePerLot: number;
  readonly commissionPerLot: number;
  readonly commissionRate: number;
}

function assertNonNegative(name: string, value: number): void {
  if (!(Number.isFinite(value) && value >= 0)) {
    throw new FrontierError(
      'BAD_INPUT',
      `The cost model has ${name} = ${value}.`,
      'Costs are finite numbers that are not negative; start from a preset in COST_PRESETS.',
    );
  }
}

function assertPositive(name: string, value: number): void {
  if (!(Number.isFinite(value) && value > 0)) {
    throw new FrontierError(
      'BAD_INPUT',
      `The venue has ${name} = ${value}.`,
      'Use instrumentFor and accountFor, or give a finite number above zero.',
    );
  }
}

/** COST-6: refuses a cost model with a negative or non-finite part. @throws FrontierError BAD_INPUT */
export function assertCosts(costs: CostModel): void {
  assertNonNegative('spreadPips', costs.spreadPips);
  assertNonNegative('commissionPerLot', costs.commissionPerLot);
  assertNonNegative('commissionRate', costs.commissionRate ?? 0);
  assertNonNegative('slippagePips', costs.slippagePips);
}

/** Offsets and money factors of a venue. @throws FrontierError BAD_INPUT for costs or units that make no sense */
export function pricingOf(spec: VenueSpec): Pricing {
  const { instrument, account, costs } = spec;
  assertCosts(costs);
  assertPositive('pipSize', instrument.pipSize);
  assertPositive('lotSize', instrument.lotSize);
  assertPositive('minVolumeLots', instrument.minVolumeLots);
  assertPositive('volumeStepLots', instrument.volumeStepLots);
  assertPositive('initialBalance', account.initialBalance);
  assertPositive('quoteToAccount', account.quoteToAccount);
  assertPositive('maxLeverage', account.maxLeverage);
  const spread = costs.spreadPips * instrument.pipSize;
  const askOffset = spec.priceSide === 'bid' ? spread : spec.priceSide === 'mid' ? spread / 2 : 0;
  const moneyPerLot = instrument.lotSize * account.quoteToAccount;
  return {
    askOffset,
    bidOffset: askOffset - spread,
    slippage: costs.slippagePips * instrument.pipSize,
    spread,
    touchTolerance: instrument.pipSize * TOUCH_TOLERANCE_PIPS,
    moneyPerLot,
    pipValuePerLot: moneyPerLot * instrument.pipSize,
    commissionPerLot: costs.commissionPerLot,
    commissionRate: costs.commissionRate ?? 0,
  };
}

/**
 * COST-10: what a round trip costs per unit traded, in price units: the spread once, slippage and commission on both
 * sides, all at one price. A position must move further than this to earn anything.
 */
export function roundTripCost(spec: VenueSpec, price: number): number {
  const { costs, instrument, account } = spec;
  const perLot = costs.commissionPerLot / (instrument.lotSize * account.quoteToAccount);
  const commission = perLot + (costs.commissionRate ?? 0) * price;
  return (costs.spreadPips + 2 * costs.slippagePips) * instrument.pipSize + 2 * commission;
}

/** COST-4: commission of one side in account currency. */
export function commissionOf(pricing: Pricing, volumeLots: number, price: number): number {
  return volumeLots * (pricing.commissionPerLot + pricing.commissionRate * price * pricing.moneyPerLot);
}
