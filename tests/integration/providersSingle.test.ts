/** What only one of the history providers does, and how it goes wrong there. */
import { afterEach, describe, expect, it } from 'vitest';
import { fetchMissing } from '../../src-main/data/providers/incremental.ts';
import { OandaHistory } from '../../src-main/data/providers/oanda.ts';
import type { BarRequest } from '../../src-main/data/providers/port.ts';
import { ProviderRegistry } from '../../src-main/data/providers/registry.ts';
import { type Bar, barCount } from '../../src-shared/market/bars.ts';
import { newYorkToUtcMs } from '../../src-shared/market/newYork.ts';
import { alphaVantageMessages } from '../peers/alphaVantagePeer.ts';
import {
  alpacaCryptoFixture,
  alpacaStockFixture,
  alphaVantageFixture,
  FROM_MS,
  KEY,
  oandaFixture,
  tiingoFixture,
} from '../peers/fixtures.ts';
import { decimal } from '../peers/market.ts';
import { startOandaPeer } from '../peers/oandaPeer.ts';
import type { Fault } from '../peers/peer.ts';
import { collect, type ProviderFixture, testIo } from '../peers/providerFixture.ts';

const DAY_MS = 86_400_000;

describe('what single providers do', () => {
  let fixture: ProviderFixture | undefined;
  afterEach(() => fixture?.peer.stop());

  const fetchRows = async (f: ProviderFixture, request: BarRequest = f.request): Promise<Bar[]> =>
    (await collect(f, testIo(f).io, [], request)).rows;

  it.each(['bid', 'ask', 'mid'] as const)('OANDA delivers the %s that was asked for', async (side) => {
    fixture = await oandaFixture(side, 'H1');
    const { barOf, world, request } = fixture;
    // In the middle of an hour: the candle that covers it belongs to what came before.
    const cut = { ...request, fromMs: FROM_MS + 30 * 60_000 };
    expect(await fetchRows(fixture, cut)).toEqual(world.bars.map(barOf).slice(1));
    expect(fixture.peer.requests[0]!.query.get('dailyAlignment')).toBe('17');
    expect(fixture.peer.requests[0]!.query.has('to')).toBe(false);
  });

  it('OANDA is asked again when it sends what was there instead of an end', async () => {
    fixture = await oandaFixture('mid');
    const { world, peer, provider, request } = fixture;
    const rows: number[] = [];
    let dropped = 0;
    for await (const page of fetchMissing(provider, request, [], testIo(fixture).io)) {
      if (rows.length === 0) {
        // One candle where thousands follow: taken for the end, the rest would count as fetched and never come.
        const bar = world.bars[barCount(page.bars) - 1]!;
        const p = decimal(bar.open);
        const candle = {
          complete: true,
          volume: bar.volume,
          time: new Date(bar.timeMs).toISOString(),
          mid: { o: p, h: decimal(bar.high), l: decimal(bar.low), c: decimal(bar.close) },
        };
        const body = { instrument: 'EUR_USD', granularity: 'M1', candles: [candle] };
        peer.faults.push({ kind: 'answer', answer: { status: 200, body } });
      }
      rows.push(...page.bars.timeMs);
      dropped += page.duplicatesDropped;
    }
    expect(rows).toEqual(world.bars.map((b) => b.timeMs));
    expect(dropped).toBe(1);
  });

  it('OANDA days follow the clocks of New York without a gap or a lost bar', async () => {
    fixture = await oandaFixture('bid', 'H1', 30);
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
    fixture = await alpacaCryptoFixture();
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
    fixture = await alpacaStockFixture();
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
    fixture = await tiingoFixture('EURUSD', true);
    const answer = {
      status: 200,
      body: { detail: 'Error: You have run over your hourly request allocation.' },
    };
    fixture.peer.faults.push({ kind: 'answer', answer });
    expect(await fetchRows(fixture)).toHaveLength(fixture.world.bars.length);
  });

  it('Alpha Vantage: waits a minute for a note, ends for a day, and never repeats the key', async () => {
    fixture = await alphaVantageFixture();
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
    fixture = await alphaVantageFixture('D1', 200);
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

  it('the registry offers all and names them when asked for another', () => {
    const registry = new ProviderRegistry();
    expect(registry.list().map((p) => p.id)).toEqual([
      'dukascopy',
      'oanda',
      'ctrader',
      'alpaca',
      'tiingo',
      'alphavantage',
    ]);
    expect(registry.get('oanda')).toBe(registry.get('oanda'));
    expect(() => registry.get('bloomberg')).toThrow(/no history provider "bloomberg"/);
  });
});
