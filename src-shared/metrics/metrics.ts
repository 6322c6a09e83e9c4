/**
 * Performance figures, each from one formula here and nowhere else; the doc comments state formula and source.
 * A figure that the data cannot carry is `undefined`, never 0 or infinite.
 */
import type { Trade } from '../trading/types.ts';
import { dailyReturns, mean, periodReturns, sampleDeviation } from './daily.ts';
import { drawdownSummary } from './drawdown.ts';
import type { Metrics } from './types.ts';

export type { Metrics } from './types.ts';

/** Mean Gregorian year. */
export const YEAR_DAYS = 365.2425;
/** Annualised figures need at least this many daily returns: a month of trading. */
export const MIN_DAYS = 20;
/** Where a span has fewer days, hours stand in for them if there are at least this many. */
export const MIN_HOURS = 48;
const HOUR_MS = 3_600_000;
/** Trading hours of a year at 120 a week. Too few days show no weekend, so a longer week is not assumed. */
const MOST_HOURS_PER_YEAR = (120 / 7) * YEAR_DAYS;
/** Van Tharp asks for at least 30 trades before SQN says anything. */
export const MIN_SQN_TRADES = 30;

export interface MetricsInput {
  readonly initialBalance: number;
  /** Time of each equity point, epoch ms UTC, not decreasing. */
  readonly timeMs: Float64Array;
  /** Equity at each point, account currency. */
  readonly equity: Float64Array;
  /** Closed trades in the order of their exits. */
  readonly trades: readonly Trade[];
  /** Account currency per lot and unit of price: lot size times quote-to-account rate. */
  readonly moneyPerLot: number;
}

/** A quotient that exists: undefined over nothing, and where it would leave the range of numbers. */
function ratio(numerator: number, denominator: number): number | undefined {
  if (!(denominator > 0)) return undefined;
  const value = numerator / denominator;
  return Number.isFinite(value) ? value : undefined;
}

type RiskFigures = Pick<Metrics, 'annualVolatilityPct' | 'sharpe' | 'sortino'>;
type AnnualFigures = RiskFigures &
  Pick<Metrics, 'cagrPct' | 'returnPeriod'> & {
    days: number;
    years: number | undefined;
  };

function riskFigures(returns: readonly number[], perYear: number): RiskFigures {
  const root = Math.sqrt(perYear);
  const average = mean(returns);
  const deviation = sampleDeviation(returns);
  const downside = Math.sqrt(mean(returns.map((r) => Math.min(r, 0) ** 2)));
  return {
    annualVolatilityPct: deviation * root * 100,
    sharpe: ratio(average * root, deviation),
    sortino: ratio(average * root, downside),
  };
}

/** A few days of minute bars: hourly returns carry the ratios; a yearly growth would be pure extrapolation. */
function hourlyFigures(input: MetricsInput): RiskFigures & Pick<Metrics, 'returnPeriod'> {
  const { returns, periods, span } = periodReturns(input.initialBalance, input.timeMs, input.equity, HOUR_MS);
  if (returns.length < MIN_HOURS || returns.length < periods)
    return { annualVolatilityPct: undefined, sharpe: undefined, sortino: undefined };
  const measured = returns.length / (span / (24 * YEAR_DAYS));
  return { ...riskFigures(returns, Math.min(measured, MOST_HOURS_PER_YEAR)), returnPeriod: 'hour' };
}

function annualFigures(input: MetricsInput, finalEquity: number): AnnualFigures {
  const { returns, days, spanDays } = dailyReturns(input.initialBalance, input.timeMs, input.equity);
  if (returns.length < MIN_DAYS || returns.length < days)
    return { days, years: undefined, cagrPct: undefined, ...hourlyFigures(input) };
  const years = spanDays / YEAR_DAYS;
  const growth = Math.max(finalEquity / input.initialBalance, 0);
  return {
    days,
    years,
    returnPeriod: 'day',
    cagrPct: ratio((growth ** (1 / years) - 1) * 100, 1),
    ...riskFigures(returns, returns.length / years),
  };
}

type TradeFigures = Pick<
  Metrics,
  | 'winRatePct'
  | 'profitFactor'
  | 'expectancy'
  | 'expectancyPips'
  | 'expectancyR'
  | 'averageWin'
  | 'averageLoss'
  | 'payoff'
  | 'averageBarsHeld'
  | 'sqn'
>;

