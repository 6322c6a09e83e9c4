import { describe, expect, it } from 'vitest';
import type { JobDto } from '../../src-shared/contract/common.ts';
import type { DatasetDto } from '../../src-shared/contract/data.ts';
import { fallbackDataset } from './markets.ts';
import { restorePreferences } from './preferences.ts';
import { activeJobs, endedJobs } from './status.ts';
import { restoreWorkspace, workspace } from './workspace.ts';

const job = (id: string, state: JobDto['state']): JobDto => ({
  id,
  kind: 'x',
  title: id,
  state,
  fraction: 0,
});

describe('what is remembered', () => {
  it('keeps what it understands and falls back for the rest', () => {
    expect(restoreWorkspace({ tab: 'data', symbol: 'EURUSD', timeframe: 'H9', modelId: 4 })).toMatchObject({
      tab: 'data',
      symbol: 'EURUSD',
      timeframe: undefined,
      modelId: undefined,
    });
    for (const raw of [undefined, null, 'x', 7, []]) expect(restoreWorkspace(raw).tab).toBe('chart');
    expect(restorePreferences({ scheme: 'light', pair: 'pink' })).toEqual({
      scheme: 'light',
      pair: 'blue-orange',
      zone: 'utc',
      pairChosen: false,
    });
  });
});

it('changes symbol and timeframe in one step', () => {
  const seen: unknown[] = [];
  const off = workspace.subscribe((w) => seen.push([w.symbol, w.timeframe]));
  workspace.getState().setMarket('GBPJPY', 'M1');
  off();
  expect(seen).toEqual([['GBPJPY', 'M1']]);
});

describe('jobs', () => {
  it('counts what still has something to do', () => {
    const jobs = [job('a', 'running'), job('b', 'done'), job('c', 'paused'), job('d', 'failed')];
    expect(activeJobs(jobs).map((j) => j.id)).toEqual(['a', 'c']);
  });

  it('notices jobs that ended or vanished, and no others', () => {
    const ids = (before: JobDto[], now: JobDto[]) => endedJobs(before, now).map((j) => j.id);
    expect(ids([job('a', 'running')], [job('a', 'done')])).toEqual(['a']);
    expect(ids([job('a', 'running'), job('b', 'paused')], [])).toEqual(['a', 'b']);
    expect(ids([job('a', 'running')], [job('a', 'paused'), job('b', 'running')])).toEqual([]);
    expect(ids([job('a', 'done')], [])).toEqual([]);
  });
});

it('falls back to the same symbol, else to the newest import', () => {
  const dataset = (symbol: string, timeframe: 'M1' | 'H1', importedMs: number) =>
    ({ symbol, timeframe, importedMs }) as DatasetDto;
  const all = [dataset('EURUSD', 'H1', 1), dataset('GBPJPY', 'M1', 3), dataset('EURUSD', 'M1', 2)];
  expect(fallbackDataset(all, 'EURUSD')).toBe(all[2]);
  expect(fallbackDataset(all, 'NOPE')).toBe(all[1]);
  expect(fallbackDataset([], 'EURUSD')).toBeUndefined();
});
