import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { someBars } from '../../tests/fixtures/someBars.ts';
import { exportBars, plainDecimal } from './barsExport.ts';

describe('decimal digits', () => {
  it.each([
    [1.1, '1.1'],
    [0, '0'],
    [1e-7, '0.0000001'],
    [1.25e-9, '0.00000000125'],
    [-2.5e-8, '-0.000000025'],
    [1e21, '1000000000000000000000'],
    [1.5e21, '1500000000000000000000'],
    [Number.MIN_VALUE, `0.${'0'.repeat(323)}5`],
  ])('STORE-13: %s', (value, text) => {
    expect(plainDecimal(value)).toBe(text);
  });

  it('STORE-13: reads back as the same number and never has an exponent', () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
        const text = plainDecimal(value);
        expect(text).toMatch(/^-?\d+(\.\d+)?$/);
        expect(Number(text)).toBe(value === 0 ? 0 : value);
      }),
    );
  });
});

describe('exporting', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frontier-export-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('STORE-13: an export that is stopped leaves nothing behind', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    const marked = { bars: someBars(1, 100), marks: undefined };
    const options = { overwrite: false, signal: stop.signal };
    await expect(exportBars(join(folder, 'a.csv'), 'csv', marked, options)).rejects.toThrow('stopped');
    expect(await readdir(folder)).toEqual([]);
  });

  it('STORE-13: of two exports to one name one wins whole, and the other says so', async () => {
    const path = join(folder, 'a.csv');
    const write = (count: number) =>
      exportBars(path, 'csv', { bars: someBars(1, count), marks: undefined }, { overwrite: false });
    const ends = await Promise.allSettled([write(30_000), write(30_001)]);
    const failed = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
    expect(failed).toEqual([expect.objectContaining({ code: 'CONFLICT' })]);
    const rows = (await readFile(path, 'utf8')).trimEnd().split('\n').length - 1;
    expect(rows).toBe(ends[0]?.status === 'fulfilled' ? 30_000 : 30_001);
    expect(await readdir(folder)).toEqual(['a.csv']);
  });
});
