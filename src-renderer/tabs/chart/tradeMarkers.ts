import type { Direction, ExitReason } from '../../../src-shared/trading/types.ts';
import type { ChartColors } from '../../ui/colors.ts';
import { formatSigned } from '../../ui/format.ts';
import { barOf } from './forecastPlace.ts';

/** The part of a trade that the chart shows; an open position has no exit. */
export interface ShownTrade {
  readonly direction: Direction;
  readonly entryTimeMs: number;
  readonly entryPrice: number;
  readonly exitTimeMs?: number;
  readonly exitPrice?: number;
  readonly exitReason?: ExitReason;
  readonly netPips?: number;
}

export interface ChartMarker {
  readonly timeMs: number;
  readonly position: 'aboveBar' | 'belowBar';
  readonly shape: 'arrowUp' | 'arrowDown' | 'circle' | 'square';
  readonly color: string;
  readonly text?: string;
  /** 1 is the ordinary size. */
  readonly size?: number;
}

/** More than this many exits would bury the candles under words. */
const MOST_LABELS = 120;

/** Entries as arrows in their direction, exits as dots with the pips won or lost, at the bars they fell into. */
export function tradeMarkers(
  trades: readonly ShownTrade[],
  timeMs: readonly number[],
  colors: Pick<ChartColors, 'up' | 'down'>,
): ChartMarker[] {
  const markers: ChartMarker[] = [];
  const firstMs = timeMs[0];
  if (firstMs === undefined) return markers;
  const shown = trades.filter((t) => (t.exitTimeMs ?? t.entryTimeMs) >= firstMs);
  for (const t of shown) {
    const long = t.direction === 'long';
    const entry = barOf(timeMs, t.entryTimeMs);
    if (entry !== undefined) {
      markers.push({
        timeMs: timeMs[entry]!,
        position: long ? 'belowBar' : 'aboveBar',
        shape: long ? 'arrowUp' : 'arrowDown',
        color: long ? colors.up : colors.down,
      });
    }
    const exit = t.exitTimeMs === undefined ? undefined : barOf(timeMs, t.exitTimeMs);
    if (exit === undefined) continue;
    const won = (t.netPips ?? 0) >= 0;
    markers.push({
      timeMs: timeMs[exit]!,
      position: long ? 'aboveBar' : 'belowBar',
      shape: 'circle',
      color: won ? colors.up : colors.down,
      ...(shown.length <= MOST_LABELS ? { text: formatSigned(t.netPips, 1) } : {}),
    });
  }
  return markers.sort((a, b) => a.timeMs - b.timeMs);
}
