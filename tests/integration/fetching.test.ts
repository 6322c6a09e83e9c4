/** Downloads through the engine, its workers and the store, against peers on this machine. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { fetchSpan } from '../../src-main/app/fetching.ts';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { productProviders } from '../../src-main/app/providers.ts';
import { barAt, barCount } from '../../src-shared/market/bars.ts';
import { ctraderFixture, dukascopyFixture, FROM_MS, KEY, oandaFixture } from '../peers/fixtures.ts';
import type { Fault } from '../peers/peer.ts';
import type { ProviderFixture } from '../peers/providerFixture.ts';
import { cleanUp, until } from '../support/engine.ts';
import { endOfFetch, engineWith, fetchAllOf, firstPageOf, taskOf } from '../support/fetchWorld.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const LIMIT = 60_000;

afterAll(cleanUp);

async function storedRows({ context }: FrontierEngine, { request }: ProviderFixture) {
  const bars = await context.bars.load(request.symbol, request.timeframe, {}, request.priceSide);
  return Array.from({ length: barCount(bars) }, (_, i) => barAt(bars, i));
}

describe('downloads', { timeout: LIMIT }, () => {
  const fixtures: ProviderFixture[] = [];
  const own = <T extends ProviderFixture>(fixture: T): T => {
    fixtures.push(fixture);
    return fixture;
  };
  afterEach(async () => {
    for (const fixture of fixtures.splice(0)) await fixture.peer.stop();
  });
  const allOf = (fixture: ProviderFixture) => fixture.world.bars.map((bar) => fixture.barOf(bar));

  it('PRV-30: brings a history into the store and the catalogue, checked, and asks for nothing twice', async () => {
    const fixture = own(await oandaFixture('ask'));
    const engine = await engineWith([fixture]);
    const run = await fetchAllOf(engine, fixture);
    expect(run).toMatchObject({ state: 'done', providerId: 'oanda' });
    expect(run.tasks[0]).toMatchObject({
      state: 'done',
      bars: fixture.world.bars.length,
      fraction: 1,
      error: null,
    });
    expect(await storedRows(engine, fixture)).toEqual(allOf(fixture));
    const [dataset] = await engine.client.data.list();
    expect(dataset).toMatchObject({
      ...{ symbol: 'EURUSD', timeframe: 'M1', priceSide: 'ask', providerId: 'oanda', source: 'OANDA' },
      bars: fixture.world.bars.length,
    });
    expect(dataset!.qualityScore).toBeGreaterThan(50);
    const asked = fixture.peer.requests.length;
    const again = await fetchAllOf(engine, fixture);
    expect(again.tasks[0]).toMatchObject({ state: 'done', bars: 0 });
    expect(fixture.peer.requests).toHaveLength(asked);
    const changes = await engine.client.data.changes({});
    expect(changes.map((c) => c.summary)).toEqual([
      `Fetched ${fixture.world.bars.length} bars of EURUSD M1 ask from OANDA.`,
    ]);
    // Taking it back takes its spans back too: the next download asks again.
    expect(await engine.client.data.undo({ changeId: changes[0]!.id })).toBeNull();
    expect((await fetchAllOf(engine, fixture)).tasks[0]).toMatchObject({ bars: fixture.world.bars.length });
  });

  it('PRV-31: updates from the last bar on', async () => {
    const fixture = own(await oandaFixture('bid', 'H1', 20));
    const engine = await engineWith([fixture]);
    const all = allOf(fixture);
    const cut = all[200]!.timeMs + HOUR_MS / 2;
    fixture.peer.nowMs = cut;
    expect((await fetchAllOf(engine, fixture)).tasks[0]).toMatchObject({ bars: 200 });
    fixture.peer.nowMs = fixture.world.nowMs;
    fixture.peer.requests.length = 0;
    const { symbol, timeframe, priceSide } = fixture.request;
    const { fetchIds } = await engine.client.data.fetch.update({
      histories: [{ symbol, timeframe, priceSide }],
    });
    expect(await endOfFetch(engine, fetchIds[0]!)).toMatchObject({ state: 'done' });
    expect(await storedRows(engine, fixture)).toEqual(all);
    expect(Date.parse(fixture.peer.requests[0]!.query.get('from')!)).toBeGreaterThanOrEqual(all[199]!.timeMs);
    const unknown = engine.client.data.fetch.update({ histories: [{ symbol, timeframe: 'D1', priceSide }] });
    await expect(unknown).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('PRV-32: several symbols, sides and providers side by side; one that fails stops no other', async () => {
    const oanda = own(await oandaFixture('bid', 'H1', 20));
    const duka = own(await dukascopyFixture('ask', 'EURUSD', 'H1', 20));
    const engine = await engineWith([oanda, duka]);
    const tasks = [
      taskOf(oanda),
      { ...taskOf(oanda), priceSide: 'ask' as const },
      { ...taskOf(oanda), symbol: 'EURCHF' },
    ];
    const { fetchId } = await engine.client.data.fetch.start({ providerId: 'oanda', tasks });
    const second = await engine.client.data.fetch.start({
      providerId: 'dukascopy',
      tasks: [{ ...taskOf(duka), symbol: 'EURUSD' }],
    });
    const run = await endOfFetch(engine, fetchId);
    expect(run.state).toBe('failed');
    expect(run.tasks.map((t) => t.state)).toEqual(['done', 'done', 'failed']);
    expect(run.tasks[2]!.error).toMatchObject({ message: expect.stringContaining('EURCHF') });
    // The ask side was OANDA's first; what Dukascopy has too is kept as it was.
    expect((await endOfFetch(engine, second.fetchId)).tasks[0]).toMatchObject({ state: 'done' });
    const list = await engine.client.data.list();
    expect(list.map((d) => `${d.symbol} ${d.priceSide} ${d.bars}`)).toEqual([
      `EURUSD ask ${oanda.world.bars.length}`,
      `EURUSD bid ${oanda.world.bars.length}`,
    ]);
  });

  describe('PRV-33: failures of the provider', () => {
    it.each<[string, Fault[]]>([
      ['429', [{ kind: 'too-many', headers: { 'retry-after': '1' } }]],
      ['500', [{ kind: 'server-error' }]],
      ['a body that is cut off', [{ kind: 'truncated' }]],
      ['JSON that is cut off', [{ kind: 'cut-json' }]],
      ['a reset', [{ kind: 'reset' }]],
    ])('gets over %s', async (_, faults) => {
      const fixture = own(await oandaFixture('bid', 'H1', 20));
      const engine = await engineWith([fixture]);
      fixture.peer.faults.push(...faults);
      expect((await fetchAllOf(engine, fixture)).state).toBe('done');
      expect(await storedRows(engine, fixture)).toEqual(allOf(fixture));
    });

    it('a page that comes again, and a gap, leave the history whole and the gap named', async () => {
      const fixture = own(await oandaFixture('bid'));
      const engine = await engineWith([fixture]);
      fixture.world.bars = fixture.world.bars.filter((_, i) => i < 3000 || i >= 3007);
      const { fetchId } = await engine.client.data.fetch.start({
        providerId: 'oanda',
        tasks: [taskOf(fixture)],
      });
      await until('the first page was asked for', () => fixture.peer.requests.length > 0);
      fixture.peer.faults.push({ kind: 'repeat' });
      expect((await endOfFetch(engine, fetchId)).state).toBe('done');
      expect(await storedRows(engine, fixture)).toEqual(allOf(fixture));
      const notes = engine.context.stores.datasets.find('EURUSD', 'M1', 'bid')!.notes;
      expect(notes).toEqual([expect.stringContaining('OANDA has no bars for 7 that')]);
      const quality = await engine.client.data.quality({ symbol: 'EURUSD', timeframe: 'M1' });
      expect(quality.missingBars).toBe(7);
    });

    it.each<[string, Fault, RegExp, string | undefined]>([
      ['a web page', { kind: 'html' }, /web page instead of data/, undefined],
      [
        'a redirect',
        { kind: 'redirect', to: 'http://127.0.0.1:1/' },
        /redirects to another address/,
        undefined,
      ],
      [
        'an expired key',
        { kind: 'answer', answer: { status: 401, body: { errorMessage: `Expired ${KEY}` } } },
        /does not accept the key/,
        'Make a new',
      ],
    ])(
      '%s in the middle of a download: a clear message, and what came before stays',
      async (_, fault, message, hint) => {
        const fixture = own(await oandaFixture('bid'));
        const engine = await engineWith([fixture]);
        const { bars } = fixture.world;
        // The first page is answered, the second is not.
        fixture.peer.faults.push({ kind: 'answer', answer: firstPageOf(fixture) }, fault);
        const run = await fetchAllOf(engine, fixture);
        expect(run.state).toBe('failed');
        expect(run.tasks[0]!.error!.message).toMatch(message);
        if (hint !== undefined) expect(run.tasks[0]!.error!.hint).toContain(hint);
        expect(JSON.stringify(run)).not.toContain(KEY);
        expect(run.tasks[0]!.bars).toBe(5000);
        expect(await storedRows(engine, fixture)).toEqual(allOf(fixture).slice(0, 5000));
        expect((await engine.client.data.list())[0]!.bars).toBe(5000);
        fixture.peer.requests.length = 0;
        expect((await fetchAllOf(engine, fixture)).tasks[0]).toMatchObject({
          state: 'done',
          bars: bars.length - 5000,
        });
        expect(Date.parse(fixture.peer.requests[0]!.query.get('from')!)).toBeGreaterThan(bars[4999]!.timeMs);
        expect(await storedRows(engine, fixture)).toEqual(allOf(fixture));
        const log = readFileSync(join(engine.context.home, 'logs', 'frontier.log'), 'utf8');
        expect(log).not.toContain(KEY);
      },
    );

    it('a server that stays down', async () => {
      const fixture = own(await oandaFixture('bid', 'H1', 5));
      const engine = await engineWith([fixture]);
      fixture.peer.faults.push(
        ...Array.from({ length: 6 }, (): Fault => ({ kind: 'server-error', status: 503 })),
      );
      const run = await fetchAllOf(engine, fixture);
      expect(run.tasks[0]!.error).toMatchObject({
        message: 'OANDA did not deliver EURUSD H1 in 6 attempts: status 503.',
        hint: expect.stringContaining('goes on from there'),
      });
      expect(await engine.client.data.list()).toEqual([]);
    });
  });

  it('PRV-34: a stop keeps what came, also while the provider asks to wait', async () => {
    const fixture = own(await oandaFixture('bid'));
    const engine = await engineWith([fixture]);
    fixture.peer.faults.push(
      { kind: 'answer', answer: firstPageOf(fixture) },
      { kind: 'too-many', headers: { 'retry-after': '300' } },
    );
    const { fetchId } = await engine.client.data.fetch.start({
      providerId: 'oanda',
      tasks: [taskOf(fixture)],
    });
    const queued = await engine.client.data.fetch.start({
      providerId: 'oanda',
      tasks: [{ ...taskOf(fixture), symbol: 'GBPUSD' }],
    });
    for await (const runs of await engine.client.data.fetch.watch()) {
      if (runs.at(-1)!.tasks[0]!.message?.includes('waits 300 s: too many requests')) break;
    }
    const list = engine.client.data.fetch;
    await list.stop({ fetchId: queued.fetchId });
    expect(await endOfFetch(engine, queued.fetchId)).toMatchObject({ state: 'stopped' });
    await list.stop({ fetchId });
    const run = await endOfFetch(engine, fetchId);
    expect(run).toMatchObject({ state: 'stopped', tasks: [{ state: 'stopped', bars: 5000, error: null }] });
    expect(await storedRows(engine, fixture)).toEqual(allOf(fixture).slice(0, 5000));
    await expect(list.stop({ fetchId: 'fetch_unknown' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('PRV-36: goes on when its worker is killed', async () => {
    const fixture = own(await oandaFixture('bid'));
    const engine = await engineWith([fixture]);
    fixture.peer.faults.push({ kind: 'answer', answer: firstPageOf(fixture) }, { kind: 'slow' });
    const { fetchId } = await engine.client.data.fetch.start({
      providerId: 'oanda',
      tasks: [taskOf(fixture)],
    });
    await until('it hangs', () => fixture.peer.requests.length === 2);
    const job = engine.context.jobs.list().find((j) => j.kind === 'fetch')!;
    process.kill(job.workerPid!, 'SIGKILL');
    expect(await endOfFetch(engine, fetchId)).toMatchObject({
      state: 'done',
      tasks: [{ bars: fixture.world.bars.length }],
    });
    expect(await storedRows(engine, fixture)).toEqual(allOf(fixture));
  });

  it('PRV-36: lists what a killed engine had stored and not listed', async () => {
    const fixture = own(await oandaFixture('bid', 'H1', 20));
    const engine = await engineWith([fixture]);
    await fetchAllOf(engine, fixture);
    // As if the engine had ended between the store and the catalogue.
    engine.context.stores.datasets.remove('EURUSD', 'H1', 'bid');
    fixture.peer.requests.length = 0;
    expect((await fetchAllOf(engine, fixture)).state).toBe('done');
    expect(fixture.peer.requests).toHaveLength(0);
    expect(await engine.client.data.list()).toMatchObject([{ bars: fixture.world.bars.length }]);
  });

  it('PRV-35: access that ran out is renewed once, stored, and the download goes on', async () => {
    const fixture = own(await ctraderFixture('H1', 20));
    const engine = await engineWith([fixture]);
    fixture.peer.accessToken = 'of-another-application';
    const run = await fetchAllOf(engine, fixture);
    expect(run.tasks[0]).toMatchObject({ state: 'done', bars: fixture.world.bars.length });
    expect(await engine.context.secrets.get('ctrader.refreshToken')).toBe('refresh-2');
    expect(await engine.context.secrets.get('ctrader.accessToken')).toBe('access-2');
    // A second time: now the refresh token is not the one that the server knows.
    fixture.peer.accessToken = 'of-another-application';
    fixture.peer.refreshToken = 'of-another-application';
    const more = { ...taskOf(fixture), fromMs: FROM_MS - 30 * DAY_MS };
    const { fetchId } = await engine.client.data.fetch.start({ providerId: 'ctrader', tasks: [more] });
    const failed = await endOfFetch(engine, fetchId);
    expect(failed.tasks[0]!.error).toMatchObject({
      hint: expect.stringContaining('Sign in at cTrader again'),
    });
    expect(JSON.stringify(failed)).not.toMatch(/refresh-2|access-2/);
  });

  it('a stretch for a repair comes without being stored', async () => {
    const fixture = own(await oandaFixture('bid', 'H1', 20));
    const engine = await engineWith([fixture]);
    const request = {
      ...fixture.request,
      fromMs: fixture.world.bars[10]!.timeMs,
      toMs: fixture.world.bars[14]!.timeMs,
    };
    const bars = await fetchSpan(engine.context, 'oanda', request);
    expect(Array.from({ length: barCount(bars) }, (_, i) => barAt(bars, i))).toEqual(
      allOf(fixture).slice(10, 14),
    );
    expect(await engine.client.data.list()).toEqual([]);
    fixture.peer.faults.push({ kind: 'html' });
    await expect(fetchSpan(engine.context, 'oanda', request)).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(fetchSpan(engine.context, 'oanda', { ...request, symbol: 'AAPL' })).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
  });

  it('lists providers with what they lack, and takes keys that somebody asks for', async () => {
    const fixture = own(await oandaFixture('bid', 'H1', 5));
    const engine = await engineWith([fixture]);
    const { fetch } = engine.client.data;
    const ready = async () => Object.fromEntries((await fetch.providers()).map((p) => [p.id, p.ready]));
    expect(await ready()).toMatchObject({ dukascopy: true, oanda: true, tiingo: false, ctrader: false });
    await expect(
      fetch.start({ providerId: 'tiingo', tasks: [{ ...taskOf(fixture), priceSide: 'mid' }] }),
    ).rejects.toMatchObject({
      code: 'REFUSED',
      data: { hint: expect.stringContaining('data key set tiingo.token') },
    });
    await fetch.removeKey({ secret: 'oanda.token' });
    expect(await ready()).toMatchObject({ oanda: false });
    await expect(fetch.setKey({ secret: 'ssh.key', value: 'x' })).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
    const spaced = fetch.setKey({ secret: 'oanda.token', value: 'two words' });
    await expect(spaced).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.not.stringContaining('two'),
    });
    expect(JSON.stringify(await fetch.providers())).not.toContain(KEY);
  });

  it('refuses what cannot be fetched before anything starts', async () => {
    const fixture = own(await oandaFixture('bid', 'H1', 5));
    const { client } = await engineWith([fixture]);
    const task = taskOf(fixture);
    const start = (providerId: string, tasks: (typeof task)[]) =>
      client.data.fetch.start({ providerId, tasks });
    await expect(start('bloomberg', [task])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(start('oanda', [{ ...task, symbol: 'BTCUSD' }])).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
    await expect(start('oanda', [{ ...task, toMs: task.fromMs }])).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
    await expect(start('oanda', [task, task])).rejects.toMatchObject({
      message: 'EURUSD H1 bid is asked for twice.',
    });
    expect(fixture.peer.requests).toHaveLength(0);
  });

  it('sends keys to no address beyond this machine, whatever the environment says', () => {
    const variable = (url: string) => ({
      FRONTIER_TEST_PROVIDERS: JSON.stringify({ oanda: { baseUrl: url } }),
    });
    expect(productProviders(variable('http://127.0.0.1:9')).get('oanda').id).toBe('oanda');
    for (const url of [
      'https://example.com',
      'http://127.0.0.1.example.com',
      'http://localhost@example.com',
    ]) {
      expect(() => productProviders(variable(url)), url).toThrow('not on this machine');
    }
  });
});
