import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR_MS, headline, newsEvent, START_MS } from '../../tests/fixtures/records.ts';
import { openStores, type Stores } from './stores.ts';

describe('news', () => {
  let home: string;
  let stores: Stores;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'frontier-news-'));
    stores = openStores(home);
  });
  afterEach(() => {
    stores.close();
    rmSync(home, { recursive: true, force: true });
  });

  const day = { fromMs: START_MS, toMs: START_MS + 24 * HOUR_MS, limit: 100 };

  it('events: a second delivery counts what is new, what changed and what is known', () => {
    const { news } = stores;
    const first = [newsEvent('a', 1), newsEvent('b', 2)];
    expect(news.upsertEvents(first, 1)).toEqual({ added: 2, changed: 0, known: 0 });
    const released = { ...newsEvent('b', 2), actual: '190K' };
    expect(news.upsertEvents([newsEvent('a', 1), released, newsEvent('c', 3)], 2)).toEqual({
      added: 1,
      changed: 1,
      known: 1,
    });
    expect(news.events(day)).toEqual([newsEvent('a', 1), released, newsEvent('c', 3)]);
  });

  it('events: all or none of a delivery are stored', () => {
    const bad = { ...newsEvent('b', 2), impact: 'huge' as 'high' };
    expect(() => stores.news.upsertEvents([newsEvent('a', 1), bad], 1)).toThrow(/CHECK/);
    expect(stores.news.events(day)).toEqual([]);
  });

  it('events: from one instant until before another, by currency and impact, the earliest first', () => {
    const { news } = stores;
    news.upsertEvents(
      [
        newsEvent('late', 24),
        { ...newsEvent('eur', 3), currency: 'EUR', impact: 'low' },
        { ...newsEvent('all', 2), currency: 'ALL', impact: 'holiday' },
        newsEvent('usd', 0),
        newsEvent('early', -1),
      ],
      1,
    );
    const ids = (query = {}) => news.events({ ...day, ...query }).map((e) => e.id);
    expect(ids()).toEqual(['usd', 'all', 'eur']);
    expect(ids({ currencies: ['EUR'] })).toEqual(['all', 'eur']);
    expect(ids({ currencies: ['EUR', 'USD'], impacts: ['high', 'low'] })).toEqual(['usd', 'eur']);
    expect(ids({ currencies: [], impacts: [] })).toEqual(['usd', 'all', 'eur']);
    expect(ids({ limit: 1 })).toEqual(['usd']);
  });

  it('headlines: words must all occur, as they are typed; symbols are named', () => {
    const { news } = stores;
    news.upsertHeadlines(
      [
        headline('a', 1),
        { ...headline('b', 2), title: 'Euro rises', symbols: ['EURUSD'], sentiment: null, url: null },
      ],
      1,
    );
    const ids = (query = {}) => news.headlines({ ...day, ...query }).map((h) => h.id);
    expect(ids()).toEqual(['b', 'a']);
    expect(ids({ search: 'EURO report' })).toEqual(['b', 'a']);
    expect(ids({ search: 'euro rises' })).toEqual(['b']);
    expect(ids({ search: '100%' })).toEqual(['a']);
    expect(ids({ search: '1_0' })).toEqual([]);
    expect(ids({ search: "'; DROP TABLE headlines; --" })).toEqual([]);
    expect(ids({ symbols: ['EUR', 'GBP'] })).toEqual(['a']);
    expect(news.headlines({ ...day, limit: 1 })[0]).toMatchObject({ symbols: ['EURUSD'], sentiment: null });
  });

  it('sources: how much of each, how far it reaches, and gone when it is removed', () => {
    const { news } = stores;
    news.upsertEvents([newsEvent('a', 1), newsEvent('b', 5)], 7);
    news.upsertHeadlines([headline('h', 2), { ...headline('x', 3), source: 'calendar.csv' }], 9);
    const at = (hour: number) => START_MS + hour * HOUR_MS;
    expect(news.sources()).toEqual([
      { source: 'calendar.csv', events: 2, headlines: 1, firstMs: at(1), lastMs: at(5), updatedMs: 9 },
      { source: 'wire', events: 0, headlines: 1, firstMs: at(2), lastMs: at(2), updatedMs: 9 },
    ]);
    expect(news.removeSource('calendar.csv')).toBe(3);
    expect(news.sources().map((s) => s.source)).toEqual(['wire']);
    expect(news.removeSource('calendar.csv')).toBe(0);
  });
});
