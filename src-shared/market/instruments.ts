import { FrontierError } from '../errors.ts';
import { assignedCalendar } from './calendarRegistry.ts';

export type AssetClass = 'fx' | 'crypto' | 'stock' | 'synthetic';

/** What a symbol is: everything needed to turn prices into money. */
export interface Instrument {
  readonly symbol: string;
  readonly assetClass: AssetClass;
  /** True for generated data; shown as SYNTHETIC wherever the symbol is shown. */
  readonly synthetic: boolean;
  /** Price of one pip (FX) or one price tick that users count in (others). */
  readonly pipSize: number;
  /** Decimals that prices are shown with. */
  readonly digits: number;
  /** Units of the base asset in one lot. */
  readonly lotSize: number;
  readonly minVolumeLots: number;
  readonly volumeStepLots: number;
  /** Currency that profit arises in. */
  readonly quoteCurrency: string;
  /** When it trades: `fx`, `always`, `nse`, `nyse`, or a calendar of the user (CAL-9). */
  readonly calendar: string;
}

const FX_PAIR = /^(AUD|CAD|CHF|EUR|GBP|JPY|NZD|USD|SEK|NOK|DKK|SGD|ZAR|MXN|PLN|TRY|HKD|CNH)([A-Z]{3})$/;
const CRYPTO = /^([A-Z0-9]{2,6})(USDT|USDC|USD)$/;
const METAL = /^(XAU|XAG)(USD|EUR)$/;
const NSE_STOCK = /\.(NSE|NS)$/;
const SYMBOL = /^[A-Z0-9._-]{1,24}$/;

function fx(symbol: string, quoteCurrency: string, synthetic: boolean): Instrument {
  const yen = quoteCurrency === 'JPY';
  return {
    symbol,
    assetClass: synthetic ? 'synthetic' : 'fx',
    synthetic,
    pipSize: yen ? 0.01 : 0.0001,
    digits: yen ? 3 : 5,
    lotSize: 100_000,
    minVolumeLots: 0.01,
    volumeStepLots: 0.01,
    quoteCurrency,
    calendar: 'fx',
  };
}

/** Spot gold (lots of 100 oz, pip 0.1) and silver (5,000 oz, pip 0.01): quoted and traded like FX. */
function metal(symbol: string, base: string, quoteCurrency: string): Instrument {
  const gold = base === 'XAU';
  return {
    ...fx(symbol, quoteCurrency, false),
    pipSize: gold ? 0.1 : 0.01,
    digits: gold ? 2 : 3,
    lotSize: gold ? 100 : 5_000,
  };
}

/**
 * The instrument of a symbol, with the calendar that the user assigned to it, if any. FX pairs, metals, crypto against the dollar and stocks have different
 * conventions; stocks of the National Stock Exchange of India carry the suffix `.NSE` or `.NS`, any other
 * stock is taken to be of New York; symbols that start with `SYN` are generated data.
 * @throws FrontierError BAD_INPUT for a symbol that cannot name a folder safely
 */
export function instrumentFor(rawSymbol: string): Instrument {
  const instrument = conventionOf(rawSymbol);
  const calendar = assignedCalendar(instrument.symbol);
  return calendar === undefined ? instrument : { ...instrument, calendar };
}

function conventionOf(rawSymbol: string): Instrument {
  const symbol = rawSymbol.trim().toUpperCase().replace('/', '');
  if (!SYMBOL.test(symbol) || symbol.includes('..')) {
    throw new FrontierError(
      'BAD_INPUT',
      `"${rawSymbol}" is not a usable symbol.`,
      'Use letters, digits, dot, dash or underscore, for example EURUSD or BTCUSDT.',
    );
  }
  if (symbol.startsWith('SYN')) return fx(symbol, 'USD', true);
  const pair = FX_PAIR.exec(symbol);
  if (pair) return fx(symbol, pair[2]!, false);
  const spot = METAL.exec(symbol);
  if (spot) return metal(symbol, spot[1]!, spot[2]!);
  const coin = CRYPTO.exec(symbol);
  if (coin) {
    return {
      symbol,
      assetClass: 'crypto',
      synthetic: false,
      pipSize: 0.01,
      digits: 4,
      lotSize: 1,
      minVolumeLots: 0.0001,
      volumeStepLots: 0.0001,
      quoteCurrency: 'USD',
      calendar: 'always',
    };
  }
  return {
    symbol,
    assetClass: 'stock',
    synthetic: false,
    pipSize: 0.01,
    digits: 2,
    lotSize: 1,
    minVolumeLots: 1,
    volumeStepLots: 1,
    quoteCurrency: NSE_STOCK.test(symbol) ? 'INR' : 'USD',
    calendar: NSE_STOCK.test(symbol) ? 'nse' : 'nyse',
  };
}
