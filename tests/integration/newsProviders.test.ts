import { afterEach, describe, expect, it } from 'vitest';
import type { ProviderIo } from '../../src-main/data/providers/port.ts';
import { fetchTransport } from '../../src-main/data/providers/transport.ts';
import { AlpacaNews } from '../../src-main/news/providers/alpacaNews.ts';
import { AlphaVantageNews } from '../../src-main/news/providers/alphaVantageNews.ts';
import { FmpNews } from '../../src-main/news/providers/fmp.ts';
import { ForexFactoryNews } from '../../src-main/news/providers/forexFactory.ts';
import type { NewsProvider } from '../../src-main/news/providers/port.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { ManualClock, SeededRng } from '../../src-shared/runtime.ts';
import {
  type NewsWorld,
  startAlpacaNewsPeer,
  startAlphaVantageNewsPeer,
  startFmpPeer,
  startForexFactoryPeer,
} from '../peers/newsPeers.ts';
import type { Peer } from '../peers/peer.ts';

const NOW_MS = Date.UTC(2024, 0, 8, 12);
const DAY_MS = 86_400_000;
const KEY = 'k3y-0f-the-tests-71c4';
const WEEK = { fromMs: NOW_MS - 7 * DAY_MS, toMs: NOW_MS };

function world(): NewsWorld {
  return {
    key: KEY,
    events: [
      {
        timeMs: Date.UTC(2024, 0, 5, 13, 30),
        currency: 'USD',
        country: 'US',
        impact: 'High',
        title: 'Nonfarm Payrolls',
        actual: 216,
      },
      {
        timeMs: Date.UTC(2024, 0, 4, 8, 55),
        currency: 'EUR',
        country: 'DE',
        impact: 'Medium',
        title: 'HCOB PMI',
      },
    ],
    headlines: Array.from({ length: 120 }, (_, i) => ({
      id: 1000 + i,
      timeMs: Date.UTC(2024, 0, 5) + i * 60_000,
      text: `Bitcoin&#39;s move ${i}`,
      symbols: ['BTC/USD', 'COIN'],
    })),
  };
}

interface Fixture {
  readonly provider: NewsProvider;
  readonly peer: Peer;
  readonly keys: Readonly<Record<string, string>>;
}

type Make = (w: NewsWorld) => Promise<Fixture>;
const FIXTURES: Readonly<Record<string, Make>> = {
  ForexFactory: async (w) => {
    const peer = await startForexFactoryPeer(w, NOW_MS);
    return { peer, provider: new ForexFactoryNews({ baseUrl: peer.url }), keys: {} };
  },
  FMP: async (w) => {
    const peer = await startFmpPeer(w, NOW_MS);
    return { peer, provider: new FmpNews({ baseUrl: peer.url }), keys: { 'fmp.apiKey': KEY } };
  },
  Alpaca: async (w) => {
    const peer = await startAlpacaNewsPeer(w, NOW_MS);
    const keys = { 'alpaca.keyId': KEY, 'alpaca.secretKey': `${KEY}-secret` };
    return { peer, provider: new AlpacaNews({ baseUrl: peer.url }), keys };
  },
  'Alpha Vantage': async (w) => {
    const peer = await startAlphaVantageNewsPeer(w, NOW_MS);
    return {
      peer,
      provider: new AlphaVantageNews({ baseUrl: peer.url }),
      keys: { 'alphavantage.apiKey': KEY },
    };
  },
};

/** A world in which waiting costs no time. */
function ioOf(keys: Readonly<Record<string, string>>): { io: ProviderIo; waits: number[] } {
  const clock = new ManualClock(NOW_MS);
  const waits: number[] = [];
  const io: ProviderIo = {
    transport: fetchTransport(fetch),
    openSocket: () => Promise.reject(new Error('no sockets here')),
    every: () => () => undefined,
    clock,
    rng: new SeededRng(1),
    sleep: async (ms) => {
      waits.push(ms);
      clock.advanceTo(clock.nowMs() + ms);
    },
    deadline: () => AbortSignal.timeout(5000),
    key: async (secret) => keys[secret],
    signal: new AbortController().signal,
  };
  return { io, waits };
}

const peers: Peer[] = [];
afterEach(async () => {
  for (const peer of peers.splice(0)) await peer.stop();
});

async function open(name: string, w = world()): Promise<Fixture> {
  const fixture = await FIXTURES[name]!(w);
  peers.push(fixture.peer);
  return fixture;
}

async function failure(fixture: Fixture, keys = fixture.keys): Promise<FrontierError> {
  const error = await fixture.provider.fetch(WEEK, ioOf(keys).io).then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(FrontierError);
  const { message, hint } = error as FrontierError;
  expect(`${message} ${hint}`).not.toContain(KEY);
  return error as FrontierError;
}

