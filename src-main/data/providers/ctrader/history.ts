/**
 * cTrader Open API 2.0: trend bars (bid) and ticks (bid or ask) of an account's broker. Volume counts ticks.
 * What a stretch may hold is not documented any more: requests keep to the old limits and follow `hasMore`.
 */
import type { FrontierError } from '../../../../src-shared/errors.ts';
import type { Bar, PriceSide } from '../../../../src-shared/market/bars.ts';
import { type Timeframe, timeframeMs } from '../../../../src-shared/market/timeframes.ts';
import {
  type AdapterOptions,
  checkedInstrument,
  coveredBy,
  requiredKey,
  rowsWithin,
  subjectOf,
} from '../adapter.ts';
import { ProviderClient } from '../http.ts';
import type { ProviderErrors } from '../httpErrors.ts';
import type { BarPage, BarRequest, HistoryProvider, ProviderCapabilities, ProviderIo } from '../port.ts';
import { columnsOf, Malformed, readArray, readObject } from '../reading.ts';
import { readTicks, readTrendbars, type Tick } from './bars.ts';
import { PAYLOAD, type Payload, readWhole } from './messages.ts';
import { renewTokens } from './oauth.ts';
import { type Credentials, CTraderSession } from './session.ts';

const KEYS = {
  clientId: { secret: 'ctrader.clientId', label: 'cTrader application client id' },
  clientSecret: { secret: 'ctrader.clientSecret', label: 'cTrader application secret' },
  accessToken: { secret: 'ctrader.accessToken', label: 'cTrader access token' },
  refreshToken: { secret: 'ctrader.refreshToken', label: 'cTrader refresh token', optional: true },
  account: { secret: 'ctrader.account', label: 'login number of the account to use', optional: true },
} as const;
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** No message tells the server's time: a bar that ends within this of our own clock may still be running. */
const CLOCK_DOUBT_MS = 25 * 3_600_000;
const PERIOD: Readonly<Record<Timeframe, { number: number; name: string; reachMs: number }>> = {
  M1: { number: 1, name: 'M1', reachMs: 5 * WEEK_MS },
  M5: { number: 5, name: 'M5', reachMs: 5 * WEEK_MS },
  M15: { number: 7, name: 'M15', reachMs: 35 * WEEK_MS },
  M30: { number: 8, name: 'M30', reachMs: 35 * WEEK_MS },
  H1: { number: 9, name: 'H1', reachMs: 35 * WEEK_MS },
  H4: { number: 10, name: 'H4', reachMs: 365 * DAY_MS },
  D1: { number: 12, name: 'D1', reachMs: 365 * DAY_MS },
};
const QUOTE_TYPE = { bid: 1, ask: 2 } as const;

/** Settings of cTrader. */
export interface CTraderOptions extends AdapterOptions {
  /** Server of live accounts; `baseUrl` is that of demo accounts. */
  readonly liveUrl?: string;
  readonly tokenUrl?: string;
}

/** A stretch of ticks that was asked for: [fromMs, toMs). */
export interface TickRequest {
  readonly symbol: string;
  readonly priceSide: Exclude<PriceSide, 'mid'>;
  readonly fromMs: number;
  readonly toMs: number;
}

interface Market {
  readonly symbolId: number;
  readonly digits: number;
}

/** A user of the session for as long as one download takes. */
interface Desk {
  readonly ask: (type: 'trendbars' | 'ticks' | 'symbols' | 'symbol', payload: Payload) => Promise<Payload>;
  readonly read: <T>(read: () => T) => T;
  readonly broken: (what: string) => FrontierError;
  readonly market: Market;
}

/** History of cTrader accounts. */
export class CTraderHistory implements HistoryProvider {
  readonly id = 'ctrader';
  readonly name = 'cTrader';
  readonly about =
    "FX, metals and crypto of your broker's feed as bid, with an application of your own at openapi.ctrader.com; volume counts ticks.";
  readonly needsKey = true;
  readonly keys = Object.values(KEYS);
  readonly capabilities: ProviderCapabilities = {
    assetClasses: ['fx', 'crypto', 'stock'],
    timeframes: ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1'],
    priceSides: ['bid'],
    pricesFrom: 'quotes',
    maxBarsPerRequest: 50_400,
    rateLimits: [{ requests: 5, perMs: 1000 }],
  };
  readonly #session: CTraderSession;
  readonly #tokens: ProviderClient;
  readonly #tokenUrl: string;

