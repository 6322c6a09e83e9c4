/** What only Dukascopy does: names, periods, flat candles, and bars that are made from shorter ones. */
import * as library from 'dukascopy-node';
import { afterEach, describe, expect, it } from 'vitest';
import { DukascopyHistory } from '../../src-main/data/providers/dukascopy.ts';
import { columnsOf } from '../../src-main/data/providers/reading.ts';
import { type Bar, barAt, barCount } from '../../src-shared/market/bars.ts';
import { calendarOf } from '../../src-shared/market/calendars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { resample } from '../../src-shared/market/resample.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import { dukascopyFixture, FROM_MS } from '../peers/fixtures.ts';
import { collect, type ProviderFixture, testIo } from '../peers/providerFixture.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

describe('Dukascopy', () => {
  let fixture: ProviderFixture;
  afterEach(() => fixture.peer.stop());

  const reference = (target: Timeframe): Bar[] => {
    const { symbol, timeframe: source } = fixture.request;
    const calendar = calendarOf(instrumentFor(symbol));
    const all = columnsOf(fixture.world.bars.map((b) => fixture.barOf(b)));
    const { bars } = resample(all, { source, target, calendar });
    return Array.from({ length: barCount(bars) }, (_, i) => barAt(bars, i));
  };

  it.each([
    ['M5', 'M1', 'EURUSD'],
    ['M30', 'M1', 'BTCUSD'],
    ['H4', 'H1', 'EURUSD'],
    ['D1', 'H1', 'EURUSD'],
    ['D1', 'H1', 'BTCUSD'],
  ] as const)(
    'PRV-21: %s bars are made from %s of %s on its trading days',
    async (target, source, symbol) => {
      fixture = await dukascopyFixture('ask', symbol, source, source === 'H1' ? 60 : 9);
      const { request } = fixture;
      const expected = reference(target);
      const { rows, spans, pages } = await collect(fixture, testIo(fixture).io, [], {
        ...request,
        timeframe: target,
      });
      // The bar that holds the start opens before it unless it opens there.
      const asked = expected.filter((b) => b.timeMs >= request.fromMs);
      expect(rows).toEqual(asked);
      expect(spans).toEqual([{ fromMs: request.fromMs, toMs: request.toMs }]);
      expect(pages.flatMap((p) => p.gaps)).toEqual([]);
      expect(fixture.peer.requests[0]!.path).toContain('/EUR-USD/ASK/'.replace('EUR', symbol.slice(0, 3)));
    },
  );

  it('PRV-21: a bar in the making is not delivered, and comes whole the next time', async () => {
    fixture = await dukascopyFixture('bid', 'EURUSD', 'H1', 30);
    const { request, peer } = fixture;
    const asked = { ...request, timeframe: 'H4' as const };
    const expected = reference('H4').filter((b) => b.timeMs >= request.fromMs);
    // Half way into an H4 bar in the middle of a week.
    peer.nowMs = expected[50]!.timeMs + 2 * HOUR_MS + 60_000;
    const first = await collect(fixture, testIo(fixture).io, [], asked);
    expect(first.rows).toEqual(expected.slice(0, 50));
    peer.nowMs = expected[60]!.timeMs + 60_000;
    const rest = await collect(fixture, testIo(fixture).io, first.spans, asked);
    expect(rest.rows).toEqual(expected.slice(50, 60));
  });

  it('flat candles that stand for nothing are left out; quiet ones that moved are kept', async () => {
    fixture = await dukascopyFixture('bid');
    const { world } = fixture;
    const flat = world.bars[100]!;
    world.bars = world.bars.map((bar, i) => {
      if (i === 100) return { ...flat, high: flat.open, low: flat.open, close: flat.open, volume: 0 };
      return i === 101 ? { ...bar, volume: 0 } : bar;
    });
    const { rows, pages } = await collect(fixture, testIo(fixture).io);
    expect(rows).toEqual(world.bars.filter((_, i) => i !== 100).map((b) => fixture.barOf(b)));
    expect(pages.flatMap((p) => p.gaps)).toMatchObject([{ fromMs: flat.timeMs, missingBars: 1 }]);
  });

  it.each([
    ['status 503', { status: 503, body: '' }],
    ['an empty answer (status 202)', { status: 202, body: '' }],
    ['an empty answer (status 200)', { status: 200, body: '' }],
  ])('PRV-22: %s is a failure and never "no data"', async (why, answer) => {
    fixture = await dukascopyFixture('bid');
    fixture.peer.faults.push(...Array.from({ length: 6 }, () => ({ kind: 'answer' as const, answer })));
    await expect(collect(fixture, testIo(fixture).io)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(why),
    });
  });

  it('PRV-22: a day without candles is a gap, a missing day a refusal', async () => {
    fixture = await dukascopyFixture('bid');
    const { world } = fixture;
    const tuesday = world.bars.filter((b) => b.timeMs >= FROM_MS + DAY_MS && b.timeMs < FROM_MS + 2 * DAY_MS);
    world.bars = world.bars.filter((b) => !tuesday.includes(b));
    const { pages } = await collect(fixture, testIo(fixture).io);
    expect(pages.flatMap((p) => p.gaps).reduce((n, g) => n + g.missingBars, 0)).toBe(tuesday.length);
    fixture.peer.faults.push({ kind: 'answer', answer: { status: 404, body: '' } });
    await expect(collect(fixture, testIo(fixture).io)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('asks nothing on days on which the market is closed', async () => {
    fixture = await dukascopyFixture('bid');
    await collect(fixture, testIo(fixture).io);
    const days = fixture.peer.requests.map((r) => Number(r.path.split('/').at(-1)));
    expect(days).toEqual([4, 5, 6, 7, 8, 10, 11, 12]);
  });

  it('a damaged answer that skips a million years is refused before it is decoded', async () => {
    fixture = await dukascopyFixture('bid');
    const column = [0, 0];
    const body = {
      ...{ timestamp: FROM_MS, multiplier: 1e-5, shift: 60_000, open: 1, high: 1, low: 1, close: 1 },
      ...{ times: [0, 1e12], opens: column, highs: column, lows: column, closes: column, volumes: [1, 1] },
    };
    fixture.peer.faults.push({ kind: 'answer', answer: { status: 200, body } });
    await expect(collect(fixture, testIo(fixture).io)).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('knows every pair that Frontier takes for FX, metals and the larger coins, and no share by a pair-like name', async () => {
    fixture = await dukascopyFixture('bid');
    const provider = new DukascopyHistory({ baseUrl: fixture.peer.url });
    const codeAsked = async (symbol: string): Promise<string> => {
      fixture.peer.requests.length = 0;
      const request = { ...fixture.request, symbol, toMs: FROM_MS + HOUR_MS };
      try {
        for await (const _ of provider.fetchBars(request, testIo(fixture).io));
      } catch (error) {
        if (fixture.peer.requests.length === 0) return (error as { code: string }).code;
      }
      return fixture.peer.requests[0]!.path.split('/')[4]!;
    };
    for (const symbol of [
      'EURUSD',
      'GBPJPY',
      'AUDNZD',
      'USDCHF',
      'USDCNH',
      'XAUUSD',
      'XAGUSD',
      'XAUEUR',
      'BTCUSD',
    ]) {
      expect(await codeAsked(symbol)).toBe(`${symbol.slice(0, 3)}-${symbol.slice(3)}`);
    }
    expect(await codeAsked('DASHUSD')).toBe('DSH-USD');
    expect(await codeAsked('LINKUSD')).toBe('LNK-USD');
    expect(library.instrumentMetaData.gususd.code).toBe('G.US-USD');
    expect(await codeAsked('GUSUSD')).toBe('NOT_FOUND');
    expect(await codeAsked('BTCUSDT')).toBe('NOT_FOUND');
  });

  it('the library is still the one that was read: host, paths and what it does with a failure', async () => {
    fixture = await dukascopyFixture('bid');
    expect(library.URL_ROOT).toBe('https://jetta.dukascopy.com/v1');
    const original = globalThis.fetch;
    globalThis.fetch = async () => new Response('', { status: 503 });
    try {
      const dates = { from: new Date(FROM_MS), to: new Date(FROM_MS + DAY_MS) };
      // Why its own fetcher is not used: a failure comes back as a history without bars.
      expect(await library.getHistoricalRates({ instrument: 'eurusd', dates, timeframe: 'm1' })).toEqual([]);
    } finally {
      globalThis.fetch = original;
    }
  });
});
