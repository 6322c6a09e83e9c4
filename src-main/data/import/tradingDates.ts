import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { dayRuleOf } from '../../../src-shared/market/bucketGrid.ts';
import type { Instrument } from '../../../src-shared/market/instruments.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';

const DAY_MS = 86_400_000;

/**
 * DATA-20: daily bars of an exchange carry the trading date at midnight UTC (CAL-7), also where their file states the
 * instant of midnight, or of the opening, at the exchange. Bars whose dates would not increase stay as they are.
 */
export function withTradingDates(
  bars: BarColumns,
  timeframe: Timeframe | null,
  instrument: Pick<Instrument, 'calendar'>,
): BarColumns {
  if (timeframe !== 'D1') return bars;
  const rule = dayRuleOf(instrument.calendar);
  if (!rule.stampsDates || bars.timeMs.every((timeMs) => timeMs % DAY_MS === 0)) return bars;
  const timeMs = bars.timeMs.map((t) => rule.dateOf(t));
  const increases = timeMs.every((t, i) => i === 0 || t > timeMs[i - 1]!);
  return increases ? { ...bars, timeMs } : bars;
}
