/**
 * Alpha Vantage: `FX_INTRADAY` and `FX_DAILY` (alphavantage.co/documentation). One answer holds everything that
 * the provider has, newest first; it does not state which side of the quote it is, and is recorded as mid.
 */

import { FrontierError } from '../../../src-shared/errors.ts';
import type { Bar } from '../../../src-shared/market/bars.ts';
import type { Instrument } from '../../../src-shared/market/instruments.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import {
  type AdapterOptions,
  checkedInstrument,
  closedRows,
  coveredByAll,
  pairOf,
  reading,
  requiredKey,
  rowsWithin,
  subjectOf,
} from './adapter.ts';
import { ProviderClient, type Verdict } from './http.ts';
import { type ProviderErrors, quoted } from './httpErrors.ts';
import type {
  BarPage,
  BarRequest,
  HistoryProvider,
  ProviderCapabilities,
  ProviderIo,
  RateLimit,
} from './port.ts';
import { columnsOf, Malformed, readDecimal, readObject, readString, readUtcStamp } from './reading.ts';

const API_KEY = { secret: 'alphavantage.apiKey', label: 'Alpha Vantage API key' };
const INTERVAL: Readonly<Partial<Record<Timeframe, string>>> = {
  M1: '1min',
  M5: '5min',
  M15: '15min',
  M30: '30min',
  H1: '60min',
};
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Of a free key. */
const FREE_PLAN: readonly RateLimit[] = [
  { requests: 5, perMs: MINUTE_MS },
  { requests: 25, perMs: DAY_MS },
];

/** Settings of Alpha Vantage. */
export interface AlphaVantageOptions extends AdapterOptions {
  /** Limits of the plan. Default: those of a free key, 5 a minute and 25 a day. */
  readonly rateLimits?: readonly RateLimit[];
}

/** Alpha Vantage's FX bars. */
export class AlphaVantageHistory implements HistoryProvider {
  readonly id = 'alphavantage';
  readonly name = 'Alpha Vantage';
  readonly about = 'FX by the day with a free key, 25 requests a day; shorter bars need a paid plan.';
  readonly needsKey = true;
  readonly keys = [API_KEY];
  readonly capabilities: ProviderCapabilities;
  readonly #baseUrl: string;
  readonly #client: ProviderClient;

  constructor(options: AlphaVantageOptions = {}) {
    this.capabilities = {
      assetClasses: ['fx'],
      timeframes: ['M1', 'M5', 'M15', 'M30', 'H1', 'D1'],
      priceSides: ['mid'],
      pricesFrom: 'unstated',
      maxBarsPerRequest: Number.POSITIVE_INFINITY,
      rateLimits: options.rateLimits ?? FREE_PLAN,
    };
    this.#baseUrl = options.baseUrl ?? 'https://www.alphavantage.co';
    this.#client = new ProviderClient({
      name: this.name,
      rateLimits: this.capabilities.rateLimits,
      keyHint: 'Get a key at Alpha Vantage and enter it in the settings.',
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
  }

  async *fetchBars(request: BarRequest, io: ProviderIo): AsyncGenerator<BarPage, void, void> {
    const { errors } = this.#client;
    const instrument = checkedInstrument(this, request, errors);
    const key = await requiredKey(API_KEY, io, errors);
    const subject = subjectOf(request);
    const answer = await this.#client.getJson(
      {
        url: this.#url(request.timeframe, instrument, key),
        headers: {},
        secrets: [key],
        subject,
        judge: (body) => judge(body, key, subject, errors),
      },
      io,
    );
    const all = reading(request, errors, () => readSeries(answer.body, instrument, request.timeframe));
    const rows = rowsWithin(closedRows(all, request.timeframe, answer.nowMs), request.fromMs, request.toMs);
    const coveredToMs = coveredByAll(request, rows.at(-1)?.timeMs, answer.nowMs);
    yield { bars: columnsOf(rows), coveredToMs };
  }

  #url(timeframe: Timeframe, instrument: Instrument, key: string): URL {
    const { base, quote } = pairOf(instrument);
    const url = new URL(`${this.#baseUrl}/query`);
    const interval = INTERVAL[timeframe];
    url.searchParams.set('function', interval === undefined ? 'FX_DAILY' : 'FX_INTRADAY');
    url.searchParams.set('from_symbol', base);
    url.searchParams.set('to_symbol', quote);
    if (interval !== undefined) url.searchParams.set('interval', interval);
    url.searchParams.set('outputsize', 'full');
    url.searchParams.set('datatype', 'json');
    url.searchParams.set('apikey', key);
    return url;
  }
}

