/**
 * The one vocabulary of decisions, orders and fills shared by backtest, paper and live.
 * Prices are in the instrument's quote currency; volumes in lots; money in account currency.
 */
import type { Bar } from '../market/bars.ts';
import type { Instrument } from '../market/instruments.ts';
import type { EntryBlock } from './entryMask.ts';

export type Side = 'buy' | 'sell';
export type Direction = 'long' | 'short';

/** Why a position was closed. */
export type ExitReason = 'stop-loss' | 'take-profit' | 'max-holding' | 'signal' | 'flatten' | 'end-of-data';

/** The genes of the thresholded strategy: all that a study may change. */
export interface StrategyGenes {
  /** Entry when the predicted forward return, in units of its own calibrated scale, exceeds this. 0 and up. */
  readonly entryThreshold: number;
  /** Stop-loss distance in multiples of the bar volatility (ATR) at the decision. */
  readonly stopAtr: number;
  /** Take-profit distance in multiples of ATR at the decision. */
  readonly targetAtr: number;
  /** Share of equity put at risk between entry and stop, e.g. 0.01 is one per cent. */
  readonly riskFraction: number;
  /** The position is closed at the first open after this many bars. */
  readonly maxHoldingBars: number;
}

/** What trading costs. Every preset is realistic; none is free. */
export interface CostModel {
  /** Full bid-ask distance. Charged half on each side of a mid price, or whole on the far side of bid bars. */
  readonly spreadPips: number;
  /** Per lot and side, in account currency. */
  readonly commissionPerLot: number;
  /** Share of the notional per side, e.g. 0.001 for a taker fee of 0.1 %; added to `commissionPerLot`. Default 0. */
  readonly commissionRate?: number | undefined;
  /** Adverse slippage on market and stop fills. */
  readonly slippagePips: number;
}

/** What the strategy knows when it decides: nothing later than the bar that has just closed. */
export interface DecisionInput {
  readonly bar: Bar;
  /** Predicted forward return divided by the calibrated scale of such predictions; NaN while unknown. */
  readonly signal: number;
  /** Average true range at the closed bar, in price units; NaN while unknown. */
  readonly atr: number;
  readonly position: OpenPosition | undefined;
  readonly equity: number;
  /** Why no position may be opened after this bar; closes are not affected (ORD-21). */
  readonly blocked?: EntryBlock | undefined;
}

export interface OpenPosition {
  readonly id: string;
  readonly direction: Direction;
  readonly volumeLots: number;
  readonly entryPrice: number;
  readonly entryTimeMs: number;
  readonly stopPrice: number | undefined;
  readonly targetPrice: number | undefined;
  /** Bars closed since the entry fill, the entry bar included. */
  readonly barsHeld: number;
  /** Price risk between entry and stop in account currency when opened: one R. */
  readonly initialRisk: number;
  /** Commission paid at entry, in account currency. */
  readonly entryCost: number;
}

/** What the strategy wants done. */
export type Intent =
  | {
      readonly type: 'open';
      readonly direction: Direction;
      readonly volumeLots: number;
      /** Distances from the fill price, in price units. */
      readonly stopDistance: number;
      readonly targetDistance: number;
      readonly reason: 'signal';
    }
  | { readonly type: 'close'; readonly reason: ExitReason };

export interface Decision {
  /** Open time of the closed bar that was decided on. */
  readonly barTimeMs: number;
  readonly signal: number;
  readonly atr: number;
  readonly intent: Intent | undefined;
  /** In words: why this, or why nothing. */
  readonly explanation: string;
}

export type OrderType = 'market';
/** `unknown`: it left, and no answer came. Reconciliation resolves it; it is never sent again blindly. */
export type OrderState = 'created' | 'sent' | 'accepted' | 'filled' | 'rejected' | 'cancelled' | 'unknown';

/** An order as journaled before it leaves. `clientOrderId` is unique for ever and makes resending safe. */
export interface OrderRequest {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly volumeLots: number;
  /** Opens a position, or closes the one named. */
  readonly purpose:
    | { readonly kind: 'open' }
    | { readonly kind: 'close'; readonly positionId: string; readonly reason: ExitReason };
  readonly stopDistance?: number | undefined;
  readonly targetDistance?: number | undefined;
  readonly createdMs: number;
}

/** One execution. `price` includes spread and slippage; the costs are named apart so that they add up. */
export interface Fill {
  readonly fillId: string;
  /** Empty for protective exits that the venue made by itself. */
  readonly clientOrderId: string;
  readonly positionId: string;
  readonly side: Side;
  readonly volumeLots: number;
  readonly price: number;
  readonly timeMs: number;
  readonly effect: 'open' | 'close';
  readonly exitReason?: ExitReason | undefined;
  /** Account currency, all positive numbers. */
  readonly commission: number;
  readonly spreadCost: number;
  readonly slippageCost: number;
  /** Realised profit before commission on a close; 0 on an open. */
  readonly grossProfit: number;
}

/** A closed round trip. */
export interface Trade {
  readonly id: string;
  readonly direction: Direction;
  readonly volumeLots: number;
  readonly entryTimeMs: number;
  readonly entryPrice: number;
  readonly exitTimeMs: number;
  readonly exitPrice: number;
  readonly exitReason: ExitReason;
  readonly barsHeld: number;
  /** After all costs, account currency. */
  readonly netProfit: number;
  readonly netPips: number;
  /** Net profit over initial risk. */
  readonly rMultiple: number;
  readonly commission: number;
  readonly spreadCost: number;
  readonly slippageCost: number;
  /** Largest move against and for the position while open, in pips, both positive. */
  readonly maePips: number;
  readonly mfePips: number;
  /** Both stop and target lay inside the bar that closed it, so the order was assumed. */
  readonly ambiguous: boolean;
}

/** How a bar is resolved in which both stop and target lie. */
export type IntrabarPolicy = 'stop-first' | 'target-first';

/** Where money is counted. */
export interface AccountSpec {
  readonly currency: string;
  readonly initialBalance: number;
  /** Account currency per unit of the instrument's quote currency. */
  readonly quoteToAccount: number;
  /** Notional over equity never exceeds this. */
  readonly maxLeverage: number;
}

/** Everything the simulated venue needs. */
export interface VenueSpec {
  readonly instrument: Instrument;
  readonly priceSide: 'bid' | 'ask' | 'mid';
  readonly costs: CostModel;
  readonly account: AccountSpec;
  readonly intrabar: IntrabarPolicy;
}
