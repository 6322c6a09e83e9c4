import type { CandlestickData, SeriesMarker, Time, UTCTimestamp } from 'lightweight-charts';
import type { BarColumnsDto } from '../../../src-shared/contract/data.ts';
import type { Fill } from '../../../src-shared/trading/types.ts';
import { formatNumber } from '../../ui/format.ts';
import type { ChartColors } from '../../ui/theme.ts';

/** Bars as the price chart takes them. */
export function candles(bars: BarColumnsDto): CandlestickData<UTCTimestamp>[] {
  return bars.timeMs.map((ms, i) => ({
    time: Math.floor(ms / 1000) as UTCTimestamp,
    open: bars.open[i]!,
    high: bars.high[i]!,
    low: bars.low[i]!,
    close: bars.close[i]!,
  }));
}

/** Open of the shown bar that a moment lies in; undefined outside of what is shown. */
export function barOf(
  shown: readonly { readonly time: UTCTimestamp }[],
  seconds: number,
  barSeconds: number,
): UTCTimestamp | undefined {
  const last = shown.at(-1);
  if (!last || seconds >= last.time + barSeconds) return undefined;
  let low = 0;
  let high = shown.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (shown[mid]!.time <= seconds) low = mid + 1;
    else high = mid;
  }
  return shown[low - 1]?.time;
}

type Palette = Pick<ChartColors, 'up' | 'down' | 'text'>;

/** Arrows for entries (below for buys, above for sells) and circles for exits, on the bars that are shown. */
export function fillMarkers(
  fills: readonly Fill[],
  shown: readonly CandlestickData<UTCTimestamp>[],
  colors: Palette,
  barSeconds: number,
): SeriesMarker<Time>[] {
  return fills.flatMap((fill): SeriesMarker<Time>[] => {
    const time = barOf(shown, fill.timeMs / 1000, barSeconds);
    if (time === undefined) return [];
    const buy = fill.side === 'buy';
    const position = buy ? 'belowBar' : 'aboveBar';
    if (fill.effect === 'close') {
      return [{ time, position, shape: 'circle', color: colors.text, size: 0.7, id: fill.fillId }];
    }
    return [
      {
        time,
        position,
        shape: buy ? 'arrowUp' : 'arrowDown',
        color: buy ? colors.up : colors.down,
        text: formatNumber(fill.volumeLots, 2, 2),
        id: fill.fillId,
      },
    ];
  });
}
