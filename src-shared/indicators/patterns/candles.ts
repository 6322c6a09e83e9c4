/**
 * Candlestick patterns (S. Nison, "Japanese Candlestick Charting Techniques", 1991). Markets that trade around the
 * clock open where they closed: where the book asks for a gap, touching is enough here. All shares and multiples stand
 * in `LIMITS`; `docs/spec/indicators.md` says the same in words.
 */
import type { Measures, PatternDirection } from './types.ts';

export const LIMITS = {
  /** A doji's body, at most this share of its range; and its range, at least this share of the usual one. */
  dojiBody: 0.1,
  dojiRange: 0.5,
  /** A hammer's long shadow, at least this many bodies; its other shadow and its body, at most these shares of the range. */
  shadowBodies: 2,
  otherShadow: 0.1,
  hammerBody: 0.35,
  /** A long body, at least this many usual ones; a star's, at most this share of the first bar's. */
  longBody: 1,
  starBody: 0.35,
  /** A harami's second body, at most this share of the first. */
  haramiBody: 0.6,
  /** Of three soldiers or crows: body at least this share of the range, and the shadow ahead at most this share. */
  marchBody: 0.6,
  marchShadow: 0.2,
  /** A pin bar's shadow, at least this share of the range, its body within the rest; its range at least the usual. */
  pinShadow: 2 / 3,
  /** A trend: the close before the pattern is this many ATR beyond the one `trendBars` earlier. */
  trendBars: 5,
  trendAtr: 1,
} as const;

export interface CandlePattern {
  readonly id: string;
  readonly names: Readonly<Record<PatternDirection, string>>;
  /** Bars that it consists of. */
  readonly bars: number;
  /** Which way it points when its last bar is `i`; undefined when there is none. Looks at `i` and before it alone. */
  readonly test: (m: Measures, i: number) => PatternDirection | undefined;
}

const rises = (m: Measures, i: number) => m.bars.close[i]! > m.bars.open[i]!;
const falls = (m: Measures, i: number) => m.bars.close[i]! < m.bars.open[i]!;
const top = (m: Measures, i: number) => Math.max(m.bars.open[i]!, m.bars.close[i]!);
const bottom = (m: Measures, i: number) => Math.min(m.bars.open[i]!, m.bars.close[i]!);
const middle = (m: Measures, i: number) => (m.bars.open[i]! + m.bars.close[i]!) / 2;
const upper = (m: Measures, i: number) => m.bars.high[i]! - top(m, i);
const lower = (m: Measures, i: number) => bottom(m, i) - m.bars.low[i]!;
const isLong = (m: Measures, i: number) => m.body[i]! >= LIMITS.longBody * m.usualBody[i]! && m.body[i]! > 0;

/** 1 where prices rose into the bar `first`, -1 where they fell, 0 where neither is plain. */
function trendInto(m: Measures, first: number): -1 | 0 | 1 {
  const before = first - 1;
  const change = m.bars.close[before]! - m.bars.close[before - LIMITS.trendBars]!;
  const enough = LIMITS.trendAtr * m.atr[before]!;
  if (change >= enough) return 1;
  return change <= -enough ? -1 : 0;
}

/** Long shadow on one side, hardly any on the other, small body. */
function hasLongShadow(m: Measures, i: number, side: 'lower' | 'upper'): boolean {
  const [long, short] = side === 'lower' ? [lower(m, i), upper(m, i)] : [upper(m, i), lower(m, i)];
  return (
    m.range[i]! > 0 &&
    m.body[i]! <= LIMITS.hammerBody * m.range[i]! &&
    long >= LIMITS.shadowBodies * m.body[i]! &&
    short <= LIMITS.otherShadow * m.range[i]!
  );
}

function star(m: Measures, i: number, up: boolean): boolean {
  const [first, second] = [i - 2, i - 1];
  if (!isLong(m, first) || m.body[second]! > LIMITS.starBody * m.body[first]!) return false;
  if (!isLong(m, i)) return false;
  return up
    ? falls(m, first) &&
        rises(m, i) &&
        top(m, second) <= middle(m, first) &&
        m.bars.close[i]! > middle(m, first)
    : rises(m, first) &&
        falls(m, i) &&
        bottom(m, second) >= middle(m, first) &&
        m.bars.close[i]! < middle(m, first);
}

function march(m: Measures, i: number, up: boolean): boolean {
  for (let k = i - 2; k <= i; k++) {
    if (!(up ? rises(m, k) : falls(m, k))) return false;
    if (m.body[k]! < LIMITS.marchBody * m.range[k]! || !isLong(m, i - 2)) return false;
    if ((up ? upper(m, k) : lower(m, k)) > LIMITS.marchShadow * m.range[k]!) return false;
    if (k === i - 2) continue;
    const open = m.bars.open[k]!;
    if (open < bottom(m, k - 1) || open > top(m, k - 1)) return false;
    if (up ? m.bars.close[k]! <= m.bars.close[k - 1]! : m.bars.close[k]! >= m.bars.close[k - 1]!)
      return false;
  }
  return true;
}

