/**
 * Tiingo: `/tiingo/fx/{ticker}/prices` and `/tiingo/crypto/prices` (api.tiingo.com/documentation). FX prices are
 * mid quotes without volume, crypto prices are of trades over several exchanges. Requests name whole days.
 */
import type { Bar } from '../../../src-shared/market/bars.ts';
import type { Instrument } from '../../../src-shared/market/instruments.ts';
import { type Timeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import {
  type AdapterOptions,
  checkedInstrument,
  closedRows,
  coveredByAll,
  reading,
  requiredKey,
  rowsWithin,
  subjectOf,
} from './adapter.ts';
import { ProviderClient, type Verdict } from './http.ts';
import type { ProviderErrors } from './httpErrors.ts';
import { quoted } from './httpErrors.ts';
import type {
  BarPage,
  BarRequest,
  HistoryProvider,
  ProviderCapabilities,
  ProviderIo,
  RateLimit,
} from './port.ts';
import { columnsOf, Malformed, readArray, readDecimal, readInstant, readObject } from './reading.ts';

const TOKEN = { secret: 'tiingo.token', label: 'Tiingo API token' };
const DAY_MS = 86_400_000;
const MAX_BARS = 5000;
const HOURLY_WAIT_MS = 60_000;
const FREQUENCY: Readonly<Record<Timeframe, string>> = {
  M1: '1min',
  M5: '5min',
  M15: '15min',
  M30: '30min',
  H1: '1hour',
  H4: '4hour',
  D1: '1day',
};
/** Of the free plan. */
const FREE_PLAN: readonly RateLimit[] = [
  { requests: 50, perMs: 3_600_000 },
  { requests: 1000, perMs: DAY_MS },
];

/** Settings of Tiingo. */
export interface TiingoOptions extends AdapterOptions {
  /** Limits of the plan. Default: those of the free one, 50 an hour and 1,000 a day. */
  readonly rateLimits?: readonly RateLimit[];
}

/** Tiingo's FX and crypto bars. */
export class TiingoHistory implements HistoryProvider {
  readonly id = 'tiingo';
  readonly name = 'Tiingo';
  readonly about = 'FX and crypto, recorded as mid, with the token of a free account: 50 requests an hour.';
  readonly needsKey = true;
  readonly keys = [TOKEN];
  readonly capabilities: ProviderCapabilities;
  readonly #baseUrl: string;
  readonly #client: ProviderClient;

  constructor(options: TiingoOptions = {}) {
    this.capabilities = {
      assetClasses: ['fx', 'crypto'],
      timeframes: ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1'],
      priceSides: ['mid'],
      pricesFrom: 'unstated',
      maxBarsPerRequest: MAX_BARS,
      rateLimits: options.rateLimits ?? FREE_PLAN,
    };
    this.#baseUrl = options.baseUrl ?? 'https://api.tiingo.com';
    this.#client = new ProviderClient({
      name: this.name,
      rateLimits: this.capabilities.rateLimits,
      keyHint: 'Copy the token from your account page at Tiingo and enter it in the settings.',
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
  }

  async *fetchBars(request: BarRequest, io: ProviderIo): AsyncGenerator<BarPage, void, void> {
    const { errors } = this.#client;
    const instrument = checkedInstrument(this, request, errors);
    const token = await requiredKey(TOKEN, io, errors);
    let lastMs: number | undefined;
    for (let fromMs = request.fromMs; fromMs < request.toMs; ) {
      const toMs = Math.min(request.toMs, windowEnd(fromMs, request.timeframe));
      const answer = await this.#client.getJson(
        {
          url: this.#page(request.timeframe, instrument, fromMs, toMs),
          headers: { authorization: `Token ${token}` },
          secrets: [token],
          subject: subjectOf(request),
          judge: (body) => judge(body, token, errors),
        },
        io,
      );
      const all = reading(request, errors, () => readRows(answer.body, instrument, fromMs, toMs));
      const rows = rowsWithin(closedRows(all, request.timeframe, answer.nowMs), fromMs, toMs);
      lastMs = rows.at(-1)?.timeMs ?? lastMs;
      const coveredToMs = Math.max(fromMs, coveredByAll({ ...request, toMs }, lastMs, answer.nowMs));
      yield { bars: columnsOf(rows), coveredToMs };
      // A window that is not settled ends the fetch: what follows it is nearer to the present still.
      if (coveredToMs < toMs) return;
      fromMs = toMs;
    }
  }

  #page(timeframe: Timeframe, instrument: Instrument, fromMs: number, toMs: number): URL {
    const ticker = instrument.symbol.toLowerCase();
    const crypto = instrument.assetClass === 'crypto';
    const path = crypto ? 'tiingo/crypto/prices' : `tiingo/fx/${encodeURIComponent(ticker)}/prices`;
    const url = new URL(`${this.#baseUrl}/${path}`);
    if (crypto) url.searchParams.set('tickers', ticker);
    url.searchParams.set('startDate', isoDay(fromMs));
    // Whether the last day is included is not documented for every endpoint; one day more costs nothing.
    url.searchParams.set('endDate', isoDay(toMs - 1 + DAY_MS));
    url.searchParams.set('resampleFreq', FREQUENCY[timeframe]);
    return url;
  }
}

