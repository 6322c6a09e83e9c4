import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Inspection } from '../../../src-shared/contract/import.ts';

/** What the engine is asked for, in order, and how it answers. */
const asked: string[] = [];
let seen: Inspection;
let importing: (() => Promise<void>) | undefined;

vi.mock('../../ui/rpc.ts', () => ({
  invalidate: () => undefined,
  rpc: {
    data: {
      list: async () => [],
      discard: async () => undefined,
      upload: async () => ({ uploadId: 'upl_1234', received: 3 }),
      inspect: async (input: { symbol?: string; zone?: string }) => {
        asked.push(`inspect ${input.symbol ?? '-'} ${input.zone ?? '-'}`);
        return { ...seen, zone: input.zone ?? 'UTC' };
      },
      import: async (input: { symbol: string }, { signal }: { signal: AbortSignal }) => {
        asked.push(`import ${input.symbol}`);
        return (async function* () {
          yield { type: 'progress', stage: 'reading', fraction: 0.5, rows: 1 };
          await importing?.();
          if (signal.aborted) throw new DOMException('aborted', 'AbortError');
          const dataset = { symbol: input.symbol, timeframe: 'H1', priceSide: 'bid', bars: 1 };
          yield { type: 'done', dataset, quality: seen.quality, notes: [], seconds: 1 };
        })();
      },
    },
  },
}));
// Files are read by the browser; here they are at hand.
vi.mock('../../ui/upload.ts', () => ({ uploadFile: async () => 'upl_1234' }));

const { importQueue } = await import('./importQueue.ts');
const { addFiles, choose, isReady, removeItem, startImports, stopItem } = await import('./importWork.ts');

const settle = () => vi.advanceTimersByTimeAsync(1000);
const only = () => importQueue.getState().items[0]!;

beforeEach(() => {
  vi.useFakeTimers();
  asked.length = 0;
  importing = undefined;
  importQueue.setState({ items: [], shown: undefined });
  seen = {
    fileName: 'EURUSD.csv',
    bytes: 3,
    entries: [],
    content: 'bars',
    format: 'CSV',
    separator: ',',
    hasHeader: true,
    decimalComma: false,
    columns: [],
    sample: [],
    firstMs: 0,
    lastMs: 1,
    rows: 2,
    timeframe: 'H1',
    symbolGuess: 'EURUSD',
    priceSideGuess: null,
    statedZone: null,
    suggestedZone: null,
    zone: 'UTC',
    ambiguousTimes: 0,
    impossibleTimes: 0,
    notes: [],
    quality: {
      score: 100,
      bars: 2,
      issues: [],
      missingBars: 0,
      missingPct: 0,
      meanRangePips: 1,
      p99RangePips: 1,
      issuesLeftOut: 0,
    },
    repairable: [],
  };
});
afterEach(() => vi.useRealTimers());

const bring = async (name = 'EURUSD.csv') => {
  addFiles([new File(['abc'], name)]);
  await settle();
};

describe('a file on its way in', () => {
  it('is looked at and waits for the user', async () => {
    await bring();
    expect(asked).toEqual(['inspect - -']);
    expect(only().phase.name).toBe('review');
    expect(isReady(only())).toBe(true);
  });

  it('is read again in the zone that was filled in, before it is shown as ready', async () => {
    seen = { ...seen, suggestedZone: { zone: '-05:00', reason: 'histdata' } };
    await bring();
    expect(asked).toEqual(['inspect - -', 'inspect EURUSD -05:00']);
    expect(only().seen?.zone).toBe('-05:00');
  });

  it('is not ready while it must be read again', async () => {
    await bring();
    choose(only().id, { zone: 'Asia/Tokyo' });
    expect(isReady(only())).toBe(false);
    startImports([only().id], []);
    await settle();
    expect(asked).toEqual(['inspect - -', 'inspect EURUSD Asia/Tokyo']);
    expect(isReady(only())).toBe(true);
  });

  it('is imported when Import is pressed right after the symbol was typed, and nothing disturbs that', async () => {
    await bring();
    let release: () => void = () => undefined;
    importing = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    choose(only().id, { symbol: 'GBPUSD' });
    startImports([only().id], []);
    await settle();
    expect(only().phase.name).toBe('importing');
    release();
    await settle();
    expect(asked).toEqual(['inspect - -', 'import GBPUSD']);
    expect(only().phase.name).toBe('done');
  });

  it('goes back to its sheet when the import is stopped', async () => {
    await bring();
    let release: () => void = () => undefined;
    importing = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    startImports([only().id], []);
    await settle();
    stopItem(only().id);
    release();
    await settle();
    expect(only().phase.name).toBe('review');
  });

  it('keeps what was typed when the same file is chosen again', async () => {
    await bring();
    choose(only().id, { symbol: 'XAUUSD' });
    await settle();
    await bring();
    expect(importQueue.getState().items).toHaveLength(1);
    expect(only().choices.symbol).toBe('XAUUSD');
    removeItem(only().id);
    expect(importQueue.getState().items).toHaveLength(0);
  });

  it('imports one after the other, and what is stored goes when other files come', async () => {
    await bring();
    await bring('other.csv');
    const ids = importQueue.getState().items.map((i) => i.id);
    expect(ids).toHaveLength(2);
    startImports(ids, []);
    await settle();
    expect(importQueue.getState().items.map((i) => i.phase.name)).toEqual(['done', 'done']);
    await bring('third.csv');
    expect(importQueue.getState().items.map((i) => i.name)).toEqual(['third.csv']);
  });
});
