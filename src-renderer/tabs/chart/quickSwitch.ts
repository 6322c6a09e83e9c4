import type { Timeframe } from '../../../src-shared/market/timeframes.ts';

export interface QuickMatch {
  readonly symbol: string;
  readonly timeframe: Timeframe;
}
interface Stored extends QuickMatch {
  readonly synthetic: boolean;
}

const TYPED: Readonly<Record<string, Timeframe>> = {
  '1': 'M1',
  '1M': 'M1',
  '5': 'M5',
  '5M': 'M5',
  '15': 'M15',
  '15M': 'M15',
  '30': 'M30',
  '30M': 'M30',
  '60': 'H1',
  H: 'H1',
  '1H': 'H1',
  '240': 'H4',
  '4H': 'H4',
  D: 'D1',
  '1D': 'D1',
  '1440': 'D1',
};

/** The timeframe that was typed, as TradingView users type it: minutes, or a letter. */
export function typedTimeframe(text: string): Timeframe | undefined {
  const word = text.trim().toUpperCase();
  return TYPED[word] ?? (/^(M1|M5|M15|M30|H1|H4|D1)$/.test(word) ? (word as Timeframe) : undefined);
}

const MINUTES: Readonly<Record<Timeframe, string>> = {
  M1: '1',
  M5: '5',
  M15: '15',
  M30: '30',
  H1: '60',
  H4: '240',
  D1: '1440',
};

/**
 * True when a digit begins a timeframe that the symbol on the chart could be switched to. All other digits switch
 * tabs, on the chart as everywhere.
 */
export function beginsTimeframe(
  digit: string,
  stored: readonly Stored[],
  now: { readonly symbol: string | undefined; readonly timeframe: Timeframe | undefined },
): boolean {
  return stored.some(
    (d) => d.symbol === now.symbol && d.timeframe !== now.timeframe && MINUTES[d.timeframe].startsWith(digit),
  );
}

/**
 * Stored histories that what was typed can mean: first the timeframe of the symbol on the chart, then timeframes that
 * begin so in minutes, then symbols by their beginning, then by any part. The timeframe on the chart is kept where it is stored.
 */
export function quickMatches<T extends Stored>(
  text: string,
  stored: readonly T[],
  now: { readonly symbol: string | undefined; readonly timeframe: Timeframe | undefined },
): readonly T[] {
  const word = text.trim().toUpperCase();
  if (word === '') return [];
  const frame = typedTimeframe(word);
  const own = stored.filter((d) => d.symbol === now.symbol);
  const byFrame = [
    ...own.filter((d) => d.timeframe === frame),
    ...own.filter((d) => d.timeframe !== frame && MINUTES[d.timeframe].startsWith(word)),
  ];
  const rank = (d: T) => (d.symbol.startsWith(word) ? 0 : 2) + (d.timeframe === now.timeframe ? 0 : 1);
  const bySymbol = stored
    .filter((d) => d.symbol.includes(word) && !byFrame.includes(d))
    .sort((a, b) => rank(a) - rank(b) || a.symbol.localeCompare(b.symbol));
  return [...byFrame, ...bySymbol].slice(0, 8);
}
