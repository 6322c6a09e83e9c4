/**
 * Chart windows over 1.3 million M1 bars in the store: how long the engine takes for one, and how long it is deaf to
 * everything else meanwhile. Prints one JSON line per figure; a ratio above 1 means ours is better. pandas reads the
 * same bars from a file (Parquet, or pickle where it has no engine for that), resamples them where they are asked for
 * in a longer timeframe, and takes the same window, in the same run where `PANDAS_PYTHON` (default `python3`) has it;
 * elsewhere the peer is null.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { ChartWindows, type WindowRequest } from '../../../src-main/app/chartWindows.ts';
import { BarStore } from '../../../src-main/store/bars.ts';
import { openStores } from '../../../src-main/store/stores.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import type { AnyTimeframe } from '../../../src-shared/market/timeframes.ts';
import { minuteBars, storeMinutes } from '../../support/minuteMarket.ts';

const BARS = 1_300_000;
const WINDOW = 2_000;
const REPEATS = 9;
const SYMBOL = 'SYNFX';
const env = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version, bars: BARS };

const COLUMNS = ['timeMs', 'open', 'high', 'low', 'close', 'volume'] as const;

const PANDAS_SCRIPT = `
import importlib.util, json, sys, time
if importlib.util.find_spec("pandas") is None:
    print("null")
    sys.exit(0)
import numpy as np
import pandas as pd
form = "pickle" if importlib.util.find_spec("pyarrow") is None else "Parquet"
raw = np.fromfile(sys.argv[1], dtype="<f8").reshape(6, -1)
index = pd.to_datetime(raw[0].astype("int64"), unit="ms", utc=True)
names = ["open", "high", "low", "close", "volume"]
path = sys.argv[1] + "." + form
frame = pd.DataFrame({n: raw[i + 1].copy() for i, n in enumerate(names)}, index=index)
frame.to_pickle(path) if form == "pickle" else frame.to_parquet(path)
middle = pd.Timestamp((raw[0][0] + raw[0][-1]) / 2, unit="ms", tz="UTC")
how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
def read():
    return pd.read_pickle(path) if form == "pickle" else pd.read_parquet(path)
def part(frame, end=None):
    to = len(frame) if end is None else frame.index.searchsorted(end)
    window = frame.iloc[max(0, to - ${WINDOW}):to]
    return [window.index.asi8.copy()] + [window[n].to_numpy().copy() for n in names]
work = {
    "chart_window_m1_newest": lambda: part(read()),
    "chart_window_m1_middle": lambda: part(read(), middle),
    "chart_window_m5_newest": lambda: part(read().resample("5min").agg(how).dropna()),
    "chart_window_h1_newest": lambda: part(read().resample("60min").agg(how).dropna()),
}
out = {}
for name, run in work.items():
    times = []
    for _ in range(5):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1000)
    out[name] = float(np.median(times))
print(json.dumps({"name": f"pandas {pd.__version__} from {form}", "ms": out}))
`;

interface Pandas {
  readonly name: string;
  /** Milliseconds by the name of the figure. */
  readonly ms: Readonly<Record<string, number>>;
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

function print(name: string, value: number, unit: string, pandas?: Pandas): void {
  const rounded = Number(value.toPrecision(4));
  const peerValue = pandas?.ms[name] ?? null;
  const peer = peerValue === null ? null : (pandas?.name ?? null);
  const ratio = peerValue === null ? null : peerValue / value;
  console.log(JSON.stringify({ bench: 'data', name, value: rounded, unit, peer, peerValue, ratio, env }));
}

async function measured(work: () => Promise<unknown>): Promise<{ ms: number; deafMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startMs = performance.now();
  await work();
  const ms = performance.now() - startMs;
  // The last blow of the loop is counted when the loop turns again.
  await new Promise((resolve) => setTimeout(resolve, 3));
  delay.disable();
  return { ms, deafMs: Math.max(0, delay.max / 1e6 - 1) };
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** Runs the figures of chart windows. */
export async function runChartWindows(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'frontier-bench-chart-'));
  try {
    const minutes = minuteBars(BARS);
    const pandas = await runPandas(home, minutes);
    await storeMinutes(home, SYMBOL, minutes);
    const stores = openStores(home);
    const bars = new BarStore(join(home, 'bars'));
    const datasets = stores.datasets.list();
    const fresh = () =>
      new ChartWindows({ bars, datasets: () => datasets, clock: { nowMs: () => Date.now() } });
    const ask = async (name: string, request: Omit<WindowRequest, 'symbol'>, keep = false) => {
      const windows = fresh();
      // What an earlier window left to be made in the background is not part of this one.
      await new Promise((resolve) => setTimeout(resolve, 600));
      const question = { symbol: SYMBOL, ...request };
      const first = await measured(() => windows.window(question));
      const rest = [];
      for (let i = 0; i < REPEATS; i++) {
        const used = keep ? windows : fresh();
        rest.push(await measured(() => used.window(question)));
        if (question.timeframe === 'H1') await new Promise((resolve) => setTimeout(resolve, 600));
      }
      print(`${name}_first`, first.ms, 'ms');
      print(name, median(rest.map((r) => r.ms)), 'ms', pandas);
      print(`${name}_engine_deaf`, Math.max(first.deafMs, ...rest.map((r) => r.deafMs)), 'ms');
    };
    const middleMs = (datasets[0]!.fromMs + datasets[0]!.toMs) / 2;
    await ask('chart_window_m1_newest', { timeframe: 'M1', count: WINDOW });
    await ask('chart_window_m1_middle', { timeframe: 'M1', count: WINDOW, endMs: middleMs });
    await ask('chart_window_m1_forward', { timeframe: 'M1', count: WINDOW, fromMs: middleMs });
    for (const timeframe of ['M5', 'H1', 'H4', 'D1', 'W1', 'MN1'] as AnyTimeframe[])
      await ask(`chart_window_${timeframe.toLowerCase()}_newest`, { timeframe, count: WINDOW });
    await ask('chart_window_w1_again', { timeframe: 'W1', count: WINDOW }, true);
    await bars.close();
    stores.close();
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
