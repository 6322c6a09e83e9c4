/** What a simulated venue remembers and tells. Everything here survives JSON unchanged. */
import { FrontierError } from '../errors.ts';
import type { Fill, OpenPosition, OrderRequest, Trade } from './types.ts';

/** The open position with what is needed to close its books. */
export interface PositionState extends OpenPosition {
  readonly entrySpreadCost: number;
  readonly entrySlippageCost: number;
  /** Prices on the closing side that went furthest against and for the position. */
  readonly worstPrice: number;
  readonly bestPrice: number;
}

export interface VenueState {
  readonly version: 1;
  readonly symbol: string;
  /** Realised, account currency, after commission. */
  readonly balance: number;
  readonly position: PositionState | null;
  readonly pending: readonly OrderRequest[];
  /** Every order ever taken, so that none is taken twice. */
  readonly seenOrderIds: readonly string[];
  /** Open time of the last bar; null before the first. */
  readonly lastBarMs: number | null;
}

/** Whether an order was taken; `reason` is `duplicate` for a repeated clientOrderId. */
export type Submission = { accepted: true } | { accepted: false; reason: string };

export interface VenueEvents {
  fills: Fill[];
  trades: Trade[];
  rejections: { clientOrderId: string; reason: string }[];
}

/** ORD-9: how the rejection of an entry begins that the account no longer carries at the fill. */
export const MARGIN_REJECTION = 'the margin does not cover';

/** @throws FrontierError CORRUPT when the state is not of this symbol or its numbers are broken */
export function assertVenueState(state: VenueState, symbol: string): void {
  const broken = (what: string): FrontierError =>
    new FrontierError(
      'CORRUPT',
      `The saved venue state ${what}.`,
      'Start the session anew, or restore the data folder from a backup.',
    );
  if (state.version !== 1) throw broken(`has version ${state.version}, this build reads version 1`);
  if (state.symbol !== symbol) throw broken(`is of ${state.symbol}, not of ${symbol}`);
  if (!Number.isFinite(state.balance)) throw broken(`has the balance ${state.balance}`);
  const p = state.position;
  if (p !== null && !(p.volumeLots > 0 && p.entryPrice > 0))
    throw broken('has a position without volume or price');
}