/** System quality number over the R multiples that are known. */
function systemQuality(multiples: readonly number[]): number | undefined {
  if (multiples.length < MIN_SQN_TRADES) return undefined;
  return ratio(Math.sqrt(Math.min(multiples.length, 100)) * mean(multiples), sampleDeviation(multiples));
}

function tradeFigures(trades: readonly Trade[]): TradeFigures {
  const n = trades.length;
  let wins = 0;
  let losses = 0;
  let won = 0;
  let lost = 0;
  let pips = 0;
  let barsHeld = 0;
  for (const { netProfit, netPips, barsHeld: held } of trades) {
    if (netProfit > 0) {
      wins++;
      won += netProfit;
    } else if (netProfit < 0) {
      losses++;
      lost -= netProfit;
    }
    pips += netPips;
    barsHeld += held;
  }
  const multiples = trades.map((t) => t.rMultiple).filter(Number.isFinite);
  const averageWin = ratio(won, wins);
  const averageLoss = ratio(-lost, losses);
  const payoff =
    averageWin === undefined || averageLoss === undefined ? undefined : ratio(averageWin, -averageLoss);
  return {
    winRatePct: ratio(wins * 100, n),
    profitFactor: ratio(won, lost),
    expectancy: ratio(won - lost, n),
    expectancyPips: ratio(pips, n),
    expectancyR: multiples.length > 0 ? mean(multiples) : undefined,
    averageWin,
    averageLoss,
    payoff,
    averageBarsHeld: ratio(barsHeld, n),
    sqn: systemQuality(multiples),
  };
}

/** Money paid, counted over the closed trades. */
function costFigures(
  trades: readonly Trade[],
): Pick<Metrics, 'commission' | 'spreadCost' | 'slippageCost' | 'totalCost'> {
  let commission = 0;
  let spreadCost = 0;
  let slippageCost = 0;
  for (const trade of trades) {
    commission += trade.commission;
    spreadCost += trade.spreadCost;
    slippageCost += trade.slippageCost;
  }
  return { commission, spreadCost, slippageCost, totalCost: commission + spreadCost + slippageCost };
}

function tradedNotional(trades: readonly Trade[], moneyPerLot: number): number {
  let notional = 0;
  for (const t of trades) notional += (t.entryPrice + t.exitPrice) * t.volumeLots * moneyPerLot;
  return notional;
}

/**
 * All figures of a run from its equity curve and its closed trades.
 * Days are UTC calendar days with at least one equity point; a day's return is from the last equity of the day
 * before (the initial balance before the first) to its own last equity. Days per year are measured (daily
 * returns over the calendar span), so five-day, six-day and seven-day markets need no constant. A span of fewer
 * than 20 days takes hourly returns instead, if there are 48 (`returnPeriod` says which): their ratios say little
 * and are for comparing candidates on the same span.
 */
export function computeMetrics(input: MetricsInput): Metrics {
  const { initialBalance, equity, trades } = input;
  const bars = equity.length;
  const finalEquity = bars > 0 ? equity[bars - 1]! : initialBalance;
  const { years, ...annual } = annualFigures(input, finalEquity);
  const drawdown = drawdownSummary(initialBalance, input.timeMs, equity);
  const turnover = bars > 0 ? ratio(tradedNotional(trades, input.moneyPerLot), mean(equity)) : undefined;
  let inMarket = 0;
  let turnoverLots = 0;
  let longTrades = 0;
  let ambiguousTrades = 0;
  for (const trade of trades) {
    inMarket += trade.barsHeld;
    turnoverLots += 2 * trade.volumeLots;
    if (trade.direction === 'long') longTrades++;
    if (trade.ambiguous) ambiguousTrades++;
  }
  const { cagrPct } = annual;
  return {
    bars,
    trades: trades.length,
    finalEquity,
    netProfit: finalEquity - initialBalance,
    netReturnPct: (finalEquity / initialBalance - 1) * 100,
    ...annual,
    calmar: cagrPct === undefined ? undefined : ratio(cagrPct, drawdown.maxDrawdownPct),
    ...drawdown,
    ...tradeFigures(trades),
    exposurePct: bars > 0 ? (inMarket / bars) * 100 : 0,
    turnoverLots,
    turnover,
    annualTurnover: turnover === undefined || years === undefined ? undefined : turnover / years,
    ...costFigures(trades),
    longTrades,
    shortTrades: trades.length - longTrades,
    ambiguousTrades,
  };
}