  constructor(options: CTraderOptions = {}) {
    const keyHint =
      'Check the client id and secret of your application at openapi.ctrader.com, and enter them and its tokens in the settings.';
    const timeoutMs = options.timeoutMs ?? 30_000;
    this.#tokenUrl = options.tokenUrl ?? 'https://openapi.ctrader.com/apps/token';
    this.#tokens = new ProviderClient({ name: this.name, rateLimits: [], keyHint, timeoutMs });
    this.#session = new CTraderSession({
      servers: {
        demo: options.baseUrl ?? 'wss://demo.ctraderapi.com:5036',
        live: options.liveUrl ?? 'wss://live.ctraderapi.com:5036',
      },
      timeoutMs,
      historyLimits: this.capabilities.rateLimits,
      errors: this.#tokens.errors,
    });
  }

  async *fetchBars(request: BarRequest, io: ProviderIo): AsyncGenerator<BarPage, void, void> {
    checkedInstrument(this, request, this.#errors);
    const credentials = await this.#credentials(io);
    const release = this.#session.use();
    try {
      const desk = await this.#desk(request, subjectOf(request), credentials, io);
      let lastMs: number | undefined;
      for (const piece of piecesOf(request)) {
        if (piece.fromMs > io.clock.nowMs() + CLOCK_DOUBT_MS) return;
        const page = await pageOf(desk, request, piece, lastMs, io.clock.nowMs());
        lastMs = page.bars.timeMs.at(-1) ?? lastMs;
        yield page;
      }
    } finally {
      release();
    }
  }

  /**
   * Ticks of one side in time order, piece by piece. Nothing is kept back: the last one may be a moment old.
   * @throws FrontierError as `fetchBars`
   */
  async *fetchTicks(request: TickRequest, io: ProviderIo): AsyncGenerator<Tick[], void, void> {
    const credentials = await this.#credentials(io);
    const release = this.#session.use();
    try {
      const desk = await this.#desk(request, `${request.symbol} ticks`, credentials, io);
      for (let fromMs = request.fromMs; fromMs < request.toMs; fromMs += WEEK_MS) {
        const toMs = Math.min(request.toMs, fromMs + WEEK_MS);
        yield* ticksOf(desk, { ...request, fromMs, toMs });
      }
    } finally {
      release();
    }
  }

  /** @throws FrontierError as the port says */
  async renewKeys(io: ProviderIo, save: (secret: string, value: string) => Promise<void>): Promise<void> {
    const [clientId, clientSecret, refreshToken] = [
      await requiredKey(KEYS.clientId, io, this.#errors),
      await requiredKey(KEYS.clientSecret, io, this.#errors),
      await requiredKey(KEYS.refreshToken, io, this.#errors),
    ];
    const renewal = { tokenUrl: this.#tokenUrl, clientId, clientSecret, refreshToken };
    const tokens = await renewTokens(this.#tokens, renewal, io);
    // The refresh token first: it works once, and without the new one the user has to sign in again.
    await save(KEYS.refreshToken.secret, tokens.refreshToken);
    await save(KEYS.accessToken.secret, tokens.accessToken);
  }

  get #errors(): ProviderErrors {
    return this.#tokens.errors;
  }

  async #credentials(io: ProviderIo): Promise<Credentials> {
    const account = (await io.key(KEYS.account.secret))?.trim();
    return {
      clientId: await requiredKey(KEYS.clientId, io, this.#errors),
      clientSecret: await requiredKey(KEYS.clientSecret, io, this.#errors),
      accessToken: await requiredKey(KEYS.accessToken, io, this.#errors),
      account: account === '' ? undefined : account,
    };
  }

  async #desk(
    request: TickRequest | BarRequest,
    subject: string,
    credentials: Credentials,
    io: ProviderIo,
  ): Promise<Desk> {
    const ask: Desk['ask'] = (kind, payload) => {
      const [type, expected] = EXCHANGE[kind];
      const isHistory = kind === 'trendbars' || kind === 'ticks';
      return this.#session.ask({ type, expected, payload, subject, isHistory }, credentials, io);
    };
    const broken: Desk['broken'] = (what) => this.#errors.broken(subject, what);
    const read: Desk['read'] = (work) => {
      try {
        return work();
      } catch (error) {
        throw error instanceof Malformed ? broken(error.message) : error;
      }
    };
    const list = await ask('symbols', { includeArchivedSymbols: false });
    const symbolId = read(() => symbolIdOf(list, request.symbol));
    if (symbolId === undefined) throw this.#errors.unknownSymbol(request.symbol);
    const detail = await ask('symbol', { symbolId: [symbolId] });
    return { ask, read, broken, market: { symbolId, digits: read(() => digitsOf(detail, symbolId)) } };
  }
}

const EXCHANGE = {
  symbols: [PAYLOAD.symbolsListReq, PAYLOAD.symbolsListRes],
  symbol: [PAYLOAD.symbolByIdReq, PAYLOAD.symbolByIdRes],
  trendbars: [PAYLOAD.trendbarsReq, PAYLOAD.trendbarsRes],
  ticks: [PAYLOAD.tickDataReq, PAYLOAD.tickDataRes],
} as const;

/** Brokers write `EURUSD` or `EUR/USD`. */
const plain = (symbol: string): string => symbol.toUpperCase().replaceAll('/', '');

function symbolIdOf(list: Payload, symbol: string): number | undefined {
  for (const [i, item] of readArray(list.symbol ?? [], 'the symbols').entries()) {
    const entry = readObject(item, `symbol ${i}`);
    if (typeof entry.symbolName === 'string' && plain(entry.symbolName) === plain(symbol)) {
      return readWhole(entry.symbolId, `the id of symbol ${i}`);
    }
  }
  return undefined;
}

function digitsOf(detail: Payload, symbolId: number): number {
  for (const [i, item] of readArray(detail.symbol ?? [], 'the symbols').entries()) {
    const entry = readObject(item, `symbol ${i}`);
    if (readWhole(entry.symbolId, `the id of symbol ${i}`) !== symbolId) continue;
    const digits = readWhole(entry.digits, 'the digits');
    if (digits >= 0 && digits <= 10) return digits;
  }
  throw new Malformed('it does not say how many digits the symbol has');
}

interface Piece {
  readonly fromMs: number;
  readonly toMs: number;
  readonly isLast: boolean;
}

/** Stretches that one request may ask for. */
function piecesOf({ timeframe, fromMs, toMs }: BarRequest): Piece[] {
  const { reachMs } = PERIOD[timeframe];
  // Room for two bars more: one that opens after the end proves that those before it have closed.
  const stepMs = reachMs - 2 * timeframeMs(timeframe);
  const pieces: Piece[] = [];
  for (let at = fromMs; at < toMs; at += stepMs) {
    pieces.push({ fromMs: at, toMs: Math.min(toMs, at + stepMs), isLast: at + stepMs >= toMs });
  }
  return pieces;
}

async function pageOf(
  desk: Desk,
  request: BarRequest,
  piece: Piece,
  lastMs: number | undefined,
  nowMs: number,
): Promise<BarPage> {
  const lengthMs = timeframeMs(request.timeframe);
  const all = await barsOf(desk, request, piece.fromMs, piece.toMs + 2 * lengthMs);
  const newest = all.at(-1);
  const mayRun = newest !== undefined && newest.timeMs + lengthMs > nowMs - CLOCK_DOUBT_MS;
  const closed = mayRun ? all.slice(0, -1) : all;
  const rows = rowsWithin(closed, piece.fromMs, piece.toMs);
  const isPast =
    piece.toMs <= nowMs - CLOCK_DOUBT_MS || (newest !== undefined && newest.timeMs >= piece.toMs);
  const known = coveredBy(rows.at(-1)?.timeMs ?? lastMs) ?? request.fromMs;
  return { bars: columnsOf(rows), coveredToMs: isPast ? piece.toMs : Math.max(known, request.fromMs) };
}

/**
 * All bars whose open is in [fromMs, toMs). An answer with `hasMore` holds part of them; on which side the rest is,
 * is not documented, so what is before and after it is asked for.
 */
async function barsOf(desk: Desk, request: BarRequest, fromMs: number, toMs: number): Promise<Bar[]> {
  const lengthMs = timeframeMs(request.timeframe);
  const { number: period } = PERIOD[request.timeframe];
  const { symbolId, digits } = desk.market;
  const answer = await desk.ask('trendbars', {
    symbolId,
    period,
    fromTimestamp: fromMs,
    toTimestamp: toMs - 1,
  });
  const { rows, hasMore } = desk.read(() => {
    checkAnswered(answer, request, symbolId);
    const read = readTrendbars(answer, digits);
    // The bar that holds the start may come too; anything farther away answers another question.
    if (rowsWithin(read.rows, fromMs - lengthMs + 1, toMs + 1).length < read.rows.length) {
      throw new Malformed('it holds bars that were not asked for');
    }
    const kept = rowsWithin(read.rows, fromMs, toMs);
    if (read.hasMore && kept.length === 0)
      throw new Malformed('it says that there is more and brings nothing');
    return { rows: kept, hasMore: read.hasMore };
  });
  if (!hasMore) return rows;
  const firstMs = rows[0]!.timeMs;
  const afterMs = rows.at(-1)!.timeMs + lengthMs;
  const before = firstMs > fromMs ? await barsOf(desk, request, fromMs, firstMs) : [];
  const after = afterMs < toMs ? await barsOf(desk, request, afterMs, toMs) : [];
  return [...before, ...rows, ...after];
}

function checkAnswered(answer: Payload, request: BarRequest, symbolId: number): void {
  const { number, name } = PERIOD[request.timeframe];
  if (answer.symbolId !== undefined && readWhole(answer.symbolId, 'symbolId') !== symbolId) {
    throw new Malformed('it is for another symbol');
  }
  if (answer.period !== number && answer.period !== name) throw new Malformed('it is for another period');
}

/** Ticks of a stretch of at most a week; the newest come first, and what is older is asked for until it is all there. */
async function* ticksOf(desk: Desk, request: TickRequest): AsyncGenerator<Tick[], void, void> {
  const { symbolId, digits } = desk.market;
  const parts: Tick[][] = [];
  for (let toMs = request.toMs; toMs > request.fromMs; ) {
    const answer = await desk.ask('ticks', {
      symbolId,
      type: QUOTE_TYPE[request.priceSide],
      fromTimestamp: request.fromMs,
      toTimestamp: toMs - 1,
    });
    const { ticks, hasMore } = desk.read(() => checkedTicks(answer, digits, request.fromMs, toMs));
    // Ticks of one millisecond may lie on both sides of a cut: that millisecond is asked for again, whole.
    const firstMs = ticks[0]?.timeMs;
    if (!hasMore || firstMs === undefined) {
      parts.push(ticks);
      break;
    }
    const whole = ticks.filter((t) => t.timeMs > firstMs);
    if (whole.length === 0) throw desk.broken('more ticks in one millisecond than one answer holds');
    parts.push(whole);
    toMs = firstMs + 1;
  }
  for (const part of parts.reverse()) if (part.length > 0) yield part;
}

function checkedTicks(
  answer: Payload,
  digits: number,
  fromMs: number,
  toMs: number,
): { ticks: Tick[]; hasMore: boolean } {
  const read = readTicks(answer, digits);
  if (read.ticks.some((t) => t.timeMs < fromMs || t.timeMs >= toMs)) {
    throw new Malformed('it holds ticks that were not asked for');
  }
  if (read.hasMore && read.ticks.length === 0)
    throw new Malformed('it says that there is more and brings nothing');
  return read;
}
