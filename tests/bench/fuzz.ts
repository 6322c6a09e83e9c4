/**
 * Mutated files for the importers, many of them: each is refused in words, or gives exactly the bars that a simple
 * reader of its own reads; an import that is refused leaves the stored history as it was, and no file behind. Prints
 * one JSON line per figure and fails on the first file that breaks this. `FUZZ_RUNS` and `FUZZ_SEED` change the run.
 */
import { deepEqual } from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { importJob } from '../../src-main/app/jobs/import.ts';
import { importFile } from '../../src-main/data/importer.ts';
import type { JobContext } from '../../src-main/jobs/port.ts';
import { BarStore } from '../../src-main/store/bars.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { type FuzzedFile, fuzzedFile, readSimply } from '../support/importFuzz.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 6000);
/** Every so many files go through the whole import job, the store included. */
const WHOLE_EVERY = 10;
const SYMBOL = 'EURUSD';

const context: JobContext = {
  signal: new AbortController().signal,
  waitWhilePaused: () => Promise.resolve(),
  paused: false,
  report: () => undefined,
  onMessage: () => undefined,
};

interface Counts {
  files: number;
  accepted: number;
  stored: number;
}

/** Expected failures are answers; anything else ends the run. */
async function outcome<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof FrontierError && error.code !== 'INTERNAL') return undefined;
    throw error;
  }
}

async function compare(path: string, work: string, { text }: FuzzedFile, counts: Counts): Promise<void> {
  const result = await outcome(importFile(path, { symbol: SYMBOL, workFolder: work }));
  deepEqual(await readdir(work), []);
  if (!result) return;
  counts.accepted++;
  if (!text) return;
  const simple = readSimply(text);
  const { timeMs, open, high, low, close, volume } = result.bars;
  const rows = Array.from(timeMs, (time, i) => ({
    timeMs: time,
    values: [open[i], high[i], low[i], close[i], volume[i]],
  }));
  deepEqual(rows, simple);
}

/** The history in the store is the one before, or the whole new one. */
async function wholeImport(path: string, home: string, counts: Counts): Promise<void> {
  const store = new BarStore(join(home, 'bars'));
  try {
    const before = await store.list();
    const source = { kind: 'path', path } as const;
    const payload = { home, source, sourceName: 'fuzzed', symbol: SYMBOL };
    const result = await outcome(importJob(payload, context));
    const after = await store.list();
    if (!result) {
      deepEqual(after, before);
      return;
    }
    counts.stored++;
    const { symbol, timeframe, priceSide } = result.stored;
    const loaded = await store.load(symbol, timeframe, {}, priceSide);
    deepEqual(loaded.timeMs.length, result.bars);
  } finally {
    await store.close();
  }
}

function print(
  name: string,
  value: number,
  unit: string,
  reference: Readonly<Record<string, unknown>>,
): void {
  const env = `node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores`;
  const line = { bench: 'fuzz', name, value, unit, peer: null, peerValue: null, ratio: null, env, reference };
  console.log(JSON.stringify(line));
}

/** Runs the importers on mutated files. */
export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'frontier-fuzz-'));
  const work = await mkdtemp(join(tmpdir(), 'frontier-fuzz-work-'));
  const counts: Counts = { files: 0, accepted: 0, stored: 0 };
  const seed = process.env.FUZZ_SEED === undefined ? Date.now() % 2 ** 31 : Number(process.env.FUZZ_SEED);
  const startMs = performance.now();
  try {
    const property = fc.asyncProperty(fuzzedFile, async (file) => {
      const path = join(folder, 'fuzzed.csv');
      await writeFile(path, file.bytes);
      await compare(path, work, file, counts);
      if (counts.files++ % WHOLE_EVERY === 0) await wholeImport(path, join(folder, 'home'), counts);
    });
    await fc.assert(property, { numRuns: RUNS, seed });
    const seconds = (performance.now() - startMs) / 1000;
    print('mutated files without a crash or a partial import', counts.files, 'files', {
      seed,
      seconds,
      ...counts,
    });
  } finally {
    await Promise.all([folder, work].map((f) => rm(f, { recursive: true, force: true })));
  }
}
