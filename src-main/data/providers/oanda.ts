/**
 * OANDA v20 candles: `GET /v3/instruments/{instrument}/candles`
 * (developer.oanda.com/rest-live-v20/instrument-ep). Bid, ask or mid; volume counts price updates.
 */
import type { Bar, PriceSide } from '../../../src-shared/market/bars.ts';
import { type Timeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import {
  type AdapterOptions,
  checkedInstrument,
  coveredBy,
  coveredByAll,
  ProgressGuard,
  pairOf,
  reading,
  requiredKey,
  rowsWithin,
  subjectOf,
} from './adapter.ts';
import { type JsonAnswer, ProviderClient } from './http.ts';
import type { BarPage, BarRequest, HistoryProvider, ProviderCapabilities, ProviderIo } from './port.ts';
import { columnsOf, Malformed, readArray, readDecimal, readInstant, readObject } from './reading.ts';

const TOKEN = { secret: 'oanda.token', label: 'OANDA personal access token' };
const MAX_COUNT = 5000;
const GRANULARITY: Readonly<Record<Timeframe, string>> = {
  M1: 'M1',
  M5: 'M5',
  M15: 'M15',
  M30: 'M30',
  H1: 'H1',
  H4: 'H4',
  D1: 'D',
};
const COMPONENT: Readonly<Record<PriceSide, { letter: string; field: string }>> = {
  mid: { letter: 'M', field: 'mid' },
  bid: { letter: 'B', field: 'bid' },
  ask: { letter: 'A', field: 'ask' },
};

interface Candles {
  readonly rows: readonly Bar[];
  /** How many came, closed or not. */
  readonly received: number;
  readonly sawOpenOne: boolean;
}

/** The practice server unless `baseUrl` says otherwise (live: `https://api-fxtrade.oanda.com`). */
export class OandaHistory implements HistoryProvider {
  readonly id = 'oanda';
  readonly name = 'OANDA';
  readonly about =
    'FX and metals as bid, ask or mid from the practice server, with the token of a free practice account.';
  readonly needsKey = true;
  readonly keys = [TOKEN];
  readonly capabilities: ProviderCapabilities = {
    assetClasses: ['fx'],
    timeframes: ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1'],
    priceSides: ['bid', 'ask', 'mid'],
    pricesFrom: 'quotes',
    maxBarsPerRequest: MAX_COUNT,
    rateLimits: [{ requests: 100, perMs: 1000 }],
  };
  readonly #baseUrl: string;
  readonly #client: ProviderClient;

  constructor(options: AdapterOptions = {}) {
    this.#baseUrl = options.baseUrl ?? 'https://api-fxpractice.oanda.com';
    this.#client = new ProviderClient({
      name: this.name,
      rateLimits: this.capabilities.rateLimits,
      keyHint:
        'Make a new personal access token in the OANDA account (practice and live tokens differ) and enter it in the settings.',
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
  }

  async *fetchBars(request: BarRequest, io: ProviderIo): AsyncGenerator<BarPage, void, void> {
    const { errors } = this.#client;
    const { base, quote } = pairOf(checkedInstrument(this, request, errors));
    const instrument = `${base}_${quote}`;
    const token = await requiredKey(TOKEN, io, errors);
    const guard = new ProgressGuard(request, errors);
    let lastMs: number | undefined;
    for (;;) {
      const { url, count } = this.#page(request, instrument, lastMs);
      const answer = await this.#client.getJson(
        {
          url,
          headers: { authorization: `Bearer ${token}`, 'accept-datetime-format': 'RFC3339' },
          secrets: [token],
          subject: subjectOf(request),
        },
        io,
      );
      const candles = reading(request, errors, () => readCandles(answer, request, instrument));
      const state = stateAfter(candles, count, lastMs, request);
      guard.note(!state.stale);
      lastMs = state.lastMs;
      const coveredToMs = state.ended
        ? coveredToEnd(request, candles, lastMs, answer.nowMs)
        : (coveredBy(lastMs) ?? request.fromMs);
      yield { bars: columnsOf(state.rows), coveredToMs };
      if (state.ended) return;
    }
  }

  #page(request: BarRequest, instrument: string, lastMs: number | undefined): { url: URL; count: number } {
    const fromMs = lastMs ?? request.fromMs;
    // One more than fits, so that a full page always means that there is more.
    const fits = Math.ceil((request.toMs - fromMs) / timeframeMs(request.timeframe)) + 1;
    const count = Math.min(MAX_COUNT, fits);
    const url = new URL(`${this.#baseUrl}/v3/instruments/${instrument}/candles`);
    const query = {
      price: COMPONENT[request.priceSide].letter,
      granularity: GRANULARITY[request.timeframe],
      from: new Date(fromMs).toISOString(),
      count: String(count),
      includeFirst: String(lastMs === undefined),
      // The defaults, stated because daily and four-hour bars hang on them.
      dailyAlignment: '17',
      alignmentTimezone: 'America/New_York',
    };
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return { url, count };
  }
}

