import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { fetchNews } from '../../src-main/app/newsFetching.ts';
import { ForexFactoryNews } from '../../src-main/news/providers/forexFactory.ts';
import { ManualClock } from '../../src-shared/runtime.ts';
import { type NewsWorld, startForexFactoryPeer } from '../peers/newsPeers.ts';
import { cleanUp, newFolder, openEngine } from '../support/engine.ts';

const HEAD = 'Date,Time,Currency,Impact,Event,Actual\n';
const CALENDAR =
  `${HEAD}2024-02-02,13:30,USD,high,Non-Farm Employment Change,\n` +
  '2024-02-02,15:00,USD,medium,Factory Orders,\n2024-02-02,,EUR,holiday,Bank Holiday,\n';
const utc = (text: string): number => Date.parse(`${text}Z`);
const DAY = { fromMs: utc('2024-02-02T00:00'), toMs: utc('2024-02-03T00:00') };

describe('news in the engine', () => {
  let engine: FrontierEngine;
  let folder: string;
  beforeAll(async () => {
    folder = newFolder();
    engine = await openEngine();
  });
  afterAll(cleanUp);
  const file = (name: string, text: string): { kind: 'path'; path: string } => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return { kind: 'path', path };
  };

  it('NEWS-1: imports a file whole, again without doubling, and again with its results', async () => {
    const { news } = engine.client;
    let heard = 0;
    const stop = engine.context.hub.subscribe('news', () => heard++);
    const first = await news.import({ source: file('ff.csv', CALENDAR) });
    expect(first).toMatchObject({ events: 3, headlines: 0, known: 0, format: 'CSV with header' });
    expect([first.firstMs, first.lastMs]).toEqual([DAY.fromMs, utc('2024-02-02T15:00')]);
    expect(heard).toBe(1);
    stop();
    expect(await news.import({ source: file('ff.csv', CALENDAR) })).toMatchObject({ events: 0, known: 3 });
    const later = CALENDAR.replace('Change,\n', 'Change,353K\n');
    expect(await news.import({ source: file('ff.csv', later) })).toMatchObject({ events: 1, known: 2 });
    const high = await news.events({ ...DAY, currencies: ['USD'], impacts: ['high'] });
    expect(high).toMatchObject([
      { title: 'Non-Farm Employment Change', actual: '353K', source: 'file ff.csv' },
    ]);
    expect(await news.sources()).toMatchObject([{ source: 'file ff.csv', events: 3, headlines: 0 }]);
  });

  it('NEWS-1: a bad line anywhere leaves nothing behind', async () => {
    const { news } = engine.client;
    const bad = `${HEAD}2024-03-01,13:30,USD,high,Good,\n2024-03-01,13:30,USD,huge,Bad,\n`;
    await expect(news.import({ source: file('bad.csv', bad) })).rejects.toMatchObject({
      code: 'IMPORT_FAILED',
      message: expect.stringContaining('Line 3'),
    });
    await expect(news.import({ source: { kind: 'demo' } })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(await news.events({ fromMs: utc('2024-03-01T00:00'), toMs: utc('2024-03-02T00:00') })).toEqual([]);
  });

  it('NEWS-1: takes files that a client sends', async () => {
    const base64 = Buffer.from(`${HEAD}2025-01-10,13:30,USD,high,NFP,\n`).toString('base64');
    const { uploadId } = await engine.client.data.upload({ fileName: 'sent.csv', offset: 0, base64 });
    const result = await engine.client.news.import({
      source: { kind: 'upload', uploadId },
      zone: 'America/New_York',
    });
    expect(result).toMatchObject({ events: 1, firstMs: utc('2025-01-10T18:30') });
    expect((await engine.client.news.sources()).map((s) => s.source)).toContain('file sent.csv');
    await engine.client.news.removeSource({ source: 'file sent.csv' });
    expect((await engine.client.news.sources()).map((s) => s.source)).not.toContain('file sent.csv');
  });

  it('NEWS-21: tells the blackouts of a symbol in a stretch', async () => {
    const ask = (symbol: string, impact: 'high' | 'medium') =>
      engine.client.news.blackouts({ symbol, ...DAY, policy: { impact, beforeMin: 30, afterMin: 60 } });
    expect(await ask('EURUSD', 'high')).toEqual([
      {
        fromMs: utc('2024-02-02T13:00'),
        untilMs: utc('2024-02-02T14:30'),
        reasons: ['USD Non-Farm Employment Change (high impact)'],
      },
    ]);
    expect((await ask('EURUSD', 'medium')).map((w) => w.untilMs)).toEqual([utc('2024-02-02T16:00')]);
    expect(await ask('GBPJPY', 'medium')).toEqual([]);
  });

  it('NEWS-10: names the providers with the keys they miss', async () => {
    const providers = await engine.client.news.providers();
    expect(providers.map((p) => [p.id, p.ready])).toEqual([
      ['forexfactory', true],
      ['fmp', false],
      ['alpaca', false],
      ['alphavantage', false],
    ]);
    await engine.context.secrets.set('fmp.apiKey', 'a-key');
    const fmp = (await engine.client.news.providers()).find((p) => p.id === 'fmp');
    expect(fmp).toMatchObject({ ready: true, keys: [{ secret: 'fmp.apiKey', stored: true }] });
    await expect(engine.client.news.fetch({ providerId: 'none', ...DAY })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(engine.client.news.fetch({ providerId: 'alpaca', ...DAY })).rejects.toMatchObject({
      code: 'REFUSED',
    });
    await expect(
      engine.client.news.fetch({ providerId: 'alpaca', fromMs: DAY.toMs, toMs: DAY.fromMs }),
    ).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('NEWS-12: ForexFactory is left alone for an hour, whoever asks', async () => {
    const world: NewsWorld = {
      key: '',
      headlines: [],
      events: [
        { timeMs: utc('2024-06-07T12:30'), currency: 'USD', country: 'US', impact: 'High', title: 'NFP' },
      ],
    };
    const peer = await startForexFactoryPeer(world, DAY.toMs);
    try {
      const clock = new ManualClock(utc('2024-06-03T12:00'));
      const context = { ...engine.context, clock };
      const ask = () => fetchNews(context, new ForexFactoryNews({ baseUrl: peer.url }), DAY);
      expect(await ask()).toMatchObject({ events: 1, format: 'ForexFactory JSON' });
      clock.advanceTo(clock.nowMs() + 59 * 60_000);
      await expect(ask()).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        hint: expect.stringContaining('in 1 minutes'),
      });
      expect(peer.requests).toHaveLength(1);
      clock.advanceTo(clock.nowMs() + 60_000);
      expect(await ask()).toMatchObject({ events: 0, known: 1 });
    } finally {
      await peer.stop();
    }
  });
});

describe('markets in the engine', () => {
  afterAll(cleanUp);
  const lse = {
    name: 'lse',
    zone: 'Europe/London',
    sessions: (['mon', 'tue', 'wed', 'thu', 'fri'] as const).map((day) => ({
      from: day,
      open: '08:00',
      to: day,
      close: '16:30',
    })),
    holidays: ['2024-12-25'],
    earlyCloses: [],
  };

  it('CAL-9: keeps calendars, assigns them, and answers by them, also after a restart', async () => {
    const home = newFolder();
    let engine = await openEngine(home);
    const { markets } = engine.client;
    await Promise.all([markets.calendars.save(lse), markets.calendars.save({ ...lse, name: 'lse-two' })]);
    await markets.calendars.assign({ symbol: 'vod.l', calendar: 'lse' });
    const listed = await markets.calendars.list();
    expect(listed.builtIn).toEqual(['fx', 'always', 'nse', 'nyse']);
    expect(listed.custom.map((c) => c.name)).toEqual(['lse', 'lse-two']);
    expect(listed.assigned).toEqual([{ symbol: 'VOD.L', calendar: 'lse' }]);
    const state = await markets.state({ symbol: 'VOD.L', timeMs: utc('2024-07-05T16:00') });
    expect(state).toEqual({
      calendar: 'lse',
      open: false,
      nextOpenMs: utc('2024-07-08T07:00'),
      closesMs: utc('2024-07-08T15:30'),
    });
    await expect(markets.calendars.remove({ name: 'lse' })).rejects.toMatchObject({ code: 'REFUSED' });
    await engine.close();
    engine = await openEngine(home);
    expect(await engine.client.markets.state({ symbol: 'VOD.L', timeMs: utc('2024-07-05T16:00') })).toEqual(
      state,
    );
    await engine.client.markets.calendars.assign({ symbol: 'VOD.L', calendar: null });
    await engine.client.markets.calendars.remove({ name: 'lse' });
    expect((await engine.client.markets.state({ symbol: 'VOD.L' })).calendar).toBe('nyse');
    await expect(engine.client.markets.calendars.remove({ name: 'fx' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(
      engine.client.markets.calendars.assign({ symbol: 'VOD.L', calendar: 'nowhere' }),
    ).rejects.toMatchObject({ code: 'BAD_INPUT' });
    const overlap = [
      ...lse.sessions,
      { from: 'mon' as const, open: '16:00', to: 'mon' as const, close: '17:00' },
    ];
    await expect(
      engine.client.markets.calendars.save({ ...lse, name: 'bad', sessions: overlap }),
    ).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining('overlap') });
  });

  it('CAL-1: tells whether FX and crypto trade, and lists sessions', async () => {
    const { markets } = (await openEngine()).client;
    const friday = utc('2024-02-02T21:30');
    expect(await markets.state({ symbol: 'EURUSD', timeMs: friday })).toEqual({
      calendar: 'fx',
      open: true,
      nextOpenMs: friday,
      closesMs: utc('2024-02-02T22:00'),
    });
    expect(await markets.state({ symbol: 'BTCUSDT', timeMs: friday })).toMatchObject({
      open: true,
      closesMs: null,
    });
    expect(
      await markets.sessions({
        symbol: 'AAPL',
        fromMs: utc('2024-07-03T00:00'),
        toMs: utc('2024-07-06T00:00'),
      }),
    ).toEqual([
      { openMs: utc('2024-07-03T13:30'), closeMs: utc('2024-07-03T17:00'), dayMs: utc('2024-07-03T00:00') },
      { openMs: utc('2024-07-05T13:30'), closeMs: utc('2024-07-05T20:00'), dayMs: utc('2024-07-05T00:00') },
    ]);
    await expect(markets.sessions({ symbol: 'AAPL', fromMs: 1, toMs: 0 })).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
  });
});
