import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';

/** What typing on the chart can mean. */
export interface QuickMatch {
  readonly symbol: string;
  readonly timeframe: AnyTimeframe;
  readonly synthetic: boolean;
}
/** What can be shown of a symbol. */
export interface QuickSymbol {
  readonly symbol: string;
  readonly synthetic: boolean;
  readonly timeframes: readonly AnyTimeframe[];
}
interface Now {
  readonly symbol: string | undefined;
  readonly timeframe: AnyTimeframe | undefined;
}

const MINUTES: Readonly<Record<AnyTimeframe, string>> = {
  M1: '1',
  M2: '2',
  M3: '3',
  M5: '5',
  M10: '10',
  M15: '15',
  M30: '30',
  H1: '60',
  H2: '120',
  H3: '180',
  H4: '240',
  H6: '360',
  H8: '480',
  H12: '720',
  D1: '1440',
  W1: '10080',
  MN1: '43200',
};
const FRAMES = Object.keys(MINUTES) as AnyTimeframe[];
const LETTERS: Readonly<Record<string, AnyTimeframe>> = { H: 'H1', D: 'D1', W: 'W1', M: 'MN1', MN: 'MN1' };

/** The timeframe that was typed, as chart users type it: minutes, a letter, or its name either way round. */
export function typedTimeframe(text: string): AnyTimeframe | undefined {
  const word = text.trim().toUpperCase();
  const turned = word.replace(/^(\d+)([MHDW])$/, '$2$1');
  return FRAMES.find((f) => f === word || f === turned || MINUTES[f] === word) ?? LETTERS[word];
}

/** `G` goes to a date; it may also begin a symbol. */
export function meansDate(text: string): boolean {
  const word = text.trim().toUpperCase();
  return word !== '' && ('GO TO DATE'.startsWith(word) || /^\d{4}-\d{0,2}-?\d{0,2}/.test(word));
}

/**
 * True when a digit begins a timeframe: on the chart such digits are the chart's, whatever is stored, so that the same
 * keys never leave the chart on one symbol and change the timeframe on another. All other digits switch tabs.
 */
export function beginsTimeframe(digit: string): boolean {
  return FRAMES.some((f) => MINUTES[f].startsWith(digit));
}

/** `G` alone goes to a date at once where it begins no stored symbol; else it is the first of what it can mean. */
export function goesToDate(key: string, symbols: readonly QuickSymbol[]): boolean {
  return key.toUpperCase() === 'G' && !symbols.some((s) => s.symbol.toUpperCase().startsWith('G'));
}

/** The timeframe a symbol is opened in: the one on the chart where it can be made, else the nearest longer, else any. */
function frameFor(symbol: QuickSymbol, timeframe: AnyTimeframe | undefined): AnyTimeframe | undefined {
  const { timeframes } = symbol;
  if (timeframe === undefined) return timeframes[0];
  const from = FRAMES.indexOf(timeframe);
  return timeframes.find((f) => FRAMES.indexOf(f) >= from) ?? timeframes.at(-1);
}

/**
 * What was typed can mean: first the timeframe of the symbol on the chart, then timeframes that begin so in minutes,
 * then symbols by their beginning, then by any part, in the timeframe on the chart where that can be made.
 */
export function quickMatches(text: string, symbols: readonly QuickSymbol[], now: Now): readonly QuickMatch[] {
  const word = text.trim().toUpperCase();
  if (word === '') return [];
  const exact = typedTimeframe(word);
  const own = symbols.find((s) => s.symbol === now.symbol);
  const frames = (own?.timeframes ?? []).filter((f) => f === exact || MINUTES[f].startsWith(word));
  const byFrame = [...frames.filter((f) => f === exact), ...frames.filter((f) => f !== exact)];
  const rank = (s: QuickSymbol) => (s.symbol.startsWith(word) ? 0 : 1);
  const bySymbol = symbols
    .filter((s) => s.symbol.includes(word))
    .sort((a, b) => rank(a) - rank(b) || a.symbol.localeCompare(b.symbol));
  return [
    ...byFrame.map((timeframe) => ({ symbol: own!.symbol, timeframe, synthetic: own!.synthetic })),
    ...bySymbol.flatMap((s) => {
      const timeframe = frameFor(s, now.timeframe);
      return timeframe === undefined ? [] : [{ symbol: s.symbol, timeframe, synthetic: s.synthetic }];
    }),
  ].slice(0, 8);
}
