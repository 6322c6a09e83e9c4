import type { BarSeries } from '../types.ts';
import { findBreakouts } from './breakouts.ts';
import { CANDLE_PATTERNS } from './candles.ts';
import { findHeads } from './headShoulders.ts';
import { measure } from './measures.ts';
import { findSwings, SWING_DEFAULTS, type SwingOptions } from './swings.ts';
import type { Measures, Pattern } from './types.ts';

export type { Pattern, PatternDirection } from './types.ts';

export interface PatternOptions extends Partial<SwingOptions> {
  /** Look for candlestick patterns. Default true. */
  readonly candles?: boolean;
  /** Look for double tops and bottoms, and for heads and shoulders. Default true. */
  readonly swings?: boolean;
  /** Look for breakouts with volume. Default false. */
  readonly breakouts?: boolean;
}

function soundFrom(m: Measures, from: number, to: number): boolean {
  for (let i = from; i <= to; i++) if (Number.isNaN(m.body[i]!)) return false;
  return true;
}

function candles(m: Measures): Pattern[] {
  const found: Pattern[] = [];
  for (let i = 0; i < m.body.length; i++) {
    for (const { id, names, bars, test } of CANDLE_PATTERNS) {
      const from = i - bars + 1;
      // What is usual must be known at the first bar of the pattern already.
      if (from < 0 || Number.isNaN(m.usualBody[from]!) || !soundFrom(m, from, i)) continue;
      const direction = test(m, i);
      if (direction !== undefined) found.push({ id, name: names[direction], direction, from, at: i });
    }
  }
  return found;
}

/**
 * Patterns in bars, in the order in which they became known. A pattern is known at the close of its bar `at`: bars
 * after it are never looked at, so that more bars only ever add patterns at the end.
 */
export function detectPatterns(bars: BarSeries, options: PatternOptions = {}): Pattern[] {
  const m = measure(bars);
  const found = options.candles === false ? [] : candles(m);
  if (options.swings !== false) {
    const { swingAtr, toleranceAtr, leastBars } = { ...SWING_DEFAULTS, ...options };
    found.push(...findSwings(m, { swingAtr, toleranceAtr, leastBars }), ...findHeads(m, swingAtr));
  }
  if (options.breakouts) found.push(...findBreakouts(m));
  // Sorting keeps the order of equals.
  return found.sort((a, b) => a.at - b.at);
}
