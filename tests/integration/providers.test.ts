/** The history providers against peers on 127.0.0.1 that speak their protocols. */
import { afterEach, describe, expect, it } from 'vitest';
import { AlpacaHistory } from '../../src-main/data/providers/alpaca.ts';
import { AlphaVantageHistory } from '../../src-main/data/providers/alphavantage.ts';
import { fetchMissing } from '../../src-main/data/providers/incremental.ts';
import { OandaHistory } from '../../src-main/data/providers/oanda.ts';
import type { BarRequest, HistoryProvider } from '../../src-main/data/providers/port.ts';
import { ProviderRegistry } from '../../src-main/data/providers/registry.ts';
import { TiingoHistory } from '../../src-main/data/providers/tiingo.ts';
import { type Bar, barCount, type PriceSide } from '../../src-shared/market/bars.ts';
import { newYorkToUtcMs } from '../../src-shared/market/newYork.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import { alpacaSecretOf, startAlpacaPeer } from '../peers/alpacaPeer.ts';
import { alphaVantageMessages, startAlphaVantagePeer } from '../peers/alphaVantagePeer.ts';
import { decimal, type PeerBar, peerBars } from '../peers/market.ts';
import { startOandaPeer } from '../peers/oandaPeer.ts';
import type { Fault, Peer } from '../peers/peer.ts';
import { type ProviderFixture, providerConformance, testIo } from '../peers/providerConformance.ts';
import { startTiingoPeer } from '../peers/tiingoPeer.ts';
import type { PeerWorld } from '../peers/world.ts';

const DAY_MS = 86_400_000;
/** A Monday; the clocks of New York change on the Sunday after. */
const FROM_MS = Date.UTC(2024, 2, 4);
const KEY = 'k3y-0f-the-tests-71c4';

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
  peer: Peer,
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

