/**
 * Alpaca market data: `/v1beta3/crypto/{location}/bars` and `/v2/stocks/bars` (docs.alpaca.markets). Prices are
 * of trades. Stock prices are raw: adjusted ones change backwards at every split, and could not be appended to.
 */
import type { Bar } from '../../../src-shared/market/bars.ts';
import type { Instrument } from '../../../src-shared/market/instruments.ts';
import { newYorkOffsetMs, newYorkToUtcMs } from '../../../src-shared/market/newYork.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import {
  type AdapterOptions,
  checkedInstrument,
  closedRows,
  coveredBy,
  coveredByAll,
  ProgressGuard,
  pairOf,
  reading,
  requiredKey,
  subjectOf,
} from './adapter.ts';
import { ProviderClient } from './http.ts';
import type { BarPage, BarRequest, HistoryProvider, ProviderCapabilities, ProviderIo } from './port.ts';
import {
  columnsOf,
  Malformed,
  readArray,
  readDecimal,
  readInstant,
  readObject,
  readString,
} from './reading.ts';

const KEY_ID = { secret: 'alpaca.keyId', label: 'Alpaca API key id' };
const KEY_SECRET = { secret: 'alpaca.secretKey', label: 'Alpaca API secret key' };
const MAX_LIMIT = 10_000;
const DAY_MS = 86_400_000;
const TIMEFRAME: Readonly<Record<Timeframe, string>> = {
  M1: '1Min',
  M5: '5Min',
  M15: '15Min',
  M30: '30Min',
  H1: '1Hour',
  H4: '4Hour',
  D1: '1Day',
};

/** Settings of Alpaca. */
export interface AlpacaOptions extends AdapterOptions {
  /** `iex` is free and holds one exchange; `sip` holds all and needs a plan. Default `iex`. */
  readonly feed?: 'iex' | 'sip';
  /** Where crypto is traded. Default `us`. */
  readonly cryptoLocation?: 'us' | 'us-1' | 'us-2' | 'eu-1' | 'bs-1';
}

interface Page {
  readonly rows: Bar[];
  readonly nextToken: string | undefined;
}

/** Alpaca's stock and crypto bars. */
export class AlpacaHistory implements HistoryProvider {
  readonly id = 'alpaca';
  readonly name = 'Alpaca';
  readonly about = 'Crypto and US stocks from trades, recorded as mid, with the keys of a free account.';
  readonly needsKey = true;
  readonly keys = [KEY_ID, KEY_SECRET];
  readonly capabilities: ProviderCapabilities = {
    assetClasses: ['crypto', 'stock'],
    timeframes: ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1'],
    priceSides: ['mid'],
    pricesFrom: 'trades',
    maxBarsPerRequest: MAX_LIMIT,
    rateLimits: [{ requests: 200, perMs: 60_000 }],
  };
  readonly #baseUrl: string;
  readonly #feed: string;
  readonly #location: string;
  readonly #client: ProviderClient;

  constructor(options: AlpacaOptions = {}) {
    this.#baseUrl = options.baseUrl ?? 'https://data.alpaca.markets';
    this.#feed = options.feed ?? 'iex';
    this.#location = options.cryptoLocation ?? 'us';
    this.#client = new ProviderClient({
      name: this.name,
      rateLimits: this.capabilities.rateLimits,
      keyHint:
        'Make a new pair of keys in the Alpaca dashboard (paper and live keys differ) and enter both in the settings.',
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
  }

