/**
 * Performance of an equity curve and its trades. Percentages are in per cent (12.5 is 12.5 %), drawdowns are
 * positive losses from the peak, money is in account currency. A figure that too few trades or days cannot
 * support is `undefined`, never 0.
 */
export interface Metrics {
  /** Closed trades. */
  readonly trades: number;
  /** (final equity / initial balance - 1) * 100. */
  readonly netReturnPct: number;
  /** Final equity less initial balance. */
  readonly netProfit: number;
  /** Compound annual growth rate: (final / initial)^(1 / years) - 1. Needs MIN_DAYS daily returns. */
  readonly cagrPct: number | undefined;
  /** Sample deviation of daily returns times sqrt(daily returns per year). Needs MIN_DAYS. */
  readonly annualVolatilityPct: number | undefined;
  /** Mean over sample deviation of daily returns times sqrt(returns per year); risk-free rate 0 (Sharpe 1994). */
  readonly sharpe: number | undefined;
  /** What volatility, Sharpe and Sortino are made from; absent where they are unknown. */
  readonly returnPeriod?: 'day' | 'hour' | undefined;
  /** Mean daily return over its downside deviation about 0, all days counted, annualised (Sortino, Price 1994). */
  readonly sortino: number | undefined;
  /** CAGR over maximum drawdown of the same span (Young 1991, there over 36 months). */
  readonly calmar: number | undefined;
  /** Largest loss from a peak of equity, in per cent of that peak. */
  readonly maxDrawdownPct: number;
  /** From the peak before the largest drawdown to its recovery, or to the end. */
  readonly maxDrawdownDays: number;
  /** Trades with a net profit above 0, in per cent of all. */
  readonly winRatePct: number | undefined;
  /** Sum of net wins over sum of net losses; undefined without a loss. */
  readonly profitFactor: number | undefined;
  /** Average net win over the size of the average net loss. */
  readonly payoff: number | undefined;
  /** Average net trade. */
  readonly expectancy: number | undefined;
  /** Average net trade in pips, each trade counted alike. */
  readonly expectancyPips: number | undefined;
  /** Average net trade in multiples of its initial risk (Tharp 1998). */
  readonly expectancyR: number | undefined;
  /** System quality number: sqrt(min(n, 100)) * mean(R) / deviation(R) (Tharp 2008). Needs MIN_SQN_TRADES. */
  readonly sqn: number | undefined;
  /** Bars with a position, in per cent of all bars. */
  readonly exposurePct: number;
  readonly averageBarsHeld: number | undefined;
  /** Commission, spread and slippage of the closed trades. */
  readonly totalCost: number;
  readonly spreadCost: number;
  readonly commission: number;
  readonly slippageCost: number;
  /** Lots bought and sold: both sides of every trade. */
  readonly turnoverLots: number;

  // `computeMetrics` always sets the following; optional because stored results of older builds lack them.
  /** Equity points. */
  readonly bars?: number | undefined;
  /** UTC days with at least one equity point. */
  readonly days?: number | undefined;
  readonly finalEquity?: number | undefined;
  /** The longest stay below an earlier peak. */
  readonly longestDrawdownDays?: number | undefined;
  readonly averageWin?: number | undefined;
  /** A negative number. */
  readonly averageLoss?: number | undefined;
  /** Traded notional (entries and exits) over mean equity, for the whole span. */
  readonly turnover?: number | undefined;
  /** Turnover per year. Needs MIN_DAYS. */
  readonly annualTurnover?: number | undefined;
  readonly longTrades?: number | undefined;
  readonly shortTrades?: number | undefined;
  /** Trades whose exit bar held stop and target, so that the order was assumed. */
  readonly ambiguousTrades?: number | undefined;
}
