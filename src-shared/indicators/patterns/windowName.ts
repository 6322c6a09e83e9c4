import type { BarSeries } from '../types.ts';
import { detectPatterns } from './index.ts';
import type { Pattern } from './types.ts';

/** What a window is called in which no known figure ends. */
export const UNNAMED_WINDOW = 'Unusual window';

/** Figures that name a window, the most telling first. */
const NAMING = [
  'headShoulders',
  'inverseHeadShoulders',
  'doubleTop',
  'doubleBottom',
  'breakoutUp',
  'breakoutDown',
  'engulfing',
] as const;

/** Bars before a window that swings and averages are taken from. */
export const NAMING_CONTEXT_BARS = 400;

/**
 * Names a window by the figure that was completed in it: head and shoulders, double top or bottom, breakout with volume,
 * engulfing; of several the first in this order, and of the same kind the latest. Only bars up to and with `end` are
 * looked at.
 * @param end row of the window's last bar
 * @param windowBars its length
 * @returns undefined where none was completed
 */
export function nameWindow(bars: BarSeries, end: number, windowBars: number): Pattern | undefined {
  const from = Math.max(0, end + 1 - windowBars - NAMING_CONTEXT_BARS);
  const cut = (column: ArrayLike<number>): ArrayLike<number> =>
    Array.prototype.slice.call(column, from, end + 1) as number[];
  const seen: BarSeries = {
    timeMs: cut(bars.timeMs),
    open: cut(bars.open),
    high: cut(bars.high),
    low: cut(bars.low),
    close: cut(bars.close),
    volume: cut(bars.volume),
  };
  const first = end + 1 - windowBars - from;
  const found = detectPatterns(seen, { breakouts: true }).filter((p) => p.at >= first);
  for (const id of NAMING) {
    const named = found.findLast((p) => p.id === id);
    if (named) return shifted(named, from);
  }
  return undefined;
}

function shifted(pattern: Pattern, rows: number): Pattern {
  const { from, at, points } = pattern;
  return {
    ...pattern,
    from: from + rows,
    at: at + rows,
    ...(points ? { points: points.map((p) => ({ ...p, row: p.row + rows })) } : {}),
  };
}