  async *fetchBars(request: BarRequest, io: ProviderIo): AsyncGenerator<BarPage, void, void> {
    const { errors } = this.#client;
    const instrument = this.#instrument(request);
    const keyId = await requiredKey(KEY_ID, io, errors);
    const secret = await requiredKey(KEY_SECRET, io, errors);
    const datesOnly = instrument.assetClass === 'stock' && request.timeframe === 'D1';
    const guard = new ProgressGuard(request, errors);
    let token: string | undefined;
    let lastMs: number | undefined;
    for (;;) {
      const { url, symbol } = this.#page(request, instrument, datesOnly, token);
      const answer = await this.#client.getJson(
        {
          url,
          headers: { 'apca-api-key-id': keyId, 'apca-api-secret-key': secret },
          secrets: [keyId, secret],
          subject: subjectOf(request),
        },
        io,
      );
      const page = reading(request, errors, () => readPage(answer.body, symbol));
      const closed = closedRows(page.rows, request.timeframe, answer.nowMs);
      const rows = datesOnly ? closed.map(onTradingDate) : closed;
      const newestMs = rows.at(-1)?.timeMs;
      const ended = page.nextToken === undefined;
      const advanced = newestMs !== undefined && newestMs > (lastMs ?? Number.NEGATIVE_INFINITY);
      guard.note(ended || advanced);
      if (advanced) lastMs = newestMs;
      const coveredToMs = ended
        ? coveredByAll(request, lastMs, answer.nowMs)
        : (coveredBy(lastMs) ?? request.fromMs);
      yield { bars: columnsOf(rows), coveredToMs };
      if (ended) return;
      token = page.nextToken;
    }
  }

  #instrument(request: BarRequest): Instrument {
    const { errors } = this.#client;
    const instrument = checkedInstrument(this, request, errors);
    if (instrument.calendar === 'nse') {
      throw errors.unsupported(
        `stocks of the NSE such as ${instrument.symbol}`,
        'stocks of the United States',
      );
    }
    return instrument;
  }

  #page(
    request: BarRequest,
    instrument: Instrument,
    datesOnly: boolean,
    token: string | undefined,
  ): { url: URL; symbol: string } {
    const crypto = instrument.assetClass === 'crypto';
    const { base, quote } = pairOf(instrument);
    const symbol = crypto ? `${base}/${quote}` : instrument.symbol;
    const path = crypto ? `v1beta3/crypto/${this.#location}/bars` : 'v2/stocks/bars';
    const url = new URL(`${this.#baseUrl}/${path}`);
    const instant = (ms: number) => new Date(datesOnly ? newYorkToUtcMs(ms) : ms).toISOString();
    const query: Record<string, string> = {
      symbols: symbol,
      timeframe: TIMEFRAME[request.timeframe],
      start: instant(request.fromMs),
      // The end is inclusive here and exclusive in a request.
      end: instant(request.toMs - 1),
      limit: String(MAX_LIMIT),
      sort: 'asc',
    };
    if (!crypto) Object.assign(query, { adjustment: 'raw', feed: this.#feed });
    if (token !== undefined) query.page_token = token;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return { url, symbol };
  }
}

/** CAL-7: daily bars of stocks are stamped with the trading date; Alpaca stamps midnight in New York. */
function onTradingDate(row: Bar): Bar {
  const localMs = row.timeMs + newYorkOffsetMs(row.timeMs);
  return { ...row, timeMs: Math.floor(localMs / DAY_MS) * DAY_MS };
}

function readPage(body: unknown, symbol: string): Page {
  const page = readObject(body, 'the answer');
  const bySymbol = page.bars === null ? {} : readObject(page.bars, 'bars');
  const others = Object.keys(bySymbol).filter((name) => name !== symbol);
  if (others.length > 0) throw new Malformed('it holds bars of another symbol');
  const list = bySymbol[symbol] === undefined ? [] : readArray(bySymbol[symbol], 'bars');
  const token = page.next_page_token;
  if (token === undefined) throw new Malformed('it does not say whether another page follows');
  return {
    rows: list.map(readBar),
    nextToken: token === null || token === '' ? undefined : readString(token, 'next_page_token'),
  };
}

function readBar(item: unknown, i: number): Bar {
  const bar = readObject(item, `bar ${i}`);
  return {
    timeMs: readInstant(bar.t, `the time of bar ${i}`),
    open: readDecimal(bar.o, `the open of bar ${i}`),
    high: readDecimal(bar.h, `the high of bar ${i}`),
    low: readDecimal(bar.l, `the low of bar ${i}`),
    close: readDecimal(bar.c, `the close of bar ${i}`),
    volume: readDecimal(bar.v, `the volume of bar ${i}`),
  };
}
