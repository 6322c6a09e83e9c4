import type { Pattern } from '../../../../src-shared/indicators/patterns/index.ts';
import type { ChartColors } from '../../../ui/colors.ts';
import type { ChartMarker } from '../tradeMarkers.ts';

/** The newest so many are marked: more would bury the candles. */
const MOST_MARKERS = 400;
/** With more than so many, the marks carry no names: the legend says them. */
const MOST_LABELS = 20;

/** One mark per bar at which patterns became known, on the side that they point away from. */
export function patternMarkers(
  patterns: readonly Pattern[],
  timeMs: readonly number[],
  colors: Pick<ChartColors, 'up' | 'down' | 'dim'>,
): ChartMarker[] {
  const places = new Map<string, { at: number; direction: Pattern['direction']; names: string[] }>();
  for (const { at, direction, name } of patterns) {
    const place = `${at} ${direction}`;
    const there = places.get(place);
    if (there) there.names.push(name);
    else places.set(place, { at, direction, names: [name] });
  }
  const shown = [...places.values()].slice(-MOST_MARKERS);
  return shown.map(({ at, direction, names }) => ({
    timeMs: timeMs[at]!,
    position: direction === 'up' ? 'belowBar' : 'aboveBar',
    shape: direction === 'up' ? 'arrowUp' : direction === 'down' ? 'arrowDown' : 'circle',
    color: direction === 'up' ? colors.up : direction === 'down' ? colors.down : colors.dim,
    // Indecision is frequent and says little: it stays in the background.
    size: direction === 'none' ? 0.3 : 0.6,
    ...(shown.length <= MOST_LABELS ? { text: names.join(', ') } : {}),
  }));
}
