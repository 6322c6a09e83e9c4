/**
 * The bar store with 1.3 million M1 bars: saving (hash, marks, compression and sync included), loading to typed arrays
 * (checked), windows and merges. Prints one JSON line per figure; a ratio above 1 means ours is better. pandas writes
 * and reads the same columns in the same run where `PANDAS_PYTHON` (default `python3`) has it: as Parquet, or where it
 * has no engine for that as pickle, which is neither compressed nor checked. Elsewhere the peer is null.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { BarStore } from '../../../src-main/store/bars.ts';
import { type BarColumns, sliceBars } from '../../../src-shared/market/bars.ts';
import { MARK } from '../../../src-shared/market/marks.ts';
import { minuteBars } from '../../support/minuteMarket.ts';

const BARS = 1_300_000;
const REPEATS = 9;
const WEEK = 7_200;
const KEY = { symbol: 'EURUSD', timeframe: 'M1', priceSide: 'bid' } as const;
const COLUMNS = ['timeMs', 'open', 'high', 'low', 'close', 'volume'] as const;

const PANDAS_SCRIPT = `
import importlib.util, json, os, sys, time
if importlib.util.find_spec("pandas") is None:
    print("null")
    sys.exit(0)
form = "pickle" if importlib.util.find_spec("pyarrow") is None else "Parquet"
import numpy as np
import pandas as pd
raw = np.fromfile(sys.argv[1], dtype="<f8").reshape(6, -1)
names = ["open", "high", "low", "close", "volume"]
frame = pd.DataFrame({"time": pd.to_datetime(raw[0].astype("int64"), unit="ms", utc=True)} | {n: raw[i + 1].copy() for i, n in enumerate(names)})
path = sys.argv[1] + "." + form
def median(work):
    times = []
    for _ in range(${REPEATS}):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return float(np.median(times))
def save():
    if form == "pickle":
        frame.to_pickle(path)
    else:
        frame.to_parquet(path, compression="snappy", index=False)
    with open(path, "rb") as file:
        os.fsync(file.fileno())
read = pd.read_pickle if form == "pickle" else pd.read_parquet
out = {"version": f"{pd.__version__} with {form}", "save": median(save)}
# Times as numbers: with a zone, to_numpy alone would make an object of each.
out["load"] = median(lambda: [(c.view("int64") if n == "time" else c).to_numpy() for n, c in read(path).items()])
out["bytes"] = os.path.getsize(path)
print(json.dumps(out))
`;

interface Pandas {
  readonly version: string;
  readonly save: number;
  readonly load: number;
  readonly bytes: number;
}

/** A pandas that is there and fails is an error: a missing figure must not look like a missing peer. */
async function runPandas(folder: string, bars: BarColumns): Promise<Pandas | undefined> {
  const path = join(folder, 'bars.f64');
  const file = await open(path, 'w');
  for (const name of COLUMNS) {
    const { buffer, byteOffset, byteLength } = bars[name];
    await file.writeFile(new Uint8Array(buffer, byteOffset, byteLength));
  }
  await file.close();
  try {
    const python = process.env.PANDAS_PYTHON ?? 'python3';
    const { stdout } = await promisify(execFile)(python, ['-c', PANDAS_SCRIPT, path], { timeout: 300_000 });
    return (JSON.parse(stdout.trim().split('\n').at(-1)!) as Pandas | null) ?? undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

interface Figure {
  readonly name: string;
  readonly times: readonly number[];
  readonly limitMs: number;
  readonly peer?: { readonly version: string; readonly ms: number } | undefined;
  readonly reference?: Readonly<Record<string, unknown>>;
}

function print({ name, times, limitMs, peer, reference }: Figure): void {
  const sorted = [...times].sort((a, b) => a - b);
  const value = sorted[sorted.length >> 1]!;
  const env = `node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores`;
  console.log(
    JSON.stringify({
      bench: 'data',
      name: `store: ${name}`,
      value,
      unit: 'ms',
      peer: peer ? `pandas ${peer.version}` : null,
      peerValue: peer?.ms ?? null,
      ratio: peer ? peer.ms / value : null,
      env,
      reference: { firstCallMs: times[0], fastestMs: sorted[0], limitMs, ...reference },
    }),
  );
}

async function repeated(work: (turn: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let turn = 0; turn < REPEATS; turn++) {
    const startMs = performance.now();
    await work(turn);
    times.push(performance.now() - startMs);
  }
  return times;
}

async function bytesUnder(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = files.filter((f) => f.isFile()).map((f) => stat(join(f.parentPath, f.name)));
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
}

async function benchSave(folder: string, bars: BarColumns, pandas: Pandas | undefined): Promise<void> {
  const store = new BarStore(folder);
  const marks = new Uint8Array(BARS);
  for (let i = 0; i < BARS; i += 1000) marks[i] = MARK.filled;
  const times = await repeated(() => store.save(KEY, bars, { marks }));
  await store.close();
  const perVersion = await bytesUnder(join(folder, 'symbol=EURUSD')).then((bytes) => Math.round(bytes / 6));
  const peer = pandas && { version: pandas.version, ms: pandas.save };
  const reference = { bytes: perVersion, pandasBytes: pandas?.bytes ?? null };
  print({ name: `save ${BARS} M1 with marks`, times, limitMs: 350, peer, reference });
}

async function benchLoad(folder: string, bars: BarColumns, pandas: Pandas | undefined): Promise<void> {
  const store = new BarStore(folder);
  const loaded = await store.load('EURUSD', 'M1');
  for (const name of COLUMNS) {
    if (loaded[name].some((value, i) => value !== bars[name][i])) throw new Error(`other ${name} came back`);
  }
  const peer = pandas && { version: pandas.version, ms: pandas.load };
  const load = await repeated(() => store.load('EURUSD', 'M1'));
  print({ name: `load ${BARS} M1 to typed arrays, checked`, times: load, limitMs: 120, peer });
  const marked = await repeated(() => store.loadMarked('EURUSD', 'M1'));
  print({ name: `load ${BARS} M1 with marks, checked`, times: marked, limitMs: 130 });
  const middle = (turn: number) => bars.timeMs[100_000 * (turn + 2)]!;
  const windows = await repeated((turn) => store.loadWindow('EURUSD', 'M1', middle(turn), 2000));
  print({ name: 'window of 2000 M1, every time elsewhere', times: windows, limitMs: 25 });
  await store.close();
}

async function benchTail(folder: string): Promise<void> {
  const times = await repeated(async () => {
    const store = new BarStore(folder);
    await store.loadTail('EURUSD', 'M1', 2000);
    await store.close();
  });
  print({ name: 'newest 2000 M1 by a store just opened', times, limitMs: 25 });
}

async function benchMerge(folder: string, bars: BarColumns): Promise<void> {
  const store = new BarStore(folder);
  const first = BARS - REPEATS * WEEK;
  await store.save(KEY, sliceBars(bars, 0, first));
  const times = await repeated((turn) => {
    const from = first + turn * WEEK;
    return store.merge(KEY, sliceBars(bars, from, from + WEEK), { onConflict: 'refuse' });
  });
  await store.close();
  print({ name: `merge a week of M1 into ${BARS}`, times, limitMs: 350 });
}

/** Runs the figures of the bar store. */
export async function runStore(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'frontier-bench-store-'));
  try {
    const bars = minuteBars(BARS);
    const pandas = await runPandas(folder, bars);
    const bar = join(folder, 'bars');
    await benchSave(bar, bars, pandas);
    await benchLoad(bar, bars, pandas);
    await benchTail(bar);
    await benchMerge(bar, bars);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
