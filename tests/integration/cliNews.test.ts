import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { cleanUp, cli, jsonOf, newFolder, openEngine } from '../support/engine.ts';

vi.setConfig({ testTimeout: 60_000 });
afterAll(cleanUp);

const utc = (text: string): number => Date.parse(`${text}Z`);

describe('frontier news', () => {
  it('NEWS-1: imports a calendar and lists it, for machines and for people', async () => {
    const home = newFolder();
    const path = join(newFolder(), 'week.csv');
    writeFileSync(
      path,
      'Date,Time,Currency,Impact,Event\n2024-02-02,8:30am,USD,High,Nonfarm Payrolls\n2024-02-02,10:00am,EUR,Low,Speech\n',
    );
    const imported = jsonOf(
      await cli(['news', 'import', path, '--zone', 'America/New_York', '--home', home, '--json']),
    );
    expect(imported).toMatchObject({ events: 2, known: 0, firstMs: utc('2024-02-02T13:30') });
    const stretch = ['--from', '2024-02-01', '--to', '2024-02-03T00:00Z'];
    const listed = jsonOf(
      await cli(['news', 'list', ...stretch, '--currency', 'usd,jpy', '--home', home, '--json']),
    );
    expect(listed.events).toMatchObject([{ currency: 'USD', impact: 'high', title: 'Nonfarm Payrolls' }]);
    const text = await cli(['news', 'list', ...stretch, '--impact', 'low', '--home', home]);
    expect(text.stdout).toMatch(/2024-02-02 15:00 {2}EUR {2}low {2}Speech/);
    const bad = await cli(['news', 'list', '--from', 'yesterday', '--home', home, '--json']);
    expect([bad.status, jsonOf(bad).error]).toMatchObject([2, { code: 'BAD_INPUT' }]);
  });

  it('NEWS-10: lists the providers, and says which key is missing', async () => {
    const home = newFolder();
    const { providers } = jsonOf(await cli(['news', 'fetch', '--home', home, '--json']));
    expect((providers as { id: string }[]).map((p) => p.id)).toEqual([
      'forexfactory',
      'fmp',
      'alpaca',
      'alphavantage',
    ]);
    const refused = await cli(['news', 'fetch', 'fmp', '--home', home, '--json']);
    expect(refused.status).not.toBe(0);
    expect(jsonOf(refused).error).toMatchObject({ code: 'REFUSED', message: expect.stringContaining('key') });
  });
});

describe('frontier calendar', () => {
  it('CAL-1: tells whether a market trades at an instant, and its next sessions', async () => {
    const home = newFolder();
    const answer = jsonOf(
      await cli(['calendar', 'eurusd', '--at', '2024-07-05T21:30Z', '--home', home, '--json']),
    );
    expect(answer).toMatchObject({
      symbol: 'EURUSD',
      calendar: 'fx',
      open: false,
      nextOpenMs: utc('2024-07-07T21:00'),
      closesMs: utc('2024-07-12T21:00'),
    });
    const text = await cli(['calendar', 'BTCUSDT', '--at', '2024-07-05T23:30+02:00', '--home', home]);
    expect(text.stdout).toContain('open at Fri 2024-07-05 21:30 UTC');
    expect(text.stdout).toContain('never closes');
  });
});

describe('calendars in worker processes', () => {
  it('CAL-9: an import checks a history against the calendar that its symbol is assigned to', async () => {
    const engine = await openEngine();
    const path = join(newFolder(), 'week.csv');
    const rows = ['timestamp,open,high,low,close,volume'];
    for (let hour = 0; hour < 24 * 14; hour++) {
      const price = (1.1 + 0.0001 * ((hour * 7) % 13)).toFixed(5);
      const time = new Date(utc('2024-07-01T00:00') + hour * 3_600_000).toISOString();
      rows.push(
        `${time},${price},${(Number(price) + 0.0005).toFixed(5)},${(Number(price) - 0.0005).toFixed(5)},${price},10`,
      );
    }
    writeFileSync(path, `${rows.join('\n')}\n`);
    const kinds = async (symbol: string): Promise<string[]> => {
      for await (const event of await engine.client.data.import({ source: { kind: 'path', path }, symbol }))
        if (event.type === 'done') return event.quality.issues.map((issue) => issue.kind);
      return [];
    };
    const sleepless = {
      name: 'sleepless',
      zone: 'UTC',
      sessions: [{ from: 'sun', open: '00:00', to: 'sat', close: '24:00' } as const],
      holidays: [],
      earlyCloses: [],
    };
    await engine.client.markets.calendars.save(sleepless);
    await engine.client.markets.calendars.assign({ symbol: 'GBPUSD', calendar: 'sleepless' });
    // A history with weekends: wrong for FX, right for a market that never sleeps.
    expect((await kinds('EURUSD')).join()).toMatch(/outside_session|weekend/);
    expect((await kinds('GBPUSD')).join()).not.toMatch(/outside_session|weekend|missing/);
  });
});
