/**
 * Dukascopy: bid and ask candles by minute, hour and day, without an account. Addresses, instrument names and the
 * decoding of the answers come from `dukascopy-node`; the requests are our own, because the library turns a failed
 * one into "no data" (docs/decisions/010-dukascopy-without-its-fetcher.md).
 */
import type { Bar } from '../../../src-shared/market/bars.ts';
import { BucketGrid } from '../../../src-shared/market/bucketGrid.ts';
import { calendarOf, type MarketCalendar } from '../../../src-shared/market/calendars.ts';
import type { Instrument } from '../../../src-shared/market/instruments.ts';
import { Resampler } from '../../../src-shared/market/resample.ts';
import { type Timeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import {
  type AdapterOptions,
  checkedInstrument,
  closedRows,
  coveredBy,
  pairOf,
  reading,
  rowsWithin,
  subjectOf,
} from './adapter.ts';
import {
  type Asked,
  type CandleSource,
  candlesOf,
  type Dukascopy,
  type InstrumentId,
  type Period,
  type Side,
} from './dukascopyCandles.ts';
import { ProviderClient } from './http.ts';
import type { BarPage, BarRequest, HistoryProvider, ProviderCapabilities, ProviderIo } from './port.ts';
import { columnsOf } from './reading.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A period that ended less than this ago is asked for as if it were running: our clock may be wrong. */
const CLOCK_DOUBT_MS = 26 * HOUR_MS;
/** The server's daily candles begin at midnight UTC; ours follow the market's day, so they are made from hours. */
const SOURCE: Readonly<Record<Timeframe, CandleSource>> = {
  M1: 'm1',
  M5: 'm1',
  M15: 'm1',
  M30: 'm1',
  H1: 'h1',
  H4: 'h1',
  D1: 'h1',
};
/** Frontier's names of coins that Dukascopy abbreviates in its own way. */
const COIN: Readonly<Record<string, string>> = {
  AAVE: 'AVE',
  COMP: 'CMP',
  DASH: 'DSH',
  LINK: 'LNK',
};

/** Dukascopy's public candles. */
export class DukascopyHistory implements HistoryProvider {
  readonly id = 'dukascopy';
  readonly name = 'Dukascopy';
  readonly about =
    'FX, metals and crypto as bid or ask from 2003 on, without an account; volume in millions of the base currency.';
  readonly needsKey = false;
  readonly keys = [];
  readonly capabilities: ProviderCapabilities = {
    assetClasses: ['fx', 'crypto'],
    timeframes: ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1'],
    priceSides: ['bid', 'ask'],
    pricesFrom: 'quotes',
    maxBarsPerRequest: 1440,
    rateLimits: [{ requests: 5, perMs: 1000 }],
  };
  readonly #baseUrl: string;
  readonly #client: ProviderClient;

  constructor(options: AdapterOptions = {}) {
    this.#baseUrl = options.baseUrl ?? 'https://jetta.dukascopy.com';
    this.#client = new ProviderClient({
      name: this.name,
      rateLimits: this.capabilities.rateLimits,
      keyHint: 'Dukascopy needs no key; its server refuses this machine. Try again later.',
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
  }

  async *fetchBars(request: BarRequest, io: ProviderIo): AsyncGenerator<BarPage, void, void> {
    const { errors } = this.#client;
    const instrument = checkedInstrument(this, request, errors);
    // Half a megabyte of instruments: loaded when something is fetched, not when providers are listed.
    const library = await import('dukascopy-node');
    const id = idOf(library, instrument);
    if (id === undefined) throw errors.unknownSymbol(instrument.symbol);
    const source = SOURCE[request.timeframe];
    const calendar = calendarOf(instrument);
    const maker = new BarMaker(request, source, calendar);
    let nowMs: number | undefined;
    for (const period of periodsOf(source, maker.fromMs, maker.toMs)) {
      // Nothing to ask on days on which nobody trades, and before the first candle.
      if (period.toMs <= startOf(library, id, source)) continue;
      if (source === 'm1' && calendar.openMsBetween(period.fromMs, period.toMs) === 0) continue;
      if (period.fromMs > (nowMs ?? io.clock.nowMs() + CLOCK_DOUBT_MS)) break;
      const running = period.toMs > (nowMs ?? io.clock.nowMs()) - CLOCK_DOUBT_MS;
      const side = request.priceSide as Side;
      const asked = { id, source, side, period, running };
      const url = addressOf(library, asked);
      const answer = await this.#client.getJson(
        {
          url: new URL(url.replace(/^https:\/\/[^/]+/, this.#baseUrl)),
          headers: {},
          secrets: [],
          subject: subjectOf(request),
        },
        io,
      );
      nowMs = answer.nowMs;
      const rows = reading(request, errors, () => candlesOf(library, answer.body, url, asked));
      yield maker.take(closedRows(rows, source === 'm1' ? 'M1' : 'H1', nowMs), period, nowMs);
    }
    const rest = maker.rest(nowMs ?? io.clock.nowMs());
    if (rest) yield rest;
  }
}

/**
 * The library's name of an instrument. Shares are listed under names that look like pairs (`aaplususd`), so the code
 * has to say the same.
 */
function idOf(library: Dukascopy, instrument: Instrument): InstrumentId | undefined {
  const { base, quote } = pairOf(instrument);
  const coin = COIN[base] ?? base;
  const id = `${coin}${quote}`.toLowerCase() as InstrumentId;
  return library.instrumentMetaData[id]?.code === `${coin}-${quote}` ? id : undefined;
}

/** First candle by the library's table; for some coins it lists no day of minutes, then the hour counts. */
function startOf(library: Dukascopy, id: InstrumentId, source: CandleSource): number {
  const { startDayForMinuteCandles: minute, startMonthForHourlyCandles: hour } =
    library.instrumentMetaData[id];
  const hourMs = Date.parse(hour);
  return source === 'h1' ? hourMs : Math.max(Date.parse(minute), hourMs);
}

/** Days of minutes or months of hours that touch a stretch, in order. */
function* periodsOf(source: CandleSource, fromMs: number, toMs: number): Generator<Period> {
  const from = new Date(fromMs);
  const [year, month] = [from.getUTCFullYear(), from.getUTCMonth()];
  for (let i = 0; ; i++) {
    const period =
      source === 'm1'
        ? {
            fromMs: Math.floor(fromMs / DAY_MS) * DAY_MS + i * DAY_MS,
            toMs: Math.floor(fromMs / DAY_MS) * DAY_MS + (i + 1) * DAY_MS,
          }
        : { fromMs: Date.UTC(year, month + i), toMs: Date.UTC(year, month + i + 1) };
    if (period.fromMs >= toMs) return;
    yield period;
  }
}

function addressOf(library: Dukascopy, { id, source, side, period, running }: Asked): string {
  const [url] = library.generateUrls({
    instrument: id,
    timeframe: source,
    priceType: side,
    startDate: new Date(period.fromMs),
    endDate: new Date(period.toMs),
    // What decides between the address of a finished period and of a running one.
    nowDate: new Date(running ? period.fromMs + 1 : period.toMs + 1),
  });
  if (url === undefined) throw new Error('dukascopy-node made no address for a period');
  return url;
}

/** Turns closed candles of the source into the bars that were asked for, and says up to where they are complete. */
class BarMaker {
  /** The candles that the asked bars are made of: opens in [fromMs, toMs). */
  readonly fromMs: number;
  readonly toMs: number;
  readonly #request: BarRequest;
  readonly #resampler: Resampler | undefined;
  #lastMs: number | undefined;
  #coveredMs: number;

  constructor(request: BarRequest, source: CandleSource, calendar: MarketCalendar) {
    const { timeframe, fromMs, toMs } = request;
    const from: Timeframe = source === 'm1' ? 'M1' : 'H1';
    this.#request = request;
    this.#coveredMs = fromMs;
    if (timeframe === from) {
      [this.fromMs, this.toMs] = [fromMs, toMs];
      return;
    }
    this.#resampler = new Resampler({ source: from, target: timeframe, calendar });
    const grid = new BucketGrid(timeframe, calendar.name, from);
    grid.seek(fromMs);
    // A bar that opens before the start does not belong to the request.
    this.fromMs = grid.fromMs === fromMs ? fromMs : grid.endMs;
    grid.seek(toMs - 1);
    this.toMs = Math.max(this.fromMs, grid.endMs);
  }

  /** @param rows closed candles of the period */
  take(rows: readonly Bar[], period: Period, nowMs: number): BarPage {
    const bars = this.#bars(
      rowsWithin(rows, this.fromMs, this.toMs),
      Math.min(period.toMs, this.#settledMs(nowMs)),
    );
    this.#lastMs = bars.at(-1)?.timeMs ?? this.#lastMs;
    const coveredToMs =
      period.toMs <= this.#settledMs(nowMs) ? this.#complete(period.toMs) : (coveredBy(this.#lastMs) ?? 0);
    this.#coveredMs = Math.max(this.#coveredMs, coveredToMs);
    return { bars: columnsOf(bars), coveredToMs: this.#coveredMs };
  }

  /** What is known at the end although no period was asked for: closed days, and the time before the first candle. */
  rest(nowMs: number): BarPage | undefined {
    const { toMs } = this.#request;
    if (this.#coveredMs >= toMs || this.toMs > this.#settledMs(nowMs)) return undefined;
    const bars = this.#bars([], this.toMs);
    return { bars: columnsOf(bars), coveredToMs: toMs };
  }

  #bars(rows: readonly Bar[], knownMs: number): Bar[] {
    if (!this.#resampler) return [...rows];
    const closed: Bar[] = [];
    for (const row of rows) {
      const bar = this.#resampler.push(row);
      if (bar) closed.push(bar);
    }
    const last = this.#resampler.advanceTo(knownMs);
    if (last) closed.push(last);
    return rowsWithin(closed, this.#request.fromMs, this.#request.toMs);
  }

  /** Bars before this are complete once every candle before an instant is known. */
  #complete(untilMs: number): number {
    return Math.min(this.#request.toMs, this.#resampler?.forming()?.bar.timeMs ?? untilMs);
  }

  /** Candles appear some time after they closed; what is older is all there will be. */
  #settledMs(nowMs: number): number {
    return nowMs - Math.max(HOUR_MS, 2 * timeframeMs(this.#request.timeframe));
  }
}
