/** Daily returns of an equity curve, and the two moments that ratios are made of. */

const DAY_MS = 86_400_000;

export interface DailyReturns {
  /**
   * One per UTC day that has an equity point. Ends before the first day that starts without money: a return
   * on nothing does not exist.
   */
  readonly returns: number[];
  /** UTC days with an equity point. */
  readonly days: number;
  /** Calendar days from the first to the last of them, both included. */
  readonly spanDays: number;
}

/** Arithmetic mean; NaN of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/**
 * Standard deviation with n - 1 in the denominator; 0 for fewer than two values. What is smaller than rounding
 * leaves behind (1e-12 of the mean) is 0, or equal values would give a ratio of quadrillions.
 */
export function sampleDeviation(values: ArrayLike<number>): number {
  if (values.length < 2) return 0;
  const average = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - average) ** 2;
  const deviation = Math.sqrt(squares / (values.length - 1));
  return deviation > 1e-12 * Math.abs(average) ? deviation : 0;
}

/**
 * The simple return of each UTC calendar day: its last equity over the last equity of the day before (the
 * initial balance before the first), minus 1.
 * @param timeMs epoch ms, not decreasing, as long as `equity`
 */
export function dailyReturns(
  initialBalance: number,
  timeMs: Float64Array,
  equity: Float64Array,
): DailyReturns {
  const { returns, periods, span } = periodReturns(initialBalance, timeMs, equity, DAY_MS);
  return { returns, days: periods, spanDays: span };
}

export interface PeriodReturns {
  /** One per period with an equity point, as `DailyReturns.returns`. */
  readonly returns: number[];
  /** Periods with an equity point. */
  readonly periods: number;
  /** Periods from the first to the last of them, both included. */
  readonly span: number;
}

/**
 * `dailyReturns` for periods of any length, counted from the epoch.
 * @param periodMs e.g. an hour
 */
export function periodReturns(
  initialBalance: number,
  timeMs: Float64Array,
  equity: Float64Array,
  periodMs: number,
): PeriodReturns {
  const n = timeMs.length;
  if (n === 0) return { returns: [], periods: 0, span: 0 };
  const returns: number[] = [];
  let periods = 0;
  let base = initialBalance;
  let nextMs = (Math.floor(timeMs[0]! / periodMs) + 1) * periodMs;
  for (let i = 0; i < n; i++) {
    const last = i + 1 === n;
    if (!last && timeMs[i + 1]! < nextMs) continue;
    periods++;
    if (base > 0) returns.push(equity[i]! / base - 1);
    base = base > 0 ? equity[i]! : base;
    if (!last) nextMs = (Math.floor(timeMs[i + 1]! / periodMs) + 1) * periodMs;
  }
  const span = Math.floor(timeMs[n - 1]! / periodMs) - Math.floor(timeMs[0]! / periodMs) + 1;
  return { returns, periods, span };
}
