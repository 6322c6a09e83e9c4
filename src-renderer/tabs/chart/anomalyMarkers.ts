import type { Anomaly } from '../../../src-shared/contract/chart.ts';
import type { ChartColors } from '../../ui/colors.ts';
import type { ChartMarker } from './tradeMarkers.ts';

/** The newest so many are marked: more would bury the candles. */
const MOST_MARKERS = 400;
/** With more than so many, the marks carry no names: the box at the pointer says them. */
const MOST_LABELS = 12;

export const anomalyColor = (colors: Pick<ChartColors, 'series' | 'accent'>): string =>
  colors.series[4] ?? colors.accent;

/** A ring of its own colour above the bar at which a window was first found unusual. */
export function anomalyMarkers(
  anomalies: readonly Anomaly[],
  colors: Pick<ChartColors, 'series' | 'accent'>,
): ChartMarker[] {
  const shown = anomalies.slice(-MOST_MARKERS);
  return shown.map(({ timeMs, name, named }) => ({
    timeMs,
    position: 'aboveBar',
    shape: 'circle',
    color: anomalyColor(colors),
    // A figure that has a name says more than one that has none.
    size: named ? 0.9 : 0.6,
    ...(shown.length <= MOST_LABELS ? { text: name } : {}),
  }));
}

/** What is to be said of the bar at an instant: an unusual stretch that it lies in, the latest begun. */
export function anomalyAt(anomalies: readonly Anomaly[], timeMs: number | undefined): Anomaly | undefined {
  if (timeMs === undefined) return undefined;
  return anomalies.findLast((a) => a.timeMs <= timeMs && a.toMs >= timeMs);
}
