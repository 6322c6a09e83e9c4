import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImportOptions, importFile, inspectFile } from '../importer.ts';
import { detectLayout } from './layout.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontier-newest-'));
});
afterAll(() => rm(folder, { recursive: true }));

const HEADER = 'time,open,high,low,close,volume';

async function file(rows: readonly string[], header = HEADER): Promise<string> {
  const path = join(folder, `${files++}.csv`);
  await writeFile(path, `${[header, ...rows].filter((l) => l !== '').join('\n')}\n`);
  return path;
}

async function read(rows: readonly string[], options: Partial<ImportOptions> = {}) {
  return importFile(await file(rows), { symbol: 'EURUSD', ...options });
}

const minute = (n: number): string => new Date(Date.UTC(2024, 0, 8) + n * 60_000).toISOString();
const row = (time: string, n: number): string => `${time},1.1,${1.2 + n / 100},1.0,1.15,${n}`;

describe('DATA-19: a file that has the newest row first', () => {
  it('is read from its end, and the result says so', async () => {
    const rows = [2, 1, 0].map((n) => row(minute(n), n));
    const { bars, notes, marks } = await read(rows);
    expect([...bars.timeMs]).toEqual([0, 1, 2].map((n) => Date.UTC(2024, 0, 8, 0, n)));
    expect([...bars.volume]).toEqual([0, 1, 2]);
    expect([...bars.high]).toEqual([1.2, 1.21, 1.22]);
    expect(marks).toBeUndefined();
    expect(notes.join(' ')).toMatch(/newest row first/);
  });

  it('gives what the same rows give in order of time, whatever the gaps', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(5000), { minLength: 2, maxLength: 40, selector: (n) => n }),
        async (minutes) => {
          const rows = minutes.toSorted((a, b) => a - b).map((n) => row(minute(n), n));
          const options = { timeframe: 'M1' as const };
          const [there, back] = [await read(rows, options), await read(rows.toReversed(), options)];
          expect(back.bars).toEqual(there.bars);
        },
      ),
      { numRuns: 15 },
    );
  });

  it.each([
    ['both hours of the autumn night', [60, 90, 119, 60, 90, 119, 120]],
    ['one of them', [30, 60, 90, 150]],
  ])('tells %s apart as in order of time', async (_, minutes) => {
    // New York, 3 November 2024: 01:00 to 01:59 occurs twice.
    const local = (m: number): string =>
      new Date(Date.UTC(2024, 10, 3) + m * 60_000).toISOString().slice(0, 16);
    const rows = minutes.map((m, i) => row(local(m), i));
    const options = { zone: 'America/New_York', timeframe: 'M1' as const };
    const [there, back] = [await read(rows, options), await read(rows.toReversed(), options)];
    expect([...back.bars.timeMs]).toEqual([...there.bars.timeMs]);
    expect([...back.bars.volume]).toEqual([...there.bars.volume]);
    const ambiguous = (notes: readonly string[]) => notes.filter((n) => n.includes('occur twice'));
    expect(ambiguous(back.notes)).toEqual(ambiguous(there.notes));
  });

  it('shows issues at the lines of the file', async () => {
    const rows = [3, 2, 1, 0].map((n) => row(minute(n), n)).with(1, `${minute(2)},0,1.2,1.0,1.15,2`);
    const { quality, notes } = await inspectFile(await file(rows), { symbol: 'EURUSD' });
    expect(notes.join(' ')).toMatch(/newest row first/);
    const zero = { kind: 'zero_price_row', line: 3, timeMs: Date.UTC(2024, 0, 8, 0, 2) };
    expect(quality.issues).toContainEqual(expect.objectContaining(zero));
    const spike = { kind: 'bad_tick_spike', line: 4, timeMs: Date.UTC(2024, 0, 8, 0, 1) };
    expect(quality.issues).toContainEqual(expect.objectContaining(spike));
  });

  it.each([
    ['one time twice', [2, 1, 1, 0]],
    ['one row in its usual place', [3, 1, 2, 0]],
  ])('with %s is refused', async (_, minutes) => {
    await expect(read(minutes.map((n) => row(minute(n), n)))).rejects.toMatchObject({
      code: 'IMPORT_FAILED',
    });
  });

  it('without a header, the order of its prices is told in order of time', () => {
    // close, high, low, open: each open is the close before.
    const prices = Array.from({ length: 20 }, (_, i) => 1.1 + ((i * 7) % 10) / 1000);
    const rows = prices.slice(1).map((close, i) => {
      const open = prices[i]!;
      const [high, low] = [Math.max(open, close) + 0.0001, Math.min(open, close) - 0.0001];
      return { text: [minute(i), close, low, open, high].join(','), line: i + 1 };
    });
    const roles = ['time', 'close', 'low', 'open', 'high'];
    expect(detectLayout(rows).roles).toEqual(roles);
    expect(detectLayout(rows.toReversed()).roles).toEqual(roles);
  });
});

describe('DATA-2: times that no bar has', () => {
  it.each(['1700-01-01T00:0', '2200-01-01T00:0'])('%s are refused', async (start) => {
    const rows = [0, 1, 2].map((n) => row(`${start}${n}:00Z`, n));
    await expect(read(rows)).rejects.toThrow(/Line 2, column 1 \(time\).*before 1800 or after 2199/);
    const ticks = [0, 1].map((n) => `${start}${n}:00Z,1.1,1.2`);
    const path = await file(ticks, 'time,bid,ask');
    await expect(importFile(path, { symbol: 'EURUSD' })).rejects.toThrow(/before 1800 or after 2199/);
  });
});

describe('DATA-15: a formula in the header', () => {
  it('is refused', async () => {
    const path = await file([row(minute(0), 0), row(minute(1), 1)], `=${HEADER}`);
    await expect(importFile(path, { symbol: 'EURUSD' })).rejects.toThrow(
      /Line 1, column 1: "=time" is a formula/,
    );
  });
});