/** The end of the stretch that one request may hold, at midnight UTC; the day asked for in excess is counted. */
function windowEnd(fromMs: number, timeframe: Timeframe): number {
  const days = Math.max(1, Math.floor((MAX_BARS * timeframeMs(timeframe)) / DAY_MS) - 1);
  return (Math.floor(fromMs / DAY_MS) + days) * DAY_MS;
}

function isoDay(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** Messages come as an object with `detail` where a list is due, sometimes with status 200. */
function judge(body: unknown, token: string, errors: ProviderErrors): Verdict {
  if (typeof body !== 'object' || body === null || !('detail' in body)) return { kind: 'data' };
  const says = quoted(String(body.detail), [token]);
  if (/limit|allocation|too many/i.test(says)) return { kind: 'throttled', waitMs: HOURLY_WAIT_MS };
  return { kind: 'error', error: errors.rejectedKey(says) };
}

function readRows(body: unknown, instrument: Instrument, fromMs: number, toMs: number): Bar[] {
  const ticker = instrument.symbol.toLowerCase();
  const list = readArray(body, 'the answer');
  const crypto = instrument.assetClass === 'crypto';
  const rows = (crypto ? pricesOf(list, ticker) : list).map((item, i) =>
    readRow(item, i, crypto ? undefined : ticker),
  );
  // What is beyond the asked instants is left out, but other days than those asked are no answer to the question.
  const firstMs = Math.floor(fromMs / DAY_MS) * DAY_MS;
  const endMs = (Math.floor((toMs - 1) / DAY_MS) + 2) * DAY_MS;
  if (rowsWithin(rows, firstMs, endMs).length < rows.length) {
    throw new Malformed('it holds days that were not asked for');
  }
  return rows;
}

function pricesOf(list: readonly unknown[], ticker: string): readonly unknown[] {
  if (list.length === 0) return [];
  const pair = readObject(list[0], 'the pair');
  if (list.length > 1 || pair.ticker !== ticker) throw new Malformed('it is for another pair');
  return readArray(pair.priceData, 'priceData');
}

function readRow(item: unknown, i: number, ticker: string | undefined): Bar {
  const row = readObject(item, `bar ${i}`);
  if (ticker !== undefined && row.ticker !== ticker) throw new Malformed(`bar ${i} is of another pair`);
  return {
    timeMs: readInstant(row.date, `the date of bar ${i}`),
    open: readDecimal(row.open, `the open of bar ${i}`),
    high: readDecimal(row.high, `the high of bar ${i}`),
    low: readDecimal(row.low, `the low of bar ${i}`),
    close: readDecimal(row.close, `the close of bar ${i}`),
    volume: row.volume === undefined ? 0 : readDecimal(row.volume, `the volume of bar ${i}`),
  };
}
