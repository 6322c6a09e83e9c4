/** The books of the one open position: opening, protective exits inside a bar, excursions, settlement. */
import type { IdSource } from '../runtime.ts';
import { commissionOf, type Pricing } from './pricing.ts';
import type { ExitReason, Fill, OpenPosition, OrderRequest, Trade, VenueSpec } from './types.ts';
import type { PositionState } from './venueState.ts';

/** How a position ended. `price` includes spread and slippage; `slippage` is the part of it, in price units. */
export interface Exit {
  readonly price: number;
  readonly slippage: number;
  readonly reason: ExitReason;
  readonly ambiguous: boolean;
  readonly timeMs: number;
  /** Empty for protective exits. */
  readonly clientOrderId: string;
}

/** What a settled position leaves behind. `cash` is gross profit less the exit's commission. */
export interface Settlement {
  readonly fill: Fill;
  readonly trade: Trade;
  readonly cash: number;
}

/**
 * Held as scalars so that a bar without an event allocates nothing. While `sign` is 0 the rest is stale.
 */
export class PositionBook {
  /** 1 long, -1 short, 0 flat. */
  sign = 0;
  barsHeld = 0;
  readonly #spec: VenueSpec;
  readonly #pricing: Pricing;
  readonly #ids: IdSource;
  #id = '';
  #volumeLots = 0;
  #entryPrice = 0;
  #entryTimeMs = 0;
  /** NaN where there is none: every comparison with it is false, so it never triggers. */
  #stopPrice = Number.NaN;
  #targetPrice = Number.NaN;
  #initialRisk = 0;
  #entryCommission = 0;
  #entrySpreadCost = 0;
  #entrySlippageCost = 0;
  #worstPrice = 0;
  #bestPrice = 0;

  constructor(spec: VenueSpec, pricing: Pricing, ids: IdSource) {
    this.#spec = spec;
    this.#pricing = pricing;
    this.#ids = ids;
  }

  /** Takes over a saved position. */
  restore(saved: PositionState): void {
    this.sign = saved.direction === 'long' ? 1 : -1;
    this.barsHeld = saved.barsHeld;
    this.#id = saved.id;
    this.#volumeLots = saved.volumeLots;
    this.#entryPrice = saved.entryPrice;
    this.#entryTimeMs = saved.entryTimeMs;
    this.#stopPrice = saved.stopPrice ?? Number.NaN;
    this.#targetPrice = saved.targetPrice ?? Number.NaN;
    this.#initialRisk = saved.initialRisk;
    this.#entryCommission = saved.entryCost;
    this.#entrySpreadCost = saved.entrySpreadCost;
    this.#entrySlippageCost = saved.entrySlippageCost;
    this.#worstPrice = saved.worstPrice;
    this.#bestPrice = saved.bestPrice;
  }