interface PageState {
  /** Inside the asked range. */
  readonly rows: readonly Bar[];
  readonly lastMs: number | undefined;
  /** The page before came again. */
  readonly stale: boolean;
  readonly ended: boolean;
}

function stateAfter(
  candles: Candles,
  count: number,
  lastMs: number | undefined,
  request: BarRequest,
): PageState {
  const newestMs = candles.rows.at(-1)?.timeMs ?? Number.NEGATIVE_INFINITY;
  const stale = lastMs !== undefined && candles.rows.length > 0 && newestMs <= lastMs;
  const short = candles.sawOpenOne || candles.received < count;
  // The first candle may be one that began before the start; pages that are counted run past the end.
  const fromMs = lastMs === undefined ? request.fromMs : Number.NEGATIVE_INFINITY;
  const rows = rowsWithin(candles.rows, fromMs, request.toMs);
  const newLastMs = Math.max(
    lastMs ?? Number.NEGATIVE_INFINITY,
    rows.at(-1)?.timeMs ?? Number.NEGATIVE_INFINITY,
  );
  return {
    rows,
    lastMs: Number.isFinite(newLastMs) ? newLastMs : undefined,
    stale,
    ended: !stale && (short || newestMs >= request.toMs),
  };
}

/** A closed bar beyond the end proves that everything before the end has come. */
function coveredToEnd(
  request: BarRequest,
  candles: Candles,
  lastMs: number | undefined,
  nowMs: number,
): number {
  const passed = (candles.rows.at(-1)?.timeMs ?? Number.NEGATIVE_INFINITY) >= request.toMs;
  return passed ? request.toMs : coveredByAll(request, lastMs, nowMs);
}

function readCandles(answer: JsonAnswer, request: BarRequest, instrument: string): Candles {
  const body = readObject(answer.body, 'the answer');
  if (body.instrument !== instrument) throw new Malformed('it is for another instrument');
  if (body.granularity !== GRANULARITY[request.timeframe])
    throw new Malformed('it is for another granularity');
  const list = readArray(body.candles, 'candles');
  const rows: Bar[] = [];
  for (const [i, item] of list.entries()) {
    const candle = readObject(item, `candle ${i}`);
    if (typeof candle.complete !== 'boolean')
      throw new Malformed(`candle ${i} does not say whether it is complete`);
    if (candle.complete) rows.push(readCandle(candle, i, COMPONENT[request.priceSide].field));
  }
  return { rows, received: list.length, sawOpenOne: rows.length < list.length };
}

function readCandle(candle: Readonly<Record<string, unknown>>, i: number, side: string): Bar {
  const prices = readObject(candle[side], `the ${side} of candle ${i}`);
  return {
    timeMs: readInstant(candle.time, `the time of candle ${i}`),
    open: readDecimal(prices.o, `the open of candle ${i}`),
    high: readDecimal(prices.h, `the high of candle ${i}`),
    low: readDecimal(prices.l, `the low of candle ${i}`),
    close: readDecimal(prices.c, `the close of candle ${i}`),
    volume: readDecimal(candle.volume, `the volume of candle ${i}`),
  };
}
