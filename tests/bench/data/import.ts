/**
 * Import: 1.3 million M1 rows from a file to the store, checked, against the time that pandas takes merely to parse
 * the same file with its dates, in the same run. Our time is that of the import job: reading, checking, writing
 * Parquet, syncing and registering the version. Prints one JSON line per figure; a ratio above 1 means ours is better.
 */
import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { importJob } from '../../../src-main/app/jobs/import.ts';
import { importFile } from '../../../src-main/data/importer.ts';
import type { JobContext } from '../../../src-main/jobs/port.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { minuteBars } from '../../support/minuteMarket.ts';

const ROWS = 1_300_000;
const REPEATS = 3;
const SYMBOL = 'EURUSD';

interface Layout {
  readonly name: string;
  readonly header: string;
  readonly separator: string;
  readonly time: (iso: string) => string;
  readonly zone?: string;
  readonly gzip?: boolean;
  /** Arguments of `read_csv` beside the path. */
  readonly pandas: string;
}

const HEADER = 'timestamp,open,high,low,close,volume\n';
const plain = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
const LAYOUTS: readonly Layout[] = [
  { name: 'ISO times', header: HEADER, separator: ',', time: plain, pandas: "parse_dates=['timestamp']" },
  {
    name: 'ISO times with Z',
    header: HEADER,
    separator: ',',
    time: (iso) => `${iso.slice(0, 19)}Z`,
    pandas: "parse_dates=['timestamp']",
  },
  {
    name: 'ISO times, gzip',
    header: HEADER,
    separator: ',',
    time: plain,
    gzip: true,
    pandas: "parse_dates=['timestamp']",
  },
  {
    name: 'histdata',
    header: '',
    separator: ';',
    time: (iso) => `${iso.slice(0, 10).replaceAll('-', '')} ${iso.slice(11, 19).replaceAll(':', '')}`,
    zone: '-05:00',
    pandas: "sep=';', header=None, parse_dates=[0]",
  },
];

async function writeTable(folder: string, bars: BarColumns, layout: Layout): Promise<string> {
  const path = join(folder, `${layout.name.replaceAll(' ', '-')}.csv`);
  const { separator } = layout;
  const pieces: string[] = [layout.header];
  for (let i = 0; i < bars.timeMs.length; i++) {
    const prices = [bars.open[i]!, bars.high[i]!, bars.low[i]!, bars.close[i]!].map((p) => p.toFixed(5));
    const time = layout.time(new Date(bars.timeMs[i]!).toISOString());
    pieces.push(`${time}${separator}${prices.join(separator)}${separator}${bars.volume[i]}\n`);
  }
  await writeFile(path, pieces.join(''));
  if (!layout.gzip) return path;
  await pipeline(createReadStream(path), createGzip({ level: 6 }), createWriteStream(`${path}.gz`));
  return `${path}.gz`;
}

const PANDAS = `
import importlib.util, json, sys, time
if importlib.util.find_spec("pandas") is None:
    print("null")
    sys.exit(0)
import pandas as pd
times = []
for _ in range(${REPEATS}):
    start = time.perf_counter()
    frame = pd.read_csv(sys.argv[1], PARAMETERS)
    times.append(time.perf_counter() - start)
assert len(frame) == ${ROWS}
assert str(frame.iloc[:, 0].dtype).startswith("datetime64"), frame.dtypes
print(json.dumps({"version": pd.__version__, "seconds": sorted(times)[${REPEATS >> 1}]}))
`;

/** pandas' median, or undefined where it is not installed. One that is there and fails is an error. */
async function pandasSeconds(
  path: string,
  { pandas }: Layout,
): Promise<{ version: string; seconds: number } | undefined> {
  try {
    const script = PANDAS.replace('PARAMETERS', pandas);
    const python = process.env.PANDAS_PYTHON ?? 'python3';
    const { stdout } = await promisify(execFile)(python, ['-c', script, path], { timeout: 300_000 });
    return (
      (JSON.parse(stdout.trim().split('\n').at(-1)!) as { version: string; seconds: number } | null) ??
      undefined
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const context: JobContext = {
  signal: new AbortController().signal,
  waitWhilePaused: () => Promise.resolve(),
  paused: false,
  report: () => undefined,
  onMessage: () => undefined,
};

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly peer?: { readonly version: string; readonly seconds: number } | undefined;
  readonly reference: Readonly<Record<string, unknown>>;
}

function print({ name, value, peer, reference }: Figure): void {
  const env = `node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores`;
  console.log(
    JSON.stringify({
      bench: 'data',
      name,
      value,
      unit: 's',
      peer: peer ? `pandas ${peer.version} read_csv` : null,
      peerValue: peer?.seconds ?? null,
      ratio: peer ? peer.seconds / value : null,
      env,
      reference,
    }),
  );
}

async function benchLayout(folder: string, bars: BarColumns, layout: Layout): Promise<void> {
  const path = await writeTable(folder, bars, layout);
  const bytes = (await stat(path)).size;
  const zone = layout.zone ?? 'UTC';
  const whole: number[] = [];
  const reading: number[] = [];
  const peer = await pandasSeconds(path, layout);
  for (let i = 0; i < REPEATS; i++) {
    const home = await mkdtemp(join(folder, 'home-'));
    const source = { kind: 'path', path } as const;
    const payload = { home, source, sourceName: layout.name, symbol: SYMBOL, timeframe: 'M1', zone } as const;
    whole.push(
      await timed(async () => {
        const { stored } = await importJob(payload, context);
        if (stored.bars !== ROWS) throw new Error(`${stored.bars} bars were stored`);
      }),
    );
    reading.push(await timed(() => importFile(path, { symbol: SYMBOL, timeframe: 'M1', zone })));
    await rm(home, { recursive: true });
  }
  const reference = { bytes, readingSeconds: median(reading), firstCallSeconds: whole[0] };
  print({
    name: `import ${ROWS} M1 rows to the store, ${layout.name}`,
    value: median(whole),
    peer,
    reference,
  });
  await rm(path);
}

/** Runs the import figures. */
export async function runImport(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'frontier-bench-import-'));
  try {
    const bars = minuteBars(ROWS);
    for (const layout of LAYOUTS) await benchLayout(folder, bars, layout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