  /** The position as the strategy sees it; undefined while flat. */
  view(): OpenPosition | undefined {
    if (this.sign === 0) return undefined;
    return {
      id: this.#id,
      direction: this.sign > 0 ? 'long' : 'short',
      volumeLots: this.#volumeLots,
      entryPrice: this.#entryPrice,
      entryTimeMs: this.#entryTimeMs,
      stopPrice: Number.isNaN(this.#stopPrice) ? undefined : this.#stopPrice,
      targetPrice: Number.isNaN(this.#targetPrice) ? undefined : this.#targetPrice,
      barsHeld: this.barsHeld,
      initialRisk: this.#initialRisk,
      entryCost: this.#entryCommission,
    };
  }

  /** Everything `restore` needs; null while flat. */
  save(): PositionState | null {
    const view = this.view();
    if (view === undefined) return null;
    return {
      ...view,
      entrySpreadCost: this.#entrySpreadCost,
      entrySlippageCost: this.#entrySlippageCost,
      worstPrice: this.#worstPrice,
      bestPrice: this.#bestPrice,
    };
  }

  /** Added to a bar's price it gives the side on which the position closes: bid for long, ask for short. */
  get closeOffset(): number {
    return this.sign > 0 ? this.#pricing.bidOffset : this.#pricing.askOffset;
  }

  /** FILL-12: open profit in account currency at a bar price, on the closing side, before exit commission. */
  openProfit(price: number): number {
    const units = this.#volumeLots * this.#pricing.moneyPerLot;
    return this.sign * (price + this.closeOffset - this.#entryPrice) * units;
  }

  /** What a market exit at a bar price of the venue's side would be (COST-1 to COST-3). */
  marketExit(reference: number, reason: ExitReason, timeMs: number, clientOrderId: string): Exit {
    const { slippage } = this.#pricing;
    const price = reference + this.closeOffset - this.sign * slippage;
    this.#noteExcursion(reference + this.closeOffset, reference + this.closeOffset);
    return { price, slippage, reason, ambiguous: false, timeMs, clientOrderId };
  }

  /** FILL-2: opens at a bar price of the venue's side. The volume and the distances are already checked. */
  open(order: OrderRequest, reference: number, timeMs: number): Fill {
    const { askOffset, bidOffset, slippage, moneyPerLot } = this.#pricing;
    const sign = order.side === 'buy' ? 1 : -1;
    const price = reference + (sign > 0 ? askOffset + slippage : bidOffset - slippage);
    const units = order.volumeLots * moneyPerLot;
    this.sign = sign;
    this.barsHeld = 0;
    this.#id = this.#ids.next('pos');
    this.#volumeLots = order.volumeLots;
    this.#entryPrice = price;
    this.#entryTimeMs = timeMs;
    this.#stopPrice = price - sign * (order.stopDistance ?? Number.NaN);
    this.#targetPrice = price + sign * (order.targetDistance ?? Number.NaN);
    this.#initialRisk = (order.stopDistance ?? Number.NaN) * units;
    this.#entryCommission = commissionOf(this.#pricing, order.volumeLots, price);
    this.#entrySpreadCost = (sign > 0 ? askOffset : -bidOffset) * units;
    this.#entrySlippageCost = slippage * units;
    this.#worstPrice = price;
    this.#bestPrice = price;
    this.#noteExcursion(reference + this.closeOffset, reference + this.closeOffset);
    return {
      fillId: this.#ids.next('fill'),
      clientOrderId: order.clientOrderId,
      positionId: this.#id,
      side: order.side,
      volumeLots: order.volumeLots,
      price,
      timeMs,
      effect: 'open',
      commission: this.#entryCommission,
      spreadCost: this.#entrySpreadCost,
      slippageCost: this.#entrySlippageCost,
      grossProfit: 0,
    };
  }

  /**
   * Stop and target against one bar, both compared with the side on which the position would close (FILL-5).
   * @returns the exit, or undefined after counting the bar
   */
  protect(timeMs: number, open: number, high: number, low: number): Exit | undefined {
    const sign = this.sign;
    const offset = this.closeOffset;
    const touch = this.#pricing.touchTolerance;
    const atOpen = open + offset;
    // FILL-6: the open is known to come first, and no better price than it can be had once it is through.
    if (sign * (atOpen - this.#stopPrice) <= touch) return this.#stopped(atOpen, atOpen, timeMs, false);
    // FILL-7: pessimistic, the improvement that a limit order might get at the open is not assumed.
    if (sign * (atOpen - this.#targetPrice) >= -touch) return this.#reached(atOpen, timeMs, false);
    const adverse = (sign > 0 ? low : high) + offset;
    const favourable = (sign > 0 ? high : low) + offset;
    const stopHit = sign * (adverse - this.#stopPrice) <= touch;
    const targetHit = sign * (favourable - this.#targetPrice) >= -touch;
    this.barsHeld += 1;
    if (stopHit && (!targetHit || this.#spec.intrabar === 'stop-first')) {
      return this.#stopped(this.#stopPrice, atOpen, timeMs, targetHit);
    }
    if (targetHit) return this.#reached(atOpen, timeMs, stopHit);
    this.#noteExcursion(adverse, favourable);
    return undefined;
  }

  /** Closes the books. The caller adds `cash` to the balance. */
  settle(exit: Exit): Settlement {
    const sign = this.sign;
    const { moneyPerLot, bidOffset, askOffset } = this.#pricing;
    const units = this.#volumeLots * moneyPerLot;
    const commission = commissionOf(this.#pricing, this.#volumeLots, exit.price);
    const fill: Fill = {
      fillId: this.#ids.next('fill'),
      clientOrderId: exit.clientOrderId,
      positionId: this.#id,
      side: sign > 0 ? 'sell' : 'buy',
      volumeLots: this.#volumeLots,
      price: exit.price,
      timeMs: exit.timeMs,
      effect: 'close',
      exitReason: exit.reason,
      commission,
      spreadCost: (sign > 0 ? -bidOffset : askOffset) * units,
      slippageCost: exit.slippage * units,
      grossProfit: sign * (exit.price - this.#entryPrice) * units,
    };
    this.#noteExcursion(exit.price, exit.price);
    const trade = this.#trade(exit, fill);
    this.sign = 0;
    return { fill, trade, cash: fill.grossProfit - commission };
  }

  #trade(exit: Exit, fill: Fill): Trade {
    const { pipSize } = this.#spec.instrument;
    const netProfit = fill.grossProfit - this.#entryCommission - fill.commission;
    return {
      id: this.#id,
      direction: this.sign > 0 ? 'long' : 'short',
      volumeLots: this.#volumeLots,
      entryTimeMs: this.#entryTimeMs,
      entryPrice: this.#entryPrice,
      exitTimeMs: exit.timeMs,
      exitPrice: exit.price,
      exitReason: exit.reason,
      barsHeld: this.barsHeld,
      netProfit,
      netPips: netProfit / (this.#pricing.pipValuePerLot * this.#volumeLots),
      rMultiple: netProfit / this.#initialRisk,
      commission: this.#entryCommission + fill.commission,
      spreadCost: this.#entrySpreadCost + fill.spreadCost,
      slippageCost: this.#entrySlippageCost + fill.slippageCost,
      maePips: Math.abs(this.#worstPrice - this.#entryPrice) / pipSize,
      mfePips: Math.abs(this.#bestPrice - this.#entryPrice) / pipSize,
      ambiguous: exit.ambiguous,
    };
  }

  /** FILL-4, COST-3: a stop becomes a market order and slips. */
  #stopped(level: number, atOpen: number, timeMs: number, ambiguous: boolean): Exit {
    const { slippage } = this.#pricing;
    const price = level - this.sign * slippage;
    this.#noteExcursion(atOpen, atOpen);
    return { price, slippage, reason: 'stop-loss', ambiguous, timeMs, clientOrderId: '' };
  }

  /** FILL-4, COST-3: a target is a limit order and never slips. */
  #reached(atOpen: number, timeMs: number, ambiguous: boolean): Exit {
    this.#noteExcursion(atOpen, atOpen);
    return {
      price: this.#targetPrice,
      slippage: 0,
      reason: 'take-profit',
      ambiguous,
      timeMs,
      clientOrderId: '',
    };
  }

  #noteExcursion(adverse: number, favourable: number): void {
    const sign = this.sign;
    if (sign * (adverse - this.#worstPrice) < 0) this.#worstPrice = adverse;
    if (sign * (favourable - this.#bestPrice) > 0) this.#bestPrice = favourable;
  }
}
