/**
 * Performance of an equity curve and its trades. Percentages are in per cent (12.5 is 12.5 %), drawdowns are
 * positive losses from the peak, money is in account currency. A figure that too few trades or days cannot
 * support is `undefined`, never 0.
 */
export interface Metrics {
  readonly trades: number;
  readonly netReturnPct: number;
  readonly netProfit: number;
  readonly cagrPct: number | undefined;
  readonly annualVolatilityPct: number | undefined;
  readonly sharpe: number | undefined;
  readonly sortino: number | undefined;
  readonly calmar: number | undefined;
  readonly maxDrawdownPct: number;
  readonly maxDrawdownDays: number;
  readonly winRatePct: number | undefined;
  readonly profitFactor: number | undefined;
  readonly payoff: number | undefined;
  readonly expectancy: number | undefined;
  readonly expectancyPips: number | undefined;
  readonly expectancyR: number | undefined;
  readonly sqn: number | undefined;
  readonly exposurePct: number;
  readonly averageBarsHeld: number | undefined;
  readonly totalCost: number;
  readonly spreadCost: number;
  readonly commission: number;
  readonly slippageCost: number;
  readonly turnoverLots: number;
}
