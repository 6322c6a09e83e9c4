/**
 * Breakouts with volume (R. Edwards, J. Magee, 1948): the close leaves the range of the bars before, and more is traded
 * than usual.
 */
import type { Measures, Pattern } from './types.ts';

export const BREAKOUT_LIMITS = {
  /** Bars that make the range, and say what volume is usual. */
  bars: 20,
  /** Least volume, in multiples of the mean of those bars. */
  volumeTimes: 2,
} as const;

/**
 * A close above the highest high (below the lowest low) of the 20 bars before, with at least twice their mean volume.
 * Without volume there is none.
 */
export function findBreakouts(m: Measures): Pattern[] {
  const { bars: count, volumeTimes } = BREAKOUT_LIMITS;
  const { high, low, close, volume } = m.bars;
  const found: Pattern[] = [];
  for (let i = count + 1; i < m.body.length; i++) {
    let [top, bottom, traded] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
    let sound = !Number.isNaN(m.body[i]!);
    for (let k = i - count; k < i; k++) {
      sound &&= !Number.isNaN(m.body[k]!);
      top = Math.max(top, high[k]!);
      bottom = Math.min(bottom, low[k]!);
      traded += volume[k]!;
    }
    if (!sound || !(traded > 0) || !(volume[i]! >= (volumeTimes * traded) / count)) continue;
    const up = close[i]! > top;
    if (!up && !(close[i]! < bottom)) continue;
    found.push({
      id: up ? 'breakoutUp' : 'breakoutDown',
      name: up ? 'Breakout up with volume' : 'Breakout down with volume',
      direction: up ? 'up' : 'down',
      from: i - count,
      at: i,
    });
  }
  return found;
}