const same = (name: string) => ({ up: name, down: name, none: name });

/** Every candlestick pattern. A new one is one entry. */
export const CANDLE_PATTERNS: readonly CandlePattern[] = [
  {
    id: 'doji',
    names: same('Doji'),
    bars: 1,
    test: (m, i) =>
      m.range[i]! > 0 &&
      m.body[i]! <= LIMITS.dojiBody * m.range[i]! &&
      m.range[i]! >= LIMITS.dojiRange * m.usualRange[i]!
        ? 'none'
        : undefined,
  },
  {
    id: 'hammer',
    names: { up: 'Hammer', down: 'Hanging man', none: '' },
    bars: 1,
    test(m, i) {
      if (!hasLongShadow(m, i, 'lower')) return undefined;
      const trend = trendInto(m, i);
      return trend === 0 ? undefined : trend < 0 ? 'up' : 'down';
    },
  },
  {
    id: 'shootingStar',
    names: same('Shooting star'),
    bars: 1,
    test: (m, i) => (hasLongShadow(m, i, 'upper') && trendInto(m, i) > 0 ? 'down' : undefined),
  },
  {
    id: 'engulfing',
    names: { up: 'Bullish engulfing', down: 'Bearish engulfing', none: '' },
    bars: 2,
    test(m, i) {
      const covers = bottom(m, i) <= bottom(m, i - 1) && top(m, i) >= top(m, i - 1);
      if (!covers || m.body[i]! <= m.body[i - 1]! || m.body[i - 1]! === 0) return undefined;
      const trend = trendInto(m, i - 1);
      if (rises(m, i) && falls(m, i - 1) && trend < 0) return 'up';
      return falls(m, i) && rises(m, i - 1) && trend > 0 ? 'down' : undefined;
    },
  },
  {
    id: 'harami',
    names: { up: 'Bullish harami', down: 'Bearish harami', none: '' },
    bars: 2,
    test(m, i) {
      const inside = bottom(m, i) >= bottom(m, i - 1) && top(m, i) <= top(m, i - 1);
      if (!inside || !isLong(m, i - 1) || m.body[i]! > LIMITS.haramiBody * m.body[i - 1]!) return undefined;
      const trend = trendInto(m, i - 1);
      if (falls(m, i - 1) && rises(m, i) && trend < 0) return 'up';
      return rises(m, i - 1) && falls(m, i) && trend > 0 ? 'down' : undefined;
    },
  },
  {
    id: 'star',
    names: { up: 'Morning star', down: 'Evening star', none: '' },
    bars: 3,
    test(m, i) {
      const trend = trendInto(m, i - 2);
      if (trend < 0 && star(m, i, true)) return 'up';
      return trend > 0 && star(m, i, false) ? 'down' : undefined;
    },
  },
  {
    id: 'piercing',
    names: { up: 'Piercing line', down: 'Dark cloud cover', none: '' },
    bars: 2,
    test(m, i) {
      if (!isLong(m, i - 1) || !isLong(m, i)) return undefined;
      const [open, close] = [m.bars.open[i]!, m.bars.close[i]!];
      const [openBefore, closeBefore] = [m.bars.open[i - 1]!, m.bars.close[i - 1]!];
      const half = middle(m, i - 1);
      const trend = trendInto(m, i - 1);
      const pierces = closeBefore < openBefore && open <= closeBefore && close > half && close < openBefore;
      if (pierces && trend < 0) return 'up';
      const covers = closeBefore > openBefore && open >= closeBefore && close < half && close > openBefore;
      return covers && trend > 0 ? 'down' : undefined;
    },
  },
  {
    id: 'march',
    names: { up: 'Three white soldiers', down: 'Three black crows', none: '' },
    bars: 3,
    test: (m, i) => (march(m, i, true) ? 'up' : march(m, i, false) ? 'down' : undefined),
  },
  {
    id: 'insideBar',
    names: same('Inside bar'),
    bars: 2,
    test: (m, i) =>
      m.bars.high[i]! < m.bars.high[i - 1]! && m.bars.low[i]! > m.bars.low[i - 1]! ? 'none' : undefined,
  },
  {
    id: 'pinBar',
    names: { up: 'Bullish pin bar', down: 'Bearish pin bar', none: '' },
    bars: 1,
    test(m, i) {
      const long = LIMITS.pinShadow * m.range[i]!;
      if (!(m.range[i]! >= m.usualRange[i]! && m.range[i]! > 0)) return undefined;
      if (lower(m, i) >= long) return 'up';
      return upper(m, i) >= long ? 'down' : undefined;
    },
  },
];
