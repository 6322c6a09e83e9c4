/** Every provider with its peer and nine days of bars or more. */
import { AlpacaHistory } from '../../src-main/data/providers/alpaca.ts';
import { AlphaVantageHistory } from '../../src-main/data/providers/alphavantage.ts';
import { CTraderHistory } from '../../src-main/data/providers/ctrader/history.ts';
import { DukascopyHistory } from '../../src-main/data/providers/dukascopy.ts';
import { OandaHistory } from '../../src-main/data/providers/oanda.ts';
import type { HistoryProvider } from '../../src-main/data/providers/port.ts';
import { TiingoHistory } from '../../src-main/data/providers/tiingo.ts';
import type { Bar, PriceSide } from '../../src-shared/market/bars.ts';
import { newYorkToUtcMs } from '../../src-shared/market/newYork.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import { alpacaSecretOf, startAlpacaPeer } from './alpacaPeer.ts';
import { startAlphaVantagePeer } from './alphaVantagePeer.ts';
import { CTraderPeer, type CTraderPeerOptions } from './ctraderPeer.ts';
import { startDukascopyPeer } from './dukascopyPeer.ts';
import { decimal, type PeerBar, peerBars } from './market.ts';
import { startOandaPeer } from './oandaPeer.ts';
import type { ProviderFixture } from './providerFixture.ts';
import { startTiingoPeer } from './tiingoPeer.ts';
import type { PeerWorld } from './world.ts';

const DAY_MS = 86_400_000;
/** Where the bars of every fixture begin: a Monday; the clocks of New York change on the Sunday after. */
export const FROM_MS = Date.UTC(2024, 2, 4);
/** The key that every peer accepts. */
export const KEY = 'k3y-0f-the-tests-71c4';

function worldOf(symbol: string, timeframe: Timeframe, toMs: number, bars?: PeerBar[]): PeerWorld {
  return {
    symbol,
    timeframe,
    key: KEY,
    nowMs: toMs + 30 * DAY_MS,
    bars: bars ?? peerBars(symbol, timeframe, FROM_MS, toMs),
  };
}

function delivered(shift: number, withVolume: boolean): (bar: PeerBar) => Bar {
  const price = (points: number) => Number(decimal(points + shift));
  return (bar) => ({
    timeMs: bar.timeMs,
    open: price(bar.open),
    high: price(bar.high),
    low: price(bar.low),
    close: price(bar.close),
    volume: withVolume ? bar.volume : 0,
  });
}

function fixtureOf(
  provider: HistoryProvider,
  peer: ProviderFixture['peer'],
  world: PeerWorld,
  toMs: number,
  more: {
    priceSide?: PriceSide;
    barOf: (bar: PeerBar) => Bar;
    keys: Record<string, string>;
    unknownSymbol: string;
  },
): ProviderFixture {
  const { priceSide = 'mid', ...rest } = more;
  const { symbol, timeframe } = world;
  return { provider, peer, world, request: { symbol, timeframe, fromMs: FROM_MS, toMs, priceSide }, ...rest };
}

/** OANDA. */
export async function oandaFixture(
  priceSide: PriceSide,
  timeframe: Timeframe = 'M1',
  days = 9,
): Promise<ProviderFixture> {
  const toMs = FROM_MS + days * DAY_MS;
  const world = worldOf('EURUSD', timeframe, toMs);
  const peer = await startOandaPeer(world);
  return fixtureOf(new OandaHistory({ baseUrl: peer.url }), peer, world, toMs, {
    priceSide,
    barOf: delivered({ bid: -1, ask: 1, mid: 0 }[priceSide], true),
    keys: { 'oanda.token': KEY },
    unknownSymbol: 'EURCHF',
  });
}

/** Dukascopy. @param timeframe of the candles that the peer has: M1 or H1 */
export async function dukascopyFixture(
  priceSide: 'bid' | 'ask',
  symbol = 'EURUSD',
  timeframe: 'M1' | 'H1' = 'M1',
  days = 9,
): Promise<ProviderFixture> {
  const toMs = FROM_MS + days * DAY_MS;
  const world = worldOf(symbol, timeframe, toMs);
  const peer = await startDukascopyPeer(world);
  return fixtureOf(new DukascopyHistory({ baseUrl: peer.url }), peer, world, toMs, {
    priceSide,
    barOf: delivered({ bid: -1, ask: 1 }[priceSide], true),
    keys: {},
    unknownSymbol: 'EURCHF',
  });
}