describe('news providers', () => {
  it('NEWS-10: ForexFactory gives this week, instants by their offset', async () => {
    const { provider, keys } = await open('ForexFactory');
    const { events, headlines } = await provider.fetch(WEEK, ioOf(keys).io);
    expect(headlines).toEqual([]);
    expect(events).toHaveLength(2);
    expect(events[1]).toMatchObject({
      timeMs: Date.UTC(2024, 0, 5, 13, 30),
      currency: 'USD',
      impact: 'high',
      title: 'Nonfarm Payrolls',
      forecast: '170K',
      previous: null,
      allDay: false,
      source: 'ForexFactory',
    });
  });

  it('NEWS-10: FMP is asked for 90 days at a time, and nothing is lost between', async () => {
    const w = world();
    w.events = Array.from({ length: 400 }, (_, i) => ({
      timeMs: Date.UTC(2023, 0, 1, 12) + i * DAY_MS,
      currency: i % 2 === 0 ? '' : 'JPY',
      country: i % 2 === 0 ? 'US' : 'JP',
      impact: i === 7 ? 'None' : 'Low',
      title: `Event ${i}`,
      actual: i,
    }));
    const { provider, keys, peer } = await open('FMP', w);
    const range = { fromMs: Date.UTC(2023, 0, 1), toMs: Date.UTC(2023, 0, 1) + 400 * DAY_MS };
    const { events } = await provider.fetch(range, ioOf(keys).io);
    expect(events).toHaveLength(400);
    expect(peer.requests).toHaveLength(5);
    expect(peer.requests[0]!.query.get('to')).toBe('2023-03-31');
    expect(events[3]).toMatchObject({ currency: 'JPY', actual: '3%', forecast: null, previous: '3.7%' });
    expect(events[4]).toMatchObject({ currency: 'USD' });
  });

  it('NEWS-10: Alpaca is read page by page, as plain text', async () => {
    const { provider, keys, peer } = await open('Alpaca');
    const { headlines } = await provider.fetch(WEEK, ioOf(keys).io);
    expect(headlines).toHaveLength(120);
    expect(peer.requests).toHaveLength(3);
    expect(headlines[0]).toMatchObject({
      title: "Bitcoin's move 0",
      summary: 'Summary & more',
      symbols: ['BTCUSD', 'COIN'],
      url: 'https://www.benzinga.com/1000',
      sentiment: null,
    });
    expect(new Set(headlines.map((h) => h.id)).size).toBe(120);
  });

  it('NEWS-10: Alpha Vantage gives sentiment; a stretch without articles is empty and no error', async () => {
    const w = world();
    const { provider, keys } = await open('Alpha Vantage', w);
    const { headlines } = await provider.fetch(WEEK, ioOf(keys).io);
    expect(headlines).toHaveLength(120);
    expect(headlines[0]).toMatchObject({
      timeMs: Date.UTC(2024, 0, 5),
      sentiment: 0.25,
      symbols: ['BTC/USD', 'COIN'],
    });
    w.headlines = [];
    expect((await provider.fetch(WEEK, ioOf(keys).io)).headlines).toEqual([]);
  });

  it.each(Object.keys(FIXTURES))('NEWS-11: %s: a failure is tried again and then succeeds', async (name) => {
    const fixture = await open(name);
    fixture.peer.faults.push({ kind: 'server-error', status: 503 });
    const { io, waits } = ioOf(fixture.keys);
    const { events, headlines } = await fixture.provider.fetch(WEEK, io);
    expect(events.length + headlines.length).toBeGreaterThan(1);
    expect(waits.length).toBeGreaterThan(0);
  });

  it.each(Object.keys(FIXTURES))(
    'NEWS-11: %s: a web page, another shape and a cut answer are refused',
    async (name) => {
      const html = await open(name);
      html.peer.faults.push({ kind: 'html' });
      expect((await failure(html)).message).toMatch(/web page/);
      for (const body of [
        {},
        7,
        [1],
        [{}],
        { news: {}, next_page_token: null },
        { feed: [{ title: 'x' }] },
        null,
      ]) {
        const shaped = await open(name);
        shaped.peer.faults.push({ kind: 'answer', answer: { status: 200, body: JSON.stringify(body) } });
        expect(['CORRUPT', 'REFUSED', 'UNAVAILABLE'], JSON.stringify(body)).toContain(
          (await failure(shaped)).code,
        );
      }
    },
  );

  it.each(Object.keys(FIXTURES).filter((n) => n !== 'ForexFactory'))(
    'NEWS-11: %s: a missing or wrong key is named and never shown',
    async (name) => {
      const w = world();
      const fixture = await open(name, w);
      expect((await failure(fixture, {})).message).toMatch(/needs a key/);
      expect(fixture.peer.requests).toHaveLength(0);
      w.key = 'another';
      expect(await failure(fixture)).toMatchObject({ code: 'REFUSED' });
    },
  );

  it('NEWS-12: ForexFactory is not asked a third time within the hour', async () => {
    const fixture = await open('ForexFactory');
    for (let i = 0; i < 6; i++) fixture.peer.faults.push({ kind: 'too-many' });
    expect((await failure(fixture)).code).toBe('UNAVAILABLE');
    expect(fixture.peer.requests.length).toBeLessThanOrEqual(2);
  });

  it('NEWS-11: Alpaca repeating a page ends the fetch', async () => {
    const fixture = await open('Alpaca');
    const page = { news: [], next_page_token: 'same' };
    for (let i = 0; i < 3; i++)
      fixture.peer.faults.push({ kind: 'answer', answer: { status: 200, body: page } });
    expect(await failure(fixture)).toMatchObject({ code: 'CORRUPT' });
  });
});