async function oanda(priceSide: PriceSide, timeframe: Timeframe = 'M1', days = 9): Promise<ProviderFixture> {
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

const ALPACA_KEYS = { 'alpaca.keyId': KEY, 'alpaca.secretKey': alpacaSecretOf(KEY) };

async function alpacaCrypto(): Promise<ProviderFixture> {
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
async function alpacaStock(): Promise<ProviderFixture> {
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

async function tiingo(symbol: string, endIncluded: boolean): Promise<ProviderFixture> {
  const toMs = FROM_MS + 9 * DAY_MS - 5 * 3_600_000;
  const world = worldOf(symbol, 'M1', toMs);
  const peer = await startTiingoPeer(world, endIncluded);
  return fixtureOf(new TiingoHistory({ baseUrl: peer.url }), peer, world, toMs, {
    barOf: delivered(0, symbol === 'BTCUSD'),
    keys: { 'tiingo.token': KEY },
    unknownSymbol: symbol === 'BTCUSD' ? 'ETHUSD' : 'EURCHF',
  });
}

async function alphaVantage(timeframe: Timeframe = 'M5', days = 9): Promise<ProviderFixture> {
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

providerConformance('OANDA bid', { pages: 'repeats-dropped', unknownSymbol: 'refused' }, () => oanda('bid'));
providerConformance('Alpaca crypto', { pages: 'repeats-dropped', unknownSymbol: 'refused' }, alpacaCrypto);
providerConformance('Alpaca stocks', { pages: 'one', unknownSymbol: 'refused' }, alpacaStock);
providerConformance('Tiingo FX', { pages: 'repeats-refused', unknownSymbol: 'refused' }, () =>
  tiingo('EURUSD', true),
);
providerConformance('Tiingo crypto', { pages: 'repeats-refused', unknownSymbol: 'empty' }, () =>
  tiingo('BTCUSD', false),
);
providerConformance('Alpha Vantage', { pages: 'one', unknownSymbol: 'refused' }, alphaVantage);

describe('what single providers do', () => {
  let fixture: ProviderFixture | undefined;
  afterEach(() => fixture?.peer.stop());

  async function fetchRows(f: ProviderFixture, request: BarRequest = f.request): Promise<Bar[]> {
    const rows: Bar[] = [];
    for await (const { bars } of fetchMissing(f.provider, request, [], testIo(f).io)) {
      for (let i = 0; i < barCount(bars); i++) {
        const { timeMs, open, high, low, close, volume } = bars;
        rows.push({
          timeMs: timeMs[i]!,
          open: open[i]!,
          high: high[i]!,
          low: low[i]!,
          close: close[i]!,
          volume: volume[i]!,
        });
      }
    }
    return rows;
  }

  it.each(['bid', 'ask', 'mid'] as const)('OANDA delivers the %s that was asked for', async (side) => {
    fixture = await oanda(side, 'H1');
    const { barOf, world, request } = fixture;
    // In the middle of an hour: the candle that covers it belongs to what came before.
    const cut = { ...request, fromMs: FROM_MS + 30 * 60_000 };
    expect(await fetchRows(fixture, cut)).toEqual(world.bars.map(barOf).slice(1));
    expect(fixture.peer.requests[0]!.query.get('dailyAlignment')).toBe('17');
    expect(fixture.peer.requests[0]!.query.has('to')).toBe(false);
  });

  it('OANDA days follow the clocks of New York without a gap or a lost bar', async () => {
    fixture = await oanda('bid', 'H1', 30);
    // Daily candles open at 17:00 New York, 22:00 UTC before the change and 21:00 after it.
    const days = [4, 5, 6, 7, 10, 11, 12].map((d) => newYorkToUtcMs(Date.UTC(2024, 2, d, 17)));
    const model = fixture.world.bars[0]!;
    const world = {
      ...fixture.world,
      timeframe: 'D1' as const,
      bars: days.map((timeMs) => ({ ...model, timeMs })),
    };
    await fixture.peer.stop();
    const peer = await startOandaPeer({ ...world, nowMs: days[4]! + DAY_MS });
    fixture = { ...fixture, world, peer, provider: new OandaHistory({ baseUrl: peer.url }) };
    const request = { ...fixture.request, timeframe: 'D1' as const };
    const pages = [];
    for await (const page of fetchMissing(fixture.provider, request, [], testIo(fixture).io))
      pages.push(page);
    expect(pages.flatMap((p) => [...p.bars.timeMs])).toEqual(days.slice(0, 5));
    expect(pages.flatMap((p) => p.gaps)).toEqual([]);
    peer.nowMs = days[6]! + DAY_MS;
    const more = [];
    for await (const page of fetchMissing(
      fixture.provider,
      request,
      [pages.at(-1)!.span],
      testIo(fixture).io,
    )) {
      more.push(...page.bars.timeMs);
    }
    expect(more).toEqual(days.slice(5));
  });

  it('Alpaca bars that come again with other prices are refused', async () => {
    fixture = await alpacaCrypto();
    const { world, peer, provider, request } = fixture;
    const bar = { t: new Date(FROM_MS).toISOString(), o: 1.2, h: 1.3, l: 1.1, c: 1.2, v: 1 };
    const answer = { status: 200, body: { bars: { 'BTC/USD': [bar] }, next_page_token: null } };
    let pages = 0;
    const run = async () => {
      for await (const _ of fetchMissing(provider, request, [], testIo(fixture!).io)) {
        if (pages++ === 0) peer.faults.push({ kind: 'answer', answer });
      }
    };
    await expect(run()).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining('came twice with different values'),
    });
    expect(pages).toBe(1);
    expect(world.bars.length).toBeGreaterThan(10_000);
  });

  it('Alpaca says that a plan does not include the stretch', async () => {
    fixture = await alpacaStock();
    const answer = {
      status: 403,
      body: { message: 'subscription does not permit querying recent SIP data' },
    };
    fixture.peer.faults.push({ kind: 'answer', answer });
    await expect(fetchRows(fixture)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('plan of this key'),
    });
  });

  it('Tiingo waits when it says so with status 200', async () => {
    fixture = await tiingo('EURUSD', true);
    const answer = {
      status: 200,
      body: { detail: 'Error: You have run over your hourly request allocation.' },
    };
    fixture.peer.faults.push({ kind: 'answer', answer });
    expect(await fetchRows(fixture)).toHaveLength(fixture.world.bars.length);
  });

  it('Alpha Vantage: waits a minute for a note, ends for a day, and never repeats the key', async () => {
    fixture = await alphaVantage();
    const fault = (answer: Extract<Fault, { kind: 'answer' }>['answer']): Fault => ({
      kind: 'answer',
      answer,
    });
    fixture.peer.faults.push(fault(alphaVantageMessages.perMinute));
    const { io, waits } = testIo(fixture);
    for await (const _ of fetchMissing(fixture.provider, fixture.request, [], io));
    expect(waits).toContain(60_000);
    fixture.peer.faults.push(fault(alphaVantageMessages.perDay(KEY)));
    const error = await fetchRows(fixture).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('[key]') });
    expect(String((error as Error).stack)).not.toContain(KEY);
    fixture.peer.faults.push(fault(alphaVantageMessages.premium));
    await expect(fetchRows(fixture)).rejects.toMatchObject({ code: 'REFUSED' });
  });

  it('Alpha Vantage: daily bars, and the daily limit is kept without asking', async () => {
    fixture = await alphaVantage('D1', 200);
    const expected = fixture.world.bars.map(fixture.barOf);
    const { io } = testIo(fixture);
    const run = async () => {
      let bars = 0;
      for await (const page of fetchMissing(fixture!.provider, fixture!.request, [], io)) {
        bars += barCount(page.bars);
        expect(page.gaps).toEqual([]);
      }
      return bars;
    };
    for (let i = 0; i < 25; i++) expect(await run()).toBe(expected.length);
    await expect(run()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      hint: expect.stringContaining('24 hours'),
    });
    expect(fixture.peer.requests).toHaveLength(25);
  });

  it('the registry offers all four and names them when asked for another', () => {
    const registry = new ProviderRegistry();
    expect(registry.list().map((p) => p.id)).toEqual(['oanda', 'alpaca', 'tiingo', 'alphavantage']);
    expect(registry.get('oanda')).toBe(registry.get('oanda'));
    expect(() => registry.get('bloomberg')).toThrow(/no history provider "bloomberg"/);
  });
});
