import type { BarColumnsDto } from '../../../src-shared/contract/data.ts';

export const CHART_STYLES = ['candles', 'bars', 'line', 'heikin'] as const;
export type ChartStyle = (typeof CHART_STYLES)[number];
export const STYLE_NAMES: Readonly<Record<ChartStyle, string>> = {
  candles: 'Candles',
  bars: 'Bars',
  line: 'Line',
  heikin: 'Heikin-Ashi',
};

type Prices = Pick<BarColumnsDto, 'open' | 'high' | 'low' | 'close'>;

/**
 * Heikin-Ashi candles: close = (O+H+L+C)/4; open = mean of the candle before's open and close, the first one's
 * (O+C)/2; high and low reach over both (Valcu, "Using the Heikin-Ashi technique", Stocks & Commodities 22:2, 2004).
 * The open depends on every candle before it; its influence halves with each bar.
 */
export function heikinAshi(bars: Prices): Prices {
  const count = bars.open.length;
  const made = {
    open: new Array<number>(count),
    high: new Array<number>(count),
    low: new Array<number>(count),
    close: new Array<number>(count),
  };
  for (let i = 0; i < count; i++) {
    const [open, high, low, close] = [bars.open[i]!, bars.high[i]!, bars.low[i]!, bars.close[i]!];
    const haClose = (open + high + low + close) / 4;
    const haOpen = i === 0 ? (open + close) / 2 : (made.open[i - 1]! + made.close[i - 1]!) / 2;
    made.open[i] = haOpen;
    made.close[i] = haClose;
    made.high[i] = Math.max(high, haOpen, haClose);
    made.low[i] = Math.min(low, haOpen, haClose);
  }
  return made;
}
