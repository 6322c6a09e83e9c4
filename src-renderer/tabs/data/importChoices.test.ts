import { describe, expect, it } from 'vitest';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { Inspection } from '../../../src-shared/contract/import.ts';
import {
  blockersOf,
  changesReading,
  confirmedMode,
  fillIn,
  importOptions,
  inspectOptions,
  NO_CHOICES,
  storedOf,
  suggestedMode,
  undecided,
} from './importChoices.ts';

const day = (d: number) => Date.UTC(2020, 0, d);

function seen(change: Partial<Inspection> = {}): Inspection {
  return {
    fileName: 'bars.csv',
    bytes: 100,
    entries: [],
    content: 'bars',
    format: 'CSV with a header',
    separator: ',',
    hasHeader: true,
    decimalComma: false,
    columns: [],
    sample: [],
    firstMs: day(10),
    lastMs: day(20),
    rows: 11,
    timeframe: 'D1',
    symbolGuess: null,
    priceSideGuess: null,
    statedZone: null,
    suggestedZone: null,
    zone: 'UTC',
    ambiguousTimes: 0,
    impossibleTimes: 0,
    notes: [],
    quality: {
      score: 100,
      bars: 11,
      issues: [],
      missingBars: 0,
      missingPct: 0,
      meanRangePips: 1,
      p99RangePips: 2,
      issuesLeftOut: 0,
    },
    repairable: [],
    ...change,
  };
}

const stored = (change: Partial<DatasetDto> = {}) =>
  ({
    symbol: 'EURUSD',
    timeframe: 'D1',
    priceSide: 'bid',
    fromMs: day(1),
    toMs: day(15),
    ...change,
  }) as DatasetDto;

describe('what was detected is filled in, what was typed stays', () => {
  it('takes symbol and side of the content before those of the name', () => {
    const guess = seen({ fileName: 'GBPUSD_ask.csv', symbolGuess: 'EURUSD' });
    expect(fillIn(NO_CHOICES, new Set(), guess)).toMatchObject({ symbol: 'EURUSD', priceSide: 'ask' });
    expect(fillIn({ ...NO_CHOICES, symbol: 'XAUUSD' }, new Set(['symbol']), guess).symbol).toBe('XAUUSD');
  });

  it('takes the name of the file inside an archive before that of the archive', () => {
    const file = seen({ fileName: 'USDJPY.zip' });
    expect(fillIn({ ...NO_CHOICES, entry: 'a/DAT_ASCII_EURUSD_M1_202001.csv' }, new Set(), file).symbol).toBe(
      'EURUSD',
    );
    expect(fillIn({ ...NO_CHOICES, entry: '202001.csv' }, new Set(), file).symbol).toBe('USDJPY');
  });

  it('takes a suggested zone, unless the file states one or the user has chosen', () => {
    const suggestedZone = { zone: '-05:00', reason: 'histdata' };
    expect(fillIn(NO_CHOICES, new Set(), seen({ suggestedZone })).zone).toBe('-05:00');
    expect(fillIn(NO_CHOICES, new Set(), seen({ suggestedZone, statedZone: '+02:00' })).zone).toBe('');
    expect(fillIn(NO_CHOICES, new Set(['zone']), seen({ suggestedZone })).zone).toBe('');
  });
});

describe('what keeps a file from being imported', () => {
  const good = { ...NO_CHOICES, symbol: 'EURUSD' };
  it('is nothing when all is known', () => expect(blockersOf(good, seen())).toEqual([]));
  it('is a missing or impossible symbol and an unknown timeframe', () => {
    expect(blockersOf(NO_CHOICES, seen())).toHaveLength(1);
    expect(blockersOf({ ...good, symbol: 'EUR USD' }, seen())).toHaveLength(1);
    expect(blockersOf(good, seen({ timeframe: null }))).toHaveLength(1);
    expect(blockersOf(good, seen({ timeframe: null, content: 'ticks' }))).toEqual([]);
    expect(blockersOf({ ...good, timeframe: 'H1' }, seen({ timeframe: null }))).toEqual([]);
  });
  it('is every kind of row that nothing was chosen for', () => {
    const file = seen({
      repairable: [
        { kind: 'nan_cell', rows: 2, choices: ['drop'] },
        { kind: 'out_of_order', rows: 3, choices: ['drop', 'move'] },
      ],
    });
    expect(blockersOf(good, file)[0]).toContain('5 rows');
    const half = { ...good, repairs: { nan_cell: 'drop' as const } };
    expect(undecided(half, file).map((r) => r.kind)).toEqual(['out_of_order']);
    expect(
      blockersOf({ ...half, repairs: { ...half.repairs, out_of_order: 'move' as const } }, file),
    ).toEqual([]);
  });
});

describe('a history that is stored already', () => {
  it('is found by symbol, timeframe and side', () => {
    const all = [stored({ priceSide: 'ask' }), stored()];
    expect(storedOf({ ...NO_CHOICES, symbol: 'eurusd' }, seen(), all)).toBe(all[1]);
    expect(storedOf({ ...NO_CHOICES, symbol: 'EURUSD', priceSide: 'ask' }, seen(), all)).toBe(all[0]);
    expect(storedOf({ ...NO_CHOICES, symbol: 'EURUSD', priceSide: 'mid' }, seen(), all)).toBeUndefined();
  });
  it('is added to, unless the file reaches over all of it', () => {
    expect(suggestedMode(seen(), stored())).toBe('merge');
    expect(suggestedMode(seen({ firstMs: day(1) }), stored())).toBe('replace');
    expect(suggestedMode(seen(), undefined)).toBe('replace');
  });
  it('is added to when it came into being after the confirmation, whatever the file reaches over', () => {
    const choices = { ...NO_CHOICES, symbol: 'EURUSD' };
    const wide = seen({ firstMs: day(1), lastMs: day(30) });
    expect(confirmedMode(choices, wide, undefined)).toBe('merge');
    expect(confirmedMode(choices, wide, stored())).toBe('replace');
    expect(confirmedMode({ ...choices, mode: 'replace' }, wide, undefined)).toBe('replace');
  });
  it('decides what is sent, with the repairs of kinds that the file has', () => {
    const file = seen({ repairable: [{ kind: 'nan_cell', rows: 1, choices: ['drop'] }] });
    const c = {
      ...NO_CHOICES,
      symbol: 'eurusd',
      zone: 'UTC',
      repairs: { nan_cell: 'drop', gone: 'drop' } as const,
    };
    expect(importOptions(c, file, stored(), 'merge')).toEqual({
      symbol: 'EURUSD',
      zone: 'UTC',
      repairs: { nan_cell: 'drop' },
      mode: 'merge',
    });
    expect(importOptions(c, file, stored(), 'replace').mode).toBe('replace');
    expect(importOptions(c, file, undefined, 'replace')).not.toHaveProperty('mode');
  });
});

it('looks at the file again when a choice changes how it is read', () => {
  expect(changesReading({ zone: 'UTC' })).toBe(true);
  expect(changesReading({ mode: 'merge', repairs: {} })).toBe(false);
});

it('leaves out of a look what is not known yet', () => {
  expect(inspectOptions({ ...NO_CHOICES, symbol: 'not a symbol' })).toEqual({});
});
