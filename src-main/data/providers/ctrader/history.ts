/**
 * cTrader Open API 2.0: trend bars (bid) and ticks (bid or ask) of an account's broker. Volume counts ticks.
 * What a stretch may hold is not documented any more: requests keep to the old limits and follow `hasMore`.
 */
import { type AdapterOptions, checkedInstrument, requiredKey, subjectOf } from '../adapter.ts';
import { ProviderClient } from '../http.ts';
import type { ProviderErrors } from '../httpErrors.ts';
import type { BarPage, BarRequest, HistoryProvider, ProviderCapabilities, ProviderIo } from '../port.ts';
import { Malformed } from '../reading.ts';
import type { Tick } from './bars.ts';
import {
  CLOCK_DOUBT_MS,
  type Desk,
  digitsOf,
  pageOf,
  piecesOf,
  symbolIdOf,
  type TickRequest,
  ticksOf,
} from './desk.ts';
import { PAYLOAD } from './messages.ts';
import { renewTokens } from './oauth.ts';
import { CTraderSession } from './session.ts';
import type { Credentials } from './signIn.ts';

const KEYS = {
  clientId: { secret: 'ctrader.clientId', label: 'cTrader application client id' },
  clientSecret: { secret: 'ctrader.clientSecret', label: 'cTrader application secret' },
  accessToken: { secret: 'ctrader.accessToken', label: 'cTrader access token' },
  refreshToken: { secret: 'ctrader.refreshToken', label: 'cTrader refresh token', optional: true },
  account: { secret: 'ctrader.account', label: 'login number of the account to use', optional: true },
} as const;
const WEEK_MS = 7 * 86_400_000;

/** Settings of cTrader. */
export interface CTraderOptions extends AdapterOptions {
  /** Server of live accounts; `baseUrl` is that of demo accounts. */
  readonly liveUrl?: string;
  readonly tokenUrl?: string;
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

export type { TickRequest } from './desk.ts';
