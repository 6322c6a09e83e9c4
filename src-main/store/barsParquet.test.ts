import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writePlainParquet } from './barsParquet.ts';

describe('plain Parquet', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frontier-parquet-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  // One group holds 61 440 rows; from 15 groups on their number is written in another form.
  it.each([0, 1, 61_440, 61_441, 14 * 61_440, 15 * 61_440 + 7])(
    'DuckDB reads %s rows as they were written',
    async (rows) => {
      const path = join(folder, 'x.parquet');
      const x = Float64Array.from({ length: rows }, (_, i) => (i + 1) / 7);
      const n = Int32Array.from({ length: rows }, (_, i) => i);
      await writePlainParquet(path, [
        { name: 'x', values: x },
        { name: 'n', values: n },
      ]);
      const connection = await (await DuckDBInstance.create(':memory:')).connect();
      const read = await connection.runAndReadAll(
        `SELECT count(*)::INTEGER, count(*) FILTER (x = (n + 1) / 7::DOUBLE)::INTEGER,
           coalesce(max(n), -1)::INTEGER, count(DISTINCT n)::INTEGER FROM '${path}'`,
      );
      expect(read.getRows()).toEqual([[rows, rows, rows - 1, rows]]);
      const bytes = await readFile(path);
      expect([bytes.subarray(0, 4), bytes.subarray(-4)].map(String)).toEqual(['PAR1', 'PAR1']);
      connection.closeSync();
    },
  );

  it('does not write over a file', async () => {
    const path = join(folder, 'x.parquet');
    const columns = [{ name: 'x', values: new Float64Array(1) }];
    await writePlainParquet(path, columns);
    await expect(writePlainParquet(path, columns)).rejects.toThrow(/EEXIST/);
  });
});
