/**
 * cTrader Open API 2.0 over WebSocket and JSON, with its token endpoint, as described by Spotware's message
 * definitions. `requests` holds questions for history, and whatever was refused before it came to that.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { timeframeMs } from '../../src-shared/market/timeframes.ts';
import type { PeerBar } from './market.ts';
import type { Fault, PeerRequest } from './peer.ts';
import type { PeerWorld } from './world.ts';

const PERIOD = { M1: 1, M5: 5, M15: 7, M30: 8, H1: 9, H4: 10, D1: 12 } as const;
const REACH_MS = {
  M1: 3_024e6,
  M5: 3_024e6,
  M15: 21_168e6,
  M30: 21_168e6,
  H1: 21_168e6,
  H4: 31_622.4e6,
  D1: 31_622.4e6,
} as const;
const WEEK_MS = 604_800_000;
const SYMBOL_ID = 22;
/** What the peer answers besides history. */
const HANDSHAKE: readonly number[] = [2100, 2102, 2114, 2116, 2149];

export interface PeerTick {
  readonly timeMs: number;
  readonly points: number;
}

export interface CTraderPeerOptions {
  readonly isLive?: boolean;
  readonly digits?: number;
  /** Bars or ticks in one answer; more are announced with `hasMore`. */
  readonly maxRows?: number;
  /** Which part comes when there is more. */
  readonly part?: 'newest' | 'oldest';
  /** 64-bit numbers as text and enumerations as names, as protobuf's own JSON has them. */
  readonly asProtobufJson?: boolean;
  readonly ticks?: readonly PeerTick[];
}

type Payload = Record<string, unknown>;
interface Answer {
  readonly payloadType: number;
  readonly payload: Payload;
}

class Refusal extends Error {
  readonly payload: Payload;

  constructor(errorCode: string, more: Payload = {}) {
    super(errorCode);
    this.payload = { errorCode, ...more };
  }
}

/** A running peer; it accepts `world.key` as the application's secret and as access token. */
export class CTraderPeer {
  readonly requests: PeerRequest[] = [];
  readonly faults: Fault[] = [];
  /** Every frame that came, heartbeats included. */
  readonly frames: { payloadType: number; payload: Payload }[] = [];
  nowMs: number;
  /** The pair of tokens that is valid; `world.key` is the first access token. */
  accessToken: string;
  refreshToken = 'refresh-1';
  readonly world: PeerWorld;
  readonly #options: CTraderPeerOptions;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  #last: Answer | undefined;
  #renewals = 0;