/** The fixture with its peer's own powers. */
export interface CTraderFixture extends ProviderFixture {
  readonly peer: CTraderPeer;
  readonly provider: CTraderHistory;
}

/** cTrader. */
export async function ctraderFixture(
  timeframe: Timeframe = 'H4',
  days = 400,
  options: CTraderPeerOptions = {},
): Promise<CTraderFixture> {
  const toMs = FROM_MS + days * DAY_MS;
  const world = worldOf('EURUSD', timeframe, toMs);
  const peer = await CTraderPeer.start(world, options);
  const provider = new CTraderHistory({
    baseUrl: peer.url,
    liveUrl: `${peer.url}/live`,
    tokenUrl: peer.tokenUrl,
  });
  const fixture = fixtureOf(provider, peer, world, toMs, {
    priceSide: 'bid',
    barOf: delivered(0, true),
    keys: {
      'ctrader.clientId': '17_application',
      'ctrader.clientSecret': KEY,
      'ctrader.accessToken': KEY,
      'ctrader.refreshToken': 'refresh-1',
    },
    unknownSymbol: 'EURCHF',
  });
  return { ...fixture, peer, provider };
}

const ALPACA_KEYS = { 'alpaca.keyId': KEY, 'alpaca.secretKey': alpacaSecretOf(KEY) };

/** Alpaca's crypto. */
export async function alpacaCryptoFixture(): Promise<ProviderFixture> {
  const toMs = FROM_MS + 9 * DAY_MS;
  const world = worldOf('BTCUSD', 'M1', toMs);
  const peer = await startAlpacaPeer(world);
  return fixtureOf(new AlpacaHistory({ baseUrl: peer.url }), peer, world, toMs, {
    barOf: delivered(0, true),
    keys: ALPACA_KEYS,
    unknownSymbol: 'ETHUSD',
  });
}

/** Daily stock bars carry the trading date here and midnight in New York on the wire. */
export async function alpacaStockFixture(): Promise<ProviderFixture> {
  const toMs = FROM_MS + 280 * DAY_MS;
  const dated = peerBars('AAPL', 'D1', FROM_MS, toMs).map((b) => ({
    ...b,
    timeMs: Math.floor(b.timeMs / DAY_MS) * DAY_MS,
  }));
  const world = worldOf('AAPL', 'D1', toMs, dated);
  const peer = await startAlpacaPeer(world, (bar) => newYorkToUtcMs(bar.timeMs));
  return fixtureOf(new AlpacaHistory({ baseUrl: peer.url }), peer, world, toMs, {
    barOf: delivered(0, true),
    keys: ALPACA_KEYS,
    unknownSymbol: 'MSFT',
  });
}

/** Tiingo. @param endIncluded whether the peer delivers the last day named */
export async function tiingoFixture(symbol: string, endIncluded: boolean): Promise<ProviderFixture> {
  const toMs = FROM_MS + 9 * DAY_MS - 5 * 3_600_000;
  const world = worldOf(symbol, 'M1', toMs);
  const peer = await startTiingoPeer(world, endIncluded);
  return fixtureOf(new TiingoHistory({ baseUrl: peer.url }), peer, world, toMs, {
    barOf: delivered(0, symbol === 'BTCUSD'),
    keys: { 'tiingo.token': KEY },
    unknownSymbol: symbol === 'BTCUSD' ? 'ETHUSD' : 'EURCHF',
  });
}

/** Alpha Vantage. */
export async function alphaVantageFixture(timeframe: Timeframe = 'M5', days = 9): Promise<ProviderFixture> {
  const toMs = FROM_MS + days * DAY_MS;
  const bars = timeframe === 'D1' ? utcDays(toMs) : peerBars('EURUSD', timeframe, FROM_MS, toMs);
  const world = worldOf('EURUSD', timeframe, toMs, bars);
  const peer = await startAlphaVantagePeer(world);
  return fixtureOf(new AlphaVantageHistory({ baseUrl: peer.url }), peer, world, toMs, {
    barOf: delivered(0, false),
    keys: { 'alphavantage.apiKey': KEY },
    unknownSymbol: 'EURCHF',
  });
}

/** Alpha Vantage's FX days are UTC weekdays. */
function utcDays(toMs: number): PeerBar[] {
  const days = peerBars('BTCUSD', 'D1', FROM_MS, toMs);
  return days.filter((b) => ![0, 6].includes(new Date(b.timeMs).getUTCDay()));
}
