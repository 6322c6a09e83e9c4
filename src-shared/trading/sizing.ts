/** How large a position may be (rules ORD-10 to ORD-12 in docs/spec/orders.md). */
import type { Instrument } from '../market/instruments.ts';
import type { VenueSpec } from './types.ts';

/**
 * Share of the allowed leverage that sizing uses. The order fills at the next open, which may lie above the
 * close that it was sized at; without room it would then be refused for margin.
 */
export const LEVERAGE_HEADROOM = 0.95;

/** What sizing looks at. */
export interface SizingInput {
  /** Account currency. */
  readonly equity: number;
  /** Share of equity lost when the stop is hit without a gap, e.g. 0.01. */
  readonly riskFraction: number;
  /** Entry to stop in price units. */
  readonly stopDistance: number;
  /** Price at which notional is counted. */
  readonly price: number;
}

/**
 * ORD-12: the volume rounded down to the instrument's step, 0 when below its minimum.
 * The small allowance keeps 0.07 / 0.01 = 6.999… from losing a step to binary fractions.
 */
export function roundVolumeDown(volumeLots: number, instrument: Instrument): number {
  const steps = Math.floor(volumeLots / instrument.volumeStepLots + 1e-9);
  const rounded = Math.round(steps * instrument.volumeStepLots * 1e8) / 1e8;
  return rounded + 1e-12 >= instrument.minVolumeLots ? rounded : 0;
}

/**
 * Volume in lots that loses `riskFraction` of equity between entry and stop (fixed-fractional sizing; Vince,
 * Portfolio Management Formulas, 1990), no more than the leverage allows, rounded down to the lot step.
 * Commission and slippage come on top of the risked amount.
 * @returns 0 when nothing that is allowed is left
 */
export function positionSizeLots(input: SizingInput, spec: VenueSpec): number {
  const { instrument, account } = spec;
  const { equity, riskFraction, stopDistance, price } = input;
  if (!(equity > 0 && riskFraction > 0 && stopDistance > 0 && price > 0)) return 0;
  const moneyPerLot = instrument.lotSize * account.quoteToAccount;
  const byRisk = (equity * riskFraction) / (stopDistance * moneyPerLot);
  const byLeverage = (equity * account.maxLeverage * LEVERAGE_HEADROOM) / (price * moneyPerLot);
  return roundVolumeDown(Math.min(byRisk, byLeverage), instrument);
}