/**
 * Failures come with status 200: `Error Message` for a bad request or key, `Note` and `Information` for used-up
 * limits and paid functions. The sentence about a limit repeats the key.
 */
function judge(body: unknown, key: string, subject: string, errors: ProviderErrors): Verdict {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return { kind: 'data' };
  const fields = body as Readonly<Record<string, unknown>>;
  const wrong = fields['Error Message'];
  if (typeof wrong === 'string') {
    const rejected = /apikey|api key/i.test(wrong);
    return {
      kind: 'error',
      error: rejected ? errors.rejectedKey(quoted(wrong, [key])) : errors.unknownSymbol(subject),
    };
  }
  const told = fields.Note ?? fields.Information;
  if (typeof told !== 'string') return { kind: 'data' };
  return judgeNote(quoted(told, [key]), errors);
}

function judgeNote(says: string, errors: ProviderErrors): Verdict {
  const perDayOnly = /per day/i.test(says) && !/per (minute|second)/i.test(says);
  if (/premium endpoint/i.test(says)) return { kind: 'error', error: notInPlan(says) };
  if (/invalid.*(apikey|api key)|demo (api )?key|\*\*demo\*\*/i.test(says))
    return { kind: 'error', error: errors.rejectedKey(says) };
  if (perDayOnly) return { kind: 'error', error: usedUp(says) };
  if (/per second/i.test(says) && !/per minute/i.test(says)) return { kind: 'throttled', waitMs: 1000 };
  if (/per minute|frequency|rate limit/i.test(says)) return { kind: 'throttled', waitMs: MINUTE_MS };
  return { kind: 'error', error: notInPlan(says) };
}

function notInPlan(says: string): FrontierError {
  return new FrontierError(
    'REFUSED',
    `Alpha Vantage answered with a message instead of data: ${says}`,
    'Use daily bars, another provider, or a plan that includes the function.',
  );
}

function usedUp(says: string): FrontierError {
  return new FrontierError(
    'UNAVAILABLE',
    `The daily limit of Alpha Vantage is used up: ${says}`,
    'What was stored is kept; start the download again tomorrow, or use a plan with a higher limit.',
  );
}

function readSeries(body: unknown, instrument: Instrument, timeframe: Timeframe): Bar[] {
  const answer = readObject(body, 'the answer');
  const { base, quote } = pairOf(instrument);
  const meta = readObject(answer['Meta Data'], 'Meta Data');
  // The numbers before the names differ between the functions.
  const metaOf = (name: string) => readString(meta[keyEnding(meta, name)], name);
  if (metaOf('From Symbol') !== base || metaOf('To Symbol') !== quote)
    throw new Malformed('it is for another pair');
  if (metaOf('Time Zone') !== 'UTC') throw new Malformed('its times are not in UTC');
  const label = INTERVAL[timeframe] ?? 'Daily';
  const series = readObject(answer[`Time Series FX (${label})`], `Time Series FX (${label})`);
  return Object.entries(series)
    .map(([stamp, item]) => readRow(stamp, item))
    .sort((a, b) => a.timeMs - b.timeMs);
}

function keyEnding(fields: Readonly<Record<string, unknown>>, name: string): string {
  return Object.keys(fields).find((key) => key.endsWith(`. ${name}`)) ?? name;
}

function readRow(stamp: string, item: unknown): Bar {
  const row = readObject(item, `the bar of ${stamp}`);
  return {
    timeMs: readUtcStamp(stamp, 'the time of a bar'),
    open: readDecimal(row['1. open'], `the open of ${stamp}`),
    high: readDecimal(row['2. high'], `the high of ${stamp}`),
    low: readDecimal(row['3. low'], `the low of ${stamp}`),
    close: readDecimal(row['4. close'], `the close of ${stamp}`),
    volume: 0,
  };
}
