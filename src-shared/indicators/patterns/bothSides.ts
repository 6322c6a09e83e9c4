import type { Measures, Pattern } from './types.ts';

/** Follows bars and tells the figure that one completes; prices of bottoms come negated, as tops. */
export interface Finder<F> {
  next(row: number, high: number, low: number, close: number, atr: number): F | undefined;
}

/** Figures at tops and, by the same rules upside down, at bottoms. */
export function onBothSides<F>(
  m: Measures,
  finder: () => Finder<F>,
  pattern: (figure: F, at: number, direction: 'up' | 'down', sign: 1 | -1) => Pattern,
): Pattern[] {
  const found: Pattern[] = [];
  const tops = finder();
  const bottoms = finder();
  const { high, low, close } = m.bars;
  for (let i = 0; i < m.atr.length; i++) {
    const atr = m.atr[i]!;
    // Also where a price is no number.
    if (!(atr > 0)) continue;
    const top = tops.next(i, high[i]!, low[i]!, close[i]!, atr);
    const bottom = bottoms.next(i, -low[i]!, -high[i]!, -close[i]!, atr);
    if (top) found.push(pattern(top, i, 'down', 1));
    if (bottom) found.push(pattern(bottom, i, 'up', -1));
  }
  return found;
}
