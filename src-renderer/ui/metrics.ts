import type { Metrics } from '../../src-shared/metrics/types.ts';

/** The figures that are numbers. */
export type MetricKey = Exclude<keyof Metrics, 'returnPeriod'>;

/** How a figure is written. `money` takes the account currency, `pct` is already in per cent. */
export type FigureKind =
  | 'pct'
  | 'signedPct'
  | 'money'
  | 'signedMoney'
  | 'number'
  | 'integer'
  | 'days'
  | 'pips'
  | 'r'
  | 'lots';

export interface MetricDefinition {
  readonly key: MetricKey;
  readonly label: string;
  readonly kind: FigureKind;
  /** Which way is better; a figure that merely describes has none. */
  readonly better?: 'higher' | 'lower';
  readonly help: string;
}

/** Every performance figure in reading order, in groups of what they answer. */
export const METRIC_GROUPS: readonly {
  readonly title: string;
  readonly metrics: readonly MetricDefinition[];
}[] = [
  {
    title: 'Return',
    metrics: [
      {
        key: 'netReturnPct',
        label: 'Net return',
        kind: 'signedPct',
        better: 'higher',
        help: 'Net profit over the initial balance, after all costs.',
      },
      {
        key: 'netProfit',
        label: 'Net profit',
        kind: 'signedMoney',
        better: 'higher',
        help: 'After spread, commission and slippage.',
      },
      {
        key: 'cagrPct',
        label: 'CAGR',
        kind: 'signedPct',
        better: 'higher',
        help: 'Compound annual growth rate of the equity.',
      },
      {
        key: 'exposurePct',
        label: 'Exposure',
        kind: 'pct',
        help: 'Share of the bars with a position open.',
      },
    ],
  },
  {
    title: 'Risk',
    metrics: [
      {
        key: 'maxDrawdownPct',
        label: 'Max drawdown',
        kind: 'pct',
        better: 'lower',
        help: 'Largest loss from a peak of the equity.',
      },
      {
        key: 'maxDrawdownDays',
        label: 'Longest drawdown',
        kind: 'days',
        better: 'lower',
        help: 'Longest time from a peak of the equity until it was reached again.',
      },
      {
        key: 'annualVolatilityPct',
        label: 'Volatility p.a.',
        kind: 'pct',
        better: 'lower',
        help: 'Annualised standard deviation of the daily (or, where it says so, hourly) returns.',
      },
      {
        key: 'sharpe',
        label: 'Sharpe',
        kind: 'number',
        better: 'higher',
        help: 'Annualised mean over standard deviation of the daily (or, where it says so, hourly) returns.',
      },
      {
        key: 'sortino',
        label: 'Sortino',
        kind: 'number',
        better: 'higher',
        help: 'As Sharpe, with the downside deviation alone.',
      },
      {
        key: 'calmar',
        label: 'Calmar',
        kind: 'number',
        better: 'higher',
        help: 'CAGR over the maximum drawdown.',
      },
    ],
  },
  {
    title: 'Trades',
    metrics: [
      { key: 'trades', label: 'Trades', kind: 'integer', help: 'Closed round trips.' },
      {
        key: 'winRatePct',
        label: 'Win rate',
        kind: 'pct',
        better: 'higher',
        help: 'Share of the trades with a net profit.',
      },
      {
        key: 'profitFactor',
        label: 'Profit factor',
        kind: 'number',
        better: 'higher',
        help: 'Sum of the wins over the sum of the losses.',
      },
      {
        key: 'payoff',
        label: 'Payoff',
        kind: 'number',
        better: 'higher',
        help: 'Average win over average loss.',
      },
      {
        key: 'expectancy',
        label: 'Expectancy',
        kind: 'signedMoney',
        better: 'higher',
        help: 'Average net profit of a trade.',
      },
      {
        key: 'expectancyPips',
        label: 'Expectancy, pips',
        kind: 'pips',
        better: 'higher',
        help: 'Average net pips of a trade.',
      },
      {
        key: 'expectancyR',
        label: 'Expectancy, R',
        kind: 'r',
        better: 'higher',
        help: 'Average net profit of a trade in units of its initial risk.',
      },
      {
        key: 'sqn',
        label: 'SQN',
        kind: 'number',
        better: 'higher',
        help: 'System quality number: expectancy over its standard deviation, times the root of the number of trades.',
      },
      {
        key: 'averageBarsHeld',
        label: 'Bars held',
        kind: 'number',
        help: 'Average bars from entry to exit.',
      },
    ],
  },
  {
    title: 'Costs',
    metrics: [
      {
        key: 'totalCost',
        label: 'Total costs',
        kind: 'money',
        better: 'lower',
        help: 'Spread, commission and slippage together.',
      },
      { key: 'turnoverLots', label: 'Turnover', kind: 'lots', help: 'Lots bought and sold.' },
    ],
  },
];

/** All definitions in one list. */
export const ALL_METRICS: readonly MetricDefinition[] = METRIC_GROUPS.flatMap((group) => group.metrics);

/** The number behind a figure, or undefined where it is unknown (JSON carries unknown as null). */
export function metricValue(metrics: Metrics, key: MetricKey): number | undefined {
  const value: number | null | undefined = metrics[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

const FROM_RETURNS: ReadonlySet<MetricKey> = new Set(['annualVolatilityPct', 'sharpe', 'sortino']);

/** A figure's name; those made from hourly returns say so, since they are not comparable with daily ones. */
export function metricLabel(definition: MetricDefinition, metrics: Metrics): string {
  const hourly = metrics.returnPeriod === 'hour' && FROM_RETURNS.has(definition.key);
  return hourly ? `${definition.label} (hourly)` : definition.label;
}

/**
 * Which of two figures is better.
 * @returns 1 when `a` is, -1 when `b` is, 0 when equal, unknown, or merely descriptive
 */
export function compareMetric(
  definition: MetricDefinition,
  a: number | undefined,
  b: number | undefined,
): -1 | 0 | 1 {
  if (definition.better === undefined || a === undefined || b === undefined || a === b) return 0;
  const aIsHigher = a > b;
  return aIsHigher === (definition.better === 'higher') ? 1 : -1;
}
