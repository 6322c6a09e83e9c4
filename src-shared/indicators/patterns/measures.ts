import { Atr } from '../averages.ts';
import type { BarSeries } from '../types.ts';
import { Window } from '../windows.ts';
import type { Measures } from './types.ts';

/** Bars that say what is usual: ten, as in the candle settings of TA-Lib. */
const AVERAGE_BARS = 10;
const ATR_BARS = 14;

/**
 * What patterns are measured with. Every figure of a row comes from that row and rows before it. A bar with a price
 * that is no number is NaN itself and is left out of what is usual.
 */
export function measure(bars: BarSeries): Measures {
  const count = bars.timeMs.length;
  const made = {
    bars,
    body: new Float64Array(count).fill(Number.NaN),
    range: new Float64Array(count).fill(Number.NaN),
    usualBody: new Float64Array(count).fill(Number.NaN),
    usualRange: new Float64Array(count).fill(Number.NaN),
    atr: new Float64Array(count).fill(Number.NaN),
  };
  const bodies = new Window(AVERAGE_BARS);
  const ranges = new Window(AVERAGE_BARS);
  const atr = new Atr(ATR_BARS);
  for (let i = 0; i < count; i++) {
    const [open, high, low, close] = [bars.open[i]!, bars.high[i]!, bars.low[i]!, bars.close[i]!];
    if (!Number.isFinite(open + high + low + close)) continue;
    if (bodies.full) {
      made.usualBody[i] = bodies.mean();
      made.usualRange[i] = ranges.mean();
    }
    made.body[i] = Math.abs(close - open);
    made.range[i] = high - low;
    made.atr[i] = atr.next({ high, low, close });
    bodies.push(made.body[i]!);
    ranges.push(made.range[i]!);
  }
  return made;
}
