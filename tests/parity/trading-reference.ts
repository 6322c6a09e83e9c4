/**
 * A second implementation of the rules, written from docs/spec alone and in another shape: it looks for whole
 * trades by scanning forward instead of stepping a venue. Slow, plain, and only for tests.
 */
import type { BacktestInput } from '../../src-main/backtest/engine.ts';
import type { ExitReason } from '../../src-shared/trading/types.ts';

export interface ReferenceTrade {
  readonly direction: 'long' | 'short';
  readonly volumeLots: number;
  readonly entryBar: number;
  readonly entryPrice: number;
  readonly exitBar: number;
  readonly exitPrice: number;
  readonly exitReason: ExitReason;
  readonly netProfit: number;
  readonly ambiguous: boolean;
}

interface Quotes {
  bid(price: number): number;
  ask(price: number): number;
}

interface Leaving {
  readonly bar: number;
  readonly price: number;
  readonly reason: ExitReason;
  readonly ambiguous: boolean;
  /** The close of this bar is decided on next. */
  readonly resumeAt: number;
}

function quotesOf({ priceSide, costs, instrument }: BacktestInput['venue']): Quotes {
  const spread = costs.spreadPips * instrument.pipSize;
  const share = { bid: [0, 1], mid: [0.5, 0.5], ask: [1, 0] }[priceSide] as [number, number];
  return { bid: (price) => price - share[0] * spread, ask: (price) => price + share[1] * spread };
}

/** ORD-10 to ORD-12. */
function sizeOf(input: BacktestInput, balance: number, atr: number, close: number): number {
  const { instrument, account } = input.venue;
  const unit = instrument.lotSize * account.quoteToAccount;
  const byRisk = (balance * input.genes.riskFraction) / (atr * input.genes.stopAtr * unit);
  const byLeverage = (0.95 * account.maxLeverage * balance) / (unit * close);
  const hundredths = Math.floor(Math.min(byRisk, byLeverage) / 0.01 + 1e-9);
  return hundredths < 1 ? 0 : hundredths / 100;
}

/** FILL-4 to FILL-9: how a position entered at the open of `entryBar` ends. */
function leave(
  input: BacktestInput,
  quotes: Quotes,
  entryBar: number,
  entry: number,
  long: boolean,
): Leaving {
  const { bars, genes, signals, venue } = input;
  const slip = venue.costs.slippagePips * venue.instrument.pipSize;
  const near = venue.instrument.pipSize * 1e-6;
  const atr = input.atr[entryBar - 1]!;
  const stop = long ? entry - atr * genes.stopAtr : entry + atr * genes.stopAtr;
  const target = long ? entry + atr * genes.targetAtr : entry - atr * genes.targetAtr;
  const closing = (price: number): number => (long ? quotes.bid(price) : quotes.ask(price));
  const worse = (price: number): number => (long ? price - slip : price + slip);
  const atStop = (price: number): boolean => (long ? price <= stop + near : price >= stop - near);
  const atTarget = (price: number): boolean => (long ? price >= target - near : price <= target + near);
  for (let j = entryBar; j < input.to; j++) {
    const open = closing(bars.open[j]!);
    const low = closing(long ? bars.low[j]! : bars.high[j]!);
    const high = closing(long ? bars.high[j]! : bars.low[j]!);
    const inside = { bar: j, resumeAt: j, ambiguous: false };
    if (atStop(open)) return { ...inside, price: worse(open), reason: 'stop-loss' };
    if (atTarget(open)) return { ...inside, price: target, reason: 'take-profit' };
    const ambiguous = atStop(low) && atTarget(high);
    const stopWins = venue.intrabar === 'stop-first' || !atTarget(high);
    if (atStop(low) && stopWins) return { ...inside, price: worse(stop), reason: 'stop-loss', ambiguous };
    if (atTarget(high)) return { ...inside, price: target, reason: 'take-profit', ambiguous };
    const against = long ? -signals[j]! : signals[j]!;
    const expired = j - entryBar + 1 >= genes.maxHoldingBars;
    const last = j === input.to - 1;
    if (last) {
      return {
        bar: j,
        price: worse(closing(bars.close[j]!)),
        reason: 'end-of-data',
        ambiguous: false,
        resumeAt: input.to,
      };
    }
    if (!expired && !(against > genes.entryThreshold)) continue;
    const price = worse(closing(bars.open[j + 1]!));
    return {
      bar: j + 1,
      price,
      reason: expired ? 'max-holding' : 'signal',
      ambiguous: false,
      resumeAt: j + 1,
    };
  }
  throw new Error('a position always ends');
}

/** All trades of a run and its final balance. */
export function referenceBacktest(input: BacktestInput): { trades: ReferenceTrade[]; balance: number } {
  const { bars, genes, signals, venue, to } = input;
  const { costs, instrument, account } = venue;
  const quotes = quotesOf(venue);
  const slip = costs.slippagePips * instrument.pipSize;
  const unit = instrument.lotSize * account.quoteToAccount;
  const fee = (lots: number, price: number): number =>
    lots * costs.commissionPerLot + (costs.commissionRate ?? 0) * lots * unit * price;
  const trades: ReferenceTrade[] = [];
  let balance = account.initialBalance;
  let i = input.from;
  while (i < to - 1) {
    const signal = signals[i]!;
    const atr = input.atr[i]!;
    const wanted = Math.abs(signal) > genes.entryThreshold && atr > 0;
    const roomy = atr * genes.stopAtr > (costs.spreadPips + costs.slippagePips + 2e-6) * instrument.pipSize;
    const lots = wanted && roomy && balance > 0 ? sizeOf(input, balance, atr, bars.close[i]!) : 0;
    const open = bars.open[i + 1]!;
    if (lots === 0 || quotes.ask(open) * lots * unit > balance * account.maxLeverage) {
      i += 1;
      continue;
    }
    const long = signal > 0;
    const entryPrice = long ? quotes.ask(open) + slip : quotes.bid(open) - slip;
    const out = leave(input, quotes, i + 1, entryPrice, long);
    const gross = (long ? out.price - entryPrice : entryPrice - out.price) * lots * unit;
    const netProfit = gross - fee(lots, entryPrice) - fee(lots, out.price);
    balance += netProfit;
    trades.push({
      direction: long ? 'long' : 'short',
      volumeLots: lots,
      entryBar: i + 1,
      entryPrice,
      exitBar: out.bar,
      exitPrice: out.price,
      exitReason: out.reason,
      netProfit,
      ambiguous: out.ambiguous,
    });
    i = out.resumeAt;
  }
  return { trades, balance };
}
