import type { Timeframe } from '../../../src-shared/market/timeframes.ts';

export interface FileGuess {
  readonly symbol?: string;
  readonly timeframe?: Timeframe;
  readonly priceSide?: 'bid' | 'ask' | 'mid';
}

const CURRENCY = '(?:AUD|CAD|CHF|EUR|GBP|JPY|NZD|USD|SEK|NOK|DKK|SGD|ZAR|MXN|PLN|TRY|HKD|CNH|XAU|XAG)';
const PAIR = new RegExp(`^(${CURRENCY}${CURRENCY})(\\d*)$`);
const COIN = /^[A-Z0-9]{2,6}(USDT|USDC|USD)$/;
const TICKER = /^[A-Z]{2,12}$/;
/** Words that files are named with and that are no ticker. */
const NOISE = new Set(
  'DAT ASCII RAW DIRTY NT MT MT4 MT5 CSV TXT GZ BARS DATA HISTORY HISTDATA METATRADER NINJATRADER DUKASCOPY EXPORT CANDLES OHLC OHLCV BID ASK MID LAST NASDAQ NYSE NSE FOREX FX TICK MINUTE HOUR DAILY DAY UTC EST GMT'.split(
    ' ',
  ),
);
const FRAMES: ReadonlyArray<readonly [RegExp, Timeframe]> = [
  [/^(M1|1M|1MIN|MINUTE)$/, 'M1'],
  [/^(M5|5M|5MIN)$/, 'M5'],
  [/^(M15|15M|15MIN)$/, 'M15'],
  [/^(M30|30M|30MIN)$/, 'M30'],
  [/^(H1|1H|60M|60MIN|HOUR|HOURLY)$/, 'H1'],
  [/^(H4|4H|240M)$/, 'H4'],
  [/^(D1|1D|D|DAILY|DAY|1440)$/, 'D1'],
];
/** MetaTrader appends the minutes: `EURUSD5.csv`. */
const BY_MINUTES: Readonly<Record<string, Timeframe>> = {
  '1': 'M1',
  '5': 'M5',
  '15': 'M15',
  '30': 'M30',
  '60': 'H1',
  '240': 'H4',
  '1440': 'D1',
};

/** What a file's name says about its content; an absent field means that it says nothing. */
export function guessFromFileName(fileName: string): FileGuess {
  const base = fileName.replace(/^.*[\\/]/, '').replace(/(\.(csv|txt|gz|zip|parquet|prn|tsv))+$/i, '');
  const words = base
    .toUpperCase()
    .split(/[^A-Z0-9/]+/)
    .map((w) => w.replace('/', ''))
    .filter(Boolean);
  let symbol: string | undefined;
  let timeframe = FRAMES.find(([pattern]) => words.some((w) => pattern.test(w)))?.[1];
  for (const word of words) {
    const pair = PAIR.exec(word);
    if (!pair) continue;
    symbol = pair[1];
    timeframe ??= BY_MINUTES[pair[2] ?? ''];
    break;
  }
  const isFrame = (w: string) => FRAMES.some(([pattern]) => pattern.test(w));
  symbol ??= words.find((w) => COIN.test(w));
  symbol ??= words.find((w) => TICKER.test(w) && !NOISE.has(w) && !isFrame(w));
  const priceSide = words.includes('BID')
    ? 'bid'
    : words.includes('ASK')
      ? 'ask'
      : words.includes('MID')
        ? 'mid'
        : undefined;
  return {
    ...(symbol === undefined ? {} : { symbol }),
    ...(timeframe === undefined ? {} : { timeframe }),
    ...(priceSide === undefined ? {} : { priceSide }),
  };
}
