/**
 * The port through which history comes in over the network. A provider is one file that implements
 * `HistoryProvider` plus one line in `registry.ts`; `tests/peers/providerConformance.ts` is the suite it joins.
 */
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns, PriceSide } from '../../../src-shared/market/bars.ts';
import type { AssetClass } from '../../../src-shared/market/instruments.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import type { Clock, Rng } from '../../../src-shared/runtime.ts';

/** At most `requests` start within any stretch of `perMs`. */
export interface RateLimit {
  readonly requests: number;
  readonly perMs: number;
}

/** A secret that a provider asks for, by its name in the secret store. */
export interface ProviderKey {
  readonly secret: string;
  /** What the user calls it. */
  readonly label: string;
  /** Whether it works without. */
  readonly optional?: boolean;
}

/** What a provider can be asked for. */
export interface ProviderCapabilities {
  readonly assetClasses: readonly AssetClass[];
  readonly timeframes: readonly Timeframe[];
  readonly priceSides: readonly PriceSide[];
  /** `trades`: prices are of trades, not of quotes, and are recorded as `mid`. */
  readonly pricesFrom: 'quotes' | 'trades' | 'unstated';
  readonly maxBarsPerRequest: number;
  /** Every one of them is kept. */
  readonly rateLimits: readonly RateLimit[];
}

/** Bars whose open is in [fromMs, toMs), epoch milliseconds UTC. */
export interface BarRequest {
  /** Frontier's symbol, for example EURUSD; the adapter translates it. */
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly fromMs: number;
  readonly toMs: number;
  readonly priceSide: PriceSide;
}

/** Closed bars in time order. */
export interface BarPage {
  readonly bars: BarColumns;
  /**
   * Every closed bar that the provider has before this instant was delivered, in this page or an earlier one.
   * A caller that stored the page goes on from here. Never decreases.
   */
  readonly coveredToMs: number;
}

/** What a transport is asked to get. It must not follow redirects: headers carry keys. */
export interface TransportRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Larger bodies make `text` reject. */
  readonly maxBodyBytes: number;
}

/** An answer, whatever its status. */
export interface TransportResponse {
  readonly status: number;
  header(name: string): string | undefined;
  /** The body; rejects when the connection breaks before its end. */
  text(): Promise<string>;
}

/** Gets one address; rejects when there is no answer. */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;

/** What a socket tells. Nothing comes after `onClose`. */
export interface SocketEvents {
  onMessage(text: string): void;
  onClose(): void;
}

/** A WebSocket that is open. */
export interface ProviderSocket {
  /** Does nothing when the socket has closed. */
  send(text: string): void;
  close(): void;
}

/** What a socket is asked to open. It must not follow redirects. */
export interface SocketRequest {
  readonly url: string;
  /** Gives up opening; an open socket is not affected. */
  readonly signal: AbortSignal;
  /** Larger messages close the socket. */
  readonly maxMessageBytes: number;
}

/** Opens a WebSocket. @throws SocketRefused when a server answers with something else, else whatever failed */
export type OpenSocket = (request: SocketRequest, events: SocketEvents) => Promise<ProviderSocket>;

/** How far a fetch has come, or why it waits. */
export type ProviderProgress =
  | { readonly kind: 'page'; readonly bars: number; readonly coveredToMs: number }
  | { readonly kind: 'waiting'; readonly waitMs: number; readonly reason: string };

/** The outside world of a provider. Nothing in this folder touches the network, timers or chance but through it. */
export interface ProviderIo {
  readonly transport: Transport;
  readonly openSocket: OpenSocket;
  /** Calls again and again until the returned function is called. */
  readonly every: (ms: number, work: () => void) => () => void;
  readonly clock: Clock;
  /** Spreads the retries of parallel requests. */
  readonly rng: Rng;
  /** Waits; rejects when the signal fires. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A signal that fires after this time, for requests that hang. */
  readonly deadline: (ms: number) => AbortSignal;
  /** A secret by name; undefined without it. */
  readonly key: (secret: string) => Promise<string | undefined>;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ProviderProgress) => void;
}

/** A source of history. One object per process: it holds the rate limit that parallel fetches share. */
export interface HistoryProvider {
  readonly id: string;
  readonly name: string;
  /** One sentence for the user: what it has. */
  readonly about: string;
  readonly needsKey: boolean;
  readonly keys: readonly ProviderKey[];
  readonly capabilities: ProviderCapabilities;
  /**
   * Fetches page by page; call it through `fetchMissing`, which checks what comes.
   * @throws FrontierError BAD_INPUT for what the provider cannot deliver, NOT_FOUND for a symbol it does not
   *   know, REFUSED for a missing or rejected key or an answer that is no data, UNAVAILABLE when it cannot be
   *   reached or its limits are used up, CORRUPT for data that contradicts the protocol, CANCELLED by the signal
   */
  fetchBars(request: BarRequest, io: ProviderIo): AsyncIterable<BarPage>;
  /**
   * Exchanges keys that ran out for new ones, where the provider has such a thing. The new ones are handed to
   * `save` before they are used: the old ones are void from then on.
   * @throws FrontierError REFUSED when the user has to sign in again, UNAVAILABLE when it cannot be reached
   */
  renewKeys?(io: ProviderIo, save: (secret: string, value: string) => Promise<void>): Promise<void>;
}

/** The keys were accepted once and have run out: `renewKeys` may help. */
export class KeysExpired extends FrontierError {
  constructor(message: string, hint: string) {
    super('REFUSED', message, hint);
    this.name = 'KeysExpired';
  }
}