  private constructor(world: PeerWorld, options: CTraderPeerOptions) {
    this.world = world;
    this.#options = options;
    this.nowMs = world.nowMs;
    this.accessToken = world.key;
    this.#server = createServer((request, response) => this.#http(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  static async start(world: PeerWorld, options: CTraderPeerOptions = {}): Promise<CTraderPeer> {
    const peer = new CTraderPeer(world, options);
    peer.#server.listen(0, '127.0.0.1');
    await once(peer.#server, 'listening');
    return peer;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get tokenUrl(): string {
    return `${this.url.replace('ws:', 'http:')}/apps/token`;
  }

  get connections(): number {
    return this.#sockets.clients.size;
  }

  /** Ends every connection, as a restart of the server does. */
  drop(): void {
    for (const client of this.#sockets.clients) client.terminate();
  }

  /** Sends an event to everyone. */
  tell(payloadType: number, payload: Payload): void {
    for (const client of this.#sockets.clients) client.send(JSON.stringify({ payloadType, payload }));
  }

  async stop(): Promise<void> {
    this.drop();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const fault = this.faults[0];
    if (fault?.kind === 'html' || fault?.kind === 'redirect') {
      this.faults.shift();
      this.requests.push(seenAs('/', {}));
      const page = '<!DOCTYPE html><html><body>Please sign in</body></html>';
      const how =
        fault.kind === 'html' ? `200 OK\r\nContent-Type: text/html` : `302 Found\r\nLocation: ${fault.to}`;
      socket.end(`HTTP/1.1 ${how}\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n${page}`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => this.#serve(client));
  }

  #serve(client: WebSocket): void {
    const state = { isApplication: false, isAccount: false };
    client.on('error', () => undefined);
    client.on('message', (data) => {
      const frame = JSON.parse(data.toString()) as {
        clientMsgId?: string;
        payloadType: number;
        payload: Payload;
      };
      this.frames.push(frame);
      if (frame.payloadType === 51) return;
      const fault = HANDSHAKE.includes(frame.payloadType) ? undefined : this.faults.shift();
      const send = (answer: Answer): void =>
        client.send(JSON.stringify({ clientMsgId: frame.clientMsgId, ...answer }));
      if (!HANDSHAKE.includes(frame.payloadType)) {
        this.requests.push(seenAs(`/${frame.payloadType}`, frame.payload));
      }
      try {
        if (fault) this.#fail(fault, () => this.#answer(frame, state), client, send);
        else send(this.#answer(frame, state));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        if (HANDSHAKE.includes(frame.payloadType))
          this.requests.push(seenAs(`/${frame.payloadType}`, frame.payload));
        send({ payloadType: 2142, payload: error.payload });
      }
    });
  }

  #fail(fault: Fault, answer: () => Answer, client: WebSocket, send: (answer: Answer) => void): void {
    switch (fault.kind) {
      case 'too-many': {
        const retryAfter = this.#waitSeconds(fault.headers ?? {});
        const errorCode = retryAfter === undefined ? 'REQUEST_FREQUENCY_EXCEEDED' : 'BLOCKED_PAYLOAD_TYPE';
        throw new Refusal(errorCode, retryAfter === undefined ? {} : { retryAfter });
      }
      case 'server-error':
        if (fault.status !== 503) throw new Refusal('INTERNAL_SERVER_ERROR');
        throw new Refusal('SERVER_IS_UNDER_MAINTENANCE', {
          maintenanceEndTimestamp: Math.floor(this.nowMs / 1000) + 20,
        });
      case 'truncated':
      case 'cut-json': {
        const text = JSON.stringify(answer());
        client.send(text.slice(0, Math.floor(text.length / 2)), () => {
          if (fault.kind === 'truncated') client.terminate();
        });
        return;
      }
      case 'reset':
        client.terminate();
        return;
      case 'repeat':
        send(this.#last ?? answer());
        return;
      case 'answer':
        send(fault.answer.body as Answer);
        return;
      default:
      // A slow one gets nothing until the client hangs up.
    }
  }

  #waitSeconds(headers: Readonly<Record<string, string>>): number | undefined {
    const after = headers['retry-after'];
    if (after !== undefined && /^\d+$/.test(after)) return Number(after);
    if (after !== undefined) return Math.ceil((Date.parse(after) - this.nowMs) / 1000);
    const reset = headers['x-ratelimit-reset'];
    return reset === undefined ? undefined : Number(reset) - Math.floor(this.nowMs / 1000);
  }

  #answer(
    { payloadType, payload }: { payloadType: number; payload: Payload },
    state: { isApplication: boolean; isAccount: boolean },
  ): Answer {
    if (payloadType === 2100) {
      if (payload.clientSecret !== this.world.key) throw new Refusal('CH_CLIENT_AUTH_FAILURE');
      state.isApplication = true;
      return { payloadType: 2101, payload: {} };
    }
    if (!state.isApplication) throw new Refusal('CH_CLIENT_NOT_AUTHENTICATED');
    if (payloadType === 2149) return { payloadType: 2150, payload: this.#accounts(payload) };
    const account = Number(payload.ctidTraderAccountId);
    if (payloadType === 2102) {
      if (payload.accessToken !== this.accessToken) throw new Refusal('OA_AUTH_TOKEN_EXPIRED');
      if (account !== 1001) throw new Refusal('CH_CTID_TRADER_ACCOUNT_NOT_FOUND');
      state.isAccount = true;
      return { payloadType: 2103, payload: { ctidTraderAccountId: account } };
    }
    if (!state.isAccount) throw new Refusal('ACCOUNT_NOT_AUTHORIZED');
    return this.#history(payloadType, { ...payload, ctidTraderAccountId: account });
  }

  #accounts(payload: Payload): Payload {
    if (payload.accessToken !== this.accessToken) throw new Refusal('CH_ACCESS_TOKEN_INVALID');
    const account = {
      ctidTraderAccountId: this.#number(1001),
      isLive: this.#options.isLive === true,
      traderLogin: this.#number(3_100_001),
    };
    return { accessToken: this.accessToken, ctidTraderAccount: [account] };
  }

  #history(payloadType: number, payload: Payload & { ctidTraderAccountId: number }): Answer {
    const common = { ctidTraderAccountId: this.#number(payload.ctidTraderAccountId) };
    const symbolName = `${this.world.symbol.slice(0, 3)}/${this.world.symbol.slice(3)}`;
    if (payloadType === 2114) {
      const symbol = [
        { symbolId: 1, symbolName: 'DAX40' },
        { symbolId: this.#number(SYMBOL_ID), symbolName, enabled: true },
      ];
      return { payloadType: 2115, payload: { ...common, symbol } };
    }
    if (payloadType === 2116) {
      const symbol = [
        { symbolId: this.#number(SYMBOL_ID), digits: this.#options.digits ?? 5, pipPosition: 4 },
      ];
      return { payloadType: 2117, payload: { ...common, symbol } };
    }
    if (payload.symbolId !== SYMBOL_ID) throw new Refusal('SYMBOL_NOT_FOUND');
    if (payloadType !== 2137 && payloadType !== 2145) throw new Refusal('UNSUPPORTED_MESSAGE');
    this.#last =
      payloadType === 2137
        ? { payloadType: 2138, payload: { ...common, ...this.#trendbars(payload) } }
        : { payloadType: 2146, payload: { ...common, ...this.#ticks(payload) } };
    return this.#last;
  }

  #trendbars(payload: Payload): Payload {
    const { timeframe } = this.world;
    if (payload.period !== PERIOD[timeframe]) throw new Refusal('INVALID_REQUEST');
    const [fromMs, toMs] = bounds(payload, REACH_MS[timeframe]);
    const all = this.world.bars.filter(
      (b) => b.timeMs >= fromMs && b.timeMs <= toMs && b.timeMs <= this.nowMs,
    );
    const { rows, hasMore } = this.#cut(all);
    return {
      period: this.#options.asProtobufJson ? timeframe : PERIOD[timeframe],
      symbolId: this.#number(SYMBOL_ID),
      trendbar: rows.map((bar) => this.#trendbar(bar)),
      ...(hasMore ? { hasMore } : {}),
    };
  }

  #trendbar(bar: PeerBar): Payload {
    // What has its default value is not sent.
    const delta = (name: string, points: number): Payload =>
      points === bar.low ? {} : { [name]: this.#number(points - bar.low) };
    return {
      volume: this.#number(bar.volume),
      low: this.#number(bar.low),
      ...delta('deltaOpen', bar.open),
      ...delta('deltaHigh', bar.high),
      ...delta('deltaClose', bar.close),
      utcTimestampInMinutes: bar.timeMs / timeframeMs('M1'),
    };
  }

  #ticks(payload: Payload): Payload {
    const [fromMs, toMs] = bounds(payload, WEEK_MS);
    const shift = payload.type === 1 ? -1 : 1;
    const all = (this.#options.ticks ?? []).filter((t) => t.timeMs >= fromMs && t.timeMs <= toMs);
    const { rows, hasMore } = this.#cut(all);
    const newestFirst = rows.toReversed();
    const tickData = newestFirst.map((tick, i) => {
      const before = newestFirst[i - 1];
      return {
        timestamp: this.#number(tick.timeMs - (before?.timeMs ?? 0)),
        tick: this.#number(before ? tick.points - before.points : tick.points + shift),
      };
    });
    return { tickData, hasMore };
  }

  #cut<T>(all: readonly T[]): { rows: readonly T[]; hasMore: boolean } {
    const most = this.#options.maxRows ?? 50_000;
    if (all.length <= most) return { rows: all, hasMore: false };
    return { rows: this.#options.part === 'oldest' ? all.slice(0, most) : all.slice(-most), hasMore: true };
  }

  #number(value: number): number | string {
    return this.#options.asProtobufJson ? String(value) : value;
  }

  #http(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.tokenUrl);
    const { query, status } = this.#renewal(url.searchParams);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(query));
  }

  /** A refresh token works once; the access token before it is void from then on. */
  #renewal(query: URLSearchParams): { status: number; query: Payload } {
    const isRight =
      query.get('grant_type') === 'refresh_token' &&
      query.get('client_secret') === this.world.key &&
      query.get('refresh_token') === this.refreshToken;
    if (!isRight)
      return { status: 200, query: { errorCode: 'ACCESS_DENIED', description: `Wrong ${query}` } };
    this.#renewals++;
    this.accessToken = `access-${this.#renewals + 1}`;
    this.refreshToken = `refresh-${this.#renewals + 1}`;
    const { accessToken, refreshToken } = this;
    return {
      status: 200,
      query: { accessToken, refreshToken, tokenType: 'bearer', expiresIn: 2_628_000, errorCode: null },
    };
  }
}

function bounds(payload: Payload, reachMs: number): [fromMs: number, toMs: number] {
  const [fromMs, toMs] = [Number(payload.fromTimestamp), Number(payload.toTimestamp)];
  if (!(fromMs <= toMs) || toMs - fromMs > reachMs) throw new Refusal('INCORRECT_BOUNDARIES');
  return [fromMs, toMs];
}

function seenAs(path: string, payload: Payload): PeerRequest {
  const fields = Object.entries(payload).map(([name, value]): [string, string] => [name, String(value)]);
  return { path, query: new URLSearchParams(fields), header: () => undefined };
}
