import { describe, expect, it } from 'vitest';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { FetchRunDto, ProviderDto } from '../../../src-shared/contract/fetch.ts';
import { filterHistories, whyNoUpdate } from './catalogue.ts';
import { historyIn } from './dataStore.ts';
import { dayEnd, dayStart } from './days.ts';
import { type DownloadDraft, downloadBlockers, fitTo, symbolsOf, tasksOf } from './downloadDraft.ts';
import { fetchOf, runFraction, storedSoFar, timeLeft } from './fetchRuns.ts';

type Task = FetchRunDto['tasks'][number];
const task = (symbol: string, change: Partial<Task> = {}): Task => ({
  symbol,
  timeframe: 'M1',
  priceSide: 'bid',
  fromMs: 0,
  toMs: 1,
  state: 'running',
  bars: 0,
  coveredToMs: 0,
  fraction: 0,
  message: null,
  error: null,
  ...change,
});
const run = (id: string, state: FetchRunDto['state'], ...tasks: Task[]): FetchRunDto => ({
  id,
  providerId: 'dukascopy',
  state,
  startedMs: 1000,
  endedMs: null,
  tasks,
});

describe('downloads', () => {
  it('tells the time left from the speed so far, and nothing while that says nothing', () => {
    expect(timeLeft(0, 0.25, 10_000)).toBe(30_000);
    expect(timeLeft(0, 0.001, 10_000)).toBeUndefined();
    expect(timeLeft(0, 1, 10_000)).toBeUndefined();
    expect(timeLeft(5, 0.5, 5)).toBeUndefined();
  });

  it('counts the tasks of a run alike', () => {
    expect(runFraction(run('a', 'running', task('A', { fraction: 1 }), task('B', { fraction: 0.5 })))).toBe(
      0.75,
    );
    expect(runFraction(run('a', 'running'))).toBe(0);
  });

  it('finds for a history what runs before what has ended', () => {
    const ended = run('new', 'failed', task('EURUSD', { state: 'failed' }));
    const going = run('old', 'running', task('EURUSD'));
    const name = { symbol: 'EURUSD', timeframe: 'M1', priceSide: 'bid' } as const;
    expect(fetchOf([ended, going], name)?.run.id).toBe('old');
    expect(fetchOf([ended], name)?.run.id).toBe('new');
    expect(fetchOf([ended], { ...name, priceSide: 'ask' })).toBeUndefined();
  });

  it('asks for the lists again when a task ends, and not with every page', () => {
    const at = (fraction: number, state: Task['state']) =>
      storedSoFar([run('a', 'running', task('A', { fraction, state }), task('B'))]);
    expect(at(0.1, 'running')).toBe(at(0.9, 'running'));
    expect(at(1, 'done')).not.toBe(at(0.9, 'running'));
  });
});

describe('what is to be downloaded', () => {
  const nowMs = Date.UTC(2024, 5, 1);
  const provider: ProviderDto = {
    id: 'p',
    name: 'P',
    about: '',
    assetClasses: [],
    timeframes: ['D1', 'H1'],
    priceSides: ['mid'],
    keys: [],
    ready: true,
    tested: '',
  };
  const draft: DownloadDraft = {
    providerId: 'p',
    symbols: ['EURUSD', 'GBPUSD'],
    timeframe: 'H1',
    priceSide: 'mid',
    from: '2024-01-01',
    to: '',
  };

  it('is cut to what the provider has', () => {
    expect(fitTo({ ...draft, timeframe: 'M1', priceSide: 'bid' }, provider)).toMatchObject({
      timeframe: 'H1',
      priceSide: 'mid',
    });
    expect(fitTo({ ...draft, timeframe: 'D1' }, provider).timeframe).toBe('D1');
  });

  it('is one task for each symbol, whole days in UTC', () => {
    expect(tasksOf(draft)).toEqual(
      ['EURUSD', 'GBPUSD'].map((symbol) => ({
        symbol,
        timeframe: 'H1',
        priceSide: 'mid',
        fromMs: Date.UTC(2024, 0, 1),
      })),
    );
    expect(tasksOf({ ...draft, to: '2024-01-31' })[0]?.toMs).toBe(Date.UTC(2024, 1, 1) - 1);
  });

  it('does not start before everything is said', () => {
    const count = (change: Partial<DownloadDraft>, p: ProviderDto | undefined = provider) =>
      downloadBlockers({ ...draft, ...change }, p, nowMs).length;
    expect(count({})).toBe(0);
    expect(count({ symbols: [] })).toBe(1);
    expect(count({ symbols: ['EUR/USD'] })).toBe(1);
    expect(count({ from: '' })).toBe(1);
    expect(count({ from: '2024-02-01', to: '2024-01-01' })).toBe(1);
    expect(count({ from: '2025-01-01' })).toBeGreaterThan(0);
    expect(count({}, { ...provider, ready: false })).toBe(1);
    expect(downloadBlockers(draft, undefined, nowMs)).toHaveLength(1);
  });

  it('takes pasted lists of symbols apart', () => {
    expect(symbolsOf(['eurusd, gbpusd;usdjpy', 'EURUSD'])).toEqual(['EURUSD', 'GBPUSD', 'USDJPY']);
  });

  it('refuses days that do not exist', () => {
    expect(dayStart('2024-02-30')).toBeUndefined();
    expect(dayStart('x')).toBeUndefined();
    expect(dayEnd('2024-02-29')).toBe(Date.UTC(2024, 2, 1) - 1);
  });
});

describe('the catalogue', () => {
  const dataset = (symbol: string, priceSide: 'bid' | 'ask' | 'mid', change: Partial<DatasetDto> = {}) =>
    ({
      symbol,
      timeframe: 'H1',
      priceSide,
      source: 'file.csv',
      format: 'CSV',
      providerId: null,
      synthetic: false,
      ...change,
    }) as DatasetDto;
  const all = [
    dataset('EURUSD', 'ask'),
    dataset('EURUSD', 'bid'),
    dataset('BTCUSDT', 'mid', { providerId: 'alpaca' }),
  ];

  it('is filtered by every word', () => {
    expect(filterHistories(all, ' eur  BID ')).toEqual([all[1]]);
    expect(filterHistories(all, 'alpaca')).toEqual([all[2]]);
    expect(filterHistories(all, '')).toBe(all);
    expect(filterHistories(all, 'nothing')).toEqual([]);
  });

  it('says why a file has no update', () => {
    expect(whyNoUpdate(all[0]!)).toContain('file');
    expect(whyNoUpdate(all[2]!)).toBeUndefined();
  });

  it('shows bid where no side is chosen, and another where bid is not stored', () => {
    expect(historyIn(all, 'EURUSD', 'H1', undefined)).toBe(all[1]);
    expect(historyIn(all, 'EURUSD', 'H1', 'ask')).toBe(all[0]);
    expect(historyIn(all, 'BTCUSDT', 'H1', 'ask')).toBe(all[2]);
    expect(historyIn(all, 'GBPUSD', 'H1', 'bid')).toBeUndefined();
  });
});
