import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { detectLayout } from './layout.ts';
import { readPlain } from './plainRows.ts';
import { BarBuilder } from './rawRows.ts';

const folder = mkdtempSync(join(tmpdir(), 'frontier-plain-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEADER = 'timestamp,open,high,low,close,volume';
const time = (i: number): string => new Date(Date.UTC(2024, 0, 1) + i * 60_000).toISOString().slice(0, 19);

/** The rows of a text, or undefined where the reader gives up. */
async function rowsOf(text: string, separator = ',') {
  const path = join(folder, 'table.csv');
  writeFileSync(path, text);
  const sample = text.split(/\r?\n/).slice(0, 2);
  const layout = detectLayout(sample.map((line, i) => ({ text: line, line: i + 1 })));
  expect(layout.separator).toBe(separator);
  const builder = new BarBuilder();
  const read = await readPlain(path, layout, builder, {
    expectedRows: 2,
    signal: undefined,
    onRows: () => undefined,
  });
  if (!read) return undefined;
  const { open, high, low, close, volume } = builder.columns();
  return { ...read, values: Array.from(open, (_, i) => [open, high, low, close, volume].map((c) => c[i])) };
}

const table = (...rows: string[]): string => [HEADER, ...rows, ''].join('\n');
const row = (cells: string, i = 0): string => `${time(i)},${cells}`;

describe('plain tables', () => {
  it('DATA-21: reads times and prices, with CRLF, a decimal comma and columns in any order', async () => {
    const plain = await rowsOf(table(row('1.5,2,0.25,1.75,10'), row('1.6,2.125,1,2,0', 1)));
    expect(plain?.values).toEqual([
      [1.5, 2, 0.25, 1.75, 10],
      [1.6, 2.125, 1, 2, 0],
    ]);
    expect(Array.from(plain!.localMs)).toEqual([Date.UTC(2024, 0, 1), Date.UTC(2024, 0, 1, 0, 1)]);
    const comma = await rowsOf(
      `time;close;volume;low;high;open\r\n${time(0)};1,5;7;1;2;1,25\r\n${time(1)};1,5;7;1;2;1,25\r\n`,
      ';',
    );
    expect(comma?.values[0]).toEqual([1.25, 2, 1, 1.5, 7]);
  });

  it('DATA-21: says when the last line has no end, and gives up when it is cut', async () => {
    const text = table(row('1,2,0.5,1,3'), row('1,2,0.5,1,3', 1));
    expect((await rowsOf(text))?.unterminated).toBe(false);
    expect((await rowsOf(text.slice(0, -1)))?.unterminated).toBe(true);
    expect(await rowsOf(text.slice(0, -3))).toBeUndefined();
  });

  it('DATA-21: every plain decimal is the double that JavaScript reads', async () => {
    const digits = fc.integer({ min: 0, max: 999_999_999 });
    const decimal = fc
      .tuple(digits, fc.integer({ min: 0, max: 6 }), fc.boolean())
      .map(([n, places, whole]) => (whole ? String(n) : (n / 10 ** places).toFixed(places)));
    const cells = fc.array(fc.tuple(decimal, decimal, decimal, decimal, decimal), {
      minLength: 2,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(cells, async (rows) => {
        const read = await rowsOf(table(...rows.map((r, i) => row(r.join(','), i))));
        expect(read?.values).toEqual(rows.map((r) => r.map(Number)));
      }),
      { numRuns: 60 },
    );
  });

  it('DATA-21: gives up at whatever is not plain, so that nothing is read in another way than elsewhere', async () => {
    const odd = ['-1', '+1', '1e3', ' 1', '1 ', '', '"1"', '.5', '1.', '01', '1_0', '0x1', 'nan', '1,5,2'];
    for (const cell of [...odd, '1234567890123456', '0.1234567890123456', '1..2', '١']) {
      const text = table(row('1,2,0.5,1,3'), row(`1,2,0.5,${cell},3`, 1));
      expect(await rowsOf(text), cell).toBeUndefined();
    }
    for (const bad of ['', ' ', `${time(1)},1,2,1,1`, `${time(1)},1,2,1,1,1,1`, `${time(1)}Z,1,2,1,1,1`]) {
      expect(await rowsOf(table(row('1,2,0.5,1,3'), bad, row('1,2,0.5,1,3', 2))), bad).toBeUndefined();
    }
  });

  it('DATA-21: lines that lie across the pieces of a file are whole', async () => {
    const rows = Array.from({ length: 60_000 }, (_, i) => row(`${i}.5,${i + 1},${i},${i}.25,${i}`, i));
    const read = await rowsOf(table(...rows));
    expect(read?.values).toHaveLength(60_000);
    expect(read?.values.every((v, i) => v[0] === i + 0.5 && v[4] === i)).toBe(true);
  });
});
